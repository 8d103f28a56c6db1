"""The run of an import: what a file is, who takes it in, and how far it came before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from uuid import UUID

from setten.imports import mapping, resuming
from setten.imports.chunks import Chunk, chunks, drawn
from setten.imports.hands import Hands, Helping, helping
from setten.imports.kind import Kind, Setup
from setten.imports.mapping import Columns
from setten.imports.model import (
    AlreadyImported,
    BadMapping,
    Clock,
    HalfImported,
    Options,
    Progress,
    Summary,
    UnreadableFile,
)
from setten.imports.reading import REASON, ROW, Table
from setten.imports.refusing import RefusedFile
from setten.imports.resuming import Mark
from setten.imports.taking import Run
from setten.imports.turns import Turns
from setten.platform import db
from setten.platform.db import Pool
from setten.platform.vault import Vault

OnProgress = Callable[[Progress], None]
IsEnough = Callable[[], bool]


async def bring(
    pool: Pool,
    vault: Vault,
    kind_of: type[Kind],
    path: Path,
    options: Options,
    *,
    clock: Clock,
    hands: Hands | None = None,
    on_mapping: Callable[[Summary, Columns], None] = lambda *_: None,
    on_progress: OnProgress = lambda _: None,
    is_enough: IsEnough = lambda: False,
) -> Summary:
    """Bring one file in and answer what came of it; durable chunk by chunk.

    hands: other processes that may help with a long file.
    on_mapping: told once, before the first row, how the columns are read.
    is_enough: asked after each part of a dry run, which ends there where it says so.
    Raises BadMapping, MissingColumn, NotUtf8, UnreadableFile, ImportRunning, ImportStopped,
    AlreadyImported, HalfImported, OSError.
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
        run = Run(pool, kind, summary, keeps, clock)
        async with _marked(run, path, columns, options) as done:
            keeps.begin(0 if done is None else done.refused_bytes)
            with closing(keeps):
                if done is not None:
                    run.summary = resuming.joined(run.summary, done)
                after = 0 if done is None else done.rows_done
                if hands is None or not _is_shared(run, table, hands):
                    await _go(run, table, after, on_progress, is_enough)
                else:
                    helps = helping(hands, kind_of, path, columns, options,
                                    clock=clock, run_key=_key(run), after=after)  # fmt: skip
                    await _go_together(run, table, after, helps, on_progress)
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
        has_headings=table.format in ("csv", "parquet"),
        mapping=read,
        unused=[one for one in table.columns if kind_of.fields and one not in used | {REASON, ROW}],
    )


@asynccontextmanager
async def _marked(
    run: Run, path: Path, columns: Columns, options: Options
) -> AsyncIterator[Mark | None]:
    """Hold the run to oneself, and know how far it came before; a dry run marks nothing."""
    if options.is_dry and not run.kind.is_set_once:
        yield None
        return
    run_key = await asyncio.to_thread(
        resuming.key_of, path, run.kind.name, columns, options, on_bytes=lambda _: None,
        is_set_once=run.kind.is_set_once,
    )  # fmt: skip
    if options.is_dry:
        async with db.connection(run.pool) as conn:
            before = await resuming.find(conn, run_key)
        if before is not None and before.has_ended and not options.again:
            raise AlreadyImported()
        yield None
        return
    async with db.connection(run.pool) as conn, resuming.alone(conn, run_key):
        done = await resuming.find(conn, run_key)
        if run.kind.is_set_once and done is not None and not options.again:
            _check_set_once(done, options)
        async with db.transaction(run.pool) as own:
            await run.kind.prepare(own, now=run.clock())
            await resuming.forget(own, now=run.clock())
            if done is None or not options.resumes:  # so who goes on finds no mark of before
                at = Mark(0, 0, run.summary, False)
                await resuming.mark(own, run_key, at, now=run.clock())
        run.run_key = run_key
        yield done if options.resumes else None


def _check_set_once(done: Mark, options: Options) -> None:
    if done.has_ended:
        raise AlreadyImported()
    if not options.resumes and done.rows_done:
        raise HalfImported(rows=done.rows_done)


async def _go(
    run: Run, table: Table, after: int, on_progress: OnProgress, is_enough: IsEnough
) -> None:
    """Take all rows behind the number `after`, and mark the end; a dry run until it is enough."""
    parts = chunks(table, run.kind, after=after)
    last = await _take_all(run, table, parts, on_progress, is_enough)
    if run.run_key is not None:
        async with db.transaction(run.pool) as conn:
            at = Mark(max(last, after), run.refused_file.size, run.summary, True)
            await resuming.mark(conn, run.run_key, at, now=run.clock())


async def _take_all(
    run: Run,
    table: Table,
    parts: Iterator[Chunk],
    on_progress: OnProgress,
    is_enough: IsEnough = lambda: False,
) -> int:
    """Take chunks, reading one ahead; the number of the last row."""
    ahead, last = _next(parts), 0
    try:
        while (chunk := await ahead) is not None:
            ahead = _next(parts)  # read while the database writes
            await run.take(chunk.lines, after=chunk.after)
            last = chunk.end
            on_progress(Progress(run.summary.rows, chunk.position, table.size))
            if run.run_key is None and is_enough():
                run.summary.is_cut = await ahead is not None
                break
    finally:
        await asyncio.wait([ahead])
    return last


def _is_shared(run: Run, table: Table, hands: Hands) -> bool:
    """Whether other processes help: with long files of rows that stand alone, never tried ones."""
    is_long = table.size >= hands.from_bytes
    return is_long and hands.count > 0 and run.run_key is not None and run.kind.stands_alone


def _key(run: Run) -> UUID:
    assert run.run_key is not None, "a dry run is not shared"
    return run.run_key


async def _go_together(
    run: Run, table: Table, after: int, helps: Helping, on_progress: OnProgress
) -> None:
    """Take rows behind the number `after` with others, and mark the end."""
    run_key, fresh = _key(run), run.summary
    async with db.transaction(run.pool) as conn:  # the mark from which the first chunk goes on
        at = Mark(after, run.refused_file.size, run.summary, False)
        await resuming.mark(conn, run_key, at, now=run.clock())
    run.turns = Turns(run_key, helps.is_lost)
    with helps.at_work():
        await _take_all(
            run, table, drawn(table, run.kind, after=after, draw=helps.draw), on_progress
        )
        await helps.end()
    async with db.transaction(run.pool) as conn:
        done = await resuming.find(conn, run_key)
        assert done is not None, "it was marked above"
        run.refused_file.go_on(done.refused_bytes)
        run.summary = resuming.named(fresh, done.summary)
        at = Mark(done.rows_done, done.refused_bytes, run.summary, True)
        await resuming.mark(conn, run_key, at, now=run.clock())


def _next(parts: Iterator[Chunk]) -> asyncio.Task[Chunk | None]:
    def draw() -> Chunk | None:
        return next(parts, None)

    return asyncio.create_task(asyncio.to_thread(draw))
