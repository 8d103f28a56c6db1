"""Holds, and the refusals a caller of them may meet."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from setten.facts.stock import GoodsLine
from setten.platform.combine import Claim
from setten.platform.errors import Conflict, Denied, Invalid, NotFound, TooMany

LINES_MAX = 100  # a hold; a basket for collection has a handful
QTY_MAX = 10_000  # a line; more is a slip of the finger
TTL_S_DEFAULT = 15 * 60  # long enough to walk to a till or to pay
TTL_S_MAX = 30 * 24 * 3600  # stock that waits longer is not for sale


SHIPMENT = "shipment"
"""The purpose of a hold whose goods are sent: packed at its place, not collected at a counter."""


class NotEnoughStock(Conflict):
    """Fewer free units than asked for. facts: short, a list of Short."""

    code = "not_enough_stock"


class UnknownGoods(NotFound):
    """A sku or place of the request does not exist. facts: skus, locations."""

    code = "unknown_goods"


class UnknownLine(NotFound):
    """The hold has no such line, or it is over. facts: sku, location_id."""

    code = "unknown_line"


class BadHold(Invalid):
    """The request cannot be a hold. facts: why."""

    code = "bad_hold"


class UnknownHold(NotFound):
    """There is no such hold."""

    code = "unknown_hold"


class HoldEnded(Conflict):
    """The hold is over. facts: hold_id, state."""

    code = "hold_ended"


class WrongCode(Denied):
    """This is not the pickup code of the hold."""

    code = "wrong_code"


class TooManyGuesses(TooMany):
    """Too many wrong codes for this hold; wait."""

    code = "too_many_guesses"


class CannotReopen(Conflict):
    """The hand-over stands. facts: why (state, late, paid, code_taken)."""

    code = "cannot_reopen"


class CannotSubstitute(Conflict):
    """These goods cannot take the place of others in this hold. facts: why."""

    code = "cannot_substitute"


class NobodyToName(Conflict):
    """A hold of nobody we know cannot name who collects it: its code is enough."""

    code = "nobody_to_name"


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One caller's wish. `by`: the label of who asks. ttl_s: seconds until it runs out."""

    lines: tuple[GoodsLine, ...]
    by: str
    ttl_s: int = TTL_S_DEFAULT
    purpose: str = "pickup"
    channel: str = "api"
    identifier_id: int | None = None
    claim: Claim | None = None


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller gets. `event_id` is that of its `stock.held`."""

    hold_id: UUID
    lines: tuple[GoodsLine, ...]
    expires_at: datetime
    code: str
    event_id: str


class Short(msgspec.Struct, frozen=True, kw_only=True):
    """Why a hold was refused: one row of stock. Units."""

    sku: str
    location_id: str
    wanted: int
    available: int


class HoldLine(msgspec.Struct, frozen=True, kw_only=True):
    """state: held, picked, collected, released, expired or short."""

    sku: str
    location_id: str
    qty: int
    state: str

    @property
    def is_open(self) -> bool:
        """Whether units still stand promised on it."""
        return self.state in ("held", "picked")


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """state: held, ready, collected, released, expired or short (as of the moment it was read).

    length_s: seconds it was asked for, once it was extended.
    """

    hold_id: UUID
    identifier_id: int | None
    location_id: str
    code: str
    purpose: str
    channel: str
    state: str
    placed_at: datetime
    expires_at: datetime
    ready_at: datetime | None
    ended_at: datetime | None
    ended_by: str | None
    placed_by: str
    length_s: int | None = None
    lines: tuple[HoldLine, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it still promises something."""
        return self.state in ("held", "ready")
