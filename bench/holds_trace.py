"""What the machine did in each tenth of a second of a run, beside the answers of that tenth.

A slow hundredth is often one moment: a segment of the log laid down anew, a table being counted, a
disk that stood still, callers that did not get the processor. Which it was, only times tell.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import psutil

from holds_callers import Said

STEP_S = 0.1
_NAMED = 24  # letters of the name of a segment
_WORDS_OF_DISK = 20  # of a line of /proc/diskstats where flushes are counted
_SHOWN = ("web", "backends", "readers", "segments", "jobs", "wal", "checkpoint", "counting",
          "callers")  # fmt: skip
# What PostgreSQL calls its processes, as we show them.
_OF_DATABASE = {
    "setten": "backends",
    "walwriter": "wal",
    "background": "checkpoint",
    "checkpointer": "checkpoint",
    "io": "checkpoint",
    "autovacuum": "counting",
    "parallel": "counting",
}


class _Look(msgspec.Struct, frozen=True, kw_only=True):
    """What was used until `at`: seconds by process (its name, had, waited for), and of all."""

    at: float
    used: dict[int, tuple[str, float, float]]
    idle: float
    busy: float
    segments: int
    disk: tuple[float, float, float, float]

    def since(self, was: _Look) -> str:
        """The second half of a line."""
        per = 100 / (self.at - was.at)
        had, waited = dict.fromkeys(_SHOWN, 0.0), dict.fromkeys(_SHOWN, 0.0)
        for pid, (name, total, total_waited) in self.used.items():
            _, before, waited_before = was.used.get(pid, (name, total, total_waited))
            if name in had:
                had[name] += (total - before) * per
                waited[name] += (total_waited - waited_before) * per
        read, written, flushes, flush_ms = (a - b for a, b in zip(self.disk, was.disk, strict=True))
        shares = "".join(f"{had[name]:>5.0f}/{waited[name]:<3.0f}" for name in _SHOWN)
        other = max(0.0, (self.busy - was.busy) * per - sum(had.values()))
        return (
            f"{shares} {other:>5.0f} {(self.idle - was.idle) * per:>4.0f} "
            f"{self.segments - was.segments:>4}  {flushes:.0f} x {flush_ms / max(1, flushes):.2f} "
            f"ms, {read:.1f} and {written:.1f}"
        )


class Trace:
    """Looks every tenth of a second while it is open. pids: our processes by name; folder: of
    the database's data."""

    def __init__(self, pids: Mapping[str, int], folder: Path) -> None:
        self._pids = pids
        self._wal = folder / "pg_wal"
        self._disk = folder.stat().st_dev
        self._ours = set(_children(os.getpid()))  # what runs before the callers do
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.looks: list[_Look] = []

    def __enter__(self) -> Trace:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def lines(self, said: Sequence[Said]) -> Iterator[str]:
        """A line for each tenth. Of processes: hundredths of a processor that they had, and that
        they waited for; of others on the machine the same. new: segments of the log laid down."""
        due, late = _by_tenth([one.traced for one in said]), _by_tenth([one.woken for one in said])
        first = min(due, default=0)
        names = "".join(f"{name[:8]:>9}" for name in _SHOWN)
        yield (f"{'s':>5} {'due':>4} {'p50':>4} {'worst':>5} {'late':>4}{names} other idle  new  "
               "flushes, MB read and written")  # fmt: skip
        for was, now in itertools.pairwise(self.looks):
            tenth = int(was.at / STEP_S + 0.5)
            if tenth in due:
                took = sorted(due[tenth])
                yield (
                    f"{(tenth - first) * STEP_S:>5.1f} {len(took):>4} "
                    f"{took[len(took) // 2] * 1e3:>4.0f} {took[-1] * 1e3:>5.0f} "
                    f"{max(late.get(tenth, [0.0])) * 1e3:>4.0f}{now.since(was)}"
                )

    def _look(self) -> None:
        known: set[int] = set()
        used: dict[int, tuple[str, float, float]] = {}
        next_at = time.perf_counter()
        while not self._stop.wait(max(0.0, next_at - time.perf_counter())):
            next_at += STEP_S
            for pid, name in self._processes():
                with contextlib.suppress(OSError):
                    used[pid] = (name, *_used_s(pid))
            known |= {file.inode() for file in os.scandir(self._wal) if len(file.name) == _NAMED}
            times = psutil.cpu_times()
            idle = times.idle + times.iowait
            self.looks.append(
                _Look(
                    at=time.perf_counter(),
                    used=dict(used),
                    idle=idle,
                    busy=sum(times[:8]) - idle,
                    segments=len(known),
                    disk=_disk_did(self._disk),
                )
            )

    def _processes(self) -> Iterator[tuple[int, str]]:
        for name, pid in self._pids.items():
            if name != "database":
                yield pid, name.partition("-")[0]
        yield from ((pid, "callers") for pid in _children(os.getpid()) if pid not in self._ours)
        for pid in _children(self._pids["database"]):
            with contextlib.suppress(OSError, IndexError):
                title = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").split()
                yield pid, _OF_DATABASE.get(title[1], "backends")


def _by_tenth(told: Sequence[Sequence[tuple[float, float]]]) -> dict[int, list[float]]:
    found: dict[int, list[float]] = defaultdict(list)
    for part in told:
        for at, took in part:
            found[int(at / STEP_S)].append(took)
    return found


def _children(pid: int) -> list[int]:
    try:
        return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
    except OSError:
        return []


def _used_s(pid: int) -> tuple[float, float]:
    """Seconds that its main thread had a processor, and that it waited for one."""
    had, waited, _ = Path(f"/proc/{pid}/schedstat").read_text().split()
    return int(had) / 1e9, int(waited) / 1e9


def _disk_did(device: int) -> tuple[float, float, float, float]:
    """MB read and written, flushes and milliseconds that they took, so far."""
    for line in Path("/proc/diskstats").read_text().splitlines():
        words = line.split()
        if os.makedev(int(words[0]), int(words[1])) == device and len(words) >= _WORDS_OF_DISK:
            return (*(int(words[n]) / 2048 for n in (5, 9)), float(words[18]), float(words[19]))
    return 0.0, 0.0, 0.0, 0.0
