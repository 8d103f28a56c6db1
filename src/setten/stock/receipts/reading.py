"""Receipts and their sums, for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

from setten.platform import db
from setten.platform.db import Connection
from setten.stock import ledger
from setten.stock.ledger import Drift
from setten.stock.receipts.model import DayTotal, ReceiptLine, Recorded, Total, UnknownReceipt

_Q = db.load(str(Path(__file__).with_name("store.py")))
PAGE_MAX = 200
FOUND_MAX = 5  # a number comes again at every place and every year
NUMBER_LENGTH_MAX = 60
DIGITS = (3, 4, 5, 6, 7, 8)  # widths in which tills print a sequence
DAY_TOTALS_MAX = 10_000  # a thousand places over some days, in a few currencies
PLACE_S_MAX = 3_600.0  # proving all that the tills of a place ever took
_LAST = datetime(9999, 1, 1, tzinfo=UTC)


def _recorded(row: db.Record, lines: Sequence[ReceiptLine] = ()) -> Recorded:
    values = dict(row)
    values["coupons"] = tuple(values["coupons"])
    return Recorded(**values, lines=tuple(lines))


async def get(conn: Connection, receipt_id: UUID) -> Recorded:
    """One receipt with its lines. Raises UnknownReceipt."""
    row = await _Q.by_id.maybe(conn, receipt_id=receipt_id)
    if row is None:
        raise UnknownReceipt(receipt_id=str(receipt_id))
    lines = await _Q.lines_of.all(conn, receipt_id=receipt_id)
    return _recorded(row, [ReceiptLine(**dict(line)) for line in lines])


async def of_identifiers(
    conn: Connection,
    identifier_ids: Sequence[int],
    *,
    before: datetime | None = None,
    limit: int = PAGE_MAX,
) -> list[Recorded]:
    """Receipts of one person, newest first, without lines; pages by the last occurred_at."""
    rows = await _Q.of_identifiers.all(
        conn,
        identifier_ids=list(identifier_ids),
        before=before or _LAST,
        most=min(limit, PAGE_MAX),
    )
    return [_recorded(row) for row in rows]


async def find_said(
    conn: Connection, text: str, *, since: date, near: str | None = None, limit: int = FOUND_MAX
) -> list[Recorded]:
    """Receipts by their printed number (`0042`, or with its register `2-0042`), without lines.

    since: the business day from which on. near: the place that is asked from, whose come first.
    """
    said = text.strip()
    if not said or len(said) > NUMBER_LENGTH_MAX:
        return []
    register, dash, sequence = said.partition("-")
    # Tills print leading zeros that nobody says.
    wanted: list[tuple[str | None, str]] = [(None, said)] + (
        [(register.strip(), sequence.strip())] if dash else []
    )
    rows: list[db.Record] = []
    for of_register, number in wanted:
        rows += await _Q.by_number.all(
            conn, sequences=_written(number), register=of_register, since=since, near=near,
            most=min(limit, FOUND_MAX),
        )  # fmt: skip
    return [_recorded(row) for row in rows[:limit]]


def _written(number: str) -> list[str]:
    """A number as a till may have written it: as it was said, and with zeros before it."""
    if not number.isdecimal():
        return [number]
    return list(dict.fromkeys([number, *(number.zfill(n) for n in DIGITS)]))


async def totals(conn: Connection, *, location_id: str | None = None) -> list[Total]:
    """What tills took by currency, from sums kept by day: counts no receipt."""
    rows = await _Q.totals.all(conn, location_id=location_id)
    return [Total(**dict(row)) for row in rows]


async def by_day(
    conn: Connection, days: Sequence[date], *, location_id: str | None = None
) -> list[DayTotal]:
    """What tills took on some days by place and currency, from kept sums; of one place if named."""
    rows = await _Q.by_day.all(conn, days=list(days), location_id=location_id, most=DAY_TOTALS_MAX)
    return [DayTotal(**dict(row)) for row in rows]


async def drifts(conn: Connection) -> list[Drift]:
    """Kept sums of money, and of how many receipts, that differ from the receipts'. Reads all.

    Place by place: best outside a transaction, so that each is proven in one of its own.
    """
    found: list[Drift] = []
    place = ""
    while (place := await _Q.next_place.value(conn, after=place)) is not None:
        async with conn.transaction():
            await ledger.take_time(conn)
            query, given = _Q.prove_place, {"location_id": place}
            rows = await conn.fetch(query.sql, *query.args(given), timeout=PLACE_S_MAX)
        found += [Drift(sku="", location_id=place, **dict(row)) for row in rows]
    return found
