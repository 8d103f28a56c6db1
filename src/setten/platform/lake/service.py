"""The lake: what happened, as Parquet files that any engine reads. Pseudonymous: numbers only.

Files are written by a reader of the log. A file counts when it stands in `lake.files`, which is
written with the reader's cursor; what a crash leaves beside that is swept away.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from setten.platform import clock, db, ids
from setten.platform.db import Connection, Pool
from setten.platform.lake import engine
from setten.platform.lake.model import BATCH, ENGINE, TAKEN, Column, Lines
from setten.platform.log import Reader, Row

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

Q = db.load(str(Path(__file__).with_name("store.py")))
READER = "lake"
FRESH = "fresh"
# Of one file as it is written: some tenths of a second.
BATCH_MAX = 20_000
ROUNDS_MAX = 200  # of one run of the job; the next goes on
# A file takes a third of a second of a processor, and on a busy day a dozen of them come together
# in twenty seconds: in one go they keep the readers waiting, and whoever is in the shop. So there
# is room between them, for as many as that; who is further behind catches up in one go.
CALM_ROUNDS = 15
CALM_S = 1.0
FRESH_FILES_MAX = 60  # twenty minutes of a busy day; then they are merged into their months
# A reader that has the list of files may still open one that was merged away meanwhile.
KEPT_AFTER = timedelta(minutes=10)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Made = tuple[Path, int]  # a file, and how many rows it has


class Lake:
    """The files under a folder. columns, lines: what the domains keep of their events."""

    def __init__(self, folder: Path, columns: Sequence[Column], lines: Lines) -> None:
        self.folder = folder
        self.columns = tuple(columns)
        self._lines = lines
        assert not TAKEN & {column.name for column in self.columns}

    def reader(self) -> Reader:
        """The reader that writes files. It is run by `carry`, not with the live ones: a file for
        each of their small batches would be a heap of crumbs."""
        made: list[Made] = []

        async def prepare(rows: Sequence[Row]) -> None:
            made[:] = await self.make(rows)

        async def enter(conn: Connection, rows: Sequence[Row]) -> None:
            for one in made:
                await self.enter(conn, one, part=FRESH)

        return Reader(READER, enter, most=BATCH_MAX, prepare=prepare)

    async def carry(self, pool: Pool) -> int:
        """Bring the lake up to the log, merge when there are many small files, tidy up."""
        # Loaded before a transaction waits for it.
        await asyncio.to_thread(load_engine)
        reader, passed = self.reader(), 0
        for done in range(1, ROUNDS_MAX + 1):
            passed += (some := await reader.step(pool))
            if some < BATCH_MAX:
                break
            if done <= CALM_ROUNDS:
                await asyncio.sleep(CALM_S)
        await self.merge(pool, at_least=FRESH_FILES_MAX)
        await self.tidy(pool)
        return passed

    async def make(self, rows: Sequence[Row]) -> list[Made]:
        """Write a file of these events, which counts for nobody until it is entered; none of none.

        Outside of a transaction: every reader of the log waits for one that writes.
        """
        # Some tenths of a second of work: the readers of this process do not wait for it.
        batch = await asyncio.to_thread(self._batch, rows)
        if not batch.num_rows:
            return []
        path = self._new(FRESH)
        await engine.work(self.folder, lambda duck: self._save(duck, batch, path))
        return [(path, batch.num_rows)]

    async def enter(self, conn: Connection, made: Made, *, part: str) -> str:
        """Let a file count under a part; answers its path."""
        path, rows = made
        return await self._enter(conn, path, part, rows)

    def _batch(self, rows: Sequence[Row]) -> pa.Table:
        import pyarrow as pa  # noqa: PLC0415 - see load_engine

        told = [(row, one) for row in rows if row.identifiers for one in self._lines(row)]
        # A line says a few words of the twenty there are: only those are put in their places.
        cells: dict[str, list[Any]] = {one.name: [None] * len(told) for one in self.columns}
        for place, (_, one) in enumerate(told):
            for name, value in one.values.items():
                cells[name][place] = value
        # Column by column: rows of named values cost the library three times as much.
        columns: dict[str, tuple[str, list[Any]]] = {
            "identifier_id": ("int64", [row.identifiers[0] for row, _ in told]),
            "at": (
                "timestamp[us]",
                [(row.occurred_at - _EPOCH) // _MICROSECOND for row, _ in told],
            ),
            "position": ("int64", [row.position for row, _ in told]),
            "name": ("string", [one.name for _, one in told]),
        }
        for column in self.columns:
            columns[column.name] = (BATCH[column.kind], cells[column.name])
        return pa.table(
            {
                name: pa.array(values, pa.type_for_alias(kind))
                for name, (kind, values) in columns.items()
            }
        )

    def _save(self, duck: duckdb.DuckDBPyConnection, batch: pa.Table, path: Path) -> None:
        duck.register("batch", batch)
        columns = "".join(
            f", {c.name}::uuid as {c.name}" if c.kind == "uuid" else f", {c.name}"
            for c in self.columns
        )
        duck.execute(engine.Q.write.sql.format(columns=columns, path=engine.quoted(str(path))))
        _keep(path)

    def _new(self, part: str) -> Path:
        """A path that nobody has had, so that a crash can only leave a file that is not counted."""
        folder = self.folder / ("fresh" if part == FRESH else "month")
        folder.mkdir(parents=True, exist_ok=True)
        stem = "" if part == FRESH else f"{part}_"
        return folder / f"{stem}{ids.uuid7()}.parquet"

    async def _enter(self, conn: Connection, path: Path, part: str, rows: int) -> str:
        name = path.relative_to(self.folder).as_posix()
        await Q.put_file.run(
            conn,
            path=name,
            part=part,
            rows=rows,
            bytes=await asyncio.to_thread(_size, path),
            at=clock.now(),
        )
        return name

    async def files(self, conn: Connection) -> list[Path]:
        """The files that count now."""
        return [self.folder / row["path"] for row in await Q.files.all(conn)]

    async def written_to(self, conn: Connection) -> datetime | None:
        """When the writer last moved; None before it has."""
        found: datetime | None = await Q.written_to.value(conn, reader=READER)
        return found

    def open_lines(self, duck: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> None:
        """Give an engine the view `lines` over these files."""
        if files:
            duck.execute(engine.Q.lines.sql.format(files=engine.listed(files)))
            return
        columns = [
            ("identifier_id", "bigint"),
            ('"at"', "timestamp"),
            ("position", "bigint"),
            ("name", "varchar"),
            *((column.name, ENGINE[column.kind]) for column in self.columns),
        ]
        nothing = ", ".join(f"null::{kind} as {name}" for name, kind in columns)
        duck.execute(engine.Q.no_lines.sql.format(columns=nothing))

    async def merge(self, pool: Pool, *, at_least: int = 1) -> int:
        """Merge fresh files into the file of each month they tell of; answers how many."""
        async with pool.acquire() as conn:
            rows = await Q.files.all(conn)
        fresh = [row["path"] for row in rows if row["part"] == FRESH]
        if len(fresh) < at_least:
            return 0
        paths = [self.folder / path for path in fresh]
        months = await engine.work(
            self.folder,
            lambda duck: duck.execute(
                engine.Q.months.sql.format(files=engine.listed(paths))
            ).fetchall(),
            most_s=engine.WORK_S_MAX,
        )
        old = {row["part"]: row["path"] for row in rows if row["part"] != FRESH}
        made: dict[str, tuple[Path, int]] = {}
        for month, _ in months:
            sources = [*paths, *([self.folder / old[month]] if month in old else [])]
            made[month] = await self._merge_month(month, sources)
        gone = [*fresh, *(old[month] for month in made if month in old)]
        await self._swap(pool, gone, made)
        return len(fresh)

    async def _merge_month(self, month: str, sources: Sequence[Path]) -> tuple[Path, int]:
        path = self._new(month)
        since = date.fromisoformat(f"{month}-01")
        until = date(since.year + since.month // 12, since.month % 12 + 1, 1)

        def job(duck: duckdb.DuckDBPyConnection) -> int:
            columns = "".join(f", {column.name}" for column in self.columns)
            duck.execute(
                engine.Q.merge.sql.format(
                    columns=columns,
                    files=engine.listed(sources),
                    since=since,
                    until=until,
                    path=engine.quoted(str(path)),
                )
            )
            _keep(path)
            counted = duck.execute(engine.Q.count.sql.format(path=engine.quoted(str(path))))
            row = counted.fetchone()
            assert row is not None
            return int(row[0])

        return path, await engine.work(self.folder, job, most_s=engine.WORK_S_MAX)

    async def _swap(
        self, pool: Pool, gone: Sequence[str], made: dict[str, tuple[Path, int]]
    ) -> None:
        async with db.transaction(pool) as conn:
            await Q.lock.run(conn)
            dropped = await Q.drop_files.all(conn, paths=list(gone))
            if len(dropped) != len(gone):
                raise MergedMeanwhile()
            for month, (path, rows) in made.items():
                await self._enter(conn, path, month, rows)

    async def tidy(self, pool: Pool) -> int:
        """Sweep away files that do not count and are old enough that nobody opens them."""
        async with pool.acquire() as conn:
            known = {self.folder / row["path"] for row in await Q.all_files.all(conn)}
        return await asyncio.to_thread(self._sweep, known, clock.now() - KEPT_AFTER)

    def _sweep(self, known: set[Path], before: datetime) -> int:
        swept = 0
        for path in (*self.folder.glob("fresh/*"), *self.folder.glob("month/*")):
            if path in known:
                continue
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before.timestamp():
                    path.unlink()
                    swept += 1
        return swept


class MergedMeanwhile(RuntimeError):
    """Another process has merged these files first; ours are swept away later."""


def load_engine() -> None:
    """The libraries of who writes; whoever only asks for pages never loads them."""
    import duckdb  # noqa: F401, PLC0415
    import pyarrow  # noqa: F401, PLC0415


def _size(path: Path) -> int:
    return path.stat().st_size


def _keep(path: Path) -> None:
    """On the disk itself, and its name too, before anybody counts on it."""
    for one in (path, path.parent):
        handle = os.open(one, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
