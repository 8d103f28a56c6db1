"""C18: bought online, returned in a shop, and the reverse: money, stock, history come right."""

from __future__ import annotations

import concurrent.futures
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.stories.town import Refusal, Town, refused


def unique(word: str) -> str:
    return f"{word}-{uuid.uuid4().hex[:10]}"


@pytest.fixture
def mug(town: Town) -> str:
    return town.new_item(unique("MUG"), {"kichijoji": 9, "yokohama": 1})


def bought_online(town: Town, mug: str, *, qty: int = 2) -> dict[str, Any]:
    """Paid by card, collected in Kichijoji."""
    cart = town.api("POST", "/carts", json={"anonymous_id": unique("c")})
    path = f"/carts/{cart['cart_id']}"
    change = {"op": "add", "sku": mug, "qty": qty, "method": "pickup", "location_id": "kichijoji"}
    cart = town.api("POST", f"{path}/changes", json={"changes": [change], "channel": "web"})
    paid = [{"method": "card", "state": "captured", "provider": "pay", "reference": unique("pi")}]
    body = {"version": cart["version"], "total_minor": cart["total_minor"], "payments": paid}
    done: dict[str, Any] = town.api("POST", f"{path}/checkout", json=body)
    return done


def collect(town: Town, bought: dict[str, Any]) -> None:
    (hold,) = bought["holds"]
    town.api("POST", f"/stock/holds/{hold['hold_id']}/hand-over", json={"code": hold["code"]})


def give_back(town: Town, **body: Any) -> dict[str, Any]:
    asked = {"location_id": "yokohama", "reason": "changed_mind"} | body
    done: dict[str, Any] = town.api("POST", "/returns", json=asked)
    return done


def one(line_no: int, qty: int = 1, condition: str = "resaleable") -> list[dict[str, Any]]:
    return [{"line_no": line_no, "qty": qty, "condition": condition}]


def free(town: Town, sku: str, at: str) -> int:
    rows = town.api("GET", "/stock/availability", params={"sku": sku, "location_id": at})["items"]
    return int(rows[0]["available"]) if rows else 0


def test_bought_online_and_returned_in_another_shop(town: Town, mug: str) -> None:
    bought = bought_online(town, mug)
    order = bought["order"]
    asked = {"order_id": order["order_id"]}
    (found,) = town.api("POST", "/returns/lookup", json=asked)["items"]
    assert [line["can_return"] for line in found["lines"]] == [0]  # it still lies in the shop
    collect(town, bought)
    (found,) = town.api("POST", "/returns/lookup", json=asked)["items"]
    assert [line["can_return"] for line in found["lines"]] == [2]
    done = give_back(town, order_id=found["order_id"], lines=one(1))
    assert done["total"] == 89800
    assert [(x["kind"], x["amount_minor"]) for x in done["refunds"]] == [("card", 89800)]
    assert free(town, mug, "yokohama") == 2
    with refused(409, "more_than_sold") as over:
        give_back(town, order_id=found["order_id"], lines=one(1, 2))
    assert over.body["lines"][0]["can_return"] == 1
    town_order = town.api("GET", f"/orders/{order['order_id']}")
    assert "refunded" in str(town_order)
    assert town.reconcile()["drifts"] == []


def test_bought_in_a_shop_with_a_card_and_returned_elsewhere_with_the_receipt(
    town: Town, mug: str
) -> None:
    card, mail = unique("card"), f"{unique('s')}@example.jp"
    told = town.tell("chat", {"type": "identify", "anonymousId": unique("a"),
                     "traits": {"email": mail, "loyalty_card": card}})[-1]  # fmt: skip
    her = town.look_up("email", mail, after=told)
    sale = town.till("kichijoji", mug, mode="tell", qty=2, loyalty_card=card)
    before = town.look_up("email", mail, after=sale["event_id"])
    (found,) = town.api("POST", "/returns/lookup", json={"customer_id": her["customer_id"]})[
        "items"]  # fmt: skip
    assert found["receipt_id"] == sale["receipt_id"]
    answer = town.api("POST", "/returns", full=True, json={
        "location_id": "yokohama", "reason": "faulty", "receipt_id": sale["receipt_id"],
        "lines": one(0, 1, "damaged")})  # fmt: skip
    done = answer.json()
    assert [(x["kind"], x["amount_minor"]) for x in done["refunds"]] == [("cash", 1680)]
    assert free(town, mug, "yokohama") == 1  # what is damaged is not for sale
    past = town.timeline(her["customer_id"], after=answer.headers["setten-event"])
    assert past[0]["name"] == "return.recorded"
    after = town.look_up("email", mail, after=answer.headers["setten-event"])
    spent = [sum(x["total_minor"] for x in who["purchases"]) for who in (before, after)]
    assert spent[0] - spent[1] == 1680  # what came back is no longer spent
    assert town.reconcile()["drifts"] == []


def test_two_shops_at_once_take_the_same_thing_back_once(town: Town, mug: str) -> None:
    sale = town.till("kichijoji", mug, mode="tell", qty=3)

    def bring(number: int) -> str:
        place = ("kichijoji", "yokohama")[number % 2]
        try:
            give_back(town, location_id=place, receipt_id=sale["receipt_id"], lines=one(0))
        except Refusal as refusal:
            return str(refusal.body["code"])
        return "taken"

    with concurrent.futures.ThreadPoolExecutor(8) as hands:
        done = list(hands.map(bring, range(8)))
    assert done.count("taken") == 3
    assert set(done) == {"taken", "more_than_sold"}
    assert town.reconcile()["drifts"] == []


def test_an_exchange_holds_the_other_size_at_once(town: Town, mug: str) -> None:
    sale = town.till("kichijoji", mug, mode="tell", qty=1)
    other = town.new_item(unique("MUG-L"), {"yokohama": 1})
    asked = {"receipt_id": sale["receipt_id"], "lines": one(0), "reason": "wrong_size",
             "exchange": [{"sku": other, "location_id": "yokohama", "qty": 1}]}  # fmt: skip
    done = give_back(town, **asked)
    assert done["exchange"]["to_pay"] == 89800 - 1680
    assert done["refunds"] == []
    with refused(409, "not_enough_stock"):
        town.hold(other, "yokohama")
    assert free(town, mug, "yokohama") == 2


def test_limits_refuse_clearly_and_without_proof_it_takes_a_reason(town: Town, mug: str) -> None:
    rule = town.api("GET", "/returns/policy")
    assert (rule["days"], rule["per_customer_max"]) == (30, 10)
    cheap = town.new_item(unique("PEN"), {"kichijoji": 1})
    pen = {"sku": cheap, "name": {"ja": "ペン", "en": "Pen"}, "price": 500, "tax_rate": 0.1}
    town.api("PUT", "/stock/items", json={"items": [pen]})
    proofless = {"lines": [{"sku": cheap, "qty": 1, "condition": "resaleable"}]}
    with refused(409, "proof_needed"):
        give_back(town, **proofless)
    done = give_back(town, **proofless, override_reason="贈り物で、レシートがない")
    assert [(x["kind"], x["amount_minor"]) for x in done["refunds"]] == [("credit", 500)]
    with refused(404, "unknown_purchase"):
        give_back(town, receipt_id=str(uuid.uuid4()), lines=one(0))
    shown = town.api("GET", f"/returns/{done['return_id']}")
    assert shown["return_no"] == done["return_no"]


def receipt(sku: str, at: str, qty: int, **more: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "location_id": at, "register": "5", "sequence": unique("r"), "at": now.isoformat(),
        "business_day": now.date().isoformat(),
        "lines": [{"sku": sku, "qty": qty, "amount": 89800 * qty, "tax_rate": 0.1}],
        "tenders": [{"kind": "cash", "amount": 89800 * qty}],
    } | more  # fmt: skip


def at_tills(town: Town, at: str) -> list[dict[str, Any]]:
    params = {"location_id": at}
    found: list[dict[str, Any]] = town.api("GET", "/returns/at-tills", params=params)["items"]
    return found


def can_return(town: Town, receipt_id: str) -> int:
    (found,) = town.api("POST", "/returns/lookup", json={"receipt_id": receipt_id})["items"]
    return int(found["lines"][0]["can_return"])


def until(claim: Callable[[], bool]) -> None:
    """The job that looks comes within ten seconds."""
    deadline = time.monotonic() + 60
    while not claim():
        assert time.monotonic() < deadline, "nobody looked"
        time.sleep(0.1)


def test_given_back_for_cash_at_a_till_it_cannot_come_back_again_with_its_receipt(
    town: Town,
) -> None:
    (shop,) = town.open_shops((35.70, 139.58))
    here, sku = shop.location_id, unique("SOFA")
    town.new_item(sku, {here: 3})
    bought = town.api("POST", "/receipts", json={"receipts": [receipt(sku, here, 1)]})
    receipt_id = bought["results"][0]["receipt_id"]
    assert can_return(town, receipt_id) == 1
    town.api("POST", "/receipts", json={"receipts": [receipt(sku, here, -1)]})
    until(lambda: can_return(town, receipt_id) == 0)
    with refused(409, "more_than_sold"):
        give_back(town, receipt_id=receipt_id, lines=one(0))
    assert at_tills(town, here) == []


def test_which_of_two_it_was_is_said_by_somebody_and_only_once(town: Town) -> None:
    (shop,) = town.open_shops((35.70, 139.58))
    here, sku = shop.location_id, unique("SOFA")
    town.new_item(sku, {here: 5})
    both = [receipt(sku, here, 1), receipt(sku, here, 1)]
    first, other = town.api("POST", "/receipts", json={"receipts": both})["results"]
    [back] = town.api("POST", "/receipts", json={"receipts": [receipt(sku, here, -1)]})["results"]
    until(lambda: [row["why"] for row in at_tills(town, here)] == ["many"])
    path = f"/returns/at-tills/{back['receipt_id']}/match"
    with refused(422, "which_purchase"):
        town.api("POST", path, json={"sku": sku})
    body = {"sku": sku, "receipt_id": other["receipt_id"]}
    answers = []
    with concurrent.futures.ThreadPoolExecutor(6) as crowd:
        for done in [crowd.submit(town.api, "POST", path, json=body) for _ in range(6)]:
            try:
                answers.append(done.result()["state"])
            except Refusal as refusal:
                answers.append(refusal.body["code"])
    assert sorted(answers) == ["matched"] + ["unknown_till_return"] * 5
    assert can_return(town, first["receipt_id"]) == 1
    assert can_return(town, other["receipt_id"]) == 0


def test_a_till_that_names_the_receipt_of_another_shop_is_believed_as_far_as_it_was_bought(
    town: Town,
) -> None:
    shop, far = town.open_shops((35.70, 139.58), (35.46, 139.62))
    sku = unique("SOFA")
    town.new_item(sku, {shop.location_id: 3})
    sold = receipt(sku, shop.location_id, 1)
    [bought] = town.api("POST", "/receipts", json={"receipts": [sold]})["results"]
    printed = {name: sold[name] for name in ("location_id", "register", "sequence")}
    named = {"returned_from": printed}
    here = far.location_id
    town.api("POST", "/receipts", json={"receipts": [receipt(sku, here, -1, **named)]})
    until(lambda: can_return(town, bought["receipt_id"]) == 0)
    town.api("POST", "/receipts", json={"receipts": [receipt(sku, here, -1, **named)]})
    until(lambda: [row["why"] for row in at_tills(town, here)] == ["more_than_sold"])
    [row] = at_tills(town, here)
    closed = {"sku": sku, "note": "a copied receipt: told to the manager"}
    done = town.api("POST", f"/returns/at-tills/{row['receipt_id']}/close", json=closed)
    assert (done["state"], at_tills(town, here)) == ("closed", [])


def test_a_set_bought_online_comes_back_in_parts_and_at_a_till(town: Town) -> None:
    cup, pot = (town.new_item(unique(word), {"kichijoji": 9}) for word in ("CUP", "POT"))
    tea = unique("TEA-SET")
    town.api("PUT", "/stock/items", json={"items": [
        {"sku": tea, "name": {"ja": "茶器の揃い", "en": "Tea set"}, "price": 10001, "tax_rate": 0.1}
    ]})  # fmt: skip
    made = {"sets": [{"sku": tea, "parts": {cup: 2, pot: 1}}]}
    assert town.api("PUT", "/stock/sets", json=made)["refused"] == []
    bought = bought_online(town, tea)
    collect(town, bought)
    asked = {"order_id": bought["order"]["order_id"]}
    (found,) = town.api("POST", "/returns/lookup", json=asked)["items"]
    (line,) = found["lines"]
    assert {part["sku"]: part["can_return"] for part in line["parts"]} == {cup: 4, pot: 2}
    before = free(town, cup, "yokohama")
    first = give_back(town, **asked, lines=[{**one(1, 1)[0], "part": cup}])
    assert first["total"] == 20002 // 6, "of three goods at one price a third, of two sets a sixth"
    assert free(town, cup, "yokohama") == before + 1
    with refused(409, "more_than_sold"):
        give_back(town, **asked, lines=one(1, 2))
    with refused(409, "bad_return"):
        give_back(town, **asked, lines=[{**one(1, 1)[0], "part": unique("SPOON")}])
    whole = give_back(town, **asked, lines=one(1, 1))
    rest = [{**one(1, 1)[0], "part": sku} for sku in (cup, pot)]
    last = give_back(town, **asked, lines=rest)
    assert first["total"] + whole["total"] + last["total"] == 20002
    with refused(409, "more_than_sold"):
        give_back(town, **asked, lines=rest)
    assert town.reconcile()["drifts"] == []
