"""Readers killed at random moments, by their pid: nothing twice, nothing missing."""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time

from tests.customers.conftest import START
from tests.customers.timeline.test_rebuild import contents

from setten.customers import timeline
from setten.platform import clock, db, log

EVENTS = 3_000
READERS = """
import asyncio, sys
from setten.customers import identity, timeline
from setten.platform import db, log

async def main(dsn):
    pool = await db.open_pool(dsn, size=4)
    stop = asyncio.Event()
    readers = [*identity.readers(), *timeline.readers()]
    for reader in readers:
        reader._most = 10  # so that it is far from done when it is killed, on a busy machine too
    print("reading", flush=True)
    await log.run(readers, pool, stop)

asyncio.run(main(sys.argv[1]))
"""


def entries(numbers: list[int]) -> list[log.Entry]:
    chance = random.Random(5)
    return [
        log.Entry(
            event_id=f"k{count}",
            day=START.date(),
            name="page.viewed",
            occurred_at=START,
            received_at=clock.now(),
            channel="web",
            identifiers=tuple(sorted(chance.sample(numbers, chance.choice((1, 2))))),
            body=json.dumps({"type": "page"}),
        )
        for count in range(EVENTS)
    ]


LINES = "select count(*) from customers.timeline"
BEGIN_LIMIT_S = 30  # to load and to write the first lines, on a machine that has much else to do


async def killed_while_reading(dsn: str, pool: db.Pool, after_s: float) -> None:
    """Killed so long after its first lines."""
    before = await pool.fetchval(LINES)
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", READERS, dsn, stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    assert await child.stdout.readline() == b"reading\n"
    end = time.monotonic() + BEGIN_LIMIT_S
    for _ in iter(lambda: before < EVENTS and time.monotonic() < end, False):
        if await pool.fetchval(LINES) > before:
            break
        await asyncio.sleep(0.002)
    await asyncio.sleep(after_s)
    child.kill()
    await child.wait()


async def test_readers_killed_again_and_again_come_to_the_same(people, pool, dsn):
    numbers = [await people.number(f"anonymous_id:c{n}") for n in range(40)]
    await people.append(entries(numbers))
    chance = random.Random()
    stopped_at = []
    for _ in range(5):
        await killed_while_reading(dsn, pool, chance.uniform(0.0, 0.05))
        stopped_at.append(await pool.fetchval(LINES))
    await people.read()
    found = await contents(pool)
    assert len([row for row in found["timeline"] if "page.viewed" in row]) == EVENTS
    assert sum(row[-1] for row in found["counters"] if "page.viewed" in row) == EVENTS
    assert any(0 < count < EVENTS for count in stopped_at), "no kill came in the middle"
    await timeline.rebuild(pool)
    assert await contents(pool) == found
