"""Files sent by the page, taken by several processes behind it, each of which may be killed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import msgspec
import psutil
import pytest
from tests.imports.test_hands import KEY, counts, members

from setten.imports import KINDS, Hands, Summary, desk, errands, resuming
from setten.imports.desk import Arrival, Sent
from setten.platform import clock, db
from setten.platform.vault import Vault

ROWS = 6_000  # three chunks
Shown: TypeAlias = Callable[[], Awaitable[Sent]]


async def _nothing(*_: object) -> None:
    """No audit here: the pages' tests read it."""


@pytest.fixture
async def at(pool: db.Pool, dsn: str, tmp_path: Path) -> errands.Desk:
    """The desk with one helper for however short a file."""
    vault = Vault(KEY)
    async with db.transaction(pool) as conn:
        await vault.prove(conn)
    return errands.Desk(
        pool=pool, vault=vault, folder=tmp_path / "imports", dsn=dsn, finished=_nothing,
        clock=clock.now, hands=Hands(dsn, KEY, 1, from_bytes=1, behind=5),
    )  # fmt: skip


async def handed_in(at: errands.Desk, path: Path, kind: str) -> UUID:
    file_id = uuid4()
    arrival = Arrival(kind=kind, name=path.name)
    with path.open("rb") as file:
        kept = desk.keep(at.vault, at.folder, file, arrival, file_id=file_id)
    async with db.transaction(at.pool) as conn:
        await desk.send(conn, at.vault, kept, sender="staff:1", timezone="Asia/Tokyo",
                        now=clock.now())  # fmt: skip
    return file_id


async def sent_and_tried(at: errands.Desk, path: Path, kind: str = "customers") -> UUID:
    file_id = await handed_in(at, path, kind)
    await errands.work(at, asyncio.Event())
    assert (await stands(at, file_id)).state == "tried"
    async with db.transaction(at.pool) as conn:
        assert await desk.take(conn, file_id, now=clock.now())
    return file_id


async def stands(at: errands.Desk, file_id: UUID) -> Sent:
    async with at.pool.acquire() as conn:
        return await desk.get(conn, at.vault, file_id)


def helpers() -> list[psutil.Process]:
    found = []
    for one in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # it may end while it is looked at
            if "spawn_main" in " ".join(one.cmdline()):
                found.append(one)
    return found


def summary(sent: Sent) -> Summary:
    assert sent.outcome is not None
    assert sent.outcome.summary is not None, sent.outcome
    return sent.outcome.summary


async def test_a_helper_that_is_killed_costs_no_row_and_needs_nobody_to_press_again(
    at: errands.Desk, tmp_path: Path
) -> None:
    file_id = await sent_and_tried(at, members(tmp_path / "members.csv", ROWS))

    async def kill_one() -> None:
        while True:
            for one in helpers():
                with suppress(psutil.Error):
                    one.kill()
                    return
            await asyncio.sleep(0.01)

    killer = asyncio.create_task(kill_one())
    await errands.work(at, asyncio.Event())
    await killer
    done = await stands(at, file_id)
    assert done.state == "done", done.outcome
    came = summary(done)
    assert (came.rows, came.refused) == (ROWS, ROWS // 1_500)
    assert came.new + came.same == ROWS - ROWS // 1_500
    assert (await counts(at.pool))[:2] == (ROWS - ROWS // 1_500, ROWS - ROWS // 1_500)
    assert helpers() == []


async def test_a_run_that_is_ended_from_outside_leaves_no_helper_and_goes_on_later(
    at: errands.Desk, tmp_path: Path
) -> None:
    file_id = await sent_and_tried(at, members(tmp_path / "members.csv", ROWS))
    stop = asyncio.Event()

    async def stop_soon() -> None:
        while True:
            if helpers():
                stop.set()
                return
            await asyncio.sleep(0.01)

    stopper = asyncio.create_task(stop_soon())
    await errands.work(at, stop)
    await stopper
    assert helpers() == []
    await errands.work(at, asyncio.Event())
    done = await stands(at, file_id)
    assert (done.state, summary(done).rows) == ("done", ROWS)


async def test_a_run_waits_for_the_helper_that_a_killed_one_left_behind(pool: db.Pool) -> None:
    run_key = uuid4()

    async def enter() -> None:
        async with pool.acquire() as conn, resuming.alone(conn, run_key):
            pass

    async with pool.acquire() as left:
        await resuming.help_with(left, run_key)
        entering = asyncio.create_task(enter())
        await asyncio.wait({entering}, timeout=0.5)
        assert not entering.done()
        await left.fetchval("select pg_advisory_unlock_all()")
        await entering


def goods(path: Path, rows: int) -> Path:
    path.write_text("sku,name\n" + "".join(f"{path.stem}-{n},x\n" for n in range(rows)))
    return path


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of ten items, each of which takes longer than a look at how far it is."""
    kind = KINDS["items"]
    taken = kind.take

    async def slowly(*args: Any, **options: Any) -> Any:
        await asyncio.sleep(0.05)
        return await taken(*args, **options)

    monkeypatch.setattr(kind, "rows_a_commit", 10)
    monkeypatch.setattr(kind, "take", slowly)
    monkeypatch.setattr(errands, "MOVE_S", 0.01)


async def test_a_trial_that_lasts_too_long_ends_and_tells_how_far_it_came(
    at: errands.Desk, tmp_path: Path, slow: None
) -> None:
    short = msgspec.structs.replace(at, trial_s=0.0)
    file_id = await sent_and_tried(short, goods(tmp_path / "long.csv", 200), "items")
    came = summary(await stands(at, file_id))
    assert came.is_cut
    assert 0 < came.new == came.rows < 200
    await errands.work(at, asyncio.Event())
    done = await stands(at, file_id)
    assert (done.state, summary(done).new, summary(done).is_cut) == ("done", 200, False)


async def test_a_trial_for_which_nobody_waits_reads_all_rows(
    at: errands.Desk, tmp_path: Path, slow: None
) -> None:
    eager = msgspec.structs.replace(at, turn_s=0.0)
    file_id = await sent_and_tried(eager, goods(tmp_path / "alone.csv", 60), "items")
    came = summary(await stands(at, file_id))
    assert (came.rows, came.is_cut) == (60, False)


async def test_files_that_wait_take_turns_and_each_row_counts_once(
    at: errands.Desk, tmp_path: Path, slow: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await sent_and_tried(at, goods(tmp_path / "first.csv", 120), "items")
    second = await handed_in(at, goods(tmp_path / "second.csv", 120), "items")
    began: list[UUID] = []
    run = errands._run

    async def noted(
        at: errands.Desk, guard: db.Connection, sent: Sent, stop: asyncio.Event
    ) -> None:
        began.append(sent.file_id)
        await run(at, guard, sent, stop)

    monkeypatch.setattr(errands, "_run", noted)
    await errands.work(msgspec.structs.replace(at, turn_s=0.0), asyncio.Event())
    assert began[0] == first
    assert second in began[: began.index(first, 1)], "it had its turn before the first was done"
    done, tried = await stands(at, first), await stands(at, second)
    assert (done.state, tried.state) == ("done", "tried")
    assert (summary(done).rows, summary(done).new) == (120, 120)
    async with at.pool.acquire() as conn:
        assert await conn.fetchval("select count(*) from stock.items") == 120
