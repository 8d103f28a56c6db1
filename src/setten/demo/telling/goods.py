"""Goods that are counted, come, travel, break, leave, are put aside: through the verbs of stock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from setten.demo.chain import Business, Deed, Kind
from setten.demo.chain.catalogue import WAREHOUSE
from setten.demo.chain.promises import lasts_s
from setten.demo.world import JAPAN
from setten.facts.stock import GoodsLine
from setten.platform.auth.model import SYSTEM
from setten.platform.db import Connection
from setten.stock import fulfilments, holds, movements, tasks, transfers
from setten.stock.movements import Movement

MOVEMENTS_AT_ONCE = 1_000
# (kind of movement, sign, reason)
_MOVEMENTS = {
    Kind.opening: ("count", 1, None),
    Kind.supply: ("receive", 1, None),
    Kind.dispatch: ("sell", 1, None),
    Kind.damage: ("damage", 1, "broken"),
    Kind.counted: ("adjust", -1, "lost"),
}
_TRUCKS = frozenset({Kind.truck, Kind.arrival})
MOVES = frozenset(_MOVEMENTS) | _TRUCKS
ASIDE = frozenset({Kind.hold, Kind.ready, Kind.kept})
_PUT_BACK_AFTER = timedelta(hours=8)
CardOf = Callable[[Deed], int | None]


def movements_of(deed: Deed) -> Iterator[Movement]:
    """A deed as movements; its ref names them, so that telling it again changes nothing."""
    kind, sign, reason = _MOVEMENTS[deed.kind]
    for line in deed.lines:
        yield Movement(
            kind=kind, sku=line.sku, location_id=deed.place, qty=sign * line.qty,
            reason=reason, ref=deed.ref,
        )  # fmt: skip


async def move(conn: Connection, deeds: Sequence[Deed]) -> None:
    """Book what moved, in the order of time."""
    plain = [one for one in deeds if one.kind not in _TRUCKS]
    told = [movement for one in plain for movement in movements_of(one)]
    for start in range(0, len(told), MOVEMENTS_AT_ONCE):
        some = told[start : start + MOVEMENTS_AT_ONCE]
        booked = await movements.book(conn, some, by=SYSTEM.label, now=plain[-1].at)
        assert not booked.refused, booked.refused[:3]
    for one in deeds:
        if one.kind is Kind.truck:
            await _leave(conn, one)
        elif one.kind is Kind.arrival:
            await _arrive(conn, one)


async def _leave(conn: Connection, deed: Deed) -> None:
    plan = transfers.Plan(
        from_location=WAREHOUSE,
        to_location=deed.place,
        lines={line.sku: line.qty for line in deed.lines},
        ref=deed.ref,
        due_on=deed.at.date(),
    )
    planned = await transfers.plan(
        conn, plan, by=SYSTEM.label, now=deed.at - timedelta(hours=11, minutes=20)
    )
    if planned.state is transfers.TransferState.planned:
        await transfers.ship(conn, planned.transfer_id, by=SYSTEM.label, now=deed.at)


async def _arrive(conn: Connection, deed: Deed) -> None:
    coming = await transfers.coming(conn, deed.place)
    found = [one for one in coming if one.ref == deed.ref]
    for one in found:
        arrivals = [transfers.Arrival(sku=line.sku, qty=line.qty) for line in deed.lines]
        await transfers.receive(conn, one.transfer_id, arrivals, by=SYSTEM.label, now=deed.at)


async def tidy_up(conn: Connection, business: Business, *, now: datetime) -> None:
    """Free what ran out, and put back what waits for it since yesterday."""
    await holds.tidy(conn, now=now)
    if business.sends:
        today = now.astimezone(JAPAN).date()
        await fulfilments.tell_late(conn, today=today, now=now)
    for shop in business.shops:
        for task in await tasks.list_open(conn, shop.location_id):
            if task.opened_at < now - _PUT_BACK_AFTER:
                await tasks.finish(conn, task.task_id, by=SYSTEM.label, now=now)


async def put_aside(
    conn: Connection, business: Business, deeds: Sequence[Deed], card_of: CardOf
) -> None:
    """Hold and fetch things for people; where there are too few after all, nothing is held."""
    for deed in deeds:
        number = card_of(deed)
        assert number is not None, "a hold is somebody's"
        if deed.kind is Kind.ready:
            for one in await holds.find_by_identifiers(conn, [number], now=deed.at, only_open=True):
                if one.location_id == deed.place and one.state == "held":
                    await holds.pick(conn, one.hold_id, now=deed.at)
        elif deed.kind is Kind.kept:
            for one in await holds.find_by_identifiers(conn, [number], now=deed.at, only_open=True):
                if one.location_id == deed.place:
                    await holds.collect(conn, one.hold_id, by=SYSTEM.label, now=deed.at)
        else:
            await _hold(conn, business, deed, number)


async def _hold(conn: Connection, business: Business, deed: Deed, number: int) -> None:
    ask = holds.Ask(
        lines=tuple(GoodsLine(line.sku, deed.place, line.qty) for line in deed.lines),
        by=SYSTEM.label,
        channel=deed.source,
        identifier_id=number,
        ttl_s=lasts_s(business, deed),
    )
    try:
        async with conn.transaction():
            await holds.place(conn, ask, now=deed.at)
    except holds.NotEnoughStock:
        return
