"""The counter on screen: ticks and hand-overs taken back, parts, other people, goods instead,
what a scanner types, returns, and parcels to be sent."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from setten.customers import identity
from setten.facts.stock import GoodsLine
from setten.platform import clock
from setten.platform.vault import Vault
from setten.stock import fulfilments, holds, orders, pricing, receipts
from setten.stock.fulfilments import Going
from setten.stock.orders import NewLine, NewOrder
from setten.stock.receipts import Receipt, ReceiptLine, Tender
from tests.console.house import Browser, House, Shop

PIECE = {"HX-Request": "true"}
TEN = Decimal("0.1")


@pytest.fixture(scope="module")
def associate(house: House, shop: Shop) -> Iterator[Browser]:
    with house.person(shop.login) as browser:
        yield browser


def do(house: House, verb: Any, *args: Any, **named: Any) -> Any:
    async def run() -> Any:
        async with house._connection() as conn:
            return await verb(conn, *args, **named)

    return house._run(run())


@pytest.fixture
def sku(house: House, shop: Shop) -> str:
    return house.new_item({shop.location_id: 9})


def state_of(house: House, hold_id: uuid.UUID) -> str:
    return str(do(house, holds.get, hold_id, now=clock.now()).state)


def post(associate: Browser, path: str, **form: str) -> Any:
    answer = associate.post(path, **form)
    assert answer.status_code in (200, 303), answer.text[-800:]
    return answer


def test_a_tick_is_taken_back_by_a_second_press(
    house: House, associate: Browser, shop: Shop, sku: str
) -> None:
    hold = house.hold(sku, at=shop.location_id)
    line = {"sku": sku, "location_id": shop.location_id, "stage": "collect"}
    post(associate, f"/stock/holds/{hold.hold_id}/picks", **line)
    assert state_of(house, hold.hold_id) == "ready"
    post(associate, f"/stock/holds/{hold.hold_id}/unpicks", **line)
    assert state_of(house, hold.hold_id) == "held"


def test_a_hold_that_was_found_by_its_code_is_handed_over_from_its_page(
    house: House, associate: Browser, shop: Shop, sku: str
) -> None:
    hold = house.hold(sku, at=shop.location_id)
    page, counter = f"/stock/holds/{hold.hold_id}", f'href="/stock/holds/{hold.hold_id}/counter"'
    assert counter in associate.get(page).text
    with house.person("page-marketer") as marketer:
        assert counter not in marketer.get(page).text
    post(associate, f"{page}/collection", stage="ready")
    assert counter not in associate.get(page).text


def test_what_is_ready_is_handed_over_and_taken_back_on_its_own_page(
    house: House, associate: Browser, shop: Shop, sku: str
) -> None:
    hold = house.hold(sku, at=shop.location_id)
    page, queue = f"/stock/holds/{hold.hold_id}", f"/stock/pickup?at={shop.location_id}"
    assert f'action="{page}/collection"' not in associate.get(page).text  # nobody picked it yet
    post(associate, f"{page}/picks", stage="collect")
    assert f'action="{page}/collection"' in associate.get(page).text
    handed = post(associate, f"{page}/collection", back="hold")
    assert handed.headers["location"] == page
    shown = associate.get(page).text
    assert "番号をおっしゃった方へ" in shown
    assert f'action="{page}/reopening"' in shown
    assert f'href="{page}"' in associate.get(f"{queue}&stage=done").text
    with house.person("page-marketer") as marketer:
        assert f'action="{page}/reopening"' not in marketer.get(page).text
    again = post(associate, f"{page}/reopening", back="hold")
    assert again.headers["location"] == page
    assert state_of(house, hold.hold_id) == "ready"


def test_what_somebody_else_collects_says_so_in_the_queue_and_opens_the_counter(
    house: House, associate: Browser, shop: Shop, sku: str
) -> None:
    customer, _ = house.newcomer(lastName="北条", firstName="波")
    hold = house.hold(sku, at=shop.location_id, customer=customer)
    page, queue = f"/stock/holds/{hold.hold_id}", f"/stock/pickup?at={shop.location_id}"

    def ticket(stage: str) -> str:
        [found] = [
            one
            for one in associate.get(f"{queue}&stage={stage}").text.split('<details class="ticket"')
            if f'data-id="{hold.hold_id}"' in one
        ]
        return found

    assert "代わりの方が受け取ります" not in ticket("collect")
    do(house, holds.name_collector, Vault(house.master_key), hold.hold_id, name="南条 海",
       now=clock.now())  # fmt: skip
    assert "代わりの方が受け取ります" in ticket("collect")
    post(associate, f"{page}/picks", stage="collect")
    ready = ticket("ready")
    assert f'href="{page}/counter"' in ready
    assert f'action="{page}/collection"' not in ready
    shown = associate.get(page).text
    assert "代わりの方が受け取ります" in shown
    assert f'action="{page}/collection"' not in shown
    assert "南条" not in ready + shown
    assert 'value="南条 海"' in associate.get(f"{page}/counter").text
    post(associate, f"{page}/handing",
         **{f"qty|{shop.location_id}|{sku}": "1", "to": "named", "name": "南条 海"})  # fmt: skip
    assert "代わりの方へ" in associate.get(page).text


def test_a_hand_over_offers_the_way_back(
    house: House, associate: Browser, shop: Shop, sku: str
) -> None:
    hold = house.hold(sku, at=shop.location_id)
    answer = associate.http.post(
        f"/stock/holds/{hold.hold_id}/collection",
        data={"_csrf": associate.token, "stage": "ready"}, headers=PIECE,
    )  # fmt: skip
    undo = f"/stock/holds/{hold.hold_id}/reopening"
    assert f'action="{undo}"' in answer.text
    post(associate, undo, stage="ready")
    assert state_of(house, hold.hold_id) == "ready"


def test_part_goes_to_somebody_named_and_the_rest_waits(
    house: House, associate: Browser, shop: Shop, sku: str
) -> None:
    hold = house.hold(sku, at=shop.location_id, customer=house.customer("佐伯"), qty=3)
    page = associate.get(f"/stock/holds/{hold.hold_id}/counter")
    assert page.status_code == 200, page.text[-800:]
    name = f"qty|{shop.location_id}|{sku}"
    assert name in page.text
    post(associate, f"/stock/holds/{hold.hold_id}/handing",
         **{name: "2", "rest": "keep", "to": "named", "name": "山田 太郎"})  # fmt: skip
    assert state_of(house, hold.hold_id) == "collected"
    [rest] = do(house, holds.find_by_code, hold.code, now=clock.now(), location_id=shop.location_id)
    assert [line.qty for line in rest.lines] == [1]
    queue = associate.get("/stock/pickup?stage=done")
    assert "山田 太郎" not in queue.text


def test_other_goods_are_offered_from_the_same_shop(
    house: House, associate: Browser, shop: Shop, sku: str
) -> None:
    other = house.new_item({shop.location_id: 1})
    hold = house.hold(sku, at=shop.location_id)
    page = associate.get(f"/stock/holds/{hold.hold_id}/counter?sku={sku}&q={other}")
    assert f'name="by_sku" value="{other}"' in page.text
    post(associate, f"/stock/holds/{hold.hold_id}/substitution", sku=sku, by_sku=other,
         location_id=shop.location_id, price="100", currency="JPY",
         agreed_how="counter")  # fmt: skip
    found = do(house, holds.get, hold.hold_id, now=clock.now())
    assert {(line.sku, line.state) for line in found.lines} == {(sku, "released"), (other, "held")}
    [ticket] = [
        one for one in associate.get("/stock/pickup").text.split('<details class="ticket"')
        if f'data-id="{hold.hold_id}"' in one
    ]  # fmt: skip
    # One piece is promised: what was given up counts no more, and says why it has no box.
    assert "1点" in ticket
    assert "2点" not in ticket
    assert ">やめた<" in ticket


def a_gtin() -> str:
    """Thirteen digits of which the last one is right, used by nobody else."""
    digits = f"456{uuid.uuid4().int % 10**9:09d}"
    total = sum(int(one) * (1, 3)[n % 2] for n, one in enumerate(digits))
    return f"{digits}{-total % 10}"


def test_a_scanner_ticks_goods_and_hands_over_by_code(
    house: House, associate: Browser, shop: Shop
) -> None:
    here, gtin = shop.location_id, a_gtin()
    hold = house.hold(house.new_item({here: 1}, gtin=gtin), at=here)
    link = f"https://id.gs1.org/01/0{gtin}?10=A"
    post(associate, "/stock/pickup/code", at=here, code=link, stage="collect")
    assert state_of(house, hold.hold_id) == "ready"
    again = associate.post("/stock/pickup/code", at=here, code=gtin, stage="collect")
    assert again.status_code == 404
    post(associate, "/stock/pickup/code", at=here, code=hold.code, stage="ready")
    assert state_of(house, hold.hold_id) == "collected"


def test_the_code_of_another_shop_hands_nothing_over_here(
    house: House, associate: Browser, shop: Shop, sku: str
) -> None:
    hold = house.hold("MUG-WHT", at="yokohama")
    do(house, holds.pick, hold.hold_id, now=clock.now())
    for at in (shop.location_id, "yokohama"):
        answer = associate.post("/stock/pickup/code", at=at, code=hold.code, stage="ready")
        assert answer.status_code in (403, 404, 409), at
    assert state_of(house, hold.hold_id) == "ready"


def sold(house: House, sku: str, qty: int, *, days_ago: int = 0) -> str:
    """A receipt of Yokohama; its number."""
    at = clock.now() - timedelta(days=days_ago)
    number = uuid.uuid4().hex[:8]
    receipt = Receipt(
        location_id="yokohama", register="3", sequence=number, business_day=at.date(), at=at,
        currency="JPY", tenders=(Tender("card", 1000 * qty),),
        lines=(ReceiptLine(sku=sku, qty=qty, amount_minor=1000 * qty, tax_rate=TEN),),
    )  # fmt: skip
    do(house, receipts.book, [receipt], by="test", now=clock.now())
    return number


def the_purchase(associate: Browser, shop: Shop, number: str) -> str:
    found = post(associate, "/stock/returns/finding", at=shop.location_id,
                 location_id="yokohama", register="3", sequence=number, day="",
                 order="")  # fmt: skip
    return str(found.headers["location"])


def form_of(associate: Browser, shop: Shop, address: str) -> dict[str, str]:
    page = associate.get(address)
    assert page.status_code == 200, page.text[-800:]
    press = re.search(r'name="press" value="([^"]+)"', page.text)
    receipt = re.search(r'name="receipt" value="([^"]+)"', page.text)
    assert press
    assert receipt
    return {"press": press[1], "receipt": receipt[1], "at": shop.location_id}


def test_a_receipt_is_found_by_its_number_as_pages_show_it(
    house: House, associate: Browser, shop: Shop, sku: str
) -> None:
    number = sold(house, sku, 1)
    form = {"at": shop.location_id, "location_id": "yokohama", "register": "", "day": ""}
    found = post(associate, "/stock/returns/finding", **form, sequence=f" 3-{number}")
    assert found.headers["location"] == the_purchase(associate, shop, number)
    for wrong in (number, f"4-{number}", f"{number}-", "-"):
        lost = associate.post("/stock/returns/finding", **form, sequence=wrong)
        assert (lost.status_code, wrong in lost.text) == (404, True)


def test_bought_in_one_shop_returned_in_another_and_pressed_twice(
    house: House, associate: Browser, shop: Shop, sku: str
) -> None:
    address = the_purchase(associate, shop, sold(house, sku, 3))
    form = form_of(associate, shop, address)
    form |= {"qty-0": "1", "condition-0": "damaged", "reason": "faulty"}
    first = post(associate, "/stock/returns", **form)
    assert post(associate, "/stock/returns", **form).headers["location"] == first.headers[
        "location"]  # fmt: skip
    shown = associate.get(first.headers["location"])
    assert "カードに" in shown.text
    assert "検品に回します" in shown.text
    assert "2点（3点のうち）" in associate.get(address).text
    address, _, _ = first.headers["location"].partition("?")
    assert address in associate.get("/stock/returns").text


def test_a_part_of_a_set_comes_back_by_its_own_row(
    house: House, associate: Browser, shop: Shop, sku: str
) -> None:
    other, both = house.new_item({shop.location_id: 3}), house.new_item({})
    parts = {"sets": [{"sku": both, "parts": {sku: 1, other: 1}}]}
    assert house.put_api("/api/v1/stock/sets", parts).json()["refused"] == []
    address = the_purchase(associate, shop, sold(house, both, 1))
    assert associate.get(address).text.count("back-line is-part") == 2
    first, _ = sorted((sku, other))
    form = form_of(associate, shop, address)
    form |= {"qty-0": "0", "qty-0-0": "1", "condition-0-0": "resaleable", "reason": "faulty"}
    done = associate.get(post(associate, "/stock/returns", **form).headers["location"]).text
    assert first in done
    assert "¥500" in done, "both parts cost the same alone, so half of the ¥1,000"
    assert "2点" not in associate.get(address).text


def test_what_nobody_bought_is_said_on_the_page(associate: Browser, shop: Shop) -> None:
    answer = associate.post("/stock/returns/finding", at=shop.location_id, order="S000000000",
                            location_id="", register="", sequence="", day="")  # fmt: skip
    assert answer.status_code == 404
    assert "その番号の買い物はありません" in answer.text


def test_beyond_the_rules_it_takes_somebody_who_may_decide(
    house: House, associate: Browser, shop: Shop, sku: str
) -> None:
    number = sold(house, sku, 2, days_ago=300)
    address = the_purchase(associate, shop, number)
    form = form_of(associate, shop, address) | {
        "qty-0": "1", "condition-0": "resaleable", "reason": "changed_mind"}  # fmt: skip
    assert associate.post("/stock/returns", **form).status_code == 409
    assert associate.post("/stock/returns", **form | {"why": "わけ"}).status_code == 403
    with house.person("page-admin") as boss:
        form |= form_of(boss, shop, address) | {"why": "長いお付き合いのため"}
        done = post(boss, "/stock/returns", **form)
        assert "長いお付き合いのため" in boss.get(done.headers["location"]).text


def test_a_marketer_takes_no_returns(house: House) -> None:
    with house.person("page-marketer") as marketer:
        assert marketer.get("/stock/returns?at=kichijoji").status_code == 403
        assert marketer.get("/stock/sending?at=kichijoji").status_code == 403


async def to_be_sent(conn: Any, shop: Shop, *skus: str, her: uuid.UUID | None = None) -> uuid.UUID:
    """An order of ours to be sent from the shop."""
    now = clock.now()
    lines = [NewLine(sku=sku, qty=1, unit_price_minor=1000, tax_rate=TEN, method="ship")
             for sku in skus]  # fmt: skip
    ask = holds.Ask(
        lines=tuple(GoodsLine(sku, shop.location_id, 1) for sku in skus),
        by="test", ttl_s=86_400, purpose="shipment",
        identifier_id=await identity.identifier_for(conn, her) if her else None,
    )  # fmt: skip
    held = await holds.place(conn, ask, now=now)
    tax = pricing.taxes([(TEN, 1000 * len(skus))])
    new = NewOrder(lines=lines, taxes=tax, currency="JPY", channel="web", placed_by="test",
                   hold_ids=[held.hold_id])  # fmt: skip
    order = (await orders.place(conn, new, now=now)).order
    going = Going(hold_id=held.hold_id, way="ship")
    [part] = await fulfilments.open_for(conn, order, [going], by="test", now=now)
    return part.fulfilment_id


def parcel(house: House, shop: Shop, *skus: str, her: uuid.UUID | None = None) -> uuid.UUID:
    made: uuid.UUID = do(house, to_be_sent, shop, *skus, her=her)
    return made


def test_a_parcel_is_taken_on_packed_and_sent(
    house: House, associate: Browser, shop: Shop, sku: str
) -> None:
    part = parcel(house, shop, sku)
    assert str(part) in associate.get("/stock/sending").text
    held = do(house, fulfilments.get, part, now=clock.now()).hold_id
    assert str(held) not in associate.get("/stock/pickup").text  # nobody collects it
    for to in ("accepted", "packed"):
        post(associate, f"/stock/sending/{part}/step", to=to)
    post(associate, f"/stock/sending/{part}/shipping", carrier="ヤマト運輸", carrier_ref="1-2-3")
    assert str(part) not in associate.get("/stock/sending").text
    assert do(house, fulfilments.get, part, now=clock.now()).state == "shipped"


def test_an_order_that_a_carrier_brought_was_delivered_and_handed_over_to_nobody(
    house: House, associate: Browser, shop: Shop, sku: str
) -> None:
    part = parcel(house, shop, sku)
    associate.get("/stock/sending")
    order = do(house, fulfilments.get, part, now=clock.now()).order_id
    for to in ("accepted", "packed"):
        post(associate, f"/stock/sending/{part}/step", to=to)
    post(associate, f"/stock/sending/{part}/shipping", carrier="yamato", carrier_ref="1-2-3")
    do(house, fulfilments.step, part, "delivered", by="test", now=clock.now())
    page = associate.get(f"/stock/orders/{order}").text
    head = page.split("page-head")[1].split("</header>")[0]
    assert "お届けしました" in head
    assert "お渡ししました" not in head


def test_a_parcel_is_sent_on_its_customers_page_and_handed_over_to_nobody(
    house: House, associate: Browser, shop: Shop, sku: str
) -> None:
    her, _ = house.newcomer(name="荷物 送子")
    part = parcel(house, shop, sku, her=uuid.UUID(her))
    associate.get("/stock/sending")
    for to in ("accepted", "packed"):
        post(associate, f"/stock/sending/{part}/step", to=to)
    post(associate, f"/stock/sending/{part}/shipping", carrier="ヤマト運輸", carrier_ref="1-2-3")
    told = ""
    deadline = time.monotonic() + 60  # the readers of the log are behind, seldom by much
    while f"{shop.name}から" not in told and time.monotonic() < deadline:
        told = associate.get(f"/customers/{her}").text
    assert f"{shop.name}から" in told
    assert "お送りしました" in told
    assert "お渡ししました" not in told


def test_what_cannot_be_sent_goes_to_another_place(
    house: House, associate: Browser, shop: Shop, sku: str
) -> None:
    part = parcel(house, shop, sku, house.new_item({shop.location_id: 1}))
    told = post(associate, f"/stock/sending/{part}/rejection", reason="not_on_shelf", sku=sku)
    gone = do(house, fulfilments.get, part, now=clock.now())
    assert gone.state == "rejected"
    # Nobody else has goods of this test: that is said at once, and in the story of the order.
    assert "いま送れる場所はありません" in associate.get(told.headers["location"]).text
    story = associate.get(f"/stock/orders/{gone.order_id}").text
    assert "棚にない（数を直します）" in story
    elsewhere = associate.get(f"/stock/sending?at={shop.location_id}&asked=yokohama,nowhere,-").text
    assert "横浜店に頼みました" in elsewhere
    assert "数え直す" in associate.get("/stock/pickup").text
