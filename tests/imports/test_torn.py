"""Rows that cannot be read in the middle of a receipt, and moments that no clock shows."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from tests.imports.conftest import Bring
from tests.stock.conftest import Shop

from setten.imports import converting
from setten.imports.converting import BadValue
from setten.imports.model import AlreadyImported
from setten.imports.receipts import Receipts

HEAD = "location_id,register,sequence,at,sku,qty,amount\n"
LONG = "x" * 70_000


def row(sequence: str, *, at: str = "2026-01-05T10:00:00", sku: str = "mug") -> str:
    return f"ginza,6,{sequence},{at},{sku},1,100\n"


async def booked(shop: Shop) -> list[tuple[str, int]]:
    async with shop.pool.acquire() as conn:
        found = await conn.fetch("select sequence, total_minor from stock.receipts order by 1")
    return [(one["sequence"], one["total_minor"]) for one in found]


@pytest.mark.parametrize("at_once", [2, 3, 4, 5_000])
@pytest.mark.parametrize("where", [0, 1, 2, 3])
async def test_a_receipt_waits_whole_for_a_row_that_cannot_be_read(
    shop: Shop, bring: Bring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: int,
    at_once: int,
) -> None:  # fmt: skip
    monkeypatch.setattr(Receipts, "rows_a_commit", at_once)
    lines = [row("501") for _ in range(3)]
    lines.insert(where, row("501", sku=LONG))
    path, keeps = tmp_path / "x.csv", tmp_path / "refused.csv"
    path.write_text(HEAD + row("400") * 2 + row("450") * 2 + "".join(lines) + row("600") * 4
                    + row("700"))  # fmt: skip
    done = await bring("receipts", path, refused_file=str(keeps))
    found = await booked(shop)
    assert ("400", 200) in found
    assert ("700", 100) in found
    assert "501" not in dict(found)
    assert set(found) <= {("400", 200), ("450", 200), ("600", 400), ("700", 100)}, "none in part"
    kept = list(csv.DictReader(keeps.open(encoding="utf-8-sig")))
    assert len(kept) == done.refused
    assert [one["setten_reason"] for one in kept].count("cell_too_large") == 1


async def test_a_line_that_is_no_json_holds_its_receipt_back(
    shop: Shop, bring: Bring, tmp_path: Path
) -> None:
    line = ('{"location_id":"ginza","register":"6","sequence":"501","at":"2026-01-05T10:00:00",'
            '"sku":"mug","qty":1,"amount":100}\n')  # fmt: skip
    path = tmp_path / "x.ndjson"
    path.write_text(line + line.replace("100}", "}") + line)
    done = await bring("receipts", path)
    assert (done.new, done.refused) == (0, 3)
    path.write_text(line * 3)
    assert (await bring("receipts", path)).new == 3
    assert await booked(shop) == [("501", 300)]


@pytest.mark.parametrize(
    "at",
    ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+09:00", "0001-01-01 00:00:00",
     "9999-12-31", "0001-01-01T12:00:00Z", "9999-12-31 26:00"],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["receipts", "orders", "customers", "activities"])
async def test_the_end_of_all_days_refuses_its_row_alone(
    shop: Shop, bring: Bring, tmp_path: Path, at: str, kind: str
) -> None:
    path, mapping = tmp_path / "x.csv", tmp_path / "m.toml"
    mapping.write_text('day_ends = "26:00"\n')
    tables: dict[str, Any] = {
        "receipts": HEAD + row("1", at=at) + row("2"),
        "orders": f"order_id,at,user_id,sku,qty,price\n1,{at},u,mug,1,5\n2,2026-01-05,u,mug,1,5\n",
        "customers": f"user_id,updated_at\nu1,{at}\nu2,2026-01-05\n",
        "activities": f"at,user_id,subject\n{at},u,x\n2026-01-05,u,x\n",
    }
    path.write_text(tables[kind])
    done = await bring(kind, path, mapping=str(mapping))
    assert (done.new, done.refused) == (1, 1)


@pytest.mark.parametrize("written", ["昭和99年1月5日", "R99.1.5", "平成50年1月5日", "T20.1.5"])
def test_a_year_that_its_era_never_had_is_no_day(written: str) -> None:
    with pytest.raises(BadValue):
        converting.day(written)


def test_a_till_that_nobody_told_of_a_new_era_is_understood() -> None:
    assert converting.day("平成33年1月5日").year == 2021
    assert converting.day("昭和64年1月5日").year == 1989


@pytest.mark.parametrize("written", ["1_000", "1_0", "１＿０００"])
def test_no_number_has_underscores(written: str) -> None:
    with pytest.raises(BadValue):
        converting.whole(written)
    with pytest.raises(BadValue):
        converting.minor(written, "JPY")


async def test_levels_of_stock_are_set_once_however_their_file_is_read(
    shop: Shop, bring: Bring, tmp_path: Path
) -> None:
    path, mapping = tmp_path / "stock.csv", tmp_path / "m.toml"
    path.write_text("sku,location_id,qty\nmug,ginza,40\n")
    mapping.write_text('[columns]\nsku = "sku"\ngtin = []\n')
    await bring("stock", path, mapping=str(mapping))
    for how in ({}, {"mapping": str(mapping)}, {"encoding": "utf-8"}, {"is_dry": True}):
        with pytest.raises(AlreadyImported):
            await bring("stock", path, **how)
    assert (await bring("stock", path, again=True, is_dry=True)).same == 1
    assert (await bring("stock", path, again=True)).same == 1
