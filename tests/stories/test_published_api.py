"""The published description is true: schemathesis finds no answer that it does not describe."""

import subprocess
from pathlib import Path

import pytest

from tests.stories.town import Town

ROOT = Path(__file__).parents[2]
TOOL = ROOT / ".venv-schema" / "bin" / "st"
EXAMPLES = 3
EXAMPLES_LONG = 50


@pytest.mark.schema
@pytest.mark.skipif(not TOOL.exists(), reason="setten test puts schemathesis into .venv-schema")
def test_no_answer_of_the_api_is_outside_its_description(
    town: Town, tmp_path: Path, is_long: bool
) -> None:
    done = subprocess.run(
        [
            str(TOOL),
            "--config-file",
            str(ROOT / "tests" / "schemathesis.toml"),
            "run",
            f"{town.process.base_url}/api/openapi.json",
            "--header",
            f"Authorization: Bearer {town.key}",
            "--max-examples",
            str(EXAMPLES_LONG if is_long else EXAMPLES),
            "--request-timeout",
            "30",
            "--seed",
            "1",
            "--no-color",
            *([] if is_long else ["--phases", "coverage,fuzzing"]),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    found = done.stdout[done.stdout.find("= FAILURES =") :]
    assert done.returncode == 0, found[-6000:]
