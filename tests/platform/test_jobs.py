"""What runs by the clock ends when it is told to, also in the midst of a night's work."""

from __future__ import annotations

import asyncio

from setten.platform import jobs
from setten.platform.jobs import Schedule

LIMIT_S = 60.0


async def test_a_work_without_end_is_cut_off_and_its_turn_comes_again(pool, monkeypatch):
    monkeypatch.setattr(jobs, "_ENDING_S", 0.1)
    begun, cut = asyncio.Event(), asyncio.Event()

    async def endless(_: object) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cut.set()

    stop = asyncio.Event()
    task = asyncio.create_task(
        jobs.run(pool, [Schedule("tried_without_end", "* * * * * *", endless)], stop)
    )
    async with asyncio.timeout(LIMIT_S):
        await begun.wait()
        stop.set()
        await task
    assert cut.is_set()
    async with pool.acquire() as conn:
        left = await conn.fetchval(
            "select status from jobs.pgqueuer_schedules where entrypoint = 'tried_without_end'"
        )
    assert left == "queued"
