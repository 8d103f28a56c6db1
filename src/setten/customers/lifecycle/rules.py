"""Which stage somebody is in, and when that will change if nothing happens. No I/O.

Somebody who has bought is slowing when the usual gap has passed and the chance that she still buys
here has fallen below a half, or two usual gaps have passed; she is lost when the chance has fallen
below a fifth after these, or six usual gaps have passed. The numbers are the business's thresholds.
All of it depends on her history alone, so the moments are known beforehand: absence needs no event.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np

from setten.customers.lifecycle.model import (
    Business,
    Change,
    History,
    Kept,
    Outlook,
    Stage,
    Thresholds,
)
from setten.customers.lifecycle.rhythm import Array, p_active, silence_until

# The business's own gap weighs as one of hers: one odd gap alone must not decide what is usual.
_GAPS_LENT = 1.0
# Two purchases on one day are one visit, so nobody's usual gap is shorter.
_GAP_DAYS_MIN = 1.0
_DAYS_MAX = 365.0 * 100
_WEEK = timedelta(days=7)


def _weeks(histories: Sequence[History]) -> tuple[Array, Array]:
    """Purchases after the first, and weeks between the first and the last."""
    repeats = np.array([one.days - 1 for one in histories], dtype=np.float64)
    last = np.array([(one.last_at - one.first_at) / _WEEK for one in histories], dtype=np.float64)
    return repeats, last


def outlooks(histories: Sequence[History], business: Business) -> list[Outlook]:
    """When each will be slowing and lost, if she does not buy again before."""
    if not histories:
        return []
    repeats, last = _weeks(histories)
    limits = business.thresholds
    gap = (_GAPS_LENT * business.usual_gap_days + last * 7) / (_GAPS_LENT + repeats)
    gap = np.clip(gap, _GAP_DAYS_MIN, _DAYS_MAX / limits.lost_gaps)
    doubt = silence_until(business.rhythm, repeats, last, probability=limits.slow_p) * 7
    despair = silence_until(business.rhythm, repeats, last, probability=limits.lost_p) * 7
    slow = np.clip(doubt, gap, gap * limits.slow_gaps)
    lost = np.clip(despair, gap * limits.slow_gaps, gap * limits.lost_gaps)
    return [
        Outlook(
            usual_gap_days=usual,
            slow_at=one.last_at + timedelta(days=slowing),
            lost_at=one.last_at + timedelta(days=losing),
        )
        for one, usual, slowing, losing in zip(
            histories, gap.tolist(), slow.tolist(), lost.tolist(), strict=True
        )
    ]


def chances(histories: Sequence[History], business: Business, *, now: datetime) -> list[float]:
    """The chance that each still buys here."""
    if not histories:
        return []
    repeats, last = _weeks(histories)
    age = np.array([(now - one.first_at) / _WEEK for one in histories], dtype=np.float64)
    found: list[float] = p_active(business.rhythm, repeats, last, age).tolist()
    return found


def stage_at(
    now: datetime, days: int, *, slow_at: datetime, lost_at: datetime, thresholds: Thresholds
) -> Stage:
    """The stage of somebody who has bought on so many days."""
    if now >= lost_at:
        return "recovery"
    if now >= slow_at:
        return "retention"
    return "loyalty" if days >= thresholds.loyal_from else "trial"


def next_at(now: datetime, *, slow_at: datetime, lost_at: datetime) -> datetime | None:
    """When the stage will change by silence alone; None when it will not any more."""
    if now < slow_at:
        return slow_at
    return lost_at if now < lost_at else None


def began_at(stage: Stage, *, last_at: datetime, slow_at: datetime, lost_at: datetime) -> datetime:
    """When somebody entered the stage she is in by her history."""
    return {"recovery": lost_at, "retention": slow_at}.get(stage, last_at)


def look(
    customer_id: UUID,
    kept: Kept | None,
    found: tuple[History, Outlook] | None,
    *,
    thresholds: Thresholds,
    now: datetime,
    cause: str,
) -> Change | None:
    """What a fresh look at a customer makes different; None when nothing is."""
    was: Stage = kept.stage if kept else "acquisition"
    if found is None:
        if kept is None:
            return None
        # What she bought was taken back: a corrected receipt, or a split.
        return Change(
            customer_id=customer_id, was=was, stage="acquisition", at=now, cause=cause, kept=None
        )
    history, outlook = found
    when = {"slow_at": outlook.slow_at, "lost_at": outlook.lost_at}
    stage = stage_at(now, history.days, **when, thresholds=thresholds)
    since = kept.since if kept else None
    if since is None or stage != was:
        since = _since(stage, history, outlook, kept=kept, now=now, cause=cause)
    fresh = Kept(
        customer_id=customer_id,
        stage=stage,
        since=since,
        days=history.days,
        first_at=history.first_at,
        last_at=history.last_at,
        usual_gap_days=outlook.usual_gap_days,
        **when,
    )
    if fresh == kept:
        return None
    return Change(customer_id=customer_id, was=was, stage=stage, at=since, cause=cause, kept=fresh)


def _since(
    stage: Stage,
    history: History,
    outlook: Outlook,
    *,
    kept: Kept | None,
    now: datetime,
    cause: str,
) -> datetime:
    """The moment of a change: what made it so, never before the stage that it ends, nor ahead."""
    if kept is not None and cause == "reckoning":
        return now
    began = began_at(
        stage, last_at=history.last_at, slow_at=outlook.slow_at, lost_at=outlook.lost_at
    )
    return min(max(began, kept.since) if kept else began, now)
