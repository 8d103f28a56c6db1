"""What a hold promises, and how it ends."""

import asyncio
from datetime import timedelta

import pytest
from tests.stock.conftest import NOW, Shop

from setten.facts.stock import GoodsLine
from setten.platform import combine, db
from setten.platform.combine import Claim, IdempotencyMismatch
from setten.stock import holds
from setten.stock.holds import (
    Ask,
    HoldEnded,
    NotEnoughStock,
    Placed,
    TooManyGuesses,
    UnknownGoods,
)

LATER = NOW + timedelta(hours=1)


def ask(*lines: tuple[str, str, int], claim: Claim | None = None) -> Ask:
    return Ask(lines=tuple(GoodsLine(*line) for line in lines), by="test", claim=claim)


def claim(key: str, body: bytes = b"{}") -> Claim:
    return Claim(combine.key_hash("key:1", "holds", key), combine.request_hash(body))


async def test_the_last_unit_cannot_be_held_twice(shop: Shop) -> None:
    await shop.receive("mug", 1)
    await shop.hold(("mug", "ginza", 1))
    with pytest.raises(NotEnoughStock) as refused:
        await shop.hold(("mug", "ginza", 1))
    assert refused.value.facts["short"] == [
        {"sku": "mug", "location_id": "ginza", "wanted": 1, "available": 0}
    ]
    await shop.prove()


async def test_a_hold_takes_all_lines_or_none(shop: Shop) -> None:
    await shop.receive("mug", 5)
    with pytest.raises(NotEnoughStock):
        await shop.hold(("mug", "ginza", 1), ("sofa", "ginza", 1))
    assert (await shop.balance("mug")).held == 0


async def test_demand_is_summed_per_sku_and_place(shop: Shop) -> None:
    await shop.receive("mug", 3)
    with pytest.raises(NotEnoughStock) as refused:
        await shop.hold(("mug", "ginza", 2), ("mug", "ginza", 2))
    assert refused.value.facts["short"][0]["wanted"] == 4


async def test_a_batch_is_decided_in_order_and_refuses_only_who_lacks(shop: Shop) -> None:
    await shop.receive("mug", 2)
    async with db.transaction(shop.pool) as conn:
        answers = await holds.place_many(
            conn,
            [ask(("mug", "ginza", 1)), ask(("mug", "ginza", 5)), ask(("mug", "ginza", 1)),
             ask(("nothing", "ginza", 1)), ask(("mug", "nowhere", 1)), ask(("mug", "ginza", 0))],
            now=NOW,
        )  # fmt: skip
    found = [type(answer).__name__ for answer in answers]
    assert found[:3] == ["Placed", "NotEnoughStock", "Placed"]
    assert found[3:] == ["UnknownGoods", "UnknownGoods", "BadHold"]
    await shop.prove()


async def test_unknown_goods_are_named(shop: Shop) -> None:
    with pytest.raises(UnknownGoods) as refused:
        await shop.hold(("ghost", "atlantis", 1))
    assert refused.value.facts == {"skus": ["ghost"], "locations": ["atlantis"]}


async def test_a_hold_that_ran_out_is_free_for_the_next_caller_before_it_is_tidied(
    shop: Shop,
) -> None:
    await shop.receive("mug", 1)
    first = await shop.hold(("mug", "ginza", 1))
    await shop.hold(("mug", "ginza", 1), now=LATER)
    async with db.transaction(shop.pool) as conn:
        assert (await holds.get(conn, first.hold_id, now=LATER)).state == "expired"
        assert await holds.tidy(conn, now=LATER) == 1
    await shop.prove()
    assert (await shop.balance("mug")).held == 1


async def test_tidy_books_what_ran_out_and_states_it(shop: Shop) -> None:
    await shop.receive("mug", 3)
    await shop.hold(("mug", "ginza", 2), identifier_id=77)
    async with db.transaction(shop.pool) as conn:
        assert await holds.tidy(conn, now=LATER) == 1
        assert await holds.tidy(conn, now=LATER) == 0
    assert (await shop.balance("mug")).on_hand == 3
    assert [row["identifiers"] for row in await shop.events("stock.hold_expired")] == [[77]]
    await shop.prove()


async def test_a_hold_ends_once(shop: Shop) -> None:
    await shop.receive("mug", 1)
    placed = await shop.hold(("mug", "ginza", 1))
    async with db.transaction(shop.pool) as conn:
        await holds.release(conn, placed.hold_id, by="test", now=NOW)
    with pytest.raises(HoldEnded) as refused:
        async with db.transaction(shop.pool) as conn:
            await holds.collect(conn, placed.hold_id, by="test", now=NOW)
    assert refused.value.facts["state"] == "released"
    await shop.prove()


async def test_twenty_who_end_one_hold_at_once_end_it_once(shop: Shop) -> None:
    await shop.receive("mug", 1)
    placed = await shop.hold(("mug", "ginza", 1))

    async def end(index: int) -> bool:
        verb = holds.release if index % 2 else holds.collect
        try:
            async with db.transaction(shop.pool) as conn:
                await verb(conn, placed.hold_id, by="test", now=NOW)
        except HoldEnded:
            return False
        return True

    assert sum(await asyncio.gather(*(end(i) for i in range(20)))) == 1
    await shop.prove()


async def test_collecting_sells_what_was_held(shop: Shop) -> None:
    await shop.receive("mug", 2)
    placed = await shop.hold(("mug", "ginza", 2))
    async with db.transaction(shop.pool) as conn:
        await holds.pick(conn, placed.hold_id, now=NOW)
        ended = await holds.collect(conn, placed.hold_id, by="test", now=NOW)
    assert ended.hold.state == "collected"
    assert (await shop.balance("mug")).physical == 0
    assert len(await shop.events("stock.hold_ready")) == 1
    await shop.prove()


async def test_the_same_key_gets_the_same_hold(shop: Shop) -> None:
    await shop.receive("mug", 5)
    same = claim("k1")
    async with db.transaction(shop.pool) as conn:
        first, second = await holds.place_many(
            conn, [ask(("mug", "ginza", 1), claim=same)] * 2, now=NOW
        )
    async with db.transaction(shop.pool) as conn:
        third, other = await holds.place_many(
            conn,
            [
                ask(("mug", "ginza", 1), claim=same),
                ask(("mug", "ginza", 1), claim=claim("k1", b"x")),
            ],
            now=NOW,
        )
    assert isinstance(first, Placed)
    assert first == second == third
    assert isinstance(other, IdempotencyMismatch)
    assert (await shop.balance("mug")).held == 1


async def test_a_refused_key_may_be_tried_again(shop: Shop) -> None:
    await shop.receive("mug", 1)
    key = claim("k2")
    async with db.transaction(shop.pool) as conn:
        refused = await holds.place_many(conn, [ask(("mug", "ginza", 2), claim=key)], now=NOW)
    await shop.receive("mug", 1)
    async with db.transaction(shop.pool) as conn:
        placed = await holds.place_many(conn, [ask(("mug", "ginza", 2), claim=key)], now=NOW)
    assert isinstance(refused[0], NotEnoughStock)
    assert isinstance(placed[0], Placed)


async def test_two_hundred_racing_callers_get_the_last_unit_once(shop: Shop) -> None:
    await shop.receive("mug", 1)
    wins = await asyncio.gather(*(try_hold(shop) for _ in range(200)))
    assert sum(wins) == 1
    await shop.prove()


async def try_hold(shop: Shop) -> bool:
    try:
        await shop.hold(("mug", "ginza", 1))
    except NotEnoughStock:
        return False
    return True


async def test_callers_who_want_two_goods_in_opposite_order_do_not_wait_in_a_circle(
    shop: Shop,
) -> None:
    await shop.receive("mug", 100)
    await shop.receive("lamp", 100)
    pairs = [
        (("mug", "ginza", 1), ("lamp", "ginza", 1)),
        (("lamp", "ginza", 1), ("mug", "ginza", 1)),
    ]
    await asyncio.gather(*(shop.hold(*pairs[i % 2]) for i in range(40)))
    assert (await shop.balance("mug")).held == 40
    await shop.prove()


async def test_wrong_codes_are_counted_and_then_refused(shop: Shop) -> None:
    await shop.receive("mug", 1)
    placed = await shop.hold(("mug", "ginza", 1))
    wrong = "000000" if placed.code != "000000" else "111111"
    async with shop.pool.acquire() as conn:
        hold = await holds.get(conn, placed.hold_id, now=NOW)
        assert await holds.code_fits(conn, hold, placed.code, now=NOW)
        for _ in range(5):
            assert not await holds.code_fits(conn, hold, wrong, now=NOW)
        with pytest.raises(TooManyGuesses):
            await holds.code_fits(conn, hold, placed.code, now=NOW)
        assert await holds.code_fits(conn, hold, placed.code, now=LATER)


async def test_what_is_not_on_the_shelf_makes_the_line_short_and_books_it_missing(
    shop: Shop,
) -> None:
    await shop.receive("mug", 1)
    await shop.receive("lamp", 1)
    await shop.receive("mug", 4, at="ueno")
    placed = await shop.hold(("mug", "ginza", 1), ("lamp", "ginza", 1))
    async with db.transaction(shop.pool) as conn:
        await holds.pick(conn, placed.hold_id, now=NOW, lines=[("lamp", "ginza")])
        hold = await holds.not_on_shelf(
            conn, placed.hold_id, sku="mug", location_id="ginza", now=NOW
        )
    assert hold.state == "ready"
    assert {line.sku: line.state for line in hold.lines} == {"mug": "short", "lamp": "picked"}
    assert (await shop.balance("mug")).physical == 0
    (told,) = await shop.events("stock.hold_short")
    assert '"alternative":"ueno"' in told["body"]
    await shop.prove()


async def test_a_picked_hold_that_nobody_collects_leaves_a_task(shop: Shop) -> None:
    from setten.stock import tasks

    await shop.receive("mug", 1)
    placed = await shop.hold(("mug", "ginza", 1))
    async with db.transaction(shop.pool) as conn:
        await holds.pick(conn, placed.hold_id, now=NOW)
        await holds.tidy(conn, now=LATER)
        open_tasks = await tasks.list_open(conn, "ginza")
    assert [(t.kind, t.sku, t.qty) for t in open_tasks] == [("put_back", "mug", 1)]


async def test_the_queue_shows_open_holds_of_a_place_oldest_first(shop: Shop) -> None:
    await shop.receive("mug", 5)
    await shop.receive("mug", 5, at="ueno")
    first = await shop.hold(("mug", "ginza", 1))
    second = await shop.hold(("mug", "ueno", 1), ("mug", "ginza", 1))
    await shop.hold(("mug", "ueno", 1))
    async with shop.pool.acquire() as conn:
        queue = await holds.queue(conn, "ginza", now=NOW)
        found = await holds.find_by_code(conn, second.code, now=NOW)
        assert await holds.queue(conn, "ginza", now=LATER) == []
    assert [hold.hold_id for hold in queue] == [first.hold_id, second.hold_id]
    assert second.hold_id in {hold.hold_id for hold in found}


async def test_extending_never_shortens(shop: Shop) -> None:
    await shop.receive("mug", 1)
    placed = await shop.hold(("mug", "ginza", 1), ttl_s=600)
    async with db.transaction(shop.pool) as conn:
        longer = await holds.extend(conn, placed.hold_id, ttl_s=7200, now=NOW)
        same = await holds.extend(conn, placed.hold_id, ttl_s=60, now=NOW)
    assert longer.hold.expires_at == same.hold.expires_at == NOW + timedelta(hours=2)
