"""C16: reserved online, collected in the shop: in part, other goods, somebody else, not at all."""

from __future__ import annotations

import time
import uuid
from typing import Any

import pytest

from tests.stories.town import Town, refused


def unique(word: str) -> str:
    return f"{word}-{uuid.uuid4().hex[:10]}"


@pytest.fixture
def mug(town: Town) -> str:
    return town.new_item(unique("MUG"), {"kichijoji": 5})


def somebody(town: Town) -> tuple[str, str]:
    """A customer and her mail address."""
    mail = f"{unique('c')}@example.jp"
    told = town.tell("chat", {"type": "identify", "anonymousId": unique("a"),
                     "traits": {"email": mail}})[-1]  # fmt: skip
    return town.look_up("email", mail, after=told)["customer_id"], mail


def act(town: Town, hold: dict[str, Any], verb: str, **body: Any) -> Any:
    return town.api("POST", f"/stock/holds/{hold['hold_id']}/{verb}", json=body, full=True)


def test_what_is_there_goes_with_a_friend_and_the_rest_waits(town: Town, mug: str) -> None:
    her, _ = somebody(town)
    hold = town.hold(mug, "kichijoji", customer_id=her, qty=3).json()
    town.api("PUT", f"/stock/holds/{hold['hold_id']}/collector", json={"name": "友人 はな"})
    assert act(town, hold, "pick").json()["state"] == "ready"
    assert act(town, hold, "unpick").json()["state"] == "held"
    act(town, hold, "pick")
    line = {"sku": mug, "location_id": "kichijoji", "qty": 2}
    done = act(town, hold, "hand-over", is_named=True, lines=[line], rest="keep")
    assert "友人" not in done.text
    rest = done.json()["rest"]
    assert (rest["code"], rest["lines"][0]["qty"]) == (hold["code"], 1)
    past = town.timeline(her, after=done.headers["setten-event"])
    names = [one["name"] for one in past]
    assert {"stock.hold_ready", "stock.hold_unready", "stock.hold_collected"} <= set(names)
    last = act(town, rest, "hand-over", code=hold["code"])
    assert last.json()["hold"]["state"] == "collected"
    assert town.reconcile()["drifts"] == []


def test_other_goods_when_she_says_yes(town: Town, mug: str) -> None:
    her, _ = somebody(town)
    hold = town.hold(mug, "kichijoji", customer_id=her).json()
    other = town.new_item(unique("MUG-BLUE"), {"kichijoji": 1})
    swap = {"sku": mug, "location_id": "kichijoji", "by_sku": other, "price": 1200,
            "agreed_how": "line", "is_missing": True}  # fmt: skip
    done = act(town, hold, "substitute", **swap)
    assert {(x["sku"], x["state"]) for x in done.json()["hold"]["lines"]} == {
        (mug, "short"), (other, "held")}  # fmt: skip
    past = town.timeline(her, after=done.headers["setten-event"])
    assert past[0]["name"] == "stock.hold_substituted"
    with refused(409, "not_enough_stock"):  # the blue one was the last
        town.hold(other, "kichijoji")
    assert act(town, hold, "hand-over", code=hold["code"]).json()["hold"]["state"] == "collected"
    assert act(town, hold, "reopen").json()["hold"]["state"] == "ready"
    assert town.reconcile()["drifts"] == []


def test_not_collected_it_goes_back_and_she_is_told(town: Town, mug: str) -> None:
    her, _ = somebody(town)
    hold = town.hold(mug, "kichijoji", customer_id=her, qty=5, ttl_s=5).json()
    act(town, hold, "pick")
    past = []
    deadline = time.monotonic() + 60
    while "stock.hold_expired" not in past and time.monotonic() < deadline:
        time.sleep(0.5)
        past = [one["name"] for one in town.timeline(her)]
    assert "stock.hold_expired" in past
    mine = [one for one in town.tasks("kichijoji") if one["hold_id"] == hold["hold_id"]]
    assert [(one["kind"], one["qty"]) for one in mine] == [("put_back", 5)]
    assert town.hold(mug, "kichijoji", qty=5).status_code == 201
