"""The lake's files: each event once, whatever dies; merged by month; strays swept away."""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from tests.reading import settled

from setten.platform import clock, db, lake, log
from setten.platform.lake import Column, Lake, LakeTooSlow, Line
from setten.platform.log import Row

START = datetime(2026, 1, 30, 9, 0, tzinfo=UTC)


def lines(row: Row) -> list[Line]:
    said = json.loads(row.body)
    return [Line(row.name, {"sku": said.get("sku")})] if row.name != "hidden" else []


@pytest.fixture
def water(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "it's a lake", [Column("sku", "text"), Column("key", "uuid")], lines)


async def happens(pool: db.Pool, ids: Sequence[str], *, days: int = 0, name: str = "seen") -> None:
    entries = [
        log.Entry(
            event_id=event_id,
            day=START.date(),
            name=name,
            occurred_at=START + timedelta(days=days, seconds=-number),
            received_at=clock.now(),
            channel="web",
            identifiers=(number % 3 + 1,),
            body=json.dumps({"sku": event_id}),
        )
        for number, event_id in enumerate(ids)
    ]
    async with db.transaction(pool) as conn:
        await log.append(conn, entries)


async def skus(pool: db.Pool, water: Lake) -> list[str]:
    async with pool.acquire() as conn:
        files = await water.files(conn)

    def ask(duck: duckdb.DuckDBPyConnection) -> list[str]:
        water.open_lines(duck, files)
        return [row[0] for row in duck.execute("select sku from lines").fetchall()]

    return await lake.work(water.folder, ask)


def names(*numbers: int) -> list[str]:
    return [f"e{number}" for number in numbers]


async def test_each_event_is_there_once_and_nothing_of_who_it_was(pool, water):
    assert await skus(pool, water) == []
    await happens(pool, names(1, 2, 3))
    await happens(pool, ["h"], name="hidden")
    assert await water.carry(pool) == 4
    await happens(pool, names(4))
    await water.carry(pool)
    assert await water.carry(pool) == 0
    assert sorted(await skus(pool, water)) == names(1, 2, 3, 4)


@pytest.mark.parametrize("calm_rounds", [0, 2, 50])
async def test_who_is_many_files_behind_is_level_at_the_end(pool, water, monkeypatch, calm_rounds):
    monkeypatch.setattr("setten.platform.lake.service.BATCH_MAX", 4)
    monkeypatch.setattr("setten.platform.lake.service.CALM_ROUNDS", calm_rounds)
    monkeypatch.setattr("setten.platform.lake.service.CALM_S", 0.001)
    await happens(pool, names(*range(26)))
    await settled(pool)
    assert await water.carry(pool) == 26
    assert sorted(await skus(pool, water)) == sorted(names(*range(26)))
    assert len(list(water.folder.glob("fresh/*"))) == 7
    assert await water.carry(pool) == 0


async def test_what_was_written_counts_when_the_process_ends_between_two_files(
    pool, water, monkeypatch
):
    monkeypatch.setattr("setten.platform.lake.service.BATCH_MAX", 4)
    monkeypatch.setattr("setten.platform.lake.service.CALM_S", 3_600)
    await happens(pool, names(*range(9)))
    await settled(pool)
    carrying = asyncio.create_task(water.carry(pool))
    async with asyncio.timeout(60):
        while len(await skus(pool, water)) < 4:  # noqa: ASYNC110 -- a file tells nobody
            await asyncio.sleep(0.01)
    carrying.cancel()
    await asyncio.gather(carrying, return_exceptions=True)
    monkeypatch.undo()
    await settled(pool)
    await water.carry(pool)
    assert sorted(await skus(pool, water)) == names(*range(9))


async def test_a_file_whose_transaction_died_does_not_count(pool, water, monkeypatch):
    await happens(pool, names(1, 2, 3))
    whole = Lake._enter

    async def dies(self: Lake, *given: object, **more: object) -> None:
        await whole(self, *given, **more)  # type: ignore[arg-type]
        raise RuntimeError("the power went")

    monkeypatch.setattr(Lake, "_enter", dies)
    for _ in range(2):
        with pytest.raises(RuntimeError):
            await water.carry(pool)
    monkeypatch.undo()
    assert len(list(water.folder.glob("fresh/*"))) == 2
    assert await skus(pool, water) == []
    await happens(pool, names(4))
    await water.carry(pool)
    assert sorted(await skus(pool, water)) == names(1, 2, 3, 4)


async def test_what_does_not_count_is_swept_when_nobody_can_have_it_open(pool, water):
    await happens(pool, names(1))
    await water.carry(pool)
    stray = water.folder / "fresh" / "stray.parquet"
    stray.write_bytes(b"half a file")
    assert await water.tidy(pool) == 0
    old = clock.now().timestamp() - 3_600
    for path in water.folder.glob("fresh/*"):
        os.utime(path, (old, old))
    assert await water.tidy(pool) == 1
    assert not stray.exists()
    assert await skus(pool, water) == names(1)


async def test_small_files_are_merged_into_their_months_and_lose_nothing(pool, water):
    for round_ in range(4):
        await happens(pool, names(*range(round_ * 10, round_ * 10 + 10)), days=round_)
        await water.carry(pool)
    assert await water.merge(pool) == 4
    assert Counter(await skus(pool, water)) == Counter(names(*range(40)))
    async with pool.acquire() as conn:
        parts = await conn.fetch("select part, rows from lake.files order by part")
    assert [row["part"] for row in parts] == ["2026-01", "2026-02"]
    await happens(pool, names(99), days=3)
    await water.carry(pool)
    await water.merge(pool)
    assert Counter(await skus(pool, water)) == Counter(names(*range(40), 99))
    async with pool.acquire() as conn:
        months = await conn.fetch("select part, rows from lake.files order by part")
    assert months[0] == parts[0], "a month that nothing came into stays as it is"


async def test_a_month_is_sorted_by_person_and_time(pool, water):
    await happens(pool, names(*range(9)))
    await water.carry(pool)
    await water.merge(pool)
    (path,) = water.folder.glob("month/*")
    rows = duckdb.sql(f"""select identifier_id, "at" from '{str(path).replace("'", "''")}'""")
    found = rows.fetchall()
    assert found == sorted(found)


async def test_two_that_merge_at_once_leave_each_event_once(pool, water):
    await happens(pool, names(1, 2, 3))
    await water.carry(pool)
    swap = water._swap

    async def late(*given: object) -> None:
        await Lake(water.folder, water.columns, lines).merge(pool)
        await swap(*given)  # type: ignore[arg-type]

    water._swap = late  # type: ignore[method-assign]
    with pytest.raises(lake.MergedMeanwhile):
        await water.merge(pool)
    assert sorted(await skus(pool, water)) == names(1, 2, 3)


async def test_a_rebuild_writes_the_same_beside_the_old_and_swaps_it_in(pool, water, monkeypatch):
    monkeypatch.setattr("setten.platform.lake.rebuilding.BATCH_MAX", 7)
    await happens(pool, names(*range(20)))
    await water.carry(pool)
    await water.merge(pool)
    await happens(pool, names(*range(20, 30)), days=3)
    await water.carry(pool)
    async with pool.acquire() as conn:
        old = await water.files(conn)
    told: list[int] = []
    await happens(pool, ["late"], days=4)  # the live writer has not come to it
    assert await lake.rebuild(water, pool, progress=told.append) == 30
    assert told == [7, 14, 21, 28]
    assert Counter(await skus(pool, water)) == Counter(names(*range(30)))
    async with pool.acquire() as conn:
        assert not set(old) & set(await water.files(conn))
        parts = [row["part"] for row in await conn.fetch("select part from lake.files order by 1")]
    assert parts == ["2026-01", "2026-02"]
    await water.carry(pool)
    assert Counter(await skus(pool, water)) == Counter([*names(*range(30)), "late"])


async def test_other_columns_are_there_for_the_past_after_a_rebuild(pool, water):
    await happens(pool, names(1, 2))
    await water.carry(pool)

    def more(row: Row) -> list[Line]:
        return [Line(row.name, {"sku": json.loads(row.body)["sku"], "shelf": "A"})]

    wider = Lake(water.folder, [Column("sku", "text"), Column("shelf", "text")], more)
    await lake.rebuild(wider, pool)
    async with pool.acquire() as conn:
        files = await wider.files(conn)

    def ask(duck: duckdb.DuckDBPyConnection) -> list[tuple[str, ...]]:
        wider.open_lines(duck, files)
        return duck.execute("select sku, shelf from lines order by 1").fetchall()

    assert await lake.work(wider.folder, ask) == [("e1", "A"), ("e2", "A")]


async def test_what_an_interrupted_rebuild_wrote_counts_nowhere_and_is_swept(
    pool, water, monkeypatch
):
    monkeypatch.setattr("setten.platform.lake.rebuilding.BATCH_MAX", 3)
    await happens(pool, names(*range(9)))
    await water.carry(pool)

    def stop(done: int) -> None:
        if done == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await lake.rebuild(water, pool, progress=stop)
    assert Counter(await skus(pool, water)) == Counter(names(*range(9)))
    for path in water.folder.glob("fresh/*"):
        os.utime(path, (0, 0))
    assert await water.tidy(pool) == 0, "a rebuild under way keeps its files"
    assert await lake.rebuild(water, pool) == 9
    assert Counter(await skus(pool, water)) == Counter(names(*range(9)))
    for path in water.folder.glob("*/*.parquet"):
        os.utime(path, (0, 0))
    await water.tidy(pool)
    async with pool.acquire() as conn:
        assert set(water.folder.glob("*/*.parquet")) == set(await water.files(conn))


async def test_nobody_who_reads_the_log_waits_while_a_file_is_made(pool, water, monkeypatch):
    await happens(pool, names(*range(3)))
    writers: list[int] = []
    make = water.make

    async def watched(rows: Sequence[Row]) -> list[tuple[Path, int]]:
        made = await make(rows)
        writers.append(await pool.fetchval("select count(*) from pg_stat_activity "
                                           "where datname = current_database() "
                                           "and backend_xid is not null"))  # fmt: skip
        return made

    monkeypatch.setattr(water, "make", watched)
    assert await water.carry(pool) == 3
    assert await lake.rebuild(water, pool) == 3
    assert writers[0] == 0
    assert Counter(await skus(pool, water)) == Counter(names(*range(3)))


async def test_of_two_rebuilds_at_once_the_later_one_counts(pool, water, monkeypatch):
    monkeypatch.setattr("setten.platform.lake.rebuilding.BATCH_MAX", 4)
    await happens(pool, names(*range(10)))
    await water.carry(pool)
    calls: list[int] = []
    make = water.make

    async def slow(rows: Sequence[Row]) -> list[tuple[Path, int]]:
        calls.append(len(rows))
        if len(calls) == 2:
            await lake.rebuild(Lake(water.folder, water.columns, lines), pool)
        return await make(rows)

    monkeypatch.setattr(water, "make", slow)
    with pytest.raises(lake.RebuiltMeanwhile):
        await lake.rebuild(water, pool)
    assert Counter(await skus(pool, water)) == Counter(names(*range(10)))
    monkeypatch.undo()
    assert await lake.rebuild(water, pool) == 10
    assert Counter(await skus(pool, water)) == Counter(names(*range(10)))


async def test_a_question_that_takes_too_long_is_refused_and_stops(water):
    endless = "select count(*) from range(10000000000) a, range(1000) b where a.range % 7 = b.range"
    with pytest.raises(LakeTooSlow):
        await lake.work(water.folder, lambda duck: duck.execute(endless).fetchall(), most_s=0.2)


async def test_the_engine_fetches_nothing_from_elsewhere(water):
    def asks(duck: duckdb.DuckDBPyConnection) -> None:
        duck.execute("select * from read_parquet('https://127.0.0.1:1/x.parquet')")

    with pytest.raises(duckdb.Error):
        await lake.work(water.folder, asks)
