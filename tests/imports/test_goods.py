"""Items, places and levels of stock from files."""

from __future__ import annotations

import asyncio
import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.imports.conftest import Bring
from tests.stock.conftest import Shop

from setten.imports import KINDS, taking
from setten.imports.model import AlreadyImported, ImportRunning, UnreadableFile
from setten.platform import db
from setten.platform.db.pool import DatabaseUnavailable
from setten.stock import catalog, locations

ITEMS = (
    "商品コード,商品名,JANコード,販売価格,税率,ブランド\n"
    "K-1,ベルベットソファ 緑,4901234567894,\"89,800円\",10%,Setten\n"
    "K-2,マグ,,￥１，２００,8,\n"
)  # fmt: skip


async def item(pool: db.Pool, sku: str) -> catalog.Item:
    async with pool.acquire() as conn:
        return await catalog.get(conn, sku)


async def test_items_come_with_price_tax_and_gtin_and_again_nothing_changes(
    bring: Bring, pool: db.Pool, tmp_path: Path
) -> None:
    path = tmp_path / "items.csv"
    path.write_bytes(ITEMS.encode("cp932"))
    assert (await bring("items", path)).new == 2
    sofa = await item(pool, "K-1")
    assert (sofa.price_minor, sofa.currency, sofa.tax_rate) == (89_800, "JPY", Decimal("0.1"))
    assert sofa.gtin == "04901234567894"
    assert sofa.attributes == {"brand": "Setten"}
    again = await bring("items", path)
    assert (again.new, again.changed, again.same) == (0, 0, 2)


async def test_what_a_file_does_not_say_stays_as_it_is(
    bring: Bring, pool: db.Pool, tmp_path: Path
) -> None:
    path = tmp_path / "items.csv"
    path.write_text(ITEMS, "utf-8")
    await bring("items", path)
    path.write_text("sku,price\nK-1,79800\nK-2,1200\n")
    done = await bring("items", path)
    assert (done.changed, done.same) == (1, 1)
    sofa = await item(pool, "K-1")
    assert (sofa.price_minor, sofa.name_ja) == (79_800, "ベルベットソファ 緑")
    assert sofa.attributes == {"brand": "Setten"}


async def test_a_wrong_check_digit_is_refused_and_its_neighbours_are_not(
    bring: Bring, pool: db.Pool, tmp_path: Path
) -> None:
    path = tmp_path / "items.csv"
    path.write_text("sku,name,gtin\nA,a,4901234567893\nB,b,\n,c,\nD,,\n", "utf-8")
    done = await bring("items", path)
    assert (done.new, done.reasons) == (2, {"bad_gtin": 1, "empty": 1})
    assert (await item(pool, "D")).name_ja == "D"


async def test_places_come_with_hours_and_days_off(
    bring: Bring, pool: db.Pool, tmp_path: Path
) -> None:
    path = tmp_path / "shops.csv"
    path.write_text(
        "店舗コード,店名,区分,緯度,経度,営業時間,定休日\n"
        "s1,銀座店,店舗,35.67,139.76,9:30〜20:00,水曜日\n"
        "s2,倉庫,倉庫,,,,\n"
        "s3,月島店,店舗,35.67,139.76,朝から,\n",
        "utf-8",
    )
    done = await bring("locations", path)
    assert (done.new, done.reasons) == (2, {"bad_hours": 1})
    async with pool.acquire() as conn:
        found = await locations.find_many(conn, ["s1", "s2"])
    assert found["s1"].hours["thu"] == [["09:30", "20:00"]]
    assert "wed" not in found["s1"].hours
    assert found["s2"].kind == "warehouse"
    assert (await bring("locations", path)).same == 2


async def test_levels_are_compared_and_only_what_differs_is_counted(
    shop: Shop, bring: Bring, tmp_path: Path
) -> None:
    await shop.receive("mug", 10)
    await shop.make_set("tea-set", mug=2)
    path = tmp_path / "stock.csv"
    rows = ("mug,ginza,10", "sofa,ginza,3", "mug,atlantis,1", "x,ginza,1", "tea-set,ginza,5")
    path.write_text("\n".join(("sku,店舗コード,在庫数", *rows)), "utf-8")
    done = await bring("stock", path)
    assert (done.new, done.changed, done.same) == (1, 0, 1)
    assert done.reasons == {"unknown_location": 1, "unknown_item": 1, "is_a_set": 1}
    assert (await shop.balance("sofa")).on_hand == 3
    await shop.prove()


async def test_levels_of_a_file_are_set_once_unless_asked_again(
    shop: Shop, bring: Bring, tmp_path: Path
) -> None:
    path = tmp_path / "stock.csv"
    path.write_text("sku,location_id,qty\nmug,ginza,10\n")
    await bring("stock", path)
    await shop.receive("mug", 5)
    with pytest.raises(AlreadyImported):
        await bring("stock", path)
    assert (await shop.balance("mug")).on_hand == 15
    with pytest.raises(AlreadyImported):
        await bring("stock", path, is_dry=True)
    assert (await bring("stock", path, is_dry=True, again=True)).changed == 1
    assert (await bring("stock", path, again=True)).changed == 1
    assert (await shop.balance("mug")).on_hand == 10
    await shop.prove()


async def test_a_level_is_not_set_when_it_is_no_more_what_it_was(
    shop: Shop, bring: Bring, tmp_path: Path
) -> None:
    await shop.receive("mug", 9)
    path = tmp_path / "stock.csv"
    path.write_text("sku,location_id,qty,was\nmug,ginza,12,10\nmug,ginza,12,9\nlamp,ginza,2,0\n")
    done = await bring("stock", path)
    assert done.reasons == {"stock_differs": 1, "twice": 1}
    assert (await shop.balance("mug")).on_hand == 9
    assert (await shop.balance("lamp")).on_hand == 2


async def test_a_level_that_stands_there_twice_is_refused_however_far_apart(
    shop: Shop, bring: Bring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KINDS["stock"], "rows_a_commit", 2)
    path = tmp_path / "stock.csv"
    rows = ("mug,ginza,1", "sofa,ginza,2", "lamp,ginza,3", "mug,ueno,4", "mug,ginza,9")
    path.write_text("\n".join(("sku,location_id,qty", *rows)))
    done = await bring("stock", path)
    assert (done.new, done.reasons) == (4, {"twice": 1})
    assert [one.row for one in done.shown] == [5]
    assert (await shop.balance("mug")).on_hand == 1


async def test_a_level_that_stands_there_twice_is_known_to_a_run_that_goes_on(
    shop: Shop, bring: Bring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, calls = KINDS["stock"], 0
    monkeypatch.setattr(kind, "rows_a_commit", 2)
    path = tmp_path / "stock.csv"
    rows = ("mug,ginza,1", "sofa,ginza,2", "lamp,ginza,3", "mug,ueno,4", "mug,ginza,9")
    path.write_text("\n".join(("sku,location_id,qty", *rows)))
    taken = kind.take

    async def failing(*args: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if 2 <= calls < 2 + taking.TRIES_MAX:
            raise ConnectionError("gone")
        return await taken(*args, **options)

    monkeypatch.setattr(taking, "_WAIT_S", 0.0)
    monkeypatch.setattr(kind, "take", failing)
    with pytest.raises((ConnectionError, DatabaseUnavailable)):
        await bring("stock", path)
    done = await bring("stock", path, resumes=True)
    assert (done.resumed_at, done.new, done.reasons) == (2, 4, {"twice": 1})
    assert (await shop.balance("mug")).on_hand == 1


async def test_levels_of_which_none_came_in_are_not_set_before(
    shop: Shop, bring: Bring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = KINDS["stock"]
    path = tmp_path / "stock.csv"
    path.write_text("sku,location_id,qty\nmug,ginza,10\n")

    async def failing(*_: Any, **__: Any) -> Any:
        raise ConnectionError("gone")

    with monkeypatch.context() as broken:
        broken.setattr(taking, "_WAIT_S", 0.0)
        broken.setattr(kind, "take", failing)
        with pytest.raises((ConnectionError, DatabaseUnavailable)):
            await bring("stock", path)
    assert (await bring("stock", path)).new == 1


async def test_a_file_that_is_cut_off_is_told_and_what_came_before_stays(
    bring: Bring, pool: db.Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KINDS["items"], "rows_a_commit", 100)
    path = tmp_path / "items.csv.gz"
    packed = gzip.compress(("sku,name\n" + "".join(f"{n},x{n}\n" for n in range(50_000))).encode())
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(UnreadableFile):
        await bring("items", path)
    async with pool.acquire() as conn:
        done = await conn.fetchval("select rows_done from imports.runs")
        assert done == await conn.fetchval("select count(*) from stock.items") > 0
    for name in ("items.parquet", "items.csv.gz"):
        other = tmp_path / name
        other.write_bytes(b"\x1f\x8bnonsense")
        with pytest.raises(UnreadableFile):
            await bring("items", other)


async def test_one_value_that_cannot_be_stored_is_refused_alone(
    bring: Bring, pool: db.Pool, tmp_path: Path
) -> None:
    path = tmp_path / "items.ndjson"
    names = ["a\x00b" if n == 7 else "x" for n in range(40)]
    path.write_text("".join(json.dumps({"sku": f"K{n}", "name": name}) + "\n"
                            for n, name in enumerate(names)))  # fmt: skip
    done = await bring("items", path)
    assert (done.new, done.reasons) == (39, {"refused_by_database": 1})
    assert [one.row for one in done.shown] == [8]


async def test_a_run_that_failed_goes_on_behind_its_mark_and_ends_the_same(
    bring: Bring, pool: db.Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, keeps, whole = (tmp_path / name for name in ("a.csv", "kept.csv", "whole.csv"))
    kind = KINDS["items"]
    monkeypatch.setattr(kind, "rows_a_commit", 10)
    rows = [f"K{n},{'' if n % 9 else 'x'},{'no' if n % 7 == 0 else 1}\n" for n in range(95)]
    path.write_text("sku,name,price\n" + "".join(rows))
    taken, calls = kind.take, 0

    async def failing(*args: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if 5 <= calls < 5 + taking.TRIES_MAX:
            raise ConnectionError("gone")
        return await taken(*args, **options)

    monkeypatch.setattr(taking, "_WAIT_S", 0.0)
    monkeypatch.setattr(kind, "take", failing)
    with pytest.raises((ConnectionError, DatabaseUnavailable)):
        await bring("items", path, refused_file=str(keeps))
    done = await bring("items", path, refused_file=str(keeps), resumes=True)
    assert (done.resumed_at, done.rows, done.new, done.refused) == (40, 95, 81, 14)
    again = await bring("items", path, refused_file=str(whole))
    assert (again.same, again.refused) == (81, 14)
    assert again.reasons == done.reasons
    assert again.shown == done.shown
    assert keeps.read_bytes() == whole.read_bytes()


async def test_two_imports_of_one_file_do_not_run_at_once(
    bring: Bring, pool: db.Pool, tmp_path: Path
) -> None:
    path = tmp_path / "items.csv"
    path.write_text("sku,name\n" + "".join(f"{n},x\n" for n in range(5_000)))
    ends = await asyncio.gather(bring("items", path), bring("items", path), return_exceptions=True)
    refusals = [one for one in ends if isinstance(one, ImportRunning)]
    done = [one for one in ends if not isinstance(one, BaseException)]
    assert len(refusals) + len(done) == 2
    assert sum(one.new for one in done) == 5_000
