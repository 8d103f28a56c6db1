"""Looking at some customers: know their state, decide all segments, write what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import is_
from uuid import UUID

import msgspec
import numpy as np

from setten.customers import timeline
from setten.customers.segments import rules, standing, state
from setten.customers.segments.memory import Known, Memory
from setten.customers.segments.model import Live
from setten.customers.segments.state import Q, State
from setten.customers.segments.vocabulary import LANGUAGE
from setten.customers.segments.writing import Move, Why, write
from setten.platform import ids
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
# What segments need moves with the clock; of what was needed some seconds ago nothing is missing.
NEEDS_KEPT = 10 * 1_000_000


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


async def begin(conn: Connection, memory: Memory, *, calendar: Calendar, now: datetime) -> None:
    """Take the turn of writing memberships; the memory then knows what is asked.

    `end` must follow in the same transaction, or `memory.leave` where nothing was changed.
    """
    turn = await Q.turn.one(conn, reader=timeline.READER)
    memory.resume(turn["token"], (turn["lines"], turn["passed_over"]))
    segments = memory.segments or await live(conn)
    memory.mean(segments, needs(segments, calendar, micros(now)))


async def end(conn: Connection, memory: Memory) -> None:
    """Write down that what this process remembers is all there is."""
    token = ids.uuid7()
    await Q.pass_on.run(conn, token=token)
    memory.leave(token)


async def look(
    conn: Connection,
    whom: Mapping[UUID, Why],
    *,
    now: datetime,
    calendar: Calendar,
    memory: Memory | None = None,
    is_kept: bool = False,
) -> int:
    """Bring the memberships of some customers up to date; answers how many entered or left.

    Inside one transaction, at most CUSTOMERS_MAX of them. Facts are stated in the same one.
    memory: of a caller between `begin` and `end`. is_kept: whether it may answer for them and is
    to remember them; else they are read, and forgotten by it.
    """
    assert len(whom) <= CUSTOMERS_MAX
    if memory is None:
        memory = Memory()
        await begin(conn, memory, calendar=calendar, now=now)
        changed = await look(conn, whom, now=now, calendar=calendar, memory=memory)
        await end(conn, memory)
        return changed
    if not memory.segments or not whom:
        return 0
    whom = await _with_holders(conn, whom, memory.needs, now)
    known, verdict = await _decide(
        conn, list(whom), memory, is_kept=is_kept, calendar=calendar, moment=micros(now)
    )
    moves = _moves(memory.segments, known, verdict.belongs)
    await write(conn, moves, whom=whom, now=now)
    armed = await _arm(conn, known, verdict.due, now)
    if is_kept:
        memory.settle(known.state.customers, verdict.belongs, armed)
    else:
        memory.forget(whom)
    return sum(len(one.entered) + len(one.left) for one in moves)


async def _with_holders(
    conn: Connection, whom: Mapping[UUID, Why], needs: Needs, now: datetime
) -> Mapping[UUID, Why]:
    """Besides them those whose answers hang on them by way of a relation, for the same reason."""
    if not needs.relations:
        return whom
    asked = list(whom)
    holders = await standing.holders(conn, asked, needs.relations)
    room = max(0, CUSTOMERS_MAX - len(whom))
    if late := list(holders)[room:]:
        await Q.arm.run(conn, customer_ids=late, due_ats=[now] * len(late))
    return {**{one: whom[holders[one]] for one in list(holders)[:room]}, **whom}


async def _decide(
    conn: Connection,
    customer_ids: Sequence[UUID],
    memory: Memory,
    *,
    is_kept: bool,
    calendar: Calendar,
    moment: int,
) -> tuple[Known, rules.Verdict]:
    """What is known of some customers, and what is so of them; others are only asked about."""
    more, relations = await standing.related(conn, customer_ids, memory.needs.relations)
    everyone = [*customer_ids, *more]
    known = await _known(conn, everyone, memory, is_kept=is_kept)
    frame = known.state.frame
    frame.relations = relations
    frame.standings = await standing.answers(conn, everyone, memory.needs.standings)
    at = LANGUAGE.evaluation(frame, calendar, moment)
    verdict = rules.decide(memory.segments, at, known.state.living)
    if not more:
        return known, verdict
    size = len(customer_ids)
    own = msgspec.structs.replace(
        known.state,
        customers=known.state.customers[:size],
        strongest=known.state.strongest[:size],
        living=known.state.living[:size],
    )
    return (
        Known(own, known.belonged[:, :size], known.armed[:size]),
        rules.Verdict(verdict.belongs[:, :size], verdict.due[:size]),
    )


async def _known(
    conn: Connection, customer_ids: Sequence[UUID], memory: Memory, *, is_kept: bool
) -> Known:
    if not is_kept:
        return await _read(conn, customer_ids, memory)
    if missing := [one for one in customer_ids if one not in memory]:
        memory.take(await _read(conn, missing, memory))
    return memory.recall(customer_ids)


async def _read(conn: Connection, customer_ids: Sequence[UUID], memory: Memory) -> Known:
    found = await state.fetch(conn, customer_ids, memory.needs)
    row = await Q.wakes.one(conn, customer_ids=found.customers)
    armed = np.full(len(found.customers), NEVER, np.int64)
    armed[np.array(row["places"], np.int64)] = row["dues"]
    return Known(found, await _before(conn, memory.segments, found), armed)


async def _before(conn: Connection, segments: Sequence[Live], found: State) -> np.ndarray:
    before = np.zeros((len(segments), len(found.customers)), bool)
    row = await Q.belonged.one(conn, customer_ids=found.customers)
    numbers = np.array(row["segment_ids"], np.int64)
    places = np.array(row["places"], np.int64)
    # Where each number stands in the list; those of retired segments stand nowhere.
    most = max([0, *row["segment_ids"], *(one.segment_id for one in segments)])
    known = np.full(most + 1, -1)
    known[[one.segment_id for one in segments]] = np.arange(len(segments))
    is_live = known[numbers] >= 0
    before[known[numbers[is_live]], places[is_live]] = True
    return before


def _moves(segments: Sequence[Live], known: Known, belongs: np.ndarray) -> list[Move]:
    """What has changed, customer by customer."""
    rows, places = np.nonzero((belongs != known.belonged).T)
    is_in = belongs[places, rows].tolist()
    found: dict[int, tuple[list[Live], list[Live]]] = {}
    for row, place, entered in zip(rows.tolist(), places.tolist(), is_in, strict=True):
        came, went = found.setdefault(row, ([], []))
        (came if entered else went).append(segments[place])
    return [
        Move(known.state.customers[row], known.state.strongest[row], came, went)
        for row, (came, went) in found.items()
    ]


async def _arm(conn: Connection, known: Known, due: np.ndarray, now: datetime) -> np.ndarray:
    """Most visits write nothing: an early wake-up finds out that it came too early.

    Answers when each is armed for then.
    """
    moment, armed = micros(now), known.armed
    is_spent = armed <= moment
    is_new = (due < NEVER) & (due > moment) & (is_spent | (armed > due))
    if places := np.flatnonzero(is_new).tolist():
        await Q.arm.run(
            conn,
            customer_ids=[known.state.customers[place] for place in places],
            due_ats=[instant(int(due[place])) for place in places],
        )
    # Whoever has nothing more to wait for, and was woken now.
    is_over = ~is_new & (armed < NEVER) & (is_spent | (due <= moment))
    if places := np.flatnonzero(is_over).tolist():
        await Q.disarm.run(conn, customer_ids=[known.state.customers[place] for place in places])
    return np.where(is_new, due, np.where(is_over, NEVER, armed))


async def sweep(conn: Connection, *, now: datetime, most: int = CUSTOMERS_MAX) -> int:
    """Let members of retired segments go, some at a time; answers how many went.

    For a caller whose turn it is. Nobody remembers memberships of retired segments.
    """
    rows = await Q.retired_members.all(conn, most=most)
    if not rows:
        return 0
    numbers = sorted({row["segment_id"] for row in rows})
    segments = {
        row["segment_id"]: Live(row["segment_id"], row["name"], row["version"], rules.NOBODY)
        for row in await Q.retired.all(conn, segment_ids=numbers)
    }
    people = await state.strongest(conn, [row["customer_id"] for row in rows])
    left: dict[UUID, list[Live]] = {}
    for row in rows:
        left.setdefault(row["customer_id"], []).append(segments[row["segment_id"]])
    moves = [Move(one, people.get(one, 0), (), went) for one, went in left.items()]
    await write(conn, moves, whom=dict.fromkeys(left, Why("definition")), now=now)
    return len(rows)
