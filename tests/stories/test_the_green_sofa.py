"""The green sofa: one customer, one stock, from the first anonymous look to the till.

Told from outside: the tag's wire format in, the server API and the pages out, real processes and a
real database between.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest

from tests.stories.town import Town, refused

GREEN, BLUE = "SOFA-V2-GRN", "SOFA-V2-BLU"
HOME = "35.70,139.58"  # near Kichijoji, where she has just moved


def unique(word: str) -> str:
    return f"{word}-{uuid.uuid4().hex[:10]}"


@pytest.fixture
def sofa(town: Town) -> str:
    """A green sofa of this test's own: one in Kichijoji, one in Yokohama, none online."""
    return town.new_item(unique("SOFA-GRN"), {"kichijoji": 1, "yokohama": 1})


def look_at(town: Town, cookie: str, *skus: str) -> str:
    events = [
        {
            "type": "track",
            "event": "Product Viewed",
            "anonymousId": cookie,
            "properties": {"sku": sku, "name": "sofa", "price": 89800, "currency": "JPY"},
        }
        for sku in skus
    ]
    return town.tell("web", *events)[-1]


def test_from_the_first_look_to_the_hand_over(town: Town, sofa: str) -> None:
    cookie, mail, card = unique("phone"), f"{unique('s')}@example.jp", unique("card")
    blue = town.new_item(unique("SOFA-BLU"), {"kichijoji": 1, "warehouse": 1})

    # On her phone, nobody knows who she is; the blue one is online, the green one is not.
    seen = look_at(town, cookie, blue, sofa)
    online = town.api("GET", "/stock/availability", params={"sku": [sofa, blue],
                      "location_id": "warehouse"})["items"]  # fmt: skip
    assert {row["sku"] for row in online if row["available"] > 0} == {blue}
    nobody = town.look_up("anonymous_id", cookie, after=seen)

    # She asks by chat and gives her mail address; the same person, with her past.
    told = town.tell("chat", {"type": "identify", "anonymousId": cookie,
                     "traits": {"email": mail, "loyalty_card": card}})[-1]  # fmt: skip
    her = town.look_up("email", mail, after=told)
    assert her["customer_id"] == nobody["customer_id"]
    past = town.timeline(her["customer_id"])
    assert sofa in {item.get("summary", {}).get("sku") for item in past}

    # The agent finds the green one in the shop of her town and holds it for her.
    near = town.api("GET", "/stock/availability", params={"sku": sofa, "near": HOME,
                    "radius_km": 60})["items"]  # fmt: skip
    assert [row["location_id"] for row in near] == ["kichijoji", "yokohama"]
    assert near[0]["distance_km"] < 5 < near[1]["distance_km"]
    hold = town.hold(sofa, "kichijoji", customer_id=her["customer_id"])
    assert hold.headers["setten-event"]
    queue = town.queue("kichijoji")
    assert hold.json()["hold_id"] in {one["hold_id"] for one in queue}

    # The last one is promised: nobody else can have it held, and an asking till is told so.
    with refused(409, "not_enough_stock") as short:
        town.hold(sofa, "kichijoji")
    assert short.body["short"][0]["available"] == 0
    result = town.till("kichijoji", sofa, mode="ask")
    assert result["code"] == "promised_to_another"

    # She comes, gives the code, and has her sofa.
    collected = town.api("POST", f"/stock/holds/{hold.json()['hold_id']}/collect",
                         json={"code": hold.json()["code"]}, full=True)  # fmt: skip
    receipt = town.till("kichijoji", blue, mode="tell", loyalty_card=card)
    assert receipt["status"] == "booked"
    last = collected.headers["setten-event"]
    names = {item["name"] for item in town.timeline(her["customer_id"], after=last)}
    assert {"product.viewed", "stock.held", "stock.hold_collected"} <= names
    assert town.look_up("loyalty_card", card)["customer_id"] == her["customer_id"]
    assert town.reconcile()["drifts"] == []


def test_a_telling_till_sells_the_promised_one_and_everyone_knows_at_once(
    town: Town, sofa: str
) -> None:
    mail = f"{unique('s')}@example.jp"
    told = town.tell("web", {"type": "identify", "anonymousId": unique("c"),
                     "traits": {"email": mail}})[-1]  # fmt: skip
    her = town.look_up("email", mail, after=told)
    hold = town.hold(sofa, "kichijoji", customer_id=her["customer_id"]).json()

    sold = town.till("kichijoji", sofa, mode="tell")

    assert sold["status"] == "booked"
    now = town.api("GET", f"/stock/holds/{hold['hold_id']}")
    assert now["state"] == "short"
    assert now["alternative"] == "yokohama"
    timeline = town.timeline(her["customer_id"], wait_for="stock.hold_short")
    assert "stock.hold_short" in {item["name"] for item in timeline}
    assert town.reconcile()["drifts"] == []


def test_a_batch_sent_again_is_counted_once(town: Town) -> None:
    cookie = unique("c")
    event = {
        "type": "track",
        "event": "Product Viewed",
        "anonymousId": cookie,
        "messageId": unique("m"),
        "timestamp": datetime.now(UTC).isoformat(),
        "properties": {"sku": BLUE},
    }
    for _ in range(3):
        town.tell("web", event)
    customer = town.look_up("anonymous_id", cookie, after=event["messageId"])
    assert len(town.timeline(customer["customer_id"])) == 1


def test_one_bad_event_in_a_batch_hurts_nobody_else(town: Town) -> None:
    cookie, bad = unique("c"), unique("bad")
    good = [
        {"type": "track", "event": "Product Viewed", "anonymousId": cookie,
         "properties": {"sku": BLUE}}
        for _ in range(4)
    ]  # fmt: skip
    nobody = {"type": "track", "event": "Product Viewed", "messageId": bad}
    ids = town.tell("web", good[0], good[1], nobody, good[2], good[3])
    customer = town.look_up("anonymous_id", cookie, after=ids[-1])
    assert len(town.timeline(customer["customer_id"])) == 4
    with refused(409, "event_refused"):
        town.look_up("anonymous_id", cookie, after=bad)


def test_two_cookies_and_one_card_become_one_person(town: Town) -> None:
    card, first, second = unique("card"), unique("laptop"), unique("phone")
    look_at(town, first, BLUE)
    look_at(town, second, GREEN)
    town.tell("web", {"type": "identify", "anonymousId": first, "traits": {"loyalty_card": card}})
    told = town.tell("phone", {"type": "identify", "anonymousId": second,
                     "traits": {"loyalty_card": card}})[-1]  # fmt: skip
    one = town.look_up("loyalty_card", card, after=told)
    assert town.look_up("anonymous_id", first)["customer_id"] == one["customer_id"]
    assert town.look_up("anonymous_id", second)["customer_id"] == one["customer_id"]
    skus = {item.get("summary", {}).get("sku") for item in town.timeline(one["customer_id"])}
    assert {BLUE, GREEN} <= skus


def test_one_purchase_told_by_tag_shop_and_till_is_counted_once(town: Town) -> None:
    mail, order = f"{unique('o')}@example.jp", unique("W")
    body = {
        "type": "track",
        "event": "Order Completed",
        "context": {"traits": {"email": mail}},
        "properties": {"order_id": order, "total": 3360, "revenue": 3360, "currency": "JPY",
                       "products": [{"sku": "MUG-WHT", "quantity": 2, "price": 1680}]},
    }  # fmt: skip
    town.tell("web", body)
    town.till("kichijoji", "MUG-WHT", mode="tell", order={"system": "shop", "order_id": order})
    told = town.tell("shop", body)[-1]
    customer = town.look_up("email", mail, after=told)
    timeline = town.timeline(customer["customer_id"], wait_for="order.placed")
    assert [item["name"] for item in timeline].count("order.placed") == 1
    again = town.look_up("email", mail, after=told)
    assert sum(bought["n"] for bought in again["purchases"]) == 1
    assert sum(bought["total_minor"] for bought in again["purchases"]) == 3360


def test_ordered_online_and_found_in_a_shop(town: Town) -> None:
    mail, order = f"{unique('o')}@example.jp", unique("W")
    mug = town.new_item(unique("MUG"), {"yokohama": 1})
    told = town.tell("shop", {
        "type": "track",
        "event": "Order Completed",
        "context": {"traits": {"email": mail}},
        "properties": {"order_id": order, "total": 1680, "currency": "JPY",
                       "products": [{"sku": mug, "quantity": 1, "price": 1680}]},
    })[-1]  # fmt: skip
    customer = town.look_up("email", mail, after=told)
    hold = town.hold(mug, "yokohama", customer_id=customer["customer_id"],
                     purpose="order").json()  # fmt: skip
    found = town.api("POST", "/stock/holds/lookup", json={"code": hold["code"]})
    assert [one["hold_id"] for one in found["items"]] == [hold["hold_id"]]
