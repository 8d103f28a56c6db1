"""The published race suite, in short, against the running product and its two web processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.stories.town import Town

BENCH = Path(__file__).parents[2] / "bench" / "race.py"


@pytest.mark.parametrize("scenes", [("hot", "carts", "expiry"), ("zipf", "twice", "tills")])
def test_what_was_acknowledged_in_a_race_can_be_explained(
    town: Town, tmp_path: Path, scenes: tuple[str, ...]
) -> None:
    done = subprocess.run(
        [sys.executable, str(BENCH), "--url", town.process.base_url, "--key", town.key,
         "--seconds", "2", "--callers", "16", "--out", str(tmp_path),
         *(word for scene in scenes for word in ("--only", scene))],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(": explained") == len(scenes)
    for scene in scenes:
        ops = msgspec.json.Decoder().decode_lines((tmp_path / f"{scene}.jsonl").read_bytes())
        assert {op["kind"] for op in ops} >= {"hold", "release"}
    assert town.reconcile()["drifts"] == []
