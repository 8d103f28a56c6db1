"""Deeds on screens as a tag, an app or a mailing system tells them: events of Segment's form."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from setten.demo.chain.business import Business
from setten.demo.chain.model import Deed, Person

Event = dict[str, Any]
Maker = Callable[[Business, Deed, Person | None], Event]
# A stable namespace: the same deed always has the same messageId, so telling twice counts once.
_NAMES = uuid.UUID("5e77e000-0000-4000-8000-000000000002")
_SITE = "https://shop.example.jp"
_REFERRERS = {"ad": "https://www.google.com/", "social": "https://www.instagram.com/"}


def event_of(business: Business, deed: Deed, number: int, who: Person | None) -> Event:
    """The event of a deed. number: its place in its day, for an id that no other has."""
    what = str(deed.said["what"])
    name = f"{deed.at:%Y%m%d}/{number}/{what}/{deed.cookie or deed.who}"
    event: Event = {
        "messageId": str(uuid.uuid5(_NAMES, name)),
        "timestamp": deed.at.isoformat(timespec="milliseconds"),
        "type": "track",
        "context": _context(business, deed),
    }
    _name_person(event, deed, who)
    event |= _MAKERS[what](business, deed, who)
    if deed.place and deed.source != "shop":
        event.setdefault("properties", {})["location_id"] = deed.place
    return event


def _context(business: Business, deed: Deed) -> dict[str, Any]:
    browsers = business.words["browsers"].get(deed.source)
    found: dict[str, Any] = {}
    if browsers:
        # The same browser at the next visit.
        found["userAgent"] = browsers[sum(deed.cookie.encode()) % len(browsers)]
        found["locale"] = "ja-JP"
    return found


def _name_person(event: Event, deed: Deed, who: Person | None) -> None:
    """Who it was, as far as the teller knows."""
    if deed.cookie:
        event["anonymousId"] = deed.cookie
    if who is None:
        return
    if deed.source == "mail":
        event["context"]["traits"] = {"email": who.told["email"]}
    elif deed.source == "line":
        event["context"]["externalIds"] = [_external("line_id", who.told["line_id"])]
    elif deed.source == "members" and deed.said["what"] != "joined":
        card = _external("loyalty_card", who.told["loyalty_card"])
        event["context"]["externalIds"] = [card]
    elif deed.source in ("app", "shelf", "shop") and "user_id" in who.told:
        event["userId"] = who.told["user_id"]
    elif deed.source == "shop" and "email" in who.told:
        event["context"]["traits"] = {"email": who.told["email"]}


def _external(kind: str, value: str) -> dict[str, str]:
    return {"id": value, "type": kind, "collection": "users", "encoding": "none"}


def _product(business: Business, sku: Any, qty: Any = None) -> dict[str, Any]:
    good = business.by_sku[str(sku)]
    found: dict[str, Any] = {
        "sku": good.sku, "product_id": good.product_id, "name": good.name_ja, "price": good.price,
    }  # fmt: skip
    return found if qty is None else found | {"quantity": qty}


def _track(name: str, properties: dict[str, Any]) -> Event:
    return {"event": name, "properties": properties}


def _about_product(name: str) -> Maker:
    def make(business: Business, deed: Deed, _: Person | None) -> Event:
        return _track(
            name, _product(business, deed.said["sku"], deed.said.get("qty")) | {"currency": "JPY"}
        )

    return make


def _page(business: Business, deed: Deed, _: Person | None) -> Event:
    path, title = str(deed.said["path"]), str(deed.said["title"])
    cause = str(deed.said.get("cause", ""))
    page: dict[str, Any] = {"path": path, "title": title, "url": _SITE + path}
    if cause in _REFERRERS:
        page["referrer"] = _REFERRERS[cause]
    return {"type": "page", "name": title, "properties": page}


def _screen(business: Business, deed: Deed, _: Person | None) -> Event:
    return {"type": "screen", "name": str(deed.said["title"]), "properties": {}}


def _search(business: Business, deed: Deed, _: Person | None) -> Event:
    return _track("Products Searched", {"query": deed.said["query"]})


def _promotion(name: str) -> Maker:
    def make(business: Business, deed: Deed, _: Person | None) -> Event:
        return _track(name, {"name": deed.said["campaign"], "creative": deed.source})

    return make


def _products(business: Business, deed: Deed) -> list[dict[str, Any]]:
    lines = deed.said["lines"]
    assert isinstance(lines, list)
    return [_product(business, line[0], line[1]) for line in lines]


def _cart(business: Business, deed: Deed, _: Person | None) -> Event:
    return _track("Cart Viewed", {"products": _products(business, deed), "currency": "JPY"})


def _checkout(business: Business, deed: Deed, _: Person | None) -> Event:
    told = {"step": 2, "shipping": deed.said["fee"], "currency": "JPY"}
    return _track("Checkout Step Viewed", told)


def _order(business: Business, deed: Deed, who: Person | None) -> Event:
    lines, fee = deed.said["lines"], int(str(deed.said["fee"]))
    assert isinstance(lines, list)
    goods = sum(line[2] for line in lines)
    products = [
        _product(business, sku, qty) | {"price": amount // qty} for sku, qty, amount in lines
    ]
    event = _track(
        "Order Completed",
        {
            "order_id": deed.said["ref"], "total": goods + fee, "revenue": goods, "shipping": fee,
            "currency": "JPY", "products": products,
        },
    )  # fmt: skip
    return event | ({"userId": who.told["user_id"]} if who and "user_id" in who.told else {})


def _sign_in(business: Business, deed: Deed, who: Person | None) -> Event:
    assert who is not None
    told = {key: who.told[key] for key in ("name", "email") if key in who.told}
    if "email_mistyped" in who.told:
        told["email"] = who.told["email_mistyped"]
    return {"type": "identify", "userId": who.told["user_id"], "traits": told}


def _joined(business: Business, deed: Deed, who: Person | None) -> Event:
    """What stood on the card's form, told by the system that keeps the cards."""
    assert who is not None
    told: dict[str, Any] = {
        key: who.told[key]
        for key in ("name", "name_kana", "email", "phone", "loyalty_card", "line_id")
        if key in who.told
    }
    for name, taste in business.tastes.items():
        if taste.told and name in who.tastes:
            told[name] = who.tastes[name]
    # What the card's form asks: most say yes to mail, all who gave LINE said yes to it there.
    if "email" in who.told:
        told["email_opt_in"] = sum(who.key.encode()) % 10 < 7
    if "line_id" in who.told:
        told["line_opt_in"] = True
    if "postal_code" in who.told:
        told["address"] = {
            "postalCode": who.told["postal_code"], "state": who.town.prefecture,
            "city": who.town.city, "street": f"{who.town.town} {who.street}", "country": "JP",
        }  # fmt: skip
    # Cards taken before the first day were told with the day they were taken on.
    on = datetime.fromisoformat(f"{deed.said['on']}T{deed.at:%H:%M:%S}+09:00")
    minute = timedelta(minutes=int(who.key[1:]) % 480 + 300)
    at = deed.at if on.date() == deed.at.date() else on + minute
    event: Event = {"type": "identify", "traits": told, "timestamp": at.isoformat()}
    return event | ({"userId": who.told["user_id"]} if "user_id" in who.told else {})


def _act(business: Business, deed: Deed, _: Person | None) -> Event:
    return _track(str(deed.said["name"]), {"title": deed.said["title"]})


def _opened(business: Business, deed: Deed, _: Person | None) -> Event:
    return _track("Message Opened", {"title": deed.said["title"]})


def _review(business: Business, deed: Deed, _: Person | None) -> Event:
    told = {"rating": deed.said["stars"], "review_body": deed.said["text"]}
    return _track("Product Reviewed", _product(business, deed.said["sku"]) | told)


_MAKERS: dict[str, Maker] = {
    "page": _page,
    "screen": _screen,
    "view": _about_product("Product Viewed"),
    "shelf": _about_product("Product Viewed"),
    "stores": _about_product("Store Stock Viewed"),
    "wish": _about_product("Product Added to Wishlist"),
    "add": _about_product("Product Added"),
    "post": _about_product("Product Clicked"),
    "search": _search,
    "ad": _promotion("Promotion Clicked"),
    "flyer": _promotion("Promotion Clicked"),
    "cart": _cart,
    "checkout": _checkout,
    "order": _order,
    "sign_in": _sign_in,
    "joined": _joined,
    "opened": _opened,
    "act": _act,
    "review": _review,
}
