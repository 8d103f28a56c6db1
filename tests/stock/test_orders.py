"""One purchase is one order, by whomever it is told."""

import uuid
from datetime import date

from tests.reading import caught_up

from setten.facts.commerce import Item, OrderReported
from setten.facts.stock import OrderPlaced, ReceiptRecorded
from setten.platform import clock, db, log
from setten.platform.log import Fact
from setten.stock import orders

TAG = {"type": "track", "system": "tag", "is_record": False}
SHOP = {"type": "track", "system": "shop", "is_record": True}


def report(order_id: str = "A-1", action: str = "placed", **source) -> OrderReported:
    return OrderReported(
        order_id=order_id,
        action=action,
        total_minor=98000,
        currency="JPY",
        items=(Item(sku="sofa", price_minor=98000, quantity=1), Item(name="no number")),
        **source,
    )


async def tell(pool: db.Pool, *facts: Fact) -> None:
    async with db.transaction(pool) as conn:
        for fact in facts:
            await log.state(conn, fact, at=clock.now(), identifiers=[7], channel="web")
    (reader,) = orders.readers()
    await caught_up(reader, pool)


async def placed(pool: db.Pool) -> list[db.Record]:
    return await pool.fetch(
        "select identifiers, body from log.events where name = $1", OrderPlaced.event_name
    )


async def test_the_system_of_record_makes_one_order_and_says_so_once(pool):
    await tell(pool, report(**SHOP), report(**SHOP))
    await tell(pool, report(**SHOP))
    (fact,) = await placed(pool)
    assert fact["identifiers"] == [7]
    (order,) = await orders.of_identifiers(pool, [7])
    full = await orders.get(pool, order.order_id)
    assert [(line.sku, line.qty, line.amount_minor) for line in full.lines] == [("sofa", 1, 98000)]
    assert len(await orders.evidence_of(pool, order)) == 2


async def test_a_tag_and_a_till_are_evidence_and_never_an_order(pool):
    receipt = ReceiptRecorded(
        receipt_id=uuid.uuid4(),
        location_id="ginza",
        register="r",
        sequence="1",
        business_day=date(2026, 11, 22),
        lines=(),
        total_minor=98000,
        currency="JPY",
        order_system="shop",
        order_ref="A-1",
    )
    await tell(pool, report(**TAG), receipt)
    assert await placed(pool) == []
    await tell(pool, report(**SHOP))
    (order,) = await orders.of_identifiers(pool, [7])
    found = await orders.evidence_of(pool, order)
    assert sorted((e.system, e.kind) for e in found) == [("shop", "receipt"), ("tag", "placed")]


async def test_a_later_change_of_an_order_is_kept_beside_it(pool):
    await tell(pool, report(**SHOP), report(action="cancelled", **SHOP))
    (order,) = await orders.of_identifiers(pool, [7])
    assert [e.kind for e in await orders.evidence_of(pool, order)] == ["cancelled"]
