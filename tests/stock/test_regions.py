"""Promises for a region: whole or nothing, never twice, pinned later, moved when a place cannot."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.stock.conftest import NOW, Shop, lines_of
from tests.stock.test_receipts import receipt

from setten.platform import db
from setten.stock import (
    allocations,
    availability,
    explaining,
    fulfilments,
    holds,
    receipts,
    regions,
)
from setten.stock.allocations import Allocation
from setten.stock.fulfilments import Sender
from setten.stock.holds import Hold, HoldLine, NotEnoughStock, Placed, UnknownGoods
from setten.stock.locations import Directory
from setten.stock.regions import (
    BadRegion,
    NotRegional,
    PickedAlready,
    Point,
    Region,
    RegionalAsk,
    Routed,
    UnknownRegion,
    Where,
)
from setten.stock.regions.rules import moves, spread

GINZA = Point(35.6717, 139.7650)
UENO = Point(35.7138, 139.7770)
TOKYO = Where(near=GINZA, radius_km=20)  # the shops at Ginza and Ueno


async def ask(shop: Shop, where: Where = TOKYO, **goods: int) -> Placed:
    return await ask_as(shop, goods, where)


async def ask_as(
    shop: Shop, goods: Mapping[str, int], where: Where = TOKYO, **named: Any
) -> Placed:
    wish = RegionalAsk(goods=goods, where=where, by="test", **{"ttl_s": 600, **named})
    async with db.transaction(shop.pool) as conn:
        return await regions.place(conn, Directory(), wish, now=NOW)


async def route(shop: Shop, placed: Placed, **named: Any) -> Routed:
    async with db.transaction(shop.pool) as conn:
        return await regions.route(conn, Directory(), placed.hold_id, now=NOW, **named)


async def found(shop: Shop, hold_id: UUID) -> Hold:
    async with shop.pool.acquire() as conn:
        return await holds.get(conn, hold_id, now=NOW)


async def queue(shop: Shop, place: str) -> list[UUID]:
    async with shop.pool.acquire() as conn:
        return [one.hold_id for one in await holds.queue(conn, place, now=NOW)]


def lies(hold: Hold) -> set[tuple[str, str, int]]:
    return {(one.sku, one.location_id, one.qty) for one in hold.lines if one.is_open}


async def sell(shop: Shop, sku: str, qty: int, at: str, number: str = "1") -> None:
    told = receipt((sku, qty, 100), location_id=at, sequence=number)
    async with db.transaction(shop.pool) as conn:
        [outcome] = await receipts.book(conn, [told], by="till", now=NOW)
    assert outcome.status == "booked"


# -- asking -------------------------------------------------------------------------------------


async def test_what_no_shop_has_alone_the_region_has_together(shop: Shop) -> None:
    await shop.receive("mug", 2, at="ginza")
    await shop.receive("mug", 3, at="ueno")
    placed = await ask(shop, mug=5)
    assert set(lines_of(placed.lines)) == {("mug", "ginza", 2), ("mug", "ueno", 3)}
    with pytest.raises(NotEnoughStock):
        await ask(shop, mug=1)
    await shop.prove()


async def test_a_region_gives_all_lines_or_none_and_says_what_it_lacks(shop: Shop) -> None:
    await shop.receive("mug", 2)
    await shop.receive("lamp", 1, at="ueno")
    with pytest.raises(NotEnoughStock) as refused:
        await ask(shop, mug=2, lamp=2)
    assert refused.value.facts["short"] == [
        {"sku": "lamp", "location_id": None, "wanted": 2, "available": 1}]  # fmt: skip
    assert (await shop.balance("mug")).held == 0
    assert (await shop.balance("lamp", "ueno")).held == 0


async def test_no_shop_is_emptied_by_a_promise_that_may_go_anywhere(shop: Shop) -> None:
    await shop.receive("mug", 1, at="ginza")
    await shop.receive("mug", 5, at="ueno")
    assert lines_of((await ask(shop, mug=1)).lines) == [("mug", "ueno", 1)]


async def test_a_region_is_a_name_a_circle_or_whoever_sends(shop: Shop) -> None:
    await shop.receive("mug", 1, at="depot")
    await shop.receive("lamp", 1, at="ueno")
    region = Region(region_id="kanto", name_ja="関東", name_en="Kanto", location_ids=("depot",))
    async with db.transaction(shop.pool) as conn:
        assert await regions.put(conn, [region], now=NOW) == []
    assert lines_of((await ask(shop, Where(region_id="kanto"), mug=1)).lines)[0][1] == "depot"
    with pytest.raises(NotEnoughStock):  # collected near here: not at a warehouse
        await ask(shop, mug=1)
    with pytest.raises(NotEnoughStock):  # Ueno sends nothing
        await ask_as(shop, {"lamp": 1}, Where(), purpose="shipment")
    async with db.transaction(shop.pool) as conn:
        await fulfilments.put_senders(
            conn, [Sender(location_id="ueno", ships=True)], by="t", now=NOW
        )
    placed = await ask_as(shop, {"lamp": 1}, Where(), purpose="shipment")
    assert placed.lines[0].location_id == "ueno"


@pytest.mark.parametrize(
    ("where", "why"),
    [(Where(near=Point(-40.0, 10.0), radius_km=1), "nowhere"),
     (Where(radius_km=5), "form"), (Where(region_id="x", radius_km=5), "form")],
)  # fmt: skip
async def test_a_region_without_places_is_refused(shop: Shop, where: Where, why: str) -> None:
    with pytest.raises(BadRegion) as refused:
        await ask(shop, where, mug=1)
    assert refused.value.facts["why"] == why


async def test_what_nobody_knows_is_refused(shop: Shop) -> None:
    with pytest.raises(UnknownRegion):
        await ask(shop, Where(region_id="nowhere"), mug=1)
    with pytest.raises(UnknownGoods):
        await ask(shop, ghost=1)
    with pytest.raises(holds.BadHold):
        await ask(shop, mug=0)
    with pytest.raises(holds.BadHold):
        await ask(shop, mug=2**40)


async def test_a_named_region_without_places_is_gone_and_bad_ones_are_refused(shop: Shop) -> None:
    many = [
        Region(region_id="a", name_ja="あ", name_en="", location_ids=("ginza", "ueno")),
        Region(region_id="b", name_ja="い", name_en="", location_ids=("mars",)),
        Region(region_id="c d", name_ja="う", name_en="", location_ids=("ginza",)),
        Region(region_id="d", name_ja="\x00", name_en="", location_ids=("ginza",)),
    ]
    async with db.transaction(shop.pool) as conn:
        refused = await regions.put(conn, many, now=NOW)
        assert [(one.index, one.reason) for one in refused] == [
            (1, "unknown_location"), (2, "bad_region_id"), (3, "bad_name")]  # fmt: skip
        assert [one.region_id for one in await regions.list_all(conn)] == ["a"]
        await regions.put(conn, [Region(region_id="a", name_ja="あ", name_en="")], now=NOW)
        assert await regions.list_all(conn) == []


async def test_a_region_keeps_its_hands_off_what_is_set_aside_for_others(shop: Shop) -> None:
    await shop.receive("mug", 2)
    aside = Allocation(sku="mug", location_id="ginza", channel="app", qty=2)
    async with db.transaction(shop.pool) as conn:
        await allocations.put(conn, [aside], now=NOW)
    with pytest.raises(NotEnoughStock):
        await ask_as(shop, {"mug": 1}, channel="web")
    placed = await ask_as(shop, {"mug": 1}, channel="app")
    await shop.receive("mug", 1, at="ueno")
    await route(shop, placed, to="ueno")  # what was the app's own at Ginza is its own again
    row = await shop.balance("mug")
    assert (row.held, row.allocated, row.promisable) == (0, 2, 0)
    await shop.prove()


# -- the sum ------------------------------------------------------------------------------------


async def test_what_waits_for_a_place_is_a_term_of_the_sum_and_in_no_queue(shop: Shop) -> None:
    await shop.receive("mug", 5)
    await shop.hold(("mug", "ginza", 1))
    placed = await ask(shop, mug=2)
    async with shop.pool.acquire() as conn:
        why = await explaining.explain(conn, "mug", "ginza", now=NOW)
        [told] = await availability.at(conn, Directory(), ["mug"], location_ids=["ginza"], now=NOW)
    steps = {one.what: one.qty for one in why.steps}
    assert (steps["physical"], steps["held"], steps["unrouted"]) == (5, -1, -2)
    assert sum(steps.values()) == why.available == told.available == 2
    assert [one.is_unrouted for one in why.holds] == [False, True]
    assert placed.hold_id not in await queue(shop, "ginza")
    await route(shop, placed)
    assert placed.hold_id in await queue(shop, "ginza")
    async with shop.pool.acquire() as conn:
        why = await explaining.explain(conn, "mug", "ginza", now=NOW)
        assert (await holds.count_open(conn, "ginza", now=NOW))["held"] == 2
    assert {one.what: one.qty for one in why.steps}["unrouted"] == 0


# -- routing ------------------------------------------------------------------------------------


async def test_routing_wants_one_place_then_the_nearest(shop: Shop) -> None:
    for sku, at, qty in (("mug", "ginza", 3), ("mug", "ueno", 9), ("lamp", "ginza", 1)):
        await shop.receive(sku, qty, at=at)
    placed = await ask(shop, mug=1)
    assert placed.lines[0].location_id == "ueno"
    done = await route(shop, placed, near=GINZA)
    assert (done.hold.location_id, lies(done.hold)) == ("ginza", {("mug", "ginza", 1)})
    assert (await shop.balance("mug", "ueno")).held == 0
    both = await ask(shop, Where(near=UENO, radius_km=20), mug=2, lamp=1)
    done = await route(shop, both)  # Ueno is nearer, Ginza has all of it
    assert lies(done.hold) == {("mug", "ginza", 2), ("lamp", "ginza", 1)}
    [moved] = await shop.events("stock.hold_moved")
    assert moved["event_id"] == (await shop.events("stock.hold_moved"))[0]["event_id"]
    await shop.prove()


async def test_routing_twice_changes_nothing_and_says_nothing(shop: Shop) -> None:
    await shop.receive("mug", 1)
    placed = await ask(shop, mug=1)
    assert (await route(shop, placed)).event_id is None
    assert (await route(shop, placed)).event_id is None
    assert await shop.events("stock.hold_moved") == []


async def test_a_place_that_cannot_is_left_out_and_its_stock_learns_why(shop: Shop) -> None:
    await shop.receive("mug", 2, at="ginza")
    await shop.receive("mug", 2, at="ueno")
    placed = await ask_as(shop, {"mug": 2}, identifier_id=7)
    await route(shop, placed, to="ginza")
    done = await route(shop, placed, refuses="ginza", reason="not_on_shelf")
    assert lies(done.hold) == {("mug", "ueno", 2)}
    assert done.hold.code == placed.code
    ginza = await shop.balance("mug")
    assert (ginza.on_hand, ginza.held) == (0, 0)  # booked as missing
    with pytest.raises(NotEnoughStock):
        await route(shop, placed, refuses="ueno", reason="damaged")
    assert lies(await found(shop, placed.hold_id)) == {("mug", "ueno", 2)}
    await shop.receive("mug", 2, at="ginza")
    with pytest.raises(NotEnoughStock):  # Ginza said no, once and for all
        await route(shop, placed, refuses="ueno")
    await shop.prove()


async def test_where_a_code_is_taken_the_hold_gets_a_longer_one(shop: Shop) -> None:
    await shop.receive("mug", 2, at="ginza")
    await shop.receive("mug", 3, at="ueno")
    placed = await ask(shop, mug=1)
    other = await shop.hold(("mug", "ginza", 1))
    async with db.transaction(shop.pool) as conn:
        await conn.execute(
            "update stock.holds set code = $1 where hold_id = $2", placed.code, other.hold_id
        )
    done = await route(shop, placed, to="ginza")
    assert len(done.hold.code) == 9


async def test_what_cannot_be_routed_is_refused(shop: Shop) -> None:
    await shop.receive("mug", 3)
    plain = await shop.hold(("mug", "ginza", 1))
    with pytest.raises(NotRegional):
        await route(shop, plain)
    placed = await ask(shop, mug=1)
    with pytest.raises(BadRegion):
        await route(shop, placed, to="depot")
    with pytest.raises(BadRegion):
        await route(shop, placed, refuses="depot")
    with pytest.raises(BadRegion):
        await route(shop, placed, reason="damaged")
    async with db.transaction(shop.pool) as conn:
        await holds.pick(conn, placed.hold_id, now=NOW)
    assert placed.hold_id in await queue(shop, "ginza")  # picking has decided it
    with pytest.raises(PickedAlready):
        await route(shop, placed, to="ueno")
    async with db.transaction(shop.pool) as conn:
        await holds.release(conn, placed.hold_id, by="t", now=NOW)
    with pytest.raises(holds.HoldEnded):
        await route(shop, placed)
    with pytest.raises(holds.UnknownHold):
        await route(shop, Placed(hold_id=UUID(int=9), lines=(), expires_at=NOW, code="",
                                 event_id=""))  # fmt: skip


async def test_what_nobody_routes_a_job_does_and_what_has_ended_waits_for_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.receive("mug", 2)
    placed, ended = await ask(shop, mug=1), await ask_as(shop, {"mug": 1}, ttl_s=60)
    later = NOW + timedelta(minutes=6)
    monkeypatch.setattr("setten.platform.clock.now", lambda: later)
    await regions.route_all(shop.pool, Directory())
    async with shop.pool.acquire() as conn:
        known = await regions.find_many(conn, [placed.hold_id, ended.hold_id])
    assert all(one.is_routed for one in known.values())
    assert len(known) == 2


# -- the shop floor -----------------------------------------------------------------------------


async def test_a_till_that_sells_it_moves_the_promise_to_another_place(shop: Shop) -> None:
    await shop.receive("mug", 3, at="ginza")
    await shop.receive("mug", 2, at="ueno")
    named = await shop.hold(("mug", "ginza", 1))
    placed = await ask(shop, mug=2)
    await sell(shop, "mug", 2, "ginza")
    assert lies(await found(shop, placed.hold_id)) == {("mug", "ueno", 2)}
    assert (await found(shop, named.hold_id)).state == "held"
    assert await shop.events("stock.hold_short") == []
    await sell(shop, "mug", 2, "ueno")  # now nobody has it
    assert (await found(shop, placed.hold_id)).state == "short"
    await shop.prove()


async def test_what_was_routed_stays_where_its_customer_was_told(shop: Shop) -> None:
    await shop.receive("mug", 1, at="ginza")
    await shop.receive("mug", 1, at="ueno")
    placed = await ask(shop, mug=1)
    await route(shop, placed, to="ginza")
    await sell(shop, "mug", 1, "ginza")
    assert (await found(shop, placed.hold_id)).state == "short"


# -- races --------------------------------------------------------------------------------------


async def test_racing_for_a_region_promises_all_of_it_and_not_one_more(shop: Shop) -> None:
    await shop.receive("mug", 7, at="ginza")
    await shop.receive("mug", 6, at="ueno")

    async def one(number: int) -> bool:
        try:
            if number % 4 == 0:
                await shop.hold(("mug", "ginza" if number % 8 else "ueno", 1))
            else:
                await ask(shop, mug=1)
        except NotEnoughStock:
            return False
        return True

    won = await asyncio.gather(*(one(number) for number in range(40)))
    assert sum(won) == 13
    assert (await shop.balance("mug")).promisable == 0
    assert (await shop.balance("mug", "ueno")).promisable == 0
    await shop.prove()


async def test_two_goods_asked_in_either_order_never_wait_in_a_circle(shop: Shop) -> None:
    for sku in ("mug", "lamp"):
        for place in ("ginza", "ueno"):
            await shop.receive(sku, 3, at=place)

    async def one(number: int) -> bool:
        goods = {"mug": 2, "lamp": 1} if number % 2 else {"lamp": 2, "mug": 1}
        try:
            await ask_as(shop, goods)
        except NotEnoughStock:
            return False
        return True

    won = await asyncio.gather(*(one(number) for number in range(16)))
    assert sum(won) in (3, 4)
    await shop.prove()


async def test_tills_routes_and_releases_at_once_leave_every_number_proven(shop: Shop) -> None:
    await shop.receive("mug", 10, at="ginza")
    await shop.receive("mug", 10, at="ueno")
    placed = [await ask(shop, mug=2) for _ in range(8)]
    outcomes: Counter[str] = Counter()

    async def step(number: int) -> None:
        one = placed[number % 8]
        try:
            if number % 3 == 0:
                await route(shop, one, to="ginza" if number % 2 else "ueno")
            elif number % 3 == 1:
                await route(shop, one, refuses="ginza" if number % 2 else "ueno")
            else:
                await sell(shop, "mug", 1, "ginza", f"r{number}")
            outcomes["done"] += 1
        except (NotEnoughStock, holds.HoldEnded, holds.UnknownLine):
            outcomes["refused"] += 1

    await asyncio.gather(*(step(number) for number in range(24)))
    assert outcomes["done"] > 0
    await shop.prove()


# -- plain decisions ----------------------------------------------------------------------------

PLACE = st.sampled_from(["a", "b", "c"])
SKU = st.sampled_from(["x", "y"])
FREE = st.dictionaries(st.tuples(SKU, PLACE), st.integers(-2, 5))


@given(st.dictionaries(SKU, st.integers(1, 8), min_size=1), FREE)
def test_a_spread_is_exact_and_exists_just_when_the_region_has_enough(
    wanted: dict[str, int], free: dict[tuple[str, str], int]
) -> None:
    lines = spread(wanted, ["a", "b", "c"], free)
    enough = all(
        sum(max(0, free.get((sku, place), 0)) for place in "abc") >= qty
        for sku, qty in wanted.items()
    )
    assert (lines is not None) == enough
    if lines is not None:
        given_: Counter[str] = Counter()
        for line in lines:
            assert 1 <= line.qty <= free[line.sku, line.location_id]
            given_[line.sku] += line.qty
        assert dict(given_) == wanted


@given(
    st.dictionaries(st.tuples(SKU, PLACE), st.integers(1, 5), min_size=1),
    st.randoms(use_true_random=False),
)
def test_moves_bring_the_lines_where_they_are_wanted(
    now: dict[tuple[str, str], int], chance: Any
) -> None:
    wanted: Counter[tuple[str, str]] = Counter()
    for (sku, _), qty in now.items():
        for _ in range(qty):
            wanted[sku, chance.choice("abc")] += 1
    lines: Sequence[HoldLine] = [
        HoldLine(sku=sku, location_id=place, qty=qty, state="held")
        for (sku, place), qty in now.items()
    ]
    after = Counter(now)
    for one in moves(lines, wanted):
        after[one.sku, one.source] -= one.qty
        after[one.sku, one.target] += one.qty
        assert one.source != one.target
    assert +after == +wanted
