"""Releases, tickets, and where somebody stands in the line."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from setten.platform.errors import Conflict, NotFound

GOODS_MAX = 50  # of one release
RELEASES_MAX = 100  # a call
PER_MINUTE_MAX = 6_000  # a hundred a second: more than that needs no line
PAGE_MAX = 100
COUNTED_MAX = 100_000  # of a line: who reads it wants to know whether it is long
Phase = Literal["before", "line", "turn", "passed", "over"]


class UnknownRelease(NotFound):
    """There is no such release."""

    code = "unknown_release"


class UnknownTicket(NotFound):
    """There is no such ticket."""

    code = "unknown_ticket"


class ReleaseOver(Conflict):
    """The release has ended."""

    code = "release_over"


class CustomerNeeded(Conflict):
    """Only customers whom we know may stand in this line."""

    code = "customer_needed"


class AlreadyOpen(Conflict):
    """Everybody may take already, or the release is over."""

    code = "already_open"


class NotYourTurn(Conflict):
    """It is not this ticket's turn. facts: phase, turn_at."""

    code = "not_your_turn"


class TooManyForOne(Conflict):
    """More than one person may take. facts: per_person, left."""

    code = "too_many_for_one"


class NotInRelease(Conflict):
    """These goods are not part of the release. facts: skus."""

    code = "not_in_release"


class Goods(msgspec.Struct, frozen=True):
    """Units of one sku that are kept for the release."""

    sku: str
    qty: int


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """Goods for which people stand in line.

    members_from: when members may, before everybody (None: no early access). per_minute: how many
    get their turn; turn_minutes: how long it lasts; per_person: units. needs_customer: a ticket
    belongs to somebody we know, one each.
    """

    release_id: str
    name_ja: str
    name_en: str
    location_id: str
    members_from: datetime | None
    opens_at: datetime
    ends_at: datetime
    per_person: int
    per_minute: int
    turn_minutes: int
    needs_customer: bool
    goods: tuple[Goods, ...]

    @property
    def channel(self) -> str:
        """The channel for which its units are set aside."""
        return f"release_{self.release_id}"

    @property
    def step(self) -> timedelta:
        """From one turn to the next."""
        return timedelta(minutes=1) / self.per_minute

    def opening(self, *, is_member: bool) -> datetime:
        """From when on a ticket may get its turn."""
        return self.members_from if is_member and self.members_from else self.opens_at


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """A place in the line. Whoever knows ticket_id may use it: 122 random bits."""

    ticket_id: UUID
    release_id: str
    identifier_id: int | None
    is_member: bool
    joined_at: datetime
    turn_at: datetime | None
    taken: int
    hold_ids: tuple[UUID, ...] = ()


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a ticket stands.

    phase: before (the opening), line, turn, passed, over. ahead: about how many come first. until:
    the end of the phase, when that is known. left: units that may still be taken.
    """

    phase: Phase
    ahead: int
    until: datetime | None
    left: int


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """How the line of a release goes now; each count ends at COUNTED_MAX.

    waiting: before the lot. ahead: with a turn to come. having_turn: may take now. took: people
    who took. last_turn_at: when the last of the line has the turn. left: units nobody took, by sku.
    """

    waiting: int
    ahead: int
    having_turn: int
    took: int
    last_turn_at: datetime | None
    left: dict[str, int]
