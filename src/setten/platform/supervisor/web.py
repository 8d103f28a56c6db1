"""One web process: uvicorn on the socket that the supervisor holds.

Started as `python -m setten.platform.supervisor.web TARGET DESCRIPTOR`; TARGET is `module:factory`.
"""

from __future__ import annotations

import asyncio
import importlib
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import uvicorn
import uvloop

from setten.platform import draining, journal, settings
from setten.platform.supervisor import collector
from setten.platform.supervisor.connection import CONNECTIONS_MAX, IDLE_S_MAX, Connection

BACKLOG = 1024
# Live pages look at `draining` within this time and end; then the rest is let finish.
LIVE_PAGES_END_S = 1.0
FINISH_S = 15  # less than the supervisor waits
FILES = CONNECTIONS_MAX + 500  # those of the database, of measures and of pages beside them


class _Server(uvicorn.Server):
    """Uvicorn, told by us when to end."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # Signals are ours: live pages are told first, then requests underway are let finish.
        yield


def _server(application: Any) -> _Server:
    return _Server(
        uvicorn.Config(
            application,
            http=Connection,
            ws="none",
            lifespan="on",
            loop="none",
            backlog=BACKLOG,
            timeout_keep_alive=IDLE_S_MAX,
            timeout_graceful_shutdown=FINISH_S,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
        )
    )


async def _serve(server: _Server, listener: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    asking = asyncio.create_task(asked.wait())
    await asyncio.wait({serving, asking}, return_when=asyncio.FIRST_COMPLETED)
    if not serving.done():
        draining.begin()
        await asyncio.sleep(LIVE_PAGES_END_S)
        server.should_exit = True
    await serving


@cache
def prepare(target: str) -> Any:
    """The application of `module:factory`, put together once in a process and in its copies."""
    module, _, name = target.partition(":")
    found: Callable[[], Any] = getattr(importlib.import_module(module), name)
    return found()


def _allow_files() -> None:
    """As many open files as connections need, where the system lets us; often it gives 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or hard > soft:
        most = FILES if hard == resource.RLIM_INFINITY else min(hard, FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


def main() -> None:
    """Serve until SIGTERM, then finish what is underway."""
    target, descriptor = sys.argv[1], int(sys.argv[2])
    journal.configure(settings.load().log_level)
    _allow_files()
    application = prepare(target)
    collector.settle_down()
    uvloop.run(_serve(_server(application), socket.socket(fileno=descriptor)))


if __name__ == "__main__":
    main()
