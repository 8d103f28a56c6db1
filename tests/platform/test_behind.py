"""Processes that let the others go first, as real processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from setten.platform import behind
from setten.platform.db.embedded import Upkeep

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has these files")


@contextmanager
def sleeping(title: str) -> Iterator[int]:
    """A process of ours under a title, alone in its session; its id."""
    with subprocess.Popen([title, "300"], executable="sleep", start_new_session=True) as child:
        try:
            # Linux tells our side that it runs a moment before it has its name.
            until = time.monotonic() + 30
            while title.encode() not in Path(f"/proc/{child.pid}/cmdline").read_bytes():
                assert time.monotonic() < until
                time.sleep(0.001)
            yield child.pid
        finally:
            child.kill()


def steps(pid: int) -> int:
    return os.getpriority(os.PRIO_PROCESS, pid)


def group(pid: int) -> str:
    """What Linux says of the group of its session; nothing where it makes none."""
    file = Path(f"/proc/{pid}/autogroup")
    return file.read_text().strip().rpartition(" ")[2] if file.exists() else ""


def test_a_process_put_behind_is_behind_among_other_sessions_too() -> None:
    with sleeping("sleep") as pid:
        was = group(pid)
        behind.put_behind(pid, 7)
        assert steps(pid) == 7
        assert group(pid) == ("7" if was else "")


def test_who_has_ended_is_no_process_to_put_behind() -> None:
    with sleeping("sleep") as pid:
        pass
    with pytest.raises(OSError):
        behind.put_behind(pid, 5)


def test_of_a_servers_processes_only_those_of_its_upkeep_stand_behind() -> None:
    with (
        sleeping("postgres: autovacuum worker setten") as counting,
        sleeping("postgres: autovacuum launcher ") as launcher,
        sleeping("postgres: setten setten [local] SELECT") as asking,
        sleeping("postgres") as unborn,
    ):
        upkeep = Upkeep()
        upkeep.put_behind(os.getpid())
        assert steps(counting) > 0
        assert [steps(pid) for pid in (launcher, asking, unborn)] == [0, 0, 0]


def test_upkeep_that_comes_later_is_seen_and_what_went_is_no_matter() -> None:
    upkeep = Upkeep()
    with sleeping("postgres: autovacuum worker a"):
        upkeep.put_behind(os.getpid())
    with sleeping("postgres: autovacuum worker b") as later:
        upkeep.put_behind(os.getpid())
        assert steps(later) > 0


def test_a_server_that_has_ended_has_no_upkeep() -> None:
    with sleeping("sleep") as pid:
        pass
    Upkeep().put_behind(pid)
