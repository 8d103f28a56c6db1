"""What tills took back and nobody knows of what: a list that a manager works off."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from setten.platform import clock
from setten.stock.returns import matching
from tests.console.house import Browser, House, Shop

AT = clock.now() - timedelta(days=2)


@pytest.fixture(scope="module")
def manager(house: House, shop: Shop) -> str:
    """The login of the manager of our shop."""
    login = f"boss-{uuid.uuid4().hex[:8]}"
    house.hire(login, "shop_manager", (shop.location_id,))
    return login


def till(house: House, shop: Shop, sku: str, qty: int, *, hours: int, **more: Any) -> str:
    """One receipt of a till; its number."""
    number, at = uuid.uuid4().hex[:8], AT + timedelta(hours=hours)
    receipt = {
        "location_id": shop.location_id, "register": "1", "sequence": number,
        "business_day": at.date().isoformat(), "at": at.isoformat(),
        "lines": [{"sku": sku, "qty": qty, "amount": 1100 * qty, "tax_rate": 0.1}],
    }  # fmt: skip
    answer = house.post_api("/api/v1/receipts", {"receipts": [receipt | more]})
    assert answer.json()["booked"] == 1, answer.text
    return number


def came_back(house: House, shop: Shop, sku: str, **more: Any) -> str:
    """A till takes one back without a number, and the job has looked; the page of it."""
    till(house, shop, sku, -1, hours=20, **more)

    async def look() -> None:
        async with house._connection() as conn, conn.transaction():
            await matching.look(conn, now=clock.now())

    house._run(look())
    receipt_id = house.asked(
        f"select receipt_id from stock.till_returns where sku = '{sku}' order by receipt_id desc"
        " limit 1"
    )
    return f"/stock/returns/tills/{receipt_id}?{urlencode({'sku': sku})}"


def waiting(browser: Browser, shop: Shop) -> str:
    return browser.get(f"/stock/returns/tills?at={shop.location_id}").text


def test_a_manager_says_which_of_two_purchases_it_was(
    house: House, shop: Shop, manager: str
) -> None:
    sku = house.new_item({shop.location_id: 9})
    first = till(house, shop, sku, 1, hours=1)
    till(house, shop, sku, 1, hours=2)
    path = came_back(house, shop, sku)
    with house.person(manager) as boss:
        assert sku in waiting(boss, shop)
        assert "突き合わせ" in boss.get(f"/stock/returns?at={shop.location_id}").text
        page = boss.get(path).text
        assert "いくつもあります" in page
        assert page.count("これです") == 2
        chosen = {number: value for value, number in zip(
            re.findall(r'name="purchase" value="([^"]+)"', page),
            re.findall(r'<span class="what">1-(\w+)</span>', page), strict=True)}  # fmt: skip
        answer = boss.post(path, purchase=chosen[first])
        assert answer.status_code == 303, answer.text[-900:]
        assert sku not in waiting(boss, shop)
        assert "結ばれています" in boss.get(path).text
        again = boss.post(path, purchase=chosen[first])
        assert (again.status_code, "もう片付いている" in again.text) == (404, True)


def test_by_its_number_and_not_by_one_that_does_not_have_it(
    house: House, shop: Shop, manager: str
) -> None:
    sku, other = house.new_item({shop.location_id: 9}), house.new_item({shop.location_id: 9})
    mine = till(house, shop, sku, 2, hours=1)
    foreign = till(house, shop, other, 1, hours=1)
    path = came_back(house, shop, sku, lines=[{"sku": sku, "qty": -1, "amount": -900}])
    number = {"location_id": shop.location_id, "register": "1", "day": ""}
    with house.person(manager) as boss:
        unknown = boss.post(path, **number, sequence="no-such")
        assert (unknown.status_code, 'value="no-such"' in unknown.text) == (404, True)
        wrong = boss.post(path, **number, sequence=foreign)
        assert (wrong.status_code, "このお買い上げではありません" in wrong.text) == (409, True)
        assert boss.post(path, **number, sequence=mine).status_code == 303
        assert "結ばれています" in boss.get(path).text


def test_an_associate_looks_and_another_shop_s_manager_decides_nothing(
    house: House, shop: Shop
) -> None:
    sku = house.new_item({shop.location_id: 9})
    path = came_back(house, shop, sku)
    other = house.open_shop()
    login = f"boss-{uuid.uuid4().hex[:8]}"
    house.hire(login, "shop_manager", (other.location_id,))
    with house.person(shop.login) as associate, house.person(login) as stranger:
        assert "決めるのは店長です" in associate.get(path).text
        for one in (associate, stranger):
            assert one.post(path, do="close", note="x").status_code == 403
    assert house.asked(f"select state from stock.till_returns where sku = '{sku}'") == "open"


def test_what_nobody_can_know_is_closed_with_a_reason(
    house: House, shop: Shop, manager: str
) -> None:
    sku = house.new_item({shop.location_id: 9})
    path = came_back(house, shop, sku)
    with house.person(manager) as boss:
        assert boss.post(path, do="close", note="  ").status_code == 409
        assert boss.post(path, do="close", note="レシートなし").status_code == 303
        assert "レシートなし" in boss.get(path).text
        assert sku not in waiting(boss, shop)
        for wrong in ("after=x", "after=%00", f"after={uuid.uuid4()}:x"):
            answer = boss.get(f"/stock/returns/tills?at={shop.location_id}&{wrong}")
            assert answer.status_code in (404, 422), answer.text[-300:]


def test_the_list_goes_on_where_it_is_cut(house: House, shop: Shop, manager: str) -> None:
    sku = house.new_item({shop.location_id: 99})
    house.run_in_database(
        "insert into stock.till_returns (receipt_id, sku, location_id, at, qty, amount_minor,"
        f" currency, tender, why) select gen_random_uuid(), '{sku}', '{shop.location_id}',"
        " now() - n * interval '1 minute', 1, n, 'JPY', 'cash', 'none'"
        " from generate_series(1, 60) n"
    )
    seen, path = [], f"/stock/returns/tills?at={shop.location_id}"
    with house.person(manager) as boss:
        while path:
            page = boss.get(path).text
            seen += re.findall(r"/stock/returns/tills/([0-9a-f-]{36})", page)
            more = re.search(r'<a class="button" href="([^"]+after=[^"]+)"', page)
            path = more[1].replace("&amp;", "&") if more else ""
    assert len(set(seen)) == len(seen) >= 60
