"""A connection that goes in the middle of an import: the part at hand is taken again, once."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from tests.imports.conftest import Bring

from setten.imports import KINDS, taking
from setten.imports.taking import Run
from setten.platform import db
from setten.platform.db.pool import DatabaseUnavailable

ROWS = 30


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three parts of ten items, one of which has a row that cannot be used."""
    monkeypatch.setattr(KINDS["items"], "rows_a_commit", 10)
    monkeypatch.setattr(taking, "_WAIT_S", 0.0)
    path = tmp_path / "goods.csv"
    rows = [f"{'' if n == 12 else f'lost-{n}'},x,{n}" for n in range(ROWS)]
    path.write_text("sku,name,price\n" + "\n".join(rows) + "\n")
    return path


@pytest.mark.parametrize("is_dry", [False, True])
async def test_a_part_whose_connection_is_ended_is_taken_again(
    bring: Bring, pool: db.Pool, file: Path, monkeypatch: pytest.MonkeyPatch, is_dry: bool
) -> None:
    kind, calls = KINDS["items"], list[int]()
    taken = kind.take

    async def ended(self: Any, conn: db.Connection, *args: Any, **options: Any) -> Any:
        calls.append(1)
        came = await taken(self, conn, *args, **options)
        if len(calls) == 2:
            pid = await conn.fetchval("select pg_backend_pid()")
            async with pool.acquire() as other:
                await other.execute("select pg_terminate_backend($1, 5000)", pid)
        return came

    monkeypatch.setattr(kind, "take", ended)
    keeps = file.with_name("refused.csv")
    done = await bring("items", file, refused_file=str(keeps), is_dry=is_dry)
    assert len(calls) == 4
    assert (done.rows, done.new, done.same, done.refused) == (ROWS, ROWS - 1, 0, 1)
    assert [one["setten_row"] for one in csv.DictReader(keeps.open(encoding="utf-8-sig"))] == ["13"]
    async with pool.acquire() as conn:
        found = await conn.fetchval("select count(*) from stock.items where sku like 'lost-%'")
    assert found == (0 if is_dry else ROWS - 1)


async def test_a_part_that_was_committed_though_nobody_heard_of_it_counts_once(
    bring: Bring, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit, calls = Run._commit, list[int]()

    async def unheard(self: Run, *args: Any, **options: Any) -> None:
        await commit(self, *args, **options)
        calls.append(1)
        if len(calls) == 2:
            raise DatabaseUnavailable

    monkeypatch.setattr(Run, "_commit", unheard)
    keeps = file.with_name("refused.csv")
    done = await bring("items", file, refused_file=str(keeps))
    assert len(calls) == 3
    assert (done.rows, done.new, done.same, done.refused) == (ROWS, ROWS - 1, 0, 1)
    assert [one["setten_row"] for one in csv.DictReader(keeps.open(encoding="utf-8-sig"))] == ["13"]


async def test_a_database_that_stays_away_is_told(
    bring: Bring, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    async def away(self: Run, *args: Any, **options: Any) -> None:
        calls.append(1)
        raise DatabaseUnavailable

    monkeypatch.setattr(Run, "_commit", away)
    with pytest.raises(DatabaseUnavailable):
        await bring("items", file)
    assert len(calls) == taking.TRIES_MAX
