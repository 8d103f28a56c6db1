"""The night's work as the background process runs it: by the clock, through the real runner."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest
from tests.customers.predictions.test_learning import lay_down, regulars

from setten import background
from setten.customers import lifecycle, segments
from setten.platform import clock, db, jobs
from setten.platform.jobs import Schedule
from setten.platform.lake import Lake

LIMIT_S = 60.0


def scheduled(pool: db.Pool, vault: Any, folder: Path, zone: str = "Asia/Tokyo") -> list[Schedule]:
    """What the background process runs by the clock."""
    lake = Lake(folder, segments.LAKE_COLUMNS, segments.lake_lines)
    deps = SimpleNamespace(
        pool=pool, vault=vault, lake=lake, settings=SimpleNamespace(zone=ZoneInfo(zone))
    )
    return list(background.schedules(cast("Any", deps)))


def named(all_of_them: Sequence[Schedule], name: str) -> Schedule:
    [found] = [one for one in all_of_them if one.name == name]
    return found


@asynccontextmanager
async def running(pool: db.Pool, one: Schedule) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(jobs.run(pool, [one], stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, LIMIT_S)


async def eventually(pool: db.Pool, query: str) -> Any:
    """The first answer of a query that is something."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            async with pool.acquire() as conn:
                if found := await conn.fetchval(query):
                    return found
            await asyncio.sleep(0.2)


async def test_the_night_comes_and_the_business_has_its_own_rhythm(pool, vault, tmp_path):
    told = regulars(900, every=7, dice=np.random.default_rng(5))
    async with db.transaction(pool) as conn:
        for one in told:
            await lay_down(conn, [one])
        before = await lifecycle.business(conn)
    night = named(scheduled(pool, vault, tmp_path), "stages_learn")
    moved = msgspec.structs.replace(night, cron="* * * * * *")  # now, not at 3:40
    begun = clock.now()
    async with running(pool, moved):
        fitted = await eventually(
            pool, "select max(fitted_at) from customers.rhythms where people > 0"
        )
    async with pool.acquire() as conn:
        after = await lifecycle.business(conn)
        ran = await conn.fetchval("select count(*) from jobs.pgqueuer_schedules")
    assert fitted >= begun
    assert ran >= 1
    assert after.rhythm != before.rhythm
    assert after.usual_gap_days == pytest.approx(7, rel=0.5)


async def test_a_night_that_fails_is_followed_by_another(pool):
    tries: list[datetime] = []
    worked = asyncio.Event()

    async def works_the_second_time(_: db.Pool) -> None:
        tries.append(clock.now())
        if len(tries) == 1:
            raise RuntimeError("no")
        worked.set()

    async with running(pool, Schedule("a_night", "* * * * * *", works_the_second_time)):
        await asyncio.wait_for(worked.wait(), LIMIT_S)


@pytest.mark.parametrize(
    ("zone", "hour", "minute"), [("Asia/Tokyo", 18, 40), ("UTC", 3, 40), ("Asia/Kolkata", 22, 10)]
)
def test_night_is_the_businesss_own(pool, vault, tmp_path, zone: str, hour: int, minute: int):
    night = named(scheduled(pool, vault, tmp_path, zone), "stages_learn")
    assert night.cron == f"{minute} {hour} * * *"
    local = datetime(2026, 11, 22, hour, minute, tzinfo=UTC).astimezone(ZoneInfo(zone))
    assert local.time() == background.NIGHT == time(3, 40)
    assert local - timedelta(hours=3, minutes=40) == local.replace(hour=0, minute=0)
