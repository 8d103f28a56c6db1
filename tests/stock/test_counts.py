"""Counting shelves blind, while selling goes on."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from tests.stock.conftest import NOW, Shop

from setten.platform import db
from setten.stock import counts, holds, ledger, receipts, tasks
from setten.stock.counts import Count, CountState, Sheet
from setten.stock.movements import Movement
from setten.stock.receipts import Receipt, ReceiptLine

SOON = NOW + timedelta(minutes=5)


async def opened(shop: Shop, **more: object) -> Count:
    async with db.transaction(shop.pool) as conn:
        return await counts.open_sheet(
            conn,
            Sheet(location_id="ginza", **more),
            by="ann",
            now=NOW,  # type: ignore[arg-type]
        )


async def given(shop: Shop, count: Count, *, by: str = "ann", **units: int) -> Count:
    async with db.transaction(shop.pool) as conn:
        return await counts.give(conn, count.count_id, units, by=by, now=NOW)


async def submitted(shop: Shop, count: Count) -> Count:
    async with db.transaction(shop.pool) as conn:
        return (await counts.submit(conn, count.count_id, by="ann", now=SOON)).count


async def approved(shop: Shop, count_id: UUID, *, by: str = "manager") -> Count:
    async with db.transaction(shop.pool) as conn:
        return (await counts.approve(conn, count_id, by=by, now=SOON)).count


async def sold(shop: Shop, qty: int, *, at: object = NOW, told: object = SOON) -> None:
    receipt = Receipt(
        location_id="ginza", register="1", sequence=str(at), business_day=date(2026, 11, 22),
        at=at, currency="JPY", lines=(ReceiptLine(sku="mug", qty=qty, amount_minor=100 * qty),),
    )  # fmt: skip
    async with db.transaction(shop.pool) as conn:
        (result,) = await receipts.book(conn, [receipt], by="till", now=told)  # type: ignore[arg-type]
    assert result.status == "booked"


async def test_a_sheet_lists_what_should_lie_there_by_shelf_and_hides_the_book(shop: Shop) -> None:
    await shop.receive("mug", 5)
    await shop.receive("lamp", 2)
    async with db.transaction(shop.pool) as conn:
        await ledger.put_shelves(conn, [("lamp", "ginza", None, "A-1"), ("rug", "ginza", 0, "B-2")])
    count = await given(shop, await opened(shop), mug=4)
    assert [(line.sku, line.shelf) for line in count.lines] == [
        ("lamp", "A-1"), ("rug", "B-2"), ("mug", None)]  # fmt: skip
    shown = counts.blind(count)
    assert {line.expected for line in shown.lines} == {None}
    assert [line.counted for line in shown.lines] == [None, None, 4]
    only_a = await opened(shop, shelf="A")
    assert [line.sku for line in only_a.lines] == ["lamp"]


async def test_what_is_sold_after_the_counting_is_not_lost_by_it(shop: Shop) -> None:
    await shop.receive("mug", 5)
    count = await given(shop, await opened(shop), mug=4)
    await shop.move(Movement(kind="sell", sku="mug", location_id="ginza", qty=2))
    done = await submitted(shop, count)
    assert done.state is CountState.booked
    assert (await shop.balance("mug")).on_hand == 2  # 5 in the book, 1 missing, 2 sold
    assert len(await shop.events("stock.counted")) == 1
    await shop.prove()


async def test_bags_of_picked_holds_are_not_on_the_shelf(shop: Shop) -> None:
    await shop.receive("mug", 5)
    await shop.hold(("mug", "ginza", 1))
    picked = await shop.hold(("mug", "ginza", 2))
    async with db.transaction(shop.pool) as conn:
        await holds.pick(conn, picked.hold_id, now=NOW)
    count = await given(shop, await opened(shop), mug=3)
    assert [line.differs for line in count.lines] == [0]


async def test_a_large_difference_waits_for_somebody_who_did_not_count(shop: Shop) -> None:
    await shop.receive("mug", 9)
    count = await submitted(shop, await given(shop, await opened(shop), mug=5))
    assert count.state is CountState.waiting
    assert (await shop.balance("mug")).on_hand == 9
    async with shop.pool.acquire() as conn:
        assert [t.kind for t in await tasks.list_open(conn, "ginza")] == ["count_waiting"]
    with pytest.raises(counts.SameCounter):
        await approved(shop, count.count_id, by="ann")
    done = await approved(shop, count.count_id)
    assert done.state is CountState.booked
    assert (await shop.balance("mug")).on_hand == 5
    async with shop.pool.acquire() as conn:
        assert await tasks.list_open(conn, "ginza") == []
    with pytest.raises(counts.CountEnded):
        await approved(shop, count.count_id)
    await shop.prove()


async def test_sent_back_only_what_differed_is_counted_again(shop: Shop) -> None:
    await shop.receive("mug", 9)
    await shop.receive("lamp", 2)
    count = await submitted(shop, await given(shop, await opened(shop), mug=1, lamp=2))
    async with db.transaction(shop.pool) as conn:
        again = await counts.send_back(conn, count.count_id, by="manager", now=SOON)
    assert {line.sku: (line.counted, line.is_again) for line in again.lines} == {
        "mug": (None, True), "lamp": (2, False)}  # fmt: skip
    done = await submitted(shop, await given(shop, again, mug=9))
    assert done.state is CountState.booked
    assert (await shop.balance("mug")).on_hand == 9


async def test_a_till_that_tells_later_of_a_sale_before_the_count_takes_nothing_twice(
    shop: Shop,
) -> None:
    await shop.receive("mug", 5)
    count = await given(shop, await opened(shop), mug=4)  # one was sold offline an hour ago
    await submitted(shop, count)
    assert (await shop.balance("mug")).on_hand == 4
    await sold(shop, 1, at=NOW - timedelta(hours=1), told=NOW + timedelta(hours=8))
    assert (await shop.balance("mug")).on_hand == 3
    for _ in range(2):
        async with db.transaction(shop.pool) as conn:
            await counts.settle(conn, count.count_id, now=NOW + timedelta(hours=9))
        assert (await shop.balance("mug")).on_hand == 4
    await shop.prove()


async def test_what_a_till_told_before_the_end_of_the_count_is_reckoned_in(shop: Shop) -> None:
    await shop.receive("mug", 9)
    count = await given(shop, await opened(shop), mug=5)
    await sold(shop, 4, at=NOW - timedelta(hours=1))
    done = await submitted(shop, count)
    assert (done.state, done.differing) == (CountState.booked, ())
    assert (await shop.balance("mug")).on_hand == 5


async def test_goods_found_that_are_on_no_sheet_are_added(shop: Shop) -> None:
    await shop.receive("mug", 1)
    count = await given(shop, await opened(shop), rug=2, mug=1)
    await submitted(shop, count)
    assert (await shop.balance("rug")).on_hand == 2
    await shop.prove()


async def test_a_count_below_what_is_promised_tells_whose_promise_breaks(shop: Shop) -> None:
    await shop.receive("mug", 2)
    await shop.hold(("mug", "ginza", 2))
    count = await given(shop, await opened(shop), mug=1)
    async with db.transaction(shop.pool) as conn:
        done = await counts.submit(conn, count.count_id, by="ann", now=SOON)
    assert [one.qty for one in done.short] == [2]
    await shop.prove()


async def test_what_cannot_be_counted_is_refused(shop: Shop) -> None:
    with pytest.raises(counts.NothingToCount):
        await opened(shop)
    with pytest.raises(counts.UnknownCountGoods):
        await opened(shop, skus=("ghost",))
    await shop.make_set("tea-set", mug=2)
    with pytest.raises(counts.UnknownCountGoods):
        await opened(shop, skus=("tea-set",))
    count = await opened(shop, skus=("mug",))
    with pytest.raises(counts.BadCount):
        await given(shop, count, mug=-1)
    with pytest.raises(counts.NothingCounted):
        await submitted(shop, count)
    async with db.transaction(shop.pool) as conn:
        await counts.cancel(conn, count.count_id, by="ann", now=SOON)
    with pytest.raises(counts.CountEnded):
        await given(shop, count, mug=1)
