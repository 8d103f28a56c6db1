"""A reader of the log: one ordered consumer with a cursor of its own."""

from __future__ import annotations

import asyncio
import logging
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import date
from pathlib import Path

from setten.platform import db
from setten.platform.db import Connection, Pool
from setten.platform.errors import Unavailable
from setten.platform.log.model import Cursor, Row
from setten.platform.log.places import Places
from setten.platform.log.pulse import Pulse
from setten.platform.log.tail import Tail, read

_Q = db.load(str(Path(__file__).with_name("store.py")))
LOOK_ANYWAY_S = 1.0
# While events stream in, a batch waits for company: fifty commits a second are enough for a reader.
GATHER_S = 0.02
# Who is in no hurry leaves the processors to those who are.
GATHER_CALMLY_S = 0.1
BATCH_MAX = 2_000  # larger batches win no throughput and hold the log's other readers back
BACKOFF_S_MAX = 5.0
TRIES = 5  # of one batch, some seconds in all, before it is looked at event by event
_EARLIEST = date.min

Handle = Callable[[Connection, Sequence[Row]], Awaitable[None]]
Prepare = Callable[[Sequence[Row]], Awaitable[None]]
logger = logging.getLogger(__name__)
_AWAY: tuple[type[Exception], ...] = (*db.AWAY, Unavailable)


def _place(row: Row) -> tuple[int, int]:
    return (row.xid, row.position)


def _behind(was: Cursor, last: Row) -> Cursor:
    return Cursor(last.xid, last.position, max(was.arrived_on, last.arrived_on))


class Reader:
    """Carries one projection forward: `handle` and the cursor commit together, or not at all.

    `names`, when given, are the only events handed over (the cursor passes the others); `wants`
    says it of a row, by nothing but the row. A batch without any costs no transaction.
    `after` names readers whose results `handle` reads: it gets no event that they have not passed.
    `gather_s` is the least time between two batches while events stream in.
    `prepare` is what takes long and needs only the rows: done before the transaction, for which
    everybody else waits.
    """

    def __init__(
        self,
        name: str,
        handle: Handle,
        *,
        names: frozenset[str] | None = None,
        wants: Callable[[Row], bool] | None = None,
        after: Sequence[str] = (),
        most: int = BATCH_MAX,
        gather_s: float = GATHER_S,
        prepare: Prepare | None = None,
    ) -> None:
        self.name = name
        self._handle = handle
        self._prepare = prepare
        self._names = names
        self._wants = wants
        self._after = tuple(after)
        self._most = most
        self._gather_s = gather_s
        self._here: Cursor | None = None  # where `run` has brought us, unless something went wrong
        self._places: Places | None = None  # of the process, while `run` carries us
        self._is_held_back = False  # by those we come after

    def is_before(self, place: tuple[int, int]) -> bool:
        """Whether, as far as it knows, this reader still has rows up to a place to pass."""
        return self._here is None or (self._here.xid, self._here.position) < place

    async def step(self, pool: Pool, tail: Tail | None = None, *, stamp: str = "") -> int:
        """Handle one batch and answer how many events were passed (0 when level).

        tail: the rows that the readers of this process share. stamp: see `Tail.after`.
        """
        was, rows = await self._next(pool, self._most, tail, stamp)
        if rows:
            await self._carry_or_pass(pool, was, rows)
        elif tail is not None:
            self._here = was
        return len(rows)

    async def step_past_poison(self, pool: Pool) -> int:
        """Handle the next batch event by event; the first that fails alone is set aside.

        It stays in the log, `readyz` warns of it, and nobody else's events wait for it.
        """
        for passed in range(self._most):
            was, rows = await self._next(pool, 1)
            if not rows:
                return passed
            try:
                await self._carry_or_pass(pool, was, rows)
            except _AWAY:
                raise
            except Exception as cause:
                logger.exception("reader %s sets event %s aside", self.name, rows[0].event_id)
                await self._carry(pool, was, rows, error=type(cause).__name__)
                return passed + 1
        return self._most

    async def _next(
        self, pool: Pool, most: int, tail: Tail | None = None, stamp: str = ""
    ) -> tuple[Cursor, Sequence[Row]]:
        """Read outside the transaction: a reader that waits must not hold back the others."""
        here, self._here = self._here, None
        if tail is None or here is None or not stamp or not self._is_known():
            async with pool.acquire() as conn:
                here = await self._cursor(conn)
        passed = None
        if self._after:
            passed = await self._passed(pool)
            self._is_held_back = passed <= (here.xid, here.position)
            if self._is_held_back:
                return here, []
        if tail is not None:
            rows = await tail.after(here, most, stamp=stamp)
        else:
            async with pool.acquire() as conn:
                rows = await read(conn, here, most)
        if passed is not None:
            rows = rows[: bisect_right(rows, passed, key=_place)]
        return here, rows

    def _is_known(self) -> bool:
        return self._places is None or self._places.is_known(self.name)

    def _is_in_company(self, places: Places) -> bool:
        """Whether those we come after are carried beside us; of others commits are the sign."""
        return places.passed(self._after) is not None

    async def _passed(self, pool: Pool) -> tuple[int, int]:
        """How far the slowest of the readers we build on has come."""
        passed = self._places.passed(self._after) if self._places is not None else None
        if passed is not None:
            return passed
        async with pool.acquire() as conn:
            rows = await _Q.cursors.all(conn)
        found = {row["reader"]: (row["xid"], row["position"]) for row in rows}
        return min(found.get(name, (0, 0)) for name in self._after)

    async def _carry_or_pass(self, pool: Pool, was: Cursor, rows: Sequence[Row]) -> None:
        """Handle what is ours; where nothing is, go on without a word when `run` carries us."""
        wanted = self._wanted(rows)
        if wanted or self._places is None:
            await self._carry(pool, was, rows, wanted)
            return
        here = _behind(was, rows[-1])
        if self._places.pass_over(self.name, here):
            self._here = here

    def _wanted(self, rows: Sequence[Row]) -> Sequence[Row]:
        names, wants = self._names, self._wants
        if names is not None:
            rows = [row for row in rows if row.name in names]
        return rows if wants is None else [row for row in rows if wants(row)]

    async def _carry(
        self,
        pool: Pool,
        was: Cursor,
        rows: Sequence[Row],
        wanted: Sequence[Row] = (),
        *,
        error: str | None = None,
    ) -> None:
        """Handle what is wanted and move the cursor behind all rows; with `error`, only note them
        and move."""
        last = rows[-1]
        here = _behind(was, last)
        if self._places is not None:
            kept = await self._places.settled(self.name)
            if kept is None:  # somebody else has moved it: we ask where to
                return
            was = kept
        if wanted and self._prepare is not None:
            await self._prepare(wanted)
        async with db.transaction(pool) as conn:
            moved = await _Q.advance.value(
                conn,
                reader=self.name,
                xid=str(here.xid),
                position=here.position,
                arrived_on=here.arrived_on,
                was_xid=str(was.xid),
                was_position=was.position,
            )
            if moved is None:  # another process passed these rows first
                if self._places is not None:
                    self._places.forget(self.name)
                return
            if error is not None:
                await self._set_aside(conn, last, error)
                return
            if wanted:
                await self._handle(conn, wanted)
        self._here = here
        if self._places is not None:
            self._places.advanced(self.name, here)

    async def _set_aside(self, conn: Connection, row: Row, error: str) -> None:
        await _Q.set_aside.run(
            conn,
            reader=self.name,
            xid=str(row.xid),
            position=row.position,
            arrived_on=row.arrived_on,
            event_id=row.event_id,
            error=error,
        )

    async def _cursor(self, conn: Connection) -> Cursor:
        row = await _Q.cursor.maybe(conn, reader=self.name)
        here = Cursor(0, 0, _EARLIEST)
        if row is None:
            await _Q.ensure_cursor.run(conn, reader=self.name)
        else:
            here = Cursor(row["xid"], row["position"], row["arrived_on"])
        return here if self._places is None else self._places.found(self.name, here)

    async def run(
        self, pool: Pool, stop: asyncio.Event, pulse: Pulse, tail: Tail, places: Places
    ) -> None:
        """Read until `stop`. A failing batch is tried again with pauses, then event by event."""
        self._places = places
        loop = asyncio.get_running_loop()
        failures, is_due, backoff = 0, False, 0.0
        while not stop.is_set():
            # Taken before we look, so that nothing falls between; none when we look anyway.
            seen, version = pulse.stamp, places.version
            begun, pause = loop.time(), 0.0
            try:
                if failures < TRIES:
                    passed = await self.step(pool, tail, stamp="" if is_due else seen)
                else:
                    passed = await self.step_past_poison(pool)
                failures, backoff = 0, 0.0
                is_due = False
                if not passed and self._is_held_back and self._is_in_company(places):
                    await places.wait_beyond(version, LOOK_ANYWAY_S)
                elif not passed:
                    is_due = not await pulse.wait_beyond(seen, LOOK_ANYWAY_S)
                if passed < self._most:
                    pause = self._gather_s - (loop.time() - begun)
            except Exception as cause:
                # Whatever it was, the cursor has not moved: the same rows come again.
                logger.exception("reader %s failed and will try again", self.name)
                pause = backoff = min(BACKOFF_S_MAX, max(0.1, backoff * 2))
                # A database that is away says nothing about the events.
                failures += not isinstance(cause, _AWAY)
            if pause > 0:
                await asyncio.sleep(pause)
        self._places = None

    async def catch_up(self, pool: Pool) -> None:
        """Read until level. For tests, imports and rebuilds."""
        while await self.step(pool):
            pass


async def run(readers: Iterable[Reader], pool: Pool, stop: asyncio.Event) -> None:
    """Run readers side by side until `stop`: one look wakes all, one fetch serves all."""
    readers, tail, places = tuple(readers), Tail(pool), Places()

    async def news(stamp: str) -> bool:
        reached = await tail.reached(stamp)
        return reached is None or any(one.is_before(reached) for one in readers)

    pulse = Pulse(news, tail.is_busy)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(pulse.run(pool, stop))
        for reader in readers:
            tasks.create_task(reader.run(pool, stop, pulse, tail, places))
        tasks.create_task(places.run(pool, stop))


async def lags(conn: Connection) -> dict[str, float]:
    """Seconds that each reader is behind the oldest event it has not passed; 0 when level."""
    found: dict[str, float] = {}
    for row in await _Q.cursors.all(conn):
        found[row["reader"]] = await _lag(conn, row)
    return found


async def lag_of(conn: Connection, reader: str) -> float:
    """Seconds that one reader is behind; 0 when it is level, or has not begun."""
    found = [row for row in await _Q.cursors.all(conn) if row["reader"] == reader]
    if not found:
        return 0.0
    return await _lag(conn, found[0])


async def _lag(conn: Connection, row: db.Record) -> float:
    lag = await _Q.lag.value(
        conn, xid=str(row["xid"]), position=row["position"], since=row["arrived_on"]
    )
    return float(lag or 0.0)


async def set_aside(conn: Connection) -> int:
    """How many events readers could not digest, up to 1,000."""
    return int(await _Q.count_set_aside.value(conn))
