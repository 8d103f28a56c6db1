"""The end of the log in memory: what one reader of a process has fetched serves the others too.

Rows that a reader may have are settled: no transaction can still add one between them. So a piece
of the log that was read once stays true, and ten readers need not read and decode it ten times.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from setten.platform import db
from setten.platform.db import Connection, Pool
from setten.platform.log.model import Cursor, Row
from setten.platform.log.service import row_of

_Q = db.load(str(Path(__file__).with_name("store.py")))
FETCH_MAX = 2_000  # as many as a reader handles at once
# A slow reader may be this far behind a quick one and still be spared its own reading.
ROWS_MAX = 10_000
BODY_CHARS_MAX = 32 * 1024 * 1024
BUSY_ROWS = 20  # in one look: 1,000 events a second or more
Place = tuple[int, int]


class Tail:
    """A piece of the log without gaps, up to where the furthest reader has fetched."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._rows: list[Row] = []
        self._places: list[Place] = []
        self._begin: Place = (0, 0)
        self._end: Cursor | None = None
        self._chars = 0
        self._looked = ""
        self._fetched = 0
        self._lock = asyncio.Lock()

    def is_busy(self) -> bool:
        """Whether many events came with the last look."""
        return self._fetched >= BUSY_ROWS

    async def after(self, was: Cursor, most: int, *, stamp: str = "") -> Sequence[Row]:
        """Up to `most` rows after `was`, in order.

        stamp: of the pulse, taken before: the database is asked once for each; "" asks it anyway.
        """
        async with self._lock:
            place = (was.xid, was.position)
            if self._end is None or place > (self._end.xid, self._end.position):
                self._start(was)
            assert self._end is not None
            is_level = place == (self._end.xid, self._end.position)
            if is_level and not (stamp and stamp == self._looked):
                await self._fetch(self._end, stamp)
            if place >= self._begin:
                begin = bisect_right(self._places, place)
                return self._rows[begin : begin + most]
        async with self._pool.acquire() as conn:
            return await read(conn, was, most)

    async def reached(self, stamp: str) -> Place | None:
        """The end of the log at this moment, fetched when it is beyond what we had.

        None while nobody has read yet. stamp: see `after`.
        """
        async with self._lock:
            if self._end is None:
                return None
            if stamp != self._looked:
                await self._fetch(self._end, stamp)
            return (self._end.xid, self._end.position)

    def _start(self, here: Cursor) -> None:
        self._rows, self._places, self._chars = [], [], 0
        self._begin, self._end, self._looked = (here.xid, here.position), here, ""

    async def _fetch(self, end: Cursor, stamp: str) -> None:
        async with self._pool.acquire() as conn:
            rows = await read(conn, end, FETCH_MAX)
        self._fetched = len(rows)
        # When it was cut short, there is more to see in the same moment.
        self._looked = stamp if len(rows) < FETCH_MAX else ""
        if not rows:
            return
        last = rows[-1]
        self._end = Cursor(last.xid, last.position, max(end.arrived_on, last.arrived_on))
        self._rows += rows
        self._places += [(row.xid, row.position) for row in rows]
        self._chars += sum(len(row.body) for row in rows)
        self._trim(len(rows))

    def _trim(self, newest: int) -> None:
        """Forget the oldest, in large pieces, but never what was just fetched."""
        if len(self._rows) <= ROWS_MAX and self._chars <= BODY_CHARS_MAX:
            return
        gone = min(len(self._rows) - newest, max(ROWS_MAX // 4, len(self._rows) // 2))
        if gone <= 0:
            return
        self._begin = self._places[gone - 1]
        self._chars -= sum(len(row.body) for row in self._rows[:gone])
        del self._rows[:gone], self._places[:gone]


async def read(conn: Connection, was: Cursor, most: int) -> list[Row]:
    """Up to `most` settled rows after a place, in order."""
    since = was.arrived_on
    if since != date.min:
        since -= timedelta(days=1)
    found = await _Q.read.all(conn, xid=str(was.xid), position=was.position, since=since, most=most)
    return [row_of(record) for record in found]
