"""Starting, watching and stopping the server; finding the one that runs already."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

import msgspec

from setten.platform.db.embedded import cluster as clusters
from setten.platform.db.embedded import config, unprivileged
from setten.platform.db.embedded.cluster import Cluster
from setten.platform.errors import Unavailable

Stage = Literal["making", "starting", "recovering", "ready", "gone"]
Say = Callable[[Stage, float], None]

# Recovery of 4 GB of WAL on a slow disk takes minutes; past this someone must look.
START_LIMIT_S = 900.0
# A clean stop waits for a checkpoint; then we stop asking nicely and recovery does its work.
STOP_LIMIT_S = 60.0
POLL_S = 0.02
SAY_EVERY_S = 2.0
# The old server's backends need a moment to notice that their postmaster is gone.
LAUNCHES_MAX = 40
# How long a command waits for the server that a `serve` beside it is bringing up.
NEIGHBOUR_WAIT_S = 30.0
RELAUNCH_AFTER_S = 0.25
LOG_BYTES_MAX = 10 * 1024 * 1024


class EmbeddedFailed(Unavailable):
    """The embedded database could not be started. `reason` says what it said."""

    code = "embedded_database_failed"


class RunsElsewhere(EmbeddedFailed):
    """Another process runs this data directory. facts: place."""

    code = "runs_elsewhere"


class Running(msgspec.Struct, frozen=True):
    """What commands beside the server read: who runs it, and where it listens."""

    pid: int
    socket_dir: str


class Server:
    """A PostgreSQL that we started. `dsn` holds the password: never print it."""

    def __init__(self, cluster: Cluster, lock: int) -> None:
        self._cluster = cluster
        self._lock = lock
        self._log_from = 0
        self._child = self._spawn()
        self.dsn = cluster.dsn

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        return self._child.pid

    @property
    def log_file(self) -> Path:
        """Where the server writes what it has to say."""
        return self._cluster.log_file

    def stage(self) -> Stage:
        """Where the server is now. Cheap; reads the state that the postmaster keeps in a file."""
        if self._child.poll() is not None:
            return "gone"
        lines = _postmaster_file(self._cluster)
        if len(lines) >= 8 and lines[0] == str(self.pid) and lines[7].strip() == "ready":
            return "ready"
        return "recovering" if "automatic recovery" in self._said() else "starting"

    def wait_ready(self, say: Say, *, limit_s: float = START_LIMIT_S) -> None:
        """Return when it takes connections; tell `say` the stage and the seconds every 2 s.

        A launch that ends because the old server's memory is still in use is tried again.
        Raises EmbeddedFailed.
        """
        began = said = time.monotonic()
        launches = 1
        while (stage := self.stage()) != "ready":
            now = time.monotonic()
            if stage == "gone":
                if launches >= LAUNCHES_MAX or not self._may_relaunch():
                    raise EmbeddedFailed(reason=self._last_words())
                launches += 1
                time.sleep(RELAUNCH_AFTER_S)
                self._child = self._spawn()
            if now - began > limit_s:
                self.stop(limit_s=1)
                raise EmbeddedFailed(reason=f"not ready after {limit_s:.0f} s")
            if now - said > SAY_EVERY_S:
                said = now
                say(stage, now - began)
            time.sleep(POLL_S)
        self.announce()
        say("ready", time.monotonic() - began)

    def relaunch(self) -> None:
        """Start the server again after it went away, in the same place with the same dsn.

        Does not wait: watch `stage`, then `announce`.
        """
        assert self._child.poll() is not None, "it still runs"
        _clear_stale(self._cluster)
        self._child = self._spawn()

    def revive(self, say: Say) -> None:
        """Start the server again and wait until it takes connections. Raises EmbeddedFailed."""
        self.relaunch()
        self.wait_ready(say)

    def stop(self, *, limit_s: float = STOP_LIMIT_S) -> None:
        """Stop it cleanly (open transactions are rolled back), or hard after `limit_s`."""
        for ask in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            if self._child.poll() is not None:
                break
            self._child.send_signal(ask)
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(limit_s)
        self._cluster.running_file.unlink(missing_ok=True)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _spawn(self) -> subprocess.Popen[bytes]:
        """Launch from this thread: the parent-death signal follows the thread, not the process."""
        cluster = self._cluster
        self._log_from = _turn_log(cluster.log_file)
        folders = (cluster.data, cluster.sockets)
        with (
            unprivileged.passage(cluster.account, *folders) as ((data, sockets), descriptors),
            cluster.log_file.open("ab") as log,
        ):
            wanted = config.parameters(socket_dir=sockets, memory=config.memory_mb())
            return subprocess.Popen(  # noqa: S603  # our own binaries, our own arguments
                [
                    str(cluster.binaries / "bin" / "postgres"),
                    "-D",
                    data,
                    *(x for name, value in wanted.items() for x in ("-c", f"{name}={value}")),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=descriptors,
                user=cluster.account.uid,
                group=cluster.account.gid,
                extra_groups=None if cluster.account.uid is None else [],
                env=clusters.environment(),
                cwd="/",
                start_new_session=True,  # Ctrl-C is for the supervisor, which stops us in order
                preexec_fn=unprivileged.die_with_parent(signal.SIGQUIT),
            )

    def announce(self) -> None:
        """Tell commands beside us where the server is."""
        half = self._cluster.running_file.with_suffix(".new")
        half.write_bytes(
            msgspec.json.encode(Running(self.pid, str(self._cluster.sockets))),
        )
        half.rename(self._cluster.running_file)

    def _said(self) -> str:
        with self._cluster.log_file.open("rb") as log:
            log.seek(self._log_from)
            return log.read(65536).decode(errors="replace")

    def _may_relaunch(self) -> bool:
        said = self._said()
        return "shared memory block" in said or "lock file" in said

    def _last_words(self) -> str:
        fatal = [line for line in self._said().splitlines() if "FATAL:" in line or "PANIC:" in line]
        return (fatal or ["it ended without a word"])[-1].split(":  ", 1)[-1]


def launch(data_dir: Path, *, say: Say | None = None) -> Server:
    """Make the cluster if there is none, and launch its server without waiting for it.

    Raises EmbeddedFailed, also when another process runs this data directory.
    """
    say = say or _quiet
    try:
        cluster = clusters.describe(data_dir)
        cluster.home.mkdir(parents=True, exist_ok=True)
        lock = _take_lock(cluster)
        try:
            if not cluster.data.exists():
                say("making", 0.0)
            cluster = clusters.prepare(cluster)
            _clear_stale(cluster)
            return Server(cluster, lock)
        except BaseException:
            os.close(lock)
            raise
    except (OSError, LookupError, RuntimeError) as failure:
        raise EmbeddedFailed(reason=str(failure)) from failure


def start(data_dir: Path, *, say: Say | None = None) -> Server:
    """A running server for this data directory, ready for connections at `.dsn`.

    Call it from a thread that lives as long as the server should (the main thread): when that
    thread ends, the server is told to stop at once. Raises EmbeddedFailed.
    """
    server = launch(data_dir, say=say)
    try:
        server.wait_ready(say or _quiet)
    except BaseException:
        server.stop(limit_s=5)
        raise
    return server


def attach(data_dir: Path) -> str | None:
    """The dsn of the server that another process runs on this data directory, if one does."""
    home = data_dir.resolve()
    if not (home / "running.json").exists():
        return None
    cluster = clusters.describe(data_dir)
    try:
        running = msgspec.json.decode(cluster.running_file.read_bytes(), type=Running)
    except (OSError, msgspec.DecodeError):
        return None
    return cluster.dsn if _serves(running.pid, cluster) else None


@contextmanager
def using(data_dir: Path, *, say: Say | None = None) -> Iterator[str]:
    """The dsn of the running server, or of one started for the length of the block.

    Waits for a server that another process is just starting or reviving. Raises EmbeddedFailed.
    """
    end = time.monotonic() + NEIGHBOUR_WAIT_S
    while (dsn := attach(data_dir)) is None:
        try:
            server = start(data_dir, say=say)
        except RunsElsewhere:
            if time.monotonic() > end:
                raise
            time.sleep(RELAUNCH_AFTER_S)
            continue
        try:
            yield server.dsn
        finally:
            server.stop()
        return
    yield dsn


def _quiet(stage: Stage, seconds: float) -> None:
    """For callers that show no progress."""


def _take_lock(cluster: Cluster) -> int:
    """One owner per data directory, for as long as its process lives."""
    handle = os.open(cluster.home / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as taken:
        os.close(handle)
        raise RunsElsewhere(place=str(cluster.home)) from taken
    return handle


def _postmaster_file(cluster: Cluster) -> list[str]:
    try:
        return (cluster.data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return []


def _serves(pid: int, cluster: Cluster) -> bool:
    """True when process `pid` is the postmaster of this cluster, not one with a reused number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    where = Path(f"/proc/{pid}/cwd")
    if not Path("/proc/self").exists():
        return True
    try:
        return where.samefile(cluster.data)
    except OSError:
        return False


def _clear_stale(cluster: Cluster) -> None:
    """Deal with a postmaster.pid left by kill -9, or by a server that is just going away.

    We hold the lock, so a true postmaster is an orphan. PostgreSQL refuses to start beside any
    living process of that number, and numbers are reused; so a stranger's is replaced by ours,
    which it knows as its parent's. The file itself must stay: its line about shared memory is
    what keeps a new server from starting while backends of the old one still write.
    """
    lines = _postmaster_file(cluster)
    if not lines or not lines[0].isdigit():
        return
    pid = int(lines[0])
    end = time.monotonic() + STOP_LIMIT_S
    while _serves(pid, cluster):
        if time.monotonic() > end:
            raise RuntimeError(f"an old server (process {pid}) does not go away")
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        time.sleep(RELAUNCH_AFTER_S)
    with suppress(FileNotFoundError), (cluster.data / "postmaster.pid").open("r+") as file:
        rest = file.read().split("\n", 1)[-1]
        file.seek(0)
        file.write(f"{os.getpid()}\n{rest}")
        file.truncate()


def _turn_log(log: Path) -> int:
    """Keep one older log beside the current one. Gives the size of the current."""
    try:
        size = log.stat().st_size
    except FileNotFoundError:
        return 0
    if size < LOG_BYTES_MAX:
        return size
    log.replace(log.with_suffix(".log.1"))
    return 0
