"""Letting readers of the log pass all that is committed, whatever else runs on the server."""

from __future__ import annotations

import asyncio

from setten.platform import db, log

READABLE_WITHIN_S = 120
HELD_BACK = """
select exists (select from log.events where xid >= pg_snapshot_xmin(pg_current_snapshot()))
"""


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
