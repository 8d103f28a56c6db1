"""The shell script `setten`: makes its environment once, starts fast, fails in one line."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ("sh", "dirname", "readlink", "cksum", "grep", "cat", "rm", "mkdir", "basename", "flock")
# Stands for the environment's Python: notes how it was called, answers what the script asks.
STAND_IN = """#!/bin/sh
printf '%s\\n' "$*" >> "{calls}"
case "$*" in
*sysconfig*) echo "{site}" ;;
*"pip install"*) {pip} ;;
esac
"""


@pytest.fixture
def checkout(tmp_path):
    folder = tmp_path / "a checkout"
    (folder / ".venv/bin").mkdir(parents=True)
    shutil.copy(ROOT / "setten", folder)
    (folder / "requirements.lock").write_text("a==1 \\\n    --hash=sha256:00\n")
    (folder / "requirements-dev.lock").write_text("a==1 \\\n    --hash=sha256:00\nb==2\n")
    write_python(folder, "true")
    return folder


def write_python(folder, pip):
    python = folder / ".venv/bin/python"
    python.write_text(
        STAND_IN.format(calls=folder / "calls", site=folder / ".venv", pip=pip), encoding="utf-8"
    )
    python.chmod(0o755)


def run(folder, *args, cwd="/", script=None, **environment):
    return subprocess.run(
        [str(script or folder / "setten"), *args],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "LANG": "en_US.UTF-8", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def calls(folder):
    return (folder / "calls").read_text().splitlines()


def test_the_first_start_installs_with_hashes_and_the_second_only_runs(checkout):
    assert run(checkout, "demo").returncode == 0
    assert any("--require-hashes" in call for call in calls(checkout))
    (checkout / "calls").unlink()
    assert run(checkout, "keys", "list", "--json").returncode == 0
    assert calls(checkout) == ["-m setten.cli keys list --json"]


def test_a_changed_lock_installs_again(checkout):
    run(checkout, "demo")
    (checkout / "calls").unlink()
    (checkout / "requirements.lock").write_text("a==2 \\\n    --hash=sha256:11\n")
    run(checkout, "demo")
    assert any("pip install" in call for call in calls(checkout))


def test_the_test_command_installs_the_larger_lock_which_then_serves_the_others(checkout):
    run(checkout, "demo")
    (checkout / "calls").unlink()
    run(checkout, "test")
    assert any("requirements-dev.lock" in call for call in calls(checkout))
    (checkout / "calls").unlink()
    run(checkout, "demo")
    assert calls(checkout) == ["-m setten.cli demo"]


def test_it_works_from_any_folder_and_through_a_link(checkout, tmp_path):
    run(checkout, "demo")
    link = tmp_path / "bin" / "setten"
    link.parent.mkdir()
    link.symlink_to(checkout / "setten")
    assert run(checkout, "version", cwd=tmp_path, script=link).returncode == 0
    assert calls(checkout)[-1] == "-m setten.cli version"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "does not match requirements.lock"),
        ("NewConnectionError: Name or service not known", "Check the network"),
        ("ERROR: something else", "could not be installed"),
    ],
)
def test_a_failed_installation_is_one_clear_line_and_is_tried_again(checkout, said, expected):
    write_python(checkout, f"echo '{said}'; exit 1")
    done = run(checkout, "demo")
    assert done.returncode == 1
    assert expected in done.stderr.splitlines()[-1]
    assert "-m setten.cli demo" not in calls(checkout)
    write_python(checkout, "true")
    assert run(checkout, "demo").returncode == 0


@pytest.mark.parametrize(
    ("language", "expected"), [("en_US.UTF-8", "No Python 3.11"), ("ja_JP.UTF-8", "見つかりません")]
)
def test_without_python_it_says_so_in_the_readers_language(checkout, tmp_path, language, expected):
    shutil.rmtree(checkout / ".venv")
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in TOOLS:
        if found := shutil.which(name):
            (tools / name).symlink_to(found)
    done = run(checkout, "demo", PATH=str(tools), LANG=language)
    assert done.returncode == 1
    assert expected in done.stderr
    assert len(done.stderr.splitlines()) <= 2
