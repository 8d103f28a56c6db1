"""Making the timeline anew from the log, beside the old one, and swapping it in.

What a line shows has one definition (`rules`); counters and purchases are worked out a second way,
by the database from the log, so that a test can hold the two ways against each other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import date, timedelta

from setten.customers.timeline import reader, rules
from setten.platform import db
from setten.platform.db import Connection, Pool
from setten.platform.log import Cursor, Row, row_of

Q = db.load(__file__)
# No writing transaction may hold the log's readers for long (DESIGN 3).
CHUNK = 5_000
# While the rest is longer than this, it is not yet time to stop the live reader for it.
LAST_CHUNK_MAX = 2_000
_START = Cursor(0, 0, date.min)
Progress = Callable[[int], None]


async def rebuild(pool: Pool, *, progress: Progress | None = None) -> int:
    """Rebuild lines, counters, purchases and traits from the log; answers the events read.

    The live ones serve until the swap, and the live reader goes on from where it stood.
    progress: told the events read so far.
    """
    async with db.transaction(pool) as conn:
        await Q.prepare.run(conn)
    here, done = _START, 0
    rows = await _ahead(pool, here)
    while len(rows) > LAST_CHUNK_MAX:
        there = _behind(here, rows)
        # The next chunk is read while this one is written.
        async with asyncio.TaskGroup() as both:
            next_rows = both.create_task(_ahead(pool, there))
            both.create_task(_put(pool, here, rows))
        done += len(rows)
        here, rows = there, next_rows.result()
        if progress is not None:
            progress(done)
    return done + await _finish(pool, here)


async def _ahead(pool: Pool, here: Cursor) -> list[Row]:
    async with pool.acquire() as conn:
        goal = _cursor(await Q.reached.maybe(conn, reader=reader.READER))
        return await _read(conn, here, goal, CHUNK)


async def _put(pool: Pool, here: Cursor, rows: Sequence[Row]) -> None:
    async with db.transaction(pool) as conn:
        await _take(conn, here, rows)


async def _finish(pool: Pool, here: Cursor) -> int:
    async with db.transaction(pool) as conn:
        goal = _cursor(await Q.goal.maybe(conn, reader=reader.READER))
        done = 0
        while rows := await _read(conn, here, goal, CHUNK):
            await _take(conn, here, rows)
            here = _behind(here, rows)
            done += len(rows)
        await Q.swap.run(conn)
    return done


def _cursor(row: db.Record | None) -> Cursor:
    return Cursor(row["xid"], row["position"], row["arrived_on"]) if row else _START


async def _read(conn: Connection, here: Cursor, goal: Cursor, most: int) -> list[Row]:
    records = await Q.read.all(
        conn,
        xid=str(here.xid),
        position=here.position,
        goal_xid=str(goal.xid),
        goal_position=goal.position,
        since=_since(here),
        most=most,
    )
    return [row_of(one) for one in records]


def _since(here: Cursor) -> date:
    """A day back: a transaction may have begun before midnight."""
    return here.arrived_on if here.arrived_on == date.min else here.arrived_on - timedelta(days=1)


def _behind(here: Cursor, rows: Sequence[Row]) -> Cursor:
    last = rows[-1]
    return Cursor(last.xid, last.position, max(here.arrived_on, last.arrived_on))


async def _take(conn: Connection, here: Cursor, rows: Sequence[Row]) -> None:
    last = rows[-1]
    if told := reader.told_by(rows):
        await reader.put_lines(conn, told, table="timeline_new")
        if traits := reader.traits(told):
            await Q.put_traits.run(conn, **traits)
    between = {
        "xid": str(here.xid),
        "position": here.position,
        "last_xid": str(last.xid),
        "last_position": last.position,
        "since": _since(here),
    }
    await Q.count.run(conn, hidden=sorted(rules.HIDDEN), **between)
    await Q.put_purchases.run(conn, rank_void=rules.RANK_VOID, **between)
