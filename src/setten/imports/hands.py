"""Other processes that help with a long file: reading and sealing take a core, and there are more.

Each reads the whole file, which is cheap, and takes the chunks that it draws. Only for kinds of
files in which each row stands alone.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from multiprocessing import connection
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from setten.imports import resuming
from setten.imports.chunks import drawn
from setten.imports.kind import Kind, Setup
from setten.imports.mapping import Columns
from setten.imports.model import Clock, ImportStopped, Options, Summary
from setten.imports.reading import Table
from setten.imports.refusing import RefusedFile
from setten.imports.taking import Run
from setten.imports.turns import Turns
from setten.platform import db
from setten.platform.errors import SettenError
from setten.platform.supervisor import collector
from setten.platform.vault import Vault

FROM_BYTES = 4_000_000  # a shorter file is in before a process has read its code
MOST = 3  # beside this one; the database needs cores too
# Who asked meets the same, or says that a helper has gone.
_ENDS: tuple[type[Exception], ...] = (SettenError, *db.AWAY)
_spawn = multiprocessing.get_context("spawn")  # a fork would copy connections and threads


class Hands(msgspec.Struct, frozen=True):
    """What a process needs to help. count: how many beside this one.

    behind: how much less urgent they are than this process, as `nice` counts.
    """

    dsn: str
    master_key: bytes
    count: int
    from_bytes: int = FROM_BYTES
    behind: int = 0


def spare(dsn: str, master_key: bytes, *, behind: int = 0) -> Hands:
    """As many hands as this machine has further cores."""
    return Hands(dsn, master_key, min((os.cpu_count() or 1) - 1, MOST), behind=behind)


class _Task(msgspec.Struct, frozen=True):
    """One run, as a helping process is told of it."""

    hands: Hands
    kind_of: type[Kind]
    path: Path
    columns: Columns
    options: Options
    clock: Clock
    run_key: UUID
    after: int


class Helping:
    """The processes that help with one run, and the chunks that all draw from."""

    def __init__(self, task: _Task) -> None:
        self._next = _spawn.Value("q", 0)
        self._processes = [
            _spawn.Process(target=_help, args=(task, self._next), daemon=True)
            for _ in range(task.hands.count)
        ]

    def draw(self) -> int:
        """The number of a chunk that nobody else takes."""
        return _draw(self._next)

    def is_lost(self) -> bool:
        """Whether one of them has ended otherwise than at the end of the file."""
        return any(one.exitcode not in (None, 0) for one in self._processes)

    async def end(self) -> None:
        """Return when all have ended at the end of the file. Raises ImportStopped."""
        while left := [one.sentinel for one in self._processes if one.exitcode is None]:
            if self.is_lost():
                break
            await asyncio.to_thread(connection.wait, left)
        if self.is_lost():
            raise ImportStopped()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """They work inside the block; whoever is not done at its end is ended."""
        for one in self._processes:
            one.start()
        try:
            yield
        finally:
            for one in self._processes:
                if one.exitcode is None:
                    one.kill()  # its transaction is taken back
                one.join()


def helping(
    hands: Hands,
    kind_of: type[Kind],
    path: Path,
    columns: Columns,
    options: Options,
    *,
    clock: Clock,
    run_key: UUID,
    after: int,
) -> Helping:
    """Hands for one run behind the row `after`, not yet at work."""
    return Helping(_Task(hands, kind_of, path, columns, options, clock, run_key, after))


def _draw(next_: Any) -> int:
    with next_.get_lock():
        found = int(next_.value)
        next_.value = found + 1
    return found


def _help(task: _Task, next_: Any) -> None:
    """What a helping process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one that is asked to stop ends us
    os.nice(task.hands.behind)
    collector.settle_down()
    parent = multiprocessing.parent_process()
    try:
        asyncio.run(_take_part(task, next_, lambda: parent is None or not parent.is_alive()))
    except _ENDS:
        sys.exit(1)


async def _take_part(task: _Task, next_: Any, is_orphan: Callable[[], bool]) -> None:
    pool = await db.open_pool(task.hands.dsn, size=2)
    options = task.options
    where = None if options.refused_file is None else Path(options.refused_file)
    kind = task.kind_of(Setup(Vault(task.hands.master_key), task.columns, options))
    table = Table(task.path, format_=task.kind_of.format, encoding=options.encoding)
    with closing(table):
        keeps = RefusedFile(where, table.format, table.columns)
        counted = Summary(kind=kind.name, file="")  # what counts is in the mark
        run = Run(pool, kind, counted, keeps, task.clock)
        run.run_key = task.run_key
        run.turns = Turns(task.run_key, is_orphan)
        async with pool.acquire() as guard:
            await resuming.help_with(guard, task.run_key)
            async with db.transaction(pool) as conn:
                await kind.prepare(conn, now=task.clock())
            parts = drawn(table, kind, after=task.after, draw=lambda: _draw(next_))
            ahead = asyncio.create_task(asyncio.to_thread(next, parts, None))
            while (chunk := await ahead) is not None and not is_orphan():
                ahead = asyncio.create_task(asyncio.to_thread(next, parts, None))
                await run.take(chunk.lines, after=chunk.after)
            if is_orphan():  # what else it holds goes with its process
                raise ImportStopped()
    await pool.close()
