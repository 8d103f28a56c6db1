"""One look at the database for all readers of a process: has anything been committed?

Ten readers that each ask a hundred times a second cost a tenth of a processor while nothing
happens. Whatever a reader could see changes only with the database's snapshot; and while all
readers are level, a commit without events concerns none of them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from setten.platform import db
from setten.platform.db import Pool

_Q = db.load(str(Path(__file__).with_name("store.py")))
POLL_S = 0.01
# While events stream in no reader takes up the next ones sooner, and each look brings them all.
POLL_BUSY_S = 0.02
# Who comes after some seconds of silence waits this long at most, and whoever follows 10 ms.
POLL_QUIET_S = 0.04
_QUIET_LOOKS = 300
_AWAY_S = 0.2  # the database is away; readers find that out themselves
_LOOKS = 500  # on one connection, before it goes back to the pool
logger = logging.getLogger(__name__)


News = Callable[[str], Awaitable[bool]]


class Pulse:
    """`stamp` names the snapshot seen last; it differs after any commit that may concern readers.

    news: whether a snapshot does; without it each does. is_busy: whether events stream in.
    """

    def __init__(
        self, news: News | None = None, is_busy: Callable[[], bool] = lambda: False
    ) -> None:
        self.stamp = ""
        self._looked = ""
        self._news = news
        self._is_busy = is_busy
        self._moved = asyncio.Event()

    async def wait_beyond(self, stamp: str, limit_s: float) -> bool:
        """Wait until something was committed since `stamp`; false when that took `limit_s`."""
        if self.stamp == stamp:
            # Not `wait_for`: before Python 3.12 it may swallow that we are being ended.
            with suppress(TimeoutError):
                async with asyncio.timeout(limit_s):
                    await self._moved.wait()
        return self.stamp != stamp

    async def run(self, pool: Pool, stop: asyncio.Event) -> None:
        """Look every 10 ms until `stop`; after a time without news a little less often."""
        quiet = 0
        while not stop.is_set():
            try:
                async with pool.acquire() as conn:
                    for _ in range(_LOOKS):
                        is_news = await self._look(await _Q.snapshot.value(conn))
                        quiet = 0 if is_news else quiet + 1
                        if stop.is_set():
                            break
                        await asyncio.sleep(self._pause_s(quiet))
            except db.AWAY as cause:
                logger.warning("no look at the log: %s", type(cause).__name__)
                await asyncio.sleep(_AWAY_S)
        self._tell("")

    def _pause_s(self, quiet: int) -> float:
        if quiet == 0 and self._is_busy():
            return POLL_BUSY_S
        return POLL_S if quiet < _QUIET_LOOKS else POLL_QUIET_S

    async def _look(self, snapshot: str) -> bool:
        if snapshot == self._looked:
            return False
        is_news = self._news is None or await self._news(snapshot)
        self._looked = snapshot
        if is_news:
            self._tell(snapshot)
        return is_news

    def _tell(self, stamp: str) -> None:
        if stamp != self.stamp:
            self.stamp = stamp
            # Who waits now is told; who comes later compares stamps first.
            self._moved.set()
            self._moved = asyncio.Event()
