"""Whatever is bought, cancelled and paid, in any order: carts, orders, stock, money tell one story.

Hypothesis drives two customers, one of whom has two screens, beside a model of what should be so;
at the end it prints which transitions it reached.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from setten.operations import cancelling, checkout
from setten.operations.checkout import Bought, Checkout, Pay
from setten.platform import db
from setten.platform.errors import SettenError
from setten.stock import carts, holds, orders, payments
from setten.stock.carts import Add, Cart, Change, Remove, SetMethod, SetQty
from setten.stock.locations import Directory
from tests.conftest import clone, drop
from tests.operations.conftest import PRICES, Till
from tests.stock.conftest import NOW

PEOPLE = {"ann": (11, 12), "bo": (21,)}  # Ann has a phone and a laptop
WHO = st.sampled_from(list(PEOPLE))
SKU = st.sampled_from(["mug", "lamp"])
PLACE = st.sampled_from(["ginza", "ueno"])
RARELY = st.integers(0, 5).map(lambda drawn: drawn == 5)
reached: Counter[str] = Counter()


class Shopping(RuleBasedStateMachine):
    """Two customers in two shops."""

    server: str
    template: str

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.now: datetime = NOW
        self.wanted: dict[str, Counter[str]] = {who: Counter() for who in PEOPLE}
        self.bought: list[Bought] = []
        self.taken: Counter[uuid.UUID] = Counter()  # money by order, as we took and gave it

    def run(self, coroutine: Any) -> Any:
        return self.loop.run_until_complete(coroutine)

    @initialize()
    def open(self) -> None:
        self.dsn = clone(self.server, self.template)
        self.pool = self.run(db.open_pool(self.dsn, size=2))
        self.till = Till(self.pool)
        self.run(self.till.open())
        for sku, (minor, rate) in PRICES.items():
            self.run(self.till.price(sku, minor, rate))
        for sku in ("mug", "lamp"):
            self.run(self.till.receive(sku, 3, at="ginza"))
            self.run(self.till.receive(sku, 2, at="ueno"))

    def teardown(self) -> None:
        if hasattr(self, "pool"):
            self.pool.terminate()
            self.loop.run_until_complete(asyncio.sleep(0))
            self.loop.close()
            drop(self.server, self.dsn)

    async def act(self, name: str, work: Any) -> Any:
        """One verb in its transaction; a refusal is an answer too."""
        self.now += timedelta(seconds=1)
        try:
            async with db.transaction(self.pool) as conn:
                answer = await work(conn)
        except SettenError as refusal:
            reached[f"{name} → {refusal.code}"] += 1
            return refusal
        reached[f"{name} → done"] += 1
        return answer

    def edit(self, name: str, who: str, screen: int, *changes: Change) -> Any:
        whose = PEOPLE[who]
        under = whose[screen % len(whose)]
        return self.run(
            self.act(name, lambda conn: carts.change(conn, whose, changes, under=under,
                     channel="web", now=self.now))
        )  # fmt: skip

    async def cart(self, who: str) -> Cart | None:
        return await carts.open_of(self.pool, PEOPLE[who])

    # -- carts -----------------------------------------------------------------------------------

    @rule(who=WHO, screen=st.integers(0, 1), sku=SKU, place=PLACE, qty=st.integers(1, 2))
    def add(self, who: str, screen: int, sku: str, place: str, qty: int) -> None:
        one = Add(sku=sku, qty=qty, method="pickup", location_id=place)
        if isinstance(self.edit("add", who, screen, one), carts.Changed):
            self.wanted[who][sku] += qty

    @rule(who=WHO, screen=st.integers(0, 1), sku=SKU)
    def less(self, who: str, screen: int, sku: str) -> None:
        if isinstance(self.edit("less", who, screen, Add(sku=sku, qty=-1)), carts.Changed):
            self.wanted[who][sku] = max(0, self.wanted[who][sku] - 1)

    @rule(who=WHO, screen=st.integers(0, 1), sku=SKU)
    def remove(self, who: str, screen: int, sku: str) -> None:
        if self.wanted[who][sku]:
            self.edit("remove", who, screen, Remove(sku=sku))
            self.wanted[who][sku] = 0

    @rule(who=WHO, screen=st.integers(0, 1), sku=SKU, qty=st.integers(0, 4), is_stale=st.booleans())
    def set_qty(self, who: str, screen: int, sku: str, qty: int, is_stale: bool) -> None:
        cart = self.run(self.cart(who))
        line = cart.line(sku) if cart else None
        if line is None:
            return
        version = line.version - is_stale
        done = self.edit("set", who, screen, SetQty(sku=sku, qty=qty, version=version))
        assert isinstance(done, carts.LineChanged if is_stale else carts.Changed)
        if not is_stale:
            self.wanted[who][sku] = qty

    @rule(who=WHO, sku=SKU, place=PLACE, method=st.sampled_from(["pickup", "carry"]))
    def way(self, who: str, sku: str, place: str, method: str) -> None:
        self.edit("way", who, 0, SetMethod(sku=sku, method=method, location_id=place))

    @precondition(lambda self: any(self.wanted["ann"].values()))
    @rule(giver=WHO, taker=WHO)
    def take(self, giver: str, taker: str) -> None:
        gone = self.run(self.cart(giver))
        done = self.run(
            self.act("take", lambda conn: carts.take(conn, PEOPLE[giver], PEOPLE[taker],
                     under=PEOPLE[taker][0], channel="web", now=self.now))
        )  # fmt: skip
        if isinstance(done, carts.Changed) and giver != taker and gone is not None:
            self.wanted[taker] += self.wanted[giver]
            self.wanted[giver] = Counter()

    # -- orders ----------------------------------------------------------------------------------

    @rule(who=WHO, sku=SKU, place=PLACE, is_paid=st.booleans(), is_stale=RARELY, off_by=RARELY)
    def buy(
        self, who: str, sku: str, place: str, is_paid: bool, is_stale: bool, off_by: bool
    ) -> None:
        if not any(self.wanted[who].values()) and not is_stale:
            self.add(who, 0, sku, place, 1)
        cart = self.run(self.cart(who))
        if cart is None:
            return
        total = self.run(self.till.total(cart))
        asked = Checkout(
            identifier_ids=PEOPLE[who],
            under=PEOPLE[who][0],
            cart_version=cart.version - is_stale,
            total_minor=total + off_by,
            channel="web",
            by="test",
            pays=(Pay(method="card", state="captured" if is_paid else "intended"),),
        )
        done = self.run(
            self.act("buy", lambda conn: checkout.check_out(conn, Directory(), asked, now=self.now))
        )
        if isinstance(done, Bought):
            assert not is_stale
            assert not off_by
            assert done.order.total_minor == total
            assert Counter({x.sku: x.qty for x in done.order.lines}) == +self.wanted[who]
            self.wanted[who] = Counter()
            self.bought.append(done)
            self.taken[done.order.order_id] = total if is_paid else 0

    @precondition(lambda self: self.bought)
    @rule(data=st.data(), is_whole=st.booleans())
    def cancel(self, data: Any, is_whole: bool) -> None:
        order = data.draw(st.sampled_from(self.bought)).order
        line = data.draw(st.sampled_from(order.lines))
        wanted = None if is_whole else {line.line_no: 1}
        done = self.run(
            self.act("cancel", lambda conn: cancelling.cancel(conn, order.order_id, wanted,
                     by="test", now=self.now))
        )  # fmt: skip
        if isinstance(done, cancelling.TakenBack):
            due = done.cancelled.order.due_minor or 0
            self.taken[order.order_id] = min(self.taken[order.order_id], due)

    @precondition(lambda self: self.bought)
    @rule(data=st.data())
    def collect(self, data: Any) -> None:
        bought = data.draw(st.sampled_from(self.bought))
        hold = data.draw(st.sampled_from(bought.holds))
        self.run(
            self.act("collect", lambda conn: holds.collect(conn, hold.hold_id, by="test",
                     now=self.now))
        )  # fmt: skip

    @precondition(lambda self: self.bought)
    @rule(data=st.data(), kind=st.sampled_from(["captured", "refunded"]), part=st.booleans())
    def pay(self, data: Any, kind: str, part: bool) -> None:
        bought = data.draw(st.sampled_from(self.bought))
        payment = bought.payments[0]
        amount = payment.intended_minor // (2 if part else 1)
        done = self.run(
            self.act(kind, lambda conn: payments.record(conn, payment.payment_id, kind, amount,
                     by="test", now=self.now))
        )  # fmt: skip
        if isinstance(done, payments.Recorded):
            self.taken[bought.order.order_id] += amount if kind == "captured" else -amount

    @precondition(lambda self: self.bought)
    @rule(days=st.sampled_from([1, 1, 8]))
    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)
        self.run(self.act("expire", lambda conn: holds.tidy(conn, now=self.now)))

    # -- what must always be so --------------------------------------------------------------------

    @invariant()
    def carts_hold_what_was_put_in(self) -> None:
        if not hasattr(self, "pool"):
            return
        for who, wanted in self.wanted.items():
            cart = self.run(self.cart(who))
            assert Counter({x.sku: x.qty for x in cart.lines} if cart else {}) == +wanted

    @invariant()
    def every_number_is_proven(self) -> None:
        if hasattr(self, "pool"):
            self.run(self.till.prove())

    @invariant()
    def no_order_is_promised_more_or_paid_back_more_than_it_is(self) -> None:
        for bought in self.bought:
            order = self.run(orders.get(self.pool, bought.order.order_id))
            kept = [self.run(holds.get(self.pool, one.hold_id, now=self.now))
                    for one in bought.holds]  # fmt: skip
            promised = Counter[str]()
            for hold in kept:
                for line in hold.lines:
                    promised[line.sku] += line.qty if line.is_open and hold.is_open else 0
            for line in order.lines:
                assert promised[line.sku] <= line.open_qty
            assert (order.state == "cancelled") == all(not x.open_qty for x in order.lines)
            assert (order.due_minor or 0) >= 0
            paid = self.run(payments.of_order(self.pool, order.order_id))
            assert sum(one.kept_minor for one in paid) == self.taken[order.order_id]


@pytest.mark.usefixtures("template")
def test_carts_orders_stock_and_money_tell_one_story(
    postgres: str, template: str, is_long: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    Shopping.server, Shopping.template = postgres, template
    run_state_machine_as_test(
        Shopping,
        settings=settings(
            max_examples=60 if is_long else 8,
            stateful_step_count=40 if is_long else 25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    with capsys.disabled():
        told = ", ".join(f"{name} {count}" for name, count in sorted(reached.items()))
        print(f"\ntransitions reached: {told}")  # noqa: T201 - the point of the test
    if is_long:
        needed = {"buy → done", "buy → not_enough_stock", "cancel → done", "cancel → handed_over"}
        assert not {name for name in needed if not reached[name]}
