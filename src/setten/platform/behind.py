"""Going behind: a process that lets all others of the machine have the processors first."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def go_behind(steps: int) -> None:
    """Take so many steps back, 0 to 19, for as long as this process lives."""
    if steps > 0:
        put_behind(os.getpid(), steps)


def put_behind(pid: int, steps: int) -> None:
    """Put another process of ours behind; with it whatever it starts from now on.

    Where Linux makes a group of each session, as most do, steps count within a group only: alone in
    its session a process would be as far in front as before, so its group takes them too.
    Raises OSError when there is no such process, or it is not ours.
    """
    os.setpriority(os.PRIO_PROCESS, pid, steps)
    if os.getsid(pid) == pid:
        with suppress(OSError):  # no such groups here, or not for us to move
            Path(f"/proc/{pid}/autogroup").write_text(str(steps))
