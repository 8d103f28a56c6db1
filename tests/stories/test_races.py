"""Many callers at once over HTTP and two web processes: each unit is promised once."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.stories.town import Town

CALLERS = 200
SAME_KEY_CALLERS = 50
CARTS = 120
TIDIED_WITHIN_S = 60
PLACE, OTHER = "kichijoji", "yokohama"


class Crowd:
    """Callers with a connection each, let go at the same moment."""

    def __init__(self, town: Town, callers: int) -> None:
        self._town = town
        limits = httpx.Limits(max_connections=callers, max_keepalive_connections=callers)
        self.http = httpx.AsyncClient(
            base_url=town.process.base_url, timeout=60, limits=limits,
            headers={"Authorization": f"Bearer {town.key}"},
        )  # fmt: skip
        self._callers = callers

    async def __aenter__(self) -> Crowd:
        # Connections first, so that the race is between requests and not between handshakes.
        await asyncio.gather(*(self.http.get("/healthz") for _ in range(self._callers)))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def at_once(
        self, *requests: Callable[[], Coroutine[Any, Any, httpx.Response]]
    ) -> list[httpx.Response]:
        """All answers, in the order of the requests."""
        return list(await asyncio.gather(*(request() for request in requests)))

    def hold(
        self, lines: Sequence[tuple[str, str, int]], *, key: str | None = None, ttl_s: int = 3600
    ) -> Callable[[], Coroutine[Any, Any, httpx.Response]]:
        body = {
            "lines": [{"sku": s, "location_id": at, "qty": qty} for s, at, qty in lines],
            "ttl_s": ttl_s,
        }
        return lambda: self.post("/stock/holds", body, key=key)

    async def post(self, path: str, body: Any, *, key: str | None = None) -> httpx.Response:
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        return await self.http.post(f"/api/v1{path}", json=body, headers=headers)


def sku() -> str:
    return f"RACE-{uuid.uuid4().hex[:10]}"


def on_hand(town: Town, sku: str) -> dict[str, tuple[int, int]]:
    rows = town.api("GET", "/stock/balances", params={"sku": sku})["items"]
    return {row["location_id"]: (row["on_hand"], row["held"]) for row in rows}


async def test_of_two_hundred_callers_for_the_last_unit_one_gets_it(town: Town) -> None:
    last = town.new_item(sku(), {PLACE: 1})
    async with Crowd(town, CALLERS) as crowd:
        answers = await crowd.at_once(*[crowd.hold([(last, PLACE, 1)])] * CALLERS)

    codes = Counter((one.status_code, one.json().get("code") if one.is_error else None)
                    for one in answers)  # fmt: skip
    assert codes == {(201, None): 1, (409, "not_enough_stock"): CALLERS - 1}
    assert on_hand(town, last) == {PLACE: (0, 1)}
    refused = next(one for one in answers if one.status_code == 409).json()
    assert refused["short"] == [
        {"sku": last, "location_id": PLACE, "wanted": 1, "available": 0}
    ]  # fmt: skip


async def test_one_idempotency_key_makes_one_hold_however_often_it_is_sent(town: Town) -> None:
    mug, key = town.new_item(sku(), {PLACE: 10}), str(uuid.uuid4())
    async with Crowd(town, SAME_KEY_CALLERS) as crowd:
        asked = crowd.hold([(mug, PLACE, 1)], key=key)
        answers = await crowd.at_once(*[asked] * SAME_KEY_CALLERS)
        other = await crowd.hold([(mug, PLACE, 2)], key=key)()

    assert {one.status_code for one in answers} == {201}
    assert len({one.content for one in answers}) == 1
    assert len({one.headers["setten-event"] for one in answers}) == 1
    assert on_hand(town, mug) == {PLACE: (9, 1)}
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


async def test_overlapping_carts_are_whole_or_nothing_and_never_wait_for_each_other(
    town: Town,
) -> None:
    goods = [town.new_item(sku(), {PLACE: 20, OTHER: 20}) for _ in range(5)]
    carts = [
        [(one, random.choice((PLACE, OTHER)), random.randint(1, 2))
         for one in random.sample(goods, 3)]
        for _ in range(CARTS)
    ]  # fmt: skip
    async with Crowd(town, CARTS) as crowd:
        answers = await crowd.at_once(*(crowd.hold(cart) for cart in carts))

    assert {one.status_code for one in answers} <= {201, 409}
    wanted: Counter[tuple[str, str]] = Counter()
    for cart, answer in zip(carts, answers, strict=True):
        if answer.status_code == 201:
            wanted.update({(item, at): qty for item, at, qty in cart})
    for item in goods:
        for at, (free, held) in on_hand(town, item).items():
            assert held == wanted[item, at], "a cart was held in part"
            assert free + held == 20
            assert free >= 0
    assert town.reconcile()["drifts"] == []


async def test_a_unit_that_is_running_out_goes_to_one_of_those_who_wait(town: Town) -> None:
    last = town.new_item(sku(), {PLACE: 1})
    async with Crowd(town, 40) as crowd:
        first = await crowd.hold([(last, PLACE, 1)], ttl_s=1)()
        assert first.status_code == 201
        answers: list[httpx.Response] = []
        # From before its end until after it, past the job that tidies, whenever that comes.
        end, rounds = time.monotonic() + TIDIED_WITHIN_S, 0
        while rounds < 8 or (time.monotonic() < end and all(one.is_error for one in answers)):
            answers += await crowd.at_once(*[crowd.hold([(last, PLACE, 1)])] * 10)
            await asyncio.sleep(0.25)
            rounds += 1
        answers += await crowd.at_once(*[crowd.hold([(last, PLACE, 1)])] * 10)
        won = [one.json() for one in answers if one.status_code == 201]
        ended = await crowd.post(f"/stock/holds/{first.json()['hold_id']}/collect",
                                 {"code": first.json()["code"]})  # fmt: skip

    assert len(won) == 1
    assert {one.status_code for one in answers} == {201, 409}
    assert (ended.status_code, ended.json()["code"]) == (409, "hold_ended")
    assert on_hand(town, last) == {PLACE: (0, 1)}


@pytest.mark.parametrize("verb", ["collect", "release"])
async def test_of_two_who_end_one_hold_one_does(town: Town, verb: str) -> None:
    last = town.new_item(sku(), {PLACE: 1})
    async with Crowd(town, 10) as crowd:
        placed = (await crowd.hold([(last, PLACE, 1)])()).json()
        path = f"/stock/holds/{placed['hold_id']}"
        ways = [
            lambda: crowd.post(f"{path}/collect", {"code": placed["code"]}),
            lambda: (
                crowd.post(f"{path}/release", None)
                if verb == "release"
                else crowd.post(f"{path}/collect", {"code": placed["code"]})
            ),
        ]
        answers = await crowd.at_once(*ways * 5)

    assert Counter(one.status_code for one in answers) == {200: 1, 409: 9}
    assert {one.json()["code"] for one in answers if one.is_error} == {"hold_ended"}
    winner = next(one for one in answers if one.status_code == 200).json()["state"]
    assert on_hand(town, last) == {PLACE: (0, 0) if winner == "collected" else (1, 0)}


async def test_asking_tills_and_holds_share_the_last_units(town: Town) -> None:
    mug = town.new_item(sku(), {PLACE: 5})
    async with Crowd(town, 40) as crowd:
        answers = await crowd.at_once(
            *[crowd.hold([(mug, PLACE, 1)])] * 20, *[_till(crowd, mug) for _ in range(20)]
        )

    held = sum(one.status_code == 201 for one in answers)
    sold = sum(one.status_code == 200 for one in answers[20:])
    assert held + sold == 5
    assert {one.status_code for one in answers} <= {200, 201, 409}
    assert on_hand(town, mug) == {PLACE: (0, held)}
    assert town.reconcile()["drifts"] == []


def _till(crowd: Crowd, sku: str) -> Callable[[], Coroutine[Any, Any, httpx.Response]]:
    now = datetime.now(UTC)
    receipt = {
        "location_id": PLACE, "register": "race", "sequence": uuid.uuid4().hex[:12],
        "business_day": now.date().isoformat(), "at": now.isoformat(), "mode": "ask",
        "lines": [{"sku": sku, "qty": 1, "amount": 100, "tax_rate": 0.1}],
        "tenders": [{"kind": "cash", "amount": 100}],
    }  # fmt: skip
    return lambda: crowd.post("/receipts", {"receipts": [receipt]})
