"""Parts of orders on their way, and the refusals of moving them."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import msgspec

from setten.platform.errors import Conflict, Invalid, NotFound

WAYS = ("carry", "pickup", "ship")
PARCELS_MAX = 3  # of one order: whoever gets four boxes on four days asks where the rest is
TEXT_LENGTH_MAX = 100
# Where a sent part may go next, and by which word.
NEXT: dict[str, frozenset[str]] = {
    "routed": frozenset({"accepted", "picked", "packed", "shipped"}),
    "accepted": frozenset({"picked", "packed", "shipped"}),
    "picked": frozenset({"packed", "shipped"}),
    "packed": frozenset({"shipped"}),
    "shipped": frozenset({"delivered"}),
}
OPEN = ("routed", "accepted", "picked", "packed")
# Why a place cannot send a part, and what that says of its stock: units that are missing or broken
# are booked so; of no time or closed doors stock learns nothing.
REJECTIONS = ("not_on_shelf", "damaged", "no_time", "closed", "not_for_sending")


class UnknownFulfilment(NotFound):
    """There is no such part of an order."""

    code = "unknown_fulfilment"


class WrongStep(Conflict):
    """From where it is this part cannot go there. facts: state, wanted."""

    code = "wrong_step"


class BadFulfilment(Invalid):
    """This cannot be done with a part of an order. facts: why."""

    code = "bad_fulfilment"


class Want(msgspec.Struct, frozen=True):
    """Units of an order's line that are to be sent."""

    line_no: int
    sku: str
    qty: int


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A place that may send, with what it could promise. km: to the customer, when known."""

    location_id: str
    rank: int
    km: float | None
    free: dict[str, int]


class Excluded(msgspec.Struct, frozen=True):
    """A place that was not asked, and why: not_shipping, paused, closed, no_service (delivery
    services are set up, and none starts there), too_far, busy, rejected, promised (there, but
    promised or kept back) or no_stock."""

    location_id: str
    reason: str


class Share(msgspec.Struct, frozen=True):
    """Units of a line from one place."""

    line_no: int
    sku: str
    location_id: str
    qty: int


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Who sends what. Nothing is promised yet: holds are placed on it."""

    shares: tuple[Share, ...]
    excluded: tuple[Excluded, ...]

    @property
    def places(self) -> tuple[str, ...]:
        """The places that send, in order."""
        return tuple(dict.fromkeys(one.location_id for one in self.shares))


class Dates(msgspec.Struct, frozen=True, kw_only=True):
    """What was promised: the day it leaves, and the days between which it arrives."""

    service_id: str | None = None
    ships_on: date | None = None
    arrives_from: date | None = None
    arrives_to: date | None = None


class Going(msgspec.Struct, frozen=True, kw_only=True):
    """A hold of an order, how its goods reach the customer, and what was promised of it."""

    hold_id: UUID
    way: str
    dates: Dates = Dates()
    excluded: tuple[Excluded, ...] = ()


class Line(msgspec.Struct, frozen=True):
    """Units of an order's line in a part; line_no is 0 for goods of a set ordered as one."""

    line_no: int
    sku: str
    qty: int


class Fulfilment(msgspec.Struct, frozen=True, kw_only=True):
    """One part of an order, as of the moment it was read.

    state: routed, accepted, picked, packed, shipped, delivered; of a pickup also ready,
    handed_over, not_collected; rejected, cancelled, short (its goods are gone, another place is
    looked for) or waiting (no place has them now).
    """

    fulfilment_id: UUID
    order_id: UUID
    location_id: str | None
    hold_id: UUID | None
    way: str
    state: str
    opened_at: datetime
    changed_at: datetime
    service_id: str | None
    ships_on: date | None
    arrives_from: date | None
    arrives_to: date | None
    carrier: str | None
    carrier_ref: str | None
    reason: str | None
    instead_of: UUID | None
    told_late_at: datetime | None
    excluded: tuple[Excluded, ...] = ()
    lines: tuple[Line, ...] = ()

    @property
    def is_late(self) -> bool:
        """Whether its customer was told that it leaves later than promised."""
        return self.told_late_at is not None

    @property
    def is_over(self) -> bool:
        """Whether another part took its place, or nobody wants it any more."""
        return self.state in ("rejected", "cancelled", "short", "not_collected")


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a part, for its story."""

    fulfilment_id: UUID
    state: str
    reason: str | None
    made_by: str
    at: datetime


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a place sends goods, how far (km), and how many parcels may wait there at once."""

    location_id: str
    ships: bool
    max_km: float | None = None
    open_max: int | None = None
    rank: int = 0
    paused_until: datetime | None = None
