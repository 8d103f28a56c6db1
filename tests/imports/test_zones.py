"""Moments that databases export in UTC: they are when they were, and on the shops' days."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from setten.imports import choosing, mapping, resuming
from setten.imports.kind import Setup
from setten.imports.mapping import Columns
from setten.imports.model import Options
from setten.imports.receipts import Line, Receipts
from setten.platform.vault import Vault

HEADINGS = ["location_id", "register", "sequence", "at", "sku", "qty", "amount"]


def line(vault: Vault, columns: Columns, at: object) -> Line:
    kind = Receipts(Setup(vault, columns, Options()))
    cells: list[Any] = ["ginza", "1", "7", at, "mug", "1", "500"]
    return kind.read(dict(zip(HEADINGS, cells, strict=True)))


@pytest.mark.parametrize(
    "written",
    ["2026-01-05 15:30", "2026/1/5 15:30:00", datetime(2026, 1, 5, 15, 30)],  # noqa: DTZ001
)
def test_moments_in_utc_fall_on_the_day_of_the_shop(vault: Vault, written: object) -> None:
    said = mapping.fitted("receipts", Columns(moments="UTC"), Receipts.fields, HEADINGS)
    found = line(vault, said, written)
    assert found.at == datetime.fromisoformat("2026-01-06T00:30:00+09:00")
    assert found.business_day == date(2026, 1, 6)
    night = msgspec.structs.replace(said, day_ends="26:00")
    assert line(vault, night, written).business_day == date(2026, 1, 5)


def test_a_moment_that_says_its_offset_is_taken_at_its_word(vault: Vault) -> None:
    said = mapping.fitted("receipts", Columns(moments="UTC"), Receipts.fields, HEADINGS)
    found = line(vault, said, "2026-01-05T15:30:00+09:00")
    assert found.at == datetime.fromisoformat("2026-01-05T15:30:00+09:00")


def test_the_grocers_year_ends_with_its_last_evening(vault: Vault) -> None:
    names = ["store_id", "basket_id", "transaction_timestamp", "product_id", "quantity"]
    names += ["sales_value", "retail_disc", "coupon_disc", "coupon_match_disc", "household_id"]
    said = mapping.fitted("receipts", mapping.load("completejourney"), Receipts.fields, names)
    kind = Receipts(Setup(vault, said, Options()))
    row = dict.fromkeys(names, 1) | {"transaction_timestamp": datetime(2018, 1, 1, 4, 1, 20)}  # noqa: DTZ001
    found = kind.read(row)
    assert found.business_day == date(2017, 12, 31)
    assert found.at == datetime.fromisoformat("2017-12-31T23:01:20-05:00")


def test_what_is_chosen_on_the_page_is_kept_in_the_mapping() -> None:
    fields = ["location_id", "register", "sequence", "at", "sku", "qty", "amount"]
    found = choosing.chosen(Receipts, Columns(), HEADINGS, fields, dates="ymd", moments="UTC")
    assert found.moments == "UTC"
    again = choosing.chosen(Receipts, found, HEADINGS, fields, dates="ymd", moments=None)
    assert again.moments is None


def test_a_run_of_before_is_known_again(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("sku\nmug\n")

    def key(said: object) -> object:
        return resuming.key_of(path, "stock", said, Options(), on_bytes=lambda _: None)

    before = {k: v for k, v in msgspec.to_builtins(Columns()).items() if k != "moments"}
    assert key(Columns()) == key(before)
    assert key(Columns(moments="UTC")) != key(Columns())
