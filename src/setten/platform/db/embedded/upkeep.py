"""PostgreSQL's own upkeep lets those who ask have the processors first.

While a business sells, tables grow, and every ten seconds those that grew much are counted anew. It
takes a third of a core for most of a second: on a machine that is nearly full, whoever asks just
then waits for what piles up behind it.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from setten.platform import behind

STEPS = 5  # it goes on on a full machine too, at a third of what the others get
_BORN = b"postgres: "  # a child that has said what it is
_UPKEEP = b"postgres: autovacuum worker"


class Upkeep:
    """The processes of one server that clean and count, put behind as they come. Linux only;
    elsewhere it does nothing."""

    def __init__(self) -> None:
        self._known: set[int] = set()

    def put_behind(self, postmaster: int) -> None:
        """Look who has come since the last look. Call often: it costs two or three reads."""
        found = _children(postmaster)
        self._known &= found
        for pid in found - self._known:
            with suppress(OSError):  # it has ended meanwhile, or is not ours to move
                title = Path(f"/proc/{pid}/cmdline").read_bytes()
                if title.startswith(_UPKEEP):
                    behind.put_behind(pid, STEPS)
                if title.startswith(_BORN):
                    self._known.add(pid)


def _children(pid: int) -> set[int]:
    try:
        return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_bytes().split()))
    except OSError:
        return set()
