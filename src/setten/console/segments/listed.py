"""The lists of segments: all of them, the members of one, and the files that became some."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from setten.console.lists import Column, Filter, ListOf, Look, Order, Word
from setten.customers import segments
from setten.customers.segments import Member, Segment
from setten.customers.segments.lists import List
from setten.facts.ids import CustomerId
from setten.platform.auth import Right
from setten.platform.db import Connection


class SegmentFilter(Filter, frozen=True, kw_only=True):
    """A piece of a name."""

    q: Word = ""


async def _segments(conn: Connection, look: Look[SegmentFilter, Segment]) -> Sequence[Segment]:
    return await segments.listed(conn)


SEGMENTS = ListOf[SegmentFilter, Segment](
    name="segments",
    audit="segments.exported",
    path="/customers/segments",
    file="/customers/segments.csv",
    right=(Right.read_customers, Right.read_data),
    filters=SegmentFilter,
    is_whole=True,
    sort="name",
    fetch=_segments,
    keeps=lambda one, asked: asked.q.strip().casefold() in one.name.casefold(),
    ident=lambda one: str(one.segment_id),
    columns=(
        Column(name="segment_id", told=lambda one, _: one.segment_id),
        Column(
            name="name",
            word="segments.name",
            told=lambda one, _: one.name,
            order=Order(lambda one: (one.name,)),
        ),
        Column(name="words", word="segments.words"),
        Column(
            name="size",
            word="segments.size",
            style="num",
            told=lambda one, _: one.size if one.is_filled else None,
            order=Order(lambda one: (one.is_filled, one.size, one.name)),
            falls=True,
        ),
        Column(name="created_at", told=lambda one, _: one.created_at),
    ),
)


async def _members(conn: Connection, look: Look[Filter, Member]) -> Sequence[Member]:
    segment = await segments.get(conn, int(look.ids["segment_id"]))
    after = None
    if look.after is not None:
        at, who = look.after
        after = Member(customer_id=CustomerId(who), entered_at=at, event_id=None)
    return await segments.members(
        conn, segment.segment_id, after=after, limit=look.most, newest_first=look.falls
    )


# Ids and since when, nothing that identifies anybody: whoever makes a segment may take that.
MEMBERS = ListOf[Filter, Member](
    name="segment",
    audit="segment.exported",
    path="/customers/segments/{segment_id}",
    file="/customers/segments/{segment_id:int}/members.csv",
    right=Right.manage_segments,
    filters=Filter,
    sort="entered_at",
    fetch=_members,
    ident=lambda one: str(one.customer_id),
    at_once=999,
    export_max=100_000,  # what a spreadsheet still opens
    columns=(
        Column(name="customer_id", told=lambda one, _: one.customer_id),
        Column(
            name="entered_at",
            word="segments.entered_at",
            told=lambda one, _: one.entered_at.isoformat(),
            order=Order(lambda one: (one.entered_at, one.customer_id), (datetime, UUID)),
        ),
        Column(name="event_id", told=lambda one, _: one.event_id),
    ),
)


class BroughtFilter(Filter, frozen=True, kw_only=True):
    """A piece of a name."""

    q: Word = ""


async def _brought(conn: Connection, look: Look[BroughtFilter, List]) -> Sequence[List]:
    return await segments.lists.listed(conn)


BROUGHT = ListOf[BroughtFilter, List](
    name="segment-lists",
    audit="segment_lists.exported",
    path="/customers/segments/lists",
    file="/customers/segments/lists.csv",
    right=Right.manage_segments,
    filters=BroughtFilter,
    is_whole=True,
    sort="-made_at",
    fetch=_brought,
    keeps=lambda one, asked: asked.q.strip().casefold() in one.name.casefold(),
    ident=lambda one: str(one.list_id),
    beside=("brought",),
    columns=(
        Column(name="list_id", told=lambda one, _: one.list_id),
        Column(
            name="name",
            word="segments.name",
            told=lambda one, _: one.name,
            order=Order(lambda one: (one.name,)),
        ),
        Column(
            name="rows",
            word="lists.rows",
            style="num",
            told=lambda one, _: one.rows,
            order=Order(lambda one: (one.rows,)),
            falls=True,
        ),
        Column(name="matched", word="lists.matched", style="num", told=lambda one, _: one.matched),
        Column(
            name="unmatched", word="lists.unmatched", style="num", told=lambda one, _: one.unmatched
        ),
        Column(name="refused", word="lists.refused", style="num", told=lambda one, _: one.refused),
        Column(
            name="made_at",
            word="lists.made",
            told=lambda one, _: one.made_at.isoformat(),
            order=Order(lambda one: (one.made_at,)),
            falls=True,
        ),
        Column(name="take_refused", word="lists.take_refused"),
    ),
)
