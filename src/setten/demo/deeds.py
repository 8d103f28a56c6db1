"""What the people of the demo did, as a tag, a shop's server or a till would tell it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from setten.demo.world import Goods, Person, World, counted, moment

SHIPPING_YEN = 550
# A stable namespace: the same deed always has the same messageId, so seeding twice counts once.
_NAMES = uuid.UUID("5e77e000-0000-4000-8000-000000000001")
Event = dict[str, Any]


def events(world: World, now: datetime) -> dict[str, list[Event]]:
    """All events by source name ("web", "phone", "line" …), oldest first."""
    found: dict[str, list[Event]] = {}
    for person in world.people:
        for number, (when, where, what, about) in enumerate(person.deeds):
            if what == "receipt":
                continue
            at = moment(when, now)
            body = _MAKERS[what](world, person, about)
            event = _frame(person, where, at, number) | body
            found.setdefault("shop" if what == "order" else where, []).append(event)
            if what == "order":  # the tag tells of it too; it must count once
                copy = event | {"messageId": _message_id(person, number, "tag")}
                found.setdefault(where, []).append(copy)
    return found


def _message_id(person: Person, number: int, told_by: str = "") -> str:
    return str(uuid.uuid5(_NAMES, f"{person.key}/{number}/{told_by}"))


def _frame(person: Person, where: str, at: datetime, number: int) -> Event:
    event: Event = {
        "messageId": _message_id(person, number),
        "timestamp": at.isoformat(),
        "type": "track",
    }
    if where in ("web", "phone"):
        # One cookie per device: the phone is the first, the laptop the last.
        event["anonymousId"] = person.cookies[0 if where == "phone" else -1]
    elif person.line_id and where == "line":
        event["context"] = {"externalIds": [_external("line_id", person.line_id)]}
    elif person.email:
        event["context"] = {"traits": {"email": person.email}}
    if where == "chat" and person.user_id:
        event["userId"] = person.user_id
    return event


def _external(kind: str, value: str) -> dict[str, str]:
    return {"id": value, "type": kind, "collection": "users", "encoding": "none"}


def _product(goods: Goods, quantity: int | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "sku": goods.sku,
        "product_id": goods.product_id,
        "name": goods.name_ja,
        "price": goods.price_minor,
    }
    return found if quantity is None else found | {"quantity": quantity}


def _viewed(world: World, person: Person, about: str) -> Event:
    properties = _product(world.goods(about)) | {"currency": "JPY"}
    return {"event": "Product Viewed", "properties": properties}


def _stores(world: World, person: Person, about: str) -> Event:
    return {"event": "Store Stock Viewed", "properties": _product(world.goods(about))}


def _searched(world: World, person: Person, about: str) -> Event:
    return {"event": "Products Searched", "properties": {"query": about}}


def _cart(world: World, person: Person, about: str) -> Event:
    products = [_product(world.goods(sku), qty) for sku, qty in counted(about)]
    return {"event": "Cart Viewed", "properties": {"products": products, "currency": "JPY"}}


def _shipping(world: World, person: Person, about: str) -> Event:
    properties = {"step": 2, "shipping": SHIPPING_YEN, "currency": "JPY"}
    return {"event": "Checkout Step Viewed", "properties": properties}


def _ordered(world: World, person: Person, about: str) -> Event:
    bought = [(world.goods(sku), qty) for sku, qty in counted(about)]
    total = sum(goods.price_minor * qty for goods, qty in bought)
    return {
        "event": "Order Completed",
        "userId": person.user_id,
        "properties": {
            "order_id": f"W-{uuid.uuid5(_NAMES, person.key + about).int % 90_000 + 10_000}",
            "total": total,
            "revenue": total,
            "currency": "JPY",
            "products": [_product(goods, qty) for goods, qty in bought],
        },
    }


def _signed_in(world: World, person: Person, about: str) -> Event:
    return {"type": "identify", "userId": person.user_id, "traits": traits(person)}


def traits(person: Person) -> dict[str, Any]:
    """What a person told about themselves, by the names that clients use."""
    found = {
        "name": person.name,
        "name_kana": person.kana,
        "email": person.email,
        "phone": person.phone,
        "loyalty_card": person.loyalty_card,
        "line_id": person.line_id,
    }
    address = {"address": {"postalCode": person.postal_code}} if person.postal_code else {}
    return {key: value for key, value in found.items() if value} | address


def _opened(world: World, person: Person, about: str) -> Event:
    return {"event": "Message Opened", "properties": {"title": about}}


def _followed(world: World, person: Person, about: str) -> Event:
    return {"event": "Account Followed", "properties": {}}


def _wrote(world: World, person: Person, about: str) -> Event:
    return {"event": "Message Received", "properties": {"text": about}}


_MAKERS: dict[str, Callable[[World, Person, str], Event]] = {
    "view": _viewed,
    "stores": _stores,
    "search": _searched,
    "cart": _cart,
    "shipping": _shipping,
    "order": _ordered,
    "sign_in": _signed_in,
    "opened": _opened,
    "followed": _followed,
    "wrote": _wrote,
}
