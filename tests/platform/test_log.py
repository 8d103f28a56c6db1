"""The log: nothing twice, nothing lost, and cursors that do not pass a row that commits late."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import asyncpg
import msgspec
import pytest
from tests.reading import caught_up

from setten.platform import clock, db, ids, log
from setten.platform.log import service

DAY = date(2026, 11, 1)
AT = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)


def entry(event_id: str, *, name: str = "page.viewed", day: date = DAY, **more) -> log.Entry:
    given = {"occurred_at": AT, "received_at": clock.now(), "channel": "web",
             "identifiers": (1,), "body": "{}", **more}  # fmt: skip
    return log.Entry(event_id=event_id, day=day, name=name, **given)


async def append(pool: db.Pool, *entries: log.Entry) -> frozenset[str]:
    async with db.transaction(pool) as conn:
        return await log.append(conn, entries)


class Said(log.Fact, frozen=True, kw_only=True):
    event_name = "test.said"
    word: str


def test_facts_made_together_are_as_those_made_one_by_one_but_for_their_ids():
    facts = [Said(word="a"), Said(word="b"), Said(word="a")]
    told = list(zip(facts, [(1, 2), (), (3,)], strict=True))
    together = log.entries_for(told, at=AT)
    singly = [log.entry_for(fact, at=AT, identifiers=whose) for fact, whose in told]
    assert [msgspec.structs.replace(one, event_id="", day=DAY) for one in together] == [
        msgspec.structs.replace(one, event_id="", day=DAY) for one in singly
    ]
    assert len({one.event_id for one in together}) == 3
    assert {ids.uuid7_time(uuid.UUID(one.event_id)).date() for one in together} == {
        one.day for one in together
    }
    assert log.entries_for([], at=AT) == []


class Kept:
    """A handler that keeps what it was given."""

    def __init__(self) -> None:
        self.rows: list[log.Row] = []

    async def __call__(self, conn: db.Connection, rows) -> None:
        self.rows += rows

    @property
    def event_ids(self) -> list[str]:
        return [row.event_id for row in self.rows]


# The cursor that everybody writes first: position alone, with the very same guard on xmin.
NAIVE = """
select position, event_id from log.events
 where position > $1 and xid < pg_snapshot_xmin(pg_current_snapshot())
 order by position
"""


async def test_a_row_that_commits_late_is_lost_to_a_naive_cursor_and_kept_by_ours(pool):
    kept = Kept()
    reader = log.Reader("pair", kept)
    async with pool.acquire() as slow, pool.acquire() as quick, pool.acquire() as watcher:
        begun, other = slow.transaction(), quick.transaction()
        await begun.start()
        await slow.execute("insert into log.cursors (reader) values ('elder')")  # the older xid
        await other.start()
        await log.append(quick, [entry("first-position")])
        await log.append(slow, [entry("second-position")])
        await begun.commit()

        naive = [row["event_id"] for row in await watcher.fetch(NAIVE, 0)]
        passed = await watcher.fetchval("select max(position) from log.events")
        await reader.step(pool)
        await other.commit()
        naive += [row["event_id"] for row in await watcher.fetch(NAIVE, passed)]
    await caught_up(reader, pool)
    assert naive == ["second-position"], "the naive cursor has passed the other for ever"
    assert sorted(kept.event_ids) == ["first-position", "second-position"]


async def test_many_writers_at_once_lose_nothing_and_repeat_nothing(pool):
    kept = Kept()
    reader = log.Reader("racing", kept, most=7)
    stop = asyncio.Event()
    reading = asyncio.create_task(log.run([reader], pool, stop))

    async def write(writer: int) -> None:
        for count in range(25):
            await append(pool, *(entry(f"{writer}-{count}-{part}") for part in range(3)))

    await asyncio.gather(*(write(writer) for writer in range(5)))
    stop.set()
    await reading
    await caught_up(reader, pool)
    assert len(kept.event_ids) == len(set(kept.event_ids)) == 5 * 25 * 3


async def test_an_event_sent_again_is_not_written_again(pool):
    assert await append(pool, entry("a"), entry("b")) == {"a", "b"}
    assert await append(pool, entry("b"), entry("c")) == {"c"}
    async with pool.acquire() as conn:
        assert await conn.fetchval("select count(*) from log.events") == 3


async def test_of_two_with_one_id_in_a_batch_the_first_wins(pool):
    await append(pool, entry("a", body='{"n":1}'), entry("a", body='{"n":2}'))
    async with pool.acquire() as conn:
        assert await conn.fetchval("select body::text from log.events") == '{"n":1}'


async def test_two_that_bring_the_same_events_at_once_write_them_once(pool):
    ids = [f"e{number}" for number in range(40)]
    new = await asyncio.gather(
        append(pool, *map(entry, ids)), append(pool, *map(entry, reversed(ids)))
    )
    assert sum(map(len, new)) == 40


async def test_an_event_that_was_rolled_back_may_come_again(pool):
    with pytest.raises(RuntimeError):  # noqa: PT012 - the transaction is the point
        async with db.transaction(pool) as conn:
            await log.append(conn, [entry("a")])
            raise RuntimeError
    assert await append(pool, entry("a")) == {"a"}


async def test_a_nul_in_a_clients_text_is_kept(pool):
    await append(pool, entry("a", body=json.dumps({"text": "a\u0000b"})))
    kept = Kept()
    await caught_up(log.Reader("r", kept), pool)
    assert json.loads(kept.rows[0].body) == {"text": "a\u0000b"}


async def test_an_event_on_a_day_without_a_partition_is_kept_all_the_same(pool):
    far = clock.now() + timedelta(days=400)
    await append(pool, entry("a", received_at=far))
    kept = Kept()
    await caught_up(log.Reader("r", kept), pool)
    assert kept.event_ids == ["a"]


async def test_a_batch_that_fails_comes_again_whole_and_leaves_no_trace(pool):
    await append(pool, entry("a"), entry("b"))
    tries = []

    async def handle(conn: db.Connection, rows) -> None:
        tries.append([row.event_id for row in rows])
        await conn.execute("insert into log.cursors (reader) values ('trace')")
        if len(tries) == 1:
            raise RuntimeError

    reader = log.Reader("failing", handle)
    with pytest.raises(RuntimeError):
        await reader.step(pool)
    async with pool.acquire() as conn:
        assert not await conn.fetchval("select 1 from log.cursors where reader = 'trace'")
    assert await reader.step(pool) == 2
    assert tries == [["a", "b"], ["a", "b"]]


async def test_two_processes_with_one_reader_handle_each_event_once(pool):
    for number in range(30):
        await append(pool, entry(f"e{number}"))
    kept = Kept()
    one, other = log.Reader("same", kept, most=4), log.Reader("same", kept, most=3)
    while sum(await asyncio.gather(one.step(pool), other.step(pool))):
        pass
    assert sorted(kept.event_ids) == sorted({f"e{number}" for number in range(30)})


async def test_a_reader_of_some_names_passes_the_others(pool):
    await append(pool, entry("a"), entry("b", name="order.placed"), entry("c"))
    kept = Kept()
    reader = log.Reader("orders", kept, names=frozenset({"order.placed"}))
    await caught_up(reader, pool)
    assert kept.event_ids == ["b"]
    assert await reader.step(pool) == 0


async def test_a_reader_that_builds_on_others_takes_nothing_they_have_not_passed(pool):
    first, second, kept = Kept(), Kept(), Kept()
    upper = log.Reader("upper", kept, after=("one", "two"))
    await append(pool, entry("a"))
    await caught_up(upper, pool)
    assert kept.event_ids == []  # neither of them has begun
    await caught_up(log.Reader("one", first), pool)
    await caught_up(upper, pool)
    assert kept.event_ids == []
    await caught_up(log.Reader("two", second), pool)
    await append(pool, entry("b"))
    await caught_up(upper, pool)
    assert kept.event_ids == ["a"]
    await caught_up(log.Reader("two", second), pool)
    await caught_up(upper, pool)
    assert kept.event_ids == ["a"]
    await caught_up(log.Reader("one", first), pool)
    await caught_up(upper, pool)
    assert kept.event_ids == ["a", "b"]


async def test_a_reader_crosses_midnight(pool):
    today = clock.now()
    await append(pool, entry("a", received_at=today))
    kept = Kept()
    reader = log.Reader("r", kept)
    await caught_up(reader, pool)
    await append(pool, entry("b", received_at=today + timedelta(days=1)))
    await append(pool, entry("c", received_at=today))
    await caught_up(reader, pool)
    assert kept.event_ids == ["a", "b", "c"]


async def test_waiting_ends_when_every_reader_named_has_passed(pool):
    await append(pool, entry("a"))
    one, other = log.Reader("one", Kept()), log.Reader("other", Kept())
    today = clock.now().date()
    await caught_up(one, pool)
    with pytest.raises(log.EventNotSeen):
        await log.wait_for(pool, "a", ["one", "other"], today=today, timeout_s=0.05)
    waiting = asyncio.create_task(
        log.wait_for(pool, "a", ["one", "other"], today=today, timeout_s=30)
    )
    await caught_up(other, pool)
    await waiting


async def test_waiting_for_an_event_that_was_refused_says_so_at_once(pool):
    async with pool.acquire() as conn:
        await conn.execute(
            "insert into log.dead_letters (received_at, hash, reason, sealed)"
            " values (now(), $1, 'no_identifier', '')",
            log.hash_id("bad"),
        )
    with pytest.raises(log.EventRefused):
        await log.wait_for(pool, "bad", ["one"], today=clock.now().date())


async def test_a_fact_is_stated_in_the_transaction_of_its_change(pool):
    class Tested(log.Fact, frozen=True, kw_only=True):
        event_name = "house.tested"
        n: int

    with pytest.raises(RuntimeError):  # noqa: PT012 - the transaction is the point
        async with db.transaction(pool) as conn:
            await log.state(conn, Tested(n=1), at=clock.now())
            raise RuntimeError
    async with db.transaction(pool) as conn:
        event_id = await log.state(conn, Tested(n=2), at=clock.now(), identifiers=(5,))
    kept = Kept()
    await caught_up(log.Reader("r", kept), pool)
    [row] = kept.rows
    assert (row.event_id, row.name, row.body) == (event_id, "house.tested", '{"n":2}')
    async with pool.acquire() as conn:
        place = await log.find(conn, event_id, today=clock.now().date())
        assert place is not None
        assert await log.event_at(conn, place) == row


async def test_lag_is_the_age_of_the_oldest_event_not_passed(pool):
    reader = log.Reader("r", Kept())
    await append(pool, entry("a", received_at=clock.now() - timedelta(seconds=90)))
    await caught_up(reader, pool)
    async with pool.acquire() as conn:
        assert (await log.lags(conn))["r"] == 0.0
    await append(pool, entry("b", received_at=clock.now() - timedelta(seconds=90)))
    async with pool.acquire() as conn:
        assert 89 < (await log.lags(conn))["r"] < 120


async def test_the_oldest_writer_is_seen(pool):
    async with pool.acquire() as watcher:
        assert await service.oldest_writer_s(watcher) == 0
        async with db.transaction(pool) as conn:
            await log.append(conn, [entry("a")])
            await asyncio.sleep(0.02)
            assert await service.oldest_writer_s(watcher) > 0


async def test_a_name_too_long_is_refused_by_the_database_itself(pool):
    with pytest.raises(asyncpg.CheckViolationError):
        await append(pool, entry("a", name="x" * 101))


async def test_an_event_that_nobody_can_digest_is_set_aside_and_stops_no_other(
    pool: db.Pool,
) -> None:
    done: list[str] = []

    async def choke(conn: db.Connection, rows: Sequence[log.Row]) -> None:
        if any(row.event_id == "poison" for row in rows):
            raise ValueError("cannot be")
        done.extend(row.event_id for row in rows)

    names = ["a", "b", "poison", "c", "d"]
    async with db.transaction(pool) as conn:
        await log.append(conn, [entry(name) for name in names])
    reader = log.Reader("choking", choke)
    with pytest.raises(ValueError, match="cannot be"):
        await reader.step(pool)
    assert await reader.step_past_poison(pool) >= 1
    await caught_up(reader, pool)
    assert sorted(done) == ["a", "b", "c", "d"]
    rows = await pool.fetch("select reader, event_id, error from log.set_aside")
    assert [tuple(row) for row in rows] == [("choking", "poison", "ValueError")]
    async with pool.acquire() as conn:
        assert await log.set_aside(conn) == 1


async def test_a_reader_that_runs_gets_past_poison_by_itself(pool: db.Pool) -> None:
    done: list[str] = []
    stop = asyncio.Event()

    async def choke(conn: db.Connection, rows: Sequence[log.Row]) -> None:
        if any(row.event_id == "poison" for row in rows):
            raise ValueError("cannot be")
        done.extend(row.event_id for row in rows)
        if len(done) == 2:
            stop.set()

    async with db.transaction(pool) as conn:
        await log.append(conn, [entry("poison"), entry("x"), entry("y")])
    await asyncio.wait_for(log.run([log.Reader("walking", choke)], pool, stop), timeout=60)
    assert sorted(done) == ["x", "y"]


async def test_a_lost_database_sets_nothing_aside(pool: db.Pool) -> None:
    async def lost(conn: db.Connection, rows: Sequence[log.Row]) -> None:
        raise ConnectionError

    async with db.transaction(pool) as conn:
        await log.append(conn, [entry("fine")])
    with pytest.raises((ConnectionError, db.pool.DatabaseUnavailable)):
        await log.Reader("cut", lost).step_past_poison(pool)
    async with pool.acquire() as conn:
        assert await log.set_aside(conn) == 0


async def test_a_day_whose_events_came_before_its_partition_stops_no_other_day(pool):
    today = clock.now().date()
    async with pool.acquire() as conn:
        for table in await conn.fetch(
            "select c.oid::regclass::text from pg_inherits i join pg_class c on c.oid = i.inhrelid"
            " where i.inhparent = 'log.events'::regclass and c.relname ~ '[0-9]{8}$'"
        ):
            await conn.execute(f"drop table {table[0]}")
    await append(pool, entry("early", received_at=clock.now()))
    async with db.transaction(pool) as conn:
        await log.ensure_partitions(conn)
        await log.ensure_partitions(conn)
    tomorrow = clock.now() + timedelta(days=1)
    await append(pool, entry("late", received_at=tomorrow))
    kept = Kept()
    await caught_up(log.Reader("r", kept), pool)
    assert sorted(kept.event_ids) == ["early", "late"]
    async with pool.acquire() as conn:
        where = dict(await conn.fetch("select event_id, tableoid::regclass::text from log.events"))
    assert not where["early"].endswith(f"{today:%Y%m%d}")
    assert where["late"].endswith(f"{tomorrow.date():%Y%m%d}")


async def test_every_day_of_the_log_is_counted_by_a_small_sample(pool):
    async with db.transaction(pool) as conn:
        for table in await conn.fetch(
            "select relid::regclass::text from pg_partition_tree('log.events') where level = 1"
            " and relid <> 'log.events_elsewhere'::regclass"
        ):
            await conn.execute(f"drop table {table[0]}")
        await log.ensure_partitions(conn)
        large = await conn.fetch(
            "select relid::regclass::text, attname from pg_partition_tree('log.events')"
            " join pg_attribute on attrelid = relid"
            " where attnum > 0 and attstattarget is distinct from 10"
        )
        days = await conn.fetchval(
            "select count(*) from pg_partition_tree('log.events') where level = 1"
        )
    assert days == 1 + 3
    assert large == []
