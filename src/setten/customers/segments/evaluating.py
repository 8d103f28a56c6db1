"""Looking at some customers: fetch their state once, decide all segments, write what changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import is_
from uuid import UUID

import msgspec
import numpy as np

from setten.customers.segments import rules, state
from setten.customers.segments.model import Cause, Live
from setten.customers.segments.state import Q, State
from setten.customers.segments.vocabulary import LANGUAGE
from setten.facts.segments import SegmentEntered, SegmentLeft
from setten.platform import log
from setten.platform.db import Connection
from setten.platform.expressions import (
    NEVER,
    NOTHING,
    Calendar,
    Needs,
    Node,
    instant,
    micros,
)

# A look is one transaction: so many customers stay far below the 2 s that one may take.
CUSTOMERS_MAX = 2_000
FACTS_MAX = 5_000  # in one statement


# What segments need moves with the clock; of what was needed some seconds ago nothing is missing.
NEEDS_KEPT = 10 * 1_000_000


class Why(msgspec.Struct, frozen=True):
    """Why somebody is looked at, and by which event, when one is behind it."""

    cause: Cause
    event_id: str | None = None


async def live(conn: Connection) -> list[Live]:
    """All living segments, each after those that it is made of."""
    rows = await Q.live.all(conn)
    return rules.in_order(
        Live(row["segment_id"], row["name"], row["version"], rules.read(row["expression"]))
        for row in rows
    )


class _Needs:
    """What the living segments need together, worked out once for some seconds."""

    def __init__(self) -> None:
        self._nodes: list[Node] = []
        self._calendar: Calendar | None = None
        self._at = 0
        self._found = NOTHING

    def of(self, segments: Sequence[Live], calendar: Calendar, moment: int) -> Needs:
        nodes = [one.node for one in segments]
        # A definition that is read again is the same node: see `rules.read`.
        is_same = len(nodes) == len(self._nodes) and all(map(is_, nodes, self._nodes))
        is_fresh = self._at <= moment < self._at + NEEDS_KEPT
        if not (is_same and is_fresh and calendar == self._calendar):
            self._nodes, self._calendar, self._at = nodes, calendar, moment
            self._found = rules.needs(segments, calendar, moment)
        return self._found


needs = _Needs().of


async def look(
    conn: Connection,
    whom: Mapping[UUID, Why],
    *,
    now: datetime,
    calendar: Calendar,
    segments: Sequence[Live] | None = None,
) -> int:
    """Bring the memberships of some customers up to date; answers how many entered or left.

    Inside one transaction, at most CUSTOMERS_MAX of them. Facts are stated in the same one.
    segments: all living ones, from a caller who has taken the lock and read them.
    """
    assert len(whom) <= CUSTOMERS_MAX
    if segments is None:
        await Q.lock.run(conn)
        segments = await live(conn)
    if not segments or not whom:
        return 0
    moment = micros(now)
    found = await state.fetch(conn, list(whom), needs(segments, calendar, moment))
    at = LANGUAGE.evaluation(found.frame, calendar, moment)
    verdict = rules.decide(segments, at, found.living)
    before = await _before(conn, segments, found)
    changes = rules.changes(verdict.belongs, before)
    entered = [
        _Move(segments[s], found.customers[c], found.strongest[c]) for s, c in changes.entered
    ]
    left = [_Move(segments[s], found.customers[c], found.strongest[c]) for s, c in changes.left]
    await write(conn, entered, left, whom=whom, now=now)
    await _arm(conn, found, verdict.due, now)
    return len(entered) + len(left)


class _Move(msgspec.Struct, frozen=True):
    segment: Live
    customer_id: UUID
    identifier_id: int


async def _before(conn: Connection, segments: Sequence[Live], found: State) -> np.ndarray:
    before = np.zeros((len(segments), len(found.customers)), bool)
    row = await Q.belonged.one(conn, customer_ids=found.customers)
    numbers = np.array(row["segment_ids"], np.int64)
    places = np.array(row["places"], np.int64)
    # Where each number stands in the list; those of retired segments stand nowhere.
    known = np.full(max([0, *row["segment_ids"], *(one.segment_id for one in segments)]) + 1, -1)
    known[[one.segment_id for one in segments]] = np.arange(len(segments))
    is_live = known[numbers] >= 0
    before[known[numbers[is_live]], places[is_live]] = True
    return before


async def write(
    conn: Connection,
    entered: Sequence[_Move],
    left: Sequence[_Move],
    *,
    whom: Mapping[UUID, Why],
    now: datetime,
) -> None:
    """Write who entered and who left, count it, and state it."""
    if not entered and not left:
        return
    if entered:
        await Q.enter.run(
            conn,
            customer_ids=[one.customer_id for one in entered],
            segment_ids=[one.segment.segment_id for one in entered],
            event_ids=[whom[one.customer_id].event_id for one in entered],
            at=now,
        )
    if left:
        await Q.leave.run(
            conn,
            customer_ids=[one.customer_id for one in left],
            segment_ids=[one.segment.segment_id for one in left],
        )
    moves = [*((True, one) for one in entered), *((False, one) for one in left)]
    await Q.note_passages.run(
        conn,
        at=now,
        segment_ids=[one.segment.segment_id for _, one in moves],
        customer_ids=[one.customer_id for _, one in moves],
        entereds=[is_in for is_in, _ in moves],
        causes=[whom[one.customer_id].cause for _, one in moves],
        event_ids=[whom[one.customer_id].event_id for _, one in moves],
    )
    await _count(conn, entered, left, now)
    entries = [_entry(one, is_in, whom[one.customer_id], now) for is_in, one in moves]
    for start in range(0, len(entries), FACTS_MAX):
        await log.state_all(conn, entries[start : start + FACTS_MAX])


async def _count(
    conn: Connection, entered: Sequence[_Move], left: Sequence[_Move], now: datetime
) -> None:
    came = Counter(one.segment.segment_id for one in entered)
    went = Counter(one.segment.segment_id for one in left)
    changed = sorted(came.keys() | went.keys())
    await Q.count_flows.run(
        conn,
        segment_ids=changed,
        entereds=[came[one] for one in changed],
        gones=[went[one] for one in changed],
        at=now,
    )


def _entry(move: _Move, is_in: bool, why: Why, now: datetime) -> log.Entry:
    fact = (SegmentEntered if is_in else SegmentLeft)(
        segment_id=move.segment.segment_id,
        name=move.segment.name,
        version=move.segment.version,
        customer_id=move.customer_id,
        cause=why.cause,
        because=why.event_id,
    )
    # Who was merged away has no identifier left to state it under.
    return log.entry_for(
        fact, at=now, identifiers=[move.identifier_id] if move.identifier_id else []
    )


async def _arm(conn: Connection, found: State, due: np.ndarray, now: datetime) -> None:
    """Most visits write nothing: an early wake-up finds out that it came too early."""
    row = await Q.wakes.one(conn, customer_ids=found.customers)
    armed = np.full(len(found.customers), NEVER, np.int64)
    armed[np.array(row["places"], np.int64)] = row["dues"]
    moment = micros(now)
    is_spent = armed <= moment
    is_new = (due < NEVER) & (due > moment) & (is_spent | (armed > due))
    if places := np.flatnonzero(is_new).tolist():
        await Q.arm.run(
            conn,
            customer_ids=[found.customers[place] for place in places],
            due_ats=[instant(int(due[place])) for place in places],
        )
    # Whoever has nothing more to wait for, and was woken now.
    is_over = ~is_new & (armed < NEVER) & (is_spent | (due <= moment))
    if places := np.flatnonzero(is_over).tolist():
        await Q.disarm.run(conn, customer_ids=[found.customers[place] for place in places])


async def sweep(conn: Connection, *, now: datetime, most: int = CUSTOMERS_MAX) -> int:
    """Let members of retired segments go, some at a time; answers how many went."""
    await Q.lock.run(conn)
    rows = await Q.retired_members.all(conn, most=most)
    if not rows:
        return 0
    ids = sorted({row["segment_id"] for row in rows})
    segments = {
        row["segment_id"]: Live(row["segment_id"], row["name"], row["version"], rules.NOBODY)
        for row in await Q.retired.all(conn, segment_ids=ids)
    }
    people = await state.strongest(conn, [row["customer_id"] for row in rows])
    left = [
        _Move(segments[row["segment_id"]], row["customer_id"], people.get(row["customer_id"], 0))
        for row in rows
    ]
    whom = {one.customer_id: Why("definition") for one in left}
    await write(conn, [], left, whom=whom, now=now)
    return len(left)
