"""What a chain sets up on the console: places, delivery, releases; by whom, and whom it refuses."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from setten.console.chain import fields
from setten.platform import auth, clock
from setten.stock import catalog, locations, movements, releases
from setten.stock.catalog import Item
from setten.stock.hours import WEEKDAYS, is_valid
from setten.stock.locations import Location
from setten.stock.movements import Movement
from tests.console.house import PASSWORD, Browser, House

TOKYO = ZoneInfo("Asia/Tokyo")


def do(house: House, verb: Any, *args: Any, **named: Any) -> Any:
    async def run() -> Any:
        async with house._connection() as conn:
            return await verb(conn, *args, **named)

    return house._run(run())


@pytest.fixture(scope="module")
def boss(house: House) -> Iterator[Browser]:
    """Somebody who decides for the whole chain."""
    with house.person("page-admin") as browser:
        yield browser


@pytest.fixture(scope="module")
def shop(house: House) -> str:
    """A shop of our own."""
    shop = f"shop-{uuid.uuid4().hex[:8]}"
    place = Location(location_id=shop, name_ja=f"試しの店 {shop}", name_en=f"Trial {shop}",
                     kind="shop")  # fmt: skip
    do(house, locations.put, [place], now=clock.now())
    return shop


@pytest.fixture(scope="module")
def manager(house: House, shop: str) -> Iterator[Browser]:
    """The manager of that shop and of no other."""
    login = f"manager-{shop}"
    do(house, auth.create_staff, login=login, name="店長", role="shop_manager", locations=(shop,),
       password=PASSWORD, now=clock.now(), locale="ja")  # fmt: skip
    with house.person(login) as browser:
        yield browser


@pytest.fixture(scope="module")
def sku(house: House, shop: str) -> str:
    """Goods of our own, nine of them in that shop."""
    sku = f"GOODS-{uuid.uuid4().hex[:8]}"
    item = Item(sku=sku, name_ja=f"試しの品 {sku}", name_en=f"Trial {sku}", price_minor=1100,
                currency="JPY")  # fmt: skip
    do(house, catalog.put, [item], now=clock.now())
    move = Movement(kind="receive", sku=sku, location_id=shop, qty=9)
    do(house, movements.book, [move], by="test", now=clock.now())
    return sku


def a_place(**changes: str) -> dict[str, str]:
    values = {"name_ja": "新しい店", "name_en": "New", "kind": "shop", "lat": "35.7",
              "lon": "139.6", "timezone": "Asia/Tokyo", "days": "", "max_km": "",
              "open_max": "", "rank": "10", "paused": ""}  # fmt: skip
    return values | dict.fromkeys(WEEKDAYS, "10:00-20:00") | changes


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("10:00-20:00", [["10:00", "20:00"]]),
        ("１０：００〜１３：００、14:00 – 20:00", [["10:00", "13:00"], ["14:00", "20:00"]]),
        ("9:30-24:00", [["09:30", "24:00"]]),
        ("休み", []),
        ("", []),
        ("25:00-26:00", None),
        ("朝から", None),
        (",".join(["10:00-11:00"] * 7), None),
    ],
)
def test_hours_are_read_as_people_write_them(said: str, read: list[list[str]] | None) -> None:
    assert fields.spans(said) == read


@given(st.text(max_size=60))
def test_whatever_is_typed_is_hours_or_refused(said: str) -> None:
    read = fields.spans(said)
    assert read is None or is_valid({"mon": read})
    days = fields.exceptions(said)
    assert days is None or is_valid({"days": days})


@given(st.dictionaries(st.sampled_from(WEEKDAYS), st.just([["10:00", "20:00"]])))
def test_hours_shown_in_a_form_are_read_back(hours: dict[str, list[list[str]]]) -> None:
    said = fields.said_week(hours)
    assert {day: spans for day in WEEKDAYS if (spans := fields.spans(said[day]))} == hours


def test_a_new_place_is_found_opened_and_changed(boss: Browser) -> None:
    code = f"new-{uuid.uuid4().hex[:8]}"
    boss.get("/stock/places/edit")
    form = a_place(at=code, new="1", name_ja=f"店 {code}", mon="", ships="1", max_km="30",
                   days="2099-12-31 10:00-17:00\n2099/01/01 休み")  # fmt: skip
    done = boss.post("/stock/places/edit", **form)
    assert done.status_code == 303, done.text[-900:]
    page = boss.get(done.headers["location"]).text
    assert "保存しました" in page
    assert "10:00-17:00" in page
    assert "30" in page
    assert f"店 {code}" in boss.get(f"/stock/places?q={code}").text
    assert f"店 {code}" not in boss.get(f"/stock/places?q={code}&kind=warehouse").text
    boss.get(f"/stock/places/edit?at={code}")
    boss.post("/stock/places/edit", **a_place(at=code, name_ja="別の名", days=""))
    assert "別の名" in boss.get(f"/stock/places/place?at={code}").text


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("mon", "朝から", "10:00-20:00 のように書きます"),
        ("days", "あした", "一行に一日"),
        ("lat", "95", "緯度は"),
        ("lon", "", "緯度は"),
        ("timezone", "Mars/North", "Asia/Tokyo のように"),
        ("kind", "tent", "種類を選びます"),
        ("name_ja", "", "200文字まで"),
        ("rank", "-1", "0〜1000"),
        ("max_km", "遠く", "0.1〜20100"),
        ("paused", "いつか", "日と時刻を選びます"),
    ],
)
def test_what_cannot_be_a_place_is_said_beside_its_field(
    boss: Browser, shop: str, field: str, value: str, said: str
) -> None:
    boss.get(f"/stock/places/edit?at={shop}")
    answer = boss.post("/stock/places/edit", **a_place(at=shop) | {field: value})
    assert answer.status_code == 422
    assert said in answer.text
    assert f'id="w-{field}"' in answer.text or field == "lon"


def test_a_place_is_not_made_twice(boss: Browser, shop: str) -> None:
    boss.get("/stock/places/edit")
    answer = boss.post("/stock/places/edit", **a_place(at=shop, new="1"))
    assert (answer.status_code, "もうあります" in answer.text) == (422, True)


def test_a_manager_changes_her_own_place_only(manager: Browser, shop: str) -> None:
    assert manager.get(f"/stock/places/edit?at={shop}").status_code == 200
    assert manager.post("/stock/places/edit", **a_place(at=shop)).status_code == 303
    assert manager.get("/stock/places/edit?at=yokohama").status_code == 403
    assert manager.post("/stock/places/edit", **a_place(at="yokohama")).status_code == 403
    assert manager.post("/stock/places/edit", **a_place(at="x1", new="1")).status_code == 403
    assert manager.get("/stock/delivery/zone/edit").status_code == 403
    assert manager.post("/stock/delivery/zone/removal", id="kanto").status_code == 403
    assert "変える</a>" not in manager.get("/stock/places/place?at=yokohama").text


def test_what_a_place_keeps_back_is_listed_page_by_page(
    house: House, boss: Browser, shop: str
) -> None:
    mark = uuid.uuid4().hex[:6]
    skus = [f"K-{mark}-{n:02}" for n in range(7)]
    items = [Item(sku=one, name_ja=f"控え {one}", name_en=one) for one in skus]
    do(house, catalog.put, items, now=clock.now())
    moves = [Movement(kind="receive", sku=one, location_id=shop, qty=9) for one in skus]
    do(house, movements.book, moves, by="test", now=clock.now())
    body = {"allocations": [{"sku": one, "location_id": shop, "channel": "app", "qty": 2}
                            for one in skus]}  # fmt: skip
    assert house.put_api("/api/v1/stock/allocations", body).status_code == 200
    page = boss.get(f"/stock/places/place?at={shop}").text
    assert "すべて見る" in page
    every = boss.get(f"/stock/places/aside?at={shop}").text
    assert all(f"控え {one}" in every for one in skus)
    assert boss.get("/stock/places/aside?at=nowhere").status_code == 404
    assert boss.get(f"/stock/places/due?at={shop}&after=x").status_code == 422
    assert boss.get("/stock/places/place?at=nowhere").status_code == 404


def a_zone(code: str, **changes: str) -> dict[str, str]:
    return {"id": code, "name_ja": f"地域 {code}", "name_en": "", "new": "1"} | changes


def a_service(code: str, zone: str, **changes: str) -> dict[str, str]:
    values = {"id": code, "name_ja": f"便 {code}", "name_en": "", "origin": "warehouse",
              "zone": zone, "ship_days": "mon", "cut_off": "15:00", "lead_min": "1",
              "lead_max": "2", "fee": "880", "free_from": "11,000", "currency": "JPY",
              "carries": "parcel", "new": "1"}  # fmt: skip
    return values | changes


def test_a_zone_and_a_service_are_made_tried_and_removed(house: House, boss: Browser) -> None:
    code = f"z{uuid.uuid4().hex[:8]}"
    boss.get("/stock/delivery")
    made = boss.post("/stock/delivery/zone/edit", **a_zone(code, prefixes="9999901 ９９９９９０２"))
    assert made.status_code == 303, made.text[-900:]
    made = boss.post("/stock/delivery/service/edit", **a_service(f"s-{code}", code))
    assert made.status_code == 303, made.text[-900:]
    tried = boss.post("/stock/delivery/trial", postcode="999-9902", sku="")
    assert f"地域 {code}" in tried.text
    assert f"便 {code}" in tried.text or f"便 s-{code}" in tried.text
    assert "¥880" in tried.text
    assert "9999901" in boss.get("/stock/delivery?q=9999901").text
    with_item = boss.post("/stock/delivery/trial", postcode="999-9902", sku="SOFA-V2-BLU").text
    assert "この大きさの品は運べません" in with_item
    assert "数字7桁" in boss.post("/stock/delivery/trial", postcode="1", sku="").text
    boss.get(f"/stock/delivery/zone?id={code}")
    assert boss.post("/stock/delivery/zone/removal", id=code).status_code == 303
    assert boss.get(f"/stock/delivery/service?id=s-{code}").status_code == 404
    assert boss.post("/stock/delivery/service/removal", id=f"s-{code}").status_code == 404


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"prefixes": "12a"}, "1〜7桁の数字"),
        ({"prefixes": ""}, "1〜7桁の数字"),
        ({"prefixes": "180"}, "ほかの地域にある"),
        ({"id": "だめ", "prefixes": "9999903"}, "英数字"),
        ({"name_ja": "", "prefixes": "9999903"}, "名前を"),
    ],
)
def test_what_cannot_be_a_zone_is_said(
    house: House, boss: Browser, changes: dict[str, str], said: str
) -> None:
    if changes["prefixes"] == "180":
        taken = house.asked("select prefix from stock.delivery_prefixes order by prefix limit 1")
        changes = {"prefixes": str(taken)}
    boss.get("/stock/delivery/zone/edit")
    answer = boss.post("/stock/delivery/zone/edit", **a_zone("zz-new", **changes))
    assert (answer.status_code, said in answer.text) == (422, True), answer.text[-900:]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"fee": "-5"}, "0以上の金額"),
        ({"lead_min": "9", "lead_max": "2"}, "早いほうを先に"),
        ({"ship_days": ""}, "曜日を一つは"),
        ({"currency": "yen!"}, "3文字"),
        ({"carries": "だめ"}, "英小文字"),
        ({"cut_off": "夜"}, "時刻を選びます"),
        ({"origin": "nowhere"}, "出る場所を選びます"),
        ({"zone": "nowhere"}, "地域を選びます"),
    ],
)
def test_what_cannot_be_a_service_is_said(
    house: House, boss: Browser, changes: dict[str, str], said: str
) -> None:
    zone = str(house.asked("select zone_id from stock.delivery_zones order by 1 limit 1"))
    boss.get("/stock/delivery/service/edit")
    form = a_service("ss-new", zone) | changes
    answer = boss.post("/stock/delivery/service/edit", **form)
    assert (answer.status_code, said in answer.text) == (422, True), answer.text[-900:]


def local(minutes: int) -> str:
    return (clock.now().astimezone(TOKYO) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M")


def a_release(code: str, shop: str, sku: str, **changes: str) -> dict[str, str]:
    values = {"id": code, "name_ja": f"発売 {code}", "name_en": "", "at": shop, "members": "",
              "opens": local(60), "ends": local(600), "sku": sku, "qty": "3", "per_person": "1",
              "per_minute": "60", "turn_minutes": "10", "new": "1"}  # fmt: skip
    return values | changes


def join(house: House, code: str) -> None:
    do(house, releases.join, code, ticket_id=uuid.uuid4(), lot=uuid.uuid4(), now=clock.now())


def test_a_release_is_made_opened_watched_and_ended(
    house: House, manager: Browser, shop: str, sku: str
) -> None:
    code = f"r{uuid.uuid4().hex[:8]}"
    manager.get("/stock/releases/edit")
    made = manager.post("/stock/releases/edit", **a_release(code, shop, sku))
    assert made.status_code == 303, made.text[-900:]
    page = manager.get(made.headers["location"]).text
    assert "これから" in page
    for _ in range(4):
        join(house, code)
    assert re.search(r"始まりを待つ方.*?4人", manager.get(made.headers["location"]).text, re.S)
    assert manager.post("/stock/releases/opening", id=code).status_code == 303
    join(house, code)
    page = manager.get(made.headers["location"]).text
    assert "受付中" in page
    assert re.search(r"いま順番の方.*?[1-4]人", page, re.S)
    again = manager.post("/stock/releases/opening", id=code)
    assert (again.status_code, "もう始まっています" in again.text) == (409, True)
    assert manager.get(f"/stock/releases/edit?id={code}").status_code == 409
    assert manager.post("/stock/releases/end", id=code).status_code == 303
    assert "終わり" in manager.get(made.headers["location"]).text
    assert manager.post("/stock/releases/end", id=code).status_code == 409
    aside = house.asked(f"select count(*) from stock.allocations where channel = 'release_{code}'")
    assert aside == 0
    assert code in manager.get(f"/stock/releases?q={code}&phase=over").text
    assert f"id={code}" not in manager.get(f"/stock/releases?q={code}&phase=open").text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id": "だめ"}, "英小文字"),
        ({"ends": "2020-01-01T10:00"}, "60日以内"),
        ({"opens": "いつか"}, "60日以内"),
        ({"per_minute": "0"}, "人数は1〜6000"),
        ({"qty": "0"}, "一つ以上"),
        ({"sku": "no such thing"}, "この品番・JAN の品はありません"),
        ({"name_ja": ""}, "名前を"),
    ],
)
def test_what_cannot_be_a_release_is_said(
    manager: Browser, shop: str, sku: str, changes: dict[str, str], said: str
) -> None:
    manager.get("/stock/releases/edit")
    form = a_release("never", shop, sku) | changes
    answer = manager.post("/stock/releases/edit", **form)
    assert (answer.status_code, said in answer.text) == (422, True), answer.text[-900:]


def test_a_release_of_another_shop_is_looked_at_only(
    house: House, manager: Browser, boss: Browser, shop: str, sku: str
) -> None:
    code = f"r{uuid.uuid4().hex[:8]}"
    boss.get("/stock/releases/edit")
    form = a_release(code, "yokohama", sku)
    assert boss.post("/stock/releases/edit", **form).status_code == 303
    assert "見るだけです" in manager.get(f"/stock/releases/release?id={code}").text
    for path in ("opening", "end"):
        assert manager.post(f"/stock/releases/{path}", id=code).status_code == 403
    assert manager.post("/stock/releases/edit", **form).status_code == 403
    to_mine = form | {"at": shop, "new": ""}
    assert manager.post("/stock/releases/edit", **to_mine).status_code == 403


def test_an_associate_sees_all_and_changes_nothing(house: House, shop: str) -> None:
    with house.person("page-associate") as associate:
        for path in ("/stock/places", "/stock/delivery", "/stock/releases"):
            assert associate.get(path).status_code == 200
        assert associate.get(f"/stock/places/place?at={shop}").status_code == 200
        for path in ("/stock/places/edit", "/stock/delivery/service/edit", "/stock/releases/edit"):
            assert associate.get(path).status_code == 403
        assert associate.post("/stock/releases/end", id="x").status_code == 403


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("path", ["places", "delivery", "releases", "places/edit",
                                  "delivery/service/edit", "releases/edit"])  # fmt: skip
def test_the_pages_fit_both_sizes(screen: Any, width: int, path: str) -> None:
    page = screen("page-admin", width=width)
    page.goto(f"/stock/{path}")
    page.locator("h1").wait_for(state="attached")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.faults == []
