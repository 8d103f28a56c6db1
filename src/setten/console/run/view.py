"""The data page's view: sources with their counts, newest events, dead letters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from setten.console.customers.channels import Mark, mark
from setten.console.page import Page
from setten.console.words import Words
from setten.customers import ingest
from setten.customers.ingest import Counter, Letter, Source, WriteKey
from setten.platform import log
from setten.platform.db import Connection
from setten.platform.log import Row

EVENTS_SHOWN = 40
LETTERS_SHOWN = 20
A_DAY = timedelta(hours=24)
_OF_IMPORT = "import "
LATE = timedelta(minutes=5)
"""An event that took longer to reach us is worth a second look."""


class SourceRow(msgspec.Struct, frozen=True, kw_only=True):
    """One sender."""

    source: Source
    name: str
    mark: Mark
    keys: tuple[WriteKey, ...]
    events: int
    last_at: datetime | None

    @property
    def current_key(self) -> str:
        """The key that new pages use; "" when the source is closed."""
        return next((k.write_key for k in reversed(self.keys) if k.ends_at is None), "")


class EventRow(msgspec.Struct, frozen=True, kw_only=True):
    """One event as it arrived."""

    event_id: str
    name: str
    said: str
    received_at: datetime
    delay_s: float
    is_late: bool
    source: str
    mark: Mark
    channel: str


class LetterRow(msgspec.Struct, frozen=True, kw_only=True):
    """One dead letter."""

    letter: Letter
    reason: str
    source: str


async def source_rows(conn: Connection, page: Page) -> list[SourceRow]:
    """All sources with what they sent in the last day."""
    found = await ingest.sources.list_all(conn)
    ids = [source.source_id for source, _ in found]
    since = (page.now - A_DAY).replace(minute=0, second=0, microsecond=0)
    counters = await ingest.counters_since(conn, ids, since) if ids else []
    return [_source(source, keys, counters, page.words()) for source, keys in found]


def _source(
    source: Source, keys: tuple[WriteKey, ...], counters: Sequence[Counter], t: Words
) -> SourceRow:
    own = [one for one in counters if one.source_id == source.source_id]
    return SourceRow(
        source=source,
        name=source_name(source, t),
        mark=mark(source.channel, t),
        keys=keys,
        events=sum(one.events for one in own),
        last_at=max((one.last_at for one in own), default=None),
    )


async def event_rows(
    conn: Connection, page: Page, names: Mapping[int, str], *, most: int = EVENTS_SHOWN
) -> list[EventRow]:
    """The newest events, newest first."""
    return [event_row(row, page, names) for row in await log.latest(conn, most=most)]


def event_row(row: Row, page: Page, names: Mapping[int, str]) -> EventRow:
    """One event of the log as a row."""
    t = page.words()
    delay = row.received_at - row.occurred_at
    source = names.get(row.source_id, str(row.source_id)) if row.source_id else t("arriving.ours")
    return EventRow(
        event_id=row.event_id,
        name=row.name,
        said=_said(row, t),
        received_at=row.received_at,
        delay_s=max(0.0, delay.total_seconds()),
        is_late=row.source_id is not None and delay > LATE,  # our own facts may tell history
        source=source,
        mark=mark(row.channel, t, event=row.name),
        channel=row.channel,
    )


def _said(row: Row, t: Words) -> str:
    """What an event is called in words; the client's own name where we have none."""
    if row.name == "custom.event":
        own = str(msgspec.json.decode(row.body, type=dict[str, Any]).get("event") or "")
        return own or named(row.name, t)
    return named(row.name, t)


def named(event: str, t: Words) -> str:
    """A published event as a short noun; one without a word reads as its name."""
    key = f"named.{event}"
    return t(key) if t.has(key) else event


async def letter_rows(
    conn: Connection, page: Page, names: Mapping[int, str], *, most: int = LETTERS_SHOWN
) -> list[LetterRow]:
    """The newest open dead letters."""
    return [letter_row(one, page, names) for one in await ingest.letters.page(conn, limit=most)]


def letter_row(letter: Letter, page: Page, names: Mapping[int, str]) -> LetterRow:
    """One dead letter with its reason in words."""
    t = page.words()
    known = letter.source_id is not None and letter.source_id in names
    return LetterRow(
        letter=letter,
        reason=reason_of(letter.reason, t),
        source=names[letter.source_id] if known and letter.source_id else t(
            "letters.unknown_source"
        ),
    )  # fmt: skip


def reason_of(code: str, t: Words) -> str:
    """A reason in words; one that has none reads as its code."""
    return t(f"reason.{code}") if t.has(f"reason.{code}") else code


def names_of(rows: Sequence[SourceRow], t: Words) -> dict[int, str]:
    """Source id → name; of a file that was brought in, what it was."""
    return {row.source.source_id: source_name(row.source, t) for row in rows}


def is_of_import(source: Source) -> bool:
    """Whether it is the word of files that were brought in."""
    return source.name.startswith(_OF_IMPORT)


def source_name(source: Source, t: Words) -> str:
    """A source as its makers named it, one of files by their kind."""
    kind, _, rest = source.name.removeprefix(_OF_IMPORT).partition(" ")
    key = f"imports.kind_{kind}"
    if not is_of_import(source) or not rest or not t.has(key):
        return source.name
    system = "" if source.system == "import" else f" · {source.system}"
    return t("imports.source_name", kind=t(key)) + system
