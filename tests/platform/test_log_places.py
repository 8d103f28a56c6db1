"""Cursors that are kept in memory a moment: never ahead of what was done, whatever happens."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress

from tests import seeds
from tests.platform.test_log import append, entry
from tests.reading import caught_up

from setten.platform import clock, db, log
from setten.platform.log.model import Cursor, EventNotSeen
from setten.platform.log.places import Places

LONG_S = 30.0  # a busy machine is slow, not wrong
HERE, THERE, BEYOND = (Cursor(n, n, entry("a").day) for n in (1, 2, 3))


class Running:
    """Readers of one process, for as long as the block lasts."""

    def __init__(self, pool: db.Pool, *readers: log.Reader) -> None:
        self._pool, self._readers = pool, readers

    async def __aenter__(self) -> None:
        self._stop = asyncio.Event()
        self._task = asyncio.create_task(log.run(self._readers, self._pool, self._stop))

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        await self._task


async def passed_by(pool: db.Pool, event_id: str, *readers: str) -> None:
    """Wait until all of them have passed an event."""
    today = clock.now().date()
    await log.wait_for(pool, event_id, readers, today=today, timeout_s=LONG_S)


async def nothing(conn: db.Connection, rows: object) -> None:
    raise AssertionError("nothing of these is ours")


async def cursor_of(pool: db.Pool, reader: str) -> tuple[int, int]:
    row = await pool.fetchrow(
        "select xid::text::bigint, position from log.cursors where reader = $1", reader
    )
    return tuple(row) if row else (0, 0)


async def end_of(pool: db.Pool) -> tuple[int, int]:
    row = await pool.fetchrow(
        "select xid::text::bigint, position from log.events"
        " order by xid desc, position desc limit 1"
    )
    return tuple(row)


async def test_a_reader_with_nothing_to_do_is_soon_known_to_have_passed(pool):
    idle = log.Reader("idle", nothing, names=frozenset({"order.placed"}))
    picky = log.Reader("picky", nothing, wants=lambda row: row.source_id is not None)
    async with Running(pool, idle, picky):
        for n in range(5):
            await append(pool, entry(f"e{n}"))
            await passed_by(pool, f"e{n}", "idle", "picky")


async def test_what_readers_passed_over_costs_no_transaction_a_batch(pool):
    readers = [
        log.Reader(f"idle{n}", nothing, names=frozenset({"order.placed"}), gather_s=0)
        for n in range(8)
    ]
    async with Running(pool, *readers):
        await append(pool, entry("first"))
        await passed_by(pool, "first", *(f"idle{n}" for n in range(8)))
        before = await pool.fetchval("select pg_current_xact_id()::text::bigint")
        for n in range(30):
            await append(pool, entry(f"e{n}"))
            await asyncio.sleep(0.005)
        await passed_by(pool, "e29", *(f"idle{n}" for n in range(8)))
        after = await pool.fetchval("select pg_current_xact_id()::text::bigint")
    # 30 are the appends; 8 readers that told of each would be 240 more.
    assert after - before < 30 + 60


async def test_at_the_end_nothing_is_owed(pool):
    async with Running(pool, log.Reader("idle", nothing, names=frozenset({"x"}))):
        for n in range(20):
            await append(pool, entry(f"e{n}"))
        await passed_by(pool, "e19", "idle")
        await append(pool, entry("last"))
        await asyncio.sleep(0.03)
    passed = await cursor_of(pool, "idle")
    await caught_up(log.Reader("idle", nothing, names=frozenset({"x"})), pool)
    assert passed <= await cursor_of(pool, "idle") == await end_of(pool)


async def test_whatever_dies_in_between_every_event_is_handled_once(pool):
    """Two processes with the same readers, each cut off at any moment and started anew."""
    chance = random.Random(seeds.drawn())
    await pool.execute("create table done (event_id text not null)")

    async def handle(conn: db.Connection, rows) -> None:
        if chance.random() < 0.1:
            raise ValueError("not today")
        await conn.executemany(
            "insert into done (event_id) values ($1)", [(row.event_id,) for row in rows]
        )

    def reader() -> log.Reader:
        return log.Reader("half", handle, names=frozenset({"order.placed"}), most=7, gather_s=0)

    done = asyncio.Event()

    async def process() -> None:
        while not done.is_set():
            carrying = asyncio.create_task(log.run([reader()], pool, asyncio.Event()))
            await asyncio.sleep(chance.uniform(0.02, 0.2))
            carrying.cancel()
            with suppress(asyncio.CancelledError):
                await carrying

    processes = [asyncio.create_task(process()) for _ in range(2)]
    for n in range(60):
        some = [chance.choice(("order.placed", "page.viewed")) for _ in range(5)]
        await append(pool, *(entry(f"{n}-{i}", name=name) for i, name in enumerate(some)))
        await asyncio.sleep(0.01)
    done.set()
    await asyncio.gather(*processes)
    steady = log.Reader("half", _into_done, names=frozenset({"order.placed"}))
    await caught_up(steady, pool)
    wanted = await pool.fetch("select event_id from log.events where name = 'order.placed'")
    found = await pool.fetch("select event_id from done")
    assert sorted(r[0] for r in found) == sorted(r[0] for r in wanted)


async def _into_done(conn: db.Connection, rows) -> None:
    await conn.executemany(
        "insert into done (event_id) values ($1)", [(row.event_id,) for row in rows]
    )


async def test_a_cursor_set_back_by_hand_is_obeyed_though_much_was_passed_over(pool):
    seen: list[str] = []

    async def keep(conn: db.Connection, rows) -> None:
        seen.extend(row.event_id for row in rows)

    await append(pool, entry("a", name="order.placed"))
    async with Running(pool, log.Reader("back", keep, names=frozenset({"order.placed"}))):
        for n in range(10):
            await append(pool, entry(f"e{n}"))
        await passed_by(pool, "e9", "back")
        await pool.execute("update log.cursors set xid = '0', position = 0")
        async with asyncio.timeout(LONG_S):
            while seen != ["a", "a"]:
                await append(pool, entry(f"m{len(seen)}-{random.random()}"))
                await asyncio.sleep(0.02)


async def test_a_cursor_that_somebody_holds_stops_nobody_and_follows_later(pool):
    names = frozenset({"order.placed"})
    readers = [log.Reader("held", nothing, names=names), log.Reader("free", nothing, names=names)]
    async with Running(pool, *readers), pool.acquire() as other:
        await append(pool, entry("a"))
        await passed_by(pool, "a", "held", "free")
        holding = other.transaction()
        await holding.start()
        # Held, but nothing is written: else no reader might pass what comes after.
        await other.execute("select 1 from log.cursors where reader = 'held' for no key update")
        await append(pool, entry("b"))
        with suppress(EventNotSeen):
            await log.wait_for(pool, "b", ["free"], today=clock.now().date(), timeout_s=0.3)
        assert await cursor_of(pool, "held") < await end_of(pool)
        await holding.rollback()
        await passed_by(pool, "b", "held", "free")


async def test_who_comes_after_another_never_sees_what_that_one_has_not_passed(pool):
    chance = random.Random(seeds.drawn())
    passed: set[str] = set()
    early: list[str] = []
    got: list[str] = []

    async def first(conn: db.Connection, rows) -> None:
        await asyncio.sleep(chance.choice((0, 0.004)))
        passed.update(row.event_id for row in rows)

    async def second(conn: db.Connection, rows) -> None:
        early.extend(r.event_id for r in rows if r.event_id not in passed and r.name == "a.done")
        got.extend(row.event_id for row in rows)

    readers = [
        log.Reader("one", first, names=frozenset({"a.done"}), most=3, gather_s=0),
        log.Reader("two", second, after=("one",), most=5, gather_s=0),
    ]
    async with Running(pool, *readers):
        for n in range(40):
            await append(pool, entry(f"a{n}", name=chance.choice(("a.done", "b.done"))))
        await passed_by(pool, "a39", "one", "two")
    assert early == []
    assert got == [f"a{n}" for n in range(40)]


async def test_who_comes_after_a_reader_of_another_process_follows_its_commits(pool, monkeypatch):
    seen: dict[str, list[str]] = {"first": [], "second": []}

    def noting(name: str) -> log.Reader:
        async def note(conn: db.Connection, rows) -> None:
            seen[name] += [row.event_id for row in rows]

        return log.Reader(name, note, after=("first",) if name == "second" else ())

    # Long enough that only what the other process commits can wake who comes after it.
    monkeypatch.setattr("setten.platform.log.reader.LOOK_ANYWAY_S", 60.0)
    async with Running(pool, noting("second")), Running(pool, noting("first")):
        for n in range(5):
            await append(pool, entry(f"e{n}"))
            await passed_by(pool, f"e{n}", "second")
    assert seen["second"] == seen["first"] == [f"e{n}" for n in range(5)]


async def test_what_is_owed_goes_on_from_what_the_database_says():
    places = Places()
    assert places.found("r", HERE) == HERE
    assert places.pass_over("r", THERE)
    assert places.passed(["r"]) == (2, 2)
    assert places.found("r", HERE) == THERE, "asked anew, it goes on where it was"
    assert places.found("r", BEYOND) == BEYOND, "somebody else has moved it"
    assert places.passed(["r", "unknown"]) is None
    places.forget("r")
    assert not places.pass_over("r", BEYOND)
    assert await places.settled("r") is None
