"""One web process: Granian on the socket that the supervisor holds.

Started as `python -m setten.platform.supervisor.web TARGET DESCRIPTOR`; TARGET is `module:factory`.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import signal
import sys
from collections.abc import Callable
from typing import Any

import uvloop
from granian._granian import SocketHolder
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from setten.platform import draining, journal, settings

BACKLOG = 1024
# Live pages look at `draining` within this time and end; then the rest is let finish.
LIVE_PAGES_END_S = 1.0
# Slow senders of headers hold a connection, not a thread; still not for ever.
HEADERS_MS_MAX = 15_000
# A batch of events makes thousands of short-lived objects and no cycles: with Python's own 700 the
# collector ran for every second event. What is there after the start stays for good.
GC_OBJECTS = 50_000


class _OnSocket(Server):
    """Granian's embedded server, on a socket that exists already."""

    def __init__(self, target: object, descriptor: int) -> None:
        super().__init__(
            target,
            interface=Interfaces.ASGI,
            websockets=False,
            backlog=BACKLOG,
            http1_settings=HTTP1Settings(header_read_timeout=HEADERS_MS_MAX),
            log_enabled=False,
            log_access=False,
        )
        self._descriptor = descriptor

    def _init_shared_socket(self) -> None:
        # Granian's stubs know neither this constructor nor that the two exclude each other.
        self._ssp: Any = None
        self._shd: Any = SocketHolder(self._descriptor, False, BACKLOG)  # type: ignore[call-arg]


async def _serve(server: Server) -> None:
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    serving = asyncio.create_task(server.serve())
    asking = asyncio.create_task(asked.wait())
    await asyncio.wait({serving, asking}, return_when=asyncio.FIRST_COMPLETED)
    if not serving.done():
        draining.begin()
        await asyncio.sleep(LIVE_PAGES_END_S)
        server.stop()  # type: ignore[no-untyped-call]  # Granian's
    await serving


def _factory(target: str) -> Callable[[], Any]:
    module, _, name = target.partition(":")
    found: Callable[[], Any] = getattr(importlib.import_module(module), name)
    return found


def main() -> None:
    """Serve until SIGTERM, then finish what is underway."""
    target, descriptor = sys.argv[1], int(sys.argv[2])
    journal.configure(settings.load().log_level)
    application = _factory(target)()
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_OBJECTS, 20, 50)
    uvloop.run(_serve(_OnSocket(application, descriptor)))


if __name__ == "__main__":
    main()
