"""Measures: the form that Prometheus reads, added up over processes."""

import os
import shutil
import subprocess
import sys

import pytest

ADD_ONE = """
from setten.platform import metrics
metrics.counter("things", "Things that happened.", ["kind"]).labels("odd").inc()
metrics.histogram("wait_seconds", "Time waited.").observe(0.2)
metrics.gauge("level", "How high.").set(3)
print(metrics.render().decode())
"""

FORKED = """
import os
from setten.platform import metrics
things = metrics.counter("things", "Things that happened.")
things.inc()
if os.fork() == 0:
    things.inc(10)
    os._exit(0)
os.wait()
things.inc()
print(metrics.render().decode())
"""


def run(folder, program=ADD_ONE):
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_two_processes_are_added_up(tmp_path):
    run(tmp_path)
    assert 'setten_things_total{kind="odd"} 2.0' in run(tmp_path)


def test_a_copy_of_a_process_counts_for_itself(tmp_path):
    assert "setten_things_total 12.0" in run(tmp_path, FORKED)
    assert len(list(tmp_path.glob("counter_*.db"))) == 2


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not here")
def test_promtool_finds_nothing_to_say(tmp_path):
    checked = subprocess.run(
        ["promtool", "check", "metrics"],
        input=run(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
