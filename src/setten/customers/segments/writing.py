"""Writing who entered and who left: the memberships, their history, and the news of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from setten.customers.segments.model import Cause, Live
from setten.customers.segments.state import Q
from setten.facts.segments import MembershipsChanged, Passed
from setten.platform import log
from setten.platform.db import Connection

FACTS_MAX = 5_000  # in one statement


class Why(msgspec.Struct, frozen=True):
    """Why somebody is looked at, and by which event, when one is behind it."""

    cause: Cause
    event_id: str | None = None


class Move(msgspec.Struct, frozen=True):
    """What a look changes for one customer.

    identifier_id: the strongest she has, 0 for who is gone. Segments in the order of the look.
    """

    customer_id: UUID
    identifier_id: int
    entered: Sequence[Live]
    left: Sequence[Live]


async def write(
    conn: Connection, moves: Sequence[Move], *, whom: Mapping[UUID, Why], now: datetime
) -> None:
    """Write who entered and who left, count it, and state it: one fact a customer."""
    if not moves:
        return
    steps = [
        (place, segment.segment_id, is_in)
        for place, move in enumerate(moves, start=1)
        for is_in, segments in ((True, move.entered), (False, move.left))
        for segment in segments
    ]
    whys = [whom[move.customer_id] for move in moves]
    await Q.move.run(
        conn,
        customer_ids=_array(move.customer_id for move in moves),
        causes=[why.cause for why in whys],
        event_ids=[why.event_id for why in whys],
        places=_array(place for place, _, _ in steps),
        segment_ids=_array(segment_id for _, segment_id, _ in steps),
        entereds=_array("t" if is_in else "f" for _, _, is_in in steps),
        at=now,
    )
    entries = [_entry(move, why, now) for move, why in zip(moves, whys, strict=True)]
    for start in range(0, len(entries), FACTS_MAX):
        await log.state_all(conn, entries[start : start + FACTS_MAX])


def _array(values: Iterable[object]) -> str:
    return f"{{{','.join(map(str, values))}}}"


def _entry(move: Move, why: Why, now: datetime) -> log.Entry:
    fact = MembershipsChanged(
        customer_id=move.customer_id,
        entered=_passed(move.entered),
        left=_passed(move.left),
        cause=why.cause,
        because=why.event_id,
    )
    # Who was merged away has no identifier left to state it under.
    return log.entry_for(
        fact, at=now, identifiers=[move.identifier_id] if move.identifier_id else []
    )


def _passed(segments: Iterable[Live]) -> tuple[Passed, ...]:
    return tuple(
        Passed(segment_id=one.segment_id, name=one.name, version=one.version) for one in segments
    )
