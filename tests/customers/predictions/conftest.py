"""The published CDNOW data: not part of this project; read from where test data lie, if they do."""

from __future__ import annotations

import gzip
import os
from datetime import date
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DATA = Path(os.environ.get("SETTEN_TEST_DATA", ROOT.parent / "shared" / "data"))


def _day(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))


@pytest.fixture(scope="session")
def cdnow() -> list[tuple[str, date, float]]:
    """(customer, day, dollars) of the sample of 2,357 people, 6,919 purchases."""
    file = DATA / "cdnow" / "CDNOW_sample.txt.gz"
    if not file.exists():
        pytest.skip(f"no CDNOW data at {file}: set SETTEN_TEST_DATA")
    with gzip.open(file, "rt") as lines:
        rows = [line.split() for line in lines]
    return [(row[1], _day(row[2]), float(row[4])) for row in rows if row]
