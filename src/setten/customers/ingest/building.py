"""The fields that a fact has beyond what all reports share, from the part that is not personal."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from setten.customers.ingest.model import BadEvent
from setten.facts import commerce, reported
from setten.facts.commerce import Item
from setten.facts.reported import Alias, Told
from setten.platform import money
from setten.platform.vault.classify import Splitter

ITEMS_MAX = 500  # of one report; 32 KB hold no more that say anything
_TEXTS = ("sku", "product_id", "name", "variant", "brand", "category", "coupon")
_QUANTITY_MAX = 1_000_000
_LOCATION_LENGTH_MAX = 64
Fields = dict[str, Any]
_NOT_YET = Alias(0, 0)  # numbers are known only once the vault has been asked


def fill(
    kind: type[Told], fields: Fields, event: Fields, splitter: Splitter, currency: str
) -> None:
    """Add what `kind` has of its own to `fields`. Raises BadEvent where a must is missing."""
    filler = _FILLERS.get(kind)
    if filler is not None:
        filler(fields, event, splitter, currency)
    elif issubclass(kind, commerce.ItemReport):
        fields["currency"] = used = _currency(fields["properties"], currency)
        fields["item"] = _item(fields["properties"], used)
    elif issubclass(kind, commerce.ItemsReport):
        _items(fields, currency)


def location_id(properties: Fields, context: Fields) -> str | None:
    """The place the client says it happened at."""
    for holder in (properties, context):
        for key in ("location_id", "store_id"):
            found = _text(holder[key]) if key in holder else None
            if found and len(found) <= _LOCATION_LENGTH_MAX and "\x00" not in found:
                return found
    return None


def _page(fields: Fields, event: Fields, splitter: Splitter, _: str) -> None:
    _screen(fields, event, splitter, _)
    properties, page = fields["properties"], fields["context"].get("page")
    page = page if isinstance(page, dict) else {}
    for key in ("path", "title"):
        fields[key] = _text(properties.get(key)) or _text(page.get(key))


def _screen(fields: Fields, event: Fields, splitter: Splitter, _: str) -> None:
    properties = fields["properties"]
    own = {key: event[key] for key in ("name", "category") if isinstance(event.get(key), str)}
    own = splitter.split(own, "") if own else own
    for key in ("name", "category"):
        fields[key] = own.get(key) or _text(properties.get(key))


def _identified(fields: Fields, event: Fields, splitter: Splitter, _: str) -> None:
    fields["traits"] = _traits(event, splitter)


def _grouped(fields: Fields, event: Fields, splitter: Splitter, _: str) -> None:
    group = _text(event.get("groupId"))
    if not group:
        raise BadEvent("group_id_missing", "groupId")
    fields["group_id"] = splitter.split({"groupId": group}, "").get("groupId")
    fields["traits"] = _traits(event, splitter)


def _traits(event: Fields, splitter: Splitter) -> Fields:
    traits = event.get("traits")
    if traits is None:
        return {}
    if not isinstance(traits, dict):
        raise BadEvent("not_an_object", "traits")
    return splitter.split(traits, "traits.", is_person=True)


def _aliased(fields: Fields, event: Fields, splitter: Splitter, _: str) -> None:
    fields["alias"] = _NOT_YET


def _consented(fields: Fields, event: Fields, splitter: Splitter, _: str) -> None:
    if fields["consent"] is None:
        raise BadEvent("consent_missing", "context.consent.categoryPreferences")


def _cart(fields: Fields, event: Fields, splitter: Splitter, currency: str) -> None:
    properties = fields["properties"]
    _items(fields, currency)
    if not fields["items"] and fields["action"] in ("added", "removed"):
        fields["items"] = (_item(properties, fields["currency"]),)
    fields["cart_id"] = _text(properties.get("cart_id"))


def _checkout(fields: Fields, event: Fields, splitter: Splitter, currency: str) -> None:
    properties = fields["properties"]
    _items(fields, currency)
    fields["checkout_id"] = _text(properties.get("checkout_id"))
    fields["order_id"] = _text(properties.get("order_id"))
    fields["step"] = _whole(properties.get("step"))
    fields["total_minor"] = money.to_minor(
        properties.get("total", properties.get("value")), fields["currency"]
    )


def _order(fields: Fields, event: Fields, splitter: Splitter, currency: str) -> None:
    properties = fields["properties"]
    order_id = _text(properties.get("order_id")) or _text(properties.get("orderId"))
    if not order_id:
        # Told as an order, it could never be found again as the same one.
        raise BadEvent("order_id_missing", "properties.order_id")
    _items(fields, currency)
    fields["order_id"] = order_id
    for name in ("checkout_id", "coupon", "affiliation"):
        fields[name] = _text(properties.get(name))
    for name in ("total", "revenue", "subtotal", "shipping", "tax", "discount"):
        fields[f"{name}_minor"] = money.to_minor(properties.get(name), fields["currency"])


def _items(fields: Fields, default: str) -> None:
    properties = fields["properties"]
    fields["currency"] = currency = _currency(properties, default)
    products = properties.get("products")
    fields["items"] = (
        tuple(_item(one, currency) for one in products[:ITEMS_MAX] if isinstance(one, dict))
        if isinstance(products, list)
        else ()
    )


def _item(said: Fields, currency: str) -> Item:
    texts = {key: text for key in _TEXTS if key in said and (text := _text(said[key]))}
    return Item(
        price_minor=money.to_minor(said["price"], currency) if "price" in said else None,
        quantity=_whole(said.get("quantity")),
        position=_whole(said.get("position")),
        **texts,
    )


def _currency(properties: Fields, default: str) -> str:
    """Official examples write "usd" and "USD"."""
    said = properties.get("currency")
    if isinstance(said, str) and len(said) == 3 and said.isascii() and said.isalpha():
        return said.upper()
    return default


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        return value or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 8:
        value = int(value)
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) < 8:
        value = int(value)
    return value if isinstance(value, int) and abs(value) <= _QUANTITY_MAX else None


_FILLERS: dict[type[Told], Callable[[Fields, Fields, Splitter, str], None]] = {
    reported.PageViewed: _page,
    reported.ScreenViewed: _screen,
    reported.CustomerIdentified: _identified,
    reported.CustomerGrouped: _grouped,
    reported.CustomerAliased: _aliased,
    reported.ConsentReported: _consented,
    commerce.CartReported: _cart,
    commerce.CheckoutReported: _checkout,
    commerce.OrderReported: _order,
}
