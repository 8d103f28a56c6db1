"""C14: promised for a region by whichever process; pinned by routing; moved if one cannot."""

from __future__ import annotations

import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.stories.town import KICHIJOJI, Refusal, Town, refused

NEAR = {"lat": KICHIJOJI[0], "lon": KICHIJOJI[1]}
HERE = {"near": NEAR, "radius_km": 60}  # Kichijoji and Yokohama


def ask(town: Town, region: dict[str, Any], **goods: int) -> dict[str, Any]:
    lines = [{"sku": sku, "qty": qty} for sku, qty in goods.items()]
    body = {"region": region, "lines": lines, "ttl_s": 3600}
    answer: dict[str, Any] = town.api("POST", "/stock/holds/regional", json=body)
    return answer


def route(town: Town, hold: dict[str, Any], **body: Any) -> dict[str, Any]:
    done: dict[str, Any] = town.api("POST", f"/stock/holds/{hold['hold_id']}/route", json=body)
    return done


def steps(town: Town, sku: str, at: str) -> dict[str, int]:
    why = town.api("GET", "/stock/availability/explain", params={"sku": sku, "location_id": at})
    return {one["what"]: one["qty"] for one in why["steps"]}


def queued(town: Town, place: str) -> set[str]:
    return {one["hold_id"] for one in town.queue(place)}


def test_any_shop_near_me_is_promised_then_pinned_then_moved(town: Town) -> None:
    sku = town.new_item(f"REG-{uuid.uuid4().hex[:8]}", {"kichijoji": 1, "yokohama": 3})
    hold = ask(town, HERE, **{sku: 1})
    assert hold["lines"] == [{"sku": sku, "location_id": "yokohama", "qty": 1}]
    assert not hold["is_routed"]
    assert steps(town, sku, "yokohama")["unrouted"] == -1
    assert hold["hold_id"] not in queued(town, "yokohama")
    done = route(town, hold, near=NEAR)
    assert (done["location_id"], done["is_routed"]) == ("kichijoji", True)
    assert hold["hold_id"] in queued(town, "kichijoji")
    done = route(town, hold, refuses="kichijoji", reason="not_on_shelf")
    assert done["location_id"] == "yokohama"
    assert hold["hold_id"] in queued(town, "yokohama") - queued(town, "kichijoji")
    with refused(409, "not_enough_stock") as told:
        route(town, hold, refuses="yokohama")
    assert told.body["short"][0]["available"] == 0
    collected = town.api("POST", f"/stock/holds/{hold['hold_id']}/collect",
                         json={"code": done["code"]})  # fmt: skip
    assert collected["state"] == "collected"
    with refused(409, "hold_ended"):
        route(town, hold)
    assert town.reconcile()["drifts"] == []


def test_a_named_region_and_what_is_no_region(town: Town) -> None:
    name = f"area-{uuid.uuid4().hex[:8]}"
    sku = town.new_item(f"REG-{uuid.uuid4().hex[:8]}", {"kichijoji": 1})
    region = {"region_id": name, "name": "武蔵野", "location_ids": ["kichijoji"]}
    assert town.api("PUT", "/stock/regions", json={"regions": [region]})["written"] == 1
    listed = town.api("GET", "/stock/regions")["items"]
    assert name in {one["region_id"] for one in listed}
    assert ask(town, {"region_id": name}, **{sku: 1})["location_id"] == "kichijoji"
    with refused(404, "unknown_region"):
        ask(town, {"region_id": name + "x"}, **{sku: 1})
    with refused(409, "bad_region"):
        ask(town, {"region_id": name, "radius_km": 3}, **{sku: 1})
    with refused(404, "unknown_goods"):
        ask(town, HERE, **{"no-such-" + sku: 1})
    with refused(422, "invalid"):
        ask(town, HERE, **{sku: 0})
    gone = region | {"location_ids": []}
    town.api("PUT", "/stock/regions", json={"regions": [gone]})
    with refused(404, "unknown_region"):
        ask(town, {"region_id": name}, **{sku: 1})


def test_forty_callers_over_all_processes_get_what_the_region_has(town: Town) -> None:
    sku = town.new_item(f"REG-{uuid.uuid4().hex[:8]}", {"kichijoji": 4, "yokohama": 3})

    def call(number: int) -> str:
        try:
            if number % 4:
                ask(town, HERE, **{sku: 1})
            else:
                line = {"sku": sku, "location_id": "kichijoji", "qty": 1}
                town.api("POST", "/stock/holds", json={"lines": [line]})
        except Refusal as refusal:
            return refusal.body["code"]
        return "held"

    with ThreadPoolExecutor(16) as crowd:
        answers = Counter(crowd.map(call, range(40)))
    assert answers == {"held": 7, "not_enough_stock": 33}
    assert town.reconcile()["drifts"] == []
