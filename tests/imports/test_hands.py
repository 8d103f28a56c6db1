"""A long file taken by several processes is the same as if one had taken it."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import psutil
import pytest

from setten import imports
from setten.imports import Hands, Options, Summary
from setten.imports.model import ImportStopped
from setten.platform import clock, db
from setten.platform.vault import Vault, normalise

Bring: TypeAlias = Callable[..., Awaitable[Summary]]
KEY = bytes(range(32))
ROWS = 9_000  # four chunks and a half


@pytest.fixture
async def bring(pool: db.Pool, dsn: str) -> Bring:
    """Two helpers with a file however short."""
    vault = Vault(KEY)
    async with db.transaction(pool) as conn:
        await vault.prove(conn)

    async def go(path: Path, **options: Any) -> Summary:
        on_progress = options.pop("on_progress", lambda _: None)
        return await imports.bring(
            pool, vault, imports.KINDS["customers"], path, Options(**options), clock=clock.now,
            hands=Hands(dsn, KEY, 2, from_bytes=1), on_progress=on_progress,
        )  # fmt: skip

    return go


def members(path: Path, rows: int = ROWS) -> Path:
    """Each a person of their own, but every second shares the phone of the one a chunk before."""
    with path.open("w", encoding="utf-8", newline="") as file:
        write = csv.writer(file).writerow
        write(["顧客ID", "氏名", "電話番号", "生年月日"])
        for n in range(rows):
            shared = n - 2_000 if n % 2 and n >= 2_000 else n
            born = "13月" if n % 1_500 == 7 else "1990-01-02"
            write([f"H{n:06}", f"山田 {n}", f"090-{shared // 10**4:04}-{shared % 10**4:04}", born])
    return path


async def counts(pool: db.Pool) -> tuple[int, int, int, int]:
    """Events, distinct events, identifiers, and how many of the log name two of them."""
    async with pool.acquire() as conn:
        row = await conn.fetchrow(
            "select (select count(*) from log.events), (select count(distinct event_id) from "
            "log.events), (select count(*) from vault.identifiers), (select count(*) from "
            "log.events where cardinality(identifiers) = 2)"
        )
    assert row is not None
    return tuple(row)  # type: ignore[return-value]


async def test_many_hands_bring_in_what_one_would_in_the_order_of_the_file(
    bring: Bring, pool: db.Pool, tmp_path: Path
) -> None:
    path, keeps = members(tmp_path / "members.csv"), tmp_path / "refused.csv"
    done = await bring(path, refused_file=str(keeps))

    assert (done.rows, done.new, done.refused) == (ROWS, ROWS - 6, 6)
    assert done.file == "members.csv"
    assert done.mapping["user_id"] == ["顧客ID"]
    assert [one.row for one in done.shown] == [8, 1_508, 3_008, 4_508, 6_008, 7_508]
    kept = list(csv.DictReader(keeps.open(encoding="utf-8-sig")))
    assert [int(row["setten_row"]) for row in kept] == [one.row for one in done.shown]
    assert kept[2]["氏名"] == "山田 3007"
    events, distinct, _, pairs = await counts(pool)
    assert events == distinct == pairs == ROWS - 6
    async with pool.acquire() as conn:
        run = await conn.fetchrow("select rows_done, ended_at is not null from imports.runs")
    assert tuple(run or ()) == (ROWS, True)

    again = await bring(path)
    assert (again.new, again.same, again.refused) == (0, ROWS - 6, 6)
    assert (await counts(pool))[0] == ROWS - 6


async def test_neighbours_of_one_phone_are_one_identifier_whichever_process_was_first(
    bring: Bring, pool: db.Pool, tmp_path: Path
) -> None:
    path = tmp_path / "families.csv"
    lines = [f"F{n:06},090-7777-{n % 40:04}" for n in range(8_000)]
    path.write_text("顧客ID,電話番号\n" + "\n".join(lines) + "\n", "utf-8")
    done = await bring(path)
    assert (done.new, done.refused) == (8_000, 0)
    assert (await counts(pool))[2] == 8_040
    async with pool.acquire() as conn:
        vault = Vault(KEY)
        number = (await vault.find(conn, [normalise("phone", "090-7777-0003")])).popitem()[1]
        named = await conn.fetchval(
            "select count(*) from log.events where identifiers @> array[$1::bigint]", number
        )
    assert named == 200


async def test_a_helper_that_is_killed_stops_the_run_which_then_goes_on_to_the_same_end(
    bring: Bring, pool: db.Pool, tmp_path: Path
) -> None:
    path = members(tmp_path / "members.csv", 30_000)

    async def kill_one() -> None:
        while True:
            for one in psutil.Process().children(recursive=True):
                with suppress(psutil.Error):  # another child may end while it is looked at
                    if "spawn_main" in " ".join(one.cmdline()) and await _writes(pool):
                        one.kill()
                        return
            await asyncio.sleep(0.01)

    killer = asyncio.create_task(kill_one())
    with pytest.raises(ImportStopped):
        await bring(path)
    await killer
    async with pool.acquire() as conn:
        rows_done, events = await conn.fetchrow(  # type: ignore[misc]
            "select rows_done, (select count(*) from log.events) from imports.runs"
        )
    assert 0 < rows_done < 30_000
    assert events == rows_done - len([n for n in range(rows_done) if n % 1_500 == 7])

    done = await bring(path, resumes=True)
    assert (done.rows, done.new, done.refused, done.same) == (30_000, 29_980, 20, 0)
    assert done.resumed_at == rows_done
    assert (await counts(pool))[:2] == (29_980, 29_980)


async def _writes(pool: db.Pool) -> bool:
    """Whether chunks are in, so that a helper is surely at work."""
    async with pool.acquire() as conn:
        return bool(await conn.fetchval("select max(rows_done) > 4000 from imports.runs"))


async def test_a_dry_run_and_a_short_file_need_no_hands(
    bring: Bring, pool: db.Pool, tmp_path: Path
) -> None:
    path = members(tmp_path / "members.csv", 2_500)
    tried = await bring(path, is_dry=True)
    assert (tried.new, tried.refused) == (2_498, 2)
    assert (await counts(pool))[0] == 0
    assert not [one for one in psutil.Process().children() if "spawn_main" in str(one.cmdline())]


def test_hands_are_never_more_than_the_machine_has_cores() -> None:
    assert 0 <= imports.spare("postgresql://", KEY).count <= 3
