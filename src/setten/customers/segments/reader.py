"""The reader behind live segments, the wake-ups by time, and the filling of new definitions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from uuid import UUID

import msgspec

from setten.customers import identity, timeline
from setten.customers.segments import copies, evaluating, standing, vocabulary
from setten.customers.segments.evaluating import CUSTOMERS_MAX
from setten.customers.segments.memory import Memory
from setten.customers.segments.state import Q
from setten.customers.segments.writing import Why
from setten.facts.commerce import OrderCancelled
from setten.facts.customers import CustomerCreated, CustomerMerged, CustomerSplit, PurchaseMoved
from setten.facts.lifecycle import CustomerStageChanged
from setten.facts.reported import CustomerIdentified
from setten.platform import clock, db
from setten.platform.db import Connection, Pool
from setten.platform.expressions import Calendar, Needs
from setten.platform.log import Reader, Row

READER = "segments"
# Of one wake-up or filling: whoever writes memberships takes turns, so what the reader does at once
# for people who are here now waits for one such round, and every reader for what it writes. So a
# round is as large as fits into `ROUND_S` where it runs: 500 people took half a second of a full
# machine. Fewer than the least would mostly pay for the turn.
AT_ONCE = 500
AT_ONCE_FIRST = 100
AT_ONCE_LEAST = 50
ROUND_S = 0.06
# Rounds of one wake-up, so that a midnight at which many turn does not hold the job for long.
ROUNDS_MAX = 40
# A hundred segments cost a batch some milliseconds whoever is in it: fewer batches, more in each.
GATHER_S = 0.03
_IDENTITY = frozenset(f.event_name for f in (CustomerCreated, CustomerMerged, CustomerSplit))
Now = Callable[[], datetime]


class _Of(msgspec.Struct):
    customer_id: UUID
    gone: UUID | None = None
    apart: UUID | None = None


_decode = msgspec.json.Decoder(_Of).decode


# What the reader and the clock's looks of this process remember together. It holds for one database
# at a time: another one has another token.
_MEMORY = Memory()


def readers(calendar: Calendar, now: Now = clock.now, *, memory: Memory = _MEMORY) -> list[Reader]:
    """The readers of this feature: the copies, and what looks at an event when its person, her
    timeline and the copies have it.

    memory: shared with `wake` and `fill` of the same process.
    """
    after = (identity.READER, timeline.READER, copies.READER)
    handle = partial(_handle, calendar=calendar, now=now, memory=memory)
    return [*copies.readers(), Reader(READER, handle, after=after, gather_s=GATHER_S)]


async def _handle(
    conn: Connection, rows: Sequence[Row], *, calendar: Calendar, now: Now, memory: Memory
) -> None:
    await evaluating.begin(conn, memory, calendar=calendar, now=now())
    if not memory.segments:
        memory.leave()
        return
    whom = await _whom(conn, rows, memory, now())
    people = iter(whom.items())
    while some := dict(islice(people, CUSTOMERS_MAX)):
        await evaluating.look(conn, some, now=now(), calendar=calendar, memory=memory, is_kept=True)
    await evaluating.end(conn, memory)


def _watched(needs: Needs) -> set[str]:
    """Names of events that may change any answer."""
    names = vocabulary.lines_of(set(needs.events)) | standing.watched(needs)
    if names & set(vocabulary.TELLS_PURCHASE):
        names = names | {PurchaseMoved.event_name, OrderCancelled.event_name}
    if vocabulary.STAGE in needs.fields:
        names = names | {CustomerStageChanged.event_name}
    has_traits = bool(needs.fields - {vocabulary.STAGE})
    return names | {CustomerIdentified.event_name} if has_traits else names


async def _whom(
    conn: Connection, rows: Sequence[Row], memory: Memory, now: datetime
) -> dict[UUID, Why]:
    """Whose answers may have changed, and by which event; the last one of each.

    Lines are added to what is remembered; whom anything else has happened to is forgotten.
    """
    watched, lines = _watched(memory.needs), _plain_lines(memory.needs)
    theirs = [row for row in rows if row.identifiers and row.name in watched]
    owners = await memory.owners.of(conn, {row.identifiers[0] for row in theirs})
    whom: dict[UUID, Why] = {}
    told: list[tuple[UUID, Row]] = []
    for row in theirs:
        owner = owners.get(row.identifiers[0])
        if owner is None:
            continue
        whom[owner] = Why("event", row.event_id)
        if row.name in lines:
            told.append((owner, row))
        else:
            memory.forget((owner,))
    for one, event_id in (await standing.touched(conn, rows, memory.needs, now=now)).items():
        memory.forget((one,))
        whom[one] = Why("event", event_id)
    for row in rows:
        for one in _touched(row) if row.name in _IDENTITY else ():
            # Who has just begun is known already when her first event was looked at.
            if row.name != CustomerCreated.event_name or one not in memory:
                memory.forget((one,))
                whom.setdefault(one, Why("identity"))
    idle = _learn(memory, told)
    return {one: why for one, why in whom.items() if one not in idle or one not in memory}


def _learn(memory: Memory, told: Sequence[tuple[UUID, Row]]) -> set[UUID]:
    """Remember lines of those who are known; of whom none matters to any condition."""
    new = memory.unseen(told)
    met = {customer_id for customer_id, _ in told}
    if not new:
        return met
    return met - memory.learn(new)


def _plain_lines(needs: Needs) -> frozenset[str]:
    """Names of events that are a line and no more: no purchase hangs on them."""
    names = vocabulary.lines_of(set(needs.events)) - set(vocabulary.TELLS_PURCHASE)
    return frozenset(names) - {CustomerIdentified.event_name}


def _touched(row: Row) -> Iterator[UUID]:
    of = _decode(row.body)
    yield from (one for one in (of.customer_id, of.gone, of.apart) if one is not None)


async def wake(
    pool: Pool, *, calendar: Calendar, now: Now = clock.now, memory: Memory = _MEMORY
) -> int:
    """Look at everybody for whom time may have changed something; answers how many."""
    woken, most = 0, min(AT_ONCE, AT_ONCE_FIRST)
    for _ in range(ROUNDS_MAX):
        async with pool.acquire() as conn:
            if not await Q.is_due.value(conn, now=now()):
                break
        async with db.transaction(pool) as conn:
            moment = now()
            await evaluating.begin(conn, memory, calendar=calendar, now=moment)
            begun = _seconds()
            due = await Q.due.all(conn, now=moment, most=most)
            whom = {row["customer_id"]: Why("time") for row in due}
            await evaluating.look(conn, whom, now=moment, calendar=calendar, memory=memory)
            await evaluating.end(conn, memory)
        woken += len(whom)
        if len(whom) < most:
            break
        most = paced(most, _seconds() - begun)
    return woken


async def fill(
    pool: Pool, *, calendar: Calendar, now: Now = clock.now, memory: Memory = _MEMORY
) -> int:
    """Look at everybody who was there before a definition, some at a time; answers how many.

    It goes on where it stopped, also after a crash. Members of retired segments are let go here.
    """
    looked, most = 0, min(AT_ONCE, AT_ONCE_FIRST)
    for _ in range(ROUNDS_MAX):
        async with pool.acquire() as conn:
            if not await Q.is_waiting.value(conn):
                break
        async with db.transaction(pool) as conn:
            moment = now()
            await evaluating.begin(conn, memory, calendar=calendar, now=moment)
            begun = _seconds()
            done = await _fill_some(conn, moment, calendar, memory, most)
            done += await evaluating.sweep(conn, now=moment, most=AT_ONCE)
            await evaluating.end(conn, memory)
        looked += done
        if not done:
            break
        most = paced(most, _seconds() - begun)
    return looked


def paced(most: int, took_s: float) -> int:
    """How many to look at in the next round, when a round of `most` took so many seconds."""
    return max(min(AT_ONCE, AT_ONCE_LEAST), min(AT_ONCE, int(most * ROUND_S / max(took_s, 0.001))))


def _seconds() -> float:
    return asyncio.get_running_loop().time()


async def _fill_some(
    conn: Connection, now: datetime, calendar: Calendar, memory: Memory, most: int
) -> int:
    here = await Q.unfilled_from.maybe(conn)
    if here is None:
        return 0
    rows = await Q.next_customers.all(conn, after=here["filled_through"], most=most)
    whom = {row["customer_id"]: Why("definition") for row in rows}
    await evaluating.look(conn, whom, now=now, calendar=calendar, memory=memory)
    is_end = len(rows) < most
    through = rows[-1]["customer_id"] if rows else here["filled_through"]
    await Q.filled.run(conn, through=through, is_end=is_end, now=now)
    return len(rows)
