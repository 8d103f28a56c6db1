"""What is short, what can be spared, and which move helps most."""

from __future__ import annotations

from collections.abc import Iterable

from setten.stock.cover.model import PACE_DAYS, Cover, Proposal
from setten.stock.house_rules import HouseRules

# Rows of a transaction. On a cold disk each may be a page or two to fetch, 4 ms and more: as many
# are asked for as came in _GOOD_S last time. What was quick grows slowly, and never so far that a
# cold stretch behind a warm one comes near a statement's limit.
ROWS_FIRST, ROWS_MIN, ROWS_MAX = 250, 50, 2_500
_SLOW_S, _GOOD_S, _QUICK_S = 1.0, 0.5, 0.25


def rows_next(rows: int, took_s: float) -> int:
    """How many rows to work out at once after a transaction of so many took so long."""
    if took_s > _SLOW_S:
        return max(ROWS_MIN, int(rows * _GOOD_S / took_s))
    return min(ROWS_MAX, rows * 2) if took_s < _QUICK_S else rows


def lasts(promisable: int, sold_28: int) -> float | None:
    """Days that units last at the pace of four weeks; None where nothing is sold."""
    return None if sold_28 <= 0 else max(0, promisable) * PACE_DAYS / sold_28


def needed(row: Cover, fill_days: int) -> int:
    """Units that make a row last so long."""
    return max(0, _pace(row, fill_days) - max(0, row.promisable))


def spare(row: Cover, keep_days: int) -> int:
    """Units that a row can give and still last so long; what is not sold there can all go."""
    return max(0, row.promisable - _pace(row, keep_days))


def _pace(row: Cover, days: int) -> int:
    """Units sold in so many days, rounded up; in whole numbers, as a float may say one too many."""
    return -(-row.sold_28 * days // PACE_DAYS)


def propose(short: Cover, others: Iterable[Cover], house: HouseRules) -> Proposal | None:
    """The move that fills a short row best: from where most can be spared, dead stock first."""
    spared = [
        (units, row)
        for row in others
        if row.location_id != short.location_id and (units := spare(row, house.keep_days)) > 0
    ]
    if not spared or not (wanted := needed(short, house.fill_days)):
        return None
    units, source = max(
        spared, key=lambda one: (min(one[0], wanted), one[1].is_dead, one[0], one[1].location_id)
    )
    qty = min(wanted, units)
    return Proposal(
        sku=short.sku,
        from_location=source.location_id,
        to_location=short.location_id,
        qty=qty,
        from_before=source.days,
        from_after=lasts(source.promisable - qty, source.sold_28),
        to_before=short.days,
        to_after=lasts(short.promisable + qty, short.sold_28),
    )
