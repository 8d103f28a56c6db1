"""What every benchmark says beside its figures, so that nobody has to believe them.

A figure without its machine, its data size, its durability settings and its kind of load is a
boast. `conditions` prints them; `percentiles` and `open_loop` are the ways of measuring.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from setten.platform import db
from setten.platform.db import embedded

_SETTINGS = (
    "server_version",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "shared_buffers",
    "max_wal_size",
    "max_connections",
)


@contextmanager
def database(
    given: str | None,
    prepare: Callable[[str, Path], None] | None = None,
    *,
    kept: str | None = None,
    lay_down: Callable[[str, Path], None] | None = None,
) -> Iterator[tuple[str, Path]]:
    """(dsn, data folder) of the database to measure: the one given, or a fresh embedded one.

    prepare: lays data down first; ours is then started anew, with all on disk and nothing in
    memory that the system was not asked to forget. kept: a directory in which `lay_down` does that
    once; ours is a copy of it.
    """
    with tempfile.TemporaryDirectory(prefix="setten-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        if given:
            if prepare:
                prepare(given, folder)
            yield given, folder
            return
        if kept and lay_down:
            _copy(Path(kept), folder, lay_down)
        server = embedded.start(folder)
        if prepare:
            try:
                prepare(server.dsn, folder)
            finally:
                server.stop(limit_s=120)
            _forget(folder)
            server = embedded.start(folder)
        try:
            yield server.dsn, folder
        finally:
            server.stop(limit_s=30)


def _copy(kept: Path, folder: Path, lay_down: Callable[[str, Path], None]) -> None:
    """A copy of what is kept, which is laid down when it is not there yet."""
    done = kept / "laid_down"
    if not done.exists():
        kept.mkdir(parents=True, exist_ok=True)
        kept.chmod(0o755)
        server = embedded.start(kept)
        try:
            lay_down(server.dsn, kept)
        finally:
            server.stop(limit_s=120)
        done.touch()
    # Owners and links as they are, which Python's own copying does not keep.
    subprocess.run(["cp", "-a", f"{kept}/.", str(folder)], check=True)
    folder.chmod(0o755)
    os.sync()


def _forget(folder: Path) -> None:
    """Let the system drop the files of a stopped database from memory."""
    for path in folder.rglob("base/*/*"):
        with contextlib.suppress(OSError), path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


async def conditions(
    conn: db.Connection, *, folder: Path, data: str, connections: int, loop: str
) -> None:
    """Print the honesty lines. data: what is stored. loop: open or closed, and its rate."""
    print(f"command       {' '.join([Path(sys.executable).name, *sys.argv])}")
    print(f"machine       {_processor()}, {os.cpu_count()} cores, {_memory_gb():.0f} GB, "
          f"{platform.system()} {platform.release()}")  # fmt: skip
    print(f"load before   {os.getloadavg()[0]:.1f} (other work on the machine makes figures worse)")
    print(f"python        {platform.python_version()}")
    for setting in _SETTINGS:
        value = await conn.fetchval("select current_setting($1)", setting)
        print(f"{setting:<13} {value}" if len(setting) < 14 else f"{setting} {value}")
    print(f"fdatasync     {fdatasync_us(folder):.0f} µs (median of 200 writes of 8 kB)")
    print(f"data          {data}")
    print(f"connections   {connections}")
    print(f"loop          {loop}")


def fdatasync_us(folder: Path) -> float:
    """Median microseconds of a durable write of 8 kB in `folder`."""
    samples = []
    with (folder / "fdatasync.probe").open("wb") as file:
        for _ in range(200):
            file.write(bytes(8192))
            file.flush()
            begun = time.perf_counter()
            os.fdatasync(file.fileno())
            samples.append(time.perf_counter() - begun)
    (folder / "fdatasync.probe").unlink()
    return sorted(samples)[100] * 1e6


def used_s(pid: int) -> float:
    """Processor seconds of a process and its children so far, user and system.

    Unlike wall-clock it hardly changes with what else runs on the machine.
    """
    process = psutil.Process(pid)
    own = process.cpu_times()
    ended = own.children_user + own.children_system
    found = own.user + own.system + ended
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            times = child.cpu_times()
            found += times.user + times.system
    return found


def idle_s() -> float:
    """Seconds that the processors had nothing to do so far, all together."""
    times = psutil.cpu_times()
    return times.idle + getattr(times, "iowait", 0.0)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def percentiles(samples_s: Sequence[float]) -> str:
    """p50, p95, p99 and the worst of samples in seconds, as milliseconds."""
    if not samples_s:
        return "no samples"
    ordered = sorted(samples_s)

    def at(share: float) -> float:
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000

    return (
        f"p50 {at(0.5):.1f} ms  p95 {at(0.95):.1f} ms  p99 {at(0.99):.1f} ms  "
        f"max {ordered[-1] * 1000:.1f} ms"
    )


async def open_loop(
    work: Callable[[int], Awaitable[object]], *, rate: float, seconds: float
) -> tuple[list[float], int]:
    """Start `work(i)` at a fixed rate, whatever the answers do; (seconds each, failures).

    Time counts from when a request was due, so that a stall is paid by all that it held up.
    """
    samples: list[float] = []
    failures = 0
    begun = time.perf_counter()

    async def one(index: int, due: float) -> None:
        nonlocal failures
        try:
            await work(index)
        except Exception:
            failures += 1
        samples.append(time.perf_counter() - due)

    tasks = []
    for index in range(int(rate * seconds)):
        due = begun + index / rate
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        tasks.append(asyncio.create_task(one(index, due)))
    await asyncio.gather(*tasks)
    return samples, failures
