"""From cart to order: what was shown is what is bought, once, or nothing happens.

After ACIDRain (SIGMOD 2017): two who pay one cart, an edit between sum and order, two for the last
unit, a price that changes, money given back twice.
"""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from setten.operations import checkout
from setten.operations.cancelling import HandedOver
from setten.operations.checkout import (
    BadCheckout,
    CannotBeOrdered,
    CartChangedMeanwhile,
    CartEmpty,
    Checkout,
    Pay,
    PriceChanged,
)
from setten.operations.parcels import PARCELS_MAX, share_out
from setten.platform import db
from setten.stock import carts, delivery, fulfilments, holds, orders, payments, regions
from setten.stock.carts import Add, Remove, SetMethod, UnknownCart
from setten.stock.delivery import Wanted
from setten.stock.fulfilments import Sender, Want
from setten.stock.holds import NotEnoughStock, UnknownHold
from setten.stock.locations import Directory
from setten.stock.payments import BadPayment, PaymentRefused
from setten.stock.regions import RegionalAsk, Where
from tests.operations.conftest import ANN, BO, CASH, Till
from tests.stock.conftest import NOW
from tests.stock.test_delivery import TOKYO, keep
from tests.stock.test_delivery import service as delivery_service


async def at_once(*acts: Any) -> list[Any]:
    return await asyncio.gather(*acts, return_exceptions=True)


async def test_what_was_shown_is_bought(till: Till):
    await till.receive("mug", 10)
    await till.receive("sofa", 1)
    cart = await till.cart(("mug", 3), ("sofa", 1))
    bought = await till.buy(cart)
    order = await orders.get(till.pool, bought.order.order_id)
    assert order.total_minor == 3 * 1080 + 55000
    assert [(one.rate, one.tax_minor) for one in order.taxes] == [
        (Decimal("0.1000"), 5000),
        (Decimal("0.0800"), 240),
    ]
    assert (await till.balance("mug")).held == 3
    assert [one.hold_id for one in bought.holds] == await orders.holds_of(till.pool, order.order_id)
    (payment,) = await payments.of_order(till.pool, order.order_id)
    assert (payment.method, payment.state, payment.intended_minor) == ("counter", "intended", 58240)
    assert await till.open_cart() == {}
    assert len(await till.events("order.placed")) == 1
    await till.prove()


async def test_ten_presses_of_one_button_buy_once(till: Till):
    await till.receive("sofa", 5)
    cart = await till.cart(("sofa", 1))
    done = await at_once(*(till.buy(cart, total=55000) for _ in range(10)))
    assert sum(isinstance(one, checkout.Bought) for one in done) == 1
    assert {type(one) for one in done if isinstance(one, Exception)} == {UnknownCart}
    assert (await till.balance("sofa")).held == 1
    assert len(await orders.latest(till.pool)) == 1


async def test_the_last_unit_goes_to_one_of_two_carts(till: Till):
    await till.receive("sofa", 1)
    carts_ = [await till.cart(("sofa", 1), who=who) for who in (ANN, BO)]
    done = await at_once(
        *(till.buy(c, who=who, total=55000) for c, who in zip(carts_, (ANN, BO), strict=True))
    )
    assert sorted(type(one).__name__ for one in done) == ["Bought", "NotEnoughStock"]
    assert len(await till.events("order.placed")) == 1
    # Who came too late still has the cart.
    assert (await till.open_cart(ANN)) | (await till.open_cart(BO)) == {"sofa": 1}
    await till.prove()


async def test_what_was_held_for_her_becomes_her_orders_and_nobody_comes_between(till: Till):
    await till.receive("sofa", 1)
    held = await till.hold(("sofa", "ginza", 1), identifier_id=ANN)
    cart = await till.cart(("sofa", 1))
    with pytest.raises(NotEnoughStock):  # the unit is promised, if to herself
        await till.buy(cart, total=55000)
    with pytest.raises(PriceChanged):
        await till.buy(cart, total=1, hold_ids=[held.hold_id])
    assert (await holds.get(till.pool, held.hold_id, now=NOW)).state == "held"  # nothing happened
    others = [await till.cart(("sofa", 1), who=who) for who in range(200, 208)]
    done = await at_once(
        *(till.buy(c, who=200 + n, total=55000) for n, c in enumerate(others)),
        till.buy(cart, total=55000, hold_ids=[held.hold_id]),
    )
    assert [type(one).__name__ for one in done] == ["NotEnoughStock"] * 8 + ["Bought"]
    assert (await holds.get(till.pool, held.hold_id, now=NOW)).state == "released"
    assert (await till.balance("sofa")).held == 1
    await till.prove()


async def test_a_hold_of_somebody_else_is_no_ones_to_buy_and_an_ended_one_promises_nothing(
    till: Till,
):
    await till.receive("sofa", 1)
    held = await till.hold(("sofa", "ginza", 1), identifier_id=BO)
    cart = await till.cart(("sofa", 1))
    for hold_id in (held.hold_id, uuid4()):
        with pytest.raises(UnknownHold):
            await till.buy(cart, total=55000, hold_ids=[hold_id])
    async with db.transaction(till.pool) as conn:
        await holds.release(conn, held.hold_id, by="t", now=NOW)
    mine = await till.hold(("sofa", "ginza", 1), identifier_id=ANN)
    async with db.transaction(till.pool) as conn:
        await holds.release(conn, mine.hold_id, by="t", now=NOW)
    assert (await till.buy(cart, total=55000, hold_ids=[mine.hold_id])).order.total_minor == 55000
    await till.prove()


async def promised_by_region(till: Till, qty: int) -> holds.Placed:
    """Of whoever sends, for Ann: no place is named yet."""
    ask = RegionalAsk(
        goods={"sofa": qty}, where=Where(), by="t", purpose=holds.SHIPMENT, identifier_id=ANN
    )
    async with db.transaction(till.pool) as conn:
        return await regions.place(conn, Directory(), ask, now=NOW)


async def test_what_a_cart_was_promised_of_a_region_is_bought_by_it_while_others_find_nothing(
    till: Till,
):
    await till.receive("sofa", 1, at="depot")
    await till.receive("sofa", 1, at="web")
    held = await promised_by_region(till, 2)
    cart = await till.cart(("sofa", 2), at=None)
    others = [await till.cart(("sofa", 1), at=None, who=who) for who in range(200, 206)]
    done = await at_once(
        *(till.buy(c, who=200 + n, total=55000, address_id=1)
          for n, c in enumerate(others)),
        till.buy(cart, total=110000, address_id=1, hold_ids=[held.hold_id]),
    )  # fmt: skip
    assert [type(one).__name__ for one in done] == ["NotEnoughStock"] * 6 + ["Bought"]
    assert sorted(one.location_id for one in done[-1].parcels) == ["depot", "web"]
    assert (await holds.get(till.pool, held.hold_id, now=NOW)).state == "released"
    assert [(await till.balance("sofa", at)).held for at in ("depot", "web")] == [1, 1]
    await till.prove()


async def test_an_order_that_fails_leaves_what_the_region_promised(till: Till):
    await till.receive("sofa", 1, at="depot")
    held = await promised_by_region(till, 1)
    cart = await till.cart(("sofa", 1), at=None)
    with pytest.raises(PriceChanged):
        await till.buy(cart, total=1, address_id=1, hold_ids=[held.hold_id])
    assert (await holds.get(till.pool, held.hold_id, now=NOW)).state == "held"
    bought = await till.buy(cart, total=55000, address_id=1, hold_ids=[held.hold_id])
    assert [one.location_id for one in bought.parcels] == ["depot"]
    await till.prove()


async def test_twenty_carts_of_overlapping_goods_never_oversell_and_never_lock_up(till: Till):
    for sku in ("mug", "sofa", "lamp"):
        await till.receive(sku, 7)
    goods = [("mug", 1), ("sofa", 1), ("lamp", 1)]
    made = [await till.cart(*(goods[n % 3 :] + goods[: n % 3])[:2], who=200 + n) for n in range(20)]
    totals = [await till.total(c) for c in made]
    done = await at_once(*(till.buy(c, who=200 + n, total=totals[n]) for n, c in enumerate(made)))
    won = [one for one in done if isinstance(one, checkout.Bought)]
    assert {type(one) for one in done} <= {checkout.Bought, NotEnoughStock}
    sold: dict[str, int] = {}
    for one in won:
        for line in one.order.lines:
            sold[line.sku] = sold.get(line.sku, 0) + line.qty
    assert all(qty <= 7 for qty in sold.values())
    for sku, qty in sold.items():
        assert (await till.balance(sku)).held == qty
    await till.prove()


async def test_what_is_put_in_while_somebody_pays_is_neither_bought_for_nothing_nor_lost(
    till: Till,
):
    await till.receive("mug", 50)
    await till.receive("lamp", 50)
    for _ in range(8):
        cart = await till.cart(("mug", 1))
        bought, added = await at_once(
            till.buy(cart, total=1080),
            till.change(Add(sku="lamp", method="pickup", location_id="ginza")),
        )
        assert not isinstance(added, Exception)
        left = await till.open_cart()
        if isinstance(bought, checkout.Bought):
            assert [line.sku for line in bought.order.lines] == ["mug"]
            assert bought.order.total_minor == 1080
            assert left == {"lamp": 1}
        else:
            assert isinstance(bought, CartChangedMeanwhile)
            assert left == {"mug": 1, "lamp": 1}
        await till.change(*(Remove(sku=sku) for sku in left))


async def test_another_price_than_the_shown_one_is_told_not_taken(till: Till):
    await till.receive("mug", 5)
    cart = await till.cart(("mug", 2))
    await till.price("mug", 1200, "0.08")
    with pytest.raises(PriceChanged) as told:
        await till.buy(cart, total=2160)
    assert told.value.facts["total_minor"] == 2400
    assert told.value.facts["lines"] == [{"sku": "mug", "qty": 2, "unit_price_minor": 1200}]
    assert (await till.balance("mug")).held == 0
    assert await till.open_cart() == {"mug": 2}
    assert (await till.buy(cart, total=2400)).order.total_minor == 2400


async def test_goods_that_are_gone_are_told_with_where_they_are(till: Till):
    await till.receive("sofa", 1, at="ginza")
    await till.receive("sofa", 4, at="ueno")
    cart = await till.cart(("sofa", 1))
    await till.hold(("sofa", "ginza", 1))
    with pytest.raises(NotEnoughStock) as told:
        await till.buy(cart, total=55000)
    assert told.value.facts["short"][0]["available"] == 0
    assert told.value.facts["alternatives"] == [{"sku": "sofa", "location_id": "ueno"}]
    changed = await till.change(SetMethod(sku="sofa", method="pickup", location_id="ueno"))
    assert (await till.buy(changed)).holds[0].lines[0].location_id == "ueno"


async def test_nothing_to_buy_is_said_so(till: Till):
    with pytest.raises(UnknownCart):
        await till.buy(await till.cart(("mug", 1)), who=BO, total=0)
    cart = await till.change(Remove(sku="mug"))
    with pytest.raises(CartEmpty):
        await till.buy(cart, total=0)
    cart = await till.cart(("rug", 1))
    with pytest.raises(CannotBeOrdered):
        await till.buy(cart, total=0)


@pytest.mark.parametrize(
    "pays",
    [
        (Pay(method="card", amount_minor=1),),
        (Pay(method="card", amount_minor=2000),),
        (Pay(method="card"), Pay(method="counter")),
        (Pay(method="card", state="refunded"),),
        tuple(Pay(method="card", amount_minor=1) for _ in range(6)),
        (Pay(method="gold"),),
        (Pay(method="card", reference="4111111111111111"),),
    ],
)
async def test_money_that_does_not_add_up_buys_nothing(till: Till, pays: Sequence[Pay]):
    await till.receive("mug", 5)
    cart = await till.cart(("mug", 1))
    with pytest.raises((BadCheckout, BadPayment)):
        await till.buy(cart, pays=pays)
    assert (await till.balance("mug")).held == 0
    assert await till.open_cart() == {"mug": 1}


async def test_a_card_and_the_rest_at_the_counter(till: Till):
    await till.receive("mug", 5)
    pays = (Pay(method="card", amount_minor=1000, state="authorised", reference="pi_1"),
            Pay(method="counter"))  # fmt: skip
    bought = await till.buy(await till.cart(("mug", 1)), pays=pays)
    assert [(p.method, p.state, p.intended_minor) for p in bought.payments] == [
        ("card", "authorised", 1000),
        ("counter", "intended", 80),
    ]


async def test_carried_away_and_paid_it_leaves_the_shelf_at_once(till: Till):
    await till.receive("mug", 5)
    cart = await till.change(Add(sku="mug", qty=2, method="carry", location_id="ginza"))
    bought = await till.buy(cart, pays=(Pay(method="counter", state="captured"),))
    balance = await till.balance("mug")
    assert (balance.on_hand, balance.held) == (3, 0)
    (hold_id,) = await orders.holds_of(till.pool, bought.order.order_id)
    assert (await holds.get(till.pool, hold_id, now=bought.order.placed_at)).state == "collected"
    with pytest.raises(HandedOver):
        await till.cancel(bought.order.order_id)
    assert (await orders.get(till.pool, bought.order.order_id)).state == "placed"
    await till.prove()


async def test_sent_goods_need_an_address_and_come_from_where_they_are(till: Till):
    await till.receive("mug", 2, at="depot")
    await till.receive("mug", 2, at="web")
    cart = await till.cart(("mug", 3), at=None)
    with pytest.raises(BadCheckout):
        await till.buy(cart)
    bought = await till.buy(cart, address_id=1)
    assert sorted((p.location_id, p.wanted[0].qty) for p in bought.parcels) == [
        ("depot", 2),
        ("web", 1),
    ]
    again = await till.cart(("mug", 2), at=None)
    with pytest.raises(NotEnoughStock):
        await till.buy(again, address_id=1)
    await till.prove()


async def offered(till: Till, sku: str) -> tuple[list[str], dict[str, str], list[str]]:
    """Who would send one: places of the plan, why not the others, origins that delivery offers."""
    async with till.pool.acquire() as conn:
        quote = await delivery.options(conn, Directory(), "1800004", [Wanted(sku, 1)], now=NOW)
        try:
            plan = await fulfilments.plan(conn, Directory(), [Want(1, sku, 1)], now=NOW)
        except NotEnoughStock as refusal:
            why = {one["location_id"]: one["reason"] for one in refusal.facts["excluded"]}
            return [], why, [one.origin for one in quote.options]
    why = {one.location_id: one.reason for one in plan.excluded}
    return list(plan.places), why, [one.origin for one in quote.options]


async def look(till: Till, cart: carts.Cart) -> tuple[list[str], list[str], Any]:
    """A cart's problems, where its parcels leave from, and why it cannot be sent."""
    async with db.transaction(till.pool) as conn:
        quote, sent, why = await checkout.look(conn, Directory(), cart, postcode="1800004", now=NOW)
    return [one.why for one in quote.problems], [one.location_id for one in sent], why


async def test_a_shop_without_a_delivery_service_sends_nothing_and_all_say_why(till: Till):
    assert await keep(till, [TOKYO], [delivery_service()]) == []
    async with db.transaction(till.pool) as conn:
        sends = Sender(location_id="ginza", ships=True)
        await fulfilments.put_senders(conn, [sends], by="t", now=NOW)
    await till.receive("mug", 1)
    cart = await till.cart(("mug", 1), at=None)
    places, why, origins = await offered(till, "mug")
    assert (places, origins, why["ginza"], why["ueno"]) == ([], [], "no_service", "not_shipping")
    problems, sent, refusal = await look(till, cart)
    assert (problems, sent) == (["cannot_be_sent"], [])
    asked = Checkout(
        identifier_ids=[ANN],
        under=ANN,
        cart_version=cart.version,
        total_minor=1080,
        channel="web",
        by="t",
        pays=CASH,
        postcode="1800004",
        address_id=1,
    )
    with pytest.raises(NotEnoughStock) as refused:
        async with db.transaction(till.pool) as conn:
            await checkout.check_out(conn, Directory(), asked, now=NOW)
    for told in (refusal, refused.value):
        said = {one["location_id"]: one["reason"] for one in told.facts["excluded"]}
        assert said["ginza"] == "no_service"
    assert await keep(till, [], [delivery_service("from-ginza", origin="ginza")]) == []
    assert (await offered(till, "mug"))[0] == ["ginza"]
    assert await look(till, cart) == ([], ["ginza"], None)


async def test_a_place_that_is_told_to_send_nothing_is_offered_nowhere(till: Till):
    services = [delivery_service("near", origin="ueno"), delivery_service("far", origin="depot")]
    assert await keep(till, [TOKYO], services) == []
    await till.receive("mug", 1, at="ueno")
    cart = await till.cart(("mug", 1), at=None)
    # A service is word enough that a shop sends.
    assert await offered(till, "mug") == (["ueno"], {
        "depot": "no_stock", "ginza": "not_shipping", "web": "no_service"}, ["ueno"])  # fmt: skip
    assert await look(till, cart) == ([], ["ueno"], None)
    async with db.transaction(till.pool) as conn:
        rests = Sender(location_id="ueno", ships=False)
        await fulfilments.put_senders(conn, [rests], by="t", now=NOW)
    places, why, origins = await offered(till, "mug")
    assert (places, origins, why["ueno"]) == ([], [], "not_shipping")
    problems, sent, refusal = await look(till, cart)
    assert (problems, sent, refusal.code) == (["cannot_be_sent"], [], "not_enough_stock")


async def test_a_cancelled_part_is_free_again_and_its_money_goes_back(till: Till):
    await till.receive("mug", 5)
    await till.receive("sofa", 1)
    pays = (Pay(method="card", state="captured", reference="pi_9"),)
    bought = await till.buy(await till.cart(("mug", 3), ("sofa", 1)), pays=pays)
    order_id = bought.order.order_id
    mug = next(line for line in bought.order.lines if line.sku == "mug")
    back = await till.cancel(order_id, {mug.line_no: 2})
    assert back.cancelled.amount_minor == 2160
    assert [one.payment.refunded_minor for one in back.refunds] == [2160]
    balance = await till.balance("mug")
    assert (balance.on_hand, balance.held) == (4, 1)
    whole = await till.cancel(order_id)
    assert whole.cancelled.is_whole
    (payment,) = await payments.of_order(till.pool, order_id)
    assert payment.state == "refunded"
    assert (await till.balance("sofa")).on_hand == 1
    await till.prove()


async def test_what_was_only_meant_to_be_paid_is_void_when_all_is_cancelled(till: Till):
    await till.receive("mug", 1)
    bought = await till.buy(await till.cart(("mug", 1)))
    await till.cancel(bought.order.order_id)
    (payment,) = await payments.of_order(till.pool, bought.order.order_id)
    assert payment.state == "voided"


async def test_ten_cancels_at_once_give_back_once(till: Till):
    await till.receive("mug", 5)
    pays = (Pay(method="card", state="captured"),)
    bought = await till.buy(await till.cart(("mug", 3)), pays=pays)
    done = await at_once(*(till.cancel(bought.order.order_id) for _ in range(10)))
    assert sum(not isinstance(one, Exception) for one in done) == 1
    assert {type(one) for one in done if isinstance(one, Exception)} == {
        orders.OrderCancelledAlready
    }
    (payment,) = await payments.of_order(till.pool, bought.order.order_id)
    assert payment.refunded_minor == 3240
    assert (await till.balance("mug")).on_hand == 5
    await till.prove()


async def test_a_hand_over_and_a_cancel_at_the_same_moment_do_not_both_win(till: Till):
    await till.receive("mug", 20)
    from setten.platform import db

    for _ in range(8):
        bought = await till.buy(
            await till.cart(("mug", 1)), pays=(Pay(method="card", state="captured"),)
        )
        hold_id = bought.holds[0].hold_id

        async def collect(hold_id=hold_id, at=bought.order.placed_at) -> holds.Hold:
            async with db.transaction(till.pool) as conn:
                return (await holds.collect(conn, hold_id, by="test", now=at)).hold

        done = await at_once(collect(), till.cancel(bought.order.order_id))
        assert sum(isinstance(one, Exception) for one in done) == 1
        (payment,) = await payments.of_order(till.pool, bought.order.order_id)
        is_cancelled = not isinstance(done[1], Exception)
        assert (payment.state == "refunded") == is_cancelled
    await till.prove()


async def test_a_refund_by_hand_and_a_cancel_give_no_more_than_was_taken(till: Till):
    from setten.platform import db

    await till.receive("mug", 5)
    bought = await till.buy(
        await till.cart(("mug", 1)), pays=(Pay(method="card", state="captured"),)
    )

    async def refund() -> object:
        async with db.transaction(till.pool) as conn:
            return await payments.refund(conn, bought.order.order_id, 1080, by="test",
                                         now=bought.order.placed_at)  # fmt: skip

    done = await at_once(refund(), till.cancel(bought.order.order_id), refund())
    assert all(not isinstance(one, Exception) or isinstance(one, PaymentRefused) for one in done)
    (payment,) = await payments.of_order(till.pool, bought.order.order_id)
    assert payment.refunded_minor == 1080


def test_one_parcel_when_one_place_has_all():
    free = {("a", "x"): 9, ("a", "y"): 2, ("b", "y"): 1, ("b", "x"): 0}
    assert share_out([Wanted("a", 2), Wanted("b", 1)], free, ["x", "y"]) == [
        ("y", (Wanted("a", 2), Wanted("b", 1)))
    ]


def test_nobody_gets_a_box_from_every_shop():
    places = [f"p{n}" for n in range(9)]
    free = {("a", place): 1 for place in places}
    with pytest.raises(NotEnoughStock):
        share_out([Wanted("a", PARCELS_MAX + 1)], free, places)
    assert len(share_out([Wanted("a", PARCELS_MAX)], free, places)) == PARCELS_MAX


async def test_the_reason_of_a_left_cart_is_known(till: Till):
    assert checkout.refusal_word(NotEnoughStock(short=[])) == "out_of_stock"
    assert checkout.refusal_word(PriceChanged(total_minor=1)) == "price_changed"
    assert checkout.refusal_word(carts.UnknownCart()) is None
