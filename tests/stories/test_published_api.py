"""The published description is true: schemathesis finds no answer that it does not describe."""

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.town import Process, Town

ROOT = Path(__file__).parents[2]
TOOL = ROOT / ".venv-schema" / "bin" / "st"
EXAMPLES = 3
EXAMPLES_LONG = 50
CHAINS = 3
CHAINS_LONG = 40


pytestmark = [
    pytest.mark.schema,
    pytest.mark.skipif(not TOOL.exists(), reason="setten test puts schemathesis into .venv-schema"),
]


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    """A town of its own: the tool turns every knob there is, rules of identity among them."""
    with tempfile.TemporaryDirectory(prefix="setten-api-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        process = Process(folder)
        try:
            process.wait_ready()
            yield Town(process)
        finally:
            process.stop()


def test_no_answer_of_the_api_is_outside_its_description(
    town: Town, tmp_path: Path, is_long: bool
) -> None:
    look(
        town,
        tmp_path,
        EXAMPLES_LONG if is_long else EXAMPLES,
        "examples,coverage,fuzzing" if is_long else "coverage,fuzzing",
    )


def test_what_a_call_has_made_the_next_ones_go_on_with(
    town: Town, tmp_path: Path, is_long: bool
) -> None:
    """The links of the description, followed: made, looked at, changed, ended, asked for again."""
    links = [
        name
        for item in town.http.get("/api/openapi.json").json()["paths"].values()
        for operation in item.values()
        for answer in operation["responses"].values()
        for name in answer.get("links", ())
    ]
    assert len(links) > 50
    look(town, tmp_path, CHAINS_LONG if is_long else CHAINS, "stateful")


def look(town: Town, folder: Path, examples: int, phases: str) -> None:
    """Run the tool; what it finds is the failure."""
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
            str(examples),
            "--request-timeout",
            "30",
            "--seed",
            "1",
            "--no-color",
            "--phases",
            phases,
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    found = done.stdout[done.stdout.find("= FAILURES =") :]
    assert done.returncode == 0, found[-6000:]
