"""The run of an import: read ahead, take a chunk in one transaction, mark how far it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from datetime import datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec

from setten.imports import mapping, resuming
from setten.imports.chunks import Chunk, Line, chunks, halves
from setten.imports.kind import Kind, Setup, Taken
from setten.imports.mapping import Columns
from setten.imports.model import (
    AlreadyImported,
    BadMapping,
    Clock,
    HalfImported,
    Options,
    Outcome,
    Progress,
    Summary,
    UnreadableFile,
    refused,
)
from setten.imports.reading import REASON, ROW, Table
from setten.imports.refusing import RefusedFile
from setten.imports.resuming import Mark
from setten.platform import db
from setten.platform.db import Connection, Pool
from setten.platform.vault import Vault

TRIES_MAX = 5  # of a chunk that another writer made wait too long
_WAIT_S = 0.2
# What a value can be to the database alone; the row that has it is looked for and refused.
_UNFIT = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, UnicodeEncodeError)
_BUSY = (asyncpg.TransactionRollbackError, asyncpg.LockNotAvailableError)
OnProgress = Callable[[Progress], None]


class _Undo(Exception):
    """Ends the transaction of a dry run."""


class _Run:
    """One run over one file."""

    def __init__(
        self, pool: Pool, kind: Kind, summary: Summary, refused_file: RefusedFile, clock: Clock
    ) -> None:
        self.pool = pool
        self.kind = kind
        self.summary = summary
        self.refused_file = refused_file
        self.clock = clock
        self.run_key: UUID | None = None

    async def take(self, lines: Sequence[Line]) -> None:
        """Take rows in one transaction, or in parts where one of them does not fit."""
        for tried in range(TRIES_MAX):
            size = self.refused_file.size
            try:
                await self._commit(lines, is_unfit=False)
                return
            except _UNFIT:
                self.refused_file.cut(size)
                break
            except _BUSY:
                self.refused_file.cut(size)
                if tried == TRIES_MAX - 1:
                    raise
                await asyncio.sleep(_WAIT_S * (tried + 1))
            except BaseException:
                self.refused_file.cut(size)
                raise
        parts = halves(lines)
        if parts is None:
            await self._commit(lines, is_unfit=True)
            return
        for part in parts:
            await self.take(part)

    async def _commit(self, lines: Sequence[Line], *, is_unfit: bool) -> None:
        """One transaction. is_unfit: the rows do not fit, so each is refused."""
        now = self.clock()
        summary = msgspec.json.decode(msgspec.json.encode(self.summary), type=Summary)
        try:
            async with db.transaction(self.pool) as conn:
                if self.run_key is None:  # what was prepared goes with each part of a dry run
                    await self.kind.prepare(conn, now=now)
                outcomes = await self._outcomes(conn, lines, is_unfit, summary, now)
                away = []
                for line, outcome in zip(lines, outcomes, strict=True):
                    summary.add(line.raw.number, outcome)
                    if outcome.status == "refused":
                        away.append((line.raw, outcome))
                await asyncio.to_thread(self.refused_file.write, away)
                if self.run_key is None:
                    raise _Undo
                at = Mark(lines[-1].raw.number, self.refused_file.size, summary, False)
                await resuming.mark(conn, self.run_key, at, now=now)
        except _Undo:
            pass
        self.summary = summary

    async def _outcomes(
        self,
        conn: Connection,
        lines: Sequence[Line],
        is_unfit: bool,
        summary: Summary,
        now: datetime,
    ) -> list[Outcome]:
        settled = [one.read if isinstance(one.read, Outcome) else None for one in lines]
        asked = [one.read for one, known in zip(lines, settled, strict=True) if known is None]
        if is_unfit:
            taken = Taken([refused("refused_by_database")] * len(asked))
        else:
            taken = await self.kind.take(conn, asked, now=now) if asked else Taken(())
        for name, count in taken.sums.items():
            summary.sums[name] = summary.sums.get(name, 0) + count
        following = iter(taken.outcomes)
        return [next(following) if known is None else known for known in settled]


async def bring(
    pool: Pool,
    vault: Vault,
    kind_of: type[Kind],
    path: Path,
    options: Options,
    *,
    clock: Clock,
    on_mapping: Callable[[Summary, Columns], None] = lambda *_: None,
    on_progress: OnProgress = lambda _: None,
) -> Summary:
    """Bring one file in and answer what came of it; durable chunk by chunk.

    on_mapping: told once, before the first row, how the columns are read.
    Raises BadMapping, MissingColumn, NotUtf8, UnreadableFile, ImportRunning, AlreadyImported,
    HalfImported, OSError.
    """
    said = mapping.load(options.mapping)
    where = None if options.refused_file is None else Path(options.refused_file)
    if where is not None and where.exists() and where.samefile(path):
        raise UnreadableFile(why=where.name)
    table = await asyncio.to_thread(Table, path, format_=kind_of.format, encoding=options.encoding)
    with closing(table):
        columns = _fitted(kind_of, said, table)
        summary = _begun(kind_of, table, columns, options)
        on_mapping(summary, columns)
        kind = kind_of(Setup(vault, columns, options))
        keeps = RefusedFile(where, table.format, table.columns)
        run = _Run(pool, kind, summary, keeps, clock)
        async with _marked(run, path, columns, options) as done:
            keeps.begin(0 if done is None else done.refused_bytes)
            with closing(keeps):
                await _go(run, table, done, on_progress)
            if where is not None and run.summary.refused:
                run.summary.refused_file = str(where)
    return run.summary


def _fitted(kind_of: type[Kind], said: Columns | None, table: Table) -> Columns:
    if not kind_of.fields:
        return said or Columns()
    found = mapping.fitted(kind_of.name, said, kind_of.fields, table.columns)
    if found.more and not kind_of.keeps_more:
        raise BadMapping(why="more")
    return found


def _begun(kind_of: type[Kind], table: Table, columns: Columns, options: Options) -> Summary:
    read = {name: columns.names(name) for name in columns.columns if kind_of.fields}
    used = {one for names in read.values() for one in names} | set(columns.more.values())
    return Summary(
        kind=kind_of.name,
        file=table.path.name,
        is_dry=options.is_dry,
        encoding=table.encoding,
        mapping=read,
        unused=[one for one in table.columns if kind_of.fields and one not in used | {REASON, ROW}],
    )


@asynccontextmanager
async def _marked(
    run: _Run, path: Path, columns: Columns, options: Options
) -> AsyncIterator[Mark | None]:
    """Hold the run to oneself, and know how far it came before; a dry run marks nothing."""
    if options.is_dry:
        yield None
        return
    run_key = await asyncio.to_thread(
        resuming.key_of, path, run.kind.name, columns, options, on_bytes=lambda _: None
    )
    async with db.connection(run.pool) as conn, resuming.alone(conn, run_key):
        done = await resuming.find(conn, run_key)
        if run.kind.is_set_once and done is not None and not options.again:
            _check_set_once(done, options)
        async with db.transaction(run.pool) as own:
            await run.kind.prepare(own, now=run.clock())
            await resuming.forget(own, now=run.clock())
        run.run_key = run_key
        yield done if options.resumes else None


def _check_set_once(done: Mark, options: Options) -> None:
    if done.has_ended:
        raise AlreadyImported()
    if not options.resumes:
        raise HalfImported(rows=done.rows_done)


async def _go(run: _Run, table: Table, done: Mark | None, on_progress: OnProgress) -> None:
    if done is not None:
        run.summary = resuming.joined(run.summary, done)
    after = 0 if done is None else done.rows_done
    parts = chunks(table, run.kind, after=after)
    ahead = _next(parts)
    last = after
    try:
        while (chunk := await ahead) is not None:
            ahead = _next(parts)  # read while the database writes
            await run.take(chunk.lines)
            last = chunk.end
            on_progress(Progress(run.summary.rows, chunk.position, table.size))
    finally:
        await asyncio.wait([ahead])
    if run.run_key is not None:
        async with db.transaction(run.pool) as conn:
            at = Mark(last, run.refused_file.size, run.summary, True)
            await resuming.mark(conn, run.run_key, at, now=run.clock())


def _next(parts: Iterator[Chunk]) -> asyncio.Task[Chunk | None]:
    def draw() -> Chunk | None:
        return next(parts, None)

    return asyncio.create_task(asyncio.to_thread(draw))
