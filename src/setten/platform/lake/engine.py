"""DuckDB over files: opened for one piece of work, with limits, and never on the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from setten.platform import db
from setten.platform.errors import Unavailable

if TYPE_CHECKING:
    import duckdb

Q = db.load(__file__)
MEMORY = "2GB"
# One more than the two that reckon: from cold, one of them waits for the disk.
THREADS = 3
# A person waits for an answer; past this she is told to ask again or for less.
ANSWER_S_MAX = 20.0
WORK_S_MAX = 600.0
T = TypeVar("T")


class LakeTooSlow(Unavailable):
    """The question took longer than anybody waits."""

    code = "lake_too_slow"


async def work(
    folder: Path, job: Callable[[duckdb.DuckDBPyConnection], T], *, most_s: float = ANSWER_S_MAX
) -> T:
    """Do a piece of work with an engine of its own, in a thread. Raises LakeTooSlow."""
    engine = await asyncio.to_thread(opened, folder)
    running = asyncio.create_task(asyncio.to_thread(job, engine))
    try:
        return await asyncio.wait_for(asyncio.shield(running), most_s)
    except TimeoutError:
        raise LakeTooSlow(seconds=most_s) from None
    finally:
        if not running.done():
            # The thread ends by the interruption; the engine is closed only behind it.
            engine.interrupt()
            await asyncio.gather(running, return_exceptions=True)
        engine.close()


def opened(folder: Path) -> duckdb.DuckDBPyConnection:
    """An engine with its limits. The first one of a process takes a moment to be loaded."""
    import duckdb  # noqa: PLC0415 - 20 MB that a web process needs only when it is asked

    spill = folder / "spill"
    spill.mkdir(parents=True, exist_ok=True)
    engine = duckdb.connect()
    engine.execute(Q.limits.sql.format(memory=MEMORY, threads=THREADS, folder=quoted(str(spill))))
    return engine


def quoted(text: str) -> str:
    """The inside of an SQL literal: paths are ours, yet a folder may have a quote in its name."""
    return text.replace("'", "''")


def listed(paths: Sequence[Path]) -> str:
    """Paths as literals in a row."""
    return ", ".join(f"'{quoted(str(path))}'" for path in paths)
