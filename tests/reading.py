"""Letting readers of the log pass all that is committed, whatever else runs on the server."""

from __future__ import annotations

import asyncio

from setten.platform import db, log

READABLE_WITHIN_S = 120
HELD_BACK = """
select exists (select from log.events where xid >= pg_snapshot_xmin(pg_current_snapshot()))
"""

# Locks are looked at anew each time; whose connections there are, a transaction asks only once.
WAITED_FOR = """
select exists (select from pg_locks
                where not granted and pg_backend_pid() = any(pg_blocking_pids(pid)))
"""


async def waited_for(conn: db.Connection) -> None:
    """Wait until somebody else waits for what this transaction has locked."""
    async with asyncio.timeout(READABLE_WITHIN_S):
        while not await conn.fetchval(WAITED_FOR):  # noqa: ASYNC110 -- the server tells nobody
            await asyncio.sleep(0.005)


async def settled(pool: db.Pool) -> None:
    """Wait until readers may have all that is committed.

    A reader is level though events are left while any transaction of the server is older than
    they are: another test's, or one of autovacuum.
    """
    async with asyncio.timeout(READABLE_WITHIN_S), pool.acquire() as conn:
        while await conn.fetchval(HELD_BACK):  # noqa: ASYNC110 -- the server tells nobody
            await asyncio.sleep(0.005)


async def caught_up(reader: log.Reader, pool: db.Pool) -> None:
    """Let one reader pass everything."""
    await settled(pool)
    await reader.catch_up(pool)
