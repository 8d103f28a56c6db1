"""The limit sheet says of stock what the code does: its figures are those of the code."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from setten.api import carts as carts_api
from setten.operations import checkout, parcels
from setten.stock import carts, holds, receipts, regions, returns
from setten.stock.carts import handing, leaving
from setten.stock.counts import model as counting
from setten.stock.fulfilments import model as sending
from setten.stock.holds import handing as counter
from setten.stock.holds import reading, rules
from setten.stock.inbound import model as due
from setten.stock.movements import model as moving
from setten.stock.outside import model as telling
from setten.stock.receipts import model as tills
from setten.stock.sets import PART_QTY_MAX, PARTS_MAX
from setten.stock.transfers import model as vans

SHEET = Path(__file__).parents[2] / "docs/reference/limits.md"


def n(*figures: int) -> str:
    return " · ".join(f"{one:,}" for one in figures)


def within(span: timedelta) -> str:
    minutes = int(span.total_seconds()) // 60
    return f"{minutes} minutes"


ROWS = {
    "lines of a receipt · units of a line": n(tills.LINES_MAX, tills.QTY_MAX),
    "units of a movement": n(moving.QTY_MAX),
    "movements, items, places, receipts in a call": n(receipts.RECEIPTS_MAX),
    "wrong pickup codes for one hold":
        f"{reading.GUESSES_MAX} in {within(reading.GUESS_WINDOW)}",
    "lines of a return · units of a line": n(returns.LINES_MAX, returns.QTY_MAX),
    "parcels of an order": n(parcels.PARCELS_MAX),
    "a hand-over taken back": f"within {within(counter.REOPEN_WITHIN)}",
    "lines of a hold · units of a line · how long":
        f"{n(holds.LINES_MAX, holds.QTY_MAX)} · {holds.TTL_S_MAX // 86400} days",
    "lines of a promise for a region · its places · named regions":
        n(regions.LINES_MAX, regions.PLACES_MAX, regions.REGIONS_MAX),
    "lines of a transfer · of a count's sheet": n(vans.LINES_MAX, counting.LINES_MAX),
    "deliveries, allocations · levels of an outside system in a call":
        n(due.INBOUND_MAX, telling.LEVELS_MAX),
    "parts of a set · units of one in it": n(PARTS_MAX, PART_QTY_MAX),
    "carts that browsers of one address open":
        f"{carts_api.CARTS_AT_ONCE} at once, {carts_api.CARTS_PER_MINUTE} a minute",
    "lines of a cart · units of a line · edits of a call":
        n(carts.LINES_MAX, carts.QTY_MAX, carts.CHANGES_MAX),
    "a code for a cart · wrong ones by one caller":
        f"{within(handing.CODE_LASTS)} · {handing.GUESSES_MAX} in {within(handing.GUESS_WINDOW)}",
    "a cart untouched": f"dropped after {leaving.DROPPED_AFTER.days} days",
    "payments of a checkout · places that send one order":
        n(checkout.PAYMENTS_MAX, sending.PARCELS_MAX),
    "a short hold while its customer is active":
        f"{within(rules.ANEW_MAX)} at most; in all {rules.LENGTHS} lengths",
}  # fmt: skip


@pytest.mark.parametrize("what", sorted(ROWS))
def test_a_figure_of_the_sheet_is_that_of_the_code(what: str) -> None:
    row = next(
        (line for line in SHEET.read_text().splitlines() if line.startswith(f"| {what} |")), None
    )
    assert row is not None, f"no row says: {what}"
    assert ROWS[what] in row.split("|")[2]
