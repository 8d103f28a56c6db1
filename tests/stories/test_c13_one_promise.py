"""C13: one promise from all that stands behind it, asked, explained and held as one number."""

from __future__ import annotations

import threading
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.stories.town import Refusal, Town, refused

PLACE = "kichijoji"


def unique(word: str) -> str:
    return f"{word}-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def chair(town: Town) -> str:
    return town.new_item(unique("CHAIR"), {PLACE: 10, "warehouse": 8})


def available(town: Town, sku: str, **params: str) -> int:
    asked = {"sku": sku, "location_id": PLACE, "include": "empty", **params}
    (row,) = town.api("GET", "/stock/availability", params=asked)["items"]
    return int(row["available"])


def explained(town: Town, sku: str, **params: str) -> dict[str, Any]:
    asked = {"sku": sku, "location_id": PLACE, **params}
    found: dict[str, Any] = town.api("GET", "/stock/availability/explain", params=asked)
    assert found["total"] == available(town, sku, **params)
    return found


def hold(town: Town, sku: str, qty: int, *, channel: str = "api") -> dict[str, Any]:
    body = {
        "lines": [{"sku": sku, "location_id": PLACE, "qty": qty}],
        "ttl_s": 600,
        "channel": channel,
    }
    placed: dict[str, Any] = town.api("POST", "/stock/holds", json=body)
    return placed


def day(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def test_each_thing_that_stands_behind_a_number_has_its_place_in_the_sum(
    town: Town, chair: str
) -> None:
    shelf = {"sku": chair, "location_id": PLACE, "safety": 1, "display": 1, "shelf": "C-9"}
    town.api("PUT", "/stock/shelves", json={"shelves": [shelf]})
    town.api("PUT", "/stock/allocations", json={"allocations": [
        {"sku": chair, "location_id": PLACE, "channel": "app", "qty": 3}]})  # fmt: skip
    assert (available(town, chair), available(town, chair, channel="app")) == (5, 8)

    # Others cannot have what is set aside; the channel takes its own first.
    with refused(409, "not_enough_stock") as no:
        hold(town, chair, 6, channel="web")
    assert no.body["short"][0]["available"] == 5
    hers = hold(town, chair, 4, channel="app")
    assert (available(town, chair), available(town, chair, channel="app")) == (4, 4)
    town.api("POST", f"/stock/holds/{hers['hold_id']}/release", json={})
    assert available(town, chair, channel="app") == 8

    found = explained(town, chair, channel="app")
    steps = {step["what"]: step["qty"] for step in found["steps"]}
    assert (steps["physical"], steps["safety"], steps["display"], steps["others"]) == (
        10,
        -1,
        -1,
        0,
    )
    assert [one["qty"] for one in found["allocations"]] == [3]
    assert {entry["cause"] for entry in found["entries"]} >= {"receive", "hold", "hold_released"}


def test_what_is_due_is_promised_up_to_what_comes_and_kept_when_it_does(
    town: Town, chair: str
) -> None:
    order = {"ref": unique("PO"), "sku": chair, "location_id": PLACE, "qty": 6, "due_on": day(3)}
    town.api("PUT", "/stock/inbound", json={"inbound": [{**order, "cap": 5}]})
    assert (available(town, chair), available(town, chair, by=day(2))) == (10, 10)
    assert available(town, chair, by=day(3)) == 15

    wish = {"sku": chair, "location_id": PLACE, "qty": 1}
    kept: list[dict[str, Any]] = []
    lost: list[str] = []

    def preorder() -> None:
        try:
            kept.append(town.api("POST", "/stock/preorders", json=wish))
        except Refusal as no:
            lost.append(no.body["code"])

    callers = [threading.Thread(target=preorder) for _ in range(9)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert (len(kept), lost) == (5, ["nothing_due"] * 4)

    # The supplier is late: every promise moves with its day.
    town.api("PUT", "/stock/inbound", json={"inbound": [{**order, "cap": 5, "due_on": day(6)}]})
    first = kept[0]["preorder_id"]
    assert town.api("GET", f"/stock/preorders/{first}")["due_on"] == day(6)

    # It comes: those who waited have it before anybody else.
    town.api("POST", "/stock/movements", json={"movements": [
        {"kind": "receive", "sku": chair, "location_id": PLACE, "qty": 6,
         "inbound_ref": order["ref"]}]})  # fmt: skip
    states = [town.api("GET", f"/stock/preorders/{one['preorder_id']}") for one in kept]
    assert {one["state"] for one in states} == {"held"}
    assert available(town, chair) == 11
    held = town.api("GET", f"/stock/holds/{states[0]['hold_id']}")
    assert held["purpose"] == "preorder"


def test_a_set_can_be_promised_as_often_as_its_parts_make_it(town: Town, chair: str) -> None:
    table = town.new_item(unique("TABLE"), {PLACE: 2})
    dining = unique("DINING")
    item = {"sku": dining, "name": "ダイニングセット", "price": 120000}
    town.api("PUT", "/stock/items", json={"items": [item]})
    made = {"sets": [{"sku": dining, "parts": {table: 1, chair: 4}}]}
    assert town.api("PUT", "/stock/sets", json=made)["written"] == 1
    deadline = time.monotonic() + 60  # a process may not know for a second that there are sets
    while available(town, dining) != 2:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    placed = hold(town, dining, 1)
    assert {(one["sku"], one["qty"]) for one in placed["lines"]} == {(table, 1), (chair, 4)}
    assert town.till(PLACE, dining, mode="tell")["status"] == "booked"
    assert (available(town, chair), available(town, table), available(town, dining)) == (2, 0, 0)
    with refused(409, "not_enough_stock"):
        hold(town, dining, 1)
    assert explained(town, dining)["parts"]
    assert town.reconcile()["drifts"] == []
