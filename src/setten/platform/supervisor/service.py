"""The supervisor's life: socket, database, tables, processes; then mend until told to end."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import msgspec

from setten.platform import metrics
from setten.platform.db.disk import Ballast, Disk
from setten.platform.db.embedded import Say
from setten.platform.errors import Unavailable
from setten.platform.settings import Settings, to_environment
from setten.platform.supervisor.children import Child
from setten.platform.supervisor.database import Database, say_in_log
from setten.platform.supervisor.nursery import RUNS, Nursery
from setten.platform.supervisor.preparing import Prepare, prepare

TICK_S = 0.05
BALLAST_EVERY_S = 2.0
# A web process has this long to finish its requests; longer than any of their own limits.
WEB_DRAIN_S = 20.0
OTHERS_DRAIN_S = 20.0
# What runs beside the web waits for the first page, so that both do not load at once; not for ever.
OTHERS_WAIT_S = 10.0
READY_WAIT_S = 120.0
BACKLOG = 1024
# What ends this often before it ever answered is wrong, not unlucky (7 s with the waits between).
FIRST_STARTS_MAX = 5
# Elsewhere a shared port gives all connections to the one who came last.
SPREADS = sys.platform == "linux"
MAP_FILE = "supervisor.json"
ADDRESS_FILE = "address"
WEB = "setten.platform.supervisor.web"
logger = logging.getLogger("setten.supervisor")


class PortTaken(Unavailable):
    """Another program listens there already. `port` says where."""

    code = "port_taken"


class NeverStarted(Unavailable):
    """No web process stayed up long enough to answer once; each tried `times` times."""

    code = "never_started"


class Plan(msgspec.Struct, frozen=True):
    """What to run. web: `module:factory` of the ASGI application, put together before the address
    of the database is known. others: what runs beside it, by name: a module with a `main()`, and
    words for it; they start when the first page can be had.

    prepare: run once after the tables are there and before anything is served.
    ready: told once, when the first page can be had.
    say: told how far the embedded database is; the log is, when it is not given.
    """

    settings: Settings
    web: str
    others: Mapping[str, tuple[str, ...]]
    prepare: Prepare | None = None
    ready: Callable[[Settings], None] | None = None
    say: Say = say_in_log


def run(plan: Plan) -> None:
    """Serve until SIGTERM or Ctrl-C, then drain: web, what runs beside it, database.

    Raises PortTaken, EmbeddedFailed, DatabaseUnavailable before anything is served. Call it in
    the main thread: the children live as long as the thread that started them.
    """
    assert threading.current_thread() is threading.main_thread()
    settings = plan.settings
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with (
        _listening(settings) as listeners,
        _stop_signals() as stop,
        _nursery(plan, listeners) as nursery,
    ):
        database = Database(settings, plan.say)
        try:
            database.open()
            if not prepare(plan.prepare, database.settings, stop):
                return
            (settings.data_dir / ADDRESS_FILE).write_text(settings.base_url)
            web, others = _children(plan, database.settings, listeners, nursery)
            answered = _announce_when_ready(plan, database.settings, stop)
            try:
                _mend(database, web, others, nursery, stop, answered)
            finally:
                for listener in listeners:
                    listener.close()
                _drain(web, WEB_DRAIN_S)
                _drain(others, OTHERS_DRAIN_S)
                logger.info("everything has ended")
        finally:
            database.close()
            for name in (MAP_FILE, ADDRESS_FILE):
                (settings.data_dir / name).unlink(missing_ok=True)


def address(data_dir: Path) -> str | None:
    """Where browsers reach the installation that serves from this data directory, if one does."""
    try:
        return (data_dir / ADDRESS_FILE).read_text()
    except OSError:
        return None


def _environment(settings: Settings) -> dict[str, str]:
    """What our processes are told. Their measures lie in one folder, anew at each start."""
    return {
        **os.environ,
        **to_environment(settings),
        metrics.FOLDER_VARIABLE: str(settings.data_dir / "metrics"),
    }


@contextmanager
def _nursery(plan: Plan, listeners: list[socket.socket]) -> Iterator[Nursery | None]:
    """Begin early: it reads the code while the database starts."""
    folder = plan.settings.data_dir / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if not RUNS:
        yield None
        return
    preload = [f"{WEB}={plan.web}", *dict.fromkeys(program[0] for program in plan.others.values())]
    descriptors = [listener.fileno() for listener in listeners]
    nursery = Nursery(preload, _environment(plan.settings), descriptors)
    try:
        yield nursery
    finally:
        nursery.close()


def _children(
    plan: Plan, settings: Settings, listeners: list[socket.socket], nursery: Nursery | None
) -> tuple[list[Child], list[Child]]:
    """Web processes, and what runs beside them."""
    environment = _environment(settings)

    def on_end(pid: int) -> None:
        metrics.forget_process(settings.data_dir / "metrics", pid)

    web = [
        Child(
            f"web-{number}",
            (WEB, plan.web, str(listener.fileno())),
            environment=environment,
            nursery=nursery,
            descriptors=[listener.fileno()],
            on_end=on_end,
        )
        for number, listener in enumerate(listeners, 1)
    ]
    others = [
        Child(name, program, environment=environment, nursery=nursery, on_end=on_end)
        for name, program in plan.others.items()
    ]
    return web, others


def _mend(
    database: Database,
    web: list[Child],
    others: list[Child],
    nursery: Nursery | None,
    stop: threading.Event,
    answered: threading.Event,
) -> None:
    """Keep everything running until `stop`. Raises NeverStarted when nothing ever answered."""
    folder = database.settings.data_dir
    ballast = Ballast(folder, Disk(folder))
    ballast_at, others_at = 0.0, time.monotonic() + OTHERS_WAIT_S
    known: dict[str, int | None] = {}
    while not stop.is_set():
        database.tend()
        now = time.monotonic()
        for child in web:
            child.tend()
        if answered.is_set() or now >= others_at:
            for child in others:
                child.tend()
        if not answered.is_set():
            _check_first_start(web)
        running = {"database": database.pid, **{child.name: child.pid for child in (*web, *others)}}
        running["nursery"] = nursery.pid if nursery is not None else None
        if running != known:
            known = running
            with suppress(OSError):  # a full disk must not end the one who mends
                _write_map(folder, running)
        if now >= ballast_at:
            ballast_at = now + BALLAST_EVERY_S
            ballast.keep()
        stop.wait(TICK_S)


def _check_first_start(web: list[Child]) -> None:
    """A web process that cannot start at all would be started for ever, with nobody told."""
    if all(child.failures >= FIRST_STARTS_MAX for child in web):
        raise NeverStarted(times=FIRST_STARTS_MAX)


def _write_map(folder: Path, running: dict[str, int | None]) -> None:
    """Who is who among our processes, for `doctor` and for tests that end one of them."""
    half = folder / "supervisor.new"
    half.write_bytes(msgspec.json.encode({"supervisor": os.getpid(), **running}))
    half.rename(folder / MAP_FILE)


def _drain(children: list[Child], limit_s: float) -> None:
    for child in children:
        child.ask_to_end()
    end = time.monotonic() + limit_s
    for child in children:
        child.wait_end(max(0.1, end - time.monotonic()))


@contextmanager
def _listening(settings: Settings) -> Iterator[list[socket.socket]]:
    """One listening socket a web process, open here too, so that none is lost with its process.

    The kernel spreads connections over them. With one socket for all, whoever woke first took
    most of a burst: of 16 connections, 13 at one process while the other was idle.
    """
    with ExitStack() as opened:
        if SPREADS:
            # Sockets that share a port share it with strangers too, so ask alone first.
            with _bound(settings, shared=False):
                pass
            listeners = [
                opened.enter_context(_bound(settings, shared=True)) for _ in range(settings.workers)
            ]
        else:
            listeners = [opened.enter_context(_bound(settings, shared=False))] * settings.workers
        for listener in listeners:
            listener.listen(BACKLOG)
            listener.setblocking(False)  # the event loop waits for it, not in it
        yield listeners


def _bound(settings: Settings, *, shared: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        bound.bind((settings.host, settings.port))
    except OSError as cause:
        bound.close()
        raise PortTaken(host=settings.host, port=settings.port, reason=cause.strerror) from None
    return bound


@contextmanager
def _stop_signals() -> Iterator[threading.Event]:
    """SIGTERM and Ctrl-C set the event; SIGHUP (a closed terminal) is nothing to us."""
    stop = threading.Event()

    def end(*_: object) -> None:
        # Not here: this thread may hold the event's own lock just now, and would wait for itself.
        threading.Thread(target=stop.set, daemon=True).start()

    taken = {
        signal.SIGTERM: end,
        signal.SIGINT: end,
        signal.SIGHUP: lambda *_: None,
    }
    before = {number: signal.signal(number, do) for number, do in taken.items()}
    try:
        yield stop
    finally:
        for number, do in before.items():
            signal.signal(number, do)


def _announce_when_ready(plan: Plan, settings: Settings, stop: threading.Event) -> threading.Event:
    """Tell `plan.ready` once a page can be had. The event is set then."""
    answered = threading.Event()
    address = f"http://{_reachable(settings.host)}:{settings.port}/healthz"

    def wait() -> None:
        end = time.monotonic() + READY_WAIT_S
        while not stop.is_set() and time.monotonic() < end:
            if _answers(address):
                answered.set()
                if plan.ready is not None:
                    plan.ready(settings)
                return
            stop.wait(TICK_S)
        if not stop.is_set():
            logger.error("nothing answers at %s after %.0f s", address, READY_WAIT_S)

    threading.Thread(target=wait, daemon=True).start()
    return answered


def _reachable(host: str) -> str:
    own = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104  # compared, not bound
    return f"[{own}]" if ":" in own and not own.startswith("[") else own


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310  # our own address
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
