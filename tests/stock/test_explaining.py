"""Why this number, and the nightly proof."""

from datetime import date, timedelta

import pytest
from tests.stock.conftest import NOW, Shop

from setten.facts.stock import GoodsLine
from setten.platform import db
from setten.stock import (
    allocations,
    availability,
    catalog,
    explaining,
    holds,
    inbound,
    ledger,
    locations,
    proving,
    tasks,
    transfers,
)
from setten.stock.allocations import Allocation
from setten.stock.availability import Availability
from setten.stock.explaining import Explanation
from setten.stock.holds import Ask
from setten.stock.inbound import Delivery, Wish
from setten.stock.locations import Directory
from setten.stock.movements import Movement
from setten.stock.transfers import Plan

FRIDAY = date(2026, 11, 27)


async def everything(shop: Shop) -> None:
    """A row on which everything stands that can stand on one."""
    await shop.receive("mug", 20)
    await shop.receive("mug", 5, at="depot")
    await shop.move(
        Movement(kind="quarantine", sku="mug", location_id="ginza", qty=2, reason="recall")
    )
    await shop.hold(("mug", "ginza", 3))
    await shop.hold(("mug", "ginza", 1), ttl_s=60)
    async with db.transaction(shop.pool) as conn:
        await ledger.put_shelves(
            conn, [("mug", "ginza", 2, "A-1")], displays={("mug", "ginza"): 1}, now=NOW
        )
        aside = Allocation(sku="mug", location_id="ginza", channel="app", qty=4)
        await allocations.put(conn, [aside], now=NOW)
        order = Delivery(ref="PO", sku="mug", location_id="ginza", qty=10, due_on=FRIDAY, cap=6)
        await inbound.put(conn, [order], now=NOW)
        wish = Wish(sku="mug", location_id="ginza", qty=2, by="test")
        await inbound.place(conn, wish, now=NOW)
        plan = Plan(
            from_location="depot", to_location="ginza", lines={"mug": 5}, due_on=FRIDAY, ref="T"
        )
        paper = await transfers.plan(conn, plan, by="x", now=NOW)
        await transfers.ship(conn, paper.transfer_id, by="x", now=NOW)


async def why(shop: Shop, sku: str = "mug", **more: object) -> Explanation:
    async with shop.pool.acquire() as conn:
        return await explaining.explain(
            conn,
            sku,
            "ginza",
            now=NOW + timedelta(minutes=5),
            **more,  # type: ignore[arg-type]
        )


async def told(shop: Shop, channel: str | None, by: date | None) -> list[Availability]:
    async with shop.pool.acquire() as conn:
        directory = await Directory().fresh(conn)
        place = directory.find("ginza")
        assert place is not None
        return await availability.for_channel(
            conn, directory, ["mug"], places=[(None, place)], channel=channel, by=by,
            now=NOW + timedelta(minutes=5),
        )  # fmt: skip


async def test_every_part_of_a_number_is_named_and_they_add_up(shop: Shop) -> None:
    await everything(shop)
    found = await why(shop)
    assert {step.what: step.qty for step in found.steps} == {
        "physical": 18, "held": -4, "unrouted": 0, "run_out": 1, "safety": -2, "display": -1,
        "others": -4,
    }  # fmt: skip
    assert (found.available, found.total) == (8, 8)
    assert [(one.qty, one.has_run_out) for one in found.holds] == [(3, False), (1, True)]
    assert found.balance is not None
    assert found.balance.quarantine == 2
    assert len(found.entries) == 4


@pytest.mark.parametrize(
    ("channel", "by", "total", "due"),
    [(None, None, 8, 0), ("app", None, 12, 0), ("web", FRIDAY, 17, 9), ("app", FRIDAY, 21, 9),
     ("app", FRIDAY - timedelta(days=1), 12, 0)],
)  # fmt: skip
async def test_what_is_told_is_what_is_explained_and_what_can_be_held(
    shop: Shop, channel: str | None, by: date | None, total: int, due: int
) -> None:
    await everything(shop)
    found = await why(shop, channel=channel, by=by)
    (one,) = await told(shop, channel, by)
    assert (found.total, one.available, one.due) == (total, total, due)
    ask = Ask(lines=(GoodsLine("mug", "ginza", total - due),), by="t", channel=channel or "api")
    more = Ask(lines=(GoodsLine("mug", "ginza", 1),), by="t", channel=channel or "api")
    async with db.transaction(shop.pool) as conn:
        first, second = await holds.place_many(conn, [ask, more], now=NOW + timedelta(minutes=5))
    assert isinstance(first, holds.Placed)
    assert not isinstance(second, holds.Placed)


async def test_a_set_is_as_many_as_its_parts_make_everywhere_it_is_asked(shop: Shop) -> None:
    await shop.make_set("tea-set", mug=2, lamp=1)
    await shop.receive("mug", 7)
    await shop.receive("lamp", 2)
    await shop.receive("mug", 9, at="ueno")
    found = await why(shop, "tea-set")
    assert (found.available, [(p.sku, p.qty, p.available) for p in found.parts]) == (
        2, [("lamp", 1, 2), ("mug", 2, 7)])  # fmt: skip
    async with shop.pool.acquire() as conn:
        at = await availability.at(
            conn, Directory(), ["tea-set", "mug"], location_ids=["ginza", "ueno"], now=NOW
        )
        near = await availability.near(
            conn, Directory(), ["tea-set"], lat=35.68, lon=139.76, radius_km=20, limit=5, now=NOW
        )
    assert {(x.sku, x.location_id): x.available for x in at} == {
        ("tea-set", "ginza"): 2, ("mug", "ginza"): 7, ("mug", "ueno"): 9}  # fmt: skip
    assert [(x.sku, x.location_id, x.available) for x in near] == [("tea-set", "ginza", 2)]


async def test_what_does_not_exist_is_not_explained(shop: Shop) -> None:
    async with shop.pool.acquire() as conn:
        with pytest.raises(catalog.UnknownItem):
            await explaining.explain(conn, "ghost", "ginza", now=NOW)
        with pytest.raises(locations.UnknownLocation):
            await explaining.explain(conn, "mug", "mars", now=NOW)


async def test_a_number_that_drifts_is_told_once_with_the_movements_behind_it(shop: Shop) -> None:
    await shop.receive("mug", 5)
    await shop.hold(("mug", "ginza", 1))
    async with shop.pool.acquire() as conn:
        await conn.execute("update stock.balances set on_hand = on_hand + 3 where sku = 'mug'")
    for _ in range(2):
        await proving.prove_all(shop.pool)
    async with shop.pool.acquire() as conn:
        found = await tasks.list_open(conn, "ginza")
    assert [(t.kind, t.sku, t.qty) for t in found] == [("stock_drifts", "mug", 3)]
    (fact,) = await shop.events("stock.drifted")
    assert '"balance":7' in fact["body"]
    assert '"proven":4' in fact["body"]
    assert '"entries":[' in fact["body"]


async def test_a_clean_night_tells_nothing(shop: Shop) -> None:
    await everything(shop)
    await proving.prove_all(shop.pool)
    assert await shop.events("stock.drifted") == []
