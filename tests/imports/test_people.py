"""Customers and contacts from files: to the vault, found by what they told, once."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.imports.conftest import Bring

from setten.imports.model import MissingColumn
from setten.platform import db
from setten.platform.vault import Vault, normalise

TOKYO = ZoneInfo("Asia/Tokyo")
HEAD = (
    "会員番号,氏名,フリガナ,メールアドレス,携帯電話番号,生年月日,郵便番号,都道府県,市区町村,番地,"
    "性別,備考\n"
)
ANN = (
    "A-001,山田 花子,ﾔﾏﾀﾞ ﾊﾅｺ,hanako@example.jp,090-1234-5678,昭和60年4月1日,1500001,東京都,渋谷区,"
    "神宮前1-1,女性,常連\n"
)
BO = "A-002,佐藤 健,サトウ ケン,,9012345679,1990/2/3,060-0001,北海道,札幌市,中央区1,男性,\n"


async def events(pool: db.Pool) -> list[db.Record]:
    async with pool.acquire() as conn:
        return await conn.fetch("select name, body, identifiers, occurred_at from log.events")


async def traits(pool: db.Pool, vault: Vault, kind: str, value: str) -> dict[str, object]:
    async with pool.acquire() as conn:
        numbers = await vault.find(conn, [normalise(kind, value)])
        found = await vault.traits(conn, list(numbers.values()))
    return {one.field: one.value for one in found}


@pytest.mark.parametrize(
    ("codec", "told"), [("cp932", "CP932 (Shift_JIS)"), ("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"),
                        ("utf-16", "UTF-16")],
)  # fmt: skip
async def test_a_japanese_members_file_is_read_by_its_headings(
    bring: Bring, pool: db.Pool, vault: Vault, tmp_path: Path, codec: str, told: str
) -> None:
    path = tmp_path / "members.csv"
    path.write_bytes((HEAD + ANN + BO).encode(codec))
    done = await bring("customers", path)
    assert (done.new, done.refused, done.encoding) == (2, 0, told)
    assert done.mapping["loyalty_card"] == ["会員番号"]
    assert done.unused == ["備考"]
    ann = await traits(pool, vault, "loyalty_card", "A-001")
    assert ann["name"] == "山田 花子"
    assert ann["kana"] == "ヤマダ ハナコ"
    assert ann["birthday"] == "1985-04-01"
    assert ann["address"] == "東京都渋谷区神宮前1-1"
    assert (await traits(pool, vault, "loyalty_card", "A-002"))["phone"] == "09012345679"


async def test_nothing_of_a_person_stands_in_the_log_or_in_the_mark_of_the_run(
    bring: Bring, pool: db.Pool, tmp_path: Path
) -> None:
    path = tmp_path / "members.csv"
    path.write_text(HEAD + ANN, "utf-8")
    await bring("customers", path)
    async with pool.acquire() as conn:
        runs = await conn.fetch("select * from imports.runs")
    said = str([dict(row) for row in await events(pool)]) + str([dict(row) for row in runs])
    for word in ("山田", "ヤマダ", "hanako", "1234", "1985", "神宮前", "A-001"):
        assert word not in said


async def test_the_same_rows_again_are_the_same_and_a_changed_one_is_new(
    bring: Bring, pool: db.Pool, vault: Vault, tmp_path: Path
) -> None:
    path = tmp_path / "members.csv"
    path.write_text(HEAD + ANN + BO + ANN, "utf-8")
    first = await bring("customers", path)
    assert (first.new, first.same) == (2, 1)
    path.write_text(HEAD + ANN.replace("神宮前1-1", "神宮前2-2") + BO, "utf-8")
    again = await bring("customers", path)
    assert (again.new, again.same) == (1, 1)
    assert len(await events(pool)) == 3
    assert "神宮前2-2" in str((await traits(pool, vault, "loyalty_card", "A-001"))["address"])


async def test_a_row_that_names_nobody_is_refused_with_its_reason_alone(
    bring: Bring, tmp_path: Path
) -> None:
    path, keeps = tmp_path / "members.csv", tmp_path / "refused.csv"
    path.write_text(HEAD + ",名無し,,,,,,,,,,\n" + BO + "A-9,x,,,,13月,,,,,,\n", "utf-8")
    done = await bring("customers", path, refused_file=str(keeps))
    assert (done.new, done.refused) == (1, 2)
    assert done.reasons == {"no_identifier": 1, "bad_value": 1}
    assert [(one.row, one.reason, one.field) for one in done.shown] == [
        (1, "no_identifier", None), (3, "bad_value", "birthday")]  # fmt: skip
    assert "名無し" in keeps.read_text("utf-8-sig")


async def test_a_row_that_comes_twice_is_one_newcomer_in_a_dry_run_as_in_the_true_one(
    bring: Bring, tmp_path: Path
) -> None:
    """However far apart they stand: each transaction of a dry run is taken back."""
    path = tmp_path / "members.csv"
    rows = "".join(f"CS{n},m{n}@example.jp\n" for n in range(2_001))
    path.write_text(f"顧客ID,メールアドレス\n{rows}CS7,m7@example.jp\n", "utf-8")

    tried = await bring("customers", path, is_dry=True)
    done = await bring("customers", path)

    assert (tried.new, tried.same) == (done.new, done.same) == (2_001, 1)


async def test_a_dry_run_tells_what_would_come_and_leaves_nothing(
    bring: Bring, pool: db.Pool, tmp_path: Path
) -> None:
    path, keeps = tmp_path / "members.csv", tmp_path / "refused.csv"
    path.write_text(HEAD + ANN + BO + ",x,,,,,,,,,,\n", "utf-8")
    done = await bring("customers", path, is_dry=True, refused_file=str(keeps))
    assert (done.new, done.refused, done.is_dry) == (2, 1, True)
    async with pool.acquire() as conn:
        for table in ("log.events", "vault.identifiers", "vault.traits", "imports.runs",
                      "ingest.sources"):  # fmt: skip
            assert await conn.fetchval(f"select count(*) from {table}") == 0, table


async def test_a_file_packed_by_gzip_and_parted_by_tabs_is_read(
    bring: Bring, tmp_path: Path
) -> None:
    path = tmp_path / "members.tsv.gz"
    path.write_bytes(gzip.compress((HEAD + ANN).replace(",", "\t").encode()))
    assert (await bring("customers", path)).new == 1


async def test_long_rows_and_broken_letters_are_refused_alone_and_short_rows_are_read(
    bring: Bring, tmp_path: Path
) -> None:
    path = tmp_path / "members.csv"
    rest = b"A-3,\xff\xfe,,,,,,,,,,\nA-4,short\n\n" + BO.encode() + b"A-5,,,,,,,,,,,,x\n"
    path.write_bytes((HEAD + ANN * 16_000).encode() + rest)
    done = await bring("customers", path)
    assert done.reasons == {"bad_letters": 1, "too_many_cells": 1}
    assert (done.new, done.rows) == (3, 16_004)


async def test_a_file_without_headings_that_we_know_is_refused_before_its_first_row(
    bring: Bring, tmp_path: Path
) -> None:
    path = tmp_path / "till.csv"
    path.write_text("山田花子,090-1234-5678\n佐藤,080-1111-2222\n", "utf-8")
    with pytest.raises(MissingColumn) as refused:
        await bring("items", path)
    assert "山田" not in str(refused.value.facts)


async def test_a_crm_contact_and_its_mail_are_one_and_its_id_is_no_login(
    bring: Bring, pool: db.Pool, vault: Vault, tmp_path: Path
) -> None:
    path = tmp_path / "contacts.csv"
    path.write_text(
        "Id,LastName,FirstName,Email,Phone,MailingPostalCode,Score\n"
        "0035g,Yamada,Hanako,h@example.jp,03-1234-5678,150-0001,7\n"
    )
    columns = tmp_path / "crm.toml"
    columns.write_text('[more]\nlead_score = "Score"\n')
    assert (await bring("contacts", path, system="crm", mapping=str(columns))).new == 1
    async with pool.acquire() as conn:
        kinds = await conn.fetch("select kind from vault.identifiers order by kind")
    assert [row["kind"] for row in kinds] == ["anonymous_id", "email", "phone"]
    (row,) = await events(pool)
    assert '"lead_score"' in row["body"]
    assert (await traits(pool, vault, "email", "h@example.jp"))["last_name"] == "Yamada"


async def test_a_value_that_cannot_be_used_is_told_and_the_row_is_kept(bring, tmp_path, pool):
    path = tmp_path / "members.csv"
    path.write_text("会員番号,メール,電話\nW-1,sakura@@x,090-1111-2222\nW-2,a@example.jp,0\n")
    for is_dry in (True, False):
        done = await bring("customers", path, is_dry=is_dry)
        assert (done.new, done.refused, done.not_kept) == (2, 0, {"email": 1, "phone": 1})
    for row in await pool.fetch("select * from imports.runs"):
        assert "sakura" not in str(dict(row))


async def test_somebody_is_known_since_they_registered_and_the_newer_word_is_of_the_update(
    bring, tmp_path, pool, vault
):
    path = tmp_path / "members.csv"
    head = "会員番号,氏名,登録日,更新日\n"
    path.write_text(head + "W-9,佐藤 葵,2019/4/1,2024/6/2\nW-8,森 楓,2020/1/1,2020/1/1\n")
    done = await bring("customers", path)
    assert (done.rows, done.new) == (2, 2)
    days = sorted(row["occurred_at"].astimezone(TOKYO).date() for row in await events(pool))
    assert days == [date(2019, 4, 1), date(2020, 1, 1), date(2024, 6, 2)]
    assert (await traits(pool, vault, "loyalty_card", "W-9"))["name"] == "佐藤 葵"

    path.write_text(head + "W-9,鈴木 葵,2019/4/1,2025/6/2\n")
    assert (await bring("customers", path)).new == 1
    assert len(await events(pool)) == 4  # the day of 2019 is the same event
    assert (await traits(pool, vault, "loyalty_card", "W-9"))["name"] == "鈴木 葵"
    assert (await bring("customers", path)).same == 1


WITH_CITY = "会員番号,都道府県,市区町村,住所"
WESTERN = "Member no,Prefecture,City,Address"


@pytest.mark.parametrize(
    ("head", "row", "address"),
    [(WITH_CITY, "東京都,渋谷区,神宮前1-1", "東京都渋谷区神宮前1-1"),
     (WITH_CITY, "東京都,渋谷区,東京都 渋谷区神宮前1-1", "東京都 渋谷区神宮前1-1"),
     (WITH_CITY, "東京,渋谷区,東京都渋谷区神宮前1-1", "東京都渋谷区神宮前1-1"),
     (WITH_CITY, "東京都,渋谷区,渋谷区神宮前1-1", "東京都渋谷区神宮前1-1"),
     (WITH_CITY, "東京都,渋谷区,", "東京都渋谷区"),
     (WITH_CITY, "東京都,渋谷区,東京都神宮前1-1", "東京都渋谷区神宮前1-1"),
     ("会員番号,都道府県,住所,建物名", "京都府,京都市北区1,桜荘102", "京都府京都市北区1桜荘102"),
     ("会員番号,住所", "東京都渋谷区1", "東京都渋谷区1"),
     (WESTERN, "Tokyo,Shibuya,1-1 Jingumae", "1-1 Jingumae, Shibuya, Tokyo"),
     (WESTERN, 'Tokyo,Shibuya,"1 Jingumae, Shibuya, Tokyo"', "1 Jingumae, Shibuya, Tokyo"),
     (WESTERN, "Tokyo,Shibuya,Tokyo Shibuya 1-1", "Tokyo Shibuya 1-1")],
)  # fmt: skip
async def test_nothing_of_an_address_in_several_columns_is_dropped(
    bring: Bring, pool: db.Pool, vault: Vault, tmp_path: Path, head: str, row: str, address: str
) -> None:
    path = tmp_path / "members.csv"
    path.write_text(f"{head}\nA-1,{row}\n", "utf-8")
    assert (await bring("customers", path)).new == 1
    assert (await traits(pool, vault, "loyalty_card", "A-1"))["address"] == address
