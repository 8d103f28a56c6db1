"""Making the timeline anew from the log, beside the old one, and swapping it in.

What a line shows has one definition (`rules`); counters and purchases are worked out a second way,
by the database, so that a test can hold the two ways against each other.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import asyncpg

from setten.customers.timeline import reader, rules
from setten.customers.timeline.carrying import ORDER, Chunk
from setten.platform import db
from setten.platform.db import Connection, Pool
from setten.platform.log import Cursor, Row, row_of

Q = db.load(__file__)
# No writing transaction may hold the log's readers for long (DESIGN 3).
CHUNK = 5_000
# While the rest is longer than this, it is not yet time to stop the live reader for it.
LAST_CHUNK_MAX = 2_000
LINES_COUNTED = 20_000  # in one transaction; somebody's own lines stay together
# Readers wait behind a swap that waits: it gives up after the pool's lock timeout, lets them pass,
# and comes again, for ten minutes in all. A backup may read a table for so long.
SWAP_TRIES, SWAP_PAUSE_S = 60, 5.0
INDEX_S_MAX = 3_600  # of one index: twenty million lines are sorted in half a minute
NUMBERS = 2**63 - 1  # the largest number of an identifier
_START = Cursor(0, 0, date.min)
Progress = Callable[[int], None]


async def rebuild(pool: Pool, *, progress: Progress | None = None) -> int:
    """Rebuild lines, counters, purchases and traits from the log; answers the events read.

    The live ones serve until the swap, and the live reader goes on from where it stood. First the
    bulk without indexes, then indexes and counters, then what has come meanwhile.
    progress: told the events read so far.
    """
    async with db.transaction(pool) as conn:
        await Q.prepare.run(conn)
        goal = _cursor(await Q.reached.maybe(conn, reader=reader.READER))
    here, done, told = _START, 0, progress or _nobody
    async for chunk in _chunks(pool, here, goal):
        done, here = done + len(chunk), chunk.end
        told(done)
    await _index(pool)
    await _count_lines(pool, done)
    while len(rows := await _ahead(pool, here)) > LAST_CHUNK_MAX:
        async with db.transaction(pool) as conn:
            await _take(conn, here, rows)
            await _count(conn, here, _behind(here, rows))
        done, here = done + len(rows), _behind(here, rows)
        told(done)
    return done + await _swapped(pool, here)


def _nobody(done: int) -> None:
    """Who is told when nobody asks."""


async def _chunks(pool: Pool, here: Cursor, goal: Cursor) -> AsyncIterator[Chunk]:
    """Write all lines up to a place of the log; each chunk when it is written."""
    chunk = await _copied(pool, here, goal)
    while chunk:
        # The next chunk is read while this one is written.
        async with asyncio.TaskGroup() as both:
            next_chunk = both.create_task(_copied(pool, chunk.end, goal))
            both.create_task(_put(pool, chunk))
        yield chunk
        chunk = next_chunk.result()


async def _copied(pool: Pool, here: Cursor, goal: Cursor) -> Chunk:
    async with pool.acquire() as conn:
        raw = await db.copy_out(
            conn, Q.copied, **_between(here, goal), hidden=sorted(rules.HIDDEN), most=CHUNK
        )
    return Chunk(raw, here)


async def _ahead(pool: Pool, here: Cursor) -> list[Row]:
    async with pool.acquire() as conn:
        goal = _cursor(await Q.reached.maybe(conn, reader=reader.READER))
        return await _read(conn, here, goal, CHUNK)


async def _put(pool: Pool, chunk: Chunk) -> None:
    async with db.transaction(pool) as conn:
        await db.copy_gradually(conn, "customers", "timeline_new", ORDER, chunk.lines())
        await _put_told(conn, chunk.told, chunk.here, chunk.end)


async def _index(pool: Pool) -> None:
    async with pool.acquire() as conn:
        await Q.unhurried.run(conn)
        try:
            for row in await Q.indexes.all(conn):
                await conn.execute(row["statement"], timeout=INDEX_S_MAX)
            await conn.execute(Q.analyze.sql, timeout=INDEX_S_MAX)
        finally:
            await Q.hurried.run(conn)


async def _count_lines(pool: Pool, lines: int) -> None:
    """Numbers of identifiers are random, so equal parts of them have about equally many lines."""
    pieces = 1 + lines // LINES_COUNTED
    bounds = [NUMBERS * piece // pieces for piece in range(pieces + 1)]
    for above, upto in pairwise(bounds):
        async with db.transaction(pool) as conn:
            await Q.count_lines.run(conn, above=above, upto=upto)


async def _swapped(pool: Pool, here: Cursor) -> int:
    """The swap, tried again while somebody reads the old tables for long."""
    for _ in range(SWAP_TRIES):
        with suppress(asyncpg.LockNotAvailableError):
            return await _finish(pool, here)
        await asyncio.sleep(SWAP_PAUSE_S)
    return await _finish(pool, here)


async def _finish(pool: Pool, here: Cursor) -> int:
    async with db.transaction(pool) as conn:
        goal = _cursor(await Q.goal.maybe(conn, reader=reader.READER))
        done = 0
        while rows := await _read(conn, here, goal, CHUNK):
            await _take(conn, here, rows)
            await _count(conn, here, _behind(here, rows))
            here = _behind(here, rows)
            done += len(rows)
        await Q.swap.run(conn)
    return done


def _cursor(row: db.Record | None) -> Cursor:
    return Cursor(row["xid"], row["position"], row["arrived_on"]) if row else _START


async def _read(conn: Connection, here: Cursor, goal: Cursor, most: int) -> list[Row]:
    records = await Q.read.all(conn, **_between(here, goal), most=most)
    return [row_of(one) for one in records]


def _between(here: Cursor, goal: Cursor) -> dict[str, Any]:
    return {
        "xid": str(here.xid),
        "position": here.position,
        "goal_xid": str(goal.xid),
        "goal_position": goal.position,
        "since": _since(here),
    }


def _since(here: Cursor) -> date:
    """A day back: a transaction may have begun before midnight."""
    return here.arrived_on if here.arrived_on == date.min else here.arrived_on - timedelta(days=1)


def _behind(here: Cursor, rows: Sequence[Row]) -> Cursor:
    last = rows[-1]
    return Cursor(last.xid, last.position, max(here.arrived_on, last.arrived_on))


async def _take(conn: Connection, here: Cursor, rows: Sequence[Row]) -> None:
    """Lines, traits and purchases of a chunk."""
    told = reader.told_by(rows)
    if not told:
        return
    await reader.put_lines(
        conn, told, table="timeline_new", summary=lambda row: rules.summary(row.body)
    )
    await _put_told(conn, told, here, _behind(here, rows))


async def _put_told(
    conn: Connection, told: Sequence[reader.Telling], here: Cursor, there: Cursor
) -> None:
    if traits := reader.traits(told):
        await Q.put_traits.run(conn, **traits)
    # Only a chunk in which somebody tells of a purchase is read again by the database.
    if any(fact is not None and rules.told(fact) for _, fact in told):
        await Q.put_purchases.run(conn, rank_void=rules.RANK_VOID, **_bounds(here, there))
    if any(fact is not None and rules.lowered(fact) for _, fact in told):
        bounds = _bounds(here, there)
        await Q.lower_purchases.run(conn, rank_order=rules.RANK_ORDER, **bounds)


async def _count(conn: Connection, here: Cursor, last: Cursor) -> None:
    await Q.count.run(conn, hidden=sorted(rules.HIDDEN), **_bounds(here, last))


def _bounds(here: Cursor, last: Cursor) -> dict[str, Any]:
    return {
        "xid": str(here.xid),
        "position": here.position,
        "last_xid": str(last.xid),
        "last_position": last.position,
        "since": _since(here),
    }
