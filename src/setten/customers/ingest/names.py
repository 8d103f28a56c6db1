"""Event names: Segment's spec, version 2 and its older names, as our facts.

Each entry names the Struct and, where one fact tells several things, the action.
"""

from __future__ import annotations

from setten.facts import commerce, reported
from setten.facts.reported import Told

# name as clients write it → (fact, action)
SPEC: dict[str, tuple[type[Told], str | None]] = {
    "Products Searched": (commerce.ProductsSearched, None),
    "Product List Viewed": (commerce.ProductsListed, "viewed"),
    "Product List Filtered": (commerce.ProductsListed, "filtered"),
    "Promotion Viewed": (commerce.PromotionReported, "viewed"),
    "Promotion Clicked": (commerce.PromotionReported, "clicked"),
    "Product Clicked": (commerce.ProductClicked, None),
    "Product Viewed": (commerce.ProductViewed, None),
    "Product Added": (commerce.CartReported, "added"),
    "Product Removed": (commerce.CartReported, "removed"),
    "Cart Viewed": (commerce.CartReported, "viewed"),
    "Cart Shared": (commerce.CartReported, "shared"),
    "Checkout Started": (commerce.CheckoutReported, "started"),
    "Checkout Step Viewed": (commerce.CheckoutReported, "step_viewed"),
    "Checkout Step Completed": (commerce.CheckoutReported, "step_completed"),
    "Payment Info Entered": (commerce.CheckoutReported, "payment_entered"),
    "Order Completed": (commerce.OrderReported, "placed"),
    "Order Updated": (commerce.OrderReported, "updated"),
    "Order Refunded": (commerce.OrderReported, "refunded"),
    "Order Cancelled": (commerce.OrderReported, "cancelled"),
    "Coupon Entered": (commerce.CouponReported, "entered"),
    "Coupon Applied": (commerce.CouponReported, "applied"),
    "Coupon Denied": (commerce.CouponReported, "denied"),
    "Coupon Removed": (commerce.CouponReported, "removed"),
    "Product Added to Wishlist": (commerce.ProductWished, "added"),
    "Product Removed from Wishlist": (commerce.ProductWished, "removed"),
    "Wishlist Product Added to Cart": (commerce.ProductWished, "moved_to_cart"),
    "Product Shared": (commerce.ProductShared, None),
    "Product Reviewed": (commerce.ProductReviewed, None),
    "Segment Consent Preference Updated": (reported.ConsentReported, None),
}

# Names of version 1, and spellings that the spec's own pages use.
ALIASES: dict[str, str] = {
    "Searched Products": "Products Searched",
    "Viewed Product Category": "Product List Viewed",
    "Viewed Product List": "Product List Viewed",
    "Product Category Viewed": "Product List Viewed",
    "Filtered Product List": "Product List Filtered",
    "Viewed Promotion": "Promotion Viewed",
    "Clicked Promotion": "Promotion Clicked",
    "Clicked Product": "Product Clicked",
    "Viewed Product": "Product Viewed",
    "Added Product": "Product Added",
    "Removed Product": "Product Removed",
    "Viewed Cart": "Cart Viewed",
    "Shared Cart": "Cart Shared",
    "Started Checkout": "Checkout Started",
    "Started Order": "Checkout Started",
    "Order Started": "Checkout Started",
    "Viewed Checkout Step": "Checkout Step Viewed",
    "Completed Checkout Step": "Checkout Step Completed",
    "Entered Payment Info": "Payment Info Entered",
    "Completed Order": "Order Completed",
    "Updated Order": "Order Updated",
    "Refunded Order": "Order Refunded",
    "Cancelled Order": "Order Cancelled",
    "Canceled Order": "Order Cancelled",
    "Order Canceled": "Order Cancelled",
    "Entered Coupon": "Coupon Entered",
    "Applied Coupon": "Coupon Applied",
    "Denied Coupon": "Coupon Denied",
    "Removed Coupon": "Coupon Removed",
    "Added Product to Wishlist": "Product Added to Wishlist",
    "Removed Product from Wishlist": "Product Removed from Wishlist",
    "Shared Product": "Product Shared",
    "Reviewed Product": "Product Reviewed",
}


# Case and separators differ between shops ("order_completed"); the words are the same.
def _flat(name: str) -> str:
    return "".join(c for c in name if c.isalnum()).casefold()


_BY_NAME = {_flat(name): entry for name, entry in SPEC.items()}
_BY_NAME |= {_flat(alias): SPEC[name] for alias, name in ALIASES.items()}
_remembered: dict[str, tuple[type[Told], str | None]] = {}
_REMEMBERED_MAX = 5_000  # names come from clients, so there may be any number of them
_CUSTOM: tuple[type[Told], str | None] = (reported.CustomEvent, None)

# All facts that ingest may state; the reference page and its test go by this list.
FACTS: tuple[type[Told], ...] = (
    reported.PageViewed,
    reported.ScreenViewed,
    reported.CustomerIdentified,
    reported.CustomerGrouped,
    reported.CustomerAliased,
    *dict.fromkeys(fact for fact, _ in SPEC.values()),
    reported.CustomEvent,
)


def fact_for(name: str) -> tuple[type[Told], str | None]:
    """The fact and the action that an event's name stands for; CustomEvent when unknown."""
    found = _remembered.get(name)
    if found is None:
        found = _BY_NAME.get(_flat(name), _CUSTOM)
        if len(_remembered) >= _REMEMBERED_MAX:
            _remembered.clear()
        _remembered[name] = found
    return found
