"""Why this number: what a promise is made of, each part with what stands behind it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from setten.platform import db
from setten.platform.db import Connection
from setten.stock import allocations, catalog, inbound, ledger, locations, sets, transfers
from setten.stock.allocations import Allocation
from setten.stock.inbound import Due
from setten.stock.ledger import Balance, Posted
from setten.stock.locations import UnknownLocation

_Q = db.load(__file__)
HOLDS_MAX = 100  # promises that are listed; the sum counts all
ENTRIES_MAX = 20  # newest movements; the ledger has the rest


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One part of the sum, signed. what: physical, held, unrouted (promised for a region, and no
    place is named yet), run_out, safety, display, others (set aside for other channels), due
    (ordered) or on_the_road."""

    what: str
    qty: int


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A promise that stands on the row."""

    hold_id: UUID
    qty: int
    state: str
    allocated: int
    channel: str
    purpose: str
    placed_at: datetime
    expires_at: datetime
    has_run_out: bool
    is_unrouted: bool


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a set: units in one set, and units that can be promised."""

    sku: str
    qty: int
    available: int


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel may be promised of a sku at a place, and why.

    available: now. total: on the day asked about. Both are sums of `steps`, or for a set the whole
    sets that its `parts` make; never below zero.
    """

    sku: str
    location_id: str
    channel: str | None
    by: date | None
    available: int
    total: int
    steps: tuple[Step, ...] = ()
    balance: Balance | None = None
    holds: tuple[Held, ...] = ()
    allocations: tuple[Allocation, ...] = ()
    inbound: tuple[Due, ...] = ()
    transfers: tuple[transfers.Due, ...] = ()
    entries: tuple[Posted, ...] = ()
    parts: tuple[Part, ...] = ()


async def explain(
    conn: Connection,
    sku: str,
    location_id: str,
    *,
    now: datetime,
    channel: str | None = None,
    by: date | None = None,
) -> Explanation:
    """Why that many can be promised. Raises UnknownItem, UnknownLocation."""
    await catalog.get(conn, sku)
    if not await locations.known(conn, [location_id]):
        raise UnknownLocation(location_id=location_id[:100])
    inside = (await sets.parts_of(conn, [sku])).get(sku)
    if inside is None:
        return await _plain(conn, sku, location_id, channel, by, now)
    made = [await _plain(conn, one, location_id, channel, by, now) for one in sorted(inside)]
    return Explanation(
        sku=sku,
        location_id=location_id,
        channel=channel,
        by=by,
        available=sets.whole_sets(inside, {one.sku: one.available for one in made}),
        total=sets.whole_sets(inside, {one.sku: one.total for one in made}),
        parts=tuple(
            Part(sku=one.sku, qty=inside[one.sku], available=one.available) for one in made
        ),
    )


async def _plain(
    conn: Connection,
    sku: str,
    location_id: str,
    channel: str | None,
    by: date | None,
    now: datetime,
) -> Explanation:
    row = await _row(conn, sku, location_id)
    aside = tuple((await allocations.left(conn, [row.key])).values())
    coming = await inbound.due(conn, [sku], [location_id], by=by) if by else []
    road = await transfers.due(conn, [sku], [location_id], by=by) if by else []
    run_out = await _Q.run_out.value(conn, sku=sku, location_id=location_id, now=now)
    unrouted = await _Q.unrouted.value(conn, sku=sku, location_id=location_id)
    held = await _Q.open_holds.all(conn, sku=sku, location_id=location_id, now=now, most=HOLDS_MAX)
    here = _steps(row, run_out, unrouted, [one for one in aside if one.channel != channel])
    later = [Step(what="due", qty=sum(one.room for one in coming)),
             Step(what="on_the_road", qty=sum(one.qty for one in road))]  # fmt: skip
    available = max(0, sum(step.qty for step in here))
    return Explanation(
        sku=sku,
        location_id=location_id,
        channel=channel,
        by=by,
        available=available,
        total=available + sum(step.qty for step in later),
        steps=(*here, *(later if by else [])),
        balance=row,
        holds=tuple(Held(**dict(one)) for one in held),
        allocations=aside,
        inbound=tuple(coming),
        transfers=tuple(road),
        entries=tuple(await ledger.entries_of(conn, row.key, limit=ENTRIES_MAX)),
    )


async def _row(conn: Connection, sku: str, location_id: str) -> Balance:
    found = [one for one in await ledger.balances_of(conn, [sku]) if one.location_id == location_id]
    return found[0] if found else Balance(sku=sku, location_id=location_id)


def _steps(row: Balance, run_out: int, unrouted: int, others: Sequence[Allocation]) -> list[Step]:
    """The parts of what may be promised now, in the order people think of them."""
    return [
        Step(what="physical", qty=row.physical),
        Step(what="held", qty=unrouted - row.held),
        Step(what="unrouted", qty=-unrouted),
        Step(what="run_out", qty=run_out),
        Step(what="safety", qty=-row.safety),
        Step(what="display", qty=-row.display),
        Step(what="others", qty=-sum(one.qty for one in others)),
    ]
