"""What time alone does: stages that silence changes, and the walk over everybody.

Nothing happens when somebody stays away; so the moments are kept, and looked for by the clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from setten.customers.lifecycle.reckoning import Q, reckon
from setten.platform import clock, db
from setten.platform.db import Pool

# Customers a transaction: a tenth of a second, during which the reader of purchases waits.
PART = 1_000
# The work of one call; the next comes in seconds. So one slow day stops no other job.
CALL_S_MAX = 8.0
Now = Callable[[], datetime]


async def wake(
    pool: Pool, *, zone: ZoneInfo, now: Now = clock.now, call_s_max: float = CALL_S_MAX
) -> int:
    """Look at those whose time has come, then go on with a walk if one is under way.

    Answers how many changed their stage. Ends after about `call_s_max`; the rest is for next time.
    """
    until = time.monotonic() + call_s_max
    changed = 0
    while time.monotonic() < until:
        found, moved = await _wake_part(pool, zone=zone, at=now())
        changed += moved
        if found < PART:
            break
    while time.monotonic() < until:
        goes_on, moved = await _walk_part(pool, zone=zone, at=now())
        changed += moved
        if not goes_on:
            break
    return changed


async def _wake_part(pool: Pool, *, zone: ZoneInfo, at: datetime) -> tuple[int, int]:
    """Customers that were due, and how many of them changed."""
    async with db.transaction(pool) as conn:
        rows = await Q.due.all(conn, now=at, most=PART)
        people = [row["customer_id"] for row in rows]
        return len(people), await reckon(conn, people, cause="silence", zone=zone, now=at)


async def _walk_part(pool: Pool, *, zone: ZoneInfo, at: datetime) -> tuple[bool, int]:
    """One part of a walk: whether it goes on, and how many customers changed."""
    async with db.transaction(pool) as conn:
        row = await Q.walk.maybe(conn)
        if row is None:  # none is under way, or another process takes this step
            return False, 0
        rows = await Q.step.all(conn, after=row["after"], most=PART)
        people = [one["customer_id"] for one in rows]
        moved = await reckon(conn, people, cause="reckoning", zone=zone, now=at)
        if len(people) < PART:
            await Q.end_walk.run(conn)
            return False, moved
        await Q.move_walk.run(conn, after=people[-1])
        return True, moved


async def reckon_everybody(
    pool: Pool,
    *,
    zone: ZoneInfo,
    now: Now = clock.now,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Look at every customer anew, to the end; answers how many changed their stage.

    For `rebuild`: from what purchases and identity say now, the same stages come out again.
    progress: told the customers looked at so far.
    """
    async with db.transaction(pool) as conn:
        await Q.begin_walk.run(conn)
    changed, looked, goes_on = 0, 0, True
    while goes_on:
        goes_on, moved = await _walk_part(pool, zone=zone, at=now())
        changed += moved
        looked += PART * goes_on
        if progress is not None:
            progress(looked)
    return changed
