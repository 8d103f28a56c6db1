"""One fetch for all readers of a process: each still gets every event once, in order."""

from __future__ import annotations

import asyncio
import random

from tests import seeds
from tests.platform.test_log import append, entry
from tests.reading import caught_up

from setten.platform import log
from setten.platform.log import tail as tails
from setten.platform.log.model import Cursor
from setten.platform.log.tail import Tail


class Kept:
    """A handler that keeps what it was given, at its own speed."""

    def __init__(self, chance: random.Random) -> None:
        self.event_ids: list[str] = []
        self._chance = chance
        self._more = asyncio.Condition()

    async def __call__(self, conn, rows) -> None:
        await asyncio.sleep(self._chance.choice((0, 0, 0.003)))
        async with self._more:
            self.event_ids += [row.event_id for row in rows]
            self._more.notify_all()

    async def until(self, count: int) -> None:
        async with self._more:
            await self._more.wait_for(lambda: len(self.event_ids) >= count)


async def run_beside_writers(pool, readers, *, events: int) -> None:
    stop = asyncio.Event()
    reading = asyncio.create_task(log.run(readers, pool, stop))

    async def write(writer: int) -> None:
        for count in range(events // 15):
            await append(pool, *(entry(f"{writer}-{count}-{part}") for part in range(3)))

    await asyncio.gather(*(write(writer) for writer in range(5)))
    stop.set()
    await reading
    for reader in readers:
        await caught_up(reader, pool)


async def test_readers_of_every_speed_get_the_same_events_in_the_same_order(pool, monkeypatch):
    monkeypatch.setattr(tails, "ROWS_MAX", 40)
    monkeypatch.setattr(tails, "FETCH_MAX", 16)
    chance = random.Random(seeds.drawn())
    kept = [Kept(chance) for _ in range(5)]
    readers = [log.Reader(f"r{n}", one, most=(1, 3, 7, 20, 50)[n]) for n, one in enumerate(kept)]
    await run_beside_writers(pool, readers, events=300)
    assert len(set(kept[0].event_ids)) == len(kept[0].event_ids) == 300
    assert all(one.event_ids == kept[0].event_ids for one in kept)


async def test_readers_that_another_process_carries_too_repeat_nothing(pool):
    chance = random.Random(seeds.drawn())
    kept, other = Kept(chance), Kept(chance)
    readers = [log.Reader("raced", kept, most=5)], [log.Reader("raced", other, most=8)]
    stop = asyncio.Event()
    racing = asyncio.create_task(log.run(readers[1], pool, stop))
    await run_beside_writers(pool, readers[0], events=300)
    stop.set()
    await racing
    both = kept.event_ids + other.event_ids
    assert len(both) == len(set(both)) == 300


async def test_a_cursor_that_is_set_back_by_hand_is_obeyed(pool):
    kept = Kept(random.Random(seeds.drawn()))
    stop = asyncio.Event()
    reading = asyncio.create_task(log.run([log.Reader("back", kept)], pool, stop))
    await append(pool, entry("a"))
    async with asyncio.timeout(30):
        await kept.until(1)
        async with pool.acquire() as conn:
            await conn.execute("update log.cursors set xid = '0', position = 0")
        await kept.until(2)
    assert kept.event_ids == ["a", "a"]
    stop.set()
    await reading


async def test_the_database_is_asked_once_for_all_that_look_at_one_moment(pool):
    tail = Tail(pool)
    here = Cursor(0, 0, entry("a").day)
    await append(pool, entry("a"))
    assert len(await tail.after(here, 10, stamp="one")) == 1
    level = tail._end
    await append(pool, entry("b"))
    assert await tail.after(level, 10, stamp="one") == [], "that moment has been looked at"
    assert len(await tail.after(level, 10, stamp="two")) == 1
    assert [row.event_id for row in await tail.after(here, 10, stamp="two")] == ["a", "b"]


async def test_who_is_too_far_behind_reads_for_itself(pool, monkeypatch):
    monkeypatch.setattr(tails, "ROWS_MAX", 4)
    monkeypatch.setattr(tails, "FETCH_MAX", 4)
    await append(pool, *(entry(f"e{n}") for n in range(20)))
    tail = Tail(pool)
    begin = here = Cursor(0, 0, entry("a").day)
    while rows := await tail.after(here, 4):
        here = Cursor(rows[-1].xid, rows[-1].position, rows[-1].arrived_on)
    assert len(tail._rows) <= 8
    async with pool.acquire() as conn:
        first = [row.event_id for row in await tails.read(conn, begin, 3)]
    assert [row.event_id for row in await tail.after(begin, 3)] == first
    assert (await tail.after(here, 3)) == []


async def test_long_bodies_do_not_pile_up(pool, monkeypatch):
    monkeypatch.setattr(tails, "BODY_CHARS_MAX", 1_000)
    monkeypatch.setattr(tails, "FETCH_MAX", 2)
    await append(pool, *(entry(f"e{n}", body=f'{{"x":"{"x" * 300}"}}') for n in range(40)))
    tail, here, seen = Tail(pool), Cursor(0, 0, entry("a").day), 0
    while rows := await tail.after(here, 4):
        here = Cursor(rows[-1].xid, rows[-1].position, rows[-1].arrived_on)
        seen += len(rows)
    assert seen == 40
    assert len(tail._rows) < 10
