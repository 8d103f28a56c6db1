"""Rows of the schema `ingest` and of the dead letters, as Structs."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from setten.customers.ingest.model import Letter, Source, WriteKey
from setten.platform import db
from setten.platform.db import Connection, Record

_Q = db.load(__file__)


def source_of(row: Record) -> Source:
    """A Source from a row that has its columns."""
    return Source(
        source_id=row["source_id"],
        name=row["name"],
        channel=row["channel"],
        system=row["system"],
        is_record=row["is_record"],
        currency=row["currency"],
        origins=tuple(row["origins"]),
        rate_per_s=row["rate_per_s"],
        created_at=row["created_at"],
        revoked_at=row["revoked_at"],
    )


async def open_sources(
    conn: Connection, write_keys: Sequence[str], *, now: datetime
) -> dict[str, Source]:
    """The open source of each write key; others are absent."""
    rows = await _Q.open_sources.all(conn, write_keys=list(write_keys), now=now)
    return {row["write_key"]: source_of(row) for row in rows}


async def insert_source(conn: Connection, **columns: Any) -> int:
    """Write a source and answer its id."""
    return int(await _Q.insert_source.value(conn, **columns))


async def insert_key(
    conn: Connection, *, write_key: str, source_id: int, created_at: datetime
) -> None:
    """Write a key of a source."""
    await _Q.insert_key.run(conn, write_key=write_key, source_id=source_id, created_at=created_at)


async def end_keys(conn: Connection, *, source_id: int, ends_at: datetime) -> None:
    """Let the keys of a source end."""
    await _Q.end_keys.run(conn, source_id=source_id, ends_at=ends_at)


async def revoke_source(conn: Connection, *, source_id: int, revoked_at: datetime) -> bool:
    """Close a source; False when it was closed or never there."""
    found = await _Q.revoke_source.value(conn, source_id=source_id, revoked_at=revoked_at)
    return found is not None


async def change_source(
    conn: Connection, *, source_id: int, origins: Sequence[str], rate_per_s: int
) -> bool:
    """Set origins and rate; False when there is no such source."""
    found = await _Q.change_source.value(
        conn, source_id=source_id, origins=list(origins), rate_per_s=rate_per_s
    )
    return found is not None


async def find_source(conn: Connection, source_id: int) -> Source | None:
    """One source, open or not."""
    row = await _Q.source.maybe(conn, source_id=source_id)
    return source_of(row) if row else None


async def list_sources(conn: Connection, *, most: int) -> list[Source]:
    """All sources, oldest first."""
    return [source_of(row) for row in await _Q.sources.all(conn, most=most)]


async def list_keys(conn: Connection, source_ids: Sequence[int]) -> list[WriteKey]:
    """The keys of sources, oldest first."""
    rows = await _Q.keys.all(conn, source_ids=list(source_ids))
    return [WriteKey(**dict(row)) for row in rows]


async def insert_letters(
    conn: Connection,
    letters: Sequence[tuple[datetime, int, uuid.UUID, str, str | None, bytes]],
) -> None:
    """Keep dead letters: (received_at, source_id, hash, reason, field, sealed)."""
    columns = list(zip(*letters, strict=True))
    await _Q.insert_letters.run(
        conn,
        received_ats=list(columns[0]),
        source_ids=list(columns[1]),
        hashes=list(columns[2]),
        reasons=list(columns[3]),
        fields=list(columns[4]),
        seals=list(columns[5]),
    )


def letter_of(row: Record) -> Letter:
    """A Letter from a row that has its columns."""
    return Letter(
        dead_letter_id=row["dead_letter_id"],
        received_at=row["received_at"],
        source_id=row["source_id"],
        reason=row["reason"],
        field=row["field"],
        ended_at=row["ended_at"],
        ended_by=row["ended_by"],
        ending=row["ending"],
    )


async def list_letters(
    conn: Connection,
    *,
    before: int,
    most: int,
    is_ended: bool,
    source_id: int | None,
    oldest_first: bool,
) -> list[Letter]:
    """Letters newest first, those below `before`; the other way round, those above it."""
    if source_id is None:
        query = _Q.ended_letters_listed if is_ended else _Q.open_letters_listed
        rows = await query.turned(oldest_first).all(conn, before=before, most=most)
    else:
        query = _Q.ended_letters_of if is_ended else _Q.open_letters_of
        turned = query.turned(oldest_first)
        rows = await turned.all(conn, before=before, most=most, source_id=source_id)
    return [letter_of(row) for row in rows]


async def lock_letter(conn: Connection, dead_letter_id: int) -> tuple[Letter, bytes] | None:
    """One letter with its sealed words, locked."""
    row = await _Q.letter.maybe(conn, dead_letter_id=dead_letter_id)
    return (letter_of(row), row["sealed"]) if row else None


async def end_letter(
    conn: Connection, *, dead_letter_id: int, ended_at: datetime, ended_by: str, ending: str
) -> None:
    """Close a letter."""
    await _Q.end_letter.run(
        conn, dead_letter_id=dead_letter_id, ended_at=ended_at, ended_by=ended_by, ending=ending
    )


async def count_letters(conn: Connection, *, most: int) -> int:
    """How many letters are open, counted up to `most`."""
    return int(await _Q.open_letters.value(conn, most=most))


async def count_up(
    conn: Connection, counts: Sequence[tuple[int, datetime, str, int, datetime]]
) -> None:
    """Add (source_id, hour_at, name, events, last_at) to the counters."""
    columns = list(zip(*counts, strict=True))
    await _Q.count_up.run(
        conn,
        source_ids=list(columns[0]),
        hours=list(columns[1]),
        names=list(columns[2]),
        events=list(columns[3]),
        lasts=list(columns[4]),
    )


async def counters(
    conn: Connection, source_ids: Sequence[int], *, since: datetime, most: int
) -> list[Record]:
    """Counter rows since an hour."""
    return await _Q.counters.all(conn, source_ids=list(source_ids), since=since, most=most)
