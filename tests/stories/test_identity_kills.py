"""Who is whom outlives every process: splits, merges and rule changes while processes die.

Afterwards identity is resolved anew from its whole evidence and must change nobody; what people
decided stands there once; timelines and stages made anew are what they were. `--long`: thirty
kills.
"""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from setten.platform.db import embedded
from tests import seeds
from tests.stories.test_kills import Mortal, _bugs, _killed, _readers_are_done, mortal
from tests.stories.town import Town

pytestmark = pytest.mark.long

__all__ = ["mortal"]  # the fixture
TARGETS = ("readers", "segments", "jobs", "web-1", "database", "backend", "web-2")
ROUNDS_LONG = 6
MEMBERS, BROWSERS = 16, 12
LATE = 0.25  # of the events
SETTLE_LIMIT_S = 120
_REFUSALS = {404, 409, 422}  # what somebody who comes late is told
Pair = tuple[int, int]


class Deciders:
    """People who are seen, joined, parted and given other rules, until told to stop."""

    def __init__(self, base_url: str, key: str, write_key: str, chance: random.Random) -> None:
        self._http = httpx.AsyncClient(base_url=base_url, timeout=5)
        self._headers = {"Authorization": f"Bearer {key}"}
        self._write_key, self._chance = write_key, chance
        self._run = uuid.uuid4().hex[:6]
        self._stop = asyncio.Event()
        self.events: set[str] = set()
        self.parted: Counter[Pair] = Counter()
        self.cut: Counter[Pair] = Counter()
        self.merges, self.changes, self.late = 0, 0, 0
        self.surprises: list[str] = []

    @property
    def steps(self) -> int:
        return len(self.events) + sum(self.parted.values()) + self.merges + self.changes

    async def run(self) -> None:
        work = [self._seen, self._seen, self._split, self._split, self._merge, self._rule]
        async with self._http, asyncio.TaskGroup() as tasks:
            for one in work:
                tasks.create_task(self._loop(one))

    def stop(self) -> None:
        self._stop.set()

    async def _loop(self, once: Any) -> None:
        while not self._stop.is_set():
            await once()
            await asyncio.sleep(self._chance.uniform(0.005, 0.05))

    async def _ask(self, method: str, path: str, body: Any = None) -> tuple[httpx.Response, int]:
        """The first answer that is known, and how often it was asked in vain.

        503 too leaves open whether it was done: a connection may die after its commit.
        """
        cuts = 0
        end = time.monotonic() + SETTLE_LIMIT_S
        while True:
            try:
                answer = await self._http.request(method, path, json=body, headers=self._headers)
                if answer.status_code < 500:
                    return answer, cuts
                if answer.status_code != 503:
                    self.surprises.append(f"{path}: {answer.status_code} {answer.text[:300]}")
                    return answer, cuts
            except httpx.HTTPError:
                pass
            cuts += 1
            assert time.monotonic() < end, f"{path} is never answered"
            await asyncio.sleep(self._chance.uniform(0.05, 0.3))

    def _member(self) -> str:
        return f"{self._run}-m{self._chance.randrange(MEMBERS)}"

    async def _seen(self) -> None:
        """A member with a browser, sometimes with an address or a card that others have too."""
        message = f"who-{uuid.uuid4()}"
        event: dict[str, Any] = {
            "messageId": message, "userId": self._member(), "type": "identify",
            "anonymousId": f"{self._run}-b{self._chance.randrange(BROWSERS)}", "traits": {},
        }  # fmt: skip
        if self._chance.random() < 0.3:
            del event["userId"]
            event["traits"] = {"email": f"{self._run}-{self._chance.randrange(9)}@example.jp"}
        elif self._chance.random() < 0.5:
            event["traits"] = {"email": f"{self._run}-{self._chance.randrange(9)}@example.jp"}
        if self._chance.random() < 0.3:
            card = f"{self._chance.randrange(6):012d}"
            event["context"] = {"externalIds": [{"type": "loyalty_card", "id": card}]}
        if self._chance.random() < LATE:
            # It happened days ago and is told now: who was first is another then.
            at = datetime.now(UTC) - timedelta(minutes=self._chance.uniform(1, 6 * 24 * 60))
            event["timestamp"] = at.isoformat()
            self.late += 1
        self.events.add(message)
        body = {"batch": [event], "writeKey": self._write_key}
        answer, _ = await self._ask("POST", "/v1/batch", body)
        assert answer.status_code == 200, answer.text

    async def _customer(self, kind: str = "user_id", value: str = "") -> str | None:
        one = {"kind": kind, "value": value or self._member()}
        said = {"identifiers": [one], "after": None}
        answer, _ = await self._ask("POST", "/api/v1/customers/lookup", said)
        return answer.json()["customer_id"] if answer.status_code == 200 else None

    async def _split(self) -> None:
        """Take one of her links back, or give one back."""
        customer = await self._customer()
        if customer is None:
            return
        answer, _ = await self._ask("GET", f"/api/v1/customers/{customer}/links")
        links = answer.json().get("links", []) if answer.status_code == 200 else []
        if not links:
            return
        link = self._chance.choice(links)
        pair = (int(link["a"]["identifier"]), int(link["b"]["identifier"]))
        verb = "rejoin" if link["state"] == "taken_back" else "split"
        body = {"links": [link["link_id"]], "reason": "a random decision"}
        answer, cuts = await self._ask("POST", f"/api/v1/customers/{customer}/{verb}", body)
        if verb == "split":
            self.parted[pair] += answer.status_code == 200
            self.cut[pair] += cuts
        if answer.status_code not in _REFUSALS | {200}:
            self.surprises.append(f"{verb}: {answer.status_code} {answer.text[:300]}")

    async def _merge(self) -> None:
        # Two member numbers are never one person: the other is known by a card or an address.
        card, mail = f"{self._chance.randrange(6):012d}", f"{self._run}-x{self._chance.random()}"
        if self._chance.random() < 0.5:
            other = await self._customer("loyalty_card", card)
        else:
            event = {"messageId": f"who-{uuid.uuid4()}", "type": "identify",
                     "anonymousId": mail, "traits": {"email": f"{mail}@example.jp"}}  # fmt: skip
            self.events.add(event["messageId"])
            await self._ask("POST", "/v1/batch", {"batch": [event], "writeKey": self._write_key})
            other = await self._newcomer(f"{mail}@example.jp")
        one = await self._customer()
        if one is None or other is None or one == other:
            return
        body = {"into": one, "from": other, "reason": "a random decision"}
        answer, _ = await self._ask("POST", "/api/v1/customers/merge", body)
        self.merges += answer.status_code == 200
        if answer.status_code not in _REFUSALS | {200}:
            self.surprises.append(f"merge: {answer.status_code} {answer.text[:300]}")
        await asyncio.sleep(0.2)

    async def _newcomer(self, mail: str) -> str | None:
        """Whom an event of just now has made, once the reader knows her, which may be dead."""
        for _ in range(50):
            if found := await self._customer("email", mail):
                return found
            await asyncio.sleep(0.2)
        return None

    async def _rule(self) -> None:
        """Another limit for a kind: proposed, counted, applied."""
        kind = self._chance.choice(("email", "anonymous_id", "loyalty_card"))
        rule = {"kind": kind, "most": self._chance.randrange(1, 6),
                "shared_after": self._chance.randrange(2, 20)}  # fmt: skip
        body = {"reason": "a random rule", "rules": [rule]}
        path = "/api/v1/identity/rules/changes"
        answer, _ = await self._ask("POST", path, body)
        if answer.status_code != 202:
            await asyncio.sleep(0.2)
            return
        change = answer.json()["change_id"]
        for _ in range(100):
            await asyncio.sleep(0.2)
            answer, _ = await self._ask("GET", f"{path}/{change}")
            if answer.json().get("state") != "counting":
                break
        answer, _ = await self._ask("POST", f"{path}/{change}/apply", {})
        self.changes += answer.status_code == 202


async def test_who_is_whom_outlives_every_process(
    mortal: Mortal,
    is_long: bool,
    capsys: pytest.CaptureFixture[str],
) -> None:
    seed = seeds.drawn()
    chance = random.Random(seed)
    town = Town(mortal)
    deciders = Deciders(mortal.base_url, town.key, town.write_keys["web"], chance)
    running = asyncio.create_task(deciders.run())
    killed: Counter[str] = Counter()
    try:
        for _ in range(ROUNDS_LONG if is_long else 1):
            for target in chance.sample(TARGETS, len(TARGETS)):
                await _progress(deciders, running)
                await asyncio.sleep(chance.uniform(0, 1.5))
                killed.update(await asyncio.to_thread(_killed, mortal, target))
        await _progress(deciders, running)
    finally:
        deciders.stop()
        await asyncio.wait([running], timeout=SETTLE_LIMIT_S)
    running.result()
    await asyncio.to_thread(mortal.wait_ready)
    with capsys.disabled():
        print(  # noqa: T201
            f"\nseed {seed}: {dict(killed)}; {len(deciders.events)} events, {deciders.late} late,"
            f" {sum(deciders.parted.values())} splits, {deciders.merges} merges,"
            f" {deciders.changes} rule changes"
        )
    assert not deciders.surprises, (deciders.surprises[:5], _bugs(mortal))
    assert sum(deciders.parted.values()) > 0, "somebody was parted"
    assert deciders.merges > 0, "somebody was joined"
    assert deciders.late > 0, "something was told late"
    await _prove(mortal, deciders)


async def _progress(deciders: Deciders, running: asyncio.Task[None], *, steps: int = 25) -> None:
    start, end = deciders.steps, time.monotonic() + SETTLE_LIMIT_S
    while deciders.steps < start + steps:
        if running.done():
            running.result()
        assert time.monotonic() < end, "nothing moves"
        await asyncio.sleep(0.05)


# -- the proof ---------------------------------------------------------------------------------

STATES = {
    "identity": "select identifier_id, customer_id, is_shared, is_blocked"
    " from customers.identifiers order by 1",
    "timeline": "select identifier_id, event_id from customers.timeline order by 1, 2",
    "lifecycle": "select customer_id, stage, days from customers.stages order by 1",
    "touchpoints": "select day, channel, slot, n from insight.touches order by 1, 2, 3",
}


async def _prove(process: Mortal, deciders: Deciders) -> None:
    dsn = embedded.attach(process.folder / "data")
    assert dsn is not None
    conn = await asyncpg.connect(dsn)
    try:
        await _rules_are_done(conn)
        await _readers_are_done(conn)
        await _decisions(conn, deciders)
        await _people(conn)
        for name, query in STATES.items():
            before = await conn.fetch(query)
            await asyncio.to_thread(process.command, "rebuild", name)
            assert await conn.fetch(query) == before, f"{name} made anew is something else"
    finally:
        await conn.close()


async def _rules_are_done(conn: Any) -> None:
    end = time.monotonic() + SETTLE_LIMIT_S
    open_ones = "select count(*) from customers.rule_changes where state in ('counting','applying')"
    while await conn.fetchval(open_ones):
        assert time.monotonic() < end, "a change of rules is never done"
        await asyncio.sleep(0.2)


async def _decisions(conn: Any, deciders: Deciders) -> None:
    """What was answered as done stands there; what stands there was asked for; each once."""
    rows = await conn.fetch(
        "select a, b, count(*) as n from customers.link_decisions"
        " where decision = 'parted' and decided_by like 'key:%' group by a, b"
    )
    found = {(row["a"], row["b"]): row["n"] for row in rows}
    for pair, done in deciders.parted.items():
        most = done + deciders.cut[pair]
        assert done <= found.get(pair, 0) <= most, (pair, done, most, found.get(pair))
    asked = {*deciders.parted, *deciders.cut}
    assert found.keys() <= asked, "parted, but nobody asked for it"


async def _people(conn: Any) -> None:
    """Each event once; everybody is somebody; ids that were merged away lead to who lives."""
    twice = await conn.fetchval(
        "select count(*) from (select event_id from log.events where event_id like 'who-%'"
        " group by 1 having count(*) > 1) as t"
    )
    assert twice == 0
    lost = await conn.fetchval(
        "select count(*) from customers.customers c"
        " where merged_into is null"
        "   and not exists (select from customers.identifiers i"
        "                    where i.customer_id = c.customer_id)"
    )
    assert lost == 0, "a customer without anything that leads to her"
    astray = await conn.fetchval(
        "select count(*) from customers.customers c join customers.customers t"
        " on t.customer_id = c.merged_into where t.merged_into is not null"
    )
    assert astray == 0, "a redirect that leads to a redirect"
