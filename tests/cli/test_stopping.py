"""Told to end while a demo is still being filled, it ends, and leaves nothing to read about it."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

START_LIMIT_S, END_LIMIT_S = 120, 30  # a busy machine is slow, not wrong


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_demo_that_is_filled_ends_when_it_is_told_to(tmp_path, number):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    log = tmp_path / "out.log"
    with log.open("wb") as out:
        child = subprocess.Popen(
            [sys.executable, "-m", "setten.cli", "demo", "--no-open", "--workers", "1",
             "--port", port, "--data-dir", str(tmp_path / "demo"), "--days", "366"],
            stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True,
            env={"PATH": os.environ["PATH"], "LANG": "en_US.UTF-8"},
        )  # fmt: skip
        try:
            end = time.monotonic() + START_LIMIT_S
            while not (tmp_path / "demo" / "demo-chain.json").exists():  # the first day is told
                assert child.poll() is None, log.read_text()
                assert time.monotonic() < end, log.read_text()
                time.sleep(0.05)
            child.send_signal(number)
            assert child.wait(END_LIMIT_S) == 0
        finally:
            child.kill()
            child.wait()
    said = log.read_text()
    assert "Traceback" not in said
    assert "Address" not in said  # nothing was served
