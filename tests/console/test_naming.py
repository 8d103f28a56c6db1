"""Who is named in lists of a shop's pages: the people of its own promises, and those one met."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest

from tests.console.house import Browser, House, Shop


@pytest.fixture(scope="module")
def elsewhere(house: House) -> Shop:
    return house.open_shop()


class Stranger:
    """Somebody whom no shop has met. name: her family name, by which she is looked for on pages."""

    def __init__(self, house: House) -> None:
        self.name = "未知" + "".join(chr(0x4E00 + b % 0x60) for b in uuid.uuid4().bytes[:3])
        self.customer_id, _ = house.newcomer(name=f"{self.name} 花")
        self._house = house
        self.forget()

    def forget(self) -> None:
        self._house.run_in_database(
            f"delete from audit.met where customer_id = '{self.customer_id}'"
        )

    def met_by(self, login: str) -> bool:
        return bool(
            self._house.asked(
                f"select count(*) from audit.met m join auth.staff s on m.actor = 'staff:' "
                f"|| s.staff_id where s.login = '{login}' and m.customer_id = '{self.customer_id}'"
            )
        )


@pytest.fixture
def stranger(house: House, shop: Shop, elsewhere: Shop) -> Stranger:
    return Stranger(house)


def cart_of(house: House, who: Stranger, sku: str) -> dict[str, Any]:
    """Her cart, with one of the goods."""
    cart = house.post_api("/api/v1/carts", {"customer_id": who.customer_id}).json()
    changed = house.post_api(
        f"/api/v1/carts/{cart['cart_id']}/changes",
        {"changes": [{"op": "add", "sku": sku, "method": "pickup", "location_id": at_of(sku)}]},
    )
    assert changed.status_code == 200, changed.text
    return dict(changed.json())


_AT: dict[str, str] = {}


def at_of(sku: str) -> str:
    return _AT[sku]


@pytest.fixture
def sku(house: House, elsewhere: Shop) -> str:
    """Goods that only the other shop has."""
    made = house.new_item({elsewhere.location_id: 3})
    _AT[made] = elsewhere.location_id
    return made


def order_of(house: House, who: Stranger, sku: str) -> dict[str, Any]:
    """An order of hers, on the web, to collect where the goods are."""
    cart = cart_of(house, who, sku)
    body = {"version": cart["version"], "total_minor": cart["total_minor"], "channel": "web",
            "payments": [{"method": "counter"}]}  # fmt: skip
    bought = house.post_api(f"/api/v1/carts/{cart['cart_id']}/checkout", body)
    assert bought.status_code in (200, 201), bought.text
    who.forget()
    return dict(bought.json()["order"])


def row(page: str, number: str) -> str:
    found = re.search(rf"<tr>(?:(?!</tr>).)*{number}(?:(?!</tr>).)*</tr>", page, re.S)
    assert found, f"{number} is not in the list"
    return found[0]


def order_list(person: Browser, number: str) -> str:
    return row(person.get("/stock/orders").text, number)


def test_an_order_of_another_shop_is_goods_and_a_place_until_she_is_met(
    house: House, shop: Shop, elsewhere: Shop, stranger: Stranger, sku: str
) -> None:
    order = order_of(house, stranger, sku)
    page = f"/stock/orders/{order['order_id']}"
    with house.person(shop.login) as associate:
        assert stranger.name not in order_list(associate, order["number"])
        assert stranger.name not in associate.get(page).text
        assert not stranger.met_by(shop.login), "looking at a list meets nobody"
        assert associate.get(f"/customers/{stranger.customer_id}").status_code == 303
    with house.person(elsewhere.login) as associate:
        assert stranger.name in order_list(associate, order["number"]), "she collects it here"
        assert stranger.name in associate.get(page).text
        assert associate.get(f"/customers/{stranger.customer_id}").status_code == 200
    with house.person("page-agent") as agent:
        assert stranger.name in order_list(agent, order["number"])


def test_a_number_that_stands_in_the_list_opens_nobody(
    house: House, shop: Shop, elsewhere: Shop, stranger: Stranger, sku: str
) -> None:
    order = order_of(house, stranger, sku)
    page = f"/stock/orders/{order['order_id']}"
    with house.person(shop.login) as associate:
        led = associate.get(f"/stock/orders?number={order['number']}")
        assert led.headers["location"] == page
        assert stranger.name not in associate.get(page).text
        found = associate.post("/find", q=order["number"]).text
        assert (page in found, stranger.name in found) == (True, False)
        assert not stranger.met_by(shop.login)
        assert f"/customers/{stranger.customer_id}" in associate.get(page).text
        asked = associate.get(f"/customers/{stranger.customer_id}")
        assert asked.headers["location"] == f"/customers/{stranger.customer_id}/reason"
    with house.person(elsewhere.login) as associate:
        assert stranger.name in associate.post("/find", q=order["number"]).text
        assert stranger.met_by(elsewhere.login), "she collects it here"


def test_a_pickup_code_of_another_shop_opens_nobody(
    house: House, shop: Shop, elsewhere: Shop, stranger: Stranger, sku: str
) -> None:
    placed = house.hold(sku, at=elsewhere.location_id, customer=stranger.customer_id)
    stranger.forget()
    with house.person(shop.login) as associate:
        found = associate.post("/find", q=placed.code).text
        assert str(placed.hold_id) in found
        assert stranger.name not in found
        assert not stranger.met_by(shop.login)
    with house.person(elsewhere.login) as associate:
        assert stranger.name in associate.post("/find", q=placed.code).text
        assert stranger.met_by(elsewhere.login)


def test_a_cart_in_the_list_has_no_name_and_asks_why_before_it_opens(
    house: House, shop: Shop, stranger: Stranger, sku: str
) -> None:
    cart = cart_of(house, stranger, sku)
    stranger.forget()
    page = f"/stock/carts/{cart['cart_id']}"
    with house.person(shop.login) as associate:
        listed = associate.get("/stock/carts").text
        assert page in listed
        assert stranger.name not in listed
        asked = associate.get(page)
        assert asked.status_code == 303
        assert asked.headers["location"] == f"/customers/{stranger.customer_id}/reason"
        changed = associate.post(f"{page}/changes", do="more", sku=sku)
        assert changed.status_code == 303
        assert house.asked(f"select sum(qty) from stock.cart_lines where sku = '{sku}'") == 1


def test_the_code_of_her_cart_opens_it(
    house: House, shop: Shop, stranger: Stranger, sku: str
) -> None:
    cart = cart_of(house, stranger, sku)
    code = house.post_api(f"/api/v1/carts/{cart['cart_id']}/codes", {}).json()["code"]
    stranger.forget()
    with house.person(shop.login) as associate:
        associate.get("/stock/carts")
        led = associate.post("/stock/carts/code", code=code)
        assert stranger.name in associate.get(led.headers["location"]).text


def test_a_cart_that_was_begun_here_for_nobody_stays_open(house: House, shop: Shop) -> None:
    sku = house.new_item({shop.location_id: 3})
    with house.person(shop.login) as associate:
        associate.get("/stock/carts")
        cart = associate.post("/stock/carts").headers["location"]
        assert associate.get(cart).status_code == 200
        associate.post(f"{cart}/changes", do="new", sku=sku)
        house.post_api("/api/v1/carts", {"customer_id": str(uuid.uuid4())})  # time passes
        assert associate.get(cart).status_code == 200
        assert associate.post(f"{cart}/changes", do="more", sku=sku).status_code == 303
        assert sku in associate.get(cart).text


def test_a_hold_of_another_shop_and_its_queue_name_nobody(
    house: House, shop: Shop, elsewhere: Shop, stranger: Stranger, sku: str
) -> None:
    placed = house.hold(sku, at=elsewhere.location_id, customer=stranger.customer_id)
    stranger.forget()
    hold, queue = f"/stock/holds/{placed.hold_id}", f"/stock/pickup?at={elsewhere.location_id}"
    with house.person(shop.login) as associate:
        assert placed.code in associate.get(queue).text
        assert stranger.name not in associate.get(queue).text
        assert stranger.name not in associate.get(hold).text
        assert not stranger.met_by(shop.login)
    with house.person(elsewhere.login) as associate:
        assert stranger.name in associate.get(hold).text
        assert stranger.name in associate.get(queue).text
