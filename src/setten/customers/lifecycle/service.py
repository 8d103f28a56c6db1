"""Reading stages, and changing what they go by."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec

from setten.customers.lifecycle import rules
from setten.customers.lifecycle.model import (
    Business,
    History,
    Kept,
    Stage,
    Standing,
    Thresholds,
)
from setten.customers.lifecycle.reckoning import Q, business, business_of
from setten.customers.lifecycle.rhythm import Rhythm
from setten.facts.ids import CustomerId
from setten.platform import audit, db
from setten.platform.auth import Actor, Right, require
from setten.platform.db import Connection

PAGE_MAX = 200


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One of the people of a stage, and since when."""

    customer_id: CustomerId
    since: datetime


async def standings(
    conn: Connection, customer_ids: Collection[UUID], *, now: datetime
) -> dict[UUID, Standing]:
    """Where each of these living customers stands at a moment, in one query.

    What silence has changed since it was last written is so at once: nobody waits for the clock.
    """
    row = await db.together(conn, [standings_part(customer_ids)], Q.standings_told)
    return standings_told(row["stands"], customer_ids, now=now)


def standings_part(customer_ids: Collection[UUID]) -> db.Part:
    """`standings` as the part `lifecycle_standings` of a statement."""
    return db.Part(Q.standings, {"customer_ids": list(customer_ids)})


def standings_told(
    stands: str, customer_ids: Collection[UUID], *, now: datetime
) -> dict[UUID, Standing]:
    """What that part found, as a list in JSON; who has bought nothing is there too."""
    found = {
        one: Standing(customer_id=CustomerId(one), stage="acquisition") for one in customer_ids
    }
    rows = _decode_judged(stands)
    if not rows:
        return found
    here = business_of(msgspec.structs.asdict(rows[0]))
    told = [History(row.days, row.first_at, row.last_at) for row in rows]
    for row, p in zip(rows, rules.chances(told, here, now=now), strict=True):
        found[row.customer_id] = _standing(row, p, here, now)
    return found


class _Judged(Kept, frozen=True, kw_only=True):
    """A kept stage, and what it is judged by."""

    r: float
    alpha: float
    a: float
    b: float
    usual_here: float
    loyal_from: int
    slow_p: float
    slow_gaps: float
    lost_p: float
    lost_gaps: float


_decode_judged = msgspec.json.Decoder(list[_Judged]).decode


def _standing(kept: Kept, p: float, here: Business, now: datetime) -> Standing:
    stage = rules.stage_at(
        now,
        kept.days,
        slow_at=kept.slow_at,
        lost_at=kept.lost_at,
        thresholds=here.thresholds,
    )
    since = kept.since
    if stage != kept.stage:
        since = rules.began_at(
            stage, last_at=kept.last_at, slow_at=kept.slow_at, lost_at=kept.lost_at
        )
    return Standing(
        customer_id=CustomerId(kept.customer_id),
        stage=stage,
        days=kept.days,
        since=since,
        last_at=kept.last_at,
        usual_gap_days=kept.usual_gap_days,
        p_active=p,
        slow_at=kept.slow_at,
        lost_at=kept.lost_at,
    )


async def people(
    conn: Connection,
    stage: Stage,
    *,
    before: Listed | None = None,
    most: int = 50,
    oldest_first: bool = False,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
) -> tuple[Listed, ...]:
    """Who is in a stage, those who came last first, older than `before`; at most PAGE_MAX.

    from_at, until_at: only those who came in between.

    Nobody for acquisition: who has not bought yet is not listed here.
    """
    since, last = db.end(datetime, UUID, largest=not oldest_first)
    [earliest], [latest] = db.end(datetime, largest=False), db.end(datetime, largest=True)
    rows = await Q.people.turned(oldest_first).all(
        conn,
        stage=stage,
        before_since=before.since if before else since,
        before_id=before.customer_id if before else last,
        from_at=from_at or earliest,
        until_at=until_at or latest,
        most=min(most, PAGE_MAX),
    )
    return tuple(Listed(**dict(row)) for row in rows)


async def thresholds(conn: Connection) -> Thresholds:
    """Where this business lets one stage end and the next begin."""
    return (await business(conn)).thresholds


async def change_thresholds(
    conn: Connection, actor: Actor, wanted: Thresholds, *, now: datetime
) -> None:
    """Let stages end elsewhere; everybody is looked at anew in the background. Audited.

    Raises BadThresholds, NoRight.
    """
    require(actor, Right.manage_stages)
    wanted.check()
    fields = msgspec.structs.asdict(wanted)
    await Q.put_thresholds.run(conn, **fields)
    await Q.begin_walk.run(conn)
    await audit.note(conn, actor, "stages.thresholds_changed", at=now, fields=sorted(fields))


async def sample(conn: Connection, *, most: int) -> list[History]:
    """The histories of about `most` people who have bought, always the same ones."""
    rows = await Q.histories_sample.all(conn, most=most)
    return [History(row["days"], row["first_at"], row["last_at"]) for row in rows]


async def adopt(
    conn: Connection,
    rhythm: Rhythm,
    *,
    usual_gap_days: float,
    people: int,
    log_likelihood: float,
    now: datetime,
) -> None:
    """Go by another fit from now on; everybody is looked at anew in the background.

    people: of how many it was fitted.
    """
    assert rhythm.is_modified, "stages let one leave after the first purchase"
    await Q.put_rhythm.run(
        conn,
        r=rhythm.r,
        alpha=rhythm.alpha,
        a=rhythm.a,
        b=rhythm.b,
        usual_gap_days=max(1.0, usual_gap_days),
        people=people,
        log_likelihood=log_likelihood,
        fitted_at=now,
    )
    await Q.begin_walk.run(conn)


async def look_at_everybody(conn: Connection) -> None:
    """Let everybody be looked at anew in the background, from the first."""
    await Q.begin_walk.run(conn)
