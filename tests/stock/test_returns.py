"""What comes back, wherever it was bought: never more than was sold, and all comes out right."""

import asyncio
import itertools
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from tests.stock.conftest import NOW, Shop

from setten.facts.stock import GoodsLine
from setten.platform import db
from setten.platform.errors import SettenError
from setten.stock import catalog, holds, orders, payments, pricing, receipts, returns, sets
from setten.stock.catalog import Item
from setten.stock.orders import NewLine, NewOrder, Order
from setten.stock.receipts import Receipt, ReceiptLine, Tender
from setten.stock.returns import (
    Back,
    BadReturn,
    MayNotDecide,
    MoreThanSold,
    NewReturn,
    Policy,
    ProofNeeded,
    Purchase,
    ReturnTooLate,
    Taken,
    TooManyReturns,
)
from setten.stock.sets import Set

SOON = NOW + timedelta(days=1)
TEN = Decimal("0.1")
numbers = itertools.count(1)


async def sell(
    shop: Shop, *lines: tuple[str, int, int], tenders: tuple[Tender, ...] = (), **named: Any
) -> Purchase:
    """A receipt of (sku, units, amount of the line); as what may come back of it."""
    receipt = Receipt(
        **{
            "location_id": "ginza", "register": "1", "sequence": str(next(numbers)),
            "business_day": NOW.date(), "at": NOW, "currency": "JPY", "tenders": tenders,
            "lines": tuple(ReceiptLine(sku=sku, qty=qty, amount_minor=amount, tax_rate=TEN)
                           for sku, qty, amount in lines),
        } | named
    )  # fmt: skip
    async with db.transaction(shop.pool) as conn:
        [done] = await receipts.book(conn, [receipt], by="till", now=NOW)
        assert done.receipt_id is not None, done
        return await returns.by_receipt(conn, done.receipt_id)


async def order(shop: Shop, *, paid: int, qty: int = 2) -> Order:
    """An order of ours for mugs, carried away, with so much of it paid by card."""
    new = NewOrder(
        lines=[NewLine(sku="mug", qty=qty, unit_price_minor=1100, tax_rate=TEN, method="carry",
                       location_id="ginza")],
        taxes=pricing.taxes([(TEN, 1100 * qty)]), currency="JPY", channel="web", placed_by="t",
        identifier_id=5,
    )  # fmt: skip
    async with db.transaction(shop.pool) as conn:
        placed = (await orders.place(conn, new, now=NOW)).order
        if paid:
            one = await payments.intend(conn, placed.order_id, method="card", amount_minor=paid,
                                        currency="JPY", by="t", now=NOW)  # fmt: skip
            await payments.record(conn, one.payment_id, "captured", paid, by="t", now=NOW)
    return placed


async def take(shop: Shop, may_decide: bool = False, **named: Any) -> Taken:
    new = NewReturn(**{"location_id": "ueno", "reason": "changed_mind", "by": "t"} | named)
    async with db.transaction(shop.pool) as conn:
        return await returns.take(conn, new, may_decide=may_decide, now=SOON)


def back(line_no: int, qty: int = 1, condition: str = "resaleable") -> Back:
    return Back(line_no=line_no, qty=qty, condition=condition)


async def test_bought_in_one_shop_it_comes_back_in_another_and_is_for_sale_there(
    shop: Shop,
) -> None:
    bought = await sell(shop, ("mug", 2, 2200), tenders=(Tender("card", 2200),), identifier_id=5)
    done = (await take(shop, purchase=bought, lines=(back(0),))).done
    assert (done.total_minor, done.tax[0].tax_minor) == (1100, 100)
    assert [(one.kind, one.amount_minor) for one in done.refunds] == [("card", 1100)]
    assert (await shop.balance("mug", "ueno")).on_hand == 1
    [told] = await shop.events("return.recorded")
    assert told["identifiers"] == [5]
    assert '"total_minor":-1100' in told["body"]
    await shop.prove()


async def test_its_condition_says_where_it_goes(shop: Shop) -> None:
    bought = await sell(shop, ("mug", 3, 3000), tenders=(Tender("cash", 3000),))
    lines = (back(0), back(0, condition="damaged"), back(0, condition="unusable"))
    await take(shop, purchase=bought, lines=lines)
    row = await shop.balance("mug", "ueno")
    assert (row.on_hand, row.quarantine) == (1, 1)
    assert len(await shop.events("availability.changed")) >= 1
    await shop.prove()


async def test_never_more_than_was_sold_over_all_earlier_returns(shop: Shop) -> None:
    bought = await sell(shop, ("mug", 2, 2000), ("lamp", 1, 500), tenders=(Tender("cash", 2500),))
    await take(shop, purchase=bought, lines=(back(0),))
    with pytest.raises(MoreThanSold) as refused:
        await take(shop, purchase=bought, lines=(back(0), back(0)))
    assert refused.value.facts["lines"][0]["can_return"] == 1
    await take(shop, purchase=bought, lines=(back(0), back(1)))
    for line in (0, 1):
        with pytest.raises(MoreThanSold):
            await take(shop, purchase=bought, lines=(back(line),))
    await shop.prove()


async def test_ten_counters_at_once_take_back_what_was_sold_and_no_more(shop: Shop) -> None:
    bought = await sell(shop, ("mug", 3, 1000), tenders=(Tender("cash", 1000),))
    answers = await asyncio.gather(
        *(take(shop, purchase=bought, lines=(back(0),), location_id=place)
          for place in ("ginza", "ueno") * 5),
        return_exceptions=True,
    )  # fmt: skip
    done = [one.done for one in answers if isinstance(one, Taken)]
    assert all(isinstance(one, Taken | MoreThanSold) for one in answers), answers
    assert len(done) == 3
    assert sum(one.total_minor for one in done) == 1000  # no yen is lost or made by rounding
    assert sum(part.amount_minor for one in done for part in one.refunds) == 1000
    await shop.prove()


async def test_crossing_exchanges_do_not_wait_in_a_circle(shop: Shop) -> None:
    async with db.transaction(shop.pool) as conn:
        await catalog.put(conn, [Item(sku=sku, name_ja=sku, name_en=sku, price_minor=100,
                          currency="JPY") for sku in ("mug", "lamp")], now=NOW)  # fmt: skip
    for sku in ("mug", "lamp"):
        await shop.receive(sku, 20, at="ueno")
    mugs = await sell(shop, ("mug", 8, 800), tenders=(Tender("cash", 800),))
    lamps = await sell(shop, ("lamp", 8, 800), tenders=(Tender("cash", 800),))
    turns = [(mugs, "lamp"), (lamps, "mug")] * 8
    answers = await asyncio.gather(
        *(take(shop, purchase=one, lines=(back(0),), exchange=(GoodsLine(sku, "ueno", 1),))
          for one, sku in turns), return_exceptions=True,
    )  # fmt: skip
    assert all(isinstance(one, Taken) for one in answers), answers
    await shop.prove()


async def test_money_goes_back_the_way_it_came_and_points_come_last(shop: Shop) -> None:
    tenders = (Tender("points", 500), Tender("card", 1000), Tender("cash", 500))
    bought = await sell(shop, ("mug", 4, 2000), tenders=tenders)
    ways = []
    for _ in range(4):
        done = (await take(shop, purchase=bought, lines=(back(0),))).done
        ways.append([(one.kind, one.amount_minor) for one in done.refunds])
    assert ways == [[("card", 500)], [("card", 500)], [("cash", 500)], [("points", 500)]]


async def test_what_was_taken_off_and_tax_beside_the_price_come_back_as_sold(shop: Shop) -> None:
    line = ReceiptLine(sku="mug", qty=3, amount_minor=1000, discount_minor=200, tax_rate=TEN)
    bought = await sell(shop, lines=(line,), tax_included=False, tenders=(Tender("cash", 1100),))
    totals = []
    for _ in range(3):
        done = (await take(shop, purchase=bought, lines=(back(0),))).done
        totals.append((done.total_minor, done.tax[0].tax_minor))
    assert totals == [(366, 33), (366, 33), (367, 33)]
    assert sum(total for total, _ in totals) <= 1100


async def test_bought_online_and_returned_in_a_shop(shop: Shop) -> None:
    placed = await order(shop, paid=2200)
    async with shop.pool.acquire() as conn:
        bought = await returns.by_order_number(conn, placed.order_ref)
    done = (await take(shop, purchase=bought, lines=(back(1),))).done
    assert [(one.kind, one.amount_minor) for one in done.refunds] == [("card", 1100)]
    async with shop.pool.acquire() as conn:
        [payment] = await payments.of_order(conn, placed.order_id)
    assert payment.refunded_minor == 1100
    await take(shop, purchase=bought, lines=(back(1),))
    with pytest.raises(MoreThanSold):
        await take(shop, purchase=bought, lines=(back(1),))
    await shop.prove()


async def test_of_an_order_no_more_money_goes_back_than_was_paid(shop: Shop) -> None:
    placed = await order(shop, paid=500)
    async with shop.pool.acquire() as conn:
        bought = await returns.by_order(conn, placed.order_id)
    done = (await take(shop, purchase=bought, lines=(back(1, 2),))).done
    assert (done.total_minor, sum(one.amount_minor for one in done.refunds)) == (2200, 500)


async def test_an_order_and_the_receipt_that_paid_it_are_one_purchase(shop: Shop) -> None:
    placed = await order(shop, paid=0)
    bought = await sell(shop, ("mug", 2, 2200), tenders=(Tender("cash", 2200),),
                        order_system="setten", order_ref=placed.order_ref)  # fmt: skip
    assert bought.order_id == placed.order_id
    await take(shop, purchase=bought, lines=(back(1, 2),))
    async with shop.pool.acquire() as conn:
        again = await returns.by_order(conn, placed.order_id)
    assert [one.can_return for one in again.lines] == [0]


async def test_goods_still_in_a_hold_of_the_order_are_cancelled_not_returned(shop: Shop) -> None:
    await shop.receive("mug", 2)
    held = await shop.hold(("mug", "ginza", 2))
    new = NewOrder(
        lines=[NewLine(sku="mug", qty=2, unit_price_minor=100, tax_rate=TEN, method="pickup",
                       location_id="ginza")],
        taxes=pricing.taxes([(TEN, 200)]), currency="JPY", channel="web", placed_by="t",
        hold_ids=[held.hold_id],
    )  # fmt: skip
    async with db.transaction(shop.pool) as conn:
        placed = (await orders.place(conn, new, now=NOW)).order
        assert [x.can_return for x in (await returns.by_order(conn, placed.order_id)).lines] == [0]
        await holds.hand_over(conn, held.hold_id, by="t", now=NOW)
        assert [x.can_return for x in (await returns.by_order(conn, placed.order_id)).lines] == [2]


async def test_a_corrected_receipt_is_the_same_purchase(shop: Shop) -> None:
    bought = await sell(shop, ("mug", 2, 2000), tenders=(Tender("cash", 2000),), sequence="77")
    await take(shop, purchase=bought, lines=(back(0),))
    corrected = await sell(shop, ("lamp", 1, 100), ("mug", 1, 1000), sequence="77",
                           tenders=(Tender("cash", 1100),), replaces=bought.receipt_id)  # fmt: skip
    assert {one.sku: one.can_return for one in corrected.lines} == {"lamp": 1, "mug": 0}


async def test_what_a_till_took_back_of_an_order_itself_is_not_taken_back_again(shop: Shop) -> None:
    placed = await order(shop, paid=2200)
    await sell(shop, ("mug", -1, -1100), order_system="setten", order_ref=placed.order_ref)
    async with shop.pool.acquire() as conn:
        bought = await returns.by_order(conn, placed.order_id)
    assert [one.can_return for one in bought.lines] == [1]


async def test_what_a_till_took_back_from_a_card_is_of_its_newest_purchase(shop: Shop) -> None:
    later = NOW + timedelta(hours=1)
    old = await sell(shop, ("mug", 2, 2000), identifier_id=7)
    young = await sell(shop, ("mug", 1, 1000), at=later, identifier_id=7)
    other = await sell(shop, ("mug", 1, 1000), identifier_id=8)

    async def left() -> list[int]:
        async with shop.pool.acquire() as conn:
            found = [await returns.by_receipt(conn, one.receipt_id or UUID(int=0))
                     for one in (old, young, other)]  # fmt: skip
        return [one.lines[0].can_return for one in found]

    assert await left() == [2, 1, 1]
    evening = NOW + timedelta(hours=8)
    await sell(shop, ("mug", -1, -1000), at=evening, identifier_id=7)
    assert await left() == [2, 0, 1]
    await sell(shop, ("mug", -1, -1000), at=evening, identifier_id=7)
    assert await left() == [1, 0, 1]
    with pytest.raises(MoreThanSold):
        await take(shop, purchase=young, lines=(back(0),))
    await take(shop, purchase=old, lines=(back(0),))
    assert await left() == [0, 0, 1]


async def test_what_came_back_over_the_counter_is_not_counted_again_for_the_till(
    shop: Shop,
) -> None:
    old = await sell(shop, ("mug", 1, 1000), identifier_id=7)
    young = await sell(shop, ("mug", 1, 1000), at=NOW + timedelta(hours=1), identifier_id=7)
    await take(shop, purchase=young, lines=(back(0),))
    await sell(shop, ("mug", -1, -1000), at=NOW + timedelta(hours=9), identifier_id=7)
    async with shop.pool.acquire() as conn:
        again = await returns.by_receipt(conn, old.receipt_id or UUID(int=0))
    assert again.lines[0].can_return == 0  # two were bought, two came back


async def test_an_exchange_at_the_till_leaves_the_new_one_to_come_back(shop: Shop) -> None:
    old = await sell(shop, ("mug", 1, 1000), identifier_id=7)
    swap = await sell(shop, ("mug", -1, -1000), ("mug", 1, 1000), identifier_id=7,
                      at=NOW + timedelta(hours=1))  # fmt: skip
    async with shop.pool.acquire() as conn:
        found = [await returns.by_receipt(conn, one.receipt_id or UUID(int=0))
                 for one in (old, swap)]  # fmt: skip
    assert sum(line.can_return for one in found for line in one.lines) == 1


async def test_the_rules_refuse_clearly_and_somebody_may_decide_with_a_reason(shop: Shop) -> None:
    bought = await sell(shop, ("mug", 9, 900), at=NOW - timedelta(days=60), identifier_id=5)
    late = {"purchase": bought, "lines": (back(0),)}
    with pytest.raises(ReturnTooLate) as refused:
        await take(shop, **late)
    assert refused.value.facts["days"] == 30
    with pytest.raises(MayNotDecide):
        await take(shop, **late, override_reason="地震で来られなかった")
    done = await take(shop, may_decide=True, **late, override_reason="地震で来られなかった")
    assert done.done.override_reason
    await take(shop, **late | {"reason": "faulty"})  # what does not work comes back whenever


async def test_who_returns_very_often_is_referred(shop: Shop) -> None:
    async with db.transaction(shop.pool) as conn:
        rule = Policy(days=30, per_customer_max=2, per_customer_days=90, unproven_max_minor=500)
        await returns.set_policy(conn, rule, by="t", now=NOW)
    bought = await sell(shop, ("mug", 9, 900), identifier_id=5)
    for _ in range(2):
        await take(shop, purchase=bought, lines=(back(0),))
    other = await sell(shop, ("mug", 1, 100), identifier_id=6)  # another card of hers
    with pytest.raises(TooManyReturns):
        await take(shop, purchase=other, lines=(back(0),), owner_ids=frozenset({5, 6}))


async def test_without_proof_it_takes_somebody_who_may_and_is_paid_by_voucher(shop: Shop) -> None:
    async with db.transaction(shop.pool) as conn:
        await catalog.put(conn, [Item(sku="mug", name_ja="m", name_en="m", price_minor=6000,
                          currency="JPY")], now=NOW)  # fmt: skip
    mug = Back(sku="mug", qty=1, condition="resaleable")
    with pytest.raises(ProofNeeded):
        await take(shop, lines=(mug,))
    with pytest.raises(MayNotDecide):
        await take(shop, lines=(mug,), override_reason="贈り物")
    done = (await take(shop, may_decide=True, lines=(mug,), override_reason="贈り物")).done
    assert [(one.kind, one.amount_minor) for one in done.refunds] == [("credit", 6000)]
    with pytest.raises(ProofNeeded):
        await take(shop, may_decide=True, lines=(mug, mug))


async def test_an_exchange_holds_the_other_goods_and_settles_the_difference(shop: Shop) -> None:
    async with db.transaction(shop.pool) as conn:
        await catalog.put(conn, [Item(sku="lamp", name_ja="l", name_en="l", price_minor=1500,
                          currency="JPY")], now=NOW)  # fmt: skip
    bought = await sell(shop, ("mug", 2, 2000), tenders=(Tender("card", 2000),), identifier_id=5)
    asked = {"purchase": bought, "exchange": (GoodsLine("lamp", "ueno", 1),)}
    with pytest.raises(holds.NotEnoughStock):
        await take(shop, lines=(back(0),), **asked)
    assert (await shop.balance("mug", "ginza")).on_hand == -2  # nothing of the return stands
    await shop.receive("lamp", 2, at="ueno")
    dearer = await take(shop, lines=(back(0),), **asked)
    assert (dearer.done.to_pay_minor, dearer.done.refunds) == (500, ())
    assert dearer.exchange is not None
    two = await take(shop, lines=(back(0),), **asked | {"exchange": ()})
    assert two.done.to_pay_minor == 0
    await shop.prove()


@pytest.mark.parametrize(
    "wrong",
    [{"lines": ()}, {"lines": (back(0, 0),)}, {"lines": (back(0, condition="lost"),)},
     {"lines": (back(5),)}, {"reason": "why"}, {"override_reason": " "},
     {"lines": (Back(sku="mug", qty=1, condition="resaleable"),)},
     {"lines": (Back(qty=1, condition="resaleable"),)}],
)  # fmt: skip
async def test_what_cannot_be_a_return_is_refused(shop: Shop, wrong: dict[str, Any]) -> None:
    bought = await sell(shop, ("mug", 1, 100))
    with pytest.raises(BadReturn):
        await take(shop, **{"purchase": bought, "lines": (back(0),)} | wrong)
    with pytest.raises(SettenError):
        await take(shop, purchase=bought, lines=(back(0),), location_id="nowhere")


async def test_the_purchases_of_a_customer_are_found_each_once(shop: Shop) -> None:
    placed = await order(shop, paid=0)
    await sell(shop, ("mug", 2, 2200), order_system="setten", order_ref=placed.order_ref,
               identifier_id=5)  # fmt: skip
    await sell(shop, ("lamp", 1, 500), identifier_id=6)
    async with shop.pool.acquire() as conn:
        found = await returns.of_customer(conn, [5, 6], now=SOON)
    assert sorted(line.sku for one in found for line in one.lines) == ["lamp", "mug"]


async def test_a_return_is_read_again_as_it_was_taken(shop: Shop) -> None:
    bought = await sell(shop, ("mug", 1, 100), tenders=(Tender("cash", 100),))
    done = (await take(shop, purchase=bought, lines=(back(0),))).done
    async with shop.pool.acquire() as conn:
        assert await returns.get(conn, done.return_id) == done
        assert await returns.latest_at(conn, "ueno") == [done]
        with pytest.raises(returns.UnknownReturn):
            await returns.get(conn, bought.receipt_id or done.return_id)


async def test_of_a_set_the_parts_come_back(shop: Shop) -> None:
    async with db.transaction(shop.pool) as conn:
        pair = Set(sku="rug", parts={"mug": 2, "lamp": 1})
        assert await sets.put(conn, [pair], now=NOW, known=frozenset({"rug", "mug", "lamp"})) == []
    bought = await sell(shop, ("rug", 2, 2000), tenders=(Tender("cash", 2000),))
    done = (await take(shop, purchase=bought, lines=(back(0),))).done
    assert done.total_minor == 1000
    assert (await shop.balance("mug", "ueno")).on_hand == 2
    assert (await shop.balance("lamp", "ueno")).on_hand == 1
    await shop.prove()
