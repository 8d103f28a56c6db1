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
    entries = log.entries_for(_told(moves, whys), at=now)
    for start in range(0, len(entries), FACTS_MAX):
        await log.state_all(conn, entries[start : start + FACTS_MAX])


def _array(values: Iterable[object]) -> str:
    return f"{{{','.join(map(str, values))}}}"


def _told(
    moves: Sequence[Move], whys: Sequence[Why]
) -> list[tuple[MembershipsChanged, tuple[int, ...]]]:
    """The fact of each move, and whom it is stated under."""
    passed: dict[int, Passed] = {}
    for move in moves:
        for one in (*move.entered, *move.left):
            if one.segment_id not in passed:
                told = Passed(segment_id=one.segment_id, name=one.name, version=one.version)
                passed[one.segment_id] = told
    return [
        (
            MembershipsChanged(
                customer_id=move.customer_id,
                entered=tuple([passed[one.segment_id] for one in move.entered]),
                left=tuple([passed[one.segment_id] for one in move.left]),
                cause=why.cause,
                because=why.event_id,
            ),
            # Who was merged away has no identifier left to state it under.
            (move.identifier_id,) if move.identifier_id else (),
        )
        for move, why in zip(moves, whys, strict=True)
    ]
