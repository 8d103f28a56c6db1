"""Carts, what may be done to one, and the refusals a caller may meet."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import msgspec

from setten.platform.errors import Conflict, NotFound

METHODS = ("carry", "pickup", "ship")
LINES_MAX = 100  # of a cart: as many as a hold takes
QTY_MAX = 1_000  # of a line; more is a slip of the finger, or a purchase for the sales office
CHANGES_MAX = 100  # a call


class UnknownCart(NotFound):
    """There is no such open cart."""

    code = "unknown_cart"


class CartFull(Conflict):
    """More lines, or more of one line, than a cart takes. facts: lines_max, qty_max."""

    code = "cart_full"


class BadCartChange(Conflict):
    """This cannot be done to a cart. facts: why."""

    code = "bad_cart_change"


class LineChanged(Conflict):
    """Somebody changed the line meanwhile. facts: sku, qty, version as they are now."""

    code = "line_changed"


class Add(msgspec.Struct, frozen=True, kw_only=True, tag="add"):
    """qty units more, or fewer when below zero. Commutes with everything but a set.

    method and location_id: how a line that is new to the cart gets to its customer.
    """

    sku: str
    qty: int = 1
    method: str = "ship"
    location_id: str | None = None


class SetQty(msgspec.Struct, frozen=True, kw_only=True, tag="set"):
    """Exactly qty units, seen at this version of the line. Raises LineChanged when it is stale."""

    sku: str
    qty: int
    version: int


class Remove(msgspec.Struct, frozen=True, kw_only=True, tag="remove"):
    """The whole line goes, in whatever version."""

    sku: str


class SetMethod(msgspec.Struct, frozen=True, kw_only=True, tag="method"):
    """How the line gets to its customer; the last word counts."""

    sku: str
    method: str
    location_id: str | None = None


Change: TypeAlias = Add | SetQty | Remove | SetMethod


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Units of a sku as one cart keeps them, under one identifier."""

    cart_id: UUID
    sku: str
    qty: int
    version: int
    method: str
    location_id: str | None
    channel: str
    added_at: datetime
    touched_at: datetime


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """An open cart of one identifier."""

    cart_id: UUID
    identifier_id: int
    channel: str
    opened_at: datetime
    touched_at: datetime


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a customer's cart, over all her identifiers.

    version: rises with every change of it. channels: where it was put in, first to last.
    """

    sku: str
    qty: int
    version: int
    method: str
    location_id: str | None
    channels: tuple[str, ...]
    added_at: datetime
    touched_at: datetime


class Cart(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's open cart. cart_id: of the oldest part; any part's id leads to all of it.

    version: rises with every change. identifier_id: the one that the oldest part is under.
    """

    cart_id: UUID
    identifier_id: int
    part_ids: tuple[UUID, ...]
    channel: str
    opened_at: datetime
    touched_at: datetime
    version: int
    lines: tuple[Line, ...]

    def line(self, sku: str) -> Line | None:
        """The line of a sku, when it is in the cart."""
        return next((one for one in self.lines if one.sku == sku), None)


class Changed(msgspec.Struct, frozen=True):
    """A cart after a change, and the id of the last `cart.changed`; None when nothing changed."""

    cart: Cart
    event_id: str | None
