"""Commerce as outsiders report it (Segment's ecommerce spec, in our words), and what we state of
carts, cancelled orders and payments.

Money is in minor units of `currency`, in reports with tax as the client said it. Only stock states
`order.placed`. A reported cart is evidence; `cart.changed` is about our own.
"""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

import msgspec

from setten.facts.reported import Told
from setten.facts.stock import SoldLine
from setten.platform.log import Fact


class Item(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A product as a client named it. `sku` falls back to nothing, never to the product id."""

    sku: str | None = None
    product_id: str | None = None
    name: str | None = None
    variant: str | None = None
    brand: str | None = None
    category: str | None = None
    price_minor: int | None = None
    quantity: int | None = None
    position: int | None = None
    coupon: str | None = None


class ItemReport(Told, frozen=True, kw_only=True, omit_defaults=True):
    """Base of reports about one product."""

    item: Item = Item()
    currency: str | None = None


class ItemsReport(Told, frozen=True, kw_only=True, omit_defaults=True):
    """Base of reports about several products."""

    items: tuple[Item, ...] = ()
    currency: str | None = None


class ProductViewed(ItemReport, frozen=True, kw_only=True, omit_defaults=True):
    """A product's page was looked at."""

    event_name: ClassVar[str] = "product.viewed"


class ProductClicked(ItemReport, frozen=True, kw_only=True, omit_defaults=True):
    """A product was chosen from a list."""

    event_name: ClassVar[str] = "product.clicked"


class ProductShared(ItemReport, frozen=True, kw_only=True, omit_defaults=True):
    """A product was shown to somebody else; with whom, and the words, are sealed."""

    event_name: ClassVar[str] = "product.shared"


class ProductReviewed(ItemReport, frozen=True, kw_only=True, omit_defaults=True):
    """A product was reviewed; the words are sealed."""

    event_name: ClassVar[str] = "product.reviewed"


class ProductWished(ItemReport, frozen=True, kw_only=True, omit_defaults=True):
    """A product was put on a wish list, taken off it, or moved to the cart: see `action`."""

    event_name: ClassVar[str] = "product.wished"
    action: str = "added"


class ProductsSearched(Told, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody searched; what for is sealed."""

    event_name: ClassVar[str] = "products.searched"


class ProductsListed(ItemsReport, frozen=True, kw_only=True, omit_defaults=True):
    """A list of products was looked at, or filtered: see `action`."""

    event_name: ClassVar[str] = "products.listed"
    action: str = "viewed"


class PromotionReported(Told, frozen=True, kw_only=True, omit_defaults=True):
    """A promotion was seen or clicked: see `action`."""

    event_name: ClassVar[str] = "promotion.reported"
    action: str = "viewed"


class CartReported(ItemsReport, frozen=True, kw_only=True, omit_defaults=True):
    """A cart was looked at, shared, or something went in or out: see `action`."""

    event_name: ClassVar[str] = "cart.reported"
    action: str = "viewed"
    cart_id: str | None = None


class CheckoutReported(ItemsReport, frozen=True, kw_only=True, omit_defaults=True):
    """A checkout began or went a step further: see `action`."""

    event_name: ClassVar[str] = "checkout.reported"
    action: str = "started"
    checkout_id: str | None = None
    order_id: str | None = None
    step: int | None = None
    total_minor: int | None = None


class CouponReported(Told, frozen=True, kw_only=True, omit_defaults=True):
    """A coupon was entered, applied, denied or removed: see `action`."""

    event_name: ClassVar[str] = "coupon.reported"
    action: str = "entered"


class OrderReported(ItemsReport, frozen=True, kw_only=True, omit_defaults=True):
    """An order as a system tells it: placed, updated, cancelled or refunded (`action`).

    One purchase is one order by (system of record, order_id): with `is_record` false this is
    evidence for attribution and never revenue. A refund without items is a full one.
    revenue_minor: after discount, without shipping and tax.
    """

    event_name: ClassVar[str] = "order.reported"
    action: str = "placed"
    order_id: str
    checkout_id: str | None = None
    total_minor: int | None = None
    revenue_minor: int | None = None
    subtotal_minor: int | None = None
    shipping_minor: int | None = None
    tax_minor: int | None = None
    discount_minor: int | None = None
    coupon: str | None = None
    affiliation: str | None = None


class CartLine(msgspec.Struct, frozen=True):
    """Units of one sku in a cart."""

    sku: str
    qty: int


class CartChanged(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Our own cart of one identifier, as it is after a change: empty when emptied or ordered.

    A customer's cart is the carts of all her identifiers together. action: added, set, removed,
    method (how a line gets to her), taken (from another cart), given (to another) or ordered.
    skus: the lines that the change was about; item: the first of them as it is now.
    location_id: where it is collected, of one place.
    """

    event_name: ClassVar[str] = "cart.changed"
    cart_id: UUID
    lines: tuple[CartLine, ...]
    action: str
    skus: tuple[str, ...] = ()
    item: CartLine | None = None
    location_id: str | None = None


class CartLeft(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Nobody touched a cart with something in it for a while.

    reason: shipping_cost, out_of_stock or price_changed when the last try to check out or the last
    look at the cart said so, else None. shipping_minor: what the way would have cost.
    """

    event_name: ClassVar[str] = "cart.left"
    cart_id: UUID
    lines: tuple[CartLine, ...]
    reason: str | None = None
    shipping_minor: int | None = None


class OrderCancelled(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Units of an order are no longer wanted; is_whole when nothing of it is any more.

    amount_minor: what they had cost, with the shipping when it is the whole order. due_minor: what
    is left to be paid after it; null where the order's sum is not known.
    """

    event_name: ClassVar[str] = "order.cancelled"
    order_id: UUID
    system: str
    order_ref: str
    lines: tuple[SoldLine, ...]
    amount_minor: int
    currency: str | None = None
    is_whole: bool = False
    reason: str | None = None
    due_minor: int | None = None


class PaymentRecorded(Fact, frozen=True, kw_only=True):
    """A step of a payment: authorised, captured, refunded, reversed, voided or failed."""

    event_name: ClassVar[str] = "payment.recorded"
    payment_id: UUID
    order_id: UUID
    kind: str
    method: str
    amount_minor: int
    currency: str
