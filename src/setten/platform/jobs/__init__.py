"""Background work on the `pgqueuer` library: schedules and jobs live in the same database.

A domain offers plain async functions; `app` lists them as `Schedule`s; `run` keeps them going
through a restart of the database. Events do not travel here: they have the log.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from setten.platform.db import AWAY, Pool

if TYPE_CHECKING:
    from pgqueuer import PgQueuer
    from pgqueuer.models import Schedule as PgSchedule

# pgqueuer reads its schema from the environment, once, at its first import.
os.environ.setdefault("PGQUEUER_SCHEMA", "jobs")
logger = logging.getLogger(__name__)
_RESTART_S = 2.0
_TICK_S = 1.0
# What is at work may finish; a night's work is cut off then, to be begun again.
_ENDING_S = 5.0


class Schedule(msgspec.Struct, frozen=True):
    """Work to be done regularly. cron: five fields, or six with seconds last."""

    name: str
    cron: str
    work: Callable[[Pool], Awaitable[object]]


async def run(pool: Pool, schedules: Sequence[Schedule], stop: asyncio.Event) -> None:
    """Run the schedules until `stop`; a lost database only pauses them."""
    while not stop.is_set():
        queue = _queue(pool, schedules)
        running = asyncio.create_task(queue.run())
        ending = asyncio.create_task(stop.wait())
        await asyncio.wait({running, ending}, return_when=asyncio.FIRST_COMPLETED)
        queue.shutdown.set()
        ending.cancel()
        if not (await asyncio.wait({running}, timeout=_ENDING_S))[0]:
            running.cancel()
        outcome = (await asyncio.gather(running, return_exceptions=True))[0]
        if not stop.is_set():
            logger.warning("jobs pause: %s", type(outcome).__name__)
            await asyncio.sleep(_RESTART_S)


async def tick(
    pool: Pool, works: Sequence[Callable[[Pool], Awaitable[object]]], stop: asyncio.Event
) -> None:
    """Do small works one after the other each second until `stop`.

    For what is asked every second and seldom has anything to do: a schedule of the queue costs some
    writes each time. Processes do not take turns here: each work must bear company.
    """
    while not stop.is_set():
        for work in works:
            try:
                await work(pool)
            except AWAY as cause:
                # Told of by others too; where it happened says nothing.
                logger.warning("a work of each second waits: %s", type(cause).__name__)
            except Exception:
                # One that fails must not stop those beside it; where it did is kept to be mended.
                logger.exception("a work of each second failed")
        with suppress(TimeoutError):
            async with asyncio.timeout(_TICK_S):
                await stop.wait()


def _queue(pool: Pool, schedules: Sequence[Schedule]) -> PgQueuer:
    from pgqueuer import PgQueuer  # noqa: PLC0415 - a third of a second, for who runs jobs

    queue = PgQueuer.from_asyncpg_pool(pool)
    for one in schedules:
        queue.schedule(one.name, one.cron, clean_old=True)(_guarded(one, pool))
    return queue


def _guarded(one: Schedule, pool: Pool) -> Callable[[PgSchedule], Awaitable[None]]:
    async def work(_: PgSchedule) -> None:
        try:
            await one.work(pool)
        except Exception:
            # One failing job must not end the queue; the schedule brings it back.
            logger.exception("job %s failed and will run again", one.name)

    return work


__all__ = ["Schedule", "run", "tick"]
