"""Counts, and the refusals a caller of them may meet."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from setten.platform.errors import Conflict, Denied, NotFound

LINES_MAX = 500  # of one sheet: an hour or two of work; a place is counted in several
QTY_MAX = 1_000_000
SHELF_LENGTH_MAX = 100
PAGE_MAX = 100


class CountState(StrEnum):
    """waiting: for somebody with the right to approve it."""

    open = "open"
    waiting = "waiting"
    booked = "booked"
    cancelled = "cancelled"


class UnknownCount(NotFound):
    """There is no such count."""

    code = "unknown_count"


class CountEnded(Conflict):
    """The count is not in a state for this. facts: state."""

    code = "count_ended"


class NothingToCount(Conflict):
    """No goods are known on these shelves. facts: location_id."""

    code = "nothing_to_count"


class NothingCounted(Conflict):
    """No line has been counted yet."""

    code = "nothing_counted"


class SameCounter(Denied):
    """Who counted cannot approve it too."""

    code = "same_counter"


class BadCount(Conflict):
    """The request cannot be read as a count. facts: why."""

    code = "bad_count"


class UnknownCountGoods(NotFound):
    """Goods or a place that do not exist. facts: skus, locations."""

    code = "unknown_count_goods"


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be counted: a place, or only shelves that begin so, or certain goods."""

    location_id: str
    shelf: str | None = None
    skus: tuple[str, ...] = ()


class SheetLine(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of goods on a sheet. expected: what the book said in the moment of counting."""

    sku: str
    shelf: str | None = None
    counted: int | None = None
    expected: int | None = None
    counted_at: datetime | None = None
    counted_by: str | None = None
    is_again: bool = False
    late: int = 0
    booked: int = 0

    @property
    def differs(self) -> int:
        """Units more (or fewer) than the book said; what tills told of later is reckoned in."""
        if self.counted is None or self.expected is None:
            return 0
        return self.counted - self.expected + self.late


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """One count as it stands."""

    count_id: UUID
    location_id: str
    shelf: str | None
    state: CountState
    opened_at: datetime
    opened_by: str
    submitted_at: datetime | None
    submitted_by: str | None
    ended_at: datetime | None
    ended_by: str | None
    is_chosen: bool = False
    """Of certain goods, not of all that lies there."""
    lines: tuple[SheetLine, ...] = ()

    @property
    def done(self) -> int:
        """Lines that were counted."""
        return sum(line.counted is not None for line in self.lines)

    @property
    def differing(self) -> tuple[SheetLine, ...]:
        """Lines that differ from the book."""
        return tuple(line for line in self.lines if line.differs)
