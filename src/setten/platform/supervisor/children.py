"""One process that must always run: started, watched, started again, drained."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence

from setten.platform.db.embedded import unprivileged
from setten.platform.supervisor import rules
from setten.platform.supervisor.nursery import Gone, Nursery, Process, Wanted

logger = logging.getLogger("setten.supervisor")


class Child:
    """A process of ours under its name. `on_end` is told the process id of each that ended.

    program: a module with a `main()`, and the words for it.
    nursery: bears it; without one, and when there is none any more, Python is started anew.
    """

    def __init__(
        self,
        name: str,
        program: Sequence[str],
        *,
        environment: Mapping[str, str],
        nursery: Nursery | None,
        descriptors: Sequence[int] = (),
        on_end: Callable[[int], None],
    ) -> None:
        self.name = name
        self._program = tuple(program)
        self._nursery = nursery
        self._environment = dict(environment)
        self._descriptors = tuple(descriptors)
        self._on_end = on_end
        self._process: subprocess.Popen[bytes] | Process | None = None
        self._started_at = 0.0
        self._next_at = 0.0
        self._failures = 0

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process is not None else None

    @property
    def failures(self) -> int:
        """How often in a row it ended soon after its start."""
        return self._failures

    def tend(self) -> None:
        """Start it if it is due. Call often; it never waits."""
        now = time.monotonic()
        if self._process is not None and (status := self._process.poll()) is not None:
            self._note_end(status, now)
        if self._process is None and now >= self._next_at:
            self._process = self._born()
            if self._process is not None:
                self._started_at = now
                logger.info("%s runs as process %s", self.name, self._process.pid)

    def ask_to_end(self) -> None:
        """Tell it to finish what it does and end."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def wait_end(self, limit_s: float) -> None:
        """Wait for its end; after `limit_s` it is ended."""
        if self._process is None:
            return
        try:
            self._process.wait(limit_s)
        except subprocess.TimeoutExpired:
            logger.warning("%s did not end in %.0f s and is stopped", self.name, limit_s)
            self._process.kill()
            self._process.wait()
        self._process = None

    def _born(self) -> subprocess.Popen[bytes] | Process | None:
        """The process; None while the nursery still reads."""
        try:
            if self._nursery is None:
                return self._started_anew()
            if not self._nursery.is_ready():
                return None
            return self._nursery.start(Wanted(self._program, self._environment, self._descriptors))
        except Gone:
            logger.warning("%s is started without the nursery, which has ended", self.name)
            self._nursery = None
            return self._started_anew()

    def _started_anew(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603  # our own interpreter and modules
            [sys.executable, "-m", *self._program],
            env=self._environment,
            pass_fds=self._descriptors,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which ends us in order
            preexec_fn=unprivileged.die_with_parent(signal.SIGKILL),
        )

    def _note_end(self, status: int, now: float) -> None:
        assert self._process is not None
        self._failures = rules.failures_after(self._failures, lived_s=now - self._started_at)
        delay = rules.restart_delay_s(self._failures)
        how = f"signal {-status}" if status < 0 else f"status {status}"
        logger.warning("%s ended (%s); starting again in %.0f s", self.name, how, delay)
        self._on_end(self._process.pid)
        self._process = None
        self._next_at = now + delay
