"""Inside the nursery, started as `python -m setten.platform.supervisor.cradle LINE,… MODULE…`.

Reads the modules, then forks a process for each line it is sent, until the line is closed. Nothing
else runs here: no thread, no connection; so a copy of it is as good as a process of its own.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

import msgspec

from setten.platform.supervisor import collector
from setten.platform.supervisor.nursery import READY, Wanted

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Read, say so, then bear whoever is wanted."""
    supervisor = os.getppid()
    line, *descriptors = (int(number) for number in sys.argv[1].split(","))
    for one in sys.argv[2:]:
        name, _, target = one.partition("=")
        module = importlib.import_module(name)
        if target:
            module.prepare(target)
    collector.settle_down()
    with (
        suppress(ConnectionError),  # the supervisor has ended: nobody wants anything any more
        socket.socket(fileno=line) as asked,
        asked.makefile("rb") as lines,
    ):
        asked.sendall(READY)
        for message in lines:
            wanted = msgspec.json.decode(message, type=Wanted)
            if (between := os.fork()) != 0:
                os.waitpid(between, 0)
                continue
            # Between us, and gone at once: the supervisor becomes the parent of who is born.
            between = os.getpid()
            if os.fork() != 0:
                os._exit(0)
            _be_adopted(supervisor, between)
            _live(wanted, line, descriptors)


def _live(wanted: Wanted, line: int, descriptors: Sequence[int]) -> NoReturn:
    """From here on this is the wanted process, as if it had been started anew."""
    status = 1
    try:
        os.setsid()
        os.write(line, b"%d\n" % os.getpid())
        for number in {line, *descriptors} - set(wanted.descriptors):
            os.close(number)
        os.environ.clear()
        os.environ.update(wanted.environment)
        sys.argv = list(wanted.program)
        importlib.import_module(wanted.program[0]).main()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(OSError):
            sys.stderr.flush()
            sys.stdout.flush()
        os._exit(status)


def _be_adopted(supervisor: int, between: int) -> None:
    """Become the supervisor's child, and end with it."""
    while os.getppid() == between:
        time.sleep(0.001)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
    if os.getppid() != supervisor:
        os._exit(1)


if __name__ == "__main__":
    main()
