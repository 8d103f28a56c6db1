"""Rows taken in one transaction together with the mark of how far the run is."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from setten.imports import resuming
from setten.imports.chunks import Line, halves
from setten.imports.kind import Kind, Taken
from setten.imports.model import Clock, Outcome, Summary, refused
from setten.imports.refusing import RefusedFile
from setten.imports.resuming import Mark
from setten.imports.turns import GaveWay, Turns
from setten.platform import db
from setten.platform.db import Connection, Pool
from setten.platform.db.pool import DatabaseUnavailable

TRIES_MAX = 5  # of a chunk that another writer made wait too long
_WAIT_S = 0.2
# What a value can be to the database alone; the row that has it is looked for and refused.
_UNFIT = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, UnicodeEncodeError)
_BUSY = (asyncpg.TransactionRollbackError, asyncpg.LockNotAvailableError)


class _Undo(Exception):
    """Ends the transaction of a dry run."""


class Run:
    """One run over one file, or the part of it that this process takes.

    run_key: None of a dry run, which marks nothing. turns: where other processes take chunks too.
    """

    def __init__(
        self, pool: Pool, kind: Kind, summary: Summary, refused_file: RefusedFile, clock: Clock
    ) -> None:
        self.pool = pool
        self.kind = kind
        self.summary = summary
        self.refused_file = refused_file
        self.clock = clock
        self.run_key: UUID | None = None
        self.turns: Turns | None = None

    async def take(self, lines: Sequence[Line], *, after: int) -> None:
        """Take rows in one transaction, or in parts where one of them does not fit.

        after: the number of the row before them.
        """
        tried, waits_first = 0, False
        while True:
            size = self.refused_file.size
            try:
                await self._commit(lines, after, is_unfit=False, waits_first=waits_first)
                return
            except _UNFIT:
                self._cut(size)
                break
            except GaveWay:
                waits_first = True
            except _BUSY:
                self._cut(size)
                tried += 1
                if tried == TRIES_MAX:
                    raise
                await asyncio.sleep(_WAIT_S * tried)
            except DatabaseUnavailable:
                tried += 1
                if tried == TRIES_MAX:
                    raise
                await asyncio.sleep(_WAIT_S * tried)
                if await self._is_in(lines[-1].raw.number):
                    return
                self._cut(size)
            except BaseException:
                self._cut(size)
                raise
        parts = halves(lines)
        if parts is None:
            await self._commit(lines, after, is_unfit=True, waits_first=True)
            return
        for part in parts:
            await self.take(part, after=after)
            after = part[-1].raw.number

    async def _is_in(self, end: int) -> bool:
        """Whether rows up to the number `end` are committed, though nobody heard of it.

        A connection goes where this process stood still for longer than a transaction may rest.
        """
        if self.run_key is None:
            return False
        async with db.transaction(self.pool) as conn:
            done = await resuming.find(conn, self.run_key)
        if done is None or done.rows_done < end:
            return False
        self.summary = resuming.named(self.summary, done.summary)
        return True

    def _cut(self, size: int) -> None:
        """Take back what was kept of rows that were not committed.

        Among several processes whoever comes next does it: what is behind may be another's.
        """
        if self.turns is None:
            self.refused_file.cut(size)

    async def _commit(
        self, lines: Sequence[Line], after: int, *, is_unfit: bool, waits_first: bool
    ) -> None:
        """One transaction. is_unfit: the rows do not fit, so each is refused."""
        now = self.clock()
        try:
            async with db.transaction(self.pool) as conn:
                if self.run_key is None:  # what was prepared goes with each part of a dry run
                    await self.kind.prepare(conn, now=now)
                if self.turns is not None and waits_first:
                    await self.turns.come(conn, after, holds=False)
                outcomes, sums = await self._outcomes(conn, lines, is_unfit, now)
                summary = await self._counted(conn, after)
                for name, count in sums.items():
                    summary.sums[name] = summary.sums.get(name, 0) + count
                away = []
                for line, outcome in zip(lines, outcomes, strict=True):
                    summary.add(line.raw.number, outcome)
                    if outcome.status == "refused":
                        away.append((line.raw, outcome))
                if away:
                    await asyncio.to_thread(self.refused_file.write, away)
                if self.run_key is None:
                    raise _Undo
                at = Mark(lines[-1].raw.number, self.refused_file.size, summary, False)
                await resuming.mark(conn, self.run_key, at, now=now)
        except _Undo:
            pass
        self.summary = summary

    async def _counted(self, conn: Connection, after: int) -> Summary:
        """What has been counted up to the row `after`, to be added to."""
        if self.turns is None:
            return msgspec.json.decode(msgspec.json.encode(self.summary), type=Summary)
        done = await self.turns.come(conn, after, holds=True)
        await asyncio.to_thread(self.refused_file.go_on, done.refused_bytes)
        return done.summary

    async def _outcomes(
        self, conn: Connection, lines: Sequence[Line], is_unfit: bool, now: datetime
    ) -> tuple[list[Outcome], dict[str, int]]:
        """What came of rows, and what they add up to besides."""
        settled = _settled(self.kind, lines)
        asked = [one.read for one, known in zip(lines, settled, strict=True) if known is None]
        if is_unfit:
            taken = Taken([refused("refused_by_database")] * len(asked))
        else:
            taken = await self.kind.take(conn, asked, now=now) if asked else Taken(())
        following = iter(taken.outcomes)
        return [next(following) if known is None else known for known in settled], taken.sums


def _settled(kind: Kind, lines: Sequence[Line]) -> list[Outcome | None]:
    """What is known of rows before they are taken: what cannot be used, and what hangs on that.

    A receipt without one of its lines would be a wrong one, and the line could not follow later.
    """
    settled = [one.read if isinstance(one.read, Outcome) else None for one in lines]
    lacking: dict[Hashable, set[Hashable | None]] = {}
    is_nameless = False
    for line, known in zip(lines, settled, strict=True):
        if is_nameless and line.key is not None:  # the row before may be its first line
            lacking.setdefault(line.key, set()).add(None)
        is_nameless = line.raw.problem is not None and (line.is_nameless or line.key is None)
        if known is not None and known.status == "refused" and line.key is not None:
            within = None if is_nameless else kind.within_of(line.raw.values)
            lacking.setdefault(line.key, set()).add(within)
    if not lacking:
        return settled
    for at, line in enumerate(lines):
        wrong = lacking.get(line.key) if settled[at] is None else None
        if wrong is not None and (None in wrong or kind.within(line.read) in wrong):
            settled[at] = refused("row_of_it_refused")
    return settled
