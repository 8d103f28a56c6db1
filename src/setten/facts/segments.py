"""What customers.segments states: who belongs where."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from setten.platform.log import Fact


class SegmentPassed(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Base of entering and leaving.

    cause: event (then `because` is its id), time, definition (the segment was made or changed) or
    identity (a merge or a split).
    """

    segment_id: int
    name: str
    version: int
    customer_id: UUID
    cause: str
    because: str | None = None


class SegmentEntered(SegmentPassed, frozen=True, kw_only=True, omit_defaults=True):
    """A customer came to belong to a segment."""

    event_name: ClassVar[str] = "segment.entered"


class SegmentLeft(SegmentPassed, frozen=True, kw_only=True, omit_defaults=True):
    """A customer belongs to a segment no longer."""

    event_name: ClassVar[str] = "segment.left"
