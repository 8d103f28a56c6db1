"""The background process of `projections.py`: every reader, with what each has used so far."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Coroutine, Generator
from typing import Any

import uvloop

from projections import processor_s
from setten import app
from setten.platform import db, settings
from setten.platform.log import Reader
from setten.platform.log.pulse import Pulse
from setten.platform.log.tail import Tail


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
        self.waited: dict[str, tuple[float, int]] = {}
        self.metered: Metered | None = None

    async def sit(self) -> None:
        async with self.pool.acquire() as conn:
            self.pid = await conn.fetchval("select pg_backend_pid()")
            conn.add_query_logger(self.note)

    def note(self, asked: Any) -> None:
        self.statements += 1
        self.batches += asked.query.startswith("COMMIT")
        text = self.reader.name + ": " + " ".join(asked.query.split())[:70]
        seconds, count = self.waited.get(text, (0.0, 0))
        self.waited[text] = (seconds + asked.elapsed, count + 1)

    async def run(self, stop: asyncio.Event, pulse: Pulse, tail: Tail) -> None:
        self.metered = Metered(self.reader.run(self.pool, stop, pulse, tail))
        await self.metered

    def counts(self) -> dict[str, float]:
        return {
            "python_s": self.metered.used_s if self.metered else 0.0,
            "postgres_s": processor_s(self.pid),
            "batches": self.batches,
            "statements": self.statements,
        }


async def nothing(conn: db.Connection, rows: object) -> None:
    """The fetch that serves all readers handles nothing itself."""


async def main() -> None:
    found = settings.load()
    async with app.resources(found, size=4) as deps:
        seats = []
        for reader in app.readers(deps):
            seat = Seat(reader, await db.open_pool(str(found.database_url), size=1))
            await seat.sit()
            seats.append(seat)
        fetching = await db.open_pool(str(found.database_url), size=1)
        fetch = Seat(Reader("fetch for all", nothing), fetching)
        await fetch.sit()
        stop, pulse, tail = asyncio.Event(), Pulse(), Tail(fetching)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(pulse.run(deps.pool, stop))
            for seat in seats:
                tasks.create_task(seat.run(stop, pulse, tail))
            while await asyncio.to_thread(sys.stdin.readline):
                answer = {
                    "readers": {seat.reader.name: seat.counts() for seat in (fetch, *seats)},
                    "process_s": time.process_time(),
                    "slowest": {
                        text: n for seat in (fetch, *seats) for text, n in seat.waited.items()
                    },
                }
                for seat in (fetch, *seats):
                    seat.waited.clear()
                print(json.dumps(answer), flush=True)
            stop.set()


if __name__ == "__main__":
    uvloop.run(main())
