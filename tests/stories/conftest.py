"""One running product for all stories of a run."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.town import Process, Town


@pytest.fixture(scope="session")
def product() -> Iterator[Process]:
    with tempfile.TemporaryDirectory(prefix="setten-story-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        process = Process(folder)
        try:
            process.wait_ready()
            yield process
        finally:
            process.stop()


@pytest.fixture(scope="session")
def town(product: Process) -> Town:
    return Town(product)
