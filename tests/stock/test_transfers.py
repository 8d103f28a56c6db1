"""Goods between two of our places: on the road, counted in by parts, or lost."""

import asyncio
from datetime import date

import pytest
from tests.stock.conftest import NOW, Shop

from setten.platform import db
from setten.stock import ledger, tasks, transfers
from setten.stock.transfers import Arrival, Plan, Transfer, TransferState

WANTED = Plan(from_location="depot", to_location="ginza", lines={"mug": 5, "lamp": 2}, ref="T-1")


async def planned(shop: Shop, plan: Plan = WANTED) -> Transfer:
    async with db.transaction(shop.pool) as conn:
        return await transfers.plan(conn, plan, by="depot-hand", now=NOW)


async def shipped(shop: Shop, plan: Plan = WANTED) -> Transfer:
    made = await planned(shop, plan)
    async with db.transaction(shop.pool) as conn:
        return (await transfers.ship(conn, made.transfer_id, by="depot-hand", now=NOW)).transfer


async def received(shop: Shop, made: Transfer, *arrivals: Arrival) -> Transfer:
    async with db.transaction(shop.pool) as conn:
        done = await transfers.receive(conn, made.transfer_id, arrivals, by="ginza-hand", now=NOW)
    return done.transfer


async def stocked(shop: Shop) -> None:
    await shop.receive("mug", 5, at="depot")
    await shop.receive("lamp", 3, at="depot")


async def on_the_road(shop: Shop, sku: str = "mug") -> int:
    async with shop.pool.acquire() as conn:
        return sum(row.in_transit for row in await ledger.balances_of(conn, [sku]))


async def test_a_transfer_is_on_the_road_until_it_is_counted_in_by_parts(shop: Shop) -> None:
    await stocked(shop)
    made = await shipped(shop)
    assert made.state is TransferState.shipped
    assert await on_the_road(shop) == 5
    part = await received(shop, made, Arrival(sku="mug", qty=3))
    assert (part.state, part.open) == (TransferState.shipped, 4)
    assert (await shop.balance("mug")).on_hand == 3
    whole = await received(
        shop, made, Arrival(sku="mug", qty=2, damaged=1), Arrival(sku="lamp", qty=2)
    )
    assert whole.state is TransferState.received
    row = await shop.balance("mug")
    assert (row.on_hand, row.quarantine) == (4, 1)
    assert await on_the_road(shop) == 0
    assert len(await shop.events("stock.transfer_received")) == 2
    await shop.prove()


async def test_what_never_came_is_booked_as_lost_and_the_sender_hears(shop: Shop) -> None:
    await stocked(shop)
    made = await shipped(shop)
    await received(shop, made, Arrival(sku="mug", qty=4), Arrival(sku="lamp", qty=2))
    async with db.transaction(shop.pool) as conn:
        done = await transfers.close(conn, made.transfer_id, by="ginza-hand", now=NOW)
        found = await tasks.list_open(conn, "depot")
    assert done.transfer.state is TransferState.closed
    assert [(t.kind, t.sku, t.qty, t.about) for t in found] == [
        ("transfer_missing", "mug", 1, made.transfer_id)
    ]
    assert await on_the_road(shop) == 0
    await shop.prove()


async def test_more_than_the_paper_says_is_there_too(shop: Shop) -> None:
    await stocked(shop)
    made = await shipped(shop)
    after = await received(shop, made, Arrival(sku="mug", qty=6))
    (mug,) = [line for line in after.lines if line.sku == "mug"]
    assert (mug.received, mug.surplus, mug.open) == (5, 1, 0)
    assert (await shop.balance("mug")).on_hand == 6
    await shop.prove()


async def test_only_what_nobody_was_promised_is_sent(shop: Shop) -> None:
    await stocked(shop)
    await shop.hold(("mug", "depot", 1))
    made = await planned(shop)
    with pytest.raises(transfers.TransferShort) as refused:
        async with db.transaction(shop.pool) as conn:
            await transfers.ship(conn, made.transfer_id, by="depot-hand", now=NOW)
    assert refused.value.facts["short"] == [{"sku": "mug", "wanted": 5, "available": 4}]
    assert await on_the_road(shop) == 0


async def test_one_paper_is_one_transfer_however_often_it_is_told(shop: Shop) -> None:
    await stocked(shop)
    first, again = await planned(shop), await planned(shop)
    assert first.transfer_id == again.transfer_id
    other = Plan(from_location="depot", to_location="ueno", lines={"mug": 1}, ref="T-1")
    with pytest.raises(transfers.TransferRefUsed):
        await planned(shop, other)


async def test_a_transfer_that_is_over_takes_nothing_more(shop: Shop) -> None:
    await stocked(shop)
    made = await shipped(shop, Plan(from_location="depot", to_location="ueno", lines={"mug": 1}))
    await received(shop, made, Arrival(sku="mug", qty=1))
    with pytest.raises(transfers.TransferEnded):
        await received(shop, made, Arrival(sku="mug", qty=1))
    with pytest.raises(transfers.TransferEnded):
        async with db.transaction(shop.pool) as conn:
            await transfers.close(conn, made.transfer_id, by="x", now=NOW)
    with pytest.raises(transfers.TransferEnded):
        async with db.transaction(shop.pool) as conn:
            await transfers.cancel(conn, made.transfer_id, by="x", now=NOW)


@pytest.mark.parametrize(
    "plan",
    [
        Plan(from_location="depot", to_location="depot", lines={"mug": 1}),
        Plan(from_location="depot", to_location="ginza", lines={}),
        Plan(from_location="depot", to_location="ginza", lines={"mug": 0}),
        Plan(from_location="depot", to_location="ginza", lines={"mug": 1}, ref=" "),
    ],
)
async def test_what_is_no_transfer_is_refused(shop: Shop, plan: Plan) -> None:
    with pytest.raises(transfers.BadTransfer):
        await planned(shop, plan)


async def test_unknown_goods_and_places_are_named(shop: Shop) -> None:
    wanted = Plan(from_location="depot", to_location="mars", lines={"ghost": 1})
    with pytest.raises(transfers.UnknownTransferGoods) as refused:
        await planned(shop, wanted)
    assert refused.value.facts == {"skus": ["ghost"], "locations": ["mars"]}


async def test_two_who_count_in_the_same_cage_count_each_unit_once(shop: Shop) -> None:
    await stocked(shop)
    made = await shipped(shop)

    async def one() -> None:
        await received(shop, made, Arrival(sku="mug", qty=1))

    await asyncio.gather(*(one() for _ in range(8)))
    async with shop.pool.acquire() as conn:
        after = await transfers.get(conn, made.transfer_id)
    (mug,) = [line for line in after.lines if line.sku == "mug"]
    assert (mug.received, mug.surplus) == (5, 3)
    assert (await shop.balance("mug")).on_hand == 8
    await shop.prove()


async def test_what_is_on_the_road_with_a_day_is_due(shop: Shop) -> None:
    await stocked(shop)
    await shipped(shop, Plan(
        from_location="depot", to_location="ginza", lines={"mug": 4}, due_on=date(2026, 11, 25),
    ))  # fmt: skip
    async with shop.pool.acquire() as conn:
        early = await transfers.due(conn, ["mug"], ["ginza"], by=date(2026, 11, 24))
        late = await transfers.due(conn, ["mug"], ["ginza"], by=date(2026, 11, 25))
    assert (early, [(one.sku, one.qty) for one in late]) == ([], [("mug", 4)])
