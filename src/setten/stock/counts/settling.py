"""Tills that were offline tell of the morning in the evening: counts of that day are put right."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from setten.platform import clock, db
from setten.platform.db import Connection, Pool
from setten.stock import ledger
from setten.stock.counts import reading
from setten.stock.counts.service import book_changes, note_late

_Q = db.load(str(Path(__file__).with_name("store.py")))
# As long as a till may stay offline and still be told apart from a wrong count.
LATE_AFTER = timedelta(days=3)


async def settle(conn: Connection, count_id: UUID, *, now: datetime) -> int:
    """Take back of a booked count what a till has told of since; answers lines changed.

    A unit sold before the count and told after it was missing from the shelf already: the count
    booked it as missing, and the receipt as sold.
    """
    seen = await reading.get(conn, count_id)
    await ledger.lock(
        conn, [(line.sku, seen.location_id) for line in seen.lines if line.counted is not None]
    )
    found = await note_late(conn, count_id)
    changed = sum(line.differs != line.booked for line in found.lines)
    await book_changes(conn, found, now=now)
    return changed


async def settle_all(pool: Pool) -> None:
    """Look again at all counts that a till may still change. For a job."""
    now = clock.now()
    async with pool.acquire() as conn:
        rows = await _Q.booked_since.all(conn, since=now - LATE_AFTER)
    for row in rows:
        async with db.transaction(pool) as conn:
            await settle(conn, row["count_id"], now=clock.now())
