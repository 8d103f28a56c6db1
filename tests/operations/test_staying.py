"""A short hold lasts while its customer is active: bounded, and shorter where others wait."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from setten.operations import staying
from setten.platform import db
from setten.platform.vault import Vault
from setten.stock import holds
from setten.stock.holds import Hold, Placed
from tests.customers.conftest import START, People
from tests.stock.conftest import Shop

QUARTER_S = 15 * 60


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


class World:
    """A shop, and people who look at things in it."""

    def __init__(self, shop: Shop, people: People) -> None:
        self.shop, self.people = shop, people

    async def hold(self, who: str, *, qty: int = 1, ttl_s: int = QUARTER_S) -> Placed:
        number = await self.people.number(who)
        return await self.shop.hold(
            ("mug", "ginza", qty), ttl_s=ttl_s, now=at(0), identifier_id=number
        )

    async def look(self, *who: str, minute: float, name: str = "product.viewed") -> None:
        await self.people.happens(*who, minute=minute, name=name)
        await self.people.read()

    async def keep(self, minute: float) -> int:
        async with db.transaction(self.shop.pool) as conn:
            found = await holds.soon_over(conn, now=at(minute))
            return await staying.keep_held(conn, found, now=at(minute))

    async def until(self, hold_id: UUID) -> datetime:
        async with self.shop.pool.acquire() as conn:
            return (await holds.get(conn, hold_id, now=at(0))).expires_at

    async def active_to(self, who: str, hold_id: UUID, *, most: int = 90) -> datetime:
        """She looks at something every five minutes for hours; until when it lasted."""
        for minute in range(1, most):
            if minute % 5 == 0:
                await self.look(who, minute=minute)
            if await self.until(hold_id) - at(minute) <= holds.SOON:
                await self.keep(minute)
        return await self.until(hold_id)


@pytest.fixture
async def world(pool: db.Pool, vault: Vault) -> World:
    shop = Shop(pool)
    await shop.open()
    return World(shop, People(pool, vault))


async def test_who_looked_ten_minutes_ago_keeps_it_a_quarter_of_an_hour_from_then(
    world: World,
) -> None:
    await world.shop.receive("mug", 9)
    placed = await world.hold("user_id:ann")
    await world.look("user_id:ann", minute=10)
    assert await world.keep(14.5) == 1
    assert await world.until(placed.hold_id) == at(25)
    (told,) = await world.shop.events("stock.hold_extended")
    assert '"because": "active"' in told["body"] or '"because":"active"' in told["body"]


async def test_who_went_away_loses_it_when_it_was_said(world: World) -> None:
    await world.shop.receive("mug", 9)
    placed = await world.hold("user_id:ann")
    await world.look("user_id:bo", minute=10)
    assert await world.keep(14.5) == 0
    assert await world.until(placed.hold_id) == at(15)


async def test_what_she_did_before_it_was_held_does_not_count(world: World) -> None:
    await world.shop.receive("mug", 9)
    await world.look("user_id:ann", minute=-1)
    await world.hold("user_id:ann")
    assert await world.keep(14.5) == 0


async def test_what_is_done_about_her_is_no_deed_of_hers(world: World) -> None:
    await world.shop.receive("mug", 9)
    await world.hold("user_id:ann")
    await world.look("user_id:ann", minute=10, name="custom.event")
    assert await world.keep(14.5) == 0


async def test_it_lasts_an_hour_at_most_however_active_she_is(world: World) -> None:
    await world.shop.receive("mug", 9)
    placed = await world.hold("user_id:ann")
    assert await world.active_to("user_id:ann", placed.hold_id) == at(60)


async def test_the_last_ones_go_to_the_next_after_half_an_hour(world: World) -> None:
    await world.shop.receive("mug", 2)
    placed = await world.hold("user_id:ann", qty=2)
    assert await world.active_to("user_id:ann", placed.hold_id) == at(30)


async def test_a_hold_for_a_minute_stays_a_short_one(world: World) -> None:
    await world.shop.receive("mug", 9)
    placed = await world.hold("user_id:ann", ttl_s=60)
    for seconds in range(20, 600, 20):
        await world.people.happens("user_id:ann", minute=seconds / 60)
    await world.people.read()
    for seconds in range(20, 600, 20):
        await world.keep(seconds / 60)
    assert await world.until(placed.hold_id) == at(4)


async def test_a_hold_for_days_does_not_last_longer_by_a_look_at_a_page(world: World) -> None:
    await world.shop.receive("mug", 9)
    placed = await world.hold("user_id:ann", ttl_s=2 * 3600)
    await world.look("user_id:ann", minute=110)
    assert await world.keep(119.5) == 0
    assert await world.until(placed.hold_id) == at(120)


async def test_her_card_holds_while_she_reads_in_her_browser(world: World) -> None:
    await world.shop.receive("mug", 9)
    placed = await world.hold("loyalty_card:4900000000017")
    await world.people.happens("loyalty_card:4900000000017", "anonymous_id:browser", minute=-5)
    await world.look("anonymous_id:browser", minute=12)
    assert await world.keep(14.5) == 1
    assert await world.until(placed.hold_id) == at(27)


async def test_what_ended_meanwhile_is_not_brought_back(world: World) -> None:
    await world.shop.receive("mug", 9)
    placed = await world.hold("user_id:ann")
    await world.look("user_id:ann", minute=10)
    async with db.transaction(world.shop.pool) as conn:
        found = await holds.soon_over(conn, now=at(14.5))
        await holds.release(conn, placed.hold_id, by="test", now=at(14.6))
        assert await staying.keep_held(conn, found, now=at(14.7)) == 0
    async with db.transaction(world.shop.pool) as conn:
        assert await holds.last_while_active(conn, {placed.hold_id: at(14)}, now=at(99)) == 0


async def test_two_who_look_after_holds_at_once_extend_each_once(world: World) -> None:
    await world.shop.receive("mug", 9)
    placed = await world.hold("user_id:ann")
    await world.look("user_id:ann", minute=10)
    async with db.transaction(world.shop.pool) as conn:
        found: list[Hold] = await holds.soon_over(conn, now=at(14.5))
    done = []
    for _ in range(2):
        async with db.transaction(world.shop.pool) as conn:
            done.append(await staying.keep_held(conn, found, now=at(14.5)))
    assert done == [1, 0]
    assert await world.until(placed.hold_id) == at(25)


async def test_what_staff_added_is_no_length_of_her_own(world: World) -> None:
    await world.shop.receive("mug", 9)
    placed = await world.hold("user_id:ann")
    async with db.transaction(world.shop.pool) as conn:
        await holds.extend(conn, placed.hold_id, ttl_s=55 * 60, now=at(1))
    await world.look("user_id:ann", minute=54)
    await world.keep(55.5)
    assert await world.until(placed.hold_id) == at(60)
