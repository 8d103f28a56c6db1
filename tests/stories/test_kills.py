"""Every process is ended hard while clients write; then nothing acknowledged may be missing.

Short form: each process once, the database twice. `--long`: sixty kills. SETTEN_SEED repeats
a run's order and moments.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest

from setten.platform.db import embedded
from tests import seeds
from tests.stories.town import Process, Town
from tests.stories.writers import Memory, Writers

pytestmark = pytest.mark.long

TARGETS = ("web-1", "web-2", "readers", "segments", "jobs", "database", "backend", "supervisor")
KILLS_LONG = 60
SETTLE_LIMIT_S = 120
PLACE = "kichijoji"
STOCK = 1_000_000
_READERS_WAIT_S = 60


class Mortal(Process):
    """A product whose processes are killed and which can be started again on its data."""

    def kill(self, target: str) -> int:
        """SIGKILL by process id; gives the id. `backend` is any one connection's process."""
        pids = self.pids()
        if target == "backend":
            backends = _backends(pids["database"])
            assert backends, "somebody is always connected"
            pid = random.choice(backends)
        else:
            pid = pids[target]
        os.kill(pid, signal.SIGKILL)
        return pid

    def start_again(self) -> None:
        """After the supervisor's death: its children die with it; then the same command again."""
        assert self._child.wait(10) == -signal.SIGKILL
        self._child = subprocess.Popen(
            self._child.args, stdout=self._log, stderr=self._log, stdin=subprocess.DEVNULL,
            env={**os.environ, "SETTEN_LOCALE": "ja"}, start_new_session=True,
        )  # fmt: skip
        self.wait_ready()


def _backends(database: int) -> list[int]:
    """Processes that serve a connection of ours. One may end while it is looked at."""
    found = []
    for child in psutil.Process(database).children():
        with suppress(psutil.Error):
            if "setten setten" in " ".join(child.cmdline()):
                found.append(child.pid)
    return found


@pytest.fixture
def mortal() -> Iterator[Mortal]:
    with tempfile.TemporaryDirectory(prefix="setten-kill-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        process = Mortal(folder)
        try:
            process.wait_ready()
            yield process
        finally:
            process.stop()


async def test_what_was_acknowledged_outlives_every_process(
    mortal: Mortal, is_long: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = seeds.drawn()
    chance = random.Random(seed)
    town = Town(mortal)
    sku = town.new_item(f"MUG-{seed}", {PLACE: STOCK})
    paths = town.http.get("/api/openapi.json").json()["paths"]
    writers = Writers(
        mortal.base_url, town.key, town.write_keys["web"], sku=sku, place=PLACE, seed=seed,
        has_receipts="/api/v1/receipts" in paths,
    )  # fmt: skip

    writing = asyncio.create_task(writers.run())
    try:
        killed = await _kill_all(mortal, writers.memory, _order(chance, is_long), chance)
    finally:
        writers.stop()
        await asyncio.wait([writing], timeout=SETTLE_LIMIT_S)
    memory = writers.memory
    assert writing.done(), (writers.open_doubts(), mortal.output()[-3000:])
    writing.result()
    await asyncio.to_thread(mortal.wait_ready)

    with capsys.disabled():  # the seed repeats the run
        print(  # noqa: T201
            f"\nseed {seed}: {dict(killed)}; {memory.writes} writes; {dict(memory.statuses)}"
        )
    assert not memory.surprises, (memory.surprises[:5], _bugs(mortal))
    await _prove(mortal, town, memory, sku)


def _bugs(mortal: Mortal) -> str:
    """What the processes said of bugs of their own, with the lines that follow."""
    lines = mortal.output().splitlines()
    at = next((n for n, line in enumerate(lines) if "bug in" in line), len(lines))
    return "\n".join(lines[at : at + 60])


def _order(chance: random.Random, is_long: bool) -> list[str]:
    if not is_long:
        return chance.sample([*TARGETS, "database"], len(TARGETS) + 1)
    rounds = [chance.sample(TARGETS, len(TARGETS)) for _ in range(KILLS_LONG // len(TARGETS))]
    return [target for one in rounds for target in one]


async def _kill_all(
    mortal: Mortal, memory: Memory, order: list[str], chance: random.Random
) -> Counter[str]:
    """One after the other, each after at least some writes since the last; gives how many."""
    killed: Counter[str] = Counter()
    for target in order:
        await _progress(memory)
        await asyncio.sleep(chance.uniform(0, 2))
        if target in await asyncio.to_thread(_killed, mortal, target):
            killed[target] += 1
    await _progress(memory)
    return killed


def _killed(mortal: Mortal, target: str) -> list[str]:
    try:
        mortal.kill(target)
    except (ProcessLookupError, psutil.NoSuchProcess, AssertionError, TypeError):
        return []  # it is being started again after an earlier kill
    if target == "supervisor":
        mortal.start_again()
    return [target]


async def _progress(memory: Memory, *, writes: int = 100) -> None:
    """Wait until clients got somewhere again."""
    start, end = memory.writes, time.monotonic() + SETTLE_LIMIT_S
    while memory.writes < start + writes:
        assert time.monotonic() < end, f"nothing moves: {dict(memory.statuses)}"
        await asyncio.sleep(0.05)


# -- the proof ---------------------------------------------------------------------------------


async def _prove(mortal: Mortal, town: Town, memory: Memory, sku: str) -> None:
    dsn = embedded.attach(mortal.folder / "data")
    assert dsn is not None
    conn = await asyncpg.connect(dsn)
    try:
        await _readers_are_done(conn)
        await _events(conn, memory)
        await _projections(conn, memory)
        await _promises(conn, memory, sku)
    finally:
        await conn.close()
    proof = town.reconcile()
    assert proof["drifts"] == [], proof


async def _events(conn: Any, memory: Memory) -> None:
    """The log and the clients' lists agree both ways, each event once."""
    rows = await conn.fetch(
        "select event_id, count(*) as n from log.events where event_id like 'kill-%' group by 1"
    )
    found = {row["event_id"]: row["n"] for row in rows}
    assert memory.acknowledged == memory.sent, "every doubt was settled"
    assert not memory.acknowledged - found.keys(), "acknowledged and lost"
    assert not found.keys() - memory.sent, "in the log, but never sent"
    assert set(found.values()) == {1}, "counted twice"
    letters = await conn.fetch(
        "select hash, count(*) as n from log.dead_letters group by hash having count(*) > 1"
    )
    assert not letters, "a refused event was kept twice"
    kept = await conn.fetchval("select count(*) from log.dead_letters")
    assert kept == len(memory.bad)


async def _projections(conn: Any, memory: Memory) -> None:
    """Readers have counted each event once: the timeline, its counters, the source's counter."""
    told = len(memory.acknowledged)
    lines = await conn.fetchval(
        "select count(*) from customers.timeline where event_id like 'kill-%'"
    )
    distinct = await conn.fetchval(
        "select count(distinct event_id) from customers.timeline where event_id like 'kill-%'"
    )
    assert (lines, distinct) == (told, told)
    persons = "(select identifier_id from customers.timeline where event_id like 'kill-%')"
    counted = await conn.fetchval(
        f"select sum(n) from customers.counters where identifier_id in {persons}"
    )
    drawn = await conn.fetchval(
        f"select count(*) from customers.timeline where identifier_id in {persons}"
    )
    assert counted == drawn
    by_source = await conn.fetchval("select sum(events) from ingest.counters")
    logged = await conn.fetchval("select count(*) from log.events where source_id is not null")
    assert by_source == logged


async def _promises(conn: Any, memory: Memory, sku: str) -> None:
    """One hold per Idempotency-Key, in the state that was answered; units add up."""
    holds = {
        str(row["hold_id"]): row["state"]
        for row in await conn.fetch(
            "select h.hold_id, h.state from stock.holds h join stock.hold_lines l using (hold_id)"
            " where l.sku = $1", sku,
        )
    }  # fmt: skip
    assert set(memory.holds.values()) == holds.keys()
    assert len(set(memory.holds.values())) == len(memory.holds)
    assert {hold: state for hold, state in holds.items() if state != "held"} == memory.ended
    facts = await conn.fetch(
        "select body->>'hold_id' as hold_id from log.events where name = 'stock.held'"
    )
    stated = Counter(row["hold_id"] for row in facts)
    assert all(stated[hold] == 1 for hold in holds), "each hold is stated once"
    row = await conn.fetchrow(
        "select on_hand, held from stock.balances where sku = $1 and location_id = $2", sku, PLACE
    )
    collected = sum(state == "collected" for state in memory.ended.values())
    assert row["held"] == sum(state == "held" for state in holds.values())
    assert row["on_hand"] + row["held"] == (
        STOCK + memory.units_received - collected - len(memory.receipts)
    )


async def _readers_are_done(conn: Any) -> None:
    end = time.monotonic() + _READERS_WAIT_S
    newest = await conn.fetchrow("select max(position) as p from log.events")
    while time.monotonic() < end:
        behind = await conn.fetchval(
            "select count(*) from log.cursors where position < $1"
            " and exists (select 1 from log.events e where (e.xid, e.position) >"
            " (log.cursors.xid, log.cursors.position))", newest["p"],
        )  # fmt: skip
        if behind == 0:
            return
        await asyncio.sleep(0.2)
    raise AssertionError("the readers of the log do not catch up")
