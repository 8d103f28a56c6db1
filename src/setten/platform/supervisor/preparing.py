"""What comes before serving, cut off in order when the installation is told to end meanwhile."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable

from setten.platform.settings import Settings

LOOK_S = 0.05  # how soon a word to end is heard
logger = logging.getLogger("setten.supervisor")
Prepare = Callable[[Settings], Awaitable[None]]


def prepare(work: Prepare | None, settings: Settings, stop: threading.Event) -> bool:
    """Do the work; False when told to end, which cancels it where it waits.

    Not by an exception out of a signal's handler: it would strike in the midst of the database
    driver's own code, which does not outlive that.
    """
    if work is not None and not stop.is_set():
        asyncio.run(_until_told(work, settings, stop))
    return not stop.is_set()


async def _until_told(work: Prepare, settings: Settings, stop: threading.Event) -> None:
    task = asyncio.ensure_future(work(settings))
    while not (await asyncio.wait([task], timeout=LOOK_S))[0]:
        if stop.is_set():
            logger.info("told to end before anything was served")
            task.cancel()
            await asyncio.wait([task])
            break
    try:
        await task
    except (asyncio.CancelledError, Exception) as cause:
        if not stop.is_set():
            raise
        logger.debug("cut off: %s", type(cause).__name__)
