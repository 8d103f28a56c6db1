"""A list of people from a file: who is matched, what is refused, and that nothing else is kept."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.customers.segments.conftest import STAFF

from setten.customers import identity, segments
from setten.customers.segments import reading
from setten.customers.segments.reading import Refused, Usable
from setten.platform import db

CSV = """お名前,メールアドレス,電話番号,会員番号
田中,Ann@Example.jp,,
佐藤,,０９０−１２３４−５６７８,
鈴木,nobody@example.jp,,
山田,not a mail,,
空,,,
二つ,nobody2@example.jp,,4417-1
"""


class Whole(NamedTuple):
    """A file read to its end."""

    usable: tuple[Usable, ...]
    refused: tuple[Refused, ...]


def read(raw: bytes) -> Whole:
    rows = list(reading.opened(io.BytesIO(raw)).rows)
    return Whole(
        tuple(row for row in rows if isinstance(row, Usable)),
        tuple(row for row in rows if isinstance(row, Refused)),
    )


async def met(shop) -> None:
    for who in ("email:ann@example.jp", "phone:090-1234-5678", "loyalty_card:44171",
                "user_id:cy"):  # fmt: skip
        await shop.people.happens(who, minute=1)
    await shop.read()


async def test_a_list_becomes_a_segment_of_those_who_are_known(shop, people):
    await met(shop)
    brought = await shop.bring("春の招待", CSV)
    told = brought.list
    assert (told.rows, told.matched, told.unmatched, told.refused) == (6, 3, 1, 2)
    await shop.fill()
    inside = await shop.inside(brought.segment_id)
    assert inside == {
        await people.customer(one)
        for one in ("email:ann@example.jp", "phone:090-1234-5678", "loyalty_card:44171")
    }
    async with shop.pool.acquire() as conn:
        [listed] = await segments.lists.listed(conn)
    assert listed == told


async def test_refused_rows_come_back_as_they_were_for_a_week(shop, people):
    await met(shop)
    told = (await shop.bring("春の招待", CSV)).list
    async with db.transaction(shop.pool) as conn:
        columns, rows = await segments.lists.refused_rows(
            conn, people.vault, told.list_id, actor=STAFF, now=shop.now
        )
        assert columns == ("お名前", "メールアドレス", "電話番号", "会員番号")
        assert [(one.line, one.cells[1], one.reason) for one in rows] == [
            (5, "not a mail", "unusable"), (6, "", "empty"),
        ]  # fmt: skip
        await segments.lists.tidy(conn, now=shop.now + timedelta(days=8))
        with pytest.raises(segments.ListNotFound):
            await segments.lists.refused_rows(
                conn, people.vault, told.list_id, actor=STAFF, now=shop.now
            )


async def test_no_value_of_a_file_stands_anywhere_in_plain(shop):
    await met(shop)
    await shop.bring("春の招待", CSV)
    async with shop.pool.acquire() as conn:
        tables = await conn.fetch(
            "select schemaname || '.' || tablename as name from pg_tables"
            " where schemaname in ('customers', 'log', 'audit', 'platform', 'vault')"
        )
        whole = [
            row[0] for one in tables
            for row in await conn.fetch(f"select t::text from {one['name']} t")
        ]  # fmt: skip
    assert not [text for text in whole if "not a mail" in text or "nobody@" in text
                or "田中" in text]  # fmt: skip


async def test_a_name_is_taken_until_somebody_says_replace(shop, people):
    await met(shop)
    first = await shop.bring("招待", "email\nann@example.jp\n")
    await shop.fill()
    with pytest.raises(segments.ListNameTaken):
        await shop.bring("招待", "user_id\ncy\n")
    second = await shop.bring("招待", "user_id\ncy\n", replaces=True)
    assert second.segment_id == first.segment_id
    await shop.fill()
    assert await shop.inside(first.segment_id) == {await people.customer("user_id:cy")}


async def test_a_list_whose_segment_name_is_taken_leaves_nothing(shop):
    await met(shop)
    await shop.define("招待", {"kind": "consent", "channel": "email"})
    with pytest.raises(segments.SegmentNameTaken):
        await shop.bring("招待", "user_id\ncy\n")
    async with db.transaction(shop.pool) as conn:
        assert await segments.lists.listed(conn) == ()
        await segments.lists.tidy(conn, now=shop.now + timedelta(hours=2))
        assert await conn.fetchval("select count(*) from customers.lists") == 0


async def test_entries_follow_merges(shop, people):
    await met(shop)
    brought = await shop.bring("招待", "user_id\ncy\n")
    await shop.fill()
    await people.happens("user_id:cy", "email:ann@example.jp", minute=shop.minute)
    await shop.read()
    assert await shop.inside(brought.segment_id) == {await people.customer("email:ann@example.jp")}


async def test_who_becomes_known_later_is_on_the_list_by_the_event_that_told_of_her(shop, people):
    await met(shop)
    brought = await shop.bring(
        "招待", "email,電話番号\nnew@example.jp,09011112222\nold@example.jp,\n"
    )
    assert (brought.list.matched, brought.list.unmatched) == (0, 2)
    await shop.fill()
    assert await shop.inside(brought.segment_id) == set()
    event = await people.happens("phone:090-1111-2222", minute=shop.minute)
    await shop.read()
    new = await people.customer("phone:090-1111-2222")
    assert await shop.inside(brought.segment_id) == {new}
    # Somebody known for long gives an address that the list has.
    await people.happens("user_id:cy", "email:old@example.jp", minute=shop.minute)
    await shop.read()
    cy = await people.customer("user_id:cy")
    assert await shop.inside(brought.segment_id) == {new, cy}
    async with shop.pool.acquire() as conn:
        inside = await segments.members(conn, brought.segment_id)
        assert {one.customer_id: one.event_id for one in inside}[new] == event
        assert not await conn.fetchval(
            "select count(*) from customers.list_entries e join customers.identifiers i"
            " using (identifier_id) where e.is_waiting"
        )


async def test_whom_a_list_waits_for_is_nobody_until_she_comes(shop, people):
    await met(shop)
    brought = await shop.bring("招待", "email\nnew@example.jp\n")
    async with shop.pool.acquire() as conn:
        assert await identity.find_by(conn, people.vault, "new@example.jp") == ()
        with pytest.raises(identity.CustomerNotFound):
            await identity.lookup(conn, people.vault, [("email", "new@example.jp")])
        assert await conn.fetchval("select count(*) from customers.customers") == 4
    again = await shop.bring("招待", "email\nnew@example.jp\n", replaces=True)
    assert again.list.unmatched == 1
    await people.happens("email:new@example.jp", minute=shop.minute)
    await shop.read()
    await shop.fill()
    assert await shop.inside(brought.segment_id) == {await people.customer("email:new@example.jp")}


async def test_of_a_list_that_was_replaced_nobody_is_waited_for(shop, people):
    await met(shop)
    brought = await shop.bring("招待", "email\nnew@example.jp\n")
    await shop.bring("招待", "user_id\ncy\n", replaces=True)
    await people.happens("email:new@example.jp", minute=shop.minute)
    await shop.read()
    await shop.fill()
    assert await shop.inside(brought.segment_id) == {await people.customer("user_id:cy")}


@pytest.mark.parametrize(
    ("encoding", "between"),
    [("utf-8", ","), ("utf-8-sig", ","), ("cp932", ","), ("utf-16", "\t"), ("utf-16", ","),
     ("cp932", "\t"), ("utf-8", ";")],
)  # fmt: skip
def test_what_spreadsheets_write_is_read(encoding: str, between: str) -> None:
    rows = ["お名前", "メールアドレス"], ["佐伯 美和", "ann@example.jp"], ["", "no mail"]
    file = read("\r\n".join(between.join(row) for row in rows).encode(encoding))
    assert [one.identifiers[0].value for one in file.usable] == ["ann@example.jp"]
    assert [(one.line, one.reason) for one in file.refused] == [(3, "unusable")]


def test_a_file_of_a_japanese_spreadsheet_is_read() -> None:
    file = read("会員番号,メール\r\n4417,\r\n,ann@example.jp\r\n".encode("cp932"))
    assert [one.identifiers[0].kind for one in file.usable] == ["loyalty_card", "email"]
    assert read("\ufeffEmail\nann@example.jp\n".encode()).refused == ()


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "no_column"),
        (b"name,age\nann,3\n", "no_column"),
        (b"\x81", "no_csv"),
        (b"\xff\xfee\0m\0a\0i\0l\0\n", "no_csv"),
        ("email\n".encode("utf-16-le"), "no_csv"),
        (b"email\n" + b"a@b.jp\n" * 501, "too_many"),
        (b"x" * 300_001, "too_large"),
        (b'email\n"' + b"a" * 200_000, "no_csv"),
    ],
)
def test_what_is_no_list_is_refused(raw: bytes, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "ROWS_MAX", 500)
    monkeypatch.setattr(reading, "BYTES_MAX", 300_000)
    with pytest.raises(segments.BadList) as refused:
        read(raw)
    assert refused.value.facts["why"] == why


@given(rows=st.lists(st.lists(st.text(max_size=12), max_size=4), max_size=8))
def test_every_row_is_used_or_refused(rows: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out).writerows([["email", "電話番号", "x"], *rows])
    try:
        file = read(out.getvalue().encode())
    except (segments.BadList, UnicodeEncodeError):
        return
    assert len(file.usable) + len(file.refused) <= len(rows) * 3


async def test_a_long_list_is_read_piece_by_piece_and_each_row_once(shop, people):
    await met(shop)
    rows = [f"nobody{number}@example.jp" for number in range(6_000)] + ["ann@example.jp"] * 3
    brought = await shop.bring("長い", "email\n" + "\n".join([*rows, "no mail"]) + "\n")
    told = brought.list
    assert (told.rows, told.matched, told.unmatched, told.refused) == (6_004, 3, 6_000, 1)
    async with shop.pool.acquire() as conn:
        entries = await conn.fetchval(
            "select count(*) from customers.list_entries where list_id = $1", told.list_id
        )
        assert entries == 6_001
        assert await segments.lists.being_read(conn, now=shop.now) == ()


async def test_what_broke_while_a_list_was_read_is_told_and_leaves_no_list(shop, people):
    await met(shop)
    with pytest.raises(segments.BadList):
        await shop.bring("壊れ", "email\n" + "a@example.jp\n" * 4_000 + '"' + "x" * 200_000)
    async with db.transaction(shop.pool) as conn:
        [reading] = await segments.lists.being_read(conn, now=shop.now)
        assert (reading.name, reading.code, reading.facts["why"]) == ("壊れ", "bad_list", "no_csv")
        assert reading.rows >= 2_000
        assert await segments.lists.listed(conn) == ()
        await segments.lists.tidy(conn, now=shop.now + timedelta(hours=2))
        assert await conn.fetchval("select count(*) from customers.lists") == 0
        assert await conn.fetchval("select count(*) from customers.list_entries") == 0


async def test_a_list_whose_process_has_ended_says_so(shop, people):
    async with db.transaction(shop.pool) as conn:
        name = "途中"
        await conn.execute(
            "insert into customers.lists (name, made_at, made_by, moved_at) values"
            " ($1, $2, 'x', now() - interval '2 minutes'), ('いま', $2, 'x', now())",
            name, shop.now,
        )  # fmt: skip
        told = await segments.lists.being_read(conn, now=shop.now)
        assert [(one.name, one.code) for one in told] == [("いま", ""), (name, "ended")]


async def test_a_list_that_was_replaced_is_swept_away_some_at_a_time(shop, people, monkeypatch):
    await met(shop)
    monkeypatch.setattr(segments.lists, "_SWEPT_AT_ONCE", 2)
    await shop.bring("招待", "email\n" + "\n".join(f"a{n}@example.jp" for n in range(5)) + "\n")
    kept = await shop.bring("招待", "user_id\ncy\n", replaces=True)
    rounds = 1
    async with db.transaction(shop.pool) as conn:
        while await segments.lists.tidy(conn, now=shop.now):
            rounds += 1
        assert rounds == 3
        assert await conn.fetchval("select count(*) from customers.lists") == 1
        entries = await conn.fetch("select list_id from customers.list_entries")
        assert [row[0] for row in entries] == [kept.list.list_id]
