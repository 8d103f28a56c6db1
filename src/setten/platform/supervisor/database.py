"""The database a supervisor sees to: its own child, or one of yours that it only waits for."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress

import asyncpg
import msgspec

from setten.platform import db
from setten.platform.db import embedded
from setten.platform.db.embedded import Say, Server, Stage, Upkeep
from setten.platform.db.pool import DatabaseUnavailable
from setten.platform.settings import Settings

# A database of yours may be starting beside us, as in a compose file.
WAIT_S_MAX = 60.0
_ASK_EVERY_S = 0.5
# The first tries often meet the old server's backends, which need a moment to go.
_RELAUNCH_S = (0.1, 0.25, 0.25, 0.5, 0.5, 1.0, 1.0, 2.0, 5.0)
logger = logging.getLogger("setten.supervisor")


def say_in_log(stage: Stage, seconds: float) -> None:
    """Tell the log how far the embedded database is."""
    words = {
        "making": "making a database",
        "starting": f"the database is starting ({seconds:.0f} s)",
        "recovering": f"the database is recovering from a hard stop ({seconds:.0f} s)",
        "ready": f"the database is ready ({seconds:.1f} s)",
        "gone": "the database ended",
    }
    logger.info("%s", words[stage])


class Database:
    """`settings` carries its address once `open` has returned."""

    def __init__(self, settings: Settings, say: Say) -> None:
        self.settings = settings
        self._say = say
        self._server: Server | None = None
        self._upkeep = Upkeep()
        self._down_since: float | None = None
        self._next_at = 0.0
        self._failures = 0

    @property
    def pid(self) -> int | None:
        """Process id of our own server; None for yours."""
        return self._server.pid if self._server is not None else None

    def open(self) -> None:
        """Start it, or wait for it; then bring its tables to this version.

        Raises EmbeddedFailed, DatabaseUnavailable, MigrationChanged.
        """
        if self.settings.database_url is None:
            self._server = embedded.start(self.settings.data_dir, say=self._say)
            self.settings = msgspec.structs.replace(self.settings, database_url=self._server.dsn)
        asyncio.run(migrate(str(self.settings.database_url)))

    def tend(self) -> None:
        """Bring our own server back when it ended. Call often; it never waits."""
        if self._server is None:
            return
        stage = self._server.stage()
        now = time.monotonic()
        if stage == "ready":
            self._upkeep.put_behind(self._server.pid)
            if self._down_since is not None:
                with suppress(OSError):  # a full disk must not end the one who mends
                    self._server.announce()
                logger.info("the database is back after %.1f s", now - self._down_since)
                self._down_since = None
                self._failures = 0
        elif stage == "gone" and now >= self._next_at:
            if self._down_since is None:
                self._down_since = now
                logger.warning("the database ended and is started again")
            self._failures += 1
            self._next_at = now + _RELAUNCH_S[min(self._failures, len(_RELAUNCH_S)) - 1]
            try:
                self._server.relaunch()
            except (OSError, RuntimeError) as failure:
                logger.error("the database cannot be started: %s", type(failure).__name__)

    def close(self) -> None:
        """Stop our own server cleanly."""
        if self._server is not None:
            self._server.stop()


async def migrate(dsn: str) -> list[str]:
    """Bring the database at `dsn` to this version; gives the migrations applied now.

    Waits up to a minute for a database that is still starting. Raises DatabaseUnavailable.
    """
    conn = await _connect(dsn)
    try:
        return await db.apply_migrations(conn)
    finally:
        await conn.close()


async def _connect(dsn: str) -> asyncpg.Connection[asyncpg.Record]:
    end = time.monotonic() + WAIT_S_MAX
    while True:
        try:
            return await db.connect(dsn, statement_timeout="0", lock_timeout="30s")
        except (OSError, asyncpg.CannotConnectNowError, asyncpg.TooManyConnectionsError) as cause:
            if time.monotonic() > end:
                raise DatabaseUnavailable() from cause
            await asyncio.sleep(_ASK_EVERY_S)
