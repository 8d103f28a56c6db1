"""The lists of what arrives: events, dead letters, senders, files that were brought in.

No file tells what an event says, nor the words of a letter, nor a key.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Literal
from uuid import UUID

import msgspec

from setten import imports
from setten.console.lists import Column, Filter, ListOf, Look, Order, Word
from setten.console.run import import_view, view
from setten.console.run.view import LetterRow, SourceRow
from setten.customers import ingest
from setten.imports import Known
from setten.platform import log
from setten.platform.auth import Right
from setten.platform.db import Connection

NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Arrived(msgspec.Struct, frozen=True):
    """An event of the log and the name of who sent it."""

    row: log.Row
    source: str


class EventFilter(Filter, frozen=True, kw_only=True):
    """The day it reached us, by the calendar of the log (UTC)."""

    on: date | None = None


async def _events(conn: Connection, look: Look[EventFilter, Arrived]) -> list[Arrived]:
    names = view.names_of(await view.source_rows(conn, look.page), look.page.words())
    found = await log.listed(
        conn,
        most=look.most,
        arrived_on=look.asked.on,
        past=None if look.after is None else (look.after[0], look.after[1]),
        oldest_first=not look.falls,
    )
    return [Arrived(row, names.get(row.source_id or 0, "")) for row in found]


EVENTS = ListOf[EventFilter, Arrived](
    name="events",
    audit="events.exported",
    path="/run/data/events",
    file="/run/data/events.csv",
    right=Right.read_data,
    filters=EventFilter,
    sort="-received_at",
    fetch=_events,
    ident=lambda one: one.row.event_id,
    at_once=log.LATEST_MAX - 1,
    columns=(
        Column(name="event_id", told=lambda one, _: one.row.event_id),
        Column(
            name="received_at",
            word="arriving.time",
            told=lambda one, _: one.row.received_at.isoformat(),
            order=Order(lambda one: (one.row.xid, one.row.position), (int, int)),
            falls=True,
        ),
        Column(name="occurred_at", told=lambda one, _: one.row.occurred_at.isoformat()),
        Column(name="name", word="arriving.name", told=lambda one, _: one.row.name),
        Column(name="source", word="arriving.source", told=lambda one, _: one.source),
        Column(name="channel", told=lambda one, _: one.row.channel),
        Column(name="location_id", told=lambda one, _: one.row.location_id),
        Column(name="delay", word="arriving.delay", style="num"),
    ),
)


class LetterFilter(Filter, frozen=True, kw_only=True):
    """Those that wait or those that ended, and whose they are."""

    only: Literal["", "ended"] = ""
    source: int | None = None


async def _letters(conn: Connection, look: Look[LetterFilter, LetterRow]) -> list[LetterRow]:
    if look.asked.source is not None and not 0 < look.asked.source < 2**31:
        return []
    names = view.names_of(await view.source_rows(conn, look.page), look.page.words())
    found = await ingest.letters.page(
        conn,
        before=look.after[0] if look.after else None,
        limit=look.most,
        is_ended=look.asked.only == "ended",
        source_id=look.asked.source,
        oldest_first=not look.falls,
    )
    return [view.letter_row(one, look.page, names) for one in found]


LETTERS = ListOf[LetterFilter, LetterRow](
    name="dead-letters",
    audit="letters.exported",
    path="/run/data/letters",
    file="/run/data/letters.csv",
    right=Right.read_data,
    filters=LetterFilter,
    sort="-received_at",
    fetch=_letters,
    ident=lambda one: str(one.letter.dead_letter_id),
    at_once=ingest.letters.PAGE_MAX - 1,
    columns=(
        Column(name="dead_letter_id", told=lambda one, _: one.letter.dead_letter_id),
        Column(
            name="received_at",
            word="letters.time",
            told=lambda one, _: one.letter.received_at.isoformat(),
            order=Order(lambda one: (one.letter.dead_letter_id,), (int,)),
            falls=True,
        ),
        Column(name="reason", word="letters.reason", told=lambda one, _: one.letter.reason),
        Column(name="field", told=lambda one, _: one.letter.field),
        Column(name="source", word="arriving.source", told=lambda one, _: one.source),
        Column(name="ended_at", word="letters.state", told=lambda one, _: one.letter.ended_at),
        Column(name="ending", told=lambda one, _: one.letter.ending),
    ),
)


class SourceFilter(Filter, frozen=True, kw_only=True):
    """A piece of a name; those that send or those that were closed."""

    q: Word = ""
    only: Literal["", "open", "closed"] = ""


async def _senders(conn: Connection, look: Look[SourceFilter, SourceRow]) -> Sequence[SourceRow]:
    return await view.source_rows(conn, look.page)


def _is_sought(one: SourceRow, asked: SourceFilter) -> bool:
    said, is_open = asked.q.strip().casefold(), one.source.revoked_at is None
    is_named = said in one.name.casefold() or said in one.source.system.casefold()
    return is_named and (not asked.only or is_open == (asked.only == "open"))


SOURCES = ListOf[SourceFilter, SourceRow](
    name="sources",
    audit="sources.exported",
    path="/run/data",
    file="/run/data/sources.csv",
    right=Right.read_data,
    filters=SourceFilter,
    is_whole=True,
    sort="name",
    fetch=_senders,
    keeps=_is_sought,
    ident=lambda one: str(one.source.source_id),
    beside=("said", "source"),
    columns=(
        Column(name="source_id", told=lambda one, _: one.source.source_id),
        Column(
            name="name",
            word="data.name",
            told=lambda one, _: one.name,
            order=Order(lambda one: (one.source.revoked_at is not None, one.name)),
        ),
        Column(name="channel", told=lambda one, _: one.source.channel),
        Column(name="system", told=lambda one, _: one.source.system),
        Column(name="is_record", told=lambda one, _: one.source.is_record),
        Column(
            name="events_24h",
            word="data.source_day",
            told=lambda one, _: one.events,
            order=Order(lambda one: (one.events, one.name)),
            falls=True,
        ),
        Column(
            name="last_at",
            word="data.source_last",
            told=lambda one, _: one.last_at,
            order=Order(lambda one: (one.last_at or NEVER, one.name)),
            falls=True,
        ),
        Column(name="created_at", told=lambda one, _: one.source.created_at),
        Column(name="revoked_at", told=lambda one, _: one.source.revoked_at),
    ),
)


class RunFilter(Filter, frozen=True, kw_only=True):
    """What was brought in."""

    only: Word = ""


async def _runs(conn: Connection, look: Look[RunFilter, Known]) -> list[Known]:
    return await imports.latest(
        conn,
        most=look.most,
        kind=look.asked.only or None,
        before=None if look.after is None else (look.after[0], look.after[1]),
        oldest_first=not look.falls,
    )


RUNS = ListOf[RunFilter, Known](
    name="imports",
    audit="imports.exported",
    path="/run/imports",
    file="/run/imports.csv",
    right=Right.manage_sources,
    filters=RunFilter,
    sort="-updated_at",
    fetch=_runs,
    ident=lambda one: str(one.run_key),
    beside=("kind",),
    columns=(
        Column(name="run_id", told=lambda one, _: one.run_key),
        Column(
            name="kind",
            word="imports.kind",
            told=lambda one, line: import_view.kind_word(one.kind, line.page.words()),
        ),
        Column(
            name="updated_at",
            word="imports.when",
            told=lambda one, _: one.updated_at.isoformat(),
            order=Order(lambda one: (one.updated_at, one.run_key), (datetime, UUID)),
            falls=True,
        ),
        Column(name="rows", word="imports.rows", style="num", told=lambda one, _: one.rows_done),
        Column(name="new", word="imports.new", style="num", told=lambda one, _: one.summary.new),
        Column(
            name="changed",
            word="imports.changed",
            style="num",
            told=lambda one, _: one.summary.changed,
        ),
        Column(
            name="refused",
            word="imports.refused",
            style="num",
            told=lambda one, _: one.summary.refused,
        ),
        Column(name="started_at", told=lambda one, _: one.started_at),
        Column(name="ended_at", told=lambda one, _: one.ended_at),
    ),
)
