"""What is said of returns over JSON."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from setten.platform.errors import Invalid
from setten.stock import returns
from setten.stock.pricing import TaxLine
from setten.stock.returns import LINES_MAX, QTY_MAX, TEXT_LENGTH_MAX, Tendered

ID_LENGTH_MAX = 100
_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=ID_LENGTH_MAX)]
_Qty = Annotated[int, msgspec.Meta(ge=1, le=QTY_MAX)]


class WhichPurchase(Invalid):
    """Name the purchase in one way: an order, a receipt, or (for a look-up) a customer."""

    code = "which_purchase"


class ReceiptNo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is printed on a receipt; without the day the newest of that number."""

    location_id: _Id
    register: _Id
    sequence: _Id
    business_day: date | None = None


class LookupIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of: order_id, order_number (as people say it), receipt_id, receipt, customer_id."""

    order_id: UUID | None = None
    order_number: _Id | None = None
    receipt_id: UUID | None = None
    receipt: ReceiptNo | None = None
    customer_id: UUID | None = None


class PieceBody(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a set. qty: units in the whole line; amount: its share of the line's money."""

    sku: str
    qty: int
    amount: int
    can_return: int


class SoldBody(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a purchase. amount: for the whole line; can_return: units that may come back;
    parts: of a set, what may come back of it instead of the whole."""

    line_no: int
    sku: str
    qty: int
    amount: int
    tax_rate: Decimal | None
    can_return: int
    parts: list[PieceBody]


class PurchaseBody(msgspec.Struct, frozen=True, kw_only=True):
    """What was bought together; told by its order when it has one of ours, else by its receipt."""

    order_id: UUID | None
    receipt_id: UUID | None
    number: str
    bought_at: datetime
    location_id: str | None
    customer_id: UUID | None
    currency: str
    lines: list[SoldBody]


class PurchasesBody(msgspec.Struct, frozen=True):
    """Purchases of which something may come back, newest first."""

    items: list[PurchaseBody]


class BackIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Units of a line of the purchase, or with `part` of this part of its set; without proof of
    purchase, of a sku."""

    qty: _Qty
    condition: Literal["resaleable", "damaged", "unusable"]
    line_no: Annotated[int, msgspec.Meta(ge=0, le=32_767)] | None = None
    sku: _Id | None = None
    part: _Id | None = None


class InsteadIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Goods taken instead, from a place."""

    sku: _Id
    location_id: _Id
    qty: _Qty


class ReturnIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody brings back. order_id or receipt_id as the look-up told; neither: no proof.

    customer_id: who brings it, when known. override_reason: why beyond the rules.
    """

    location_id: _Id
    lines: Annotated[list[BackIn], msgspec.Meta(min_length=1, max_length=LINES_MAX)]
    reason: Literal["changed_mind", "wrong_size", "faulty", "wrong_item", "gift", "other"]
    order_id: UUID | None = None
    receipt_id: UUID | None = None
    customer_id: UUID | None = None
    override_reason: (
        Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_LENGTH_MAX)] | None
    ) = None
    exchange: Annotated[list[InsteadIn], msgspec.Meta(max_length=LINES_MAX)] = []


class ExchangeBody(msgspec.Struct, frozen=True, kw_only=True):
    """The hold of what is taken instead; its code is for the till. to_pay: what is still owed."""

    hold_id: UUID
    code: str | None
    price: int
    to_pay: int


class ReturnBody(msgspec.Struct, frozen=True, kw_only=True):
    """A return. total: what had been paid, tax included; refunds: how it went back."""

    return_id: UUID
    return_no: str
    location_id: str
    at: datetime
    order_id: UUID | None
    receipt_id: UUID | None
    customer_id: UUID | None
    reason: str
    currency: str
    total: int
    tax: tuple[TaxLine, ...]
    refunds: tuple[Tendered, ...]
    override_reason: str | None
    exchange: ExchangeBody | None
    lines: tuple[returns.Line, ...]


class ReturnsBody(msgspec.Struct, frozen=True):
    """Returns of a place, newest first."""

    items: list[ReturnBody]
    next_cursor: str | None


class PolicyIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rules: days after the purchase, returns of a customer in so many days, and what goods
    without proof may be worth together (minor units)."""

    days: Annotated[int, msgspec.Meta(ge=0, le=3650)]
    per_customer_max: Annotated[int, msgspec.Meta(ge=0, le=10_000)]
    per_customer_days: Annotated[int, msgspec.Meta(ge=1, le=3650)]
    unproven_max: Annotated[int, msgspec.Meta(ge=0, le=10**12)]


class PolicyBody(msgspec.Struct, frozen=True, kw_only=True):
    """The rules as they stand, and who set them."""

    days: int
    per_customer_max: int
    per_customer_days: int
    unproven_max: int
    set_by: str
    set_at: datetime | None
