"""C17: sold in one shop, sent from where it is; a shop that cannot; one answer to where it is."""

from __future__ import annotations

import concurrent.futures
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.stories.town import Refusal, Town, refused

ADDRESS = {"name": "佐伯 美和", "postcode": "180-0004", "city": "武蔵野市", "street": "1-2-3"}


def unique(word: str) -> str:
    return f"{word}-{uuid.uuid4().hex[:10]}"


@pytest.fixture
def shop_sends(town: Town) -> Iterator[None]:
    """Yokohama sends from its own shelves, as long as a story lasts."""
    yokohama = {"location_id": "yokohama", "ships": True, "rank": 10}
    town.api("PUT", "/fulfilments/senders", json={"senders": [yokohama]})
    yield
    town.api("PUT", "/fulfilments/senders", json={"senders": [yokohama | {"ships": False}]})


def sell(town: Town, *skus: str, qty: int = 1) -> dict[str, Any]:
    """Sold at Kichijoji, to be sent home."""
    cart = town.api("POST", "/carts", json={"anonymous_id": unique("c")})
    path = f"/carts/{cart['cart_id']}"
    changes = [{"op": "add", "sku": sku, "qty": qty, "method": "ship"} for sku in skus]
    cart = town.api("POST", f"{path}/changes", json={"changes": changes, "channel": "store"})
    quote = town.api("POST", f"{path}/quote", json={"postcode": ADDRESS["postcode"]})
    body = {
        "version": quote["version"], "total_minor": quote["total_minor"], "channel": "store",
        "location_id": "kichijoji", "payments": [{"method": "counter"}], "address": ADDRESS,
    }  # fmt: skip
    bought: dict[str, Any] = town.api("POST", f"{path}/checkout", json=body)
    return bought["order"]  # type: ignore[no-any-return]


def where(town: Town, order: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = town.api("GET", f"/orders/{order['order_id']}/where")
    return found


def step(town: Town, part: dict[str, Any], verb: str, **body: Any) -> dict[str, Any]:
    path = f"/fulfilments/{part['fulfilment_id']}/{verb}"
    done: dict[str, Any] = town.api("POST", path, json=body)
    return done


def test_what_the_shop_lacks_comes_from_the_warehouse(town: Town) -> None:
    lamp = town.new_item(unique("LAMP"), {"warehouse": 2})
    order = sell(town, lamp)
    (part,) = where(town, order)["parts"]
    assert (part["location_id"], part["state"], part["way"]) == ("warehouse", "routed", "ship")
    assert part["ships_on"] <= part["arrives_from"] <= part["arrives_to"]
    queue = town.every("GET", "/fulfilments", {"location_id": "warehouse", "limit": 200})
    assert part["fulfilment_id"] in {one["fulfilment_id"] for one in queue}
    assert part["hold_id"] not in {one["hold_id"] for one in town.queue("warehouse")}
    for verb in ("accept", "pick", "pack"):
        step(town, part, verb)
    assert where(town, order)["standing"] == "preparing"
    step(town, part, "ship", carrier="yamato", carrier_ref="4912-3456-7890")
    told = where(town, order)
    assert (told["standing"], told["parts"][0]["carrier_ref"]) == ("shipped", "4912-3456-7890")
    with refused(409, "wrong_step"):
        step(town, part, "pack")
    step(town, part, "deliver")
    assert where(town, order)["standing"] == "done"
    assert town.reconcile()["drifts"] == []


def test_who_cannot_send_says_why_and_another_shop_sends(town: Town, shop_sends: None) -> None:
    lamp = town.new_item(unique("LAMP"), {"warehouse": 1})
    order = sell(town, lamp)
    town.api("POST", "/stock/movements", json={"movements": [
        {"kind": "receive", "sku": lamp, "location_id": "yokohama", "qty": 1, "ref": lamp + "y"}
    ]})  # fmt: skip
    (part,) = where(town, order)["parts"]
    done = step(town, part, "reject", reason="not_on_shelf")
    assert done["part"]["state"] == "rejected"
    (new,) = done["instead"]
    assert (new["location_id"], new["instead_of"]) == ("yokohama", part["fulfilment_id"])
    told = where(town, order)
    assert (told["standing"], len(told["parts"]), len(told["before"])) == ("preparing", 1, 1)
    reasons = {one["location_id"]: one["reason"] for one in new["excluded"]}
    assert (reasons["warehouse"], reasons["kichijoji"]) == ("rejected", "not_shipping")
    # What was promised and is not there is not sold to the next.
    near = town.api("GET", "/stock/availability",
                    params={"sku": lamp, "location_id": "warehouse"})["items"]  # fmt: skip
    assert [one["available"] for one in near if one["available"]] == []
    assert ("count_shelf", lamp) in {(one["kind"], one["sku"]) for one in town.tasks("warehouse")}
    assert town.reconcile()["drifts"] == []


def test_what_nobody_has_waits_and_is_told_before_it_is_asked(town: Town) -> None:
    lamp = town.new_item(unique("LAMP"), {"warehouse": 1})
    order = sell(town, lamp)
    (part,) = where(town, order)["parts"]
    step(town, part, "reject", reason="damaged")
    told = where(town, order)
    assert (told["standing"], told["parts"][0]["state"]) == ("waiting", "waiting")
    with refused(409, "not_enough_stock") as nobody:
        town.api("POST", "/fulfilments/plan", json={"lines": [{"sku": lamp, "qty": 1}]})
    assert {one["location_id"] for one in nobody.body["excluded"]} >= {"kichijoji", "warehouse"}


def test_the_last_unit_is_sent_to_one_of_many(town: Town) -> None:
    lamp = town.new_item(unique("LAMP"), {"warehouse": 1})

    def one(_: int) -> str:
        try:
            return str(sell(town, lamp)["order_id"])
        except Refusal as refusal:
            return str(refusal.body["code"])

    with concurrent.futures.ThreadPoolExecutor(6) as hands:
        done = list(hands.map(one, range(6)))
    bought = [one for one in done if "-" in one]
    assert len(bought) == 1, done
    assert town.reconcile()["drifts"] == []
