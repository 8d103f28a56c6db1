"""Promises against what is still to come: never more than is due, kept in order."""

import asyncio
from datetime import date

import pytest
from tests.stock.conftest import NOW, Shop

from setten.platform import db
from setten.stock import holds, inbound, tasks
from setten.stock.inbound import Delivery, NothingDue, Preorder, PreorderState, Wish
from setten.stock.movements import Booked, Movement
from setten.stock.refusals import Refused

TUESDAY, FRIDAY = date(2026, 11, 24), date(2026, 11, 27)


async def due(shop: Shop, qty: int, *, ref: str = "PO-1", on: date = TUESDAY,
              cap: int | None = None, sku: str = "mug") -> list[Refused]:  # fmt: skip
    one = Delivery(ref=ref, sku=sku, location_id="ginza", qty=qty, due_on=on, cap=cap)
    async with db.transaction(shop.pool) as conn:
        return await inbound.put(conn, [one], now=NOW)


async def preorder(shop: Shop, qty: int = 1, *, by: date | None = None) -> Preorder:
    wish = Wish(sku="mug", location_id="ginza", qty=qty, by="test", wanted_by=by)
    async with db.transaction(shop.pool) as conn:
        return (await inbound.place(conn, wish, now=NOW))[0]


async def again(shop: Shop, one: Preorder) -> Preorder:
    async with shop.pool.acquire() as conn:
        return await inbound.get(conn, one.preorder_id)


async def come(shop: Shop, qty: int, ref: str | None = "PO-1") -> Booked:
    return await shop.move(
        Movement(kind="receive", sku="mug", location_id="ginza", qty=qty, inbound_ref=ref)
    )


async def room(shop: Shop) -> list[int]:
    async with shop.pool.acquire() as conn:
        return [one.room for one in await inbound.due(conn, ["mug"], ["ginza"])]


async def test_no_more_is_promised_than_is_due_nor_than_the_cap(shop: Shop) -> None:
    await due(shop, 5, cap=3)
    await preorder(shop, 2)
    with pytest.raises(NothingDue) as refused:
        await preorder(shop, 2)
    assert refused.value.facts["room"] == 1
    await preorder(shop, 1)
    assert await room(shop) == [0]
    assert (await shop.events("preorder.placed")).__len__() == 2


async def test_racing_callers_get_what_is_due_once(shop: Shop) -> None:
    await due(shop, 7)

    async def one() -> bool:
        try:
            await preorder(shop)
        except NothingDue:
            return False
        return True

    won = await asyncio.gather(*(one() for _ in range(30)))
    assert sum(won) == 7


async def test_the_day_it_is_wanted_by_chooses_the_delivery(shop: Shop) -> None:
    await due(shop, 1, ref="PO-1", on=FRIDAY)
    with pytest.raises(NothingDue):
        await preorder(shop, by=TUESDAY)
    await due(shop, 1, ref="PO-2", on=TUESDAY)
    assert (await preorder(shop)).due_on == TUESDAY
    assert (await preorder(shop)).due_on == FRIDAY


async def test_what_comes_is_held_for_those_who_waited_before_anybody_can_take_it(
    shop: Shop,
) -> None:
    await due(shop, 5)
    first, second = await preorder(shop, 2), await preorder(shop, 1)
    booked = await come(shop, 5)
    assert len(booked.held) == 2
    kept = [await again(shop, one) for one in (first, second)]
    assert [one.state for one in kept] == [PreorderState.held] * 2
    row = await shop.balance("mug")
    assert (row.on_hand, row.held) == (2, 3)
    async with shop.pool.acquire() as conn:
        hold = await holds.get(conn, kept[0].hold_id, now=NOW)  # type: ignore[arg-type]
    assert (hold.purpose, [line.qty for line in hold.lines]) == ("preorder", [2])
    assert len(await shop.events("preorder.kept")) == 2
    await shop.prove()


async def test_of_half_a_delivery_the_first_gets_hers_and_the_next_a_part(shop: Shop) -> None:
    await due(shop, 6)
    first, second, third = await preorder(shop, 2), await preorder(shop, 3), await preorder(shop)
    await come(shop, 4)
    assert (await again(shop, first)).state is PreorderState.held
    rest = await again(shop, second)
    assert (rest.state, rest.qty) == (PreorderState.waiting, 1)
    assert (await again(shop, third)).state is PreorderState.waiting
    assert (await shop.balance("mug")).on_hand == 0
    await come(shop, 2)
    assert [(await again(shop, one)).state for one in (second, third)] == [PreorderState.held] * 2
    await shop.prove()


async def test_goods_that_name_no_order_serve_the_delivery_due_first(shop: Shop) -> None:
    await due(shop, 2)
    waiting = await preorder(shop)
    await come(shop, 1, ref=None)
    assert (await again(shop, waiting)).state is PreorderState.held


async def test_a_day_that_slips_moves_its_promises_and_tells_each(shop: Shop) -> None:
    await due(shop, 2)
    waiting = await preorder(shop)
    await due(shop, 2, on=FRIDAY)
    assert (await again(shop, waiting)).due_on == FRIDAY
    (told,) = await shop.events("preorder.moved")
    assert '"2026-11-24"' in told["body"]


async def test_what_will_not_come_moves_the_youngest_to_the_next_or_falls_short(
    shop: Shop,
) -> None:
    await due(shop, 3)
    await due(shop, 1, ref="PO-2", on=FRIDAY)
    people = [await preorder(shop) for _ in range(3)]
    await due(shop, 1)
    after = [await again(shop, one) for one in people]
    assert [one.state.value for one in after] == ["waiting", "waiting", "short"]
    assert [one.due_on for one in after[:2]] == [TUESDAY, FRIDAY]
    async with shop.pool.acquire() as conn:
        assert [t.kind for t in await tasks.list_open(conn, "ginza")] == ["preorder_short"]
    await due(shop, 0)
    assert (await again(shop, people[0])).state is PreorderState.short


async def test_given_up_it_may_be_promised_again_once(shop: Shop) -> None:
    await due(shop, 1)
    waiting = await preorder(shop)
    async with db.transaction(shop.pool) as conn:
        await inbound.cancel(conn, waiting.preorder_id, now=NOW)
    with pytest.raises(inbound.PreorderEnded):
        async with db.transaction(shop.pool) as conn:
            await inbound.cancel(conn, waiting.preorder_id, now=NOW)
    assert await room(shop) == [1]


async def test_a_bad_delivery_is_refused_and_told_again_it_changes_nothing(shop: Shop) -> None:
    assert [r.reason for r in await due(shop, -1)] == ["bad_qty"]
    assert [r.reason for r in await due(shop, 1, ref=" ")] == ["bad_ref"]
    assert [r.reason for r in await due(shop, 1, sku="ghost")] == ["unknown_item"]
    await due(shop, 4)
    await preorder(shop, 2)
    await due(shop, 4)
    assert await room(shop) == [2]
