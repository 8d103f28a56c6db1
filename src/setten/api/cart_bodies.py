"""What carts and checkouts look like over JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from setten.api.order_bodies import OrderBody, PaymentBody, TaxBody, order_body, payment_body
from setten.operations.baskets import Owner
from setten.operations.checkout import PAYMENTS_MAX, BadCheckout, Bought, Pay
from setten.operations.keeping import HOLDS_MAX
from setten.operations.parcels import Parcel
from setten.platform.auth import Actor
from setten.platform.errors import SettenError
from setten.platform.money import MINOR_MAX
from setten.stock import carts
from setten.stock.bands import band_of
from setten.stock.carts import CHANGES_MAX, QTY_MAX, Change, Quote, QuotedLine
from setten.stock.holds import NotEnoughStock
from setten.stock.payments import REFERENCE_LENGTH_MAX

_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
_Channel = Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]{0,39}$")]
_Words = Annotated[str, msgspec.Meta(max_length=200)]
_Postcode = Annotated[str, msgspec.Meta(pattern="^[0-9]{3}-?[0-9]{4}$")]
_Minor = Annotated[int, msgspec.Meta(ge=0, le=MINOR_MAX)]


class CartIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose cart: a customer's (not for scope `public`), or that of an anonymous id."""

    customer_id: UUID | None = None
    anonymous_id: Annotated[str, msgspec.Meta(min_length=1, max_length=320)] | None = None
    channel: _Channel = "web"


class CodeIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code that a customer says."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=20)]


class QuoteIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where it is to be brought."""

    postcode: _Postcode


class ChangeIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One edit of a line.

    op: `add` (qty more, or fewer below zero), `set` (exactly qty, seen at `version`), `remove`, or
    `method` (how it gets to her: carry or pickup at location_id, or ship).
    """

    op: Literal["add", "set", "remove", "method"]
    sku: _Id
    qty: Annotated[int, msgspec.Meta(ge=-QTY_MAX, le=QTY_MAX)] = 1
    version: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)] = 0
    method: Literal["carry", "pickup", "ship"] = "ship"
    location_id: _Id | None = None


class ChangesIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Edits, done in order, all or none."""

    changes: Annotated[list[ChangeIn], msgspec.Meta(min_length=1, max_length=CHANGES_MAX)]
    channel: _Channel = "web"


class TakeIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The token of the QR picture."""

    token: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    channel: _Channel = "web"


class AddressIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where it is sent. Sealed in the vault before anything else is written."""

    name: _Words
    postcode: _Postcode
    region: _Words = ""
    city: _Words = ""
    street: _Words = ""
    building: _Words = ""
    phone: Annotated[str, msgspec.Meta(max_length=40)] = ""


class PayIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a part is paid. amount_minor null: all that the others leave. No card number: reference
    is the provider's own name for the payment. state: as the provider told; scope `agent` may only
    say `intended`."""

    method: Literal["card", "wallet", "transfer", "on_delivery", "counter", "voucher", "other"]
    amount_minor: Annotated[int, msgspec.Meta(ge=1, le=MINOR_MAX)] | None = None
    state: Literal["intended", "authorised", "captured"] = "intended"
    provider: Annotated[str, msgspec.Meta(min_length=1, max_length=40)] | None = None
    reference: (
        Annotated[str, msgspec.Meta(min_length=1, max_length=REFERENCE_LENGTH_MAX)] | None
    ) = None


class CheckoutIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was shown: `version` of the cart and `total_minor`. location_id: where it is sold.

    hold_ids: holds of the same customer whose units the order takes; they end with it.
    """

    version: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
    total_minor: _Minor
    channel: _Channel = "web"
    location_id: _Id | None = None
    payments: Annotated[list[PayIn], msgspec.Meta(max_length=PAYMENTS_MAX)] = []
    address: AddressIn | None = None
    hold_ids: Annotated[list[UUID], msgspec.Meta(max_length=HOLDS_MAX)] = []


class LineBody(msgspec.Struct, frozen=True, kw_only=True):
    """A line now. available: units, for scope `server`. problem: out_of_stock, cannot_be_sent (it
    lies only where nothing can be sent from), no_price or other_currency. amounts with tax."""

    sku: str
    name_ja: str
    name_en: str
    qty: int
    version: int
    method: str
    location_id: str | None
    channels: tuple[str, ...]
    unit_price_minor: int | None
    amount_minor: int
    tax_rate: float
    available: int | None
    band: str
    problem: str | None


class ParcelBody(msgspec.Struct, frozen=True, kw_only=True):
    """Goods that are sent together, from where and when they arrive."""

    location_id: str
    skus: tuple[str, ...]
    service_id: str | None
    fee_minor: int
    arrives_from: date | None
    arrives_to: date | None


class CartBody(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's cart as of now. All money with tax, minor units of `currency`.

    shipping_minor: null until a postcode is told or when it cannot be sent: `way` says which
    (`postcode_missing`, `not_delivered`, `not_enough_stock`).
    """

    cart_id: UUID
    customer_id: UUID | None
    version: int
    lines: list[LineBody]
    currency: str
    goods_minor: int
    shipping_minor: int | None
    total_minor: int
    taxes: list[TaxBody]
    tax_included: bool
    parcels: list[ParcelBody]
    way: str | None
    opened_at: datetime
    touched_at: datetime


class CodeBody(msgspec.Struct, frozen=True, kw_only=True):
    """What leads to a cart. The token is told once."""

    code: str
    token: str
    expires_at: datetime


class HeldBody(msgspec.Struct, frozen=True, kw_only=True):
    """A promise of an order's goods at a place; `code` is what is said at its counter."""

    hold_id: UUID
    location_id: str
    code: str
    expires_at: datetime


class BoughtBody(msgspec.Struct, frozen=True, kw_only=True):
    """A new order, where its goods wait, and its payments."""

    order: OrderBody
    holds: list[HeldBody]
    payments: list[PaymentBody]
    parcels: list[ParcelBody]


def change_from(one: ChangeIn) -> Change:
    """An edit as carts know it."""
    if one.op == "add":
        return carts.Add(sku=one.sku, qty=one.qty, method=one.method, location_id=one.location_id)
    if one.op == "set":
        return carts.SetQty(sku=one.sku, qty=one.qty, version=one.version)
    if one.op == "remove":
        return carts.Remove(sku=one.sku)
    return carts.SetMethod(sku=one.sku, method=one.method, location_id=one.location_id)


def pay_from(one: PayIn) -> Pay:
    """A payment as the checkout knows it."""
    return Pay(
        method=one.method,
        amount_minor=one.amount_minor,
        state=one.state,
        provider=one.provider,
        reference=one.reference,
    )


def check_payments(data: CheckoutIn, actor: Actor) -> None:
    """Only a server knows that money was taken. Raises BadCheckout."""
    if actor.scope != "server" and any(one.state != "intended" for one in data.payments):
        raise BadCheckout(why="payment_state")


def cart_body(
    quote: Quote,
    sent: Sequence[Parcel],
    refusal: SettenError | None,
    owner: Owner,
    actor: Actor,
) -> CartBody:
    """A cart for a caller: numbers for scope `server`, bands for others, no customer for public."""
    problems = {one.sku: one.why for one in quote.problems}
    return CartBody(
        cart_id=quote.cart.cart_id,
        customer_id=None if actor.scope == "public" else owner.customer_id,
        version=quote.cart.version,
        lines=[_line(one, problems.get(one.line.sku), actor) for one in quote.lines],
        currency=quote.currency,
        goods_minor=quote.goods_minor,
        shipping_minor=None if refusal is not None else quote.shipping_minor,
        total_minor=quote.total_minor,
        taxes=[TaxBody(float(x.rate), x.amount_minor, x.tax_minor) for x in quote.taxes],
        tax_included=True,
        parcels=parcel_bodies(sent),
        way=None if refusal is None else refusal.code,
        opened_at=quote.cart.opened_at,
        touched_at=quote.cart.touched_at,
    )


def _line(quoted: QuotedLine, problem: str | None, actor: Actor) -> LineBody:
    line, item = quoted.line, quoted.item
    return LineBody(
        sku=line.sku,
        name_ja=item.name_ja if item else line.sku,
        name_en=item.name_en if item else line.sku,
        qty=line.qty,
        version=line.version,
        method=line.method,
        location_id=line.location_id,
        channels=line.channels,
        unit_price_minor=quoted.unit_price_minor,
        amount_minor=quoted.amount_minor,
        tax_rate=float(quoted.tax_rate),
        available=quoted.available if actor.scope == "server" else None,
        band=quoted.band.value,
        problem=problem,
    )


def parcel_bodies(sent: Sequence[Parcel]) -> list[ParcelBody]:
    """Parcels with their days."""
    return [
        ParcelBody(
            location_id=one.location_id,
            skus=tuple(goods.sku for goods in one.wanted),
            service_id=one.option.service_id if one.option else None,
            fee_minor=one.fee_minor,
            arrives_from=one.option.arrives_from if one.option else None,
            arrives_to=one.option.arrives_to if one.option else None,
        )
        for one in sent
    ]


def bought_body(bought: Bought, owner: Owner) -> BoughtBody:
    """A new order with where its goods wait."""
    return BoughtBody(
        order=order_body(bought.order, owner.customer_id),
        holds=[
            HeldBody(
                hold_id=one.hold_id,
                location_id=one.lines[0].location_id,
                code=one.code,
                expires_at=one.expires_at,
            )
            for one in bought.holds
        ],
        payments=[payment_body(one) for one in bought.payments],
        parcels=parcel_bodies(bought.parcels),
    )


def for_scope(refusal: SettenError, actor: Actor) -> SettenError:
    """Numbers are for scope `server`; others are told the band."""
    if not isinstance(refusal, NotEnoughStock) or actor.scope == "server":
        return refusal
    short: list[dict[str, Any]] = []
    for one in refusal.facts["short"]:
        kept = {name: value for name, value in one.items() if name != "available"}
        short.append({**kept, "band": band_of(one["available"]).value})
    facts = {**refusal.facts, "short": short}
    if actor.scope == "public":  # how each shop works is no visitor's
        facts.pop("excluded", None)
    return NotEnoughStock(**facts)
