"""The reader behind live segments, the wake-ups by time, and the filling of new definitions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from uuid import UUID

import msgspec

from setten.customers import identity, timeline
from setten.customers.segments import evaluating, vocabulary
from setten.customers.segments.evaluating import CUSTOMERS_MAX, Why
from setten.customers.segments.state import Q
from setten.facts.customers import CustomerCreated, CustomerMerged, CustomerSplit, PurchaseMoved
from setten.facts.lifecycle import CustomerStageChanged
from setten.facts.reported import CustomerIdentified
from setten.platform import clock, db
from setten.platform.db import Connection, Pool
from setten.platform.expressions import Calendar, Needs, micros
from setten.platform.log import Reader, Row

READER = "segments"
# Rounds of one wake-up, so that a midnight at which many turn does not hold the job for long.
ROUNDS_MAX = 20
# A hundred segments cost a batch some milliseconds whoever is in it: fewer batches, more in each.
GATHER_S = 0.06
_IDENTITY = frozenset(f.event_name for f in (CustomerCreated, CustomerMerged, CustomerSplit))
Now = Callable[[], datetime]


class _Of(msgspec.Struct):
    customer_id: UUID
    gone: UUID | None = None
    apart: UUID | None = None


_decode = msgspec.json.Decoder(_Of).decode


def readers(calendar: Calendar, now: Now = clock.now) -> list[Reader]:
    """The reader of this feature: it sees an event when its person and her timeline have it."""
    after = (identity.READER, timeline.READER)
    handle = partial(_handle, calendar=calendar, now=now)
    return [Reader(READER, handle, after=after, gather_s=GATHER_S)]


async def _handle(conn: Connection, rows: Sequence[Row], *, calendar: Calendar, now: Now) -> None:
    await Q.lock.run(conn)
    segments = await evaluating.live(conn)
    if not segments:
        return
    asked = evaluating.needs(segments, calendar, micros(now()))
    whom = await _whom(conn, rows, _watched(asked))
    people = iter(whom.items())
    while some := dict(islice(people, CUSTOMERS_MAX)):
        await evaluating.look(conn, some, now=now(), calendar=calendar, segments=segments)


def _watched(needs: Needs) -> set[str]:
    """Names of events that may change any answer."""
    names = vocabulary.lines_of(set(needs.events))
    if names & set(vocabulary.TELLS_PURCHASE):
        names = names | {PurchaseMoved.event_name}
    if vocabulary.STAGE in needs.fields:
        names = names | {CustomerStageChanged.event_name}
    has_traits = bool(needs.fields - {vocabulary.STAGE})
    return names | {CustomerIdentified.event_name} if has_traits else names


async def _whom(conn: Connection, rows: Sequence[Row], watched: set[str]) -> dict[UUID, Why]:
    """Whose answers may have changed, and by which event; the last one of each."""
    by_identifier = {
        row.identifiers[0]: row.event_id for row in rows if row.identifiers and row.name in watched
    }
    owners = await identity.customers_for(conn, by_identifier.keys())
    whom: dict[UUID, Why] = {
        customer_id: Why("event", by_identifier[number]) for number, customer_id in owners.items()
    }
    for row in rows:
        if row.name in _IDENTITY:
            for customer_id in _touched(row):
                whom.setdefault(customer_id, Why("identity"))
    return whom


def _touched(row: Row) -> Iterator[UUID]:
    of = _decode(row.body)
    yield from (one for one in (of.customer_id, of.gone, of.apart) if one is not None)


async def wake(pool: Pool, *, calendar: Calendar, now: Now = clock.now) -> int:
    """Look at everybody for whom time may have changed something; answers how many."""
    woken = 0
    for _ in range(ROUNDS_MAX):
        async with db.transaction(pool) as conn:
            await Q.lock.run(conn)
            moment = now()
            due = await Q.due.all(conn, now=moment, most=CUSTOMERS_MAX)
            whom = {row["customer_id"]: Why("time") for row in due}
            await evaluating.look(conn, whom, now=moment, calendar=calendar)
        woken += len(whom)
        if len(whom) < CUSTOMERS_MAX:
            break
    return woken


async def fill(pool: Pool, *, calendar: Calendar, now: Now = clock.now) -> int:
    """Look at everybody who was there before a definition, some at a time; answers how many.

    It goes on where it stopped, also after a crash. Members of retired segments are let go here.
    """
    looked = 0
    for _ in range(ROUNDS_MAX):
        async with db.transaction(pool) as conn:
            done = await _fill_some(conn, now(), calendar)
            done += await evaluating.sweep(conn, now=now())
        looked += done
        if not done:
            break
    return looked


async def _fill_some(conn: Connection, now: datetime, calendar: Calendar) -> int:
    await Q.lock.run(conn)
    here = await Q.unfilled_from.maybe(conn)
    if here is None:
        return 0
    rows = await Q.next_customers.all(conn, after=here["filled_through"], most=CUSTOMERS_MAX)
    whom = {row["customer_id"]: Why("definition") for row in rows}
    await evaluating.look(conn, whom, now=now, calendar=calendar)
    is_end = len(rows) < CUSTOMERS_MAX
    through = rows[-1]["customer_id"] if rows else here["filled_through"]
    await Q.filled.run(conn, through=through, is_end=is_end, now=now)
    return len(rows)
