"""Working rows of the roster out, some customers at a time, and walking over everybody."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from uuid import UUID

from setten.customers import consent, identity, profiles
from setten.customers.identity import Person
from setten.customers.roster import rules
from setten.platform import db
from setten.platform.db import Connection, Pool

Q = db.load(str(Path(__file__).with_name("store.py")))
# Customers a transaction: a fifth of a second where all are worked out anew.
PART = 500
# Whom a walk looks at in a transaction: most of them are as they were.
LOOKED_AT = 2_000
# The work of one call; the next comes in seconds. So one slow night stops no other job.
CALL_S_MAX = 8.0
_UNSTAGED = "acquisition"


async def reckon(conn: Connection, customer_ids: Collection[UUID]) -> None:
    """Write the rows of these customers as identity, purchases and consent tell them now."""
    if not customer_ids:
        return
    await Q.lock.run(conn)
    asked = list(dict.fromkeys(customer_ids))
    found = await identity.people(conn, asked)
    people = {one.customer_id: one for one in found.values()}
    rows = await Q.stages.all(conn, customer_ids=list(people))
    stages = {row["customer_id"]: row["stage"] for row in rows}
    listed = [
        one
        for one in people.values()
        if rules.is_known({node.kind for node in one.nodes}, has_bought=one.customer_id in stages)
    ]
    await _put(conn, listed, stages)
    kept = {one.customer_id for one in listed}
    gone = [one for one in {*asked, *people} if one not in kept]
    if gone:
        await Q.drop.run(conn, customer_ids=gone)


async def _put(conn: Connection, people: Sequence[Person], stages: Mapping[UUID, str]) -> None:
    if not people:
        return
    figures = await profiles.figures(conn, people)
    stands = await consent.standings(conn, [one.numbers for one in people])
    worths = [rules.worth(one.purchases) for one in figures]
    await Q.put.run(
        conn,
        customer_ids=[one.customer_id for one in people],
        stages=[stages.get(one.customer_id, _UNSTAGED) for one in people],
        location_ids=[one.home_location_id for one in figures],
        last_ats=[one.last_at for one in figures],
        totals_minor=[total for total, _ in worths],
        currencies=[currency for _, currency in worths],
        channels=[" ".join(rules.reach(one)) for one in stands],
    )


async def begin_walk(pool: Pool) -> None:
    """Let everybody be looked at, from the first."""
    async with db.transaction(pool) as conn:
        await Q.begin_walk.run(conn)


async def walk(pool: Pool, *, call_s_max: float = CALL_S_MAX) -> None:
    """Go on with a walk if one is under way: who is missing or was seen since is written anew.

    Ends after about `call_s_max`; the rest is for next time.
    """
    until = time.monotonic() + call_s_max
    while time.monotonic() < until and await _walk_part(pool):
        pass


async def _walk_part(pool: Pool) -> bool:
    """One part of a walk; whether it goes on."""
    async with db.transaction(pool) as conn:
        row = await Q.walk.maybe(conn)
        if row is None:  # none is under way, or another process takes this step
            return False
        people = await _next(conn, row["after"], LOOKED_AT)
        if not people:
            await Q.end_walk.run(conn)
            return False
        rows = await Q.changed.all(
            conn,
            customer_ids=people,
            nameless=sorted(rules.NAMELESS),
            not_hers=sorted(profiles.NOT_HERS),
            most=PART,
        )
        changed = [one["customer_id"] for one in rows]
        await reckon(conn, changed)
        # Those behind the last that there was time for are looked at again.
        await Q.move_walk.run(conn, after=changed[-1] if len(changed) == PART else people[-1])
        return True


async def list_everybody(pool: Pool, *, progress: Callable[[int], None] | None = None) -> int:
    """Write every row anew, to the end; answers how many customers were looked at."""
    looked, after = 0, UUID(int=0)
    while True:
        async with db.transaction(pool) as conn:
            people = await _next(conn, after, PART)
            await reckon(conn, people)
        if not people:
            return looked
        looked, after = looked + len(people), people[-1]
        if progress is not None:
            progress(looked)


async def _next(conn: Connection, after: UUID, most: int) -> list[UUID]:
    """Customers behind one, by their ids; rows of those who are nobody any more, up to the last of
    them, go."""
    rows = await Q.step.all(conn, after=after, most=most)
    people = [row["customer_id"] for row in rows]
    await Q.sweep.run(conn, after=after, last=people[-1] if people else UUID(int=2**128 - 1))
    return people
