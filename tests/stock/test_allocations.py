"""Units set aside for a channel: taken by it first, unseen by others, given back to it."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from tests.stock.conftest import NOW, Shop

from setten.facts.stock import GoodsLine
from setten.platform import db
from setten.stock import allocations, availability, holds, ledger
from setten.stock.allocations import Allocation
from setten.stock.holds import Ask, NotEnoughStock, Placed
from setten.stock.locations import Directory
from setten.stock.movements import Movement


async def set_aside(
    shop: Shop, qty: int, *, channel: str = "app", until: datetime | None = None
) -> list[str]:
    one = Allocation(sku="mug", location_id="ginza", channel=channel, qty=qty, until=until)
    async with db.transaction(shop.pool) as conn:
        return [r.reason for r in await allocations.put(conn, [one], now=NOW)]


async def hold(shop: Shop, qty: int, *, channel: str, ttl_s: int = 600) -> Placed:
    ask = Ask(lines=(GoodsLine("mug", "ginza", qty),), by="test", channel=channel, ttl_s=ttl_s)
    async with db.transaction(shop.pool) as conn:
        return await holds.place(conn, ask, now=NOW)


async def left(shop: Shop, channel: str = "app") -> int:
    async with shop.pool.acquire() as conn:
        found = await allocations.left(conn, [("mug", "ginza")])
    one = found.get(("mug", "ginza", channel))
    return one.qty if one else 0


async def seen(shop: Shop) -> Iterable[int]:
    async with shop.pool.acquire() as conn:
        found = await availability.at(conn, Directory(), ["mug"], location_ids=["ginza"], now=NOW)
    return [one.available for one in found]


async def test_others_do_not_see_what_is_set_aside_and_the_channel_takes_it_first(
    shop: Shop,
) -> None:
    await shop.receive("mug", 10)
    assert await set_aside(shop, 6) == []
    assert await seen(shop) == [4]
    with pytest.raises(NotEnoughStock) as refused:
        await hold(shop, 5, channel="web")
    assert refused.value.facts["short"][0]["available"] == 4
    await hold(shop, 5, channel="app")
    assert (await left(shop), await seen(shop)) == (1, [4])
    await hold(shop, 3, channel="app")  # its last one, and two of everybody's
    assert (await left(shop), await seen(shop)) == (0, [2])
    await shop.prove()


async def test_what_is_given_up_or_runs_out_goes_back_to_its_channel(shop: Shop) -> None:
    await shop.receive("mug", 5)
    await set_aside(shop, 5)
    first = await hold(shop, 2, channel="app")
    second = await hold(shop, 2, channel="app", ttl_s=60)
    assert await left(shop) == 1
    async with db.transaction(shop.pool) as conn:
        await holds.release(conn, first.hold_id, by="test", now=NOW)
        await holds.tidy(conn, now=NOW + timedelta(minutes=2))
        done = await holds.get(conn, second.hold_id, now=NOW + timedelta(minutes=2))
    assert (await left(shop), done.state) == (5, "expired")
    assert await seen(shop) == []
    await shop.prove()


async def test_what_ran_out_is_given_to_the_next_of_the_channel_at_once(shop: Shop) -> None:
    await shop.receive("mug", 2)
    await set_aside(shop, 2)
    await hold(shop, 2, channel="app", ttl_s=60)
    late = NOW + timedelta(minutes=5)
    for channel, wins in (("web", False), ("app", True)):
        ask = Ask(lines=(GoodsLine("mug", "ginza", 2),), by="test", channel=channel)
        async with db.transaction(shop.pool) as conn:
            answer = (await holds.place_many(conn, [ask], now=late))[0]
        assert isinstance(answer, Placed) == wins
    await shop.prove()


async def test_racing_channels_never_take_what_is_not_theirs(shop: Shop) -> None:
    await shop.receive("mug", 12)
    await set_aside(shop, 5, channel="app")
    await set_aside(shop, 4, channel="web")

    async def one(channel: str) -> str | None:
        try:
            await hold(shop, 1, channel=channel)
        except NotEnoughStock:
            return None
        return channel

    told = await asyncio.gather(*(one(c) for _ in range(14) for c in ("app", "web", "chat")))
    won = {channel: told.count(channel) for channel in ("app", "web", "chat")}
    assert sum(won.values()) == 12
    assert won["chat"] <= 3
    assert won["app"] >= 5
    assert won["web"] >= 4
    await shop.prove()


async def test_on_its_last_day_the_rest_is_everybodys(shop: Shop) -> None:
    await shop.receive("mug", 5)
    await set_aside(shop, 4, until=NOW + timedelta(hours=1))
    async with db.transaction(shop.pool) as conn:
        assert await allocations.end(conn, now=NOW) == 0
        assert await allocations.end(conn, now=NOW + timedelta(hours=2)) == 1
    assert await seen(shop) == [5]
    await shop.prove()


async def test_pieces_on_show_are_sold_by_the_shop_alone(shop: Shop) -> None:
    await shop.receive("mug", 3)
    async with db.transaction(shop.pool) as conn:
        await ledger.put_shelves(
            conn, [("mug", "ginza", None, None)], displays={("mug", "ginza"): 1}, now=NOW
        )
    assert await seen(shop) == [2]
    with pytest.raises(NotEnoughStock):
        await hold(shop, 3, channel="web")
    booked = await shop.move(Movement(kind="sell", sku="mug", location_id="ginza", qty=3))
    assert booked.booked == 1
    await shop.prove()


async def test_a_hold_of_a_set_holds_its_parts_or_nothing(shop: Shop) -> None:
    await shop.make_set("tea-set", mug=2, lamp=1)
    await shop.receive("mug", 5)
    await shop.receive("lamp", 3)
    placed = await shop.hold(("tea-set", "ginza", 2), ("mug", "ginza", 1))
    assert {(x.sku, x.qty) for x in placed.lines} == {("mug", 5), ("lamp", 2)}
    with pytest.raises(NotEnoughStock) as refused:
        await shop.hold(("tea-set", "ginza", 1))
    assert [one["sku"] for one in refused.value.facts["short"]] == ["mug"]
    await shop.prove()


@pytest.mark.parametrize(
    ("channel", "qty", "why"), [("APP", 1, "bad_channel"), ("app", -1, "bad_qty")]
)
async def test_what_cannot_be_set_aside_is_refused(
    shop: Shop, channel: str, qty: int, why: str
) -> None:
    assert await set_aside(shop, qty, channel=channel) == [why]
