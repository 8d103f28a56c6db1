"""The supervisor, run for real: serving, mending what is killed, draining in order."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections import Counter
from pathlib import Path

import pytest

from setten.platform.supervisor import rules, service

# A web application and a background process of our own: the supervisor knows neither.
TOY = """
import asyncio, os, signal
import asyncpg
from litestar import Litestar, get
from setten.platform import draining, metrics, settings

COUNT = metrics.counter("toy_answers", "Answers given.")

@get("/healthz")
async def healthz() -> dict: return {"pid": os.getpid()}

@get("/row")
async def row() -> int:
    COUNT.inc()
    conn = await asyncpg.connect(settings.load().database_url)
    try: return await conn.fetchval("select 7")
    finally: await conn.close()

@get("/slow")
async def slow() -> str:
    COUNT.inc()
    await asyncio.sleep(1.5)
    return "done"

@get("/metrics")
async def measures() -> bytes: return metrics.render()

def web(): return Litestar([healthz, row, slow, measures])

def main():
    signal.signal(signal.SIGTERM, lambda *_: exit(0))
    while True: signal.pause()

def broken(): raise SystemExit("no application here")

def serve(port, folder, web="toy:web"):
    from setten.platform import journal, supervisor
    journal.configure("info")
    values = settings.load({"port": port, "data_dir": folder, "workers": 2}, demo=True)
    supervisor.run(supervisor.Plan(
        settings=values, web=web,
        others={name: ("toy", name) for name in ("readers", "jobs")},
        ready=lambda _: print("ready", flush=True)))

if __name__ == "__main__": main()
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Stack:
    def __init__(self, folder):
        self.folder = folder / "data"
        self.port = free_port()
        (folder / "toy.py").write_text(textwrap.dedent(TOY))
        self.log = (folder / "log").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-c", f"import toy; toy.serve({self.port}, {str(self.folder)!r})"],
            env={**os.environ, "PYTHONPATH": str(folder)},
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=self.log,
        )
        assert self.process.stdout.readline() == b"ready\n", (folder / "log").read_text()[-2000:]
        wait_for(self.all_started)  # the map is written, and the others start, behind "ready"

    def all_started(self):
        try:
            return all(self.pids().values())
        except FileNotFoundError:
            return False

    def pids(self):
        return json.loads((self.folder / "supervisor.json").read_text())

    def get(self, path, timeout=30):
        conn = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            conn.request("GET", path)
            answer = conn.getresponse()
            return answer.status, answer.read()
        finally:
            conn.close()

    def answers(self, path):
        try:
            return self.get(path)[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def answers_begun(self):
        """How many of /row and /slow, counted over all processes."""
        lines = self.get("/metrics")[1].decode().splitlines()
        found = [line for line in lines if line.startswith("setten_toy_answers_total ")]
        return float(found[0].split()[1]) if found else 0.0

    def wait_for_both(self):
        seen = set()
        wait_for(lambda: seen.add(self.get("/healthz")[1]) or len(seen) == 2)

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
        status = self.process.wait(60)
        self.process.stdout.close()
        self.log.close()
        return status


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    running = Stack(tmp_path_factory.mktemp("stack"))
    yield running
    running.end()


def wait_for(claim, limit_s=60.0):
    end = time.monotonic() + limit_s
    while not claim():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


def gone(pid):
    return not Path(f"/proc/{pid}").exists()


def test_several_processes_share_one_port(stack):
    stack.wait_for_both()


@pytest.mark.parametrize("name", ["web-1", "web-2", "readers", "jobs", "database"])
def test_a_killed_process_is_replaced_and_the_rest_keeps_serving(stack, name):
    old = stack.pids()[name]
    os.kill(old, signal.SIGKILL)
    wait_for(lambda: stack.pids().get(name) not in (None, old))
    wait_for(lambda: stack.answers("/row"))
    assert stack.process.poll() is None


def test_without_a_nursery_a_killed_process_is_replaced_all_the_same(tmp_path):
    own = Stack(tmp_path)
    before = own.pids()
    os.kill(before["nursery"], signal.SIGKILL)
    time.sleep(0.3)
    assert own.pids() == before  # those it bore are the supervisor's
    for name in ("web-1", "jobs"):
        os.kill(before[name], signal.SIGKILL)
        wait_for(lambda name=name: own.pids()[name] not in (None, before[name]))
    wait_for(lambda: own.answers("/row"))
    pids = own.pids()
    assert own.end() == 0
    assert all(gone(pid) for name, pid in pids.items() if name != "nursery")


def test_a_process_holds_the_socket_it_was_given_and_no_other_ones(stack):
    def sockets(pid):
        files = Path(f"/proc/{pid}/fd").iterdir()
        return {one.readlink().name for one in files if "socket:" in str(one.readlink())}

    def listening(pid):
        port = f":{stack.port:04X} "
        lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
        found = {f"socket:[{x[9]}]" for x in lines if f"{x[1]} ".endswith(port) and x[3] == "0A"}
        return found & sockets(pid)

    pids = stack.pids()
    assert [len(listening(pids[name])) for name in ("web-1", "web-2", "jobs")] == [1, 1, 0]
    assert listening(pids["web-1"]) != listening(pids["web-2"])


def test_connections_made_while_no_web_process_lives_wait_instead_of_failing(stack):
    for name in ("web-1", "web-2"):
        os.kill(stack.pids()[name], signal.SIGKILL)
    assert stack.get("/healthz", timeout=30)[0] == 200


def test_counts_add_up_over_processes_and_survive_the_death_of_one(stack):
    before = stack.answers_begun()
    for _ in range(20):
        stack.get("/row")
    assert stack.answers_begun() == before + 20
    os.kill(stack.pids()["web-1"], signal.SIGKILL)
    wait_for(lambda: stack.answers("/row"))
    assert stack.answers_begun() >= before + 20


def test_a_hangup_is_nothing_to_it(stack):
    stack.process.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    assert stack.answers("/healthz")


def test_at_the_end_a_running_request_is_finished_and_nothing_is_left(tmp_path):
    own = Stack(tmp_path)
    pids = own.pids()
    conn = http.client.HTTPConnection("127.0.0.1", own.port, timeout=20)
    conn.request("GET", "/slow")
    wait_for(lambda: own.answers_begun() == 1)
    own.process.terminate()
    assert conn.getresponse().read() == b"done"
    conn.close()
    assert own.end() == 0
    assert all(gone(pid) for pid in pids.values())


def test_nothing_outlives_a_supervisor_that_was_killed(tmp_path):
    own = Stack(tmp_path)
    pids = own.pids()
    own.process.kill()
    own.end()
    wait_for(lambda: all(gone(pid) for pid in pids.values()))


def test_connections_are_spread_over_the_processes(stack):
    stack.wait_for_both()  # one that was killed comes back some seconds later
    held, seen = [], Counter()
    for _ in range(40):
        conn = http.client.HTTPConnection("127.0.0.1", stack.port, timeout=30)
        conn.request("GET", "/healthz")
        seen[conn.getresponse().read()] += 1
        held.append(conn)
    for conn in held:
        conn.close()
    assert len(seen) == 2
    assert min(seen.values()) >= 4


def ended(folder, port, web="toy:web"):
    """A product of its own that is expected to end by itself."""
    (folder / "toy.py").write_text(textwrap.dedent(TOY))
    return subprocess.run(
        [sys.executable, "-c", f"import toy; toy.serve({port}, {str(folder / 'd')!r}, {web!r})"],
        env={**os.environ, "PYTHONPATH": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_web_process_that_never_starts_ends_everything_and_says_so(tmp_path):
    done = ended(tmp_path, free_port(), "toy:broken")
    assert done.returncode != 0
    assert "no application here" in done.stderr
    assert "never_started" in done.stderr
    assert done.stdout == ""


def test_a_second_one_on_the_same_port_is_refused_though_ports_can_be_shared(stack, tmp_path):
    done = ended(tmp_path, stack.port)
    assert done.returncode != 0
    assert "port_taken" in done.stderr


def test_the_first_restart_is_at_once_and_later_ones_wait_longer_up_to_half_a_minute():
    assert [rules.restart_delay_s(n) for n in (1, 2, 3, 4)] == [0, 1, 2, 4]
    assert rules.restart_delay_s(50) == rules.DELAY_S_MAX


def test_a_process_that_ran_steadily_starts_its_count_anew():
    assert rules.failures_after(5, lived_s=rules.STEADY_S) == 1
    assert rules.failures_after(5, lived_s=1) == 6


def test_a_signal_in_the_midst_of_a_wait_ends_it_and_does_not_wait_for_itself() -> None:
    with service._stop_signals() as stop:
        with stop._cond:  # where a wait of this thread is for some microseconds of each turn
            signal.raise_signal(signal.SIGTERM)
        assert stop.wait(10)
