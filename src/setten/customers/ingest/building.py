"""The fields that a fact has beyond what all reports share."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from setten.customers.ingest.model import BadEvent, Event
from setten.facts import commerce, reported
from setten.facts.commerce import Item
from setten.facts.reported import Told
from setten.platform import money
from setten.platform.vault.classify import Splitter

ITEMS_MAX = 500  # of one report; 32 KB hold no more that say anything
_TEXTS = ("sku", "product_id", "name", "variant", "brand", "category", "coupon")
_QUANTITY_MAX = 1_000_000
_LOCATION_LENGTH_MAX = 64
Fields = dict[str, Any]


def from_event(kind: type[Told], event: Event, splitter: Splitter) -> Fields:
    """What `kind` takes from beside the properties and the context. Raises BadEvent."""
    if kind is reported.CustomerIdentified:
        return {"traits": _traits(event, splitter)}
    group = text_of(event.group_id)
    if not group:
        raise BadEvent("group_id_missing", "groupId")
    group = splitter.split({"groupId": group}, "").get("groupId")
    return {"group_id": group, "traits": _traits(event, splitter)}


def shape_of(kind: type[Told], action: str | None) -> str | None:
    """A word for the fields that `from_properties` finds; None where there are none."""
    if kind in _FILLERS:
        return kind.event_name
    if issubclass(kind, commerce.ItemReport):
        return "item"
    if kind is commerce.CartReported:
        return "changed cart" if action in ("added", "removed") else "cart"
    return "items" if issubclass(kind, commerce.ItemsReport) else None


def from_properties(kind: type[Told], action: str | None, said: Fields, currency: str) -> Fields:
    """The fields that `kind` takes from the part of its properties that is not personal.

    currency: of the source, for reports that name none. Raises BadEvent where a must is missing.
    """
    fields: Fields = {}
    filler = _FILLERS.get(kind)
    if filler is not None:
        filler(fields, said, currency)
    elif issubclass(kind, commerce.ItemReport):
        fields["currency"] = used = _currency(said, currency)
        fields["item"] = _item(said, used)
    elif issubclass(kind, commerce.ItemsReport):
        _items(fields, said, currency)
        if kind is commerce.CartReported:
            _cart(fields, said, action)
    return fields


def location_id(public: Fields) -> str | None:
    """The place that properties or a context say it happened at."""
    for key in ("location_id", "store_id"):
        found = text_of(public.get(key))
        if found and len(found) <= _LOCATION_LENGTH_MAX and "\x00" not in found:
            return found
    return None


def named(event: Event, splitter: Splitter) -> Fields:
    """Name and category of a page or screen, as far as they are said and not personal."""
    own = {}
    if isinstance(event.name, str):
        own["name"] = event.name
    if isinstance(event.category, str):
        own["category"] = event.category
    kept = splitter.split(own, "") if own else own
    return {key: value for key, value in kept.items() if value}


def _traits(event: Event, splitter: Splitter) -> Fields:
    if event.traits is None:
        return {}
    if not isinstance(event.traits, dict):
        raise BadEvent("not_an_object", "traits")
    return splitter.split(event.traits, "traits.", is_person=True)


def _page(fields: Fields, said: Fields, _: str) -> None:
    _screen(fields, said, _)
    for key in ("path", "title"):
        fields[key] = text_of(said.get(key))


def _screen(fields: Fields, said: Fields, _: str) -> None:
    for key in ("name", "category"):
        fields[key] = text_of(said.get(key))


def _cart(fields: Fields, said: Fields, action: str | None) -> None:
    if not fields["items"] and action in ("added", "removed"):
        fields["items"] = (_item(said, fields["currency"]),)
    fields["cart_id"] = text_of(said.get("cart_id"))


def _checkout(fields: Fields, properties: Fields, currency: str) -> None:
    _items(fields, properties, currency)
    fields["checkout_id"] = text_of(properties.get("checkout_id"))
    fields["order_id"] = text_of(properties.get("order_id"))
    fields["step"] = _whole(properties.get("step"))
    fields["total_minor"] = money.to_minor(
        properties.get("total", properties.get("value")), fields["currency"]
    )


def _order(fields: Fields, properties: Fields, currency: str) -> None:
    order_id = text_of(properties.get("order_id")) or text_of(properties.get("orderId"))
    if not order_id:
        # Told as an order, it could never be found again as the same one.
        raise BadEvent("order_id_missing", "properties.order_id")
    _items(fields, properties, currency)
    fields["order_id"] = order_id
    for name in ("checkout_id", "coupon", "affiliation"):
        fields[name] = text_of(properties.get(name))
    for name in ("total", "revenue", "subtotal", "shipping", "tax", "discount"):
        fields[f"{name}_minor"] = money.to_minor(properties.get(name), fields["currency"])


def _items(fields: Fields, properties: Fields, default: str) -> None:
    fields["currency"] = currency = _currency(properties, default)
    products = properties.get("products")
    fields["items"] = (
        tuple(_item(one, currency) for one in products[:ITEMS_MAX] if isinstance(one, dict))
        if isinstance(products, list)
        else ()
    )


def _item(said: Fields, currency: str) -> Item:
    texts = {key: text for key in _TEXTS if key in said and (text := text_of(said[key]))}
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


def text_of(value: Any) -> str | None:
    """A text or a whole number as text; None for anything else, and for no text."""
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


_FILLERS: dict[type[Told], Callable[[Fields, Fields, str], None]] = {
    reported.PageViewed: _page,
    reported.ScreenViewed: _screen,
    commerce.CheckoutReported: _checkout,
    commerce.OrderReported: _order,
}
