"""Outside systems that keep stock too: late, out of order, by compare and set, and shown."""

import asyncio

import pytest
from tests.stock.conftest import NOW, Shop

from setten.platform import db
from setten.stock import outside, tasks
from setten.stock.movements import Movement
from setten.stock.outside import Disagreement, Level, Master, Told


async def own(shop: Shop, system: str | None, *, sku: str = "") -> None:
    async with db.transaction(shop.pool) as conn:
        one = Master(location_id="ginza", system=system, sku=sku)
        assert await outside.put_masters(conn, [one], now=NOW) == []


def level(to: int, sequence: int, expected: int | None = None, sku: str = "mug") -> Level:
    return Level(sku=sku, location_id="ginza", to=to, sequence=sequence, expected=expected)


async def tell(shop: Shop, *levels: Level, system: str = "pos") -> Told:
    async with db.transaction(shop.pool) as conn:
        return await outside.tell(conn, system, levels, by="key:pos", now=NOW)


async def standing(shop: Shop) -> list[Disagreement]:
    async with shop.pool.acquire() as conn:
        return await outside.open_at(conn, "ginza")


async def open_tasks(shop: Shop) -> list[str]:
    async with shop.pool.acquire() as conn:
        return [one.kind for one in await tasks.list_open(conn, "ginza")]


async def test_the_masters_word_is_booked_and_what_comes_late_changes_nothing(shop: Shop) -> None:
    await shop.receive("mug", 5)
    await own(shop, "pos")
    assert (await tell(shop, level(7, 10))).booked == 1
    assert (await tell(shop, level(2, 9))).stale == 1
    assert (await tell(shop, level(7, 10))).stale == 1
    assert (await shop.balance("mug")).on_hand == 7
    assert (await tell(shop, level(7, 11))).agreed == 1
    await shop.prove()


async def test_compare_and_set_loses_nobodys_change(shop: Shop) -> None:
    await shop.receive("mug", 5)
    await own(shop, "pos")
    await shop.move(Movement(kind="sell", sku="mug", location_id="ginza", qty=1))
    told = await tell(shop, level(3, 1, expected=5))
    assert [r.reason for r in told.refused] == ["changed_since"]
    assert (await shop.balance("mug")).on_hand == 4
    assert (await tell(shop, level(3, 1, expected=4))).booked == 1
    assert (await shop.balance("mug")).on_hand == 3


async def test_racing_writers_by_compare_and_set_win_once(shop: Shop) -> None:
    await shop.receive("mug", 5)
    await own(shop, "pos")
    told = await asyncio.gather(*(tell(shop, level(n, n + 1, expected=5)) for n in range(6, 14)))
    assert sum(one.booked for one in told) == 1
    await shop.prove()


async def test_who_is_not_master_is_shown_and_never_booked(shop: Shop) -> None:
    await shop.receive("mug", 5)
    told = await tell(shop, level(3, 1))
    assert (told.disagreed, (await shop.balance("mug")).on_hand) == (1, 5)
    (one,) = await standing(shop)
    assert (one.system, one.ours, one.theirs) == ("pos", 5, 3)
    assert await open_tasks(shop) == ["stock_disagrees"]
    await tell(shop, level(2, 2))
    (again,) = await standing(shop)
    assert (again.disagreement_id, again.theirs) == (one.disagreement_id, 2)
    assert len(await shop.events("stock.disagreed")) == 1
    assert (await tell(shop, level(5, 3))).agreed == 1
    assert (await standing(shop), await open_tasks(shop)) == ([], [])


@pytest.mark.parametrize(("outcome", "left"), [("theirs", 2), ("ours", 4)])
async def test_somebody_decides_and_what_was_sold_since_is_not_lost(
    shop: Shop, outcome: str, left: int
) -> None:
    await shop.receive("mug", 5)
    await tell(shop, level(3, 1))
    await shop.move(Movement(kind="sell", sku="mug", location_id="ginza", qty=1))
    (one,) = await standing(shop)
    async with db.transaction(shop.pool) as conn:
        await outside.decide(conn, one.disagreement_id, outcome, by="ann", now=NOW)
    assert (await shop.balance("mug")).on_hand == left
    with pytest.raises(outside.DisagreementEnded):
        async with db.transaction(shop.pool) as conn:
            await outside.decide(conn, one.disagreement_id, "ours", by="bo", now=NOW)
    assert await open_tasks(shop) == []
    await shop.prove()


async def test_one_sku_may_have_a_master_of_its_own(shop: Shop) -> None:
    await shop.receive("mug", 5)
    await shop.receive("lamp", 5)
    await own(shop, "wms")
    await own(shop, "pos", sku="mug")
    told = await tell(shop, level(4, 1), level(4, 1, sku="lamp"))
    assert (told.booked, told.disagreed) == (1, 1)
    await own(shop, None, sku="mug")
    assert (await tell(shop, level(3, 2))).disagreed == 1


async def test_the_masters_word_below_what_is_promised_is_told_to_whom_it_breaks(
    shop: Shop,
) -> None:
    await shop.receive("mug", 2)
    held = await shop.hold(("mug", "ginza", 2))
    await own(shop, "pos")
    told = await tell(shop, level(1, 1))
    assert [one.hold_id for one in told.short] == [held.hold_id]
    await shop.prove()


async def test_a_call_is_taken_in_its_own_order_and_bad_rows_harm_no_others(shop: Shop) -> None:
    await own(shop, "pos")
    told = await tell(
        shop, level(3, 1), level(-1, 2), level(5, 3, expected=3), level(4, 2),
        level(1, 1, sku="ghost"),
    )  # fmt: skip
    assert (told.booked, told.stale) == (2, 1)
    assert [(r.index, r.reason) for r in told.refused] == [(1, "bad_qty"), (4, "unknown_item")]
    assert (await shop.balance("mug")).on_hand == 5
    await shop.prove()
