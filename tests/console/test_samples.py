"""The files to begin with come in as they are, in both languages, in the order of first steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from setten import imports
from setten.console.run.samples import SAMPLES
from setten.console.run.tables import as_csv
from setten.imports import Options
from setten.platform import clock, db
from setten.platform.vault import Vault

ORDER = ("locations", "items", "stock", "receipts", "customers")


@pytest.mark.parametrize("locale", ["ja", "en"])
async def test_every_row_of_every_sample_is_taken_and_every_heading_understood(
    pool: db.Pool, vault: Vault, tmp_path: Path, locale: str
) -> None:
    assert {kind for kind, _ in SAMPLES} == set(ORDER)
    for kind in ORDER:
        table = SAMPLES[kind, locale]
        path = tmp_path / f"{kind}.csv"
        path.write_text(as_csv(kind, table[0], table[1:]).content, "utf-8")
        done = await imports.bring(
            pool, vault, imports.KINDS[kind], path, Options(), clock=clock.now
        )
        assert (done.rows, done.new) == (len(table) - 1, len(table) - 1), (kind, done)
        assert done.unused == [], kind
        assert done.not_kept == {}, kind
