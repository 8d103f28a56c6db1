"""One look at the database for all readers of a process: has anything been committed?

Ten readers that each ask a hundred times a second cost a tenth of a processor while nothing
happens. Whatever a reader could see changes only with the database's snapshot.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from pathlib import Path

from setten.platform import db
from setten.platform.db import Pool

_Q = db.load(str(Path(__file__).with_name("store.py")))
POLL_S = 0.01
_AWAY_S = 0.2  # the database is away; readers find that out themselves
_LOOKS = 500  # on one connection, before it goes back to the pool
logger = logging.getLogger(__name__)


class Pulse:
    """`stamp` names the snapshot seen last; it differs after any commit."""

    def __init__(self) -> None:
        self.stamp = ""
        self._moved = asyncio.Event()

    async def wait_beyond(self, stamp: str, limit_s: float) -> bool:
        """Wait until something was committed since `stamp`; false when that took `limit_s`."""
        if self.stamp == stamp:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._moved.wait(), limit_s)
        return self.stamp != stamp

    async def run(self, pool: Pool, stop: asyncio.Event) -> None:
        """Look every 10 ms until `stop`."""
        while not stop.is_set():
            try:
                async with pool.acquire() as conn:
                    for _ in range(_LOOKS):
                        self._tell(await _Q.snapshot.value(conn))
                        if stop.is_set():
                            break
                        await asyncio.sleep(POLL_S)
            except db.AWAY as cause:
                logger.warning("no look at the log: %s", type(cause).__name__)
                await asyncio.sleep(_AWAY_S)
        self._tell("")

    def _tell(self, stamp: str) -> None:
        if stamp != self.stamp:
            self.stamp = stamp
            # Who waits now is told; who comes later compares stamps first.
            self._moved.set()
            self._moved = asyncio.Event()
