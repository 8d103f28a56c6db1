"""What somebody sees first: by what they answer for; and a page that is not there is still hers."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from setten.console.shell import firsts
from setten.customers import segments
from setten.platform import audit
from setten.platform.auth.model import SYSTEM
from tests.console.house import House
from tests.console.listing import mark
from tests.console.test_floor import open_count
from tests.console.test_today import page_with

EVERYBODY = {"kind": "did", "match": {"events": ["page.viewed"]}}
NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize("path", ["/no/such/page", "/stock/nowhere", "/customers/nobody"])
def test_a_page_that_is_not_there_has_the_frame_of_whoever_is_signed_in(
    house: House, path: str
) -> None:
    with house.person("page-english") as admin:
        answer = admin.get(path)
    assert answer.status_code == 404
    assert 'class="rail"' in answer.text
    assert '<html lang="en"' in answer.text
    assert "There is no such page" in answer.text
    with house.stranger() as nobody:
        answer = nobody.get(path)
    assert answer.status_code == 404
    assert 'class="rail"' not in answer.text


def test_an_address_that_only_takes_forms_is_a_page_of_hers_too(house: House) -> None:
    with house.person("page-agent") as agent:
        answer = agent.get("/preferences")
    assert answer.status_code == 405
    assert 'class="rail"' in answer.text


def test_a_session_that_ended_sees_the_bare_page_and_a_program_a_problem(house: House) -> None:
    with house.person("page-agent") as agent:
        name = next(one.name for one in agent.http.cookies.jar if "-session" in one.name)
    answer = httpx.get(
        f"{house.url}/no/such/page", cookies={name: "x" * 43}, headers={"accept": "text/html"}
    )
    assert (answer.status_code, 'class="rail"' in answer.text) == (404, False)
    answer = httpx.get(f"{house.url}/api/v1/nothing", headers={"accept": "text/html"})
    assert answer.json()["code"] == "not_found"


def test_who_runs_the_machinery_sees_whether_it_keeps_up_and_who_fell_silent(house: House) -> None:
    name = mark()
    house.run_in_database(
        "with made as (insert into ingest.sources (name, channel, system, currency, rate_per_s,"
        f" created_at) values ('{name}', 'web', 'web', 'JPY', 10, now()) returning source_id)"
        " insert into ingest.counters select source_id, now() - interval '6 days 20 hours',"
        " 'page.viewed', 1, now() from made"
    )
    with house.person("page-engineer") as engineer:
        text = engineer.get("/").text
    assert "動きぐあい" in text
    assert 'href="/run/doctor"' in text
    assert f"「{name}」が黙っています" in text
    with house.person("page-agent") as agent:
        assert "動きぐあい" not in agent.get("/").text


def test_who_answers_for_personal_data_sees_what_was_opened_today(house: House) -> None:
    login = f"privacy-{mark()}"
    house.hire(login, "privacy_officer")
    who = house.customer("佐伯")
    opened = "/run/audit?what=identifiers.revealed&amp;since="
    for _ in range(2):  # midnight may lie between the deed and the look, but not twice
        house.run_in_database(
            "insert into audit.entries (at, actor, action, customer_id, fields) values"
            f" (now(), 'staff:1', 'identifiers.revealed', '{who}', array['phone'])"
        )
        with house.person(login) as officer:
            text = officer.get("/").text
            if opened in text:
                break
    assert "きょうの閲覧と持ち出し" in text
    address = text[text.index(opened) :].partition('"')[0]
    with house.person(login) as officer:
        assert officer.get(address.replace("&amp;", "&")).status_code == 200
    with house.person("page-engineer") as engineer:
        assert "きょうの閲覧と持ち出し" not in engineer.get("/").text


def test_the_manager_sees_counts_to_approve_and_goods_that_should_be_here(house: House) -> None:
    shop, manager = house.open_shop(), f"boss-{mark()}"
    sku = house.new_item({shop.location_id: 5, "yokohama": 5})
    house.hire(manager, "shop_manager", (shop.location_id,))
    with house.person(shop.login) as associate:
        sheet = open_count(associate, shop)
        assert associate.post(f"{sheet}/lines", sku=sku, qty="90").status_code == 303
        assert associate.post(f"{sheet}/submission").status_code == 303
        assert "承認を待つ棚卸し" not in associate.get("/").text
    with house.person("page-admin") as admin:
        late = (datetime.now(UTC) - timedelta(days=3)).date()
        admin.get("/stock/transfers")
        sent = admin.post("/stock/transfers", at="yokohama", to=shop.location_id, sku=sku,
                          qty="1", due_on=str(late))  # fmt: skip
        assert sent.status_code == 303, sent.text[:2000]
    with house.person(manager) as boss:
        text = boss.get("/").text
    assert "承認を待つ棚卸し" in text
    assert "うち 1件は着く日を過ぎています" in text


def test_what_went_wrong_in_a_week_opens_into_the_events_of_the_week(house: House) -> None:
    message, member = str(uuid.uuid4()), f"week-{mark()}"
    house.tell({"type": "track", "event": "Product Viewed", "userId": member, "messageId": message,
                "timestamp": (datetime.now(UTC) - timedelta(days=3)).isoformat(),
                "properties": {"sku": "KETTLE-IRON"}})  # fmt: skip
    week = "/today/events?name=product.viewed&days=7"
    text = page_with(house, "page-admin", week, message)
    assert "7日の出来事" in text
    with house.person("page-admin") as admin:
        assert message not in admin.get("/today/events?name=product.viewed").text
        assert "うまくいかなかったこと" in admin.get("/").text


def test_failures_stand_beside_the_week_before_broken_promises_first() -> None:
    found = firsts.failed(
        {"order.cancelled": 12, "stock.hold_short": 3, "page.viewed": 900},
        {"order.cancelled": 10, "reach.lost": 2},
    )
    assert [(one.name, one.n, one.before) for one in found] == [
        ("stock.hold_short", 3, 0), ("order.cancelled", 12, 10), ("reach.lost", 0, 2),
    ]  # fmt: skip


async def test_segments_that_moved_are_told_with_the_busiest_first(conn: Any) -> None:
    made = [
        await segments.define(conn, name, EVERYBODY,
                              actor=SYSTEM, now=NOW)
        for name in ("quiet", "busy", "retired", "long ago")
    ]  # fmt: skip
    flows = [(made[0], NOW, 1, 0), (made[1], NOW, 2, 1), (made[1], NOW - timedelta(hours=1), 1, 1),
             (made[2], NOW, 50, 0), (made[3], NOW - timedelta(days=9), 50, 0)]  # fmt: skip
    await conn.executemany(
        "insert into customers.segment_flows (segment_id, hour_at, entered, gone, size)"
        " values ($1, $2, $3, $4, 0)",
        flows,
    )
    await segments.retire(conn, made[2], actor=SYSTEM, now=NOW)
    found = await segments.moved(conn, since=NOW - timedelta(days=7), most=5)
    assert [(one.name, one.entered, one.gone) for one in found] == [("busy", 3, 2), ("quiet", 1, 0)]
    assert [one.name for one in await segments.moved(conn, since=NOW, most=1)] == ["busy"]


async def test_deeds_are_counted_since_a_moment_and_no_further_than_asked(conn: Any) -> None:
    deed, other = f"{mark()}.done", f"{mark()}.done"
    for at in (NOW - timedelta(days=1), NOW, NOW, NOW):
        await audit.note(conn, SYSTEM, deed, at=at)
    assert await audit.counted(conn, [deed, other], since=NOW, most=100) == {deed: 3, other: 0}
    assert await audit.counted(conn, [deed], since=NOW, most=2) == {deed: 2}


def test_a_shut_door_shows_no_way_to_another_shut_door(house: House) -> None:
    with house.person("page-agent") as agent:
        refused = agent.get("/run/keys")
    assert refused.status_code == 403
    assert 'href="/run/data"' not in refused.text
