"""Which differences need a second person, and what they book."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from setten.stock.counts.model import (
    QTY_MAX,
    SHELF_LENGTH_MAX,
    BadCount,
    Count,
    Sheet,
    SheetLine,
)
from setten.stock.house_rules import HouseRules
from setten.stock.ledger import Account, Entry


def check(sheet: Sheet) -> BadCount | None:
    """Why this cannot be a sheet, or None."""
    if sheet.shelf is not None and not 1 <= len(sheet.shelf) <= SHELF_LENGTH_MAX:
        return BadCount(why="shelf")
    if any("\x00" in text for text in (sheet.location_id, sheet.shelf or "", *sheet.skus)):
        return BadCount(why="text")
    return None


def check_given(given: Mapping[str, int]) -> BadCount | None:
    """Why these numbers cannot be counts, or None."""
    if not given:
        return BadCount(why="lines")
    if any(not 0 <= qty <= QTY_MAX for qty in given.values()):
        return BadCount(why="qty")
    return None


def needs_approval(
    lines: Iterable[SheetLine], prices: Mapping[str, int], house: HouseRules
) -> bool:
    """Whether a second person must look. prices: minor units by sku; unknown ones count nothing.

    A line may differ a little, and all lines together be worth a little, and who counted books it.
    Beyond, it is a case of theft, of a wrong delivery, or of a slip in counting.
    """
    differing = [line for line in lines if line.differs]
    value = sum(abs(line.differs) * prices.get(line.sku, 0) for line in differing)
    return value > house.count_value_free_minor or any(
        abs(line.differs) > house.count_units_free for line in differing
    )


def entries(count: Count, changes: Mapping[str, int], new: frozenset[str]) -> list[Entry]:
    """What is booked: units more or fewer by sku. new: goods on which nothing was ever booked."""
    return [
        _entry(count.count_id, count.location_id, sku, units, is_new=sku in new)
        for sku, units in sorted(changes.items())
        if units
    ]


def _entry(count_id: UUID, place: str, sku: str, units: int, *, is_new: bool) -> Entry:
    other = Account.opening if is_new and units > 0 else Account.shrinkage
    source, target = (other, Account.on_hand) if units > 0 else (Account.on_hand, other)
    return Entry(
        sku=sku,
        location_id=place,
        source=source,
        target=target,
        qty=abs(units),
        cause="count",
        cause_id=count_id,
    )


def by_shelf(lines: Sequence[SheetLine]) -> list[SheetLine]:
    """In the order somebody walks: shelf by shelf; what has none comes last."""
    return sorted(lines, key=lambda line: (line.shelf is None, line.shelf or "", line.sku))
