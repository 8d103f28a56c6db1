"""A reader of the log: one ordered consumer with a cursor of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

from setten.platform import db
from setten.platform.db import Connection, Pool
from setten.platform.log.model import Cursor, Row
from setten.platform.log.service import row_of

_Q = db.load(str(Path(__file__).with_name("store.py")))
POLL_S = 0.01
BATCH_MAX = 2_000  # larger batches win no throughput and hold the log's other readers back
BACKOFF_S_MAX = 5.0
_EARLIEST = date.min

Handle = Callable[[Connection, Sequence[Row]], Awaitable[None]]
logger = logging.getLogger(__name__)


class Reader:
    """Carries one projection forward: `handle` and the cursor commit together, or not at all.

    `names`, when given, are the only events handed over (the cursor passes the others).
    """

    def __init__(
        self,
        name: str,
        handle: Handle,
        *,
        names: frozenset[str] | None = None,
        most: int = BATCH_MAX,
    ) -> None:
        self.name = name
        self._handle = handle
        self._names = names
        self._most = most

    async def step(self, pool: Pool) -> int:
        """Handle one batch and answer how many events were passed (0 when level)."""
        async with pool.acquire() as conn:
            # Read outside the transaction: a reader that waits must not hold back the others.
            was = await self._cursor(conn)
            rows = await self._read(conn, was)
        if not rows:
            return 0
        last = rows[-1]
        async with db.transaction(pool) as conn:
            moved = await _Q.advance.value(
                conn,
                reader=self.name,
                xid=str(last.xid),
                position=last.position,
                arrived_on=max(was.arrived_on, last.arrived_on),
                was_xid=str(was.xid),
                was_position=was.position,
            )
            if moved is None:  # another process passed these rows first
                return 0
            wanted = [r for r in rows if self._names is None or r.name in self._names]
            if wanted:
                await self._handle(conn, wanted)
        return len(rows)

    async def _cursor(self, conn: Connection) -> Cursor:
        row = await _Q.cursor.maybe(conn, reader=self.name)
        if row is None:
            await _Q.ensure_cursor.run(conn, reader=self.name)
            return Cursor(0, 0, _EARLIEST)
        return Cursor(row["xid"], row["position"], row["arrived_on"])

    async def _read(self, conn: Connection, was: Cursor) -> list[Row]:
        since = was.arrived_on
        if since != _EARLIEST:
            since -= timedelta(days=1)
        found = await _Q.read.all(
            conn, xid=str(was.xid), position=was.position, since=since, most=self._most
        )
        return [row_of(record) for record in found]

    async def run(self, pool: Pool, stop: asyncio.Event) -> None:
        """Read until `stop`; a failing batch is tried again with growing pauses, never skipped."""
        pause = POLL_S
        while not stop.is_set():
            try:
                pause = 0.0 if await self.step(pool) else POLL_S
            except Exception:
                # Whatever it was, the cursor has not moved: the same rows come again.
                logger.exception("reader %s failed and will try again", self.name)
                pause = min(BACKOFF_S_MAX, max(0.1, pause * 2))
            if pause:
                await asyncio.sleep(pause)

    async def catch_up(self, pool: Pool) -> None:
        """Read until level. For tests, imports and rebuilds."""
        while await self.step(pool):
            pass


async def lags(conn: Connection) -> dict[str, float]:
    """Seconds that each reader is behind the oldest event it has not passed; 0 when level."""
    found: dict[str, float] = {}
    for row in await _Q.cursors.all(conn):
        lag = await _Q.lag.value(
            conn, xid=str(row["xid"]), position=row["position"], since=row["arrived_on"]
        )
        found[row["reader"]] = float(lag or 0.0)
    return found
