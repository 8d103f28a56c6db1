"""Where the readers of a process stand, and the cursors that they owe the database.

A reader that finds nothing of its own among the events need not say so fifty times a second: what
it passed over it would pass over again. It goes on in memory, and all such cursors of the process
move in one statement, soon after the first of them and then every `FLUSH_S`. So a cursor may lag
behind what its reader has passed over, for that long; it never runs ahead of what was done.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from setten.platform import db
from setten.platform.db import Pool
from setten.platform.log.model import Cursor

_Q = db.load(str(Path(__file__).with_name("store.py")))
FLUSH_S = 0.05  # `after` waits so much longer at most for a reader that has nothing to do
_COMPANY_S = 0.002  # others that saw the same rows come along
_AWAY_S = 0.5
logger = logging.getLogger(__name__)
Owed = dict[str, tuple[Cursor, Cursor]]  # what the database says, and what is to be there


class Places:
    """Shared by the readers that `run` carries; each is known by its name."""

    def __init__(self) -> None:
        self.version = 0
        self._passed: dict[str, Cursor] = {}
        self._kept: dict[str, Cursor] = {}  # what the database says, as far as we know
        self._owed: Owed = {}
        self._sent: Owed = {}
        self._is_sent = asyncio.Event()
        self._wanted = asyncio.Event()
        self._moved = asyncio.Event()

    def found(self, reader: str, kept: Cursor) -> Cursor:
        """Where a reader goes on, now that the database was asked and said `kept`."""
        if self._kept.get(reader) == kept and reader in self._passed:
            return self._passed[reader]
        # Somebody else has moved it, on or back: what we passed over counts no more.
        self._owed.pop(reader, None)
        self._kept[reader] = kept
        self._move(reader, kept)
        return kept

    def is_known(self, reader: str) -> bool:
        """False when a reader has to ask the database where it stands."""
        return reader in self._kept

    def passed(self, readers: Sequence[str]) -> tuple[int, int] | None:
        """How far the slowest of these has come; None when one of them is not ours to tell."""
        slowest: tuple[int, int] | None = None
        for reader in readers:
            here = self._passed.get(reader)
            if here is None:
                return None
            if slowest is None or (here.xid, here.position) < slowest:
                slowest = (here.xid, here.position)
        return slowest

    def pass_over(self, reader: str, here: Cursor) -> bool:
        """There was nothing for it up to `here`; the database learns of it in a moment.

        False when somebody else has moved its cursor meanwhile: it has to ask where it stands.
        """
        kept = self._kept.get(reader)
        if kept is None:
            return False
        self._owed[reader] = (kept, here)
        self._move(reader, here)
        self._wanted.set()
        return True

    async def settled(self, reader: str) -> Cursor | None:
        """What the database says of a reader that is about to move its cursor itself.

        None when that has to be asked: somebody else has moved it.
        """
        while reader in self._sent:
            await self._is_sent.wait()
        self._owed.pop(reader, None)
        return self._kept.get(reader)

    def advanced(self, reader: str, here: Cursor) -> None:
        """A reader has committed its work and its cursor."""
        self._kept[reader] = here
        self._move(reader, here)

    def forget(self, reader: str) -> None:
        """Something went wrong: the database is asked next time."""
        self._kept.pop(reader, None)

    async def wait_beyond(self, version: int, limit_s: float) -> None:
        """Wait until some reader has moved since `version`, at most `limit_s`."""
        if self.version == version:
            with suppress(TimeoutError):
                async with asyncio.timeout(limit_s):
                    await self._moved.wait()

    async def run(self, pool: Pool, stop: asyncio.Event) -> None:
        """Bring to the database what is owed, until `stop`; then once more."""
        ending = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                wanted = asyncio.create_task(self._wanted.wait())
                await asyncio.wait({wanted, ending}, return_when=asyncio.FIRST_COMPLETED)
                wanted.cancel()
                await asyncio.sleep(_COMPANY_S)
                pause = FLUSH_S if await self.flush(pool) else _AWAY_S
                await asyncio.wait({ending}, timeout=pause)
            await self.flush(pool)
        finally:
            ending.cancel()

    async def flush(self, pool: Pool) -> bool:
        """Move all cursors that are owed, in one statement; False when the database is away."""
        self._wanted.clear()
        if not self._owed:
            return True
        self._sent, self._owed = self._owed, {}
        self._is_sent.clear()
        try:
            moved = await self._send(pool)
        except db.AWAY as cause:
            logger.warning("cursors wait: %s", type(cause).__name__)
            moved = set()
        else:
            for reader, (_, here) in self._sent.items():
                if reader in moved:
                    self._kept[reader] = here
        # What did not move is somebody else's doing, or unknown: its reader asks where it stands.
        for reader in self._sent.keys() - moved:
            self._owed.pop(reader, None)
            self.forget(reader)
        # What was passed over meanwhile goes on from what is there now.
        self._owed = {one: (self._kept[one], here) for one, (_, here) in self._owed.items()}
        is_there = bool(moved) or not self._sent
        self._sent = {}
        self._is_sent.set()
        return is_there

    async def _send(self, pool: Pool) -> set[str]:
        sent = list(self._sent.items())
        async with pool.acquire() as conn:
            rows = await _Q.advance_all.all(
                conn,
                readers=[reader for reader, _ in sent],
                xids=[str(here.xid) for _, (_, here) in sent],
                positions=[here.position for _, (_, here) in sent],
                days=[here.arrived_on for _, (_, here) in sent],
                was_xids=[str(was.xid) for _, (was, _) in sent],
                was_positions=[was.position for _, (was, _) in sent],
            )
        return {row["reader"] for row in rows}

    def _move(self, reader: str, here: Cursor) -> None:
        if self._passed.get(reader) != here:
            self._passed[reader] = here
            self.version += 1
            self._moved.set()
            self._moved = asyncio.Event()
