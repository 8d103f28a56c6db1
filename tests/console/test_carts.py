"""Carts and orders on their pages: seen, changed, completed, cancelled; by whom it may be."""

from __future__ import annotations

import re
import uuid
from typing import Any

import httpx
import pytest

from tests.console.house import Browser, House, Shop

GOODS = ("MUG-WHT", "KETTLE-IRON", "CUSHION-GRN")


@pytest.fixture(scope="module", autouse=True)
def shelves_full(house: House) -> None:
    """As many of the goods as the tests here buy, whoever else bought some before."""
    for sku in GOODS:
        house.receive(sku, "kichijoji", 50)
        house.receive(sku, "warehouse", 50)


def begin(person: Browser, *skus: str) -> str:
    """A cart for somebody without a name, with these goods; its address."""
    cart = str(person.post("/stock/carts").headers["location"])
    person.get(cart)
    for sku in skus:
        assert person.post(f"{cart}/changes", do="new", sku=sku).status_code == 303
    return cart


def shown(page: httpx.Response, name: str) -> str:
    found = re.search(rf'name="{name}" value="(\d+)"', page.text)
    assert found, page.text[:500]
    return found[1]


def complete(person: Browser, cart: str, **more: str) -> httpx.Response:
    page = person.get(cart)
    said = {"do": "order", "version": shown(page, "version"), "total": shown(page, "total"),
            "pay": "counter"} | more  # fmt: skip
    return person.post(f"{cart}/order", **said)


def test_a_cart_is_filled_changed_and_completed_at_the_counter(house: House) -> None:
    with house.person("page-associate") as associate:
        cart = begin(associate, "MUG-WHT", "KETTLE-IRON")
        associate.post(f"{cart}/changes", do="more", sku="MUG-WHT")
        associate.post(f"{cart}/changes", do="out", sku="KETTLE-IRON")
        page = associate.get(cart).text
        assert "磁器のマグ" in page
        assert "鉄瓶" not in page
        assert "¥3,360" in page
        done = complete(associate, cart)
        order = done.headers["location"]
        page = associate.get(order).text
        # Twice is once: the second press leads to the same order.
        again = complete_as_shown(associate, cart)
        assert associate.get(again).headers["location"] == order
    assert "¥3,360" in page
    assert "これから" in page


def complete_as_shown(person: Browser, cart: str) -> str:
    answer = person.post(f"{cart}/order", do="order", version="1", total="1", pay="counter")
    assert answer.status_code == 303
    return str(answer.headers["location"])


def test_a_barcode_is_as_good_as_a_sku_and_an_unknown_one_is_said_so(house: House) -> None:
    gtin = house.asked("select gtin_written from stock.items where sku = 'MUG-WHT'")
    with house.person("page-associate") as associate:
        cart = begin(associate)
        assert associate.post(f"{cart}/changes", do="new", sku=str(gtin)).status_code == 303
        assert "磁器のマグ" in associate.get(cart).text
        refused = associate.post(f"{cart}/changes", do="new", sku="no such thing")
        assert refused.status_code == 404


def test_another_total_than_the_shown_one_is_shown_anew(house: House) -> None:
    with house.person("page-associate") as associate:
        cart = begin(associate, "MUG-WHT")
        answer = complete(associate, cart, total="1")
        assert answer.status_code == 409
        assert "金額が変わりました" in answer.text
        associate.post(f"{cart}/changes", do="more", sku="MUG-WHT")
        changed = complete(associate, cart, version="1")
        assert "カートの中身が変わりました" in changed.text
        assert complete(associate, cart).status_code == 303


def test_what_is_paid_and_carried_is_with_its_customer(house: House) -> None:
    with house.person("page-associate") as associate:
        done = complete(associate, begin(associate, "MUG-WHT"), pay="paid")
        page = associate.get(done.headers["location"]).text
        refused = associate.post(f"{done.headers['location']}/cancellation", reason="wished")
    assert "お渡ししました" in page
    assert (refused.status_code, "お渡しした" in refused.text) == (409, True)


def test_money_at_the_till_is_noted_and_a_cancelled_order_gives_it_back(house: House) -> None:
    with house.person("page-associate") as associate:
        order = complete(associate, begin(associate, "MUG-WHT", "CUSHION-GRN")).headers["location"]
        page = associate.get(order).text
        capture = re.search(r"/stock/orders/payments/[0-9a-f-]+/capture", page)
        assert capture
        assert associate.post(capture[0]).status_code == 303
        assert associate.post(capture[0]).status_code == 409
        back = f"/stock/returns/purchase?at=kichijoji&order={order.rsplit('/', 1)[-1]}"
        page = associate.get(back).text
        assert "いま返せる品はありません" in page, "nothing was handed over yet"
        assert 'name="reason"' not in page
        associate.get(order)
        associate.post(f"{order}/cancellation", line_no="1", qty="1", reason="wished")
        page = associate.get(order).text
        assert "うち 1点 取り消し" in page
        sums = page.split('class="facts cart-sums"')[1].split("</dl>")[0]
        said = [sums.index(one) for one in ("合計（税込）", "取り消した分", "取り消しのあとの合計")]
        assert said == sorted(said), "the total that is left comes after what was taken from it"
        associate.post(f"{order}/cancellation", reason="wished")
        page = associate.get(order).text
    assert "取り消しました" in page
    assert "返した" in page


def test_a_code_leads_to_the_cart_and_a_wrong_one_nowhere(house: House) -> None:
    with house.person("page-associate") as associate:
        cart = begin(associate, "MUG-WHT")
        made = re.search(r'code-large">(\d{6,9})<', associate.post(f"{cart}/code").text)
        assert made
        opened = associate.post("/stock/carts/code", code=made[1])
        assert opened.headers["location"] == cart
        assert associate.post("/stock/carts/code", code="000").status_code == 404


def test_a_customers_cart_stands_on_her_page(house: House) -> None:
    her, _ = house.newcomer(name="佐野 籠子")
    with house.person("page-agent") as agent:
        looked = agent.get(f"/customers/{her}/cart").headers["location"]
        assert looked == f"/customers/{her}#cart"  # looking begins nothing
        assert f'action="/customers/{her}/cart"' in agent.get(f"/customers/{her}").text
        cart = agent.post(f"/customers/{her}/cart").headers["location"]
        assert agent.get(f"/customers/{her}/cart").headers["location"] == cart
        agent.get(cart)
        agent.post(f"{cart}/changes", do="new", sku="CUSHION-GRN")
        page = agent.get(f"/customers/{her}").text
        assert 'id="cart"' in page
        assert "送る" in page
        noted = house.asked(
            f"select count(*) from audit.entries where action = 'cart.changed'"
            f" and customer_id = '{her}'"
        )
    assert noted == 1


def test_sent_goods_are_priced_by_postcode_and_the_address_is_sealed(house: House) -> None:
    with house.person("page-agent") as agent:
        cart = begin(agent, "MUG-WHT")
        asked = complete(agent, cart, do="quote", postcode="180-0004")
        assert asked.status_code == 200
        assert "郵便番号で決まります" not in asked.text
        said: dict[str, Any] = {"postcode": "180-0004", "name": "北条 遥", "street": "1-2-3"}
        done = agent.post(f"{cart}/order", do="order", version=shown(asked, "version"),
                          total=shown(asked, "total"), pay="on_delivery", **said)  # fmt: skip
        assert done.status_code == 303, done.text[:400]
        order = str(done.headers["location"])
        assert "北条" not in agent.get(order).text
    sealed = f"select address_id from stock.orders where order_id = '{order[-36:]}'"
    assert house.asked(sealed) is not None


def sent_order(house: House) -> str:
    """The address of an order that goes by post."""
    with house.person("page-agent") as agent:
        cart = begin(agent, house.new_item({"warehouse": 3}))
        asked = complete(agent, cart, do="quote", postcode="180-0004")
        done = agent.post(f"{cart}/order", do="order", version=shown(asked, "version"),
                          total=shown(asked, "total"), pay="on_delivery", postcode="180-0004",
                          name="南雲 渚", street="4-5-6")  # fmt: skip
        assert done.status_code == 303, done.text[:400]
    return str(done.headers["location"])


def test_the_address_is_opened_for_a_reason_and_it_goes_on_record(house: House) -> None:
    order = sent_order(house)
    with house.person("page-admin") as boss:
        assert "南雲" not in boss.get(order).text
        assert boss.post(f"{order}/address", why="curious").status_code == 422
        opened = boss.post(f"{order}/address", why="label")
        assert opened.status_code == 200
        assert "南雲 渚" in opened.text
        assert "4-5-6" in opened.text
        assert "no-store" in opened.headers["cache-control"]
    noted = house.asked(
        "select reason from audit.entries where action = 'address.opened'"
        f" and subject = '{order[-36:]}'"
    )
    assert noted == "label"


@pytest.mark.parametrize("login", ["page-associate", "page-marketer", "page-engineer"])
def test_who_does_not_send_it_opens_no_address(house: House, login: str) -> None:
    order = sent_order(house)  # from the warehouse, taken by phone: no shop's business
    with house.person(login) as other:
        page = other.get(order).text
        assert "/address" not in page
        refused = other.post(f"{order}/address", why="label")
    assert (refused.status_code, "南雲" in refused.text) == (403, False)


def test_the_address_opens_in_the_page_it_was_asked_on(house: House, screen: Any) -> None:
    order = sent_order(house)
    page = screen("page-admin", width=390)
    page.goto(order)
    page.get_by_role("button", name="お届け先をひらく").click()
    page.get_by_text("南雲 渚").wait_for()
    assert page.url.endswith(order)
    page.reload()
    assert page.get_by_text("南雲 渚").count() == 0
    assert page.faults == []


NO_CART = "/stock/carts/3f2b5d0e-6a1c-4b7e-9d55-0c1f2a3b4c5d"


@pytest.mark.parametrize("path", ["/stock/carts", NO_CART])
def test_who_may_not_see_customers_sees_no_carts(house: House, path: str) -> None:
    with house.person("page-marketer") as marketer:
        assert marketer.get(path).status_code == 403
        assert marketer.post("/stock/carts").status_code == 403
        assert marketer.get("/stock/orders").status_code == 200
        assert 'class="name"' not in marketer.get("/stock/orders").text


def test_nobody_on_the_phone_has_a_till_beside_it(house: House) -> None:
    with house.person("page-agent") as agent:
        cart = begin(agent, "MUG-WHT")
        assert 'value="paid"' not in agent.get(cart).text
        assert complete(agent, cart, pay="paid", postcode="180-0004").status_code == 422


def test_an_order_is_found_by_its_number(house: House) -> None:
    with house.person("page-associate") as associate:
        order = complete(associate, begin(associate, "MUG-WHT")).headers["location"]
        number = house.asked(f"select order_ref from stock.orders where order_id = '{order[-36:]}'")
        found = associate.get(f"/stock/orders?number={str(number)[1:]}")
        assert found.headers["location"] == order
        assert "その番号の注文はありません" in associate.get("/stock/orders?number=S999").text


@pytest.mark.parametrize("path", ["/stock/carts/{}", "/stock/orders/{}", "/customers/{}/cart"])
def test_what_there_is_not_is_not_found(house: House, path: str) -> None:
    with house.person("page-agent") as agent:
        assert agent.get(path.format(uuid.uuid4())).status_code == 404


def taken_over(house: House, cart: str) -> str:
    """The code that leads to a cart, as its customer's screen shows it."""
    made = house.post_api(f"/api/v1/carts/{cart[-36:]}/codes", {})
    assert made.status_code == 201, made.text
    return str(made.json()["code"])


def test_a_cart_of_nobody_is_changed_only_where_it_was_begun_or_its_code_was_said(
    house: House, shop: Shop
) -> None:
    login = f"till-{uuid.uuid4().hex[:8]}"
    house.hire(login, "associate", (shop.location_id,))
    with house.person("page-associate") as associate:
        cart = begin(associate, "MUG-WHT")
    lines = f"select sum(qty) from stock.cart_lines where cart_id = '{cart[-36:]}'"
    with house.person(login) as other:
        page = other.get(cart)
        assert (page.status_code, "磁器のマグ" in page.text) == (200, True)
        assert "ほかの場所で作られました" in page.text
        assert f"{cart}/changes" not in page.text
        assert f"{cart}/order" not in page.text
        for path, form in (
            ("changes", {"do": "out", "sku": "MUG-WHT"}),
            ("changes", {"do": "new", "sku": "KETTLE-IRON"}),
            ("code", {}),
            ("order", {"do": "order", "version": "1", "total": "1", "pay": "paid"}),
        ):
            refused = other.post(f"{cart}/{path}", **form)
            assert (refused.status_code, path) == (403, path)
            assert "ここでは変更できません" in refused.text
        assert house.asked(lines) == 1
        opened = other.post("/stock/carts/code", code=taken_over(house, cart))
        assert opened.headers["location"] == cart
        assert other.post(f"{cart}/changes", do="more", sku="MUG-WHT").status_code == 303
    assert house.asked(lines) == 2
    with house.person("page-associate") as associate:  # who began it still may
        assert associate.post(f"{cart}/changes", do="less", sku="MUG-WHT").status_code == 303
    with house.person("page-agent") as agent:  # works for no shop: on the phone for all
        assert agent.post(f"{cart}/changes", do="more", sku="MUG-WHT").status_code == 303


def test_a_browsers_cart_is_no_shops_until_its_code_is_said(house: House, shop: Shop) -> None:
    made = house.post_api("/api/v1/carts", {"anonymous_id": f"b-{uuid.uuid4()}", "channel": "web"})
    cart = f"/stock/carts/{made.json()['cart_id']}"
    login = f"till-{uuid.uuid4().hex[:8]}"
    house.hire(login, "shop_manager", (shop.location_id,))
    with house.person(login) as manager:
        manager.get(cart)
        assert manager.post(f"{cart}/changes", do="new", sku="MUG-WHT").status_code == 403
        manager.post("/stock/carts/code", code=taken_over(house, cart))
        assert manager.post(f"{cart}/changes", do="new", sku="MUG-WHT").status_code == 303


def test_an_orders_story_says_what_was_to_be_paid_before_what_was_paid(house: House) -> None:
    with house.person("page-associate") as associate:
        done = complete(associate, begin(associate, "MUG-WHT"), pay="paid")
        story = associate.get(done.headers["location"]).text.split('class="order-story"')[1]
    said = [story.index(word) for word in ("注文を受けました", "受け取る予定", "受け取りました")]
    assert said == sorted(said)
