"""One running product for all stories of a run."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.town import KICHIJOJI, YOKOHAMA, Process, Shop, Town


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


@pytest.fixture(scope="module")
def shops(town: Town) -> list[Shop]:
    """Two shops of a story's own: one where Kichijoji is, one where Yokohama is."""
    return town.open_shops(KICHIJOJI, YOKOHAMA)


@pytest.fixture(scope="module")
def shop(shops: list[Shop]) -> Shop:
    """The nearer of the two."""
    return shops[0]
