"""Work on holds that comes by the clock."""

from __future__ import annotations

from setten.platform import clock, db
from setten.platform.db import Pool
from setten.stock.holds.ending import TIDY_MAX, tidy
from setten.stock.holds.reading import forget_old_failures


async def tidy_all(pool: Pool) -> None:
    """Book every hold that has run out, some hundreds a transaction, and forget old wrong codes."""
    booked = TIDY_MAX
    while booked == TIDY_MAX:
        async with db.transaction(pool) as conn:
            booked = await tidy(conn, now=clock.now())
    async with db.transaction(pool) as conn:
        await forget_old_failures(conn, now=clock.now())
