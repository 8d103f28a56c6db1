"""Cells as people write them, headings as they call them, reasons as they read them."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import setten
from setten import imports
from setten.imports import choosing, converting, mapping
from setten.imports.converting import BadValue
from setten.imports.mapping import Columns, Field
from setten.imports.model import BadMapping, BadRow, MissingColumn
from setten.imports.proposing import proposal
from setten.platform import errors

SOURCE = Path(setten.__file__).parent


def test_every_reason_for_a_refused_row_has_words_in_both_languages() -> None:
    said: set[str] = set()
    for path in (SOURCE / "imports").glob("*.py"):
        text = path.read_text("utf-8")
        said |= set(re.findall(r'(?:BadRow|refused)\("(\w+)"', text))
        said |= set(re.findall(r'Raw\(number, \{.*?\}, "(\w+)"', text))
    for feature in ("catalog", "locations"):
        text = (SOURCE / "stock" / f"{feature}.py").read_text("utf-8")
        said |= set(re.findall(r'return "(bad_\w+|too_\w+)"', text))
    words = tomllib.loads((SOURCE / "console" / "words" / "run.toml").read_text("utf-8"))
    said |= set(words["reason"])
    assert said - imports.codes() == set()
    for code in imports.codes():
        ja, en = (imports.say(code, "qty", locale) for locale in ("ja", "en"))
        assert ja
        assert en
        assert re.search(r"[ぁ-んァ-ヶ]", ja)


@pytest.mark.parametrize(
    ("written", "yen"),
    [("1,980円", 1980), ("￥１，９８０", 1980), ("△500", -500), ("▲1,000", -1000), ("(300)", -300),
     ("-5", -5), ("0", 0), ("￥ 1,200", 1200),
     ("\\3,300", 3300), ("-\\300", -300), ("＼５００", 500)],
)  # fmt: skip
def test_yen_are_read_as_ledgers_write_them(written: str, yen: int) -> None:
    assert converting.minor(written, "JPY") == yen


@pytest.mark.parametrize("written", ["1,5", "1.5", "--5", "(-5)", "", "円", "1e99", "NaN", "十円"])
def test_what_is_no_amount_is_refused_and_never_rounded(written: str) -> None:
    with pytest.raises(BadValue):
        converting.minor(written, "JPY")


@pytest.mark.parametrize(
    "written", ["2026-01-05", "2026/1/5", "20260105", "２０２６年１月５日", "令和8年1月5日",
                "R8.1.5", "r08/01/05", "2026-01-05T23:00:00"],
)  # fmt: skip
def test_days_are_read_in_all_their_spellings(written: str) -> None:
    assert converting.day(written) == date(2026, 1, 5)


@pytest.mark.parametrize(
    "written", ["2026-01-05 0:00", "2026/1/5 00:00:00", "2026年1月5日(月)", "2026/1/5（月曜）",
                "5-Jan-2026", "Jan 5, 2026", "5 January 2026"],
)  # fmt: skip
def test_a_day_is_read_with_what_programs_put_around_it(written: str) -> None:
    assert converting.day(written) == date(2026, 1, 5)


@pytest.mark.parametrize(
    "written", ["20260105150530", "2026/1/5 15:05:30", "2026/1/5(月) 午後3:05:30",
                "2026年1月5日15時5分30秒", "2026/1/5 3:05:30 PM", "2026-01-05T06:05:30Z",
                "2026-01-05 06:05:30 UTC", "2026-01-05 15:05:30 JST", "2026-01-05 15:05:30+0900",
                "1767593130", "1767593130000", "2026-01-05 06:05:30.000 +00:00"],
)  # fmt: skip
def test_moments_are_read_in_all_their_spellings(written: str) -> None:
    at, is_night = converting.moment(written, ZoneInfo("Asia/Tokyo"))
    assert at.astimezone(ZoneInfo("Asia/Tokyo")).isoformat() == "2026-01-05T15:05:30+09:00"
    assert not is_night


@pytest.mark.parametrize(
    ("written", "read"), [("2026/1/5 午前12:10", "00:10"), ("2026/1/5 午後0:10", "12:10"),
                          ("2026/1/5 12:10 AM", "00:10"), ("2026年1月5日 9時", "09:00")],
)  # fmt: skip
def test_half_days_and_bare_hours_are_read(written: str, read: str) -> None:
    assert f"{converting.moment(written, ZoneInfo('Asia/Tokyo'))[0]:%H:%M}" == read


@pytest.mark.parametrize(
    "written", ["2026/1/5 午後13:00", "2026/1/5 10:00 12:00", "2026-01-05xyz", "2026-01-05 about 9",
                "20260105106030", "2026010510", "2026/1/5 10:00 -25:00", "1 " + " " * 60_000 + "x",
                "0000-00-00 00:00:00"],
    ids=range(9),
)  # fmt: skip
def test_what_is_no_moment_is_refused_and_never_taken_for_its_midnight(written: str) -> None:
    with pytest.raises(BadValue):
        converting.moment(written, ZoneInfo("Asia/Tokyo"))


def test_a_day_of_zeros_says_nothing() -> None:
    fields = (Field("born", "day"), Field("since", "moment"), Field("name"))
    reader = mapping.Reader(Columns(columns={one.name: one.name for one in fields}), fields)
    row = {"born": "0000-00-00", "since": "0000-00-00 00:00:00", "name": "x"}
    assert reader.read(row) == {"name": "x"}


def test_a_day_that_could_be_a_month_is_read_only_as_the_mapping_says() -> None:
    with pytest.raises(BadValue):
        converting.day("5/1/2026")
    assert converting.day("5/1/2026", "dmy") == date(2026, 1, 5)
    assert converting.day("1/5/2026", "mdy") == date(2026, 1, 5)


@pytest.mark.parametrize("written", ["昭和99999年1月1日", "2026/2/30", "R8", "今日", "9999999999"])
def test_what_is_no_day_is_refused(written: str) -> None:
    with pytest.raises(BadValue):
        converting.day(written)


def test_a_night_goes_on_beyond_midnight() -> None:
    at, is_night = converting.moment("2026/1/5 26:10", ZoneInfo("Asia/Tokyo"))
    assert at.isoformat() == "2026-01-06T02:10:00+09:00"
    assert is_night


def test_headings_are_known_whatever_their_case_width_and_signs() -> None:
    columns = ["ＪＡＮコード", "商品　名", "在庫数 ", "店舗コード"]
    found = mapping.guess("stock", imports.KINDS["stock"].fields, columns)
    assert found == {"gtin": "ＪＡＮコード", "location_id": "店舗コード", "qty": "在庫数 "}


def test_what_a_mapping_leaves_unsaid_is_taken_from_the_headings() -> None:
    fields = (Field("sku", must=True), Field("qty"))
    said = Columns(columns={"sku": "番"})
    assert mapping.fitted("stock", said, fields, ["番", "数量"]).columns == {
        "sku": "番",
        "qty": "数量",
    }


def test_a_proposal_can_be_given_back_as_a_mapping(tmp_path: Path) -> None:
    said = Columns(columns={"at": ["営業日", '時"刻'], "sku": "品番"}, moments="UTC")
    path = tmp_path / "m.toml"
    path.write_text(proposal(said), "utf-8")
    assert mapping.load(str(path)) == said


@pytest.mark.parametrize(
    "text", ['timezone = "Mars"', 'moments = "Moon"', 'dates = "ydm"', "colums = 1",
             '[converters]\nqty = "magic"', 'day_ends = "31:00"', "["],
)  # fmt: skip
def test_a_mapping_that_cannot_be_is_refused_in_words(text: str, tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_text(text)
    with pytest.raises(BadMapping):
        mapping.load(str(path))


def test_a_field_that_we_do_not_have_is_refused() -> None:
    with pytest.raises(BadMapping):
        mapping.fitted("stock", Columns(columns={"skuu": "a"}), (Field("sku"),), ["a"])


def test_a_day_and_a_time_in_two_columns_make_the_moment() -> None:
    fields = imports.KINDS["receipts"].fields
    found = mapping.guess("receipts", fields, ["営業日", "時刻", "商品コード"])
    assert found == {"business_day": "営業日", "at": ["営業日", "時刻"], "sku": "商品コード"}
    assert mapping.guess("receipts", fields, ["Date", "Time"]) == {"at": ["Date", "Time"]}
    assert mapping.guess("receipts", fields, ["営業日", "日時", "時刻"])["at"] == "日時"
    orders = imports.KINDS["orders"].fields
    assert mapping.guess("orders", orders, ["注文日", "注文時刻"])["at"] == ["注文日", "注文時刻"]


@pytest.mark.parametrize(
    ("day", "time", "moment"),
    [("2026/1/5", "9:15", "2026/1/5 9:15"), ("20260105", "915", "20260105 09:15"),
     ("2026/1/5 0:00:00", "101530", "2026/1/5 10:15:30"), ("2026/1/5", "", "2026/1/5"),
     ("2026/1/5", "2026-01-05T10:00", "2026-01-05T10:00"), ("2026/1/5", "26:10", "2026/1/5 26:10")],
)  # fmt: skip
def test_a_time_is_read_beside_its_day_as_tills_write_it(day: str, time: str, moment: str) -> None:
    reader = mapping.Reader(Columns(columns={"at": ["d", "t"]}), (Field("at"),))
    assert reader.read({"d": day, "t": time}) == {"at": moment}


def test_a_missing_column_is_named_as_its_language_heads_it() -> None:
    with pytest.raises(MissingColumn) as refused:
        mapping.fitted("receipts", None, imports.KINDS["receipts"].fields, ["店舗コード"])
    assert "レジ番号" in refused.value.facts["columns_ja"]
    assert refused.value.facts["columns"].isascii()
    fields = (Field("at", must=True),)
    with pytest.raises(MissingColumn) as refused:
        mapping.fitted("receipts", None, fields, ["時刻"])
    assert "営業日＋時刻" in refused.value.facts["columns_ja"]
    assert "date + time" in refused.value.facts["columns"]


def test_a_reason_without_a_field_has_no_empty_bracket() -> None:
    assert imports.say("bad_value", "金額", "ja") == "値を読み取れません（金額）"
    assert imports.say("bad_value", None, "ja") == "値を読み取れません"
    assert imports.say("bad_value", "", "en") == "The value cannot be read"


def test_a_choice_of_two_columns_keeps_the_business_day() -> None:
    kind = imports.KINDS["receipts"]
    columns = ["営業日", "時刻", "品番"]
    found = choosing.chosen(kind, Columns(), columns, ["at", "at", "sku"], dates="ymd")
    assert found.names("at") == ["営業日", "時刻"]
    assert found.names("business_day") == ["営業日"]
    assert choosing.field_of(found, columns) == {"営業日": "at", "時刻": "at", "品番": "sku"}


@pytest.mark.parametrize(
    ("kind", "heading", "field"),
    [("items", "Price (incl. tax)", "price"), ("items", "Price incl. tax", "price"),
     ("items", "Selling price", "price"), ("items", "Retail price", "price"),
     ("receipts", "Till no", "register"), ("receipts", "Till number", "register"),
     ("receipts", "Register no", "register"), ("items", "Japanese name", "name")],
)  # fmt: skip
def test_headings_of_english_tables_are_known(kind: str, heading: str, field: str) -> None:
    assert mapping.guess(kind, imports.KINDS[kind].fields, [heading]) == {field: heading}


def test_a_name_beside_a_japanese_one_is_the_english_one() -> None:
    found = mapping.guess("items", imports.KINDS["items"].fields, ["Name", "Japanese name"])
    assert found == {"name": "Japanese name", "name_en": "Name"}
    people = mapping.guess("customers", imports.KINDS["customers"].fields, ["Name"])
    assert people == {"name": "Name"}


def test_a_fraction_of_a_yen_is_told_as_such() -> None:
    reader = mapping.Reader(Columns(columns={"price": "税込売価"}), (Field("price", "money"),))
    with pytest.raises(BadRow) as refused:
        reader.read({"税込売価": "1980.5"})
    assert imports.say(refused.value.reason, "税込売価", "ja") == "円に端数は使えません（税込売価）"
    with pytest.raises(BadRow) as refused:
        reader.read({"税込売価": "x"})
    assert refused.value.reason == "bad_value"


def test_a_missing_column_tells_what_was_read_and_nobody_of_a_headless_file() -> None:
    fields = imports.KINDS["items"].fields
    with pytest.raises(MissingColumn) as refused:
        mapping.fitted("items", None, fields, ["品名", "税込売価", "山田花子"])
    facts = refused.value.facts
    assert "price = 税込売価" in facts["read_ja"]
    assert "山田" not in str(facts)
    _, detail = errors.say("missing_column", "en", facts)
    assert '[columns]\nsku = "its heading"' in detail


def test_a_row_is_named_below_the_headings_and_as_a_spreadsheet_has_it() -> None:
    assert imports.rows([4], has_headings=True, locale="ja") == (
        "見出しの下から4行目（表計算では5行目）")  # fmt: skip
    assert imports.rows([4], has_headings=True, locale="en") == (
        "row 4 below the headings (row 5 in a spreadsheet)")  # fmt: skip
    assert imports.rows([1, 3], has_headings=True, more=True, locale="en") == (
        "rows 1, 3 … below the headings (rows 2, 4 … in a spreadsheet)")  # fmt: skip
    assert imports.rows([4], has_headings=False, locale="en") == "line 4"


def test_items_without_a_price_are_noticed() -> None:
    assert imports.lacks_price("items", Columns(columns={"sku": "a"}))
    assert not imports.lacks_price("items", Columns(columns={"price": "a"}))
    assert not imports.lacks_price("stock", Columns())
