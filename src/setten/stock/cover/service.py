"""Working out how long goods last, and reading it."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from setten.platform import clock, db
from setten.platform.db import Connection, Pool
from setten.stock import house_rules
from setten.stock.cover import rules
from setten.stock.cover.model import (
    DEAD_AFTER_DAYS,
    PACE_DAYS,
    PAGE_MAX,
    SHORT_DAYS,
    Cover,
    Proposal,
)

_Q = db.load(str(Path(__file__).with_name("store.py")))
_OTHERS_MAX = 50_000  # a page of skus in all of five hundred places
assert SHORT_DAYS == 7, "store.sql and its index look below seven days"


async def reckon(conn: Connection, location_id: str, *, now: datetime, zone: ZoneInfo) -> None:
    """Work out all rows of a place, from whole days: today is not over."""
    after: str | None = ""
    while after is not None:
        after = await _reckon_some(conn, location_id, after, now, zone, rules.ROWS_MAX)
    await _Q.set_night.run(conn, location_id=location_id, now=now)


async def _reckon_some(
    conn: Connection, location_id: str, after: str, now: datetime, zone: ZoneInfo, most: int
) -> str | None:
    """Work out the next rows of a place; the sku to go on from, None at the end."""
    today = now.astimezone(zone).date() - timedelta(days=1)
    last: str | None = await _Q.reckon.value(
        conn,
        location_id=location_id,
        after=after,
        most=most,
        today=today,
        pace_from=today - timedelta(days=PACE_DAYS),
        pace_days=PACE_DAYS,
        dead_from=today - timedelta(days=DEAD_AFTER_DAYS),
        dead_since=now - timedelta(days=DEAD_AFTER_DAYS),
    )
    return last


async def reckon_all(pool: Pool, *, zone: ZoneInfo) -> None:
    """Work out all places, as many rows a transaction as the disk gives in a moment. For a job."""
    async with pool.acquire() as conn:
        places = [row["location_id"] for row in await _Q.places.all(conn)]
    rows = rules.ROWS_FIRST
    for place in places:
        now = clock.now()
        after: str | None = ""
        while after is not None:
            began = time.monotonic()
            after = await _in_one(pool, place, after, now, zone, rows)
            rows = rules.rows_next(rows, time.monotonic() - began)


async def _in_one(
    pool: Pool, place: str, after: str, now: datetime, zone: ZoneInfo, rows: int
) -> str | None:
    async with db.transaction(pool) as conn:
        last = await _reckon_some(conn, place, after, now, zone, rows)
        if last is None:
            await _Q.set_night.run(conn, location_id=place, now=now)
    return last


async def short_at(
    conn: Connection,
    location_id: str,
    *,
    after: tuple[float, str] | None = None,
    limit: int = PAGE_MAX,
    longest_first: bool = False,
) -> list[Cover]:
    """What lasts less than SHORT_DAYS at a place, shortest first; pages by the last (days, sku)."""
    days, sku = after or db.end(float, str, largest=longest_first)
    rows = await _Q.short_at.turned(longest_first).all(
        conn, location_id=location_id, after_days=days, after_sku=sku, most=min(limit, PAGE_MAX)
    )
    return [Cover(**dict(row)) for row in rows]


async def dead_at(
    conn: Connection,
    location_id: str,
    *,
    after: tuple[int, str] | None = None,
    limit: int = PAGE_MAX,
    fewest_first: bool = False,
) -> list[Cover]:
    """What lies at a place unsold for DEAD_AFTER_DAYS, most units first, then by sku; pages by the
    last (units, sku)."""
    [units] = (after[0],) if after else db.end(int, largest=not fewest_first)
    [sku] = (after[1],) if after else db.end(str, largest=fewest_first)
    rows = await _Q.dead_at.turned(fewest_first).all(
        conn, location_id=location_id, after_units=units, after_sku=sku, most=min(limit, PAGE_MAX)
    )
    return [Cover(**dict(row)) for row in rows]


async def proposals(conn: Connection, short: list[Cover]) -> dict[str, Proposal]:
    """By sku the move that helps each short row of a place best, where there is one."""
    found = await _Q.of_skus.all(conn, skus=[row.sku for row in short], most=_OTHERS_MAX)
    others: dict[str, list[Cover]] = {}
    for row in found:
        others.setdefault(row["sku"], []).append(Cover(**dict(row)))
    house = await house_rules.current(conn)
    made = {row.sku: rules.propose(row, others.get(row.sku, []), house) for row in short}
    return {sku: one for sku, one in made.items() if one is not None}
