"""The first page: what happens today, in sums that open; each role sees what it may."""

from __future__ import annotations

import re
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from setten.console.shell import strips
from setten.console.stock.queue import PREPARE_WITHIN
from setten.console.words import Words
from setten.insight.touchpoints import SLOTS, Strip
from tests.console.house import House, Shop


def page_with(house: House, login: str, path: str, words: str) -> str:
    """A page as soon as it says what was waited for."""
    deadline = time.monotonic() + 60
    with house.person(login) as person:
        while words not in (text := person.get(path).text):
            assert time.monotonic() < deadline, f"{words} never came"
            time.sleep(0.3)
    return text


def strip(channel: str, **slots: int) -> Strip:
    return Strip(channel=channel, slots=tuple(slots.get(f"s{n}", 0) for n in range(SLOTS)))


def test_what_happens_now_stands_in_the_day_and_opens_into_its_event(house: House) -> None:
    member, message = f"day-{uuid.uuid4().hex[:8]}", str(uuid.uuid4())
    house.tell({"type": "track", "event": "Product Viewed", "userId": member, "messageId": message,
                "properties": {"sku": "KETTLE-IRON"}})  # fmt: skip
    text = page_with(house, "page-admin", "/today/events?channel=web", message)
    assert "商品閲覧" in text
    assert message in page_with(
        house, "page-admin", "/today/events?channel=web&name=product.viewed", message
    )
    with house.person("page-admin") as admin:
        assert message not in admin.get("/today/events?channel=mail").text
        assert message not in admin.get("/today/events?name=stock.held").text
        text = admin.get("/").text
        assert 'href="/today/events?channel=web"' in text
        assert "いま届いた出来事" in text
        assert admin.get(f"/events/{message}").status_code == 200


def test_every_address_on_the_page_opens(house: House) -> None:
    house.hold("CUSHION-GRN")
    text = page_with(house, "page-admin", "/", "はじめてのお客様")
    with house.person("page-admin") as admin:
        for path in sorted(set(re.findall(r'href="(/[^"#]*)', text))):
            if not path.startswith("/static"):
                answer = admin.get(path.replace("&amp;", "&"))
                assert answer.status_code in (200, 303), path


@pytest.mark.parametrize("login", ["page-agent", "page-marketer", "page-engineer", "of-shop"])
def test_nothing_on_the_day_leads_anybody_to_a_shut_door(
    house: House, shop: Shop, login: str
) -> None:
    with house.person(shop.login if login == "of-shop" else login) as one:
        text = one.get("/").text
        paths = {path for path in re.findall(r'href="(/[^"#]*)', text) if "/static" not in path}
        for path in sorted(paths):
            answer = one.get(path.replace("&amp;", "&"))
            assert answer.status_code in (200, 303), path


def test_what_tills_took_stands_beside_last_week(house: House, shop: Shop) -> None:
    today = (datetime.now(UTC) + timedelta(hours=9)).date()
    answer = receipts_of(house, shop, [(today, 4_321), (today - timedelta(days=7), 12_345)])
    assert answer.status_code == 200, answer.text
    row = f"{shop.location_id},{shop.name},JPY,1,4321,12345"
    assert row in page_with(house, "page-admin", "/today/sales.csv", row)
    with house.person("page-admin") as admin:
        text = admin.get("/today/sales").text
        for words in (shop.name, "¥4,321", "¥12,345"):
            assert words in text
        assert 'href="/today/sales"' in admin.get("/").text
    with house.person("page-associate") as associate:
        assert shop.name not in associate.get("/").text, "another shop's money"
        assert shop.location_id not in associate.get("/today/sales.csv").text
    with house.person(shop.login) as own:
        assert "¥4,321" in own.get("/").text
        assert "¥4,321" in own.get("/today/sales").text
        assert own.get("/today/sales.csv").text.count("\n") == 2, "the head, and one shop"
    with house.person("page-agent") as agent:
        assert agent.get("/today/sales").status_code == 403


def receipts_of(house: House, shop: Shop, days: list[tuple[Any, int]]) -> httpx.Response:
    sku = house.new_item({shop.location_id: len(days)})
    return house.post_api("/api/v1/receipts", {"receipts": [
        {"location_id": shop.location_id, "register": "9", "sequence": f"day-{total}",
         "mode": "tell", "business_day": str(day), "at": f"{day}T03:00:00Z", "currency": "JPY",
         "lines": [{"sku": sku, "qty": 1, "amount": total}]}
        for day, total in days
    ]})  # fmt: skip


def test_the_first_that_is_due_is_due_when_its_shop_promised_it(house: House) -> None:
    shop = house.open_shop()  # one without hours: half an hour after it was asked for
    asked = datetime.now(UTC)
    house.hold(house.new_item({}), at=shop.location_id)
    soon = asked + PREPARE_WITHIN + timedelta(hours=9)
    promised = {f"{soon + timedelta(minutes=late):%H:%M}" for late in (0, 1)}
    with house.person(shop.login) as associate:
        (said,) = re.findall(r"最初の期限 ([^<]*)", associate.get("/").text)
    assert any(one in said for one in promised), said


@pytest.mark.parametrize(
    ("login", "seen", "unseen"),
    [
        ("page-associate", ["手が要ること", "集める", "/stock/pickup"], ["いま届いた出来事"]),
        ("page-agent", ["一人のお客様", "きょうの接点"], ["きょうの売上", "/run/data"]),
        ("page-marketer", ["きょうの売上", "段階の動き"], ["/stock/pickup"]),
        ("page-engineer", ["いま届いた出来事"], ["/customers/segments", "集める"]),
    ],
)
def test_each_role_sees_its_own_day(
    house: House, login: str, seen: list[str], unseen: list[str]
) -> None:
    house.hold("CUSHION-GRN")
    with house.person(login) as person:
        text = person.get("/").text
    for words in seen:
        assert words in text, words
    for words in unseen:
        assert words not in text, words


def test_who_signs_in_begins_on_the_first_screen_of_the_role(house: House) -> None:
    firsts = {"page-associate": "/stock/pickup", "page-engineer": "/run/data", "page-agent": "/"}
    for login, first in firsts.items():
        with house.stranger() as browser:
            browser.get("/sign-in")
            answer = browser.post("/sign-in", login=login, password="kumo-to-neko-9", next="/")
        assert answer.headers["location"] == first


def test_the_table_stands_at_the_same_address_as_the_picture(house: House) -> None:
    with house.person("page-english") as admin:
        picture, table = admin.get("/").text, admin.get("/?view=table").text
    assert 'class="drawing' in picture
    assert 'class="drawing' not in table
    assert "As a picture" in table
    assert "today-table" in picture, "a phone has the table alone"


def test_bands_are_dark_by_the_channels_own_most_and_thin_ahead() -> None:
    t = Words("en")
    drawing = strips.drawn(
        [strip("web", s0=10, s1=5, s2=1), strip("pos", s2=4)],
        [strip("web", s1=2, s40=10)],
        slot=2, t=t,
    )  # fmt: skip
    web, store = drawing.channels
    assert (web.word, web.n, web.before) == ("Web", 16, 2)
    assert [(one.wash, one.height) for one in web.bands[:3]] == [(5, 19), (3, 19), (1, 19)]
    ahead = [one for one in web.bands if one.height == 5]
    assert [one.wash for one in ahead] == [0, 5, 0]
    assert (store.kind, store.n) == ("store", 4)
    assert drawing.total == 20


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [(106, 100, "+6%"), (88, 100, "−12%"), (100, 100, "±0%"), (5, 9, ""), (0, 10, "−100%")],
)
def test_a_change_is_told_when_there_is_enough_to_compare(now: int, before: int, said: str) -> None:
    assert strips.change(now, before) == said


def test_goods_that_do_not_last_are_told_where_they_are_and_the_day_refreshes_itself(
    house: House, shop: Shop
) -> None:
    sku = house.new_item({shop.location_id: 2})
    house.run_in_database(
        "insert into stock.cover (location_id, sku, promisable, sold_28, days, is_dead)"
        f" values ('{shop.location_id}', '{sku}', 2, 28, 2, false)"
    )
    house.reckon(shop.location_id)
    with house.person(shop.login) as associate:
        assert "足りなくなる品" in associate.get("/").text
        piece = associate.get("/today/live", **{"HX-Request": "true"}).text
    assert "足りなくなる品" in piece
    assert "<html" not in piece
    assert 'hx-get="/today/live"' in piece
