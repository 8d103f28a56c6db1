"""Finding who sends what, and finding another when one cannot."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from setten.facts.stock import GoodsLine
from setten.platform import clock, db
from setten.platform.db import Connection, Pool
from setten.platform.errors import SettenError
from setten.stock import availability, delivery, holds, ledger, tasks
from setten.stock.fulfilments import reading, rules, service
from setten.stock.fulfilments.model import (
    REJECTIONS,
    BadFulfilment,
    Candidate,
    Dates,
    Excluded,
    Fulfilment,
    Going,
    Line,
    Plan,
    Want,
    WrongStep,
)
from setten.stock.holds import Ask, HoldEnded, NotEnoughStock, Placed
from setten.stock.ledger import Account
from setten.stock.locations import Directory, Location, distance_km
from setten.stock.orders import Order

_Q = db.load(str(Path(__file__).with_name("store.py")))
WAITS_S = 30 * 24 * 3600  # a parcel that has not left after a month is somebody's to look into
AGAIN_MAX = 100  # parts asked again in one round; each in a transaction of its own
_FIRST = UUID(int=0)
# What a rejection says of the units that were to be sent.
_GONE = {"not_on_shelf": Account.shrinkage, "damaged": Account.quarantine}


async def plan(
    conn: Connection,
    directory: Directory,
    wants: Sequence[Want],
    *,
    near: Location | None = None,
    rejected: frozenset[str] = frozenset(),
    is_promised: bool = False,
    now: datetime,
) -> Plan:
    """Who could send these goods at this moment, and why the others not. Promises nothing yet.

    near: where the customer is, or the shop that sold it. is_promised: somebody waits for them
    already; then a place without a delivery service is better than none. Raises NotEnoughStock.
    """
    places, excluded = await _able(conn, directory, near, rejected, is_promised, now)
    skus = list(dict.fromkeys(want.sku for want in wants))
    rows = await availability.at(conn, directory, skus, location_ids=list(places), now=now)
    free: dict[str, dict[str, int]] = {location_id: {} for location_id in places}
    for row in rows:
        free[row.location_id][row.sku] = row.available
    candidates = [
        Candidate(location_id=place, rank=rank, km=km, free=free[place])
        for place, (rank, km) in places.items()
    ]
    there = {one.location_id: one.physical for one in await ledger.balances_of(conn, skus)
             if one.physical > 0}  # fmt: skip
    excluded += rules.without_stock(wants, candidates, there)
    shares = rules.choose(wants, candidates)
    if shares is None:
        short = rules.lacking(wants, candidates)
        raise NotEnoughStock(short=short, excluded=[_told(one) for one in excluded])
    return Plan(shares=shares, excluded=tuple(excluded))


def _told(one: Excluded) -> dict[str, str]:
    return {"location_id": one.location_id, "reason": one.reason}


async def able(
    conn: Connection, directory: Directory, *, near: Location | None = None, now: datetime
) -> tuple[frozenset[str], list[Excluded]]:
    """Places that may send anything new at this moment, and why the others may not."""
    places, excluded = await _able(conn, directory, near, frozenset(), False, now)
    return frozenset(places), excluded


async def _able(
    conn: Connection,
    directory: Directory,
    near: Location | None,
    rejected: frozenset[str],
    is_promised: bool,
    now: datetime,
) -> tuple[dict[str, tuple[int, float | None]], list[Excluded]]:
    """Places that may send, with rank and way; and why the others not."""
    every = await reading.senders(conn)
    known = await directory.fresh(conn)
    sending = [one.location_id for one in every if one.ships]
    rows = await _Q.waiting_at.all(conn, location_ids=sending)
    waiting = {row["location_id"]: row["parcels"] for row in rows}
    origins = frozenset() if is_promised else await delivery.origins(conn)
    able: dict[str, tuple[int, float | None]] = {}
    excluded = []
    for sender in every:
        place = known.find(sender.location_id)
        if place is None:  # made within this second: asked next time
            continue
        km = None if near is None else _km(near, place)
        why = rules.why_not(
            sender,
            km=km,
            # Hours that are known and open on none of the next fourteen days.
            is_closed=bool(place.hours) and place.opening(now)[0] is None,
            waiting=waiting.get(sender.location_id, 0),
            rejected=rejected,
            has_service=not origins or sender.location_id in origins,
            now=now,
        )
        if why is None:
            able[sender.location_id] = (sender.rank, km)
        else:
            excluded.append(Excluded(sender.location_id, why))
    return able, excluded


def _km(near: Location, place: Location) -> float | None:
    return distance_km(near, place)


async def reject(
    conn: Connection,
    directory: Directory,
    fulfilment_id: UUID,
    *,
    reason: str,
    skus: Sequence[str] = (),
    by: str,
    now: datetime,
) -> tuple[list[Fulfilment], str]:
    """A place cannot send a part. Its stock is corrected by the reason, and others are asked.

    skus: the goods that the reason is about; all of the part when none are named. Answers the parts
    that take its place (one in state waiting where nobody has the goods now), and the event's id.
    Raises UnknownFulfilment, WrongStep, BadFulfilment.
    """
    if reason not in REJECTIONS:
        raise BadFulfilment(why="reason")
    order, part = await service.lock(conn, fulfilment_id, now=now)
    if part.way != "ship" or not rules.may_step(part.state, "shipped"):
        raise WrongStep(state=part.state, wanted="rejected")
    named = set(skus) or {line.sku for line in part.lines}
    if not named <= {line.sku for line in part.lines}:
        raise BadFulfilment(why="skus")
    assert part.hold_id is not None
    gone = dict.fromkeys(named, _GONE[reason]) if reason in _GONE else {}
    await holds.withdraw(conn, part.hold_id, gone=gone, by=by, now=now)
    await _ask_to_count(conn, part, named if reason == "not_on_shelf" else set(), now)
    _, event_id = await service.move(conn, order, part, "rejected", by=by, now=now, reason=reason)
    await source_again(conn, directory, order, part, now=now)
    found = await reading.of_order(conn, order.order_id, now=now)
    return [one for one in found if one.instead_of == fulfilment_id], event_id


async def _ask_to_count(conn: Connection, part: Fulfilment, skus: set[str], now: datetime) -> None:
    """What one shelf lacks another may hide: the shop counts, and the count corrects the rest."""
    assert part.location_id is not None
    openings = [
        tasks.Opening(
            kind="count_shelf", location_id=part.location_id, hold_id=part.hold_id, sku=sku
        )
        for sku in sorted(skus)
    ]
    await tasks.open_many(conn, openings, now=now)


async def source_again(
    conn: Connection, directory: Directory, order: Order, part: Fulfilment, *, now: datetime
) -> bool:
    """Find others for a part whose place could not send it; whether anything new was routed.

    First all of it together; else line by line, and what nobody has waits. What was cancelled
    meanwhile is no longer looked for.
    """
    rejected = await _rejecting(conn, order, now)
    near = await _near(conn, directory, order)
    wants = _still_wanted(order, part)
    if not wants or await _route(conn, directory, order, part, wants, near, rejected, now):
        return True
    left = list(wants)
    for want in wants if len(wants) > 1 else ():
        if await _route(conn, directory, order, part, [want], near, rejected, now):
            left.remove(want)
    if part.state == "waiting" and len(left) == len(part.lines):
        return False
    if left:
        lines = [Line(want.line_no, want.sku, want.qty) for want in left]
        await service.wait_for(conn, order, part, lines, now=now)
    return True


def _still_wanted(order: Order, part: Fulfilment) -> list[Want]:
    open_qty = {line.line_no: line.open_qty for line in order.lines}
    wants = [
        Want(line.line_no, line.sku, min(line.qty, open_qty.get(line.line_no, line.qty)))
        for line in part.lines
    ]
    return [want for want in wants if want.qty > 0]


async def _rejecting(conn: Connection, order: Order, now: datetime) -> frozenset[str]:
    parts = await reading.of_order(conn, order.order_id, now=now)
    return frozenset(
        one.location_id for one in parts if one.state == "rejected" and one.location_id
    )


async def _near(conn: Connection, directory: Directory, order: Order) -> Location | None:
    """Where it was sold, as far as we know: the address is sealed."""
    if order.location_id is None:
        return None
    return (await directory.fresh(conn)).find(order.location_id)


async def _route(
    conn: Connection,
    directory: Directory,
    order: Order,
    part: Fulfilment,
    wants: Sequence[Want],
    near: Location | None,
    rejected: frozenset[str],
    now: datetime,
) -> bool:
    """Promise these goods at other places and open the parts there; False when nobody can."""
    try:
        found = await plan(
            conn, directory, wants, near=near, rejected=rejected, is_promised=True, now=now
        )
        going = await _hold(conn, directory, order, part, found, now)
    except NotEnoughStock:
        return False
    instead = _only(part, wants)
    await _Q.keep_order.run(conn, order_id=order.order_id, hold_ids=[one.hold_id for one in going])
    await service.open_for(conn, order, going, by="system:setten", now=now, instead_of=instead)
    return True


def _only(part: Fulfilment, wants: Sequence[Want]) -> Fulfilment:
    return msgspec.structs.replace(
        part, lines=tuple(Line(one.line_no, one.sku, one.qty) for one in wants)
    )


async def _hold(
    conn: Connection,
    directory: Directory,
    order: Order,
    part: Fulfilment,
    found: Plan,
    now: datetime,
) -> list[Going]:
    """One hold for each place of a plan, all or none. Raises NotEnoughStock.

    The places were looked at unlocked: what somebody took meanwhile is refused under the lock.
    """
    asks = [
        Ask(
            lines=tuple(
                GoodsLine(one.sku, place, one.qty)
                for one in found.shares
                if one.location_id == place
            ),
            by="system:setten",
            ttl_s=WAITS_S,
            purpose=holds.SHIPMENT if part.way == "ship" else "order",
            channel=order.channel,
            identifier_id=order.identifier_id,
        )
        for place in found.places
    ]
    answers = await holds.place_many(conn, asks, now=now)
    refused = next((one for one in answers if isinstance(one, SettenError)), None)
    if refused is not None:
        for one in answers:
            if not isinstance(one, SettenError):
                await holds.release(conn, one.hold_id, by="system:setten", now=now)
        raise refused
    return [
        Going(
            hold_id=one.hold_id,
            way=part.way,
            dates=await _dates(conn, directory, order, part, one, now),
            excluded=found.excluded,
        )
        for one in answers
        if not isinstance(one, SettenError)
    ]


async def _dates(
    conn: Connection,
    directory: Directory,
    order: Order,
    part: Fulfilment,
    placed: Placed,
    now: datetime,
) -> Dates:
    """What is promised of goods that now leave from another place; nothing if it is not known."""
    named = [part, *await reading.of_order(conn, order.order_id, now=now)]
    first = next((one.service_id for one in named if one.service_id is not None), None)
    if part.way != "ship" or first is None:
        return Dates()
    place, skus = placed.lines[0].location_id, [line.sku for line in placed.lines]
    option = await delivery.from_elsewhere(conn, directory, first, place, skus, now=now)
    if option is None:
        return Dates()
    return Dates(
        service_id=option.service_id,
        ships_on=option.ships_on,
        arrives_from=option.arrives_from,
        arrives_to=option.arrives_to,
    )


async def look_after(pool: Pool, directory: Directory, zone: ZoneInfo) -> None:
    """By the clock: tell of what is late, and find others for goods that are gone or waited for."""
    now = clock.now()
    async with db.transaction(pool) as conn:
        await service.tell_late(conn, today=now.astimezone(zone).date(), now=now)
    async with pool.acquire() as conn:
        gone = await _Q.gone.all(conn, most=AGAIN_MAX)
        waiting = await _Q.waiting.all(conn, after=_FIRST, most=AGAIN_MAX)
    for row in [*gone, *waiting]:
        async with db.transaction(pool) as conn:
            await retry(conn, directory, row["fulfilment_id"], now=clock.now())


async def retry(
    conn: Connection, directory: Directory, fulfilment_id: UUID, *, now: datetime
) -> bool:
    """Look for others for a part whose goods are gone, or that waits; whether it changed."""
    order, part = await service.lock(conn, fulfilment_id, now=now)
    if part.state not in ("short", "waiting"):
        return False
    if part.state == "short":
        await _let_go(conn, part, now)
        part, _ = await service.move(
            conn, order, part, "rejected", by="system:setten", now=now, reason="goods_gone"
        )
        return await source_again(conn, directory, order, part, now=now)
    is_found = await source_again(conn, directory, order, part, now=now)
    if is_found:  # other parts stand for it now, or nobody wants it any more
        await service.move(
            conn, order, part, "cancelled", by="system:setten", now=now, reason="found"
        )
    return is_found


async def _let_go(conn: Connection, part: Fulfilment, now: datetime) -> None:
    """Free what a broken hold still keeps, so that all of the part is looked for together."""
    if part.hold_id is None:
        return
    with contextlib.suppress(HoldEnded):
        await holds.withdraw(conn, part.hold_id, gone={}, by="system:setten", now=now)
