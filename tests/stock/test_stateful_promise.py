"""All that stands behind a promise, in any order: channels, deliveries, transfers, counts, sets.

The machine of test_stateful with the verbs that change what may be promised; after each step every
number is proven, no delivery is promised beyond itself, and what is told is what can be held.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test
from tests.stock.test_stateful import PLACE, QTY, SKU, Promises, reached

from setten.facts.stock import GoodsLine
from setten.platform import db
from setten.stock import (
    allocations,
    availability,
    counts,
    explaining,
    holds,
    inbound,
    regions,
    transfers,
)
from setten.stock.allocations import Allocation
from setten.stock.counts import Sheet
from setten.stock.holds import Ask, NotEnoughStock, Placed
from setten.stock.inbound import Delivery, Wish
from setten.stock.locations import Directory
from setten.stock.movements import Movement
from setten.stock.regions import Point, RegionalAsk, Where
from setten.stock.transfers import Arrival, Plan

CHANNEL = st.sampled_from(["app", "web"])
TOKYO = Where(near=Point(35.69, 139.77), radius_km=20)
DAY = st.sampled_from([date(2026, 11, 25), date(2026, 11, 30)])


class FullPromises(Promises):
    """Promises, with everything else that a chain does to its stock."""

    def __init__(self) -> None:
        super().__init__()
        self.papers: list[UUID] = []
        self.sheets: list[UUID] = []
        self.preorders: list[UUID] = []
        self.has_set = False
        self.regional: list[UUID] = []

    @rule(sku=SKU, place=PLACE, channel=CHANNEL, qty=st.integers(0, 4),
          minutes=st.sampled_from([None, 30]))  # fmt: skip
    def set_aside(self, sku: str, place: str, channel: str, qty: int, minutes: int | None) -> None:
        until = None if minutes is None else self.now + timedelta(minutes=minutes)
        one = Allocation(sku=sku, location_id=place, channel=channel, qty=qty, until=until)
        self.verb("set aside", lambda c: allocations.put(c, [one], now=self.now))

    @rule()
    def end_allocations(self) -> None:
        reached["allocation ended"] += self.verb(
            "end allocations", lambda c: allocations.end(c, now=self.now)
        )

    @rule(sku=SKU, place=PLACE, channel=CHANNEL, qty=QTY, ttl_s=st.sampled_from([60, 3600]))
    def hold_as(self, sku: str, place: str, channel: str, qty: int, ttl_s: int) -> None:
        told = self.told(sku, place, channel)
        ask = Ask(lines=(GoodsLine(sku, place, qty),), by="t", channel=channel, ttl_s=ttl_s)
        answer = self.verb("hold as", lambda c: holds.place_many(c, [ask], now=self.now))[0]
        assert isinstance(answer, Placed | NotEnoughStock)
        assert isinstance(answer, Placed) == (qty <= told)
        reached[f"hold as channel: {isinstance(answer, Placed)}"] += 1
        if isinstance(answer, Placed):
            self.known.append(answer.hold_id)

    @rule(sku=SKU, place=PLACE, qty=st.integers(0, 5), day=DAY, cap=st.sampled_from([None, 2]))
    def deliver(self, sku: str, place: str, qty: int, day: date, cap: int | None) -> None:
        one = Delivery(
            ref=f"PO-{qty % 2}", sku=sku, location_id=place, qty=qty, due_on=day, cap=cap
        )
        self.verb("delivery told", lambda c: inbound.put(c, [one], now=self.now))

    @rule(sku=SKU, place=PLACE, qty=st.integers(1, 3))
    def preorder(self, sku: str, place: str, qty: int) -> None:
        wish = Wish(sku=sku, location_id=place, qty=qty, by="t")
        made = self.verb("preorder", lambda c: inbound.place(c, wish, now=self.now))
        if made is not None:
            self.preorders.append(made[0].preorder_id)

    @precondition(lambda self: self.preorders)
    @rule(data=st.data())
    def give_up_preorder(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(self.preorders))
        self.verb("preorder given up", lambda c: inbound.cancel(c, one, now=self.now))

    @rule(sku=SKU, place=PLACE, qty=QTY, ref=st.sampled_from(["PO-0", "PO-1", None]))
    def arrive(self, sku: str, place: str, qty: int, ref: str | None) -> None:
        row = Movement(kind="receive", sku=sku, location_id=place, qty=qty, inbound_ref=ref)
        booked = self.run(self.shop.move(row, now=self.now))
        reached["arrival held for a preorder"] += len(booked.held)
        self.known += booked.held

    @rule(goods=st.dictionaries(SKU, QTY, min_size=1), channel=CHANNEL,
          ttl_s=st.sampled_from([60, 3600]))  # fmt: skip
    def ask_a_region(self, goods: dict[str, int], channel: str, ttl_s: int) -> None:
        has_all = all(
            sum(self.told(sku, place, channel) for place in ("ginza", "ueno")) >= qty
            for sku, qty in goods.items()
        )
        wish = RegionalAsk(goods=goods, where=TOKYO, by="t", channel=channel, ttl_s=ttl_s)
        placed = self.verb(
            "ask a region", lambda c: regions.place(c, Directory(), wish, now=self.now)
        )
        assert (placed is not None) == has_all
        if placed is not None:
            self.known.append(placed.hold_id)
            self.regional.append(placed.hold_id)

    @precondition(lambda self: self.regional)
    @rule(data=st.data(), to=st.sampled_from([None, "ginza", "ueno"]),
          refuses=st.sampled_from([None, None, "ginza", "ueno"]),
          reason=st.sampled_from([None, "not_on_shelf", "damaged"]))  # fmt: skip
    def route(
        self, data: st.DataObject, to: str | None, refuses: str | None, reason: str | None
    ) -> None:
        hold_id = data.draw(st.sampled_from(self.regional))
        self.verb(
            "route",
            lambda c: regions.route(
                c, Directory(), hold_id, to=to, refuses=refuses,
                reason=reason if refuses else None, now=self.now,
            ),
        )  # fmt: skip

    @rule(sku=SKU, place=PLACE, data=st.data())
    def wait_and_receive(self, sku: str, place: str, data: st.DataObject) -> None:
        """Somebody waits for a delivery, and it comes, or some of it."""
        one = Delivery(ref="PO-9", sku=sku, location_id=place, qty=3, due_on=date(2026, 11, 28))
        self.verb("delivery told", lambda c: inbound.put(c, [one], now=self.now))
        wish = Wish(sku=sku, location_id=place, qty=2, by="t")
        made = self.verb("preorder", lambda c: inbound.place(c, wish, now=self.now))
        if made is not None:
            self.preorders.append(made[0].preorder_id)
            self.arrive_for(sku, place, data.draw(st.integers(1, 3)))

    def arrive_for(self, sku: str, place: str, qty: int) -> None:
        row = Movement(kind="receive", sku=sku, location_id=place, qty=qty, inbound_ref="PO-9")
        booked = self.run(self.shop.move(row, now=self.now))
        reached["arrival held for a preorder"] += len(booked.held)
        self.known += booked.held

    @rule(sku=SKU, place=PLACE, qty=QTY,
          kind=st.sampled_from(["damage", "quarantine", "unquarantine", "dispose"]))  # fmt: skip
    def spoil(self, sku: str, place: str, qty: int, kind: str) -> None:
        row = Movement(kind=kind, sku=sku, location_id=place, qty=qty, reason="broken")
        booked = self.run(self.shop.move(row, now=self.now))
        reached[kind] += booked.booked
        reached[f"{kind}: short"] += len(booked.short)

    @rule(sku=SKU, qty=QTY)
    def send(self, sku: str, qty: int) -> None:
        wanted = Plan(from_location="ginza", to_location="ueno", lines={sku: qty})

        async def go(conn: db.Connection) -> UUID:
            made = await transfers.plan(conn, wanted, by="t", now=self.now)
            await transfers.ship(conn, made.transfer_id, by="t", now=self.now)
            return made.transfer_id

        if (paper := self.verb("transfer shipped", go)) is not None:
            self.papers.append(paper)

    @precondition(lambda self: self.papers)
    @rule(data=st.data(), sku=SKU, qty=QTY, damaged=st.integers(0, 1))
    def count_in(self, data: st.DataObject, sku: str, qty: int, damaged: int) -> None:
        paper = data.draw(st.sampled_from(self.papers))
        came = [Arrival(sku=sku, qty=qty, damaged=damaged)]
        self.verb(
            "transfer received",
            lambda c: transfers.receive(c, paper, came, by="t", now=self.now),
        )

    @precondition(lambda self: self.papers)
    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        paper = data.draw(st.sampled_from(self.papers))
        self.verb("transfer closed", lambda c: transfers.close(c, paper, by="t", now=self.now))

    @rule(place=PLACE)
    def open_sheet(self, place: str) -> None:
        sheet = Sheet(location_id=place, skus=("mug", "lamp"))
        made = self.verb(
            "count opened", lambda c: counts.open_sheet(c, sheet, by="ann", now=self.now)
        )
        self.sheets.append(made.count_id)

    @precondition(lambda self: self.sheets)
    @rule(data=st.data(), sku=SKU, qty=st.integers(0, 8))
    def count_shelf(self, data: st.DataObject, sku: str, qty: int) -> None:
        sheet = data.draw(st.sampled_from(self.sheets))
        self.verb("counted", lambda c: counts.give(c, sheet, {sku: qty}, by="ann", now=self.now))

    @precondition(lambda self: self.sheets)
    @rule(data=st.data(), act=st.sampled_from(["submit", "approve", "back"]))
    def finish_count(self, data: st.DataObject, act: str) -> None:
        sheet = data.draw(st.sampled_from(self.sheets))
        calls: dict[str, Any] = {
            "submit": lambda c: counts.submit(c, sheet, by="ann", now=self.now),
            "approve": lambda c: counts.approve(c, sheet, by="manager", now=self.now),
            "back": lambda c: counts.send_back(c, sheet, by="manager", now=self.now),
        }
        self.verb(f"count {act}", calls[act])

    @rule(place=PLACE, qty=st.integers(1, 2), verb=st.sampled_from(["sell", "return", "hold"]))
    def sell_a_set(self, place: str, qty: int, verb: str) -> None:
        if not self.has_set:
            self.run(self.shop.make_set("pair", mug=1, lamp=1))
            self.has_set = True
        if verb == "hold":
            ask = Ask(lines=(GoodsLine("pair", place, qty),), by="t", ttl_s=600)
            answer = self.verb("hold a set", lambda c: holds.place_many(c, [ask], now=self.now))[0]
            if isinstance(answer, Placed):
                self.known.append(answer.hold_id)
            return
        row = Movement(kind=verb, sku="pair", location_id=place, qty=qty)
        reached[f"{verb} a set"] += self.run(self.shop.move(row, now=self.now)).booked

    def told(self, sku: str, place: str, channel: str) -> int:
        """What the channel is told, which must be what is explained."""

        async def ask() -> tuple[int, int]:
            async with self.pool.acquire() as conn:
                directory = await Directory().fresh(conn)
                here = directory.find(place)
                assert here is not None
                rows = await availability.for_channel(
                    conn, directory, [sku], places=[(None, here)], channel=channel, by=None,
                    now=self.now, include_empty=True,
                )  # fmt: skip
                why = await explaining.explain(conn, sku, place, channel=channel, now=self.now)
                return rows[0].available, why.total

        told, explained = self.run(ask())
        assert told == explained
        return int(told)

    @invariant()
    def no_delivery_is_promised_beyond_itself(self) -> None:
        if not hasattr(self, "shop"):
            return
        query = (
            "select count(*) from stock.inbound i where i.promised <> coalesce((select sum(p.qty)"
            " from stock.preorders p where p.inbound_id = i.inbound_id and p.state = 'waiting'), 0)"
        )
        assert self.run(self.pool.fetchval(query)) == 0


def test_whatever_stands_behind_a_promise_it_is_one_number(
    postgres: str, template: str, is_long: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    reached.clear()
    FullPromises.server, FullPromises.template = postgres, template
    run_state_machine_as_test(
        FullPromises,
        settings=settings(
            max_examples=150 if is_long else 12,
            stateful_step_count=80 if is_long else 40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    with capsys.disabled():
        told = ", ".join(f"{name} {count}" for name, count in sorted(Counter(reached).items()))
        print(f"\ntransitions reached: {told}")  # noqa: T201 - the point of the test
    needed = {"hold as channel: True", "hold as channel: False", "preorder", "transfer received",
              "transfer closed", "count submit", "count approve", "damage", "hold a set",
              "arrival held for a preorder", "allocation ended", "ask a region",
              "route"}  # fmt: skip
    if is_long:
        assert not {name for name in needed if not reached[name]}
