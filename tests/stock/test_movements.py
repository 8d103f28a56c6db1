"""What movements do to stock and to promises."""

import asyncio
import json
from datetime import timedelta

from tests.stock.conftest import NOW, SKUS, Shop

from setten.platform import db
from setten.stock import holds, sets, tasks
from setten.stock.movements import Movement
from setten.stock.sets import Set


def move(kind: str, qty: int, sku: str = "mug", at: str = "ginza", **more: str) -> Movement:
    return Movement(kind=kind, sku=sku, location_id=at, qty=qty, **more)


async def test_goods_come_are_moved_sold_and_counted(shop: Shop) -> None:
    booked = await shop.move(
        move("receive", 10), move("transfer_out", 4), move("transfer_in", 4, at="ueno"),
        move("sell", 2), move("return", 1), move("adjust", -1, reason="broken"), move("count", 6),
    )  # fmt: skip
    assert (booked.booked, booked.refused) == (7, ())
    assert (await shop.balance("mug")).physical == 6
    assert (await shop.balance("mug", "ueno")).on_hand == 4
    await shop.prove()


async def test_a_bad_row_is_refused_with_its_reason_and_the_others_go_through(shop: Shop) -> None:
    booked = await shop.move(
        move("receive", 3), move("receive", -3), move("fly", 1), move("sell", 1, sku="ghost"),
        move("sell", 1, at="atlantis"), move("adjust", 1), move("sell", 99),
    )  # fmt: skip
    assert booked.booked == 1
    assert [(r.index, r.reason) for r in booked.refused] == [
        (1, "bad_qty"), (2, "unknown_kind"), (3, "unknown_item"), (4, "unknown_location"),
        (5, "reason_missing"), (6, "not_enough_there")]  # fmt: skip


async def test_a_ref_told_again_changes_nothing(shop: Shop) -> None:
    await shop.move(move("receive", 3, ref="po-1"))
    again = await shop.move(move("receive", 3, ref="po-1"), move("receive", 4, ref="po-1"))
    assert (again.booked, again.already) == (0, 1)
    assert [r.reason for r in again.refused] == ["ref_reused"]
    assert (await shop.balance("mug")).on_hand == 3


async def test_a_count_includes_what_is_promised(shop: Shop) -> None:
    await shop.receive("mug", 5)
    await shop.hold(("mug", "ginza", 2))
    await shop.move(move("count", 5))
    row = await shop.balance("mug")
    assert (row.on_hand, row.held) == (3, 2)


async def test_a_count_below_what_is_promised_makes_the_youngest_unpicked_hold_short(
    shop: Shop,
) -> None:
    await shop.receive("mug", 2)
    await shop.receive("mug", 9, at="ueno")
    elder = await shop.hold(("mug", "ginza", 1))
    younger = await shop.hold(("mug", "ginza", 1))
    booked = await shop.move(move("count", 1))
    assert [(s.hold_id, s.alternative) for s in booked.short] == [(younger.hold_id, "ueno")]
    async with shop.pool.acquire() as conn:
        (task,) = await tasks.list_open(conn, "ginza")
    assert (task.kind, task.hold_id) == ("hold_short", younger.hold_id)
    assert elder.hold_id != younger.hold_id
    assert len(await shop.events("stock.hold_short")) == 1
    await shop.prove()


async def test_crossing_a_band_is_stated_once(shop: Shop) -> None:
    await shop.receive("mug", 10)
    await shop.move(move("sell", 1))
    await shop.move(move("sell", 1))
    bodies = [row["body"] for row in await shop.events("availability.changed")]
    assert ['"plenty"' in body for body in bodies] == [True, True]
    assert len(bodies) == 2  # none to plenty, plenty to some; the second sale crosses nothing


async def test_the_first_count_of_a_row_opens_it(shop: Shop) -> None:
    await shop.move(move("count", 7))
    async with shop.pool.acquire() as conn:
        sources = await conn.fetch(
            "select a.name from stock.ledger l join stock.accounts a on a.account = l.from_account"
        )
    assert [row["name"] for row in sources] == ["opening"]
    assert NOW.tzinfo is not None
    await shop.prove()


async def test_what_ran_out_gives_way_before_a_promise_that_stands(shop: Shop) -> None:
    await shop.receive("mug", 2)
    await shop.hold(("mug", "ginza", 1), ttl_s=3600)
    old = await shop.hold(("mug", "ginza", 1), ttl_s=60)
    booked = await shop.move(move("sell", 1), now=NOW + timedelta(minutes=5))
    assert booked.short == ()
    async with shop.pool.acquire() as conn:
        hold = await holds.get(conn, old.hold_id, now=NOW + timedelta(minutes=5))
    assert hold.state == "expired"
    await shop.prove()


async def test_damaged_goods_go_to_shrinkage_and_doubtful_ones_wait_in_quarantine(
    shop: Shop,
) -> None:
    await shop.receive("mug", 10)
    booked = await shop.move(
        move("damage", 2, reason="broken"), move("quarantine", 3, reason="recall"),
        move("unquarantine", 1), move("dispose", 1, reason="箱がつぶれている"),
    )  # fmt: skip
    assert (booked.booked, booked.refused) == (4, ())
    row = await shop.balance("mug")
    assert (row.on_hand, row.quarantine) == (6, 1)
    async with shop.pool.acquire() as conn:
        rows = await conn.fetch("select kind, reason_code from stock.movements")
    codes = {row["kind"]: row["reason_code"] for row in rows if row["kind"] != "receive"}
    assert codes == {
        "damage": "broken", "quarantine": "recall", "unquarantine": None, "dispose": "other",
    }  # fmt: skip
    await shop.prove()


async def test_what_leaves_the_sale_says_why_and_nothing_leaves_quarantine_that_is_not_there(
    shop: Shop,
) -> None:
    await shop.receive("mug", 5)
    booked = await shop.move(
        move("damage", 1), move("quarantine", 1, reason=" "), move("dispose", 1, reason="broken"),
        move("unquarantine", 1), move("quarantine", 6, reason="recall"),
    )  # fmt: skip
    assert [r.reason for r in booked.refused] == [
        "reason_missing", "reason_missing", "not_enough_in_quarantine", "not_enough_in_quarantine",
        "not_enough_there"]  # fmt: skip
    assert booked.booked == 0


async def test_damage_to_promised_goods_is_told_at_once(shop: Shop) -> None:
    await shop.receive("mug", 1)
    held = await shop.hold(("mug", "ginza", 1))
    booked = await shop.move(move("damage", 1, reason="broken"))
    assert [one.hold_id for one in booked.short] == [held.hold_id]
    await shop.prove()


async def test_a_set_moves_its_parts(shop: Shop) -> None:
    await shop.make_set("tea-set", mug=2, lamp=1)
    await shop.receive("mug", 5)
    await shop.receive("lamp", 3)
    booked = await shop.move(
        move("sell", 2, sku="tea-set"), move("sell", 1, sku="tea-set"),
        move("return", 1, sku="tea-set"), move("count", 1, sku="tea-set"),
    )  # fmt: skip
    assert [r.reason for r in booked.refused] == ["not_enough_there", "is_a_set"]
    assert (await shop.balance("mug")).on_hand == 3
    assert (await shop.balance("lamp")).on_hand == 2
    await shop.prove()


async def test_what_lies_somewhere_or_is_a_part_becomes_no_set(shop: Shop) -> None:
    await shop.make_set("tea-set", mug=2, lamp=1)
    await shop.receive("sofa", 1)
    asked = {
        "has_stock": Set(sku="sofa", parts={"rug": 1}),
        "part_of_a_set": Set(sku="mug", parts={"rug": 1}),
        "set_of_sets": Set(sku="rug", parts={"tea-set": 1}),
        "unknown_item": Set(sku="rug", parts={"ghost": 1}),
        "bad_qty": Set(sku="rug", parts={"mug": 0}),
    }
    known = frozenset({*SKUS, "tea-set"})
    for why, one in asked.items():
        async with db.transaction(shop.pool) as conn:
            assert [r.reason for r in await sets.put(conn, [one], now=NOW, known=known)] == [why]


async def said_at_once(shop: Shop, *asked: Set) -> list[bool]:
    """Whether each was taken, where all of them say it at one moment."""
    known = frozenset({sku for one in asked for sku in (one.sku, *one.parts)})

    async def say(one: Set) -> bool:
        async with db.transaction(shop.pool) as conn:
            return not await sets.put(conn, [one], now=NOW, known=known)

    return await asyncio.gather(*(say(one) for one in asked))


async def test_of_two_who_make_sets_of_each_other_at_once_one_does(shop: Shop) -> None:
    for _ in range(20):
        one, other = Set(sku="rug", parts={"mug": 1}), Set(sku="mug", parts={"rug": 1})
        assert sorted(await said_at_once(shop, one, other)) == [False, True]
        assert await said_at_once(shop, Set(sku="rug", parts={}), Set(sku="mug", parts={}))


async def test_a_set_that_many_say_at_once_is_what_the_last_of_them_said(shop: Shop) -> None:
    asked = [Set(sku="rug", parts={sku: qty}) for sku in ("mug", "lamp") for qty in range(1, 9)]
    assert all(await said_at_once(shop, *asked))
    async with shop.pool.acquire() as conn:
        parts = (await sets.parts_of(conn, ["rug"]))["rug"]
        newest = await conn.fetchval(
            "select parts::text from stock.set_history where set_sku = 'rug'"
            " order by from_at desc limit 1"
        )
    assert Set(sku="rug", parts=parts) in asked
    assert json.loads(newest) == parts
