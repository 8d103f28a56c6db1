"""Learning each night how people buy here, for the stages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec
import numpy as np

from setten.customers import lifecycle
from setten.customers.lifecycle import History
from setten.customers.predictions.bgnbd import Fit, fit, histories
from setten.platform import clock, db
from setten.platform.db import Pool

# Four numbers are known to two digits from so many, and it takes a second.
SAMPLE_MAX = 20_000
# Fewer who came back say less about the next ones than the published fit we begin with.
REPEATERS_MIN = 100
_WEEK = timedelta(days=7)


class Learnt(msgspec.Struct, frozen=True, kw_only=True):
    """A fit to the people of this business, and the days that are usual between two purchases."""

    fit: Fit
    usual_gap_days: float


def learn_from(told: Sequence[History], *, now: datetime) -> Learnt | None:
    """What these histories teach; None where fewer than REPEATERS_MIN have come back."""
    repeats = np.array([one.days - 1 for one in told], dtype=np.float64)
    came_back = repeats > 0
    if came_back.sum() < REPEATERS_MIN:
        return None
    last = np.array([(one.last_at - one.first_at) / _WEEK for one in told], dtype=np.float64)
    age = np.array([(now - one.first_at) / _WEEK for one in told], dtype=np.float64)
    gaps = last[came_back] * 7 / repeats[came_back]
    found = fit(histories(repeats, last, np.maximum(age, last)))
    return Learnt(fit=found, usual_gap_days=max(1.0, float(np.median(gaps))))


async def learn(pool: Pool, *, now: Callable[[], datetime] = clock.now) -> Learnt | None:
    """Fit the rhythm to the people of this business and let stages go by it.

    Everybody is looked at anew in the background afterwards, also where there was too little to
    learn: that mends what a reader may have missed.
    """
    at = now()
    async with db.transaction(pool) as conn:
        told = await lifecycle.sample(conn, most=SAMPLE_MAX)
    # In a thread: readers of the log must not wait a second for it.
    learnt = await asyncio.to_thread(learn_from, told, now=at)
    async with db.transaction(pool) as conn:
        if learnt is None:
            await lifecycle.look_at_everybody(conn)
        else:
            await lifecycle.adopt(
                conn,
                learnt.fit.rhythm,
                usual_gap_days=learnt.usual_gap_days,
                people=learnt.fit.people,
                log_likelihood=learnt.fit.log_likelihood,
                now=at,
            )
    return learnt


async def nightly(pool: Pool) -> None:
    """What is done each night: learn how people buy, and add up what each stage is worth."""
    await learn(pool)
    await lifecycle.count_values(pool, now=clock.now())
