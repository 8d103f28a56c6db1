"""Goods without receipt or order, and goods taken instead: valued, limited, approved."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest

from setten.platform import auth, clock
from setten.platform.auth.sessions import FAILURES_MAX
from tests.console.house import PASSWORD, Browser, House, Shop

WHY = "長くお使いのお客様です"


@pytest.fixture(scope="module")
def manager(house: House, shop: Shop) -> str:
    """The login of the manager of our shop."""
    login = f"boss-{uuid.uuid4().hex[:8]}"

    async def make() -> None:
        async with house._connection() as conn:
            await auth.create_staff(
                conn, login=login, name="店長", role="shop_manager",
                locations=(shop.location_id,), password=PASSWORD, now=clock.now(), locale="ja",
            )  # fmt: skip

    house._run(make())
    return login


@pytest.fixture(scope="module")
def sku(house: House, shop: Shop) -> str:
    return house.new_item({shop.location_id: 9})


def filled(browser: Browser, shop: Shop, sku: str, **more: str) -> dict[str, str]:
    page = browser.get(f"/stock/returns/unproven?at={shop.location_id}").text
    press = re.search(r'name="press" value="([^"]+)"', page)
    assert press
    return {"press": press[1], "at": shop.location_id, "sku": sku, "qty": "1",
            "condition": "resaleable", "reason": "gift", "why": WHY,
            "do": "take"} | more  # fmt: skip


def on_hand(house: House, sku: str, shop: Shop) -> int:
    return int(house.asked(
        f"select on_hand from stock.balances where sku = '{sku}'"
        f" and location_id = '{shop.location_id}'"
    ))  # fmt: skip


def test_what_is_scanned_is_valued_before_it_is_taken(house: House, shop: Shop, sku: str) -> None:
    with house.person(shop.login) as associate:
        form = filled(associate, shop, sku, do="add", add=sku)
        page = associate.post("/stock/returns/unproven", **form)
        assert page.status_code == 200, page.text[-900:]
        assert 'value="2"' in page.text
        assert "お返しする額" in page.text
        wrong = associate.post("/stock/returns/unproven", **form | {"add": "no such thing"})
        assert (wrong.status_code, "この品番・JAN の品はない" in wrong.text) == (422, True)


def test_an_associate_takes_it_with_her_managers_password_only(
    house: House, shop: Shop, sku: str, manager: str
) -> None:
    before = on_hand(house, sku, shop)
    with house.person(shop.login) as associate:
        form = filled(associate, shop, sku)
        path = "/stock/returns/unproven"
        for login, password, said in (
            ("", "", "ログイン名かパスワードが違います"),
            (manager, "wrong-password", "ログイン名かパスワードが違います"),
            ("page-associate", PASSWORD, "決める権限がありません"),
        ):
            answer = associate.post(path, **form, login=login, password=password)
            assert (answer.status_code, said in answer.text) == (422, True), answer.text[-900:]
            assert password not in answer.text or not password
        unsaid = associate.post(path, **form | {"why": ""}, login=manager, password=PASSWORD)
        assert (unsaid.status_code, "受ける理由" in unsaid.text) == (422, True)
        assert on_hand(house, sku, shop) == before
        done = associate.post(path, **form, login=manager, password=PASSWORD)
        assert done.status_code == 303, done.text[-900:]
        again = associate.post(path, **form, login=manager, password=PASSWORD)
        assert again.headers["location"] == done.headers["location"]
        assert "次に使える券で" in associate.get(done.headers["location"]).text
    assert on_hand(house, sku, shop) == before + 1
    returned = done.headers["location"].split("/")[3].split("?")[0]
    who = house.asked(
        "select p.login from audit.entries e join auth.staff p on 'staff:' || p.staff_id = e.actor"
        f" where e.action = 'return.approved' and e.subject = '{returned}'"
    )
    assert who == manager


def test_who_guesses_a_managers_password_shuts_out_nobody_but_himself(
    house: House, sku: str, manager: str
) -> None:
    place = house.open_shop()
    with house.person(place.login) as associate:
        form = filled(associate, place, sku, login=manager)
        path, tried = "/stock/returns/unproven", FAILURES_MAX + 2
        for number in range(tried):
            assert associate.post(path, **form, password=f"wrong-{number}").status_code == 422
    noted = house.asked(
        "select count(*) from audit.entries e join auth.staff p on 'staff:' || p.staff_id = e.actor"
        f" where e.action = 'approval.refused' and p.login = '{place.login}'"
    )
    assert noted == FAILURES_MAX
    with house.stranger() as browser:
        assert browser.sign_in(manager).status_code == 303


def test_a_manager_of_another_shop_approves_nothing_here(
    house: House, shop: Shop, sku: str, manager: str
) -> None:
    other = house.open_shop()
    with house.person(other.login) as associate:
        refused = associate.get(f"/stock/returns/unproven?at={shop.location_id}")
        assert refused.status_code == 403
        form = filled(associate, other, sku)
        answer = associate.post("/stock/returns/unproven", **form, login=manager, password=PASSWORD)
        assert (answer.status_code, "決める権限がありません" in answer.text) == (422, True)


def test_other_goods_are_held_at_once_and_the_rest_is_to_pay(
    house: House, shop: Shop, sku: str
) -> None:
    dear = house.new_item({shop.location_id: 2})
    with house.person("page-admin") as boss:
        form = filled(boss, shop, sku, **{"out-0": dear, "out-qty-0": "2"})
        done = boss.post("/stock/returns/unproven", **form)
        assert done.status_code == 303, done.text[-900:]
        page = boss.get(done.headers["location"]).text
        assert "代わりの品を" in page
        assert re.search(r'class="code-large">.*?\d{4,}', page, re.S)
        none_left = filled(boss, shop, sku, **{"out-0": dear, "out-qty-0": "1"})
        answer = boss.post("/stock/returns/unproven", **none_left)
        assert answer.status_code == 409
        assert WHY in answer.text


@pytest.mark.parametrize("width", [1440, 390])
def test_the_form_fits_both_sizes(screen: Any, shop: Shop, width: int) -> None:
    page = screen("page-admin", width=width)
    page.goto(f"/stock/returns/unproven?at={shop.location_id}")
    page.get_by_role("button", name="足す").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.faults == []
