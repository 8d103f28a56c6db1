"""Everybody at once on one thing, through two web processes: each deed is done once, none half.

After "ACIDRain" (SIGMOD 2017), whose attacks were on carts, vouchers and stock of running shops.
"""

from __future__ import annotations

import concurrent.futures
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.stories.town import Refusal, Town

PLACE, OTHER = "kichijoji", "yokohama"
CROWD = 12
NOW = datetime.now(UTC)
TODAY = NOW.date().isoformat()


def new(town: Town, qty: int, *, at: str = PLACE) -> str:
    return town.new_item(f"ATT-{uuid.uuid4().hex[:10]}", {at: qty})


def crowd(*deeds: Callable[[], Any]) -> Counter[str]:
    """All at the same moment: how often each answer came, "done" or the code of the refusal."""

    def one(deed: Callable[[], Any]) -> str:
        try:
            deed()
        except Refusal as refusal:
            return str(refusal.body.get("code") if refusal.status != 500 else refusal)
        return "done"

    with concurrent.futures.ThreadPoolExecutor(len(deeds)) as people:
        return Counter(people.map(one, deeds))


def row(town: Town, sku: str, at: str = PLACE) -> dict[str, Any]:
    rows = town.api("GET", "/stock/balances", params={"sku": sku})["items"]
    return next(one for one in rows if one["location_id"] == at)


def cart_with(town: Town, sku: str, qty: int) -> dict[str, Any]:
    cart = town.api("POST", "/carts", json={"anonymous_id": uuid.uuid4().hex})
    change = {"op": "add", "sku": sku, "qty": qty, "method": "pickup", "location_id": PLACE}
    return dict(town.api("POST", f"/carts/{cart['cart_id']}/changes", json={"changes": [change]}))


def checkout(town: Town, cart: dict[str, Any], **more: Any) -> Any:
    body = {"version": cart["version"], "total_minor": cart["total_minor"], "channel": "web"}
    return town.api("POST", f"/carts/{cart['cart_id']}/checkout", json=body | more)


def test_a_cart_is_bought_once_and_nothing_slips_in_unpaid(town: Town) -> None:
    sku = new(town, 40)
    cart = cart_with(town, sku, 2)
    more = {"changes": [{"op": "add", "sku": sku, "qty": 9, "method": "pickup",
                         "location_id": PLACE}]}  # fmt: skip
    add = lambda: town.api("POST", f"/carts/{cart['cart_id']}/changes", json=more)  # noqa: E731
    answers = crowd(*[lambda: checkout(town, cart)] * CROWD, add)
    assert answers["done"] in (1, 2)  # one checkout and the edit, or the edit came first
    held = row(town, sku)["held"]
    assert held in (0, 2)  # never the nine that nobody saw the price of
    assert town.reconcile()["drifts"] == []


def test_one_purchase_comes_back_once_over_all_counters(town: Town) -> None:
    sku = new(town, 5)
    sold = town.till(PLACE, sku, mode="tell", qty=3)
    before = row(town, sku)["on_hand"]
    bought = town.api("POST", "/returns/lookup", json={"receipt_id": sold["receipt_id"]})
    line = bought["items"][0]["lines"][0]["line_no"]
    body = {"location_id": OTHER, "receipt_id": sold["receipt_id"], "reason": "wrong_size",
            "lines": [{"line_no": line, "qty": 2, "condition": "resaleable"}]}  # fmt: skip
    answers = crowd(*[lambda: town.api("POST", "/returns", json=body)] * CROWD)
    assert answers["done"] == 1
    assert set(answers) == {"done", "more_than_sold"}
    assert row(town, sku)["on_hand"] == before
    assert row(town, sku, OTHER)["on_hand"] == 2


def test_a_van_leaves_once_and_arrives_once(town: Town) -> None:
    sku = new(town, 10)
    plan = {"from_location": PLACE, "to_location": OTHER, "lines": [{"sku": sku, "qty": 4}],
            "ref": f"T-{uuid.uuid4().hex}"}  # fmt: skip
    told = crowd(*[lambda: town.api("POST", "/stock/transfers", json=plan)] * CROWD)
    assert set(told) <= {"done", "transfer_ref_used"}
    assert row(town, sku)["on_hand"] == 6
    paper = town.api("POST", "/stock/transfers", json=plan)["transfer_id"]
    path, came = f"/stock/transfers/{paper}", {"lines": [{"sku": sku, "qty": 4}]}
    answers = crowd(*[lambda: town.api("POST", f"{path}/receive", json=came)] * CROWD,
                    lambda: town.api("POST", f"{path}/close", json={}))  # fmt: skip
    assert answers == {"done": 1, "transfer_ended": CROWD}
    rows = {one["location_id"]: one["on_hand"] for one in town.api(
        "GET", "/stock/balances", params={"sku": sku})["items"]}  # fmt: skip
    assert (rows[PLACE], rows.get(OTHER, 0)) in ((6, 4), (6, 0))
    assert town.reconcile()["drifts"] == []


def test_a_sheet_is_booked_once_whoever_presses(town: Town) -> None:
    sku = new(town, 8)
    sheet = town.api("POST", "/stock/counts", json={"location_id": PLACE, "skus": [sku]})
    path = f"/stock/counts/{sheet['count_id']}"
    town.api("POST", f"{path}/lines", json={"lines": [{"sku": sku, "qty": 8}]})
    sale = lambda: town.till(PLACE, sku, mode="tell")  # noqa: E731
    answers = crowd(*[lambda: town.api("POST", f"{path}/submit", json={})] * CROWD, sale, sale)
    assert answers["done"] == 3
    assert row(town, sku)["on_hand"] == 6  # what was sold meanwhile is not lost by the count
    assert town.reconcile()["drifts"] == []


ADDRESS = {"name": "佐伯 美和", "postcode": "180-0004", "city": "武蔵野市", "street": "1-2-3"}


def parcel(town: Town, sku: str, qty: int) -> tuple[str, dict[str, Any]]:
    """An order to be sent from the warehouse: its id, and its one part."""
    cart = town.api("POST", "/carts", json={"anonymous_id": uuid.uuid4().hex})
    path = f"/carts/{cart['cart_id']}"
    add = {"changes": [{"op": "add", "sku": sku, "qty": qty, "method": "ship"}]}
    town.api("POST", f"{path}/changes", json=add)
    quote = town.api("POST", f"{path}/quote", json={"postcode": ADDRESS["postcode"]})
    paid = [{"method": "card", "state": "captured", "provider": "pay", "reference": sku}]
    bought = checkout(town, quote | cart, version=quote["version"], payments=paid,
                      total_minor=quote["total_minor"], address=ADDRESS)["order"]  # fmt: skip
    (part,) = town.api("GET", f"/orders/{bought['order_id']}/where")["parts"]
    return str(bought["order_id"]), part


def test_two_who_pick_one_parcel_pick_it_once_and_it_leaves_once(town: Town) -> None:
    sku = new(town, 3, at="warehouse")
    order, part = parcel(town, sku, 2)
    path = f"/fulfilments/{part['fulfilment_id']}"
    for verb, ahead in (("accept", {}), ("pick", {}), ("pack", {}),
                        ("ship", {"carrier": "yamato", "carrier_ref": "4912"})):  # fmt: skip
        answers = crowd(*[lambda v=verb, a=ahead: town.api("POST", f"{path}/{v}", json=a)] * 6)
        assert answers["done"] >= 1
        assert set(answers) <= {"done", "wrong_step"}
    told = town.api("GET", f"/orders/{order}/where")
    assert told["standing"] == "shipped"
    at = row(town, sku, "warehouse")
    assert (at["on_hand"], at["held"]) == (1, 0)
    assert town.reconcile()["drifts"] == []


@pytest.mark.parametrize("last", ["pick", "ship", "reject"])
def test_an_order_cancelled_while_it_is_picked_is_cancelled_or_goes_out(
    town: Town, last: str
) -> None:
    sku = new(town, 2, at="warehouse")
    order, part = parcel(town, sku, 2)
    path = f"/fulfilments/{part['fulfilment_id']}"
    if last == "ship":
        for verb in ("accept", "pick", "pack"):
            town.api("POST", f"{path}/{verb}", json={})
    body = {"ship": {"carrier": "yamato", "carrier_ref": "4912"},
            "reject": {"reason": "no_time"}}.get(last, {})  # fmt: skip
    answers = crowd(
        *[lambda: town.api("POST", f"{path}/{last}", json=body)] * 5,
        *[lambda: town.api("POST", f"/orders/{order}/cancel", json={"reason": "wished"})] * 5,
    )
    assert answers["done"] >= 1
    told, at = town.api("GET", f"/orders/{order}/where"), row(town, sku, "warehouse")
    if told["standing"] == "cancelled":
        assert (at["on_hand"], at["held"]) == (2, 0), "all of it is free again"
        kept = town.api("GET", f"/orders/{order}")["payments"]
        assert sum(one["captured_minor"] - one["refunded_minor"] for one in kept) == 0
    else:
        assert told["standing"] in ("shipped", "preparing", "waiting")
        assert at["on_hand"] + at["held"] == (0 if told["standing"] == "shipped" else 2)
    assert town.reconcile()["drifts"] == []


def test_a_cart_edited_on_two_screens_while_she_signs_in_keeps_every_line(town: Town) -> None:
    skus = [new(town, 9) for _ in range(3)]
    phone, laptop, mail = (f"a{uuid.uuid4().hex}" for _ in range(3))
    mail = f"{mail}@example.jp"
    carts = [town.api("POST", "/carts", json={"anonymous_id": one}) for one in (phone, laptop)]

    def put(number: int) -> Any:
        add = {"op": "add", "sku": skus[number % 3], "qty": 1, "method": "pickup",
               "location_id": PLACE}  # fmt: skip
        path = f"/carts/{carts[number % 2]['cart_id']}/changes"
        return town.api("POST", path, json={"changes": [add]})

    def sign_in(one: str) -> Any:
        told = {"type": "identify", "anonymousId": one, "traits": {"email": mail}}
        return town.tell("web", told)

    answers = crowd(*[lambda n=n: put(n) for n in range(18)],
                    lambda: sign_in(phone), lambda: sign_in(laptop))  # fmt: skip
    assert answers == {"done": 20}
    told = sign_in(laptop)[-1]
    her = town.look_up("email", mail, after=told)
    whole = town.api("POST", "/carts", json={"customer_id": her["customer_id"]})
    assert {line["sku"]: line["qty"] for line in whole["lines"]} == dict.fromkeys(skus, 6)


def test_a_hold_ends_in_one_way(town: Town) -> None:
    sku = new(town, 6)
    held = town.hold(sku, PLACE, qty=6).json()
    path = f"/stock/holds/{held['hold_id']}"
    deeds = [
        lambda: town.api("POST", f"{path}/collect", json={"code": held["code"]}),
        lambda: town.api("POST", f"{path}/release", json={}),
        lambda: town.api("POST", f"{path}/hand-over", json={
            "code": held["code"], "lines": [{"sku": sku, "location_id": PLACE, "qty": 2}]}),
        lambda: town.api("POST", f"{path}/not-on-shelf", json={"sku": sku, "location_id": PLACE}),
    ]  # fmt: skip
    answers = crowd(*deeds * 3)
    assert answers["done"] == 1
    assert row(town, sku)["held"] == 0
    assert town.reconcile()["drifts"] == []


def test_who_stands_in_the_line_takes_what_one_may_however_often_they_press(town: Town) -> None:
    sku, name = new(town, 9), f"r{uuid.uuid4().hex[:8]}"
    release = {
        "release_id": name, "name": "先着", "location_id": PLACE, "per_person": 2,
        "goods": [{"sku": sku, "qty": 9}], "opens_at": (NOW - timedelta(hours=1)).isoformat(),
        "ends_at": (NOW + timedelta(hours=2)).isoformat(), "needs_customer": False,
        "per_minute": 6000,
    }  # fmt: skip
    kept = town.api("PUT", "/stock/releases", json={"releases": [release]})
    assert kept == {"written": 1, "refused": []}
    path = f"/stock/releases/{name}/tickets"
    ticket = town.api("POST", path, json={})["ticket_id"]
    body = {"ticket_id": ticket, "lines": [{"sku": sku, "qty": 1}]}
    answers = crowd(*[lambda: town.api("POST", "/stock/releases/tickets/take", json=body)] * CROWD)
    assert answers["done"] == 2
    assert row(town, sku)["held"] == 2


def test_one_key_means_one_deed_whatever_is_sent_under_it_at_once(town: Town) -> None:
    sku = new(town, 50)
    key = {"Idempotency-Key": uuid.uuid4().hex}
    region = {"near": {"lat": 35.7031, "lon": 139.5797}, "radius_km": 60}

    def ask(qty: int) -> Any:
        body = {"region": region, "lines": [{"sku": sku, "qty": qty}]}
        return town.api("POST", "/stock/holds/regional", json=body, headers=key)

    answers = crowd(*[lambda: ask(1)] * CROWD, *[lambda: ask(2)] * CROWD)
    assert answers == {"done": CROWD, "idempotency_key_reused": CROWD}
    assert row(town, sku)["held"] in (1, 2)


HUGE = 2**31
WRONG = [0, -1, HUGE, 2**63, 2**64]


@pytest.mark.parametrize("qty", WRONG)
def test_no_number_of_units_breaks_anything(town: Town, qty: int) -> None:
    sku = new(town, 3)
    before = row(town, sku)
    held = town.hold(sku, PLACE).json()
    path, line = f"/stock/holds/{held['hold_id']}", {"sku": sku, "location_id": PLACE, "qty": qty}
    cart = town.api("POST", "/carts", json={"anonymous_id": uuid.uuid4().hex})["cart_id"]
    add = {"op": "add", "sku": sku, "qty": qty, "method": "pickup", "location_id": PLACE}
    deeds = [
        lambda: town.api("POST", "/stock/holds", json={"lines": [line]}),
        lambda: town.api("POST", "/stock/holds/regional", json={
            "region": {}, "lines": [{"sku": sku, "qty": qty}]}),
        lambda: town.api("POST", f"{path}/hand-over", json={"code": held["code"], "lines": [line]}),
        lambda: town.api("POST", "/stock/transfers", json={
            "from_location": PLACE, "to_location": OTHER, "lines": [{"sku": sku, "qty": qty}]}),
        lambda: town.api("POST", "/stock/preorders", json=line),
        lambda: town.api("POST", "/fulfilments/plan", json={"lines": [{"sku": sku, "qty": qty}]}),
    ]  # fmt: skip
    assert "done" not in crowd(*deeds)
    crowd(lambda: town.api("POST", f"/carts/{cart}/changes", json={"changes": [add]}))
    assert town.api("GET", f"/carts/{cart}")["lines"] == []  # one less of nothing is nothing
    told = town.till(PLACE, sku, mode="tell", qty=qty) if abs(qty) > 1 else {"status": "refused"}
    assert told["status"] != "booked"
    after = row(town, sku)
    assert (after["on_hand"], after["held"]) == (before["on_hand"] - 1, 1)


def test_no_receipt_takes_a_row_beyond_what_can_be_counted(town: Town) -> None:
    sku = new(town, 1)

    def receipt(number: int) -> dict[str, Any]:
        line = {"sku": sku, "qty": 100_000, "amount": 100_000, "tax_rate": 0.1}
        return {"location_id": PLACE, "register": "9", "sequence": f"{sku}-{number}",
                "business_day": TODAY, "at": datetime.now(UTC).isoformat(), "mode": "tell",
                "lines": [line] * 900, "tenders": [], "tax": []}  # fmt: skip

    results = []
    for first in range(0, 14, 7):  # as many as a body may hold
        body = {"receipts": [receipt(first + one) for one in range(7)]}
        results += town.api("POST", "/receipts", json=body)["results"]
    told = Counter((one["status"], one.get("reason")) for one in results)
    assert told == {("booked", None): 11, ("refused", "too_many"): 3}
    assert row(town, sku)["on_hand"] == 1 - 11 * 90_000_000
    assert town.till(PLACE, new(town, 1), mode="tell")["status"] == "booked"


def test_what_is_somebody_elses_or_nowhere_is_not_found(town: Town) -> None:
    nobody = uuid.uuid4()
    sku = new(town, 1)
    at = {"sku": sku, "location_id": "no-such-place", "qty": 1}
    answers = crowd(
        lambda: town.api("POST", "/stock/holds", json={"lines": [at]}),
        lambda: town.api("POST", f"/stock/holds/{nobody}/release", json={}),
        lambda: town.api("POST", f"/stock/holds/{nobody}/route", json={}),
        lambda: town.api("POST", f"/carts/{nobody}/checkout", json={
            "version": 0, "total_minor": 1, "channel": "web"}),
        lambda: town.api("POST", f"/orders/{nobody}/cancel", json={}),
        lambda: town.api("POST", f"/fulfilments/{nobody}/accept", json={}),
        lambda: town.api("POST", f"/stock/transfers/{nobody}/ship", json={}),
        lambda: town.api("POST", f"/stock/counts/{nobody}/submit", json={}),
        lambda: town.api("POST", "/returns", json={
            "location_id": PLACE, "receipt_id": str(nobody), "reason": "other",
            "lines": [{"line_no": 1, "qty": 1, "condition": "resaleable"}]}),
    )  # fmt: skip
    assert set(answers) <= {
        "unknown_goods", "unknown_hold", "unknown_cart", "unknown_order", "unknown_fulfilment",
        "unknown_transfer", "unknown_count", "unknown_purchase",
    }  # fmt: skip
