"""Orders, and the refusals a caller of them may meet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import msgspec

from setten.platform.errors import Conflict, NotFound
from setten.stock.pricing import TaxLine

OURS = "setten"
"""The system of the orders that we take ourselves."""

METHODS = ("carry", "pickup", "ship")
LINES_MAX = 1_000  # of a told order; our own come from a cart, which holds fewer


class UnknownOrder(NotFound):
    """There is no such order."""

    code = "unknown_order"


class UnknownOrderLine(NotFound):
    """The order has no such line. facts: line_no."""

    code = "unknown_order_line"


class BadOrder(Conflict):
    """This cannot be an order. facts: why."""

    code = "bad_order"


class OrderCancelledAlready(Conflict):
    """The whole order was cancelled before. facts: order_id."""

    code = "order_cancelled"


class NothingToCancel(Conflict):
    """More would be cancelled than is still wanted of a line. facts: line_no, open_qty."""

    code = "nothing_to_cancel"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line. amount_minor is for the whole line as placed.

    method: carry (taken along), pickup or ship; None where another system did not say.
    location_id: where it is carried from or collected; None for what is sent.
    """

    line_no: int
    sku: str
    qty: int
    amount_minor: int | None
    unit_price_minor: int | None = None
    tax_rate: Decimal | None = None
    method: str | None = None
    location_id: str | None = None
    cancelled_qty: int = 0

    @property
    def open_qty(self) -> int:
        """Units that are still wanted."""
        return self.qty - self.cancelled_qty


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One order. total_minor: with tax and shipping, as placed, minor units of `currency`.

    order_ref: the number that people say. state: placed or cancelled (all of it); how far its
    goods have come is the fulfilment's to say. lines and taxes are empty in lists.
    """

    order_id: UUID
    system: str
    order_ref: str
    identifier_id: int | None
    channel: str
    total_minor: int | None
    currency: str | None
    placed_at: datetime
    event_id: str
    location_id: str | None = None
    tax_included: bool = True
    shipping_minor: int = 0
    state: str = "placed"
    placed_by: str | None = None
    cart_id: UUID | None = None
    address_id: int | None = None
    cancelled_minor: int = 0
    lines: tuple[Line, ...] = ()
    taxes: tuple[TaxLine, ...] = ()

    @property
    def is_ours(self) -> bool:
        """Whether we took it ourselves."""
        return self.system == OURS

    @property
    def due_minor(self) -> int | None:
        """What is to be paid for what is still wanted, minor units."""
        return None if self.total_minor is None else self.total_minor - self.cancelled_minor

    def line(self, line_no: int) -> Line:
        """One line. Raises UnknownOrderLine."""
        for one in self.lines:
            if one.line_no == line_no:
                return one
        raise UnknownOrderLine(line_no=line_no)


class NewLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line to be ordered. unit_price_minor: with tax, of one unit."""

    sku: str
    qty: int
    unit_price_minor: int
    tax_rate: Decimal
    method: str
    location_id: str | None = None

    @property
    def amount_minor(self) -> int:
        """For the whole line."""
        return self.qty * self.unit_price_minor


class NewOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What `place` takes. taxes: from `pricing`, so that they add up to goods and shipping.

    hold_ids: holds placed in the same transaction, that keep the promise of its lines.
    """

    lines: Sequence[NewLine]
    taxes: Sequence[TaxLine]
    currency: str
    channel: str
    placed_by: str
    shipping_minor: int = 0
    identifier_id: int | None = None
    location_id: str | None = None
    cart_id: UUID | None = None
    address_id: int | None = None
    hold_ids: Sequence[UUID] = ()


class Placed(msgspec.Struct, frozen=True):
    """A new order, and the id of its `order.placed`."""

    order: Order
    event_id: str


class Cancelled(msgspec.Struct, frozen=True, kw_only=True):
    """What was cancelled: units by line, what they had cost; the order after it."""

    order: Order
    lines: dict[int, int]
    amount_minor: int
    event_id: str

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the order is wanted any more."""
        return self.order.state == "cancelled"


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Another telling of an order. kind: placed, updated, cancelled, refunded or receipt."""

    event_id: str
    system: str | None
    order_ref: str
    kind: str
    channel: str
    occurred_at: datetime


class CancelledLine(msgspec.Struct, frozen=True, kw_only=True):
    """Units of a line that were cancelled, for the order's story."""

    line_no: int
    qty: int
    amount_minor: int
    reason: str | None
    cancelled_by: str
    at: datetime
