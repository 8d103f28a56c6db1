"""What customers.segments states: who belongs where."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

import msgspec

from setten.platform.log import Fact


class Passed(msgspec.Struct, frozen=True, kw_only=True):
    """A segment that somebody entered or left, as it was defined then."""

    segment_id: int
    name: str
    version: int


class MembershipsChanged(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """What one moment changed in the segments that a customer belongs to.

    entered, left: at least one of them names something. cause: event (then `because` is its id),
    time, definition (a segment was made, changed or retired) or identity (a merge or a split).
    """

    event_name: ClassVar[str] = "memberships.changed"
    customer_id: UUID
    entered: tuple[Passed, ...] = ()
    left: tuple[Passed, ...] = ()
    cause: str
    because: str | None = None
