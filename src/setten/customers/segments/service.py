"""Verbs about segments: define, change, retire, list, look inside."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from setten.customers.segments import evaluating, rules
from setten.customers.segments.model import (
    ID_MAX,
    NAME_CHARS_MAX,
    SEGMENTS_MAX,
    Flow,
    Live,
    Member,
    Membership,
    Overlap,
    Passage,
    Segment,
    SegmentChanged,
    SegmentInUse,
    SegmentNameTaken,
    SegmentNotFound,
    TooManySegments,
    Version,
)
from setten.customers.segments.state import Q
from setten.customers.segments.vocabulary import LANGUAGE
from setten.facts.ids import CustomerId
from setten.platform import audit, db
from setten.platform.auth import Actor
from setten.platform.db import Connection
from setten.platform.errors import Invalid
from setten.platform.expressions import Node

MEMBERS_MAX = 1_000
VERSIONS_MAX = 200
PASSAGES_MAX = 1_000
FLOWS_MAX = 24 * 400  # an hour each, a year and more


class BadSegmentName(Invalid):
    """A name has 1 to NAME_CHARS_MAX characters and no space at its ends."""

    code = "bad_segment_name"


def check_name(name: str) -> None:
    """Raises BadSegmentName."""
    if not name.strip() or name != name.strip() or len(name) > NAME_CHARS_MAX or "\0" in name:
        raise BadSegmentName(most=NAME_CHARS_MAX)


async def define(
    conn: Connection, name: str, expression: Any, *, actor: Actor, now: datetime
) -> int:
    """Make a segment of an expression's JSON; answers its number. Members come by and by.

    Raises BadSegmentName, SegmentNameTaken, TooManySegments, SegmentNotFound, SegmentCircle and
    what `Language.read` raises.
    """
    check_name(name)
    node = LANGUAGE.read(expression)
    await Q.lock.run(conn)
    others = await evaluating.live(conn)
    if len(others) >= SEGMENTS_MAX:
        raise TooManySegments(most=SEGMENTS_MAX)
    if any(one.name == name for one in others):
        raise SegmentNameTaken(name=name)
    rules.in_order([*others, Live(0, name, 1, node)])
    segment_id = int(await Q.insert_segment.value(conn, name=name, at=now))
    await _put_version(conn, segment_id, 1, node, actor=actor, now=now, reason=None)
    await audit.note(conn, actor, "segment.defined", at=now, subject=str(segment_id))
    return segment_id


async def change(
    conn: Connection,
    segment_id: int,
    expression: Any,
    *,
    actor: Actor,
    now: datetime,
    reason: str | None = None,
    known: int | None = None,
) -> int:
    """Give a segment another expression; answers its version. The older ones are kept.

    known: the version that was read before; who has read an older one overwrites nothing. Who
    belongs no longer leaves when the filling comes to her. Raises as `define` does, and
    SegmentChanged.
    """
    node = LANGUAGE.read(expression)
    await Q.lock.run(conn)
    others = await evaluating.live(conn)
    standing = next((one for one in others if one.segment_id == segment_id), None)
    if standing is None:
        raise SegmentNotFound(name=str(segment_id))
    if LANGUAGE.json(node) == LANGUAGE.json(standing.node):
        return standing.version
    if known is not None and known != standing.version:
        raise SegmentChanged(name=standing.name)
    changed = Live(segment_id, standing.name, standing.version + 1, node)
    rules.in_order([changed if one is standing else one for one in others])
    version = int(await Q.next_version.value(conn, segment_id=segment_id))
    await _put_version(conn, segment_id, version, node, actor=actor, now=now, reason=reason)
    await audit.note(conn, actor, "segment.changed", at=now, subject=str(segment_id))
    return version


async def _put_version(
    conn: Connection,
    segment_id: int,
    version: int,
    node: Node,
    *,
    actor: Actor,
    now: datetime,
    reason: str | None,
) -> None:
    await Q.put_version.run(
        conn,
        segment_id=segment_id,
        version=version,
        expression=msgspec.json.encode(node).decode(),
        at=now,
        by=actor.label,
        reason=reason,
    )


async def retire(conn: Connection, segment_id: int, *, actor: Actor, now: datetime) -> None:
    """End a segment; its members leave by and by. Raises SegmentNotFound, SegmentInUse."""
    await Q.lock.run(conn)
    others = await evaluating.live(conn)
    standing = next((one for one in others if one.segment_id == segment_id), None)
    if standing is None:
        raise SegmentNotFound(name=str(segment_id))
    if users := rules.users_of(standing.name, others):
        raise SegmentInUse(name=standing.name, by=", ".join(users))
    await Q.retire.run(conn, segment_id=segment_id, at=now)
    await audit.note(conn, actor, "segment.retired", at=now, subject=str(segment_id))


async def listed(conn: Connection) -> tuple[Segment, ...]:
    """All living segments by name."""
    rows = await Q.segments.all(conn, segment_id=None, most=SEGMENTS_MAX)
    return tuple(_segment(dict(row)) for row in rows)


async def get(conn: Connection, segment_id: int) -> Segment:
    """One living segment. Raises SegmentNotFound."""
    known = abs(segment_id) <= ID_MAX
    row = await Q.segments.maybe(conn, segment_id=segment_id, most=1) if known else None
    if row is None:
        raise SegmentNotFound(name=str(segment_id))
    return _segment(dict(row))


def _segment(values: dict[str, Any]) -> Segment:
    values["expression"] = msgspec.json.decode(values["expression"])
    return Segment(**values)


async def used_by(conn: Connection, segment_id: int) -> tuple[str, ...]:
    """Names of the segments that are made of this one. Raises SegmentNotFound."""
    segment = await get(conn, segment_id)
    return tuple(rules.users_of(segment.name, await evaluating.live(conn)))


async def versions(conn: Connection, segment_id: int) -> tuple[Version, ...]:
    """What a segment has meant, the newest first."""
    rows = await Q.versions.all(conn, segment_id=segment_id, most=VERSIONS_MAX)
    return tuple(
        Version(**{**dict(row), "expression": msgspec.json.decode(row["expression"])})
        for row in rows
    )


async def overlap(conn: Connection, a: int, b: int) -> Overlap:
    """How many are in two segments, and in both. Raises SegmentNotFound."""
    first, second = await get(conn, a), await get(conn, b)
    both = int(await Q.both.value(conn, a=a, b=b))
    return Overlap(a=first.size, b=second.size, both=both)


async def members(
    conn: Connection,
    segment_id: int,
    *,
    after: Member | None = None,
    limit: int = 50,
    newest_first: bool = False,
) -> tuple[Member, ...]:
    """Members in the order in which they entered, from behind `after`."""
    end = db.end(datetime, UUID, largest=newest_first)
    rows = await Q.members.turned(newest_first).all(
        conn,
        segment_id=segment_id,
        after_at=after.entered_at if after else end[0],
        after_id=after.customer_id if after else end[1],
        most=max(1, min(limit, MEMBERS_MAX)),
    )
    return tuple(Member(**dict(row)) for row in rows)


async def passages(
    conn: Connection, segment_id: int, *, since: datetime, until: datetime, limit: int = 100
) -> tuple[Passage, ...]:
    """Who entered and left in a time, newest first, and by which event."""
    rows = await Q.passages.all(
        conn,
        segment_id=segment_id,
        since=since,
        until=until,
        most=max(1, min(limit, PASSAGES_MAX)),
    )
    return tuple(Passage(**dict(row)) for row in rows)


async def flows(conn: Connection, segment_id: int, *, since: datetime) -> tuple[Flow, ...]:
    """Size over time: the hours in which anything changed, oldest first."""
    rows = await Q.flows.all(conn, segment_id=segment_id, since=since, most=FLOWS_MAX)
    return tuple(Flow(**dict(row)) for row in rows)


async def memberships(
    conn: Connection, customer_ids: Collection[UUID]
) -> dict[CustomerId, tuple[Membership, ...]]:
    """The living segments that customers are in, by name; who is in none is absent."""
    row = await db.together(conn, [memberships_part(customer_ids)], Q.memberships_told)
    return memberships_told(row["inside"])


def memberships_part(customer_ids: Collection[UUID]) -> db.Part:
    """`memberships` as the part `segments_memberships` of a statement."""
    return db.Part(Q.memberships, {"customer_ids": list(customer_ids)})


def memberships_told(inside: str) -> dict[CustomerId, tuple[Membership, ...]]:
    """What that part found, as a list in JSON."""
    found: dict[CustomerId, list[Membership]] = {}
    for one in _decode_inside(inside):
        membership = Membership(one.segment_id, one.name, one.version)
        found.setdefault(CustomerId(one.customer_id), []).append(membership)
    return {one: tuple(theirs) for one, theirs in found.items()}


class _Inside(msgspec.Struct):
    customer_id: UUID
    segment_id: int
    name: str
    version: int


_decode_inside = msgspec.json.Decoder(list[_Inside]).decode
