"""`setten test`: everything that must hold, as one command. CI runs exactly this."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from setten.cli import terminal
from setten.platform.settings import default_workers

ROOT = Path(__file__).parents[3]
NODE = ROOT / "tests" / "node"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Each process of the tests runs a PostgreSQL and a server of its own. One more than there are
# cores, for many tests wait: for what was killed, for a limit to pass, for a page to be drawn.
PROCESSES_MAX = 3
INSTALL_LIMIT_S = 300
# A test that hangs is a test that fails; the whole has a limit too, well above the 10 min it needs.
TEST_LIMIT_S, TEST_LIMIT_LONG_S = 600, 3 * 3600
RUN_LIMIT_S, RUN_LIMIT_LONG_S = 40 * 60, 8 * 3600


class Step(msgspec.Struct, frozen=True):
    """One tool with its arguments, run in the checkout."""

    name: str
    command: tuple[str, ...]


def everything(
    paths: Annotated[list[str] | None, typer.Argument(help="Only these tests.")] = None,
    long: Annotated[bool, typer.Option("--long", help="The long form of heavy proofs.")] = False,
) -> None:
    """Style, types, layers, then unit, story and page tests in a real Chromium."""
    os.chdir(ROOT)
    if not (ROOT / "tests").is_dir():
        terminal.note("ソースの置き場所で実行してください", "Run it in a checkout of the source")
        raise typer.Exit(1)
    began = time.monotonic()
    failed, without = ([], []) if paths else _before_tests()
    with _timed("tests") as told:
        status = _pytest(paths or [], long=long, without=without)
        told.append(status == 0)
    print(f"     {'whole':<14} {time.monotonic() - began:6.1f} s", flush=True)
    if failed:
        print(f"setten test: {', '.join(failed)} failed", file=sys.stderr)
    raise typer.Exit(1 if failed else status)


def _before_tests() -> tuple[list[str], list[str]]:
    """Steps that failed, and marks of tests that cannot run. What is fetched is fetched beside."""
    with ThreadPoolExecutor(1) as beside:
        preparing = beside.submit(_prepare)
        failed = [step.name for step in _steps() if not _run(step)]
        return failed, preparing.result()


@contextmanager
def _timed(name: str) -> Iterator[list[bool]]:
    """A line that tells how a stage ended, as the block says, and how long it took."""
    began, told = time.monotonic(), list[bool]()
    try:
        yield told
    finally:
        mark = "ok  " if told and all(told) else "FAIL"
        print(f"{mark} {name:<14} {time.monotonic() - began:6.1f} s", flush=True)


def _steps() -> list[Step]:
    tools = Path(sys.executable).parent
    sources = [name for name in ("src", "tests", "bench") if (ROOT / name).is_dir()]
    return [
        Step("style", (str(tools / "ruff"), "check", "--quiet", *sources)),
        Step("format", (str(tools / "ruff"), "format", "--check", "--quiet", *sources)),
        Step("types", (str(tools / "mypy"), "--strict", "src/setten")),
        Step("layers", (str(tools / "lint-imports"),)),
    ]


def _run(step: Step) -> bool:
    """Run one step, show its time, and what it said when it failed."""
    with _timed(step.name) as told:
        try:
            done = subprocess.run(  # noqa: S603  # our own tools
                step.command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
            )
        except FileNotFoundError:
            missing = f"{step.command[0]} is missing"
            done = subprocess.CompletedProcess(step.command, 127, "", missing)
        told.append(done.returncode == 0)
    if done.returncode != 0:
        print(done.stdout + done.stderr, flush=True)
    return done.returncode == 0


def _prepare() -> list[str]:
    """Install what is missing where we may. Gives the marks of tests that cannot run."""
    without = []
    if _browser() is None:
        _apt("chromium", "fonts-noto-cjk")
    if _browser() is None:
        terminal.note(
            "Chromium がないため画面の試験を飛ばします（apt install chromium fonts-noto-cjk）",
            "No Chromium, so pages are not tested (apt install chromium fonts-noto-cjk)",
        )
        without.append("page")
    if not _schema_tool():
        terminal.note(
            "schemathesis を入れられないため API の試験を省きます",
            "schemathesis cannot be installed, so the published API is not fuzzed",
        )
        without.append("schema")
    if (NODE / "package.json").exists() and not _node_packages():
        terminal.note(
            "node・npm・部品のどれかがないため node の試験を省きます（apt install nodejs npm）",
            "node, npm or its packages are missing, so node tests are left out"
            " (apt install nodejs npm)",
        )
        without.append("node")
    return without


def _browser() -> str | None:
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def _node_packages() -> bool:
    """True when the packages named in tests/node are there, installing them if they are not."""
    marker = NODE / "node_modules" / ".installed"
    wanted = (NODE / "package.json").read_text(encoding="utf-8")
    if marker.exists() and marker.read_text(encoding="utf-8") == wanted:
        return shutil.which("node") is not None
    if shutil.which("npm") is None:
        _apt("nodejs", "npm")
    npm = shutil.which("npm")
    if npm is None:
        return False
    quiet = ("--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--loglevel=error")
    if _installs("node packages", [npm, "install", *quiet], cwd=NODE):
        marker.write_text(wanted, encoding="utf-8")
        return True
    return False


def _schema_tool() -> bool:
    """True when schemathesis is there, in an environment of its own, made when its lock changed."""
    lock, home = ROOT / "requirements-schema.lock", ROOT / ".venv-schema"
    marker = home / ".installed"
    wanted = lock.read_text(encoding="utf-8")
    if marker.exists() and marker.read_text(encoding="utf-8") == wanted:
        return True
    if not _installs("schemathesis", [sys.executable, "-m", "venv", "--clear", str(home)]):
        return False
    pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--require-hashes"]
    if not _installs("schemathesis", [*pip, "-r", str(lock)]):
        return False
    marker.write_text(wanted, encoding="utf-8")
    return True


def _apt(*packages: str) -> None:
    """Install system packages, where we are root on a Debian; elsewhere nothing happens."""
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        return
    if _installs("package lists", [apt, "update", "-qq"]):
        options = ["install", "-y", "-qq", "--no-install-recommends"]
        _installs(" ".join(packages), [apt, *options, *packages])


def _installs(what: str, command: Sequence[str], cwd: Path = ROOT) -> bool:
    terminal.note(f"入れています: {what}", f"Installing {what}")
    with _timed(what) as told:
        told.append(_ends_well(command, cwd))
    return told == [True]


def _ends_well(command: Sequence[str], cwd: Path) -> bool:
    try:
        done = subprocess.run(  # noqa: S603  # apt and npm, with our own arguments
            command,
            cwd=cwd,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=INSTALL_LIMIT_S,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _pytest(paths: list[str], *, long: bool, without: list[str]) -> int:
    """Run pytest with its own words on the screen; its summary is the last line."""
    processes = min(PROCESSES_MAX, default_workers() + 1)
    limit_s = TEST_LIMIT_LONG_S if long else TEST_LIMIT_S
    command = [sys.executable, "-m", "pytest", "-q", f"--timeout={limit_s}", *paths]
    if processes > 1 and not paths:
        # A file stays whole and in order; the longest ones begin (tests/conftest.py).
        command += ["-n", str(processes), "--dist", "loadfile", "--no-loadscope-reorder"]
    if without:
        command += ["-m", " and ".join(f"not {mark}" for mark in without)]
    if long:
        command.append("--long")
    limit_s = RUN_LIMIT_LONG_S if long else RUN_LIMIT_S
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as running:  # noqa: S603  # ours
        try:
            return running.wait(limit_s)
        except subprocess.TimeoutExpired:
            print(f"setten test: stopped after {limit_s // 60} min", file=sys.stderr)
            running.send_signal(signal.SIGINT)  # so that pytest says what it has
            with suppress(subprocess.TimeoutExpired):
                return running.wait(60) or 1
            running.kill()
            return 1
