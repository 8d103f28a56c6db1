"""C19: one cart on every screen. Filled online, seen and completed in the shop; from outside."""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import signal
import time
import uuid
from typing import Any

import httpx
import pytest

from tests.stories.town import Refusal, Town, refused


def unique(word: str) -> str:
    return f"{word}-{uuid.uuid4().hex[:10]}"


@pytest.fixture(scope="module")
def public(town: Town) -> str:
    return town.process.command("keys", "create", "--scope", "public", "--name", unique("web"))


@pytest.fixture
def sofa(town: Town) -> str:
    return town.new_item(unique("SOFA"), {"kichijoji": 2, "yokohama": 1})


@pytest.fixture
def mug(town: Town) -> str:
    return town.new_item(unique("MUG"), {"kichijoji": 50, "warehouse": 50})


def open_cart(town: Town, key: str | None = None, **who: str) -> dict[str, Any]:
    found: dict[str, Any] = town.api("POST", "/carts", key=key, json=who)
    return found


def change(town: Town, cart: dict[str, Any], *changes: dict[str, Any], key: str | None = None,
           channel: str = "web", full: bool = False) -> Any:  # fmt: skip
    body = {"changes": list(changes), "channel": channel}
    return town.api("POST", f"/carts/{cart['cart_id']}/changes", key=key, json=body, full=full)


def add(sku: str, qty: int = 1, at: str | None = None) -> dict[str, Any]:
    way = {"method": "pickup", "location_id": at} if at else {}
    return {"op": "add", "sku": sku, "qty": qty} | way


def units(cart: dict[str, Any]) -> dict[str, int]:
    return {line["sku"]: line["qty"] for line in cart["lines"]}


def buy(town: Town, cart: dict[str, Any], *, total: int | None = None, **more: Any) -> Any:
    body = {
        "version": cart["version"],
        "total_minor": cart["total_minor"] if total is None else total,
        "channel": "store",
        "location_id": "kichijoji",
        "payments": [{"method": "counter"}],
    } | more
    return town.api("POST", f"/carts/{cart['cart_id']}/checkout", json=body)


def test_filled_on_a_phone_and_completed_in_the_shop(
    town: Town, public: str, sofa: str, mug: str
) -> None:
    cookie, mail = unique("phone"), f"{unique('c')}@example.jp"

    # On her phone, nobody knows who she is. The browser sees bands, never numbers.
    hers = open_cart(town, public, anonymous_id=cookie)
    hers = change(town, hers, add(sofa, at="kichijoji"), key=public)
    (line,) = hers["lines"]
    assert (line["band"], line["available"], line["problem"]) == ("few", None, None)
    assert (hers["customer_id"], hers["total_minor"]) == (None, 89800)
    assert [tax["tax_minor"] for tax in hers["taxes"]] == [89800 * 10 // 110]

    # Signed in on her laptop she puts something in there, and both are one cart.
    laptop = unique("laptop")
    other = open_cart(town, public, anonymous_id=laptop)
    change(town, other, add(mug, 2, at="kichijoji"), key=public)
    identify = {"type": "identify", "traits": {"email": mail}}
    town.tell("web", identify | {"anonymousId": cookie})
    told = town.tell("web", identify | {"anonymousId": laptop})[-1]
    her = town.look_up("email", mail, after=told)
    whole = open_cart(town, customer_id=her["customer_id"])
    assert units(whole) == {sofa: 1, mug: 2}
    assert units(town.api("GET", f"/carts/{hers['cart_id']}", key=public)) == units(whole)

    # At the counter she says her code; the associate sees the cart, adds a mug and completes it.
    code = town.api("POST", f"/carts/{hers['cart_id']}/codes", key=public)["code"]
    seen = town.api("POST", "/carts/lookup", json={"code": code})
    assert seen["customer_id"] == her["customer_id"]
    seen = change(town, seen, add(mug, 1), channel="store")
    assert units(seen) == {sofa: 1, mug: 3}
    bought = buy(town, seen)
    order = bought["order"]
    assert order["total_minor"] == 4 * 89800
    (held,) = bought["holds"]
    assert held["location_id"] == "kichijoji"
    assert held["code"] in {one["code"] for one in town.queue("kichijoji")}

    # The till names the order: it is paid, the goods are hers, and it is one purchase.
    receipt = town.till("kichijoji", sofa, mode="ask",
                        order={"system": "setten", "order_id": order["number"]})  # fmt: skip
    assert receipt["status"] == "booked", receipt
    assert receipt["collected"] == [held["hold_id"]]
    timeline = town.timeline(her["customer_id"], wait_for="order.placed")
    assert {"cart.changed", "stock.held"} <= {item["name"] for item in timeline}
    after = town.look_up("email", mail)
    assert sum(one["n"] for one in after["purchases"]) == 1

    # Her carts are over; what she puts in next starts a new one.
    with refused(404, "unknown_cart"):
        town.api("GET", f"/carts/{hers['cart_id']}", key=public)
    assert open_cart(town, public, anonymous_id=cookie)["lines"] == []


def test_a_till_that_rings_up_the_order_pays_it(town: Town, mug: str) -> None:
    cart = open_cart(town, anonymous_id=unique("c"))
    cart = change(town, cart, add(mug, 1, at="kichijoji"))
    order = buy(town, cart)["order"]
    town.till("kichijoji", mug, mode="tell",
              order={"system": "setten", "order_id": order["number"]})  # fmt: skip
    whole: dict[str, Any] = {}
    for _ in range(200):
        whole = town.api("GET", f"/orders/{order['order_id']}")
        if whole["payments"][0]["state"] == "captured":
            break
    (payment,) = whole["payments"]
    assert (payment["method"], payment["state"]) == ("counter", "captured")
    assert [one["kind"] for one in whole["evidence"]] == ["receipt"]
    # The shop's own system may tell of it too: it stays one order.
    again = {"order_id": order["number"], "total": 1, "currency": "JPY"}
    town.tell("shop", {"type": "track", "event": "Order Completed", "anonymousId": unique("c"),
              "properties": again})  # fmt: skip
    found = town.api("POST", "/orders/lookup", json={"number": order["number"].lower()})["items"]
    assert [one["system"] for one in found] == ["setten"]


def test_two_screens_at_once_lose_nothing(town: Town, public: str, mug: str, sofa: str) -> None:
    cart = open_cart(town, public, anonymous_id=unique("c"))
    with concurrent.futures.ThreadPoolExecutor(8) as hands:
        done = list(hands.map(
            lambda n: change(town, cart, add((mug, sofa)[n % 2]), key=(public, None)[n % 2]),
            range(16),
        ))  # fmt: skip
    assert len(done) == 16
    now = town.api("GET", f"/carts/{cart['cart_id']}")
    assert units(now) == {mug: 8, sofa: 8}
    line = next(one for one in now["lines"] if one["sku"] == mug)
    change(town, cart, {"op": "set", "sku": mug, "qty": 2, "version": line["version"]})
    with refused(409, "line_changed") as told:
        change(town, cart, {"op": "set", "sku": mug, "qty": 9, "version": line["version"]})
    assert told.body["qty"] == 2


def test_the_same_request_twice_counts_once(town: Town, mug: str) -> None:
    cart = open_cart(town, anonymous_id=unique("c"))
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    body = {"changes": [add(mug, 1, at="kichijoji")], "channel": "web"}
    path = f"/carts/{cart['cart_id']}/changes"
    first = town.api("POST", path, json=body, headers=headers)
    assert town.api("POST", path, json=body, headers=headers) == first
    with refused(409, "idempotency_key_reused"):
        town.api("POST", path, json=body | {"channel": "app"}, headers=headers)
    order = {"version": first["version"], "total_minor": first["total_minor"],
             "payments": [{"method": "counter"}]}  # fmt: skip
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    path = f"/carts/{cart['cart_id']}/checkout"
    bought = town.api("POST", path, json=order, headers=headers)
    assert town.api("POST", path, json=order, headers=headers) == bought


def test_filled_in_the_shop_and_taken_home(town: Town, public: str, sofa: str) -> None:
    walk_in = open_cart(town, anonymous_id=unique("tablet"), channel="store")
    change(town, walk_in, add(sofa, 1, at="kichijoji"), channel="store")
    made = town.api("POST", f"/carts/{walk_in['cart_id']}/codes")
    home = open_cart(town, public, anonymous_id=unique("phone"))
    taken = town.api("POST", f"/carts/{home['cart_id']}/take", key=public,
                     json={"token": made["token"]})  # fmt: skip
    assert units(taken) == {sofa: 1}
    with refused(404, "unknown_cart_code"):
        town.api("POST", f"/carts/{home['cart_id']}/take", key=public,
                 json={"token": made["token"]})  # fmt: skip


def test_a_browser_sees_only_its_own_and_buys_nothing(town: Town, public: str, mug: str) -> None:
    her = open_cart(town, anonymous_id=unique("c"))
    with refused(404, "customer_not_found"):
        open_cart(town, public, customer_id=str(uuid.uuid4()))
    with refused(403, "wrong_scope"):
        town.api("POST", "/carts/lookup", key=public, json={"code": "123456"})
    with refused(403, "wrong_scope"):
        town.api("POST", f"/carts/{her['cart_id']}/checkout", key=public,
                 json={"version": 0, "total_minor": 0})  # fmt: skip
    with refused(404, "unknown_item"):
        change(town, her, add("no such thing"), key=public)


def test_what_changed_since_it_was_shown_is_told(town: Town, sofa: str) -> None:
    cart = open_cart(town, anonymous_id=unique("c"))
    cart = change(town, cart, add(sofa, 1, at="yokohama"))
    town.api("PUT", "/stock/items", json={"items": [
        {"sku": sofa, "name": "sofa", "price": 99000, "tax_rate": 0.1}]})  # fmt: skip
    with refused(409, "price_changed") as told:
        buy(town, cart)
    assert (told.body["total_minor"], told.body["shown_minor"]) == (99000, 89800)
    town.hold(sofa, "yokohama")
    with refused(409, "not_enough_stock") as gone:
        buy(town, cart, total=99000)
    assert gone.body["alternatives"] == [{"sku": sofa, "location_id": "kichijoji"}]
    with refused(409, "cart_changed"):
        buy(town, cart | {"version": cart["version"] - 1}, total=99000)


def test_many_buyers_of_the_last_two(town: Town, sofa: str) -> None:
    carts = []
    for _ in range(12):
        cart = open_cart(town, anonymous_id=unique("c"))
        carts.append(change(town, cart, add(sofa, 1, at="kichijoji")))

    def one(cart: dict[str, Any]) -> str:
        try:
            buy(town, cart)
        except Refusal as refusal:
            return str(refusal.body["code"])
        return "bought"

    with concurrent.futures.ThreadPoolExecutor(12) as hands:
        done = list(hands.map(one, carts * 2))
    assert done.count("bought") == 2
    assert set(done) <= {"bought", "not_enough_stock", "unknown_cart"}
    assert town.reconcile()["drifts"] == []


def test_sent_home_and_cancelled_in_part(town: Town, mug: str) -> None:
    cart = open_cart(town, anonymous_id=unique("c"))
    cart = change(town, cart, add(mug, 3))
    quote = town.api("POST", f"/carts/{cart['cart_id']}/quote", json={"postcode": "180-0004"})
    assert quote["way"] is None, quote
    assert quote["total_minor"] == quote["goods_minor"] + quote["shipping_minor"]
    with refused(409, "postcode_missing"):
        buy(town, quote)
    address = {"name": "佐伯 美和", "postcode": "180-0004", "city": "武蔵野市", "street": "1-2-3"}
    paid = [{"method": "card", "state": "captured", "provider": "pay", "reference": "pi_1"}]
    bought = buy(town, quote, address=address, payments=paid)
    order = bought["order"]
    assert "佐伯" not in str(bought)
    back = town.api("POST", f"/orders/{order['order_id']}/cancel",
                    json={"lines": [{"line_no": 1, "qty": 1}], "reason": "wished"})  # fmt: skip
    assert back["amount_minor"] == 89800
    assert [one["refunded_minor"] for one in back["refunds"]] == [89800]
    whole = town.api("POST", f"/orders/{order['order_id']}/cancel", json={})
    assert whole["order"]["state"] == "cancelled"
    assert whole["refunds"][0]["state"] == "refunded"
    with refused(409, "order_cancelled"):
        town.api("POST", f"/orders/{order['order_id']}/cancel", json={})
    assert town.reconcile()["drifts"] == []


def insist(town: Town, path: str, body: dict[str, Any], key: str) -> dict[str, Any]:
    """The same request with the same key until somebody answers it."""
    headers = {"Authorization": f"Bearer {town.key}", "Idempotency-Key": key}
    deadline = time.monotonic() + 60
    while True:
        with contextlib.suppress(httpx.TransportError):
            answer = httpx.post(f"{town.process.base_url}/api/v1{path}", json=body,
                                headers=headers, timeout=20)  # fmt: skip
            if answer.status_code < 500:
                found: dict[str, Any] = answer.json()
                return found
            assert answer.status_code == 503, answer.text
        assert time.monotonic() < deadline, path
        time.sleep(0.05)


def test_a_server_that_dies_while_carts_are_ordered_orders_each_once(town: Town, mug: str) -> None:
    carts = []
    for _ in range(16):
        cart = open_cart(town, anonymous_id=unique("c"))
        carts.append(change(town, cart, add(mug, 1, at="kichijoji")))
    pids = [pid for name, pid in town.process.pids().items() if name.startswith("web-")]
    paid = [{"method": "card", "state": "captured"}]

    def one(cart: dict[str, Any]) -> dict[str, Any]:
        body = {"version": cart["version"], "total_minor": cart["total_minor"], "payments": paid}
        return insist(town, f"/carts/{cart['cart_id']}/checkout", body, str(uuid.uuid4()))

    with concurrent.futures.ThreadPoolExecutor(9) as hands:
        buying = [hands.submit(one, cart) for cart in carts]
        for pid in pids:
            time.sleep(0.15)
            os.kill(pid, signal.SIGKILL)
        done = [task.result() for task in buying]

    assert all("order" in one for one in done), done
    assert len({one["order"]["order_id"] for one in done}) == 16
    for one in done:
        whole = town.api("GET", f"/orders/{one['order']['order_id']}")
        assert [p["captured_minor"] for p in whole["payments"]] == [89800]
        assert len(whole["hold_ids"]) == 1
    balance = town.api("GET", "/stock/availability", params={"sku": mug,
                       "location_id": "kichijoji"})["items"]  # fmt: skip
    assert balance[0]["available"] == 50 - 16
    assert town.reconcile()["drifts"] == []
