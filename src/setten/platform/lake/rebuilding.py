"""Making the lake anew from the log, beside the old one, and swapping it in.

For when it keeps other columns than before, or a disk lost its files. Questions read the old files
until the swap; the writer of the live ones goes on, and is stopped only for the last events.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import date

from setten.platform import db
from setten.platform.db import Connection, Pool, Record
from setten.platform.lake.service import BATCH_MAX, READER, Lake, MergedMeanwhile, Q, load_engine
from setten.platform.log import Cursor, Row
from setten.platform.log.tail import read

PART = "rebuilding"
Progress = Callable[[int], None]
_START = Cursor(0, 0, date.min)


class RebuiltMeanwhile(RuntimeError):
    """Another rebuild has begun since; this one's files are swept away later."""


async def rebuild(lake: Lake, pool: Pool, *, progress: Progress | None = None) -> int:
    """Write every file anew and swap them in; answers the events read.

    progress: told the events read so far. Raises RebuiltMeanwhile.
    """
    await asyncio.to_thread(load_engine)
    async with db.transaction(pool) as conn:
        await Q.drop_unfinished.run(conn)
    here, done = _START, 0
    paths: list[str] = []
    while True:
        rows = await _ahead(pool, here)
        if len(rows) < BATCH_MAX:
            break
        made = await lake.make(rows)
        async with db.transaction(pool) as conn:
            paths += [await lake.enter(conn, one, part=PART) for one in made]
        here = _behind(here, rows)
        done += len(rows)
        if progress is not None:
            progress(done)
    done += await _finish(lake, pool, here, paths)
    with suppress(MergedMeanwhile):  # the job of the live writer came first
        await lake.merge(pool)
    return done


async def _ahead(pool: Pool, here: Cursor) -> list[Row]:
    """The next events that the live writer has passed."""
    async with pool.acquire() as conn:
        goal = _cursor(await Q.reached.maybe(conn, reader=READER))
        return await _until(conn, here, goal)


async def _until(conn: Connection, here: Cursor, goal: Cursor) -> list[Row]:
    rows = await read(conn, here, BATCH_MAX)
    end = (goal.xid, goal.position)
    return [row for row in rows if (row.xid, row.position) <= end]


def _behind(here: Cursor, rows: list[Row]) -> Cursor:
    last = rows[-1]
    return Cursor(last.xid, last.position, max(here.arrived_on, last.arrived_on))


async def _finish(lake: Lake, pool: Pool, here: Cursor, paths: list[str]) -> int:
    """The last events, and the swap: the live writer waits at its cursor meanwhile."""
    async with db.transaction(pool) as conn:
        await Q.lock.run(conn)
        goal = _cursor(await Q.goal.maybe(conn, reader=READER))
        done = 0
        while rows := await _until(conn, here, goal):
            made = await lake.make(rows)
            paths += [await lake.enter(conn, one, part=PART) for one in made]
            here = _behind(here, rows)
            done += len(rows)
        taken = await Q.take_rebuilt.all(conn, paths=paths)
        if len(taken) != len(paths):
            raise RebuiltMeanwhile()
        await Q.drop_others.run(conn, paths=paths)
    return done


def _cursor(row: Record | None) -> Cursor:
    return Cursor(row["xid"], row["position"], row["arrived_on"]) if row else _START
