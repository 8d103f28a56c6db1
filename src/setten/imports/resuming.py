"""Where a run stands: kept with the rows it counts, so that a killed run goes on exactly there."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec

from setten.imports.model import ImportRunning, ImportStopped, Options, Summary
from setten.platform import db
from setten.platform.db import Connection

_Q = db.load(__file__)
KEPT = timedelta(days=400)  # a year's file that comes again a year later is still known
_BLOCK_BYTES = 1 << 20
LEFT_LOOKS, LEFT_LOOK_S = 100, 0.1  # ten seconds: whoever was left behind writes one chunk at most


class Mark(msgspec.Struct, frozen=True):
    """How far a run has come. refused_bytes: of the file of refused rows at that moment."""

    rows_done: int
    refused_bytes: int
    summary: Summary
    has_ended: bool


def key_of(
    path: Path,
    kind: str,
    mapping: object,
    options: Options,
    *,
    on_bytes: Callable[[int], None],
    is_set_once: bool = False,
) -> UUID:
    """The name of a run: the same file, read the same way. The whole file is hashed.

    is_set_once: the same file, however it is read: by the page or by the command.
    """
    hashed = hashlib.blake2b(digest_size=16, person=b"import")
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            hashed.update(block)
            on_bytes(len(block))
    said = msgspec.to_builtins(mapping)
    if isinstance(said, dict) and said.get("moments") is None:
        said.pop("moments", None)  # so files that came before it could be said are known again
    told = (kind, said, options.encoding, options.system, options.channel, options.moves_stock)
    hashed.update(msgspec.json.encode((kind,) if is_set_once else told))
    return UUID(bytes=hashed.digest())


async def find(conn: Connection, run_key: UUID) -> Mark | None:
    """Where a run stands; None when it never began."""
    row = await _Q.run.maybe(conn, run_key=run_key)
    if row is None:
        return None
    summary = msgspec.json.decode(row["summary"], type=Summary)
    return Mark(row["rows_done"], row["refused_bytes"], summary, row["ended_at"] is not None)


async def mark(conn: Connection, run_key: UUID, at: Mark, *, now: datetime) -> None:
    """Keep where a run stands, in the transaction of its rows."""
    await _Q.mark.run(
        conn,
        run_key=run_key,
        kind=at.summary.kind,
        rows_done=at.rows_done,
        refused_bytes=at.refused_bytes,
        summary=msgspec.json.encode(_counts(at.summary)).decode(),
        has_ended=at.has_ended,
        now=now,
    )


async def stand(conn: Connection, run_key: UUID, *, after: int) -> tuple[Mark | None, bool]:
    """Where a run stands once it stands at the row `after`; None before.

    And whether somebody waits for what this transaction wrote. Raises ImportStopped where the run
    has gone beyond that row: somebody else goes on with it.
    """
    row = await _Q.stand.one(conn, run_key=run_key)
    if row["rows_done"] > after:
        raise ImportStopped()
    if row["rows_done"] < after:
        return None, row["is_waited_for"]
    summary = msgspec.json.decode(row["summary"], type=Summary)
    return Mark(after, row["refused_bytes"], summary, False), row["is_waited_for"]


def _counts(summary: Summary) -> Summary:
    """A summary without names and headings, in which anything may stand."""
    return msgspec.structs.replace(
        summary, file="", encoding=None, mapping={}, unused=[], refused_file=None
    )


def joined(fresh: Summary, done: Mark) -> Summary:
    """The summary of a run that goes on: what it had counted, and what it is about."""
    return msgspec.structs.replace(named(fresh, done.summary), resumed_at=done.rows_done)


def named(fresh: Summary, counted: Summary) -> Summary:
    """What was counted, with the names and headings that a mark leaves out."""
    return msgspec.structs.replace(
        counted,
        file=fresh.file,
        encoding=fresh.encoding,
        mapping=fresh.mapping,
        unused=fresh.unused,
    )


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A run as lists show it. ended_at: None while it goes on, and when it was broken off."""

    run_key: UUID
    kind: str
    rows_done: int
    summary: Summary
    started_at: datetime
    updated_at: datetime
    ended_at: datetime | None


async def latest(
    conn: Connection,
    *,
    most: int,
    kind: str | None = None,
    before: tuple[datetime, UUID] | None = None,
    oldest_first: bool = False,
) -> list[Known]:
    """Runs, the last moved first; pages by the last (updated_at, run_key). kind: only of these."""
    at, key = before or db.end(datetime, UUID, largest=not oldest_first)
    rows = await _Q.latest.turned(oldest_first).all(
        conn, most=most, kind=kind, before_at=at, before_key=key
    )
    return [
        Known(**{**dict(row), "summary": msgspec.json.decode(row["summary"], type=Summary)})
        for row in rows
    ]


async def forget(conn: Connection, *, now: datetime) -> None:
    """Drop the marks of runs that ended or were left long ago."""
    await _Q.forget.run(conn, before=now - KEPT)


@asynccontextmanager
async def alone(conn: Connection, run_key: UUID) -> AsyncIterator[None]:
    """Nobody else runs the same inside the block. Raises ImportRunning.

    A run whose process was killed may have left one that helped it, which writes until it sees
    that: it is waited for, so that the mark stands still when it is read.
    """
    if not await _Q.try_lock.value(conn, run_key=str(run_key)):
        raise ImportRunning()
    try:
        for _ in range(LEFT_LOOKS):
            if await _Q.is_unhelped.value(conn, run_key=str(run_key)):
                break
            await asyncio.sleep(LEFT_LOOK_S)
        else:
            raise ImportRunning()
        yield
    finally:
        if not conn.is_closed():
            await _Q.unlock.value(conn, run_key=str(run_key))


async def help_with(conn: Connection, run_key: UUID) -> None:
    """Be known to help with a run, for as long as this connection lasts."""
    await _Q.help_with.value(conn, run_key=str(run_key))
