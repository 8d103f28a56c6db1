"""What is due of an item, to whom it is promised, what is set aside: seen and changed on a page."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest

from setten.platform import clock
from tests.console.house import Browser, House, Shop


@pytest.fixture(scope="module")
def sku(house: House, shop: Shop) -> str:
    """Goods of our own, nine of them in our shop."""
    return house.new_item({shop.location_id: 9})


@pytest.fixture(scope="module")
def boss(house: House) -> Iterator[Browser]:
    with house.person("page-admin") as browser:
        yield browser


def day(days: int) -> str:
    return (clock.now() + timedelta(days=days)).date().isoformat()


def address(sku: str, shop: Shop) -> str:
    return f"/stock/promises?sku={sku}&at={shop.location_id}"


def tell_due(boss: Browser, sku: str, shop: Shop, **changes: str) -> str:
    ref = f"PO-{uuid.uuid4().hex[:8]}"
    boss.get(address(sku, shop))
    form = {
        "sku": sku,
        "at": shop.location_id,
        "ref": ref,
        "qty": "20",
        "due_on": day(5),
        "cap": "6",
    }
    answer = boss.post("/stock/promises/due", **form | changes)
    assert answer.status_code == 303, answer.text[-900:]
    return ref


def test_what_is_due_is_written_promised_and_given_up(
    house: House, boss: Browser, sku: str, shop: Shop
) -> None:
    ref = tell_due(boss, sku, shop)
    page = boss.get(address(sku, shop)).text
    assert ref in page
    assert "約束 0／6点" in page
    customer, _ = house.newcomer(name="予約 花子")
    boss.get(f"{address(sku, shop)}&for={customer}")
    form = {"sku": sku, "at": shop.location_id, "qty": "4", "for": customer}
    assert boss.post("/stock/promises/preorder", **form).status_code == 303
    page = boss.get(address(sku, shop)).text
    assert "約束 4／6点" in page
    assert "予約 花子" in page
    more = boss.post("/stock/promises/preorder", **form)
    assert (more.status_code, "空きがある入荷予定はありません" in more.text) == (422, True)
    found = re.search(r"/stock/promises/[0-9a-f-]{36}/cancellation", page)
    assert found
    assert boss.post(found[0]).status_code == 303
    assert boss.post(found[0]).status_code == 409
    page = boss.get(address(sku, shop)).text
    assert "約束 0／6点" in page
    assert ref in boss.get(f"/stock/items/{sku}?at={shop.location_id}").text
    tell_due(boss, sku, shop, ref=ref, qty="0", cap="")
    assert ref not in boss.get(address(sku, shop)).text


def test_units_are_set_aside_and_given_to_everybody(boss: Browser, sku: str, shop: Shop) -> None:
    form = {"sku": sku, "at": shop.location_id, "channel": "app", "aside": "3", "until": day(9)}
    boss.get(address(sku, shop))
    assert boss.post("/stock/promises/aside", **form).status_code == 303
    assert "アプリ" in boss.get(address(sku, shop)).text
    why = boss.get(f"/stock/why?sku={sku}&at={shop.location_id}").text
    assert "−3" in why
    assert boss.post("/stock/promises/aside", **form | {"aside": "0"}).status_code == 303
    assert "分けた数はありません" in boss.get(address(sku, shop)).text


@pytest.mark.parametrize(
    ("path", "changes", "said"),
    [
        ("due", {"ref": ""}, "発注番号を書きます"),
        ("due", {"qty": "-1"}, "0〜1000000"),
        ("due", {"due_on": "あした"}, "日を選びます"),
        ("due", {"cap": "x"}, "空けます"),
        ("aside", {"aside": ""}, "0〜1000000"),
        ("aside", {"channel": "だめ"}, "英小文字"),
        ("aside", {"channel": "release_x"}, "発売のページ"),
        ("aside", {"until": "2020-01-01"}, "先の日"),
        ("preorder", {"qty": "0"}, "1以上"),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(
    boss: Browser, sku: str, shop: Shop, path: str, changes: dict[str, str], said: str
) -> None:
    boss.get(address(sku, shop))
    form = {"sku": sku, "at": shop.location_id, "ref": "PO-1", "qty": "5", "due_on": day(3),
            "cap": "", "channel": "app", "aside": "1", "until": ""}  # fmt: skip
    answer = boss.post(f"/stock/promises/{path}", **form | changes)
    assert (answer.status_code, said in answer.text) == (422, True), answer.text[-900:]


def test_who_works_elsewhere_looks_and_changes_nothing(
    house: House, boss: Browser, sku: str, shop: Shop
) -> None:
    tell_due(boss, sku, shop)
    form = {"sku": sku, "at": shop.location_id, "ref": "PO-2", "qty": "5", "due_on": day(3),
            "channel": "app", "aside": "1"}  # fmt: skip
    with house.person("page-associate") as associate:
        assert "見るだけです" in associate.get(address(sku, shop)).text
        assert associate.post("/stock/promises/due", **form).status_code == 403
        assert associate.post("/stock/promises/aside", **form).status_code == 403
    with house.person("page-marketer") as marketer:
        assert 'class="name"' not in marketer.get(address(sku, shop)).text
        assert marketer.post("/stock/promises/preorder", **form).status_code == 403
    assert boss.get("/stock/promises?sku=no-such&at=kichijoji").status_code == 404


def test_when_no_shop_has_it_the_warehouse_is_named(house: House, boss: Browser) -> None:
    only_there, gone = house.new_item({"warehouse": 8}), house.new_item({})
    customer, _ = house.newcomer(name="倉 庫子")
    near = boss.get(f"/customers/{customer}?sku={only_there}").text.split('id="near"')[1]
    assert "近くの店にはありません" in near
    assert "8点あります" in near
    near = boss.get(f"/customers/{customer}?sku={gone}").text.split('id="near"')[1]
    assert "いま約束できる数は、どこにもありません" in near


def test_a_hold_is_told_at_once_and_the_item_she_asked_about_stays_in_sight(
    house: House, boss: Browser, shop: Shop
) -> None:
    asked, other = house.new_item({shop.location_id: 4}), house.new_item({shop.location_id: 4})
    customer, phone = house.newcomer(name="寝台 葉子")
    viewed = {"type": "track", "event": "Product Viewed", "properties": {"product_id": other}}
    house.tell(viewed | {"anonymousId": phone})
    address = f"/customers/{customer}"
    page = boss.get(f"{address}?sku={asked}").text
    strip = page.split('id="strip-promises"')[1].split("</div></div>")[0]
    assert "取り置きはありません" in strip
    assert f'name="shown" value="{asked}"' in page
    form = {"_csrf": boss.token, "sku": asked, "location_id": shop.location_id,
            "customer_id": customer, "shown": asked}  # fmt: skip

    def press(path: str = "/stock/holds", **changes: str) -> str:
        headers = {"HX-Request": "true"}
        answer = boss.http.post(path, data=form | changes, headers=headers)
        assert answer.status_code == 200, answer.text[-900:]
        return answer.text

    def sits_well(piece: str, n: int) -> bool:
        strip = piece.split('id="strip-promises" hx-swap-oob="true"')[1]
        near = piece.split('id="near"')[1]
        return strip.find(f">{n}</a>") in range(200) and asked in near and other not in near

    done = press()
    assert sits_well(done, 1)
    undo = re.search(r'hx-post="(/stock/holds/[0-9a-f-]+/release)"', done)
    assert undo
    assert sits_well(press(undo[1]), 0)
    # What nobody knows does not undo the deed, nor without scripts is the item lost.
    assert ">1</a>" in press(shown="no such thing")
    plain = boss.http.post("/stock/holds", data=form)
    assert plain.headers["location"] == f"{address}?sku={asked}"
