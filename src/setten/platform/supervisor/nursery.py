"""Where our processes are born on Linux: one reads the code once, the others are copies of it.

Each would spend one or two seconds of a core on the same modules and the same web application. The
nursery does that once, beside the start of the database, and forks a process in milliseconds: at
the start, and when one is replaced. It is a help and never needed: without it a process is started
anew (children.py), and those it bore do not end with it, for they are the supervisor's children.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import msgspec

from setten.platform.db.embedded import unprivileged

RUNS = sys.platform == "linux"
READY = b"ready\n"
_MODULE = "setten.platform.supervisor.cradle"
READ_S = 60.0  # what takes longer stands still
ANSWER_S = 5.0  # a fork takes milliseconds; on a machine that has much else to do, some more
END_S = 2.0
POLL_S = 0.02
_PR_SET_CHILD_SUBREAPER = 36


class Gone(Exception):
    """There is no nursery any more, or it does not answer."""


class Wanted(msgspec.Struct, frozen=True):
    """A process that is asked for: `python -m program[0] program[1:]` with these."""

    program: tuple[str, ...]
    environment: dict[str, str]
    descriptors: tuple[int, ...]


class Process:
    """A child of ours that the nursery bore; to be used like one of `subprocess`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._status: int | None = None

    def poll(self) -> int | None:
        """Its status when it has ended, negative for a signal."""
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._status = os.waitstatus_to_exitcode(status) if pid else None
        return self._status

    def wait(self, timeout: float | None = None) -> int:
        """Its status, once it has ended. Raises subprocess.TimeoutExpired."""
        end = time.monotonic() + timeout if timeout is not None else None
        while (status := self.poll()) is None:
            if end is not None and time.monotonic() > end:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            time.sleep(POLL_S)
        return status

    def send_signal(self, number: int) -> None:
        """Nothing when it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


class Nursery:
    """The supervisor's side of it."""

    def __init__(
        self, preload: Sequence[str], environment: Mapping[str, str], descriptors: Sequence[int]
    ) -> None:
        """preload: modules to read; `module=target` calls its `prepare(target)` too.

        descriptors: all that some process will be given; the others close them.
        """
        self._line, theirs = socket.socketpair()
        self._line.settimeout(ANSWER_S)
        self._said = self._line.makefile("rb")
        self._is_ready = self._is_gone = False
        self._begun = time.monotonic()
        numbers = (theirs.fileno(), *descriptors)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and modules
                [sys.executable, "-m", _MODULE, ",".join(map(str, numbers)), *preload],
                env=dict(environment),
                pass_fds=numbers,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=unprivileged.die_with_parent(signal.SIGKILL),
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def is_ready(self) -> bool:
        """Whether it has read everything. Never waits. Raises Gone."""
        if not self._is_ready and select.select([self._line], [], [], 0)[0]:
            self._is_ready = self._said.readline() == READY
            self._is_gone = not self._is_ready
        is_stuck = not self._is_ready and time.monotonic() > self._begun + READ_S
        if self._is_gone or is_stuck:
            raise Gone
        return self._is_ready

    def start(self, wanted: Wanted) -> Process:
        """A new process. Raises Gone."""
        try:
            with _adopting():
                self._line.sendall(msgspec.json.encode(wanted) + b"\n")
                return Process(int(self._said.readline()))
        except (OSError, ValueError) as cause:
            self._is_gone = True
            raise Gone from cause

    def close(self) -> None:
        """End it; those it bore go on."""
        self._said.close()
        self._line.close()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def _adopting() -> Iterator[None]:
    """Meanwhile, whoever below us loses its parent becomes our child, and not init's."""
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)
    try:
        yield
    finally:
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 0)
