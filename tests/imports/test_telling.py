"""Orders, activities, events and web logs from files: told as their systems would have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.imports.conftest import Bring

from setten.imports.events import WebLogs
from setten.imports.kind import Setup
from setten.imports.letters import LOOKED_AT_BYTES
from setten.imports.mapping import Columns
from setten.imports.model import LEFT_OUT, Options
from setten.imports.reading import LINE
from setten.platform import db
from setten.platform.vault import Vault

AGENT = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605.1.15"


async def events(pool: db.Pool) -> list[dict[str, Any]]:
    async with pool.acquire() as conn:
        rows = await conn.fetch(
            "select name, channel, body, occurred_at, identifiers from log.events order by position"
        )
    return [{**dict(row), "body": json.loads(row["body"])} for row in rows]


def log_line(path: str, *, agent: str = AGENT, status: int = 200, ip: str = "203.0.113.9",
             referrer: str = "-", method: str = "GET", cookie: str = "") -> str:  # fmt: skip
    tail = f' "{cookie}"' if cookie else ""
    return (
        f'{ip} - hanako [05/Jan/2026:10:00:00 +0900] "{method} {path} HTTP/1.1" {status} 1234 '
        f'"{referrer}" "{agent}"{tail}\n'
    )


async def test_a_log_becomes_page_views_with_referrer_and_campaign(
    bring: Bring, pool: db.Pool, tmp_path: Path
) -> None:
    path, columns = tmp_path / "access.log", tmp_path / "site.toml"
    columns.write_text('site = "https://shop.example"\n')
    path.write_text(
        log_line(
            "/items/42?utm_source=yahoo&utm_medium=cpc&utm_campaign=spring&email=h%40example.jp",
            referrer="https://search.example/?q=hanako+yamada",
        )
        + log_line("/items/42.css")
        + log_line("/items/7", method="POST")
        + log_line("/items/8", status=404)
        + log_line("/", agent="Googlebot/2.1 (+http://www.google.com/bot.html)")
        + log_line("/", agent="-")
        + "nonsense\n"
    )
    done = await bring("weblogs", path, mapping=str(columns))
    assert (done.new, done.left_out, done.reasons) == (1, 5, {"bad_line": 1})
    (event,) = await events(pool)
    assert (event["name"], event["channel"]) == ("page.viewed", "web")
    assert event["occurred_at"].isoformat() == "2026-01-05T01:00:00+00:00"
    assert event["body"]["context"]["campaign"] == {
        "source": "yahoo", "medium": "cpc", "name": "spring"}  # fmt: skip
    assert event["body"]["context"]["page"]["referrer"] == "https://search.example/"
    assert event["body"]["path"] == "/items/42"
    async with pool.acquire() as conn:
        assert await conn.fetchval("select count(*) from vault.envelopes") == 0
    said = json.dumps(event, default=str)
    assert not any(word in said for word in ("hanako", "203.0.113", "Safari", "example.jp"))


@pytest.mark.parametrize(("path", "is_page"), [
    ("/", True), ("/v1.2/items", True), ("/news/setten-1.0-released", True), ("/cart.do", True),
    ("/a/b.html?x=1.css", True), ("/a.min.js", False), ("/photo.JPEG", False), ("/f.woff2", False),
    ("/sitemap.xml", False), ("/site.webmanifest", False),
])  # fmt: skip
def test_pages_are_told_from_pictures_and_styles(vault: Vault, path: str, is_page: bool) -> None:
    kind = WebLogs(Setup(vault, Columns(), Options()))
    assert (kind.read({LINE: log_line(path).strip()}) is not LEFT_OUT) is is_page


def test_visitors_behind_a_proxy_or_below_a_hosts_name_are_told_apart(vault: Vault) -> None:
    kind = WebLogs(Setup(vault, Columns(), Options()))

    def visitor(line: str) -> str:
        said = kind.read({LINE: line.strip()})
        assert isinstance(said, bytes), line
        return str(json.loads(said)["anonymousId"])

    plain = visitor(log_line("/", ip="203.0.113.5"))
    assert visitor(log_line("/", ip="10.0.0.1", cookie="203.0.113.5, 10.0.0.1")) == plain
    assert visitor(log_line("/", ip="203.0.113.5").strip() + ' "-" 0.005 0.003') == plain
    named = "shop.example:443 " + log_line("/", ip="203.0.113.5")
    assert visitor(named) == plain
    assert visitor(log_line("/", ip="10.0.0.1", cookie="203.0.113.6")) != plain


async def test_a_line_in_letters_that_do_not_read_is_refused_alone(
    bring: Bring, pool: db.Pool, tmp_path: Path
) -> None:
    """Browsers and bots write what they like into a log, far behind where its letters are told."""
    path = tmp_path / "access.log"
    remarks = b"# rotated\n" * (LOOKED_AT_BYTES // 10 + 1)
    torn = log_line("/検索").encode("cp932")
    path.write_bytes(remarks + log_line("/").encode() + torn + log_line("/items/1").encode())
    done = await bring("weblogs", path)
    assert (done.new, done.reasons) == (2, {"bad_letters": 1})


async def test_a_visitor_of_a_log_is_one_for_the_day_or_by_the_tags_cookie(
    bring: Bring, pool: db.Pool, tmp_path: Path
) -> None:
    path = tmp_path / "access.log"
    lines = [log_line("/a"), log_line("/b"), log_line("/a", ip="203.0.113.10"),
             log_line("/c", cookie="0b1c2d3e-0000-4000-8000-000000000001")]  # fmt: skip
    path.write_text("".join(lines))
    assert (await bring("weblogs", path)).new == 4
    assert (await bring("weblogs", path)).same == 4
    assert len({event["identifiers"][0] for event in await events(pool)}) == 3


async def test_events_come_once_by_their_message_id_and_bad_ones_are_given_back(
    bring: Bring, pool: db.Pool, tmp_path: Path
) -> None:
    path, keeps = tmp_path / "events.ndjson", tmp_path / "refused.ndjson"
    good = {"type": "track", "event": "Product Viewed", "userId": "u1", "messageId": "m-1",
            "timestamp": "2025-11-01T00:00:00Z", "properties": {"sku": "S-1"}}  # fmt: skip
    nobody = {"type": "track", "event": "Product Viewed", "messageId": "m-2"}
    rows = [good, good, nobody, {**good, "messageId": None}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + "{half\n[1]\n")
    done = await bring("events", path, refused_file=str(keeps))
    assert (done.new, done.same) == (1, 1)
    assert done.reasons == {"no_identifier": 1, "message_id_missing": 1, "not_json": 1,
                            "not_an_object": 1}  # fmt: skip
    (event,) = await events(pool)
    assert event["occurred_at"].isoformat() == "2025-11-01T00:00:00+00:00"
    given = [json.loads(line) for line in keeps.read_text().splitlines()]
    assert [one["setten_row"] for one in given] == [3, 4, 5, 6]
    mended = {**given[0], "userId": "u2"}
    keeps.write_text(json.dumps(mended) + "\n")
    assert (await bring("events", keeps)).new == 1
    async with pool.acquire() as conn:
        assert await conn.fetchval("select count(*) from log.dead_letters") == 0


async def test_lines_become_one_order_of_a_system_of_record(
    bring: Bring, pool: db.Pool, tmp_path: Path
) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(
        "注文番号,注文日時,メールアドレス,品番,商品名,数量,単価,合計,ステータス\n"
        "B-1,2026/1/5 10:00,h@example.jp,S-1,マグ,2,\"1,200\",\"3,400\",発送済\n"
        "B-1,2026/1/5 10:00,,S-2,皿,1,1000,,\n"
        "B-2,2026/1/6 11:00,k@example.jp,S-1,マグ,1,1200,1200,キャンセル\n"
        "B-3,2026/1/6 11:00,k@example.jp,S-1,マグ,1,1200,1200,\n"
        "B-3,2026/1/6 11:00,z@example.jp,S-1,マグ,1,1200,1200,\n",
        "utf-8",
    )  # fmt: skip
    done = await bring("orders", path, system="makeshop")
    assert (done.new, done.reasons, done.sums) == (3, {"differs": 2}, {"orders": 2})
    first, second = await events(pool)
    body = first["body"]
    assert (body["action"], body["system"], body["is_record"]) == ("placed", "makeshop", True)
    assert (body["order_id"], body["total_minor"], body["currency"]) == ("B-1", 3_400, "JPY")
    assert [(one["sku"], one["quantity"], one["price_minor"]) for one in body["items"]] == [
        ("S-1", 2, 1_200), ("S-2", 1, 1_000)]  # fmt: skip
    assert second["body"]["action"] == "cancelled"
    assert (await bring("orders", path, system="makeshop")).same == 3


async def test_an_order_of_which_one_line_is_unreadable_waits_whole(
    bring: Bring, pool: db.Pool, tmp_path: Path
) -> None:
    path, keeps = tmp_path / "orders.csv", tmp_path / "refused.csv"
    path.write_text(
        "order_id,at,email,sku,qty\n"
        "C-1,2026-01-05,h@example.jp,S-1,1\n"
        "C-1,2026-01-05,h@example.jp,S-2,some\n"
        "C-2,2026-01-05,h@example.jp,S-1,1\n"
    )
    done = await bring("orders", path, refused_file=str(keeps))
    assert (done.new, done.reasons) == (1, {"bad_value": 1, "row_of_it_refused": 1})
    keeps.write_text(keeps.read_text("utf-8-sig").replace("some", "2"))
    assert (await bring("orders", keeps)).sums == {"orders": 1}
    told = {one["body"]["order_id"]: len(one["body"]["items"]) for one in await events(pool)}
    assert told == {"C-1": 2, "C-2": 1}


async def test_what_a_crm_noted_comes_on_its_channel_and_its_words_are_sealed(
    bring: Bring, pool: db.Pool, tmp_path: Path
) -> None:
    people, path = tmp_path / "contacts.csv", tmp_path / "activities.csv"
    people.write_text("Id,LastName,Email\n0035g,山田,h@example.jp\n", "utf-8")
    path.write_text(
        "Id,WhoId,種別,件名,内容,担当者,活動日時\n"
        "00T1,0035g,架電,山田様 ソファの件,緑は在庫ありとご案内,佐藤,2026/1/5 10:00\n"
        "00T2,0035g,メール,見積もり,,,2026/1/6\n"
        "00T3,,訪問,,,,2026/1/6\n",
        "utf-8",
    )
    await bring("contacts", people, system="crm")
    done = await bring("activities", path, system="crm")
    assert (done.new, done.reasons) == (2, {"no_identifier": 1})
    contact, call, mail = await events(pool)
    assert (call["channel"], call["body"]["event"]) == ("phone", "Phone Call Noted")
    assert mail["channel"] == "mail"
    assert set(call["identifiers"]) <= set(contact["identifiers"])
    said = json.dumps(call["body"], ensure_ascii=False)
    assert not any(word in said for word in ("山田", "ソファ", "佐藤", "在庫"))
    assert set(call["body"]["sealed"]) >= {"properties.subject", "properties.body"}
