"""The log: nothing lost, nothing twice, and the cursor that proves it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar

import asyncpg
import pytest

from setten.platform import clock, db, log
from setten.platform.log import Entry, Fact, Row


class Stated(Fact, frozen=True):
    event_name: ClassVar[str] = "test.stated"
    number: int


def entry(event_id: str, *, day: date = date(2026, 11, 20), name: str = "test.told") -> Entry:
    now = clock.now()
    return Entry(
        event_id=event_id,
        day=day,
        name=name,
        occurred_at=now,
        received_at=now,
        channel="web",
        identifiers=(7,),
        body="{}",
    )


class Collector:
    def __init__(self) -> None:
        self.rows: list[Row] = []

    async def __call__(self, conn: db.Connection, rows: Sequence[Row]) -> None:
        self.rows.extend(rows)

    @property
    def event_ids(self) -> list[str]:
        return [row.event_id for row in self.rows]


NAIVE = (
    "select position, event_id from log.events"
    " where position > $1 and xid < pg_snapshot_xmin(pg_current_snapshot()) order by position"
)


async def test_two_writers_the_position_cursor_loses_a_row_and_ours_keeps_it(
    dsn: str, pool: db.Pool
) -> None:
    early, late = await db.connect(dsn), await db.connect(dsn)
    collected = Collector()
    reader = log.Reader("pair", collected)
    naive_seen: list[str] = []
    naive_at = 0

    async def naive_step() -> None:
        nonlocal naive_at
        async with pool.acquire() as conn:
            for row in await conn.fetch(NAIVE, naive_at):
                naive_seen.append(row["event_id"])
                naive_at = row["position"]

    # The early transaction gets its xid first but its position last; the late one stays open.
    await early.execute("begin")
    await early.execute("select pg_current_xact_id()")
    await late.execute("begin")
    await log.append(late, [entry("B")])
    await log.append(early, [entry("A")])
    await early.execute("commit")
    await naive_step()
    await reader.step(pool)
    await late.execute("commit")
    await naive_step()
    await reader.catch_up(pool)
    await early.close()
    await late.close()

    assert naive_seen == ["A"], "the naive cursor passed B before B was there"
    assert sorted(collected.event_ids) == ["A", "B"]


async def test_many_writers_at_once_and_the_reader_gets_every_row_once(
    dsn: str, pool: db.Pool
) -> None:
    collected = Collector()
    reader = log.Reader("many", collected, most=37)
    done = asyncio.Event()

    async def write(writer: int) -> None:
        for number in range(60):
            async with db.transaction(pool) as conn:
                await log.append(conn, [entry(f"{writer}-{number}-{i}") for i in range(3)])

    async def read() -> None:
        while not done.is_set():
            await reader.step(pool)
            await asyncio.sleep(0.001)

    reading = asyncio.create_task(read())
    await asyncio.gather(*(write(writer) for writer in range(6)))
    done.set()
    await reading
    await reader.catch_up(pool)
    assert len(collected.event_ids) == len(set(collected.event_ids)) == 6 * 60 * 3


async def test_an_id_is_taken_in_once_however_often_and_in_whatever_company(
    pool: db.Pool,
) -> None:
    async with db.transaction(pool) as conn:
        assert await log.append(conn, [entry("one"), entry("two"), entry("one")]) == {"one", "two"}
    async with db.transaction(pool) as conn:
        assert await log.append(conn, [entry("two"), entry("three")]) == {"three"}


async def test_two_batches_with_the_same_ids_at_once_write_each_id_once(pool: db.Pool) -> None:
    names = [f"id-{n}" for n in range(200)]

    async def send(order: list[str]) -> int:
        async with db.transaction(pool) as conn:
            return len(await log.append(conn, [entry(name) for name in order]))

    written = await asyncio.gather(*(send(names if n % 2 else names[::-1]) for n in range(8)))
    assert sum(written) == len(names)


async def test_a_rolled_back_transaction_leaves_its_ids_free(pool: db.Pool) -> None:
    with pytest.raises(RuntimeError):
        async with db.transaction(pool) as conn:
            await log.append(conn, [entry("lost")])
            raise RuntimeError
    async with db.transaction(pool) as conn:
        assert await log.append(conn, [entry("lost")]) == {"lost"}


async def test_a_handler_that_fails_leaves_the_cursor_where_it_was(pool: db.Pool) -> None:
    async with db.transaction(pool) as conn:
        await log.append(conn, [entry("again")])
    seen: list[str] = []

    async def fail_once(conn: db.Connection, rows: Sequence[Row]) -> None:
        seen.extend(row.event_id for row in rows)
        if len(seen) == 1:
            raise asyncpg.PostgresError("out of luck")

    reader = log.Reader("unlucky", fail_once)
    with pytest.raises(asyncpg.PostgresError):
        await reader.step(pool)
    await reader.catch_up(pool)
    assert seen == ["again", "again"]


async def test_two_processes_of_one_reader_handle_each_row_once(pool: db.Pool) -> None:
    async with db.transaction(pool) as conn:
        await log.append(conn, [entry(f"e{n}") for n in range(300)])
    await pool.execute("create table counted (event_id text)")

    async def count(conn: db.Connection, rows: Sequence[Row]) -> None:
        await conn.executemany("insert into counted values ($1)", [(r.event_id,) for r in rows])

    readers = [log.Reader("shared", count, most=20) for _ in range(2)]

    async def drain(reader: log.Reader) -> None:
        for _ in range(60):
            await reader.step(pool)

    await asyncio.gather(*map(drain, readers))
    rows = await pool.fetch("select event_id, count(*) as n from counted group by 1")
    assert len(rows) == 300
    assert {row["n"] for row in rows} == {1}


async def test_a_reader_with_names_passes_the_others_by(pool: db.Pool) -> None:
    collected = Collector()
    reader = log.Reader("picky", collected, names=frozenset({"test.stated"}))
    async with db.transaction(pool) as conn:
        await log.append(conn, [entry("other")])
        own = await log.state(conn, Stated(number=3), at=clock.now())
    await reader.catch_up(pool)
    assert collected.event_ids == [own]
    await log.wait_for(pool, "other", ["picky"], today=date(2026, 11, 20))


async def test_after_waits_for_the_reader_and_then_answers(pool: db.Pool) -> None:
    collected = Collector()
    reader = log.Reader("slow", collected)
    async with db.transaction(pool) as conn:
        own = await log.state(conn, Stated(number=1), at=clock.now())

    async def later() -> None:
        await asyncio.sleep(0.05)
        await reader.catch_up(pool)

    waiting = asyncio.create_task(later())
    await log.wait_for(pool, own, ["slow"], today=clock.now().date())
    assert collected.event_ids == [own]
    await waiting


async def test_after_an_event_of_long_ago_is_found_by_its_id_alone(pool: db.Pool) -> None:
    async with db.transaction(pool) as conn:
        await log.append(conn, [entry("old", day=date(2019, 2, 3))])
    async with pool.acquire() as conn:
        assert await log.find(conn, "old", today=clock.now().date()) is not None
        assert await log.find(conn, "never", today=clock.now().date()) is None


async def test_after_an_event_that_nobody_saw_is_refused_in_time(pool: db.Pool) -> None:
    with pytest.raises(log.EventNotSeen):
        await log.wait_for(pool, "never", ["slow"], today=date(2026, 11, 20), timeout_s=0.05)


async def test_after_a_dead_letter_says_that_it_was_refused(pool: db.Pool) -> None:
    await pool.execute(
        "insert into log.dead_letters (received_at, hash, reason, sealed)"
        " values (now(), $1, 'no_identifier', '')",
        log.hash_id("bad"),
    )
    with pytest.raises(log.EventRefused):
        await log.wait_for(pool, "bad", ["slow"], today=date(2026, 11, 20), timeout_s=1)


async def test_an_event_that_arrives_past_the_last_partition_is_kept(pool: db.Pool) -> None:
    far = datetime.now(UTC) + timedelta(days=400)
    later = Entry(
        event_id="far",
        day=far.date(),
        name="test.told",
        occurred_at=far,
        received_at=far,
        channel="web",
        identifiers=(),
        body="{}",
    )
    collected = Collector()
    async with db.transaction(pool) as conn:
        await log.append(conn, [later])
    await log.Reader("far", collected).catch_up(pool)
    assert collected.event_ids == ["far"]


async def test_lags_are_zero_when_level_and_grow_when_not(pool: db.Pool) -> None:
    reader = log.Reader("lagging", Collector())
    await reader.step(pool)
    async with pool.acquire() as conn:
        assert (await log.lags(conn))["lagging"] == 0
    async with db.transaction(pool) as conn:
        await log.append(conn, [entry("waiting")])
    await asyncio.sleep(0.01)
    async with pool.acquire() as conn:
        assert (await log.lags(conn))["lagging"] > 0
