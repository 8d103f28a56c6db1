"""C05: one timeline and one view, in the same second, whoever looks."""

from __future__ import annotations

import uuid

from tests.stories.town import Town


def unique(word: str) -> str:
    return f"{word}-{uuid.uuid4().hex[:10]}"


def test_web_app_till_and_hold_stand_in_one_timeline(town: Town) -> None:
    card, cookie = unique("card"), unique("cookie")
    sku = town.new_item(unique("LAMP"), {"kichijoji": 3})
    told = town.tell(
        "web",
        {"type": "track", "event": "Product Viewed", "anonymousId": cookie,
         "properties": {"sku": sku, "name": "lamp"}},
        {"type": "track", "event": "Product Added", "anonymousId": cookie,
         "properties": {"sku": sku, "quantity": 1}},
        {"type": "identify", "anonymousId": cookie, "traits": {"loyalty_card": card}},
    )[-1]  # fmt: skip
    her = town.look_up("loyalty_card", card, after=told)
    held = town.hold(sku, "kichijoji", customer_id=her["customer_id"])
    town.till("kichijoji", sku, mode="tell", loyalty_card=card)
    items = town.timeline(her["customer_id"], wait_for="receipt.recorded",
                          after=held.headers["setten-event"])  # fmt: skip
    names = {item["name"] for item in items}
    assert {"product.viewed", "cart.reported", "customer.identified", "stock.held",
            "receipt.recorded"} <= names  # fmt: skip
    told_of = {item["name"]: item["summary"] for item in items}
    assert told_of["stock.held"]["sku"] == sku
    assert told_of["stock.held"]["hold_id"] == held.json()["hold_id"]
    assert told_of["receipt.recorded"]["total_minor"] == 1680
    times = [item["occurred_at"] for item in items]
    assert times == sorted(times, reverse=True)


def test_a_profile_adds_up_what_the_timeline_tells(town: Town) -> None:
    card = unique("card")
    town.tell("web", {"type": "identify", "traits": {"loyalty_card": card}})
    for _ in range(3):
        town.till("yokohama", "MUG-WHT", mode="tell", loyalty_card=card)
    told = town.tell("web", {"type": "page", "name": "x", "context": {
        "traits": {"loyalty_card": card}}})[-1]  # fmt: skip
    her = town.look_up("loyalty_card", card, after=told)
    assert sum(bought["n"] for bought in her["purchases"]) == 3
    assert sum(bought["total_minor"] for bought in her["purchases"]) == 3 * 1680
    assert her["counters"]["receipt.recorded"] == 3
    assert her["home_location_id"] == "yokohama"


def test_a_late_event_takes_its_own_place(town: Town) -> None:
    cookie = unique("cookie")
    past = "2026-01-05T10:00:00Z"
    late = {"type": "page", "name": "yesterday", "anonymousId": cookie, "timestamp": past}
    now = town.tell("web", {"type": "page", "name": "today", "anonymousId": cookie})[-1]
    seen = town.look_up("anonymous_id", cookie, after=now)["customer_id"]
    told = town.tell("web", late)[-1]
    items = town.timeline(seen, after=told)
    assert [item["summary"]["name"] for item in items] == ["today", "yesterday"]
