"""A process of readers of `projections.py`, as the product has two, with what each has used so far.

Started with the options and the name of its part.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import Awaitable, Coroutine, Generator
from typing import Any

import uvloop

from projections import processor_s
from setten import background
from setten.platform import db, jobs, settings
from setten.platform.log import Reader
from setten.platform.log.places import Places
from setten.platform.log.pulse import Pulse
from setten.platform.log.tail import Tail
from setten.platform.supervisor import collector


class Metered(Awaitable[None]):
    """A coroutine, and the processor time its own steps have taken on this thread."""

    def __init__(self, work: Coroutine[Any, Any, None]) -> None:
        self._work = work
        self.used_s = 0.0

    def __await__(self) -> Generator[Any, Any, None]:
        value: Any = None
        error: BaseException | None = None
        while True:
            begun = time.thread_time()
            try:
                waited = self._work.throw(error) if error else self._work.send(value)
            except StopIteration:
                return
            finally:
                self.used_s += time.thread_time() - begun
            value, error = None, None
            try:
                value = yield waited
            except BaseException as thrown:
                error = thrown


class Seat:
    """A reader with a connection of its own, and what it has asked of it."""

    def __init__(self, reader: Reader, pool: db.Pool) -> None:
        self.reader = reader
        self.pool = pool
        self.batches = 0
        self.statements = 0
        self.pid = 0
        self.open_since = self.longest_s = 0.0
        self.waited: dict[str, tuple[float, int]] = {}
        self.metered: Metered | None = None

    async def sit(self) -> None:
        async with self.pool.acquire() as conn:
            self.pid = await conn.fetchval("select pg_backend_pid()")
            conn.add_query_logger(self.note)

    def note(self, asked: Any) -> None:
        self.statements += 1
        if asked.query.startswith("BEGIN"):
            self.open_since = time.perf_counter()
        if asked.query.startswith("COMMIT"):
            self.batches += 1
            self.longest_s = max(self.longest_s, time.perf_counter() - self.open_since)
        text = self.reader.name + ": " + " ".join(asked.query.split())[:70]
        seconds, count = self.waited.get(text, (0.0, 0))
        self.waited[text] = (seconds + asked.elapsed, count + 1)

    async def run(self, stop: asyncio.Event, pulse: Pulse, tail: Tail, places: Places) -> None:
        self.metered = Metered(self.reader.run(self.pool, stop, pulse, tail, places))
        await self.metered

    def counts(self) -> dict[str, float]:
        longest_s, self.longest_s = self.longest_s, 0.0
        return {
            "longest_s": longest_s,
            "python_s": self.metered.used_s if self.metered else 0.0,
            "postgres_s": processor_s(self.pid),
            "batches": self.batches,
            "statements": self.statements,
        }


class Stalls:
    """How long this process stood still: the longest turn of its loop, and the collector's part."""

    def __init__(self) -> None:
        self.turn_s = self.collecting_s = self.longest_s = self._since = 0.0
        gc.callbacks.append(self._collector)

    def _collector(self, phase: str, info: dict[str, int]) -> None:
        now = time.perf_counter()
        if phase == "start":
            self._since = now
        else:
            self.collecting_s += now - self._since
            self.longest_s = max(self.longest_s, now - self._since)

    async def watch(self) -> None:
        """Look each 5 ms how much later than that it is, until cancelled."""
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(0.005)
            self.turn_s = max(self.turn_s, time.perf_counter() - begun - 0.005)

    def taken(self) -> dict[str, float]:
        """What was met since the last time."""
        found = {"turn": self.turn_s, "collector": self.longest_s, "collecting": self.collecting_s}
        self.turn_s = self.collecting_s = self.longest_s = 0.0
        return found


async def nothing(conn: db.Connection, rows: object) -> None:
    """The fetch that serves all readers handles nothing itself."""


async def main() -> None:
    found, part = settings.load(), sys.argv[2]
    of_segments = part == "segments"
    async with background.resources(found, size=4) as means:
        seats = []
        own = background.segment_readers if of_segments else background.readers
        for reader in own(means):
            seat = Seat(reader, await db.open_pool(str(found.database_url), size=1))
            await seat.sit()
            seats.append(seat)
        fetching = await db.open_pool(str(found.database_url), size=1)
        fetch = Seat(Reader(f"fetch for {part}", nothing), fetching)
        await fetch.sit()
        stop, pulse, tail, stalls = asyncio.Event(), Pulse(), Tail(fetching), Stalls()
        places = Places()
        collector.settle_down()
        sys.setswitchinterval(background.GIVE_WAY_S)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(pulse.run(means.pool, stop))
            tasks.create_task(places.run(means.pool, stop))
            if of_segments:
                tasks.create_task(jobs.tick(means.pool, background.works(means), stop))
            watching = tasks.create_task(stalls.watch())
            for seat in seats:
                tasks.create_task(seat.run(stop, pulse, tail, places))
            while await asyncio.to_thread(sys.stdin.readline):
                answer = {
                    "readers": {seat.reader.name: seat.counts() for seat in (fetch, *seats)},
                    "process_s": time.process_time(),
                    "stalls": stalls.taken(),
                    "slowest": {
                        text: n for seat in (fetch, *seats) for text, n in seat.waited.items()
                    },
                }
                for seat in (fetch, *seats):
                    seat.waited.clear()
                print(json.dumps(answer), flush=True)
            stop.set()
            watching.cancel()


if __name__ == "__main__":
    uvloop.run(main())
