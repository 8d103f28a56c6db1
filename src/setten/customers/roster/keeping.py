"""Working rows of the roster out, some customers at a time, and walking over everybody."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from uuid import UUID

import msgspec

from setten.customers import consent, identity, profiles
from setten.customers.identity import Person
from setten.customers.roster import rules
from setten.platform import db, log
from setten.platform.db import Connection, Pool

Q = db.load(str(Path(__file__).with_name("store.py")))
# Customers a transaction: a fifth of a second where all are worked out anew.
PART = 500
# Of those whose row is old: some twenty milliseconds.
AT_ONCE = 50
# A list has time: at most a fifth of a processor's goes into it, in a peak a fiftieth.
CALM = 4.0
# Whom a walk looks at in a transaction: most of them are as they were.
LOOKED_AT = 2_000
# The work of one call; the next comes in seconds. So one slow night stops no other job.
CALL_S_MAX = 8.0
_UNSTAGED = "acquisition"


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """Rows as they are from now on. gone: who has none."""

    people: list[Person]
    stages: Mapping[UUID, str]
    figures: Sequence[profiles.Figures]
    reach: list[str]
    gone: list[UUID]


async def worked_out(conn: Connection, customer_ids: Collection[UUID]) -> Rows:
    """The rows of these customers as identity, purchases and consent tell them now."""
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
    kept = {one.customer_id for one in listed}
    stands = await consent.standings(conn, [one.numbers for one in listed]) if listed else []
    return Rows(
        people=listed,
        stages=stages,
        figures=await profiles.figures(conn, listed) if listed else [],
        reach=[" ".join(rules.reach(one)) for one in stands],
        gone=[one for one in {*asked, *people} if one not in kept],
    )


async def write(conn: Connection, rows: Rows) -> None:
    """Keep rows that were worked out."""
    await Q.lock.run(conn)
    if rows.gone:
        await Q.drop.run(conn, customer_ids=rows.gone)
    if not rows.people:
        return
    worths = [rules.worth(one.purchases) for one in rows.figures]
    await Q.put.run(
        conn,
        customer_ids=[one.customer_id for one in rows.people],
        stages=[rows.stages.get(one.customer_id, _UNSTAGED) for one in rows.people],
        location_ids=[one.home_location_id for one in rows.figures],
        last_ats=[one.last_at for one in rows.figures],
        totals_minor=[total for total, _ in worths],
        currencies=[currency for _, currency in worths],
        channels=rows.reach,
    )


async def note(conn: Connection, customer_ids: Collection[UUID]) -> None:
    """The rows of these customers are old; `work` writes them anew."""
    if customer_ids:
        await Q.note.run(conn, customer_ids=list(set(customer_ids)))


async def work(pool: Pool, *, call_s_max: float = CALL_S_MAX, calm: float = CALM) -> None:
    """Go on with a walk if one is under way, and write old rows anew, until there are none.

    Ends after about `call_s_max`; the rest is for next time. calm: how long it pauses after a part,
    as often as that took; longer in a peak.
    """
    until = time.monotonic() + call_s_max
    pause, lines = calm, await _lines(pool)
    while (began := time.monotonic()) < until:
        goes_on = await _work_off(pool) or await _walk_part(pool)
        if not goes_on:
            return
        now = time.monotonic()
        await asyncio.sleep(max(0.0, min(pause * (now - began), until - now)))
        before, lines = lines, await _lines(pool)
        pause = rules.pause(calm, lines=lines - before, seconds=time.monotonic() - began)


async def _lines(pool: Pool) -> int:
    async with pool.acquire() as conn:
        return await log.written(conn)


async def _work_off(pool: Pool) -> bool:
    """Some of what is due; whether there was anything. Read before it is written: while a writing
    transaction is open, nobody can read the log behind it."""
    async with pool.acquire() as conn:
        due = await Q.due.all(conn, most=AT_ONCE)
        people = [row["customer_id"] for row in due]
        rows = await worked_out(conn, people)
    if not people:
        return False
    async with db.transaction(pool) as conn:
        await write(conn, rows)
        await Q.done.run(conn, customer_ids=people, noteds=[row["noted"] for row in due])
    return True


async def begin_walk(pool: Pool) -> None:
    """Let everybody be looked at, from the first."""
    async with db.transaction(pool) as conn:
        await Q.begin_walk.run(conn)


async def _walk_part(pool: Pool) -> bool:
    """One part of a walk: who is missing or was seen since is noted; whether it goes on."""
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
        await note(conn, changed)
        # Those behind the last that there was time for are looked at again.
        await Q.move_walk.run(conn, after=changed[-1] if len(changed) == PART else people[-1])
        return True


async def list_everybody(pool: Pool, *, progress: Callable[[int], None] | None = None) -> int:
    """Write every row anew, to the end; answers how many customers were looked at."""
    looked, after = 0, UUID(int=0)
    while True:
        async with db.transaction(pool) as conn:
            people = await _next(conn, after, PART)
            await write(conn, await worked_out(conn, people))
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
