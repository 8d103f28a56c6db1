"""Who sends what, why the others not, and how it goes on when one cannot."""

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.stock.conftest import NOW, PLACES, Shop
from tests.stock.test_delivery import service as delivery_service

from setten.facts.stock import GoodsLine
from setten.platform import db
from setten.stock import delivery, fulfilments, holds, locations, movements, orders, pricing, tasks
from setten.stock.delivery import Zone
from setten.stock.fulfilments import (
    BadFulfilment,
    Dates,
    Fulfilment,
    Going,
    Sender,
    Want,
    WrongStep,
)
from setten.stock.fulfilments.model import Candidate
from setten.stock.fulfilments.rules import choose, state_now
from setten.stock.holds import Ask, NotEnoughStock
from setten.stock.locations import Directory
from setten.stock.movements import Movement
from setten.stock.orders import NewLine, NewOrder, Order

SOON = NOW + timedelta(minutes=5)
TEN = Decimal("0.1")
GINZA, UENO = PLACES[0], PLACES[1]


async def senders(shop: Shop, *every: Sender) -> None:
    async with db.transaction(shop.pool) as conn:
        await fulfilments.put_senders(conn, every, by="t", now=NOW)


async def plan(shop: Shop, *wants: tuple[str, int], **named: Any) -> fulfilments.Plan:
    asked = [Want(number, sku, qty) for number, (sku, qty) in enumerate(wants, start=1)]
    async with shop.pool.acquire() as conn:
        return await fulfilments.plan(conn, Directory(), asked, now=NOW, **named)


async def sold(
    shop: Shop, lines: Sequence[tuple[str, int]], at: str, *, ships_on: date | None = None
) -> tuple[Order, Fulfilment]:
    """An order of ours, sold in Ginza, to be sent from a place."""
    async with db.transaction(shop.pool) as conn:
        goods = tuple(GoodsLine(sku, at, qty) for sku, qty in lines)
        ask = Ask(lines=goods, by="t", ttl_s=86_400, purpose="shipment", identifier_id=5)
        held = await holds.place(conn, ask, now=NOW)
        total = sum(100 * qty for _, qty in lines)
        new = NewOrder(
            lines=[NewLine(sku=sku, qty=qty, unit_price_minor=100, tax_rate=TEN, method="ship")
                   for sku, qty in lines],
            taxes=pricing.taxes([(TEN, total)]), currency="JPY", channel="store", placed_by="t",
            identifier_id=5, location_id="ginza", hold_ids=[held.hold_id],
        )  # fmt: skip
        order = (await orders.place(conn, new, now=NOW)).order
        going = Going(hold_id=held.hold_id, way="ship", dates=Dates(ships_on=ships_on))
        [part] = await fulfilments.open_for(conn, order, [going], by="t", now=NOW)
    return order, part


async def act(shop: Shop, verb: Any, *args: Any, **named: Any) -> Any:
    async with db.transaction(shop.pool) as conn:
        return await verb(conn, *args, now=named.pop("now", SOON), **named)


async def parts(shop: Shop, order: Order) -> list[Fulfilment]:
    async with shop.pool.acquire() as conn:
        return await fulfilments.of_order(conn, order.order_id, now=SOON)


# -- who sends what -----------------------------------------------------------------------------


async def test_one_place_that_has_everything_wins_over_two_that_are_nearer(shop: Shop) -> None:
    await senders(shop, *(Sender(location_id=one, ships=True) for one in ("ginza", "ueno")))
    for sku, at in (("mug", "ginza"), ("lamp", "ueno"), ("mug", "depot"), ("lamp", "depot")):
        await shop.receive(sku, 1, at=at)
    found = await plan(shop, ("mug", 1), ("lamp", 1), near=GINZA)
    assert found.places == ("depot",)


async def test_an_order_is_split_when_nobody_has_all_and_into_as_few_as_can_be(shop: Shop) -> None:
    await senders(shop, *(Sender(location_id=one, ships=True) for one in ("ginza", "ueno")))
    for sku, at, qty in (("mug", "ginza", 2), ("mug", "ueno", 3), ("lamp", "ueno", 1)):
        await shop.receive(sku, qty, at=at)
    found = await plan(shop, ("mug", 5), ("lamp", 1))
    assert {(one.sku, one.location_id, one.qty) for one in found.shares} == {
        ("mug", "ginza", 2), ("mug", "ueno", 3), ("lamp", "ueno", 1)}  # fmt: skip


async def test_every_place_that_was_not_asked_has_its_reason(shop: Shop) -> None:
    closed = {"hours": {"days": {"2026-11-22": []}, "mon": []}}
    async with db.transaction(shop.pool) as conn:
        await locations.put(conn, [replace(UENO, **closed)], now=NOW)
    await senders(
        shop,
        Sender(location_id="ueno", ships=True),
        Sender(location_id="depot", ships=True, max_km=1.0),
        Sender(location_id="web", ships=True),
    )
    await shop.receive("mug", 1, at="web")
    held = await shop.hold(("mug", "web", 1))
    with pytest.raises(NotEnoughStock) as refused:
        await plan(shop, ("mug", 1), near=GINZA)
    told = {one["location_id"]: one["reason"] for one in refused.value.facts["excluded"]}
    assert told == {"ginza": "not_shipping", "ueno": "closed", "depot": "too_far",
                    "web": "promised"}  # fmt: skip
    assert refused.value.facts["short"] == [
        {"sku": "mug", "location_id": None, "wanted": 1, "available": 0}]  # fmt: skip
    await act(shop, holds.release, held.hold_id, by="t")
    await senders(shop, Sender(location_id="web", ships=True, paused_until=SOON))
    with pytest.raises(NotEnoughStock) as refused:
        await plan(shop, ("mug", 1))
    assert {"location_id": "web", "reason": "paused"} in refused.value.facts["excluded"]
    await senders(shop, Sender(location_id="web", ships=True))
    assert (await plan(shop, ("mug", 1))).places == ("web",)


async def test_a_place_with_its_hands_full_is_not_asked(shop: Shop) -> None:
    await senders(shop, Sender(location_id="depot", ships=True, open_max=1))
    await shop.receive("mug", 5, at="depot")
    await sold(shop, [("mug", 1)], "depot")
    with pytest.raises(NotEnoughStock) as refused:
        await plan(shop, ("mug", 1))
    assert {"location_id": "depot", "reason": "busy"} in refused.value.facts["excluded"]


PLACE = st.builds(
    Candidate,
    location_id=st.uuids().map(str),
    rank=st.integers(0, 3),
    km=st.none() | st.floats(0, 500),
    free=st.fixed_dictionaries({"a": st.integers(-2, 4), "b": st.integers(-2, 4)}),
)


@given(st.lists(PLACE, max_size=7), st.integers(0, 6), st.integers(1, 6))
def test_a_choice_gives_each_line_all_of_it_and_no_place_more_than_it_has(
    places: list[Candidate], a: int, b: int
) -> None:
    asked = (("a", a), ("b", b), ("a", 1))
    wants = [Want(n, sku, qty) for n, (sku, qty) in enumerate(asked) if qty]
    shares = choose(wants, places)
    one_has_all = [p for p in places if p.free["a"] >= a + 1 and p.free["b"] >= b]
    if shares is None:
        assert not one_has_all
        return
    for want in wants:
        assert sum(x.qty for x in shares if x.line_no == want.line_no) == want.qty
    for place in places:
        for sku in ("a", "b"):
            mine = [x.qty for x in shares if (x.sku, x.location_id) == (sku, place.location_id)]
            assert sum(mine) <= max(0, place.free[sku])
    used = {one.location_id for one in shares}
    assert len(used) <= fulfilments.PARCELS_MAX
    assert len(used) == 1 or not one_has_all


# -- on its way ---------------------------------------------------------------------------------


async def test_a_part_goes_from_its_place_to_the_customer_step_by_step(shop: Shop) -> None:
    await shop.receive("mug", 2, at="depot")
    order, part = await sold(shop, [("mug", 2)], "depot")
    assert [(x.line_no, x.sku, x.qty) for x in part.lines] == [(1, "mug", 2)]
    for state in ("accepted", "picked", "packed"):
        await act(shop, fulfilments.step, part.fulfilment_id, state, by="t")
    with pytest.raises(BadFulfilment):
        await act(shop, fulfilments.step, part.fulfilment_id, "shipped", by="t")
    await act(shop, fulfilments.step, part.fulfilment_id, "shipped", by="t", carrier="yamato",
              carrier_ref="4912-3456-7890")  # fmt: skip
    row = await shop.balance("mug", "depot")
    assert (row.on_hand, row.held) == (0, 0)
    with pytest.raises(WrongStep):
        await act(shop, fulfilments.step, part.fulfilment_id, "packed", by="t")
    done, _ = await act(shop, fulfilments.step, part.fulfilment_id, "delivered", by="t")
    assert (done.state, done.carrier_ref) == ("delivered", "4912-3456-7890")
    assert fulfilments.standing(await parts(shop, order), is_cancelled=False) == "done"
    told = [one["body"] for one in await shop.events("fulfilment.changed")]
    assert len(told) == 6
    assert '"parts":1' in told[0]
    for name in ("stock.hold_ready", "stock.hold_collected"):
        [one] = await shop.events(name)
        assert '"purpose":"shipment"' in one["body"], "sent, and handed over to nobody"
    async with shop.pool.acquire() as conn:
        assert len(await fulfilments.steps_of(conn, order.order_id)) == 6
    await shop.prove()


async def test_a_rejection_corrects_the_stock_and_another_place_sends(shop: Shop) -> None:
    await senders(shop, Sender(location_id="ueno", ships=True))
    await shop.receive("mug", 1, at="depot")
    await shop.receive("lamp", 1, at="depot")
    order, part = await sold(shop, [("mug", 1), ("lamp", 1)], "depot")
    await shop.receive("mug", 1, at="ueno")
    await shop.receive("lamp", 1, at="ueno")
    new, event_id = await act(shop, fulfilments.reject, Directory(), part.fulfilment_id,
                              reason="not_on_shelf", skus=["mug"], by="t")  # fmt: skip
    assert event_id
    assert [(one.location_id, one.state) for one in new] == [("ueno", "routed")]
    assert {(x.line_no, x.sku) for x in new[0].lines} == {(1, "mug"), (2, "lamp")}
    assert ("depot", "rejected") in {(one.location_id, one.reason) for one in new[0].excluded}
    mug, lamp = await shop.balance("mug", "depot"), await shop.balance("lamp", "depot")
    assert (mug.physical, lamp.on_hand, lamp.held) == (0, 1, 0)
    async with shop.pool.acquire() as conn:
        chores = await tasks.list_open(conn, "depot")
        assert [(one.kind, one.sku) for one in chores] == [("count_shelf", "mug")]
        assert len(await orders.holds_of(conn, order.order_id)) == 2
    assert fulfilments.standing(await parts(shop, order), is_cancelled=False) == "preparing"
    await shop.prove()


@pytest.mark.parametrize(
    ("reason", "on_hand", "quarantine"), [("damaged", 0, 1), ("no_time", 1, 0), ("closed", 1, 0)]
)
async def test_the_reason_says_what_becomes_of_the_units(
    shop: Shop, reason: str, on_hand: int, quarantine: int
) -> None:
    await shop.receive("mug", 1, at="depot")
    _, part = await sold(shop, [("mug", 1)], "depot")
    await act(shop, fulfilments.reject, Directory(), part.fulfilment_id, reason=reason, by="t")
    row = await shop.balance("mug", "depot")
    assert (row.on_hand, row.held, row.quarantine) == (on_hand, 0, quarantine)
    await shop.prove()


async def test_what_nobody_has_waits_and_goes_out_when_it_comes(shop: Shop) -> None:
    await shop.receive("mug", 1, at="depot")
    await shop.receive("lamp", 1, at="depot")
    order, part = await sold(shop, [("mug", 1), ("lamp", 1)], "depot")
    await shop.receive("lamp", 1, at="web")
    await act(shop, fulfilments.reject, Directory(), part.fulfilment_id, reason="no_time", by="t")
    now = [one for one in await parts(shop, order) if not one.is_over]
    assert {(one.state, one.location_id, one.lines[0].sku) for one in now} == {
        ("routed", "web", "lamp"), ("waiting", None, "mug")}  # fmt: skip
    assert fulfilments.standing(now, is_cancelled=False) == "waiting"
    waiting = next(one for one in now if one.state == "waiting")
    assert not await act(shop, fulfilments.retry, Directory(), waiting.fulfilment_id)
    await shop.receive("mug", 1, at="web")
    assert await act(shop, fulfilments.retry, Directory(), waiting.fulfilment_id)
    now = [one for one in await parts(shop, order) if not one.is_over]
    assert {(one.state, one.location_id, one.lines[0].sku) for one in now} == {
        ("routed", "web", "lamp"), ("routed", "web", "mug")}  # fmt: skip
    assert not await act(shop, fulfilments.retry, Directory(), waiting.fulfilment_id)
    await shop.prove()


async def test_what_a_till_sold_before_it_left_is_looked_for_elsewhere(shop: Shop) -> None:
    await senders(shop, *(Sender(location_id=one, ships=True) for one in ("ginza", "ueno")))
    await shop.receive("mug", 1, at="ginza")
    order, part = await sold(shop, [("mug", 1)], "ginza")
    await shop.receive("mug", 1, at="ueno")
    async with db.transaction(shop.pool) as conn:
        sale = Movement(kind="sell", sku="mug", location_id="ginza", qty=1)
        await movements.book(conn, [sale], by="t", now=SOON)
    assert [one.state for one in await parts(shop, order)] == ["short"]
    await act(shop, fulfilments.retry, Directory(), part.fulfilment_id)
    assert [(one.state, one.location_id) for one in await parts(shop, order)] == [
        ("rejected", "ginza"), ("routed", "ueno")]  # fmt: skip
    await shop.prove()


async def test_what_leaves_from_another_place_has_a_promised_day_again(shop: Shop) -> None:
    zone = Zone(zone_id="tokyo", name_ja="東京", name_en="Tokyo", prefixes=("1",))
    far = delivery_service("far", origin="depot", lead_days_min=1, lead_days_max=1)
    near = delivery_service("slow", origin="web", lead_days_min=3, lead_days_max=4)
    async with db.transaction(shop.pool) as conn:
        assert await delivery.put_zones(conn, [zone], now=NOW) == []
        assert await delivery.put_services(conn, [far, near], now=NOW) == []
    await shop.receive("mug", 1, at="depot")
    order, part = await sold(shop, [("mug", 1)], "depot", ships_on=date(2026, 11, 24))
    async with db.transaction(shop.pool) as conn:
        await conn.execute("update stock.fulfilments set service_id = 'far'")
    [waiting], _ = await act(shop, fulfilments.reject, Directory(), part.fulfilment_id,
                             reason="damaged", by="t")  # fmt: skip
    assert waiting.state == "waiting"
    await shop.receive("mug", 1, at="web")
    assert await act(shop, fulfilments.retry, Directory(), waiting.fulfilment_id)
    [new] = [one for one in await parts(shop, order) if one.state == "routed"]
    assert (new.location_id, new.service_id, new.is_late) == ("web", "slow", False)
    assert new.ships_on == date(2026, 11, 23)  # Monday: the shop's Sunday is over by the cut-off
    assert (new.arrives_from, new.arrives_to) == (date(2026, 11, 26), date(2026, 11, 27))
    told = [msgspec.json.decode(one["body"]) for one in await shop.events("fulfilment.changed")]
    assert told[-2]["arrives_to"] == "2026-11-27"


async def test_two_rejections_at_once_route_one_part_once(shop: Shop) -> None:
    await shop.receive("mug", 1, at="depot")
    order, part = await sold(shop, [("mug", 1)], "depot")
    await shop.receive("mug", 5, at="web")
    answers = await asyncio.gather(
        *(act(shop, fulfilments.reject, Directory(), part.fulfilment_id, reason="no_time", by="t")
          for _ in range(4)),
        act(shop, fulfilments.step, part.fulfilment_id, "shipped", by="t", carrier="c"),
        return_exceptions=True,
    )  # fmt: skip
    done = [one for one in answers if not isinstance(one, Exception)]
    assert len(done) == 1, answers
    assert all(isinstance(one, WrongStep) for one in answers if isinstance(one, Exception)), answers
    assert len([one for one in await parts(shop, order) if not one.is_over]) == 1
    await shop.prove()


async def test_two_routings_of_the_last_unit_promise_it_once(shop: Shop) -> None:
    for sku in ("mug", "lamp"):
        await shop.receive(sku, 1, at="depot")
    first = await sold(shop, [("mug", 1)], "depot")
    await shop.receive("mug", 1, at="depot")
    second = await sold(shop, [("mug", 1)], "depot")
    await shop.receive("mug", 1, at="web")  # one, and two parts want it
    await asyncio.gather(
        *(act(shop, fulfilments.reject, Directory(), part.fulfilment_id, reason="not_on_shelf",
              by="t") for _, part in (first, second))
    )  # fmt: skip
    now = [one for order, _ in (first, second) for one in await parts(shop, order)
           if not one.is_over]  # fmt: skip
    assert sorted(one.state for one in now) == ["routed", "waiting"]
    assert (await shop.balance("mug", "web")).on_hand == 0
    await shop.prove()


async def test_its_customer_is_told_once_that_it_is_late(shop: Shop) -> None:
    await shop.receive("mug", 1, at="depot")
    order, _ = await sold(shop, [("mug", 1)], "depot", ships_on=NOW.date())
    tomorrow = NOW.date() + timedelta(days=1)
    assert await act(shop, fulfilments.tell_late, today=NOW.date()) == 0
    assert await act(shop, fulfilments.tell_late, today=tomorrow) == 1
    assert await act(shop, fulfilments.tell_late, today=tomorrow) == 0
    [told] = await shop.events("fulfilment.late")
    assert (told["identifiers"], order.order_ref in told["body"]) == ([5], True)
    assert (await parts(shop, order))[0].is_late


async def test_the_counter_is_the_truth_of_a_pickup(shop: Shop) -> None:
    assert state_now("routed", "pickup", "ready") == "ready"
    assert state_now("routed", "pickup", "collected") == "handed_over"
    assert state_now("routed", "pickup", "expired") == "not_collected"
    assert state_now("shipped", "ship", "collected") == "shipped"
    assert state_now("packed", "ship", "short") == "short"
    await shop.receive("mug", 1)
    _, part = await sold(shop, [("mug", 1)], "ginza")
    with pytest.raises(BadFulfilment):
        await act(shop, fulfilments.reject, Directory(), part.fulfilment_id, reason="bored", by="t")
    with pytest.raises(fulfilments.UnknownFulfilment):
        await act(shop, fulfilments.step, part.order_id, "picked", by="t")
