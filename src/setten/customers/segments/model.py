"""Segments, their members, and the refusals."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from setten.facts.ids import CustomerId
from setten.platform.errors import Conflict, Invalid, NotFound
from setten.platform.expressions import Node

ID_MAX = 2**31 - 1  # the largest number that a row can have
NAME_CHARS_MAX = 100
# Each is a few columns over every batch of changed customers.
SEGMENTS_MAX = 500
Cause = Literal["event", "time", "definition", "identity"]


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """One segment as it stands.

    expression: its JSON form. is_filled: whether those who were there before its latest version
    have all been looked at; until then its size grows.
    """

    segment_id: int
    name: str
    version: int
    expression: Any
    size: int
    created_at: datetime
    is_filled: bool


class Live(msgspec.Struct, frozen=True):
    """A segment as it is evaluated."""

    segment_id: int
    name: str
    version: int
    node: Node


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in a segment. event_id: by which event; None when time or a definition did it."""

    customer_id: CustomerId
    entered_at: datetime
    event_id: str | None


class Membership(msgspec.Struct, frozen=True):
    """A living segment that somebody is in; version: of its meaning."""

    segment_id: int
    name: str
    version: int


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """What a segment meant from a moment on, and who said so."""

    version: int
    expression: Any
    at: datetime
    by: str
    reason: str | None


class Overlap(msgspec.Struct, frozen=True, kw_only=True):
    """Two segments beside each other: members of each, and of both."""

    a: int
    b: int
    both: int


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody entered or left, and why."""

    at: datetime
    customer_id: UUID
    entered: bool
    cause: Cause
    event_id: str | None


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """An hour in which a segment changed: how many entered, went, and how many it had then.

    Nobody in and nobody out: a size that was counted back, of a night before it was defined.
    """

    hour_at: datetime
    entered: int
    gone: int
    size: int


class SegmentNotFound(NotFound):
    """There is no living segment of this name or number."""

    code = "segment_not_found"


class SegmentNameTaken(Conflict):
    """A living segment is called so."""

    code = "segment_name_taken"


class SegmentChanged(Conflict):
    """Somebody has given it other words since it was read."""

    code = "segment_changed"


class SegmentCircle(Conflict):
    """The segment would depend on itself. through: the names on the way."""

    code = "segment_circle"


class RelatedTooDeep(Conflict):
    """Of somebody related it asks for a segment that asks for relations itself. through: which."""

    code = "related_too_deep"


class BadList(Invalid):
    """The file is no list. why: no_csv, no_column, too_large (MB), too_many (rows); most: which."""

    code = "bad_list"


class ListNameTaken(Conflict):
    """There is a list of this name already."""

    code = "list_name_taken"


class ListNotFound(NotFound):
    """There is no such list, or not what was asked of it."""

    code = "list_not_found"


class SegmentInUse(Conflict):
    """Others are made of it. by: their names."""

    code = "segment_in_use"


class TooManySegments(Conflict):
    """There are as many as are kept live."""

    code = "too_many_segments"
