"""The ends of a list that is read by the place of its last row: where nothing was seen yet.

A statement that compares with a place can use its index; one that asks whether there is a place
cannot. So the first page, too, is read from a place: one that no row has.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

_ENDS: dict[type, tuple[Any, Any]] = {
    bool: (False, True),
    int: (-(2**63), 2**63 - 1),
    float: (float("-inf"), float("inf")),
    str: ("", "\U0010ffff"),  # the databases compare text by its letters' numbers
    date: (date.min, date.max),
    datetime: (datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)),
    UUID: (UUID(int=0), UUID(int=2**128 - 1)),
}


def end(*kinds: type, largest: bool) -> tuple[Any, ...]:
    """A place beyond every row's, one value of each kind: before the first, or past the last."""
    return tuple(_ENDS[kind][largest] for kind in kinds)
