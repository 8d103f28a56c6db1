"""What is said with a customer. For now: notes on her page, in our voice or in hers.

The text is personal: it is sealed in the vault under the identifier the note hangs on, and the
fact `note.written` carries only its number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from setten.facts.engagement import NoteWritten
from setten.platform import db, ids, log
from setten.platform.db import Connection
from setten.platform.errors import Invalid
from setten.platform.vault import Sealed, Vault

Q = db.load(__file__)

TEXT_MAX = 2_000
"""Characters of one note: a long phone call written down, not a document."""

PAGE_MAX = 100
"""Notes read at once: more than a page shows, less than a burden."""

VOICES = ("staff", "customer")


class EmptyNote(Invalid):
    """A note without words, or with more than TEXT_MAX of them."""

    code = "note_empty"


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """One note, opened. `text` is None when its person was erased."""

    note_id: UUID
    event_id: str
    identifier_id: int
    voice: str
    channel: str
    text: str | None
    by: str
    by_name: str
    written_at: datetime


class Author(msgspec.Struct, frozen=True):
    """Who writes."""

    id: str
    name: str


async def note(
    conn: Connection,
    vault: Vault,
    *,
    identifier: int,
    text: str,
    by: Author,
    now: datetime,
    voice: str = "staff",
    channel: str = "other",
) -> str:
    """Write a note on the page of whoever `identifier` is, and answer the event id of its fact.

    text: 1 to TEXT_MAX characters. voice: one of VOICES. channel: where the words were said.
    Raises EmptyNote (facts: length, most).
    """
    words = text.strip()
    if not words or len(words) > TEXT_MAX:
        raise EmptyNote(length=len(words), most=TEXT_MAX)
    if voice not in VOICES:
        raise Invalid(field="voice", known=list(VOICES))
    note_id = ids.uuid7()
    [sealed_id] = await vault.seal(conn, [Sealed(identifier, {"text": words})])
    fact = NoteWritten(note_id=str(note_id), voice=voice, by=by.id, by_name=by.name)
    event_id = await log.state(
        conn, fact, at=now, identifiers=[identifier], channel=channel, sealed_id=sealed_id
    )
    await Q.insert_note.run(
        conn,
        note_id=note_id,
        event_id=event_id,
        identifier_id=identifier,
        sealed_id=sealed_id,
        voice=voice,
        channel=channel,
        by_id=by.id,
        by_name=by.name,
        written_at=now,
    )
    return event_id


async def notes(
    conn: Connection, vault: Vault, identifiers: Sequence[int], *, limit: int = 20
) -> list[Note]:
    """The newest notes under any of a person's identifiers, oldest first. The caller audits."""
    rows = await Q.recent_notes.all(conn, identifiers=list(identifiers), most=min(limit, PAGE_MAX))
    opened = await vault.open(conn, [row["sealed_id"] for row in rows])
    return [_note(row, opened) for row in reversed(rows)]


async def newest_note_id(conn: Connection, identifiers: Sequence[int]) -> str:
    """The id of the last note, "" for none: what an open page asks before it asks for all."""
    found = await Q.newest_note.value(conn, identifiers=list(identifiers))
    return str(found) if found else ""


def _note(row: db.Record, opened: Mapping[int, Sealed]) -> Note:
    sealed = opened.get(row["sealed_id"])
    return Note(
        note_id=row["note_id"],
        event_id=row["event_id"],
        identifier_id=row["identifier_id"],
        voice=row["voice"],
        channel=row["channel"],
        text=str(sealed.values["text"]) if sealed else None,
        by=row["by_id"],
        by_name=row["by_name"],
        written_at=row["written_at"],
    )
