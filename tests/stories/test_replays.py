"""The same write with the same Idempotency-Key is the same write: once, with the same answer."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.stories.town import Town, refused

PLACE, OTHER = "kichijoji", "yokohama"
AT_ONCE = 8


class Write:
    """One write that moves stock: where it goes, what it says, and what it changed."""

    def __init__(self, town: Town, path: str, body: dict[str, Any], sku: str) -> None:
        self.town, self.path, self.body, self.sku = town, path, body, sku

    def send(self, key: str, body: dict[str, Any] | None = None) -> httpx.Response:
        answer: httpx.Response = self.town.api(
            "POST", self.path, json=self.body if body is None else body, full=True,
            headers={"Idempotency-Key": key},
        )  # fmt: skip
        return answer

    def changed(self) -> Any:
        """The whole ledger of the goods: whatever is done twice stands there twice."""
        return self.town.api("GET", "/stock/ledger", params={"sku": self.sku, "location_id": PLACE})


def _write(town: Town, what: str) -> Write:
    sku = town.new_item(f"AGAIN-{uuid.uuid4().hex[:10]}", {PLACE: 9})
    lines = [{"sku": sku, "location_id": PLACE, "qty": 2}]
    if what == "hold":
        asked = {"lines": lines, "customer_id": None, "ttl_s": 600, "purpose": "pickup"}
        return Write(town, "/stock/holds", asked, sku)
    if what == "movements":
        moved = [{"kind": "adjust", "sku": sku, "location_id": PLACE, "qty": -1, "reason": "lost"}]
        return Write(town, "/stock/movements", {"movements": moved}, sku)
    if what == "transfer":
        sent = {"from_location": PLACE, "to_location": OTHER, "lines": [{"sku": sku, "qty": 2}]}
        return Write(town, "/stock/transfers", sent, sku)
    held = town.hold(sku, PLACE, qty=2).json()
    bodies: dict[str, dict[str, Any]] = {
        "release": {},
        "collect": {"code": held["code"]},
        "extend": {"ttl_s": 7_200},
    }
    return Write(town, f"/stock/holds/{held['hold_id']}/{what}", bodies[what], sku)


WRITES = ["hold", "movements", "transfer", "release", "collect", "extend"]


@pytest.mark.parametrize("what", WRITES)
def test_a_write_sent_again_is_answered_as_before_and_done_once(town: Town, what: str) -> None:
    write, key = _write(town, what), str(uuid.uuid4())
    first = write.send(key)
    after = write.changed()
    again = write.send(key)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers.get("Setten-Event") == first.headers.get("Setten-Event")
    assert write.changed() == after


@pytest.mark.parametrize("what", ["hold", "movements", "release"])
def test_sent_many_times_in_one_moment_it_is_done_once(town: Town, what: str) -> None:
    write, key = _write(town, what), str(uuid.uuid4())
    with ThreadPoolExecutor(AT_ONCE) as crowd:
        answers = list(crowd.map(lambda _: write.send(key), range(AT_ONCE)))
    assert len({(one.status_code, one.content) for one in answers}) == 1
    after = write.changed()
    write.send(key)
    assert write.changed() == after


@pytest.mark.parametrize("what", ["hold", "movements", "transfer", "extend"])
def test_a_key_stands_for_what_was_said_under_it(town: Town, what: str) -> None:
    write, key = _write(town, what), str(uuid.uuid4())
    write.send(key)
    after = write.changed()
    other = write.body | {"ttl_s": 601}
    if what == "movements":
        other = {"movements": [{**write.body["movements"][0], "qty": -2}]}
    if what == "transfer":
        other = {**write.body, "lines": [{"sku": write.sku, "qty": 3}]}
    with refused(409, "idempotency_key_reused"):
        write.send(key, other)
    assert write.changed() == after


def test_a_refusal_is_kept_under_its_key_or_tried_again_but_never_half_done(town: Town) -> None:
    """Nine are there; forty are asked for. Later there are enough."""
    write, key = _write(town, "hold"), str(uuid.uuid4())
    much = {**write.body, "lines": [{**write.body["lines"][0], "qty": 40}]}
    with refused(409, "not_enough_stock"):
        write.send(key, much)
    before = write.changed()
    with refused(409, "not_enough_stock"):
        write.send(key, much)
    assert write.changed() == before


def test_one_key_at_two_addresses_is_two_writes_each_done_once(town: Town) -> None:
    """A program that draws one key for a hold and then extends it loses neither."""
    hold, key = _write(town, "hold"), str(uuid.uuid4())
    held = hold.send(key).json()
    longer = Write(town, f"/stock/holds/{held['hold_id']}/extend", {"ttl_s": 7_200}, hold.sku)
    moved = _write(town, "movements")
    first = [longer.send(key), moved.send(key)]
    assert [one.status_code for one in first] == [200, 200]
    assert first[0].json()["expires_at"] > held["expires_at"]
    after = [hold.changed(), moved.changed()]
    again = [longer.send(key), moved.send(key)]
    assert [one.content for one in again] == [one.content for one in first]
    assert hold.send(key).json() == held
    assert [hold.changed(), moved.changed()] == after


def test_the_key_of_one_program_is_nothing_to_another(town: Town) -> None:
    write, key = _write(town, "hold"), str(uuid.uuid4())
    first = write.send(key)
    other = town.process.command("keys", "create", "--scope", "server", "--name", "another")
    second = town.api("POST", write.path, json=write.body, full=True, key=other,
                      headers={"Idempotency-Key": key})  # fmt: skip
    assert second.json()["hold_id"] != first.json()["hold_id"]
