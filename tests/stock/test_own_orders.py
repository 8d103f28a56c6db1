"""Our own orders: placed once, cancelled in parts, paid as told."""

import asyncio
import uuid
from datetime import date, timedelta
from decimal import Decimal

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reading import caught_up
from tests.stock.conftest import NOW

from setten.facts.commerce import Item, OrderCancelled, OrderReported, PaymentRecorded
from setten.facts.stock import OrderPlaced, ReceiptRecorded
from setten.platform import db, log
from setten.stock import orders, payments, pricing
from setten.stock.orders import NewLine, NewOrder
from setten.stock.orders.rules import number, said
from setten.stock.payments import BadPayment, PaymentRefused

FULL, REDUCED = Decimal("0.10"), Decimal("0.08")


def new(*lines: NewLine, **more) -> NewOrder:
    lines = lines or (
        NewLine(sku="mug", qty=3, unit_price_minor=1000, tax_rate=FULL, method="ship"),
        NewLine(
            sku="sofa",
            qty=1,
            unit_price_minor=50000,
            tax_rate=FULL,
            method="pickup",
            location_id="ginza",
        ),
    )
    shipping = more.pop("shipping_minor", 0)
    amounts = [(line.tax_rate, line.amount_minor) for line in lines] + [(FULL, shipping)]
    taxes = more.pop("taxes", pricing.taxes(amounts))
    return NewOrder(
        lines=lines,
        taxes=taxes,
        currency="JPY",
        channel="web",
        placed_by="test",
        identifier_id=7,
        shipping_minor=shipping,
        **more,
    )


async def place(pool: db.Pool, order: NewOrder | None = None) -> orders.Order:
    async with db.transaction(pool) as conn:
        return (await orders.place(conn, order or new(), now=NOW)).order


async def cancel(pool: db.Pool, order_id, lines=None) -> orders.Cancelled:
    async with db.transaction(pool) as conn:
        return await orders.cancel(conn, order_id, lines, by="test", now=NOW, reason="wished")


async def named(pool: db.Pool, name: str) -> list[db.Record]:
    return await pool.fetch("select identifiers, body from log.events where name = $1", name)


async def read(pool: db.Pool, *facts) -> None:
    async with db.transaction(pool) as conn:
        for fact in facts:
            await log.state(conn, fact, at=NOW, identifiers=[7], channel="store")
    (reader,) = orders.readers()
    await caught_up(reader, pool)


def receipt(order: orders.Order, amount: int, **more) -> ReceiptRecorded:
    return ReceiptRecorded(
        receipt_id=more.pop("receipt_id", uuid.uuid4()),
        location_id="ginza",
        register="r",
        sequence="1",
        business_day=date(2026, 11, 22),
        lines=(),
        total_minor=amount,
        currency="JPY",
        order_system="setten",
        order_ref=order.order_ref,
        **more,
    )


async def test_an_order_is_kept_whole_and_told_once(pool):
    order = await place(pool, new(shipping_minor=550))
    (fact,) = await named(pool, OrderPlaced.event_name)
    assert fact["identifiers"] == [7]
    kept = await orders.get(pool, order.order_id)
    assert kept == order
    assert kept.total_minor == 53550
    assert [(line.line_no, line.sku, line.open_qty) for line in kept.lines] == [
        (1, "mug", 3),
        (2, "sofa", 1),
    ]
    assert [one.tax_minor for one in kept.taxes] == [53550 * 10 // 110]


async def test_it_is_found_by_what_people_say_of_its_number(pool):
    order = await place(pool)
    digits = order.order_ref[1:]
    for text in (order.order_ref, order.order_ref.lower(), digits, f"{digits[:4]}-{digits[4:]}"):
        assert [one.order_id for one in await orders.find_said(pool, text)] == [order.order_id]
    assert await orders.find_said(pool, "S000000001") == []
    found = await orders.find_by_ref(pool, "setten", order.order_ref)
    assert found is not None
    assert found.lines == order.lines
    assert await orders.find_by_ref(pool, "shop", order.order_ref) is None


@given(st.from_regex(r"[0-9]{8}", fullmatch=True), st.integers(1, 9), st.integers(1, 9))
def test_one_wrong_digit_is_no_order_number(drawn, place_, by):
    right = number(drawn)
    assert said(right) == right
    wrong = list(right)
    wrong[place_] = str((int(wrong[place_]) + by) % 10)
    assert said("".join(wrong)) is None


@pytest.mark.parametrize(
    "bad",
    [
        new(NewLine(sku="mug", qty=0, unit_price_minor=1, tax_rate=FULL, method="ship")),
        new(NewLine(sku="mug", qty=1, unit_price_minor=1, tax_rate=FULL, method="pickup")),
        new(NewLine(sku="mug", qty=1, unit_price_minor=1, tax_rate=FULL, method="drone")),
        new(taxes=()),
        new(shipping_minor=1, taxes=pricing.taxes([(FULL, 53000)])),
    ],
)
async def test_what_does_not_add_up_is_no_order(pool, bad):
    with pytest.raises(orders.BadOrder):
        await place(pool, bad)
    assert await named(pool, OrderPlaced.event_name) == []


async def test_one_cart_becomes_one_order(pool):
    cart_id = uuid.uuid4()
    await place(pool, new(cart_id=cart_id))
    with pytest.raises(asyncpg.UniqueViolationError):
        await place(pool, new(cart_id=cart_id))
    assert len(await orders.latest(pool)) == 1


async def test_parts_are_cancelled_and_the_rest_stays(pool):
    order = await place(pool, new(shipping_minor=550))
    first = await cancel(pool, order.order_id, {1: 2})
    assert (first.amount_minor, first.is_whole, first.order.due_minor) == (2000, False, 51550)
    assert [line.open_qty for line in first.order.lines] == [1, 1]
    with pytest.raises(orders.NothingToCancel):
        await cancel(pool, order.order_id, {1: 2})
    with pytest.raises(orders.UnknownOrderLine):
        await cancel(pool, order.order_id, {9: 1})
    rest = await cancel(pool, order.order_id)
    assert (rest.is_whole, rest.order.due_minor) == (True, 0)
    assert rest.amount_minor == 51550
    with pytest.raises(orders.OrderCancelledAlready):
        await cancel(pool, order.order_id)
    assert len(await named(pool, OrderCancelled.event_name)) == 2
    assert [one.qty for one in await orders.cancels_of(pool, order.order_id)] == [2, 1, 1]


async def test_ten_who_cancel_the_same_units_cancel_them_once(pool):
    order = await place(pool)
    done = await asyncio.gather(
        *(cancel(pool, order.order_id, {1: 1}) for _ in range(10)), return_exceptions=True
    )
    assert sum(isinstance(one, orders.Cancelled) for one in done) == 3
    kept = await orders.get(pool, order.order_id)
    assert kept.cancelled_minor == 3000


async def test_another_system_that_tells_of_our_order_gives_evidence(pool):
    order = await place(pool)
    told = OrderReported(
        type="track",
        system="shop",
        is_record=True,
        order_id=order.order_ref,
        items=(Item(sku="mug", quantity=1),),
    )
    await read(pool, told)
    assert len(await named(pool, OrderPlaced.event_name)) == 1
    assert [one.kind for one in await orders.evidence_of(pool, order)] == ["placed"]


async def test_a_till_pays_for_our_order_once(pool):
    order = await place(pool)
    async with db.transaction(pool) as conn:
        await payments.intend(conn, order.order_id, method="counter", amount_minor=53000,
                              currency="JPY", by="test", now=NOW)  # fmt: skip
    one = receipt(order, 53000)
    await read(pool, one)
    await read(pool, one)
    (paid,) = await payments.of_order(pool, order.order_id)
    assert (paid.state, paid.captured_minor) == ("captured", 53000)
    # The receipt was wrong: the corrected one counts in its stead.
    await read(pool, receipt(order, 52000, replaces=one.receipt_id))
    (paid,) = await payments.of_order(pool, order.order_id)
    assert paid.captured_minor == 52000
    # Something came back over the counter.
    await read(pool, receipt(order, -1000))
    (paid,) = await payments.of_order(pool, order.order_id)
    assert paid.kept_minor == 51000


async def test_money_at_the_till_that_nobody_intended_is_kept_all_the_same(pool):
    order = await place(pool)
    await read(pool, receipt(order, 60000), receipt(order, -99999))
    (paid,) = await payments.of_order(pool, order.order_id)
    assert (paid.captured_minor, paid.refunded_minor) == (60000, 60000)


async def card(pool: db.Pool, order: orders.Order, amount: int = 53000) -> payments.Payment:
    async with db.transaction(pool) as conn:
        return await payments.intend(
            conn, order.order_id, method="card", amount_minor=amount, currency="JPY", by="test",
            now=NOW, provider="pay", reference="pi_123",
        )  # fmt: skip


async def record(pool: db.Pool, payment, kind: str, amount: int, reference: str | None = None):
    async with db.transaction(pool) as conn:
        return await payments.record(
            conn, payment.payment_id, kind, amount, by="test", now=NOW + timedelta(seconds=1),
            reference=reference,
        )  # fmt: skip


async def test_a_payment_goes_its_way_and_no_further(pool):
    payment = await card(pool, await place(pool))
    await record(pool, payment, "authorised", 53000, "a1")
    again = await record(pool, payment, "authorised", 53000, "a1")
    assert again.event_id is None
    await record(pool, payment, "captured", 50000)
    with pytest.raises(PaymentRefused):
        await record(pool, payment, "captured", 3001)
    with pytest.raises(PaymentRefused):
        await record(pool, payment, "refunded", 50001)
    with pytest.raises(PaymentRefused):
        await record(pool, payment, "voided", 1)
    done = await record(pool, payment, "refunded", 50000)
    assert done.payment.state == "refunded"
    assert len(await named(pool, PaymentRecorded.event_name)) == 3


async def test_ten_refunds_at_once_never_give_more_than_was_taken(pool):
    order = await place(pool)
    payment = await card(pool, order)
    await record(pool, payment, "captured", 53000)

    async def give(amount: int):
        async with db.transaction(pool) as conn:
            return await payments.refund(conn, order.order_id, amount, by="test", now=NOW)

    done = await asyncio.gather(*(give(10000) for _ in range(10)), return_exceptions=True)
    assert sum(isinstance(one, list) for one in done) == 5
    (kept,) = await payments.of_order(pool, order.order_id)
    assert kept.refunded_minor == 50000


async def test_a_refund_goes_back_the_way_it_came_youngest_first(pool):
    order = await place(pool)
    first, second = await card(pool, order, 30000), await card(pool, order, 23000)
    for one, amount in ((first, 30000), (second, 23000)):
        await record(pool, one, "captured", amount)
    async with db.transaction(pool) as conn:
        done = await payments.refund(conn, order.order_id, 25000, by="test", now=NOW)
    assert [(one.payment.payment_id, one.payment.refunded_minor) for one in done] == [
        (second.payment_id, 23000),
        (first.payment_id, 2000),
    ]


@pytest.mark.parametrize(
    "reference",
    ["4111 1111 1111 1111", "tok-5500005555555559", "２２２３００３１２２００３２２２", "x" * 101],
)
async def test_no_card_number_comes_in_as_a_reference(pool, reference):
    order = await place(pool)
    with pytest.raises(BadPayment):
        async with db.transaction(pool) as conn:
            await payments.intend(conn, order.order_id, method="card", amount_minor=1,
                                  currency="JPY", by="t", now=NOW, reference=reference)  # fmt: skip


def test_tax_is_rounded_once_a_rate():
    # Three lines of 108 yen at 8 %: 24 in the sum, and 24 by line only by luck; 98 yen show it.
    found = pricing.taxes([(REDUCED, 98)] * 3 + [(FULL, 105)] * 2)
    assert [(one.rate, one.amount_minor, one.tax_minor) for one in found] == [
        (Decimal("0.1"), 210, 19),
        (REDUCED.normalize(), 294, 21),
    ]
    assert sum(int(98 * 8 / 108) for _ in range(3)) + sum(int(105 / 11) for _ in range(2)) == 39


def test_a_price_without_tax_is_shown_with_it():
    assert pricing.with_tax(98, REDUCED, is_included=False) == 105
    assert pricing.with_tax(98, REDUCED, is_included=True) == 98


@given(st.lists(st.tuples(st.sampled_from([FULL, REDUCED, Decimal(0)]), st.integers(0, 10**9))))
def test_tax_adds_up_and_is_never_more_than_its_share(amounts):
    found = pricing.taxes(amounts)
    assert sum(one.amount_minor for one in found) == sum(amount for _, amount in amounts)
    for one in found:
        exact = one.amount_minor * one.rate / (1 + one.rate)
        assert exact - 1 < one.tax_minor <= exact
