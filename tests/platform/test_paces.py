"""How often somebody does something is counted for each, and who goes too far is noted once."""

import asyncio
from datetime import UTC, date, datetime, timedelta

from setten.platform import audit, db
from setten.platform.audit import Pace, TooOften
from setten.platform.auth import Actor

NOON = datetime(2026, 11, 22, 3, 0, 20, tzinfo=UTC)
TODAY = date(2026, 11, 22)
PACE = Pace("test.looked", per_minute=3, per_day=8)
AOI = Actor(kind="staff", id="aoi", name="葵")
KEN = Actor(kind="staff", id="ken", name="健")


async def counted(
    pool: db.Pool, who: Actor = AOI, *, times: int = 1, minutes: int = 0, today: date = TODAY
) -> TooOften | None:
    now = NOON + timedelta(minutes=minutes)
    async with db.transaction(pool) as conn:
        return await audit.count(conn, who, PACE, times=times, now=now, today=today)


async def noted(pool: db.Pool) -> list[tuple[str, str]]:
    rows = await pool.fetch(
        "select actor, reason from audit.entries where action = 'pace.exceeded' order by entry_id"
    )
    return [(row["actor"], row["reason"]) for row in rows]


async def test_a_minute_has_its_limit_and_the_next_begins_anew(pool: db.Pool) -> None:
    assert [await counted(pool) for _ in range(3)] == [None, None, None]
    refusal = await counted(pool)
    assert isinstance(refusal, TooOften)
    assert (refusal.facts["minutes"], refusal.retry_after_s) == (1, 40)
    await counted(pool)
    assert await noted(pool) == [("staff:aoi", "minute")], "once, however often it goes on"
    assert await counted(pool, KEN) is None
    assert await counted(pool, minutes=1) is None


async def test_a_day_has_its_limit_and_the_next_begins_anew(pool: db.Pool) -> None:
    for minute in range(4):
        assert await counted(pool, times=2, minutes=minute) is None
    assert await counted(pool, minutes=5) is not None
    assert await counted(pool, minutes=6) is not None
    assert await noted(pool) == [("staff:aoi", "day")]
    assert await counted(pool, minutes=7, today=TODAY + timedelta(days=1)) is None


async def test_who_asks_at_once_is_counted_each(pool: db.Pool) -> None:
    answers = await asyncio.gather(*(counted(pool) for _ in range(7)))
    assert sum(one is None for one in answers) == 3
    assert await noted(pool) == [("staff:aoi", "minute")]


async def test_one_row_for_each_who_works_and_none_for_who_left(pool: db.Pool) -> None:
    for minute in range(3):
        await counted(pool, minutes=minute)
        await counted(pool, KEN, minutes=minute)
    assert await pool.fetchval("select count(*) from audit.paces") == 2
    async with db.transaction(pool) as conn:
        await audit.forget_paces(conn, now=NOON + timedelta(days=3))
    assert await pool.fetchval("select count(*) from audit.paces") == 0
