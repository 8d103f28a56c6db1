"""Deliveries that are due, preorders, and the refusals a caller of them may meet."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from setten.platform.errors import Conflict, Invalid, NotFound

INBOUND_MAX = 500  # a call
QTY_MAX = 1_000_000
REF_LENGTH_MAX = 100
PAGE_MAX = 200


class PreorderState(StrEnum):
    """held: the goods came, and a hold keeps them. short: they will not come."""

    waiting = "waiting"
    held = "held"
    short = "short"
    cancelled = "cancelled"


class UnknownPreorder(NotFound):
    """There is no such preorder."""

    code = "unknown_preorder"


class PreorderEnded(Conflict):
    """The preorder is over. facts: state."""

    code = "preorder_ended"


class NothingDue(Conflict):
    """No delivery by that day has room. facts: sku, location_id, wanted, room."""

    code = "nothing_due"


class BadPreorder(Invalid):
    """The request cannot be a preorder. facts: why."""

    code = "bad_preorder"


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What one order of ours will bring of one sku to one place.

    qty: units ordered. cap: of them at most so many are promised before they come; None: all.
    Told again under the same ref it replaces what was told before; qty 0 takes it back.
    """

    ref: str
    sku: str
    location_id: str
    qty: int
    due_on: date
    cap: int | None = None


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery as it stands."""

    inbound_id: UUID
    ref: str
    sku: str
    location_id: str
    qty: int
    received: int
    due_on: date
    cap: int
    promised: int

    @property
    def outstanding(self) -> int:
        """Units still to come."""
        return max(0, self.qty - self.received)

    @property
    def room(self) -> int:
        """Units that may still be promised."""
        return max(0, min(self.cap, self.outstanding) - self.promised)


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants of what is due. wanted_by: the last day that is early enough."""

    sku: str
    location_id: str
    qty: int
    by: str
    channel: str = "api"
    identifier_id: int | None = None
    wanted_by: date | None = None


class Preorder(msgspec.Struct, frozen=True, kw_only=True):
    """A promise against what is due. due_on: when it is expected, as of now."""

    preorder_id: UUID
    inbound_id: UUID
    identifier_id: int | None
    sku: str
    location_id: str
    qty: int
    channel: str
    state: PreorderState
    due_on: date
    placed_at: datetime
    placed_by: str
    hold_id: UUID | None = None
    ended_at: datetime | None = None


class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """Units that came. ref: of the order they belong to; None: of whatever is due first."""

    sku: str
    location_id: str
    qty: int
    ref: str | None = None
