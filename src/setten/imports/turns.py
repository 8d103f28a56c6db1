"""Several processes take chunks of one file at once, and commit them in the order of the file.

Each writes into its own open transaction, waits until the mark of the run stands where its chunk
begins, adds to it and commits. So a run that is killed goes on exactly where it was, however many
took part in it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from uuid import UUID

from setten.imports import resuming
from setten.imports.model import ImportStopped
from setten.imports.resuming import Mark
from setten.platform.db import Connection

_POLL_S = 0.005
HOLDS_S_MAX = 1.0  # readers of the log wait for whoever has written: half of the 2 s there are
STILL_S_MAX = 120.0  # a chunk takes half a second; nobody is at work any more


class GaveWay(Exception):
    """What was written is taken back, because somebody waits for it; to be tried when it is due."""


class Turns:
    """The order of one run. is_lost: whether a process that takes part has gone."""

    def __init__(self, run_key: UUID, is_lost: Callable[[], bool]) -> None:
        self._run_key = run_key
        self._is_lost = is_lost

    async def come(self, conn: Connection, after: int, *, holds: bool) -> Mark:
        """The mark of the run, once all rows up to the number `after` are committed.

        holds: this transaction has written. Raises GaveWay where somebody waits for what it wrote,
        as the chunk before does when both meet the same person, and ImportStopped.
        """
        began = time.monotonic()
        while True:
            done, is_waited_for = await resuming.stand(conn, self._run_key, after=after)
            if done is not None:
                return done
            waited_s = time.monotonic() - began
            if holds and (is_waited_for or waited_s > HOLDS_S_MAX):
                raise GaveWay
            if waited_s > STILL_S_MAX or self._is_lost():
                raise ImportStopped()
            await asyncio.sleep(_POLL_S)
