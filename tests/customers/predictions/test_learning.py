"""The business's own rhythm, learnt each night, and what it does to stages."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from setten.customers import lifecycle, predictions
from setten.customers.lifecycle import History
from setten.platform import db

NOW = datetime(2026, 11, 1, 9, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Tokyo")


def regulars(people, *, every, dice):
    """People who come at random about every so many days, and leave one time in five."""
    found = []
    for _ in range(people):
        first = at = NOW - timedelta(days=float(dice.uniform(200, 400)))
        days = 1
        rate = dice.gamma(4, 1 / (4 * every))
        while dice.random() > 0.2:
            later = at + timedelta(days=float(dice.exponential()) / rate)
            if later > NOW:
                break
            at, days = later, days + 1
        found.append(History(days, first, at))
    return found


def test_a_shop_of_weekly_people_and_one_of_quarterly_people_learn_different_rhythms():
    dice = np.random.default_rng(3)
    weekly = predictions.learn_from(regulars(3_000, every=7, dice=dice), now=NOW)
    quarterly = predictions.learn_from(regulars(3_000, every=90, dice=dice), now=NOW)
    assert weekly.usual_gap_days == pytest.approx(7, rel=0.4)
    assert quarterly.usual_gap_days == pytest.approx(75, rel=0.4)
    for learnt in (weekly, quarterly):
        rhythm = learnt.fit.rhythm
        assert rhythm.a / (rhythm.a + rhythm.b) == pytest.approx(0.2, abs=0.06)


def test_too_few_who_came_back_teach_nothing():
    once = [History(1, NOW, NOW)] * 500
    twice = [History(2, NOW - timedelta(days=30), NOW)] * (predictions.REPEATERS_MIN - 1)
    assert predictions.learn_from(once + twice, now=NOW) is None
    assert predictions.learn_from([], now=NOW) is None


async def lay_down(conn, told):
    """Stages as the reader would have written them, and whose they are."""

    for one in told:
        await conn.execute(
            """insert into customers.stages (customer_id, stage, since, days, first_at, last_at,
                 usual_gap_days, slow_at, lost_at)
               values (gen_random_uuid(), 'trial', $1, $2, $3, $1, 30, $1, $1)""",
            one.last_at, one.days, one.first_at,
        )  # fmt: skip


async def test_what_was_learnt_is_what_stages_go_by_from_then_on(pool):
    dice = np.random.default_rng(3)
    told = regulars(400, every=7, dice=dice)
    async with db.transaction(pool) as conn:
        before = await lifecycle.business(conn)
        await lay_down(conn, told)
    learnt = await predictions.learn(pool, now=lambda: NOW)
    async with db.transaction(pool) as conn:
        after = await lifecycle.business(conn)
        assert await conn.fetchval("select count(*) from customers.stage_walks") == 1
    assert learnt.fit.people == 400
    assert after.rhythm == learnt.fit.rhythm != before.rhythm
    assert after.usual_gap_days == learnt.usual_gap_days != before.usual_gap_days


async def test_a_shop_that_just_opened_goes_by_what_is_published(pool):
    assert await predictions.learn(pool, now=lambda: NOW) is None
    async with db.transaction(pool) as conn:
        assert (await lifecycle.business(conn)).rhythm.r == 0.525


async def test_the_sample_is_as_large_as_asked_and_the_same_every_time(pool):
    told = [History(2, NOW - timedelta(days=n + 1), NOW) for n in range(600)]
    async with db.transaction(pool) as conn:
        await lay_down(conn, told)
        some = await lifecycle.sample(conn, most=200)
        assert 140 < len(some) < 260
        assert await lifecycle.sample(conn, most=200) == some
        assert len(await lifecycle.sample(conn, most=1_000)) == 600
