"""Dead letters: seen, opened, mended and replayed, or discarded. Never lost, never in the way."""

from __future__ import annotations

import base64
from datetime import datetime

import msgspec

from setten.customers.ingest import service, store
from setten.customers.ingest.model import (
    BadEvent,
    Delivery,
    Letter,
    LetterEnded,
    LetterNotFound,
    Said,
    SourceNotFound,
    StillBad,
)
from setten.customers.ingest.service import LetterBody
from setten.platform import audit, db
from setten.platform.auth import Actor
from setten.platform.db import Connection
from setten.platform.vault import Vault

PAGE_MAX = 200
COUNT_MAX = 10_000  # a page says "10,000 and more"; it never counts a flood


async def page(
    conn: Connection,
    *,
    before: int | None = None,
    limit: int = 50,
    is_ended: bool = False,
    source_id: int | None = None,
    oldest_first: bool = False,
) -> list[Letter]:
    """Letters newest first, those that are open or those that ended: reason, field, source and
    times, never their words."""
    [last] = (before,) if before is not None else db.end(int, largest=not oldest_first)
    return await store.list_letters(
        conn,
        before=last,
        most=min(limit, PAGE_MAX),
        is_ended=is_ended,
        source_id=source_id,
        oldest_first=oldest_first,
    )


async def count(conn: Connection) -> int:
    """How many are open, up to COUNT_MAX."""
    return await store.count_letters(conn, most=COUNT_MAX)


async def open_(
    conn: Connection, vault: Vault, dead_letter_id: int, *, actor: Actor, now: datetime
) -> tuple[Letter, str]:
    """A letter and its event as it came (JSON where it was JSON). Audited.

    Raises LetterNotFound, LetterEnded (nothing is kept of an ended one).
    """
    letter, body = await _find(conn, vault, dead_letter_id)
    await audit.note(
        conn,
        actor,
        "dead_letter.opened",
        at=now,
        subject=str(dead_letter_id),
        fields=["event"],
    )
    return letter, body.raw


async def replay(
    conn: Connection,
    vault: Vault,
    dead_letter_id: int,
    *,
    actor: Actor,
    now: datetime,
    mended: str | None = None,
) -> str:
    """Take the event in as if it came just then, mended where `mended` is its new JSON.

    Answers its event id. Raises StillBad (facts: reason, field) and changes nothing when it still
    cannot be taken in; LetterNotFound, LetterEnded.
    """
    letter, body = await _find(conn, vault, dead_letter_id)
    if letter.source_id is None:
        raise SourceNotFound(source_id=None)
    source = await store.find_source(conn, letter.source_id)
    if source is None:
        raise SourceNotFound(source_id=letter.source_id)
    raw = _bytes(body) if mended is None else mended.encode("utf-8", "surrogatepass")
    delivery = Delivery(
        write_key="",
        events=(Said(raw, body.type),),
        received_at=body.received_at,
        sent_at=body.sent_at,
        context=body.context,
        integrations=body.integrations,
        ip=body.ip,
    )
    try:
        event_id = await service.take_again(conn, vault, source, delivery, now=now)
    except BadEvent as why:
        raise StillBad(reason=why.reason, field=why.field) from why
    await _end(conn, dead_letter_id, actor, "replayed", now)
    return event_id


async def discard(
    conn: Connection, vault: Vault, dead_letter_id: int, *, actor: Actor, now: datetime
) -> None:
    """Throw a letter's words away; that it was there stays. Raises LetterNotFound, LetterEnded."""
    await _find(conn, vault, dead_letter_id)
    await _end(conn, dead_letter_id, actor, "discarded", now)


async def _end(
    conn: Connection, dead_letter_id: int, actor: Actor, ending: str, now: datetime
) -> None:
    await store.end_letter(
        conn,
        dead_letter_id=dead_letter_id,
        ended_at=now,
        ended_by=actor.label,
        ending=ending,
    )
    await audit.note(conn, actor, f"dead_letter.{ending}", at=now, subject=str(dead_letter_id))


async def _find(conn: Connection, vault: Vault, dead_letter_id: int) -> tuple[Letter, LetterBody]:
    found = await store.lock_letter(conn, dead_letter_id)
    if found is None:
        raise LetterNotFound(dead_letter_id=dead_letter_id)
    letter, sealed = found
    if letter.ended_at is not None:
        raise LetterEnded(dead_letter_id=dead_letter_id, ending=letter.ending)
    return letter, msgspec.json.decode(vault.open_letter(sealed), type=LetterBody)


def _bytes(body: LetterBody) -> bytes:
    return base64.b64decode(body.raw) if body.is_base64 else body.raw.encode()
