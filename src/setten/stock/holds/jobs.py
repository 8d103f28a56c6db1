"""Work on holds that comes by the clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from setten.facts.stock import HoldEndsSoon
from setten.platform import clock, db, log
from setten.platform.db import Connection, Pool
from setten.stock.holds.ending import TIDY_MAX, open_lines, state_of, tidy
from setten.stock.holds.reading import find_many, forget_old_failures

_Q = db.load(str(Path(__file__).with_name("handing.py")))
TOLD_BEFORE = timedelta(hours=3)  # before it ends: time enough to come by
# A short hold is over soon after it is ready: who was just told needs no second word.
READY_FOR = timedelta(hours=1)


async def tidy_all(pool: Pool) -> None:
    """Book every hold that has run out, some hundreds a transaction, tell of those that will soon,
    and forget old wrong codes."""
    booked = TIDY_MAX
    while booked == TIDY_MAX:
        async with db.transaction(pool) as conn:
            booked = await tidy(conn, now=clock.now())
    told = TIDY_MAX
    while told == TIDY_MAX:
        async with db.transaction(pool) as conn:
            told = await remind(conn, now=clock.now())
    async with db.transaction(pool) as conn:
        await forget_old_failures(conn, now=clock.now())


async def remind(conn: Connection, *, now: datetime) -> int:
    """State `stock.hold_ends_soon`, once for each ready hold about to run out; how many."""
    rows = await _Q.ends_soon.all(
        conn, now=now, before=now + TOLD_BEFORE, ready_before=now - READY_FOR, most=TIDY_MAX
    )
    hold_ids = [row["hold_id"] for row in rows]
    await _Q.mark_reminded.run(conn, hold_ids=hold_ids, now=now)
    entries = [
        state_of(
            hold,
            HoldEndsSoon(hold_id=hold.hold_id, lines=open_lines(hold), expires_at=hold.expires_at),
            now,
        )
        for hold in await find_many(conn, hold_ids, now=now)
    ]
    await log.state_all(conn, entries)
    return len(hold_ids)
