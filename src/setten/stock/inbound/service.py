"""Telling what is due, promising it, and keeping the promises when it comes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeAlias
from uuid import UUID

import msgspec

from setten.facts.stock import GoodsLine, PreorderPlaced, PreorderReleased
from setten.platform import db, ids, log
from setten.platform.db import Connection
from setten.stock import catalog, holds, house_rules, locations, sets
from setten.stock.holds import Ask, Placed
from setten.stock.inbound import reading, rules, telling
from setten.stock.inbound.model import (
    QTY_MAX,
    Arrived,
    BadPreorder,
    Delivery,
    Due,
    NothingDue,
    Preorder,
    PreorderEnded,
    PreorderState,
    Wish,
)
from setten.stock.ledger import Key
from setten.stock.refusals import Refused

_Q = db.load(str(Path(__file__).with_name("store.py")))
# A preorder's customer was promised a day, not an hour: she has a week to come.
WAITING_MAX = 10_000  # promises weighed on one delivery at once
_Dues: TypeAlias = dict[UUID, Due]


async def put(conn: Connection, deliveries: Sequence[Delivery], *, now: datetime) -> list[Refused]:
    """Say what is due, or that it changed, and answer those refused; the others go through.

    Promises that a changed delivery cannot keep move to the next one with room, or fall short.
    """
    refused, kept = await _sort_out(conn, deliveries)
    if not kept:
        return refused
    rows = list(kept.values())
    await _Q.insert.run(
        conn,
        now=now,
        inbound_ids=[ids.uuid7() for _ in rows if _.qty],
        **_columns([one for one in rows if one.qty]),
    )
    await _lock(conn, {(one.sku, one.location_id) for one in rows})
    locked = await _lock_refs(conn, rows)
    changed: dict[UUID, Due] = {}
    slipped: dict[UUID, Due] = {}
    for due in locked:
        told = kept[due.ref, due.sku, due.location_id]
        after = _changed(due, told)
        changed[due.inbound_id] = after
        if after.due_on != due.due_on and due.promised:
            slipped[due.inbound_id] = after
    await _settle(conn, changed, slipped, now)
    return refused


async def _sort_out(
    conn: Connection, deliveries: Sequence[Delivery]
) -> tuple[list[Refused], dict[tuple[str, str, str], Delivery]]:
    clean = [one for one in deliveries if "\x00" not in one.sku + one.location_id]
    skus = await catalog.known(conn, [one.sku for one in clean])
    bundles = await sets.parts_of(conn, [one.sku for one in clean])
    places = await locations.known(conn, [one.location_id for one in clean])
    refused, kept = [], {}
    for index, one in enumerate(deliveries):
        why = rules.check(one)
        if one.sku not in skus:
            why = "unknown_item"
        elif one.sku in bundles:
            why = "is_a_set"
        elif one.location_id not in places:
            why = "unknown_location"
        if why is None:
            kept[one.ref, one.sku, one.location_id] = one
        else:
            key = f"{one.sku[:100]}@{one.location_id[:100]}"
            refused.append(Refused(index=index, key=key, reason=why))
    return refused, kept


def _columns(rows: Sequence[Delivery]) -> dict[str, list[object]]:
    return {
        "refs": [one.ref for one in rows],
        "skus": [one.sku for one in rows],
        "location_ids": [one.location_id for one in rows],
        "qtys": [one.qty for one in rows],
        "due_ons": [one.due_on for one in rows],
        "caps": [one.qty if one.cap is None else one.cap for one in rows],
    }


def _changed(due: Due, told: Delivery) -> Due:
    # Nothing of it comes any more: what has come already has come.
    qty = max(told.qty, due.received, 1)
    cap = 0 if not told.qty else told.qty if told.cap is None else told.cap
    received = due.received if told.qty else qty
    return msgspec.structs.replace(due, qty=qty, received=received, due_on=told.due_on, cap=cap)


async def _lock_refs(conn: Connection, rows: Sequence[Delivery]) -> list[Due]:
    found = await _Q.lock_refs.all(
        conn,
        refs=[one.ref for one in rows],
        skus=[one.sku for one in rows],
        location_ids=[one.location_id for one in rows],
    )
    return [Due(**dict(row)) for row in found]


async def _settle(
    conn: Connection, changed: _Dues, slipped: Mapping[UUID, Due], now: datetime
) -> None:
    """Write changed deliveries; tell those whose day moved, move or end those not kept."""
    waiting = await _waiting(conn, changed)
    keys = {(one.sku, one.location_id) for rows in waiting.values() for one in rows}
    others = await _lock(conn, keys) if keys else {}
    dues = others | changed
    moved: dict[UUID, tuple[Preorder, Due]] = {}
    short: list[Preorder] = []
    for inbound_id, due in changed.items():
        mine = waiting.get(inbound_id, [])
        lost = {one.preorder_id: one for one in rules.unkept(due, mine)}
        for one in mine:
            if one.preorder_id in lost:
                dues[inbound_id] = _with(dues[inbound_id], -one.qty)
            elif inbound_id in slipped:
                moved[one.preorder_id] = (one, due)
        for one in sorted(lost.values(), key=lambda p: p.preorder_id):
            elsewhere = [d for d in dues.values() if d.inbound_id != inbound_id
                         and (d.sku, d.location_id) == (one.sku, one.location_id)]  # fmt: skip
            other = rules.choose(elsewhere, qty=one.qty, by=None)
            if other is None:
                short.append(one)
            else:
                dues[other.inbound_id] = _with(other, one.qty)
                moved[one.preorder_id] = (one, dues[other.inbound_id])
    await _write(conn, dues.values(), now)
    await telling.move(conn, list(moved.values()), now=now)
    await telling.fall_short(conn, short, now=now)


def _with(due: Due, units: int) -> Due:
    return msgspec.structs.replace(due, promised=due.promised + units)


async def _lock(conn: Connection, keys: Iterable[Key]) -> _Dues:
    wanted = sorted(set(keys))
    rows = await _Q.lock.all(
        conn, skus=[sku for sku, _ in wanted], location_ids=[place for _, place in wanted]
    )
    return {row["inbound_id"]: Due(**dict(row)) for row in rows}


async def _waiting(conn: Connection, inbound_ids: Iterable[UUID]) -> dict[UUID, list[Preorder]]:
    found: dict[UUID, list[Preorder]] = {}
    rows = await _Q.waiting.all(conn, inbound_ids=list(inbound_ids), most=WAITING_MAX)
    for row in rows:
        found.setdefault(row["inbound_id"], []).append(reading.preorder_from(row))
    return found


async def _write(conn: Connection, dues: Iterable[Due], now: datetime) -> None:
    rows = list(dues)
    await _Q.write.run(
        conn,
        now=now,
        inbound_ids=[one.inbound_id for one in rows],
        qtys=[one.qty for one in rows],
        receiveds=[one.received for one in rows],
        due_ons=[one.due_on for one in rows],
        caps=[one.cap for one in rows],
        promiseds=[one.promised for one in rows],
    )


async def place(conn: Connection, wish: Wish, *, now: datetime) -> tuple[Preorder, str]:
    """Promise units of the earliest delivery that has room; answers it and its event's id.

    Raises BadPreorder, NothingDue.
    """
    if not 1 <= wish.qty <= QTY_MAX:
        raise BadPreorder(why="qty")
    if "\x00" in wish.sku + wish.location_id:
        raise BadPreorder(why="text")
    dues = await _lock(conn, [(wish.sku, wish.location_id)])
    chosen = rules.choose(dues.values(), qty=wish.qty, by=wish.wanted_by)
    if chosen is None:
        in_time = [one for one in dues.values()
                   if wish.wanted_by is None or one.due_on <= wish.wanted_by]  # fmt: skip
        room = max((one.room for one in in_time), default=0)
        raise NothingDue(
            sku=wish.sku[:100], location_id=wish.location_id[:100], wanted=wish.qty, room=room
        )
    preorder_id = ids.uuid7()
    await _Q.insert_preorder.run(
        conn,
        preorder_id=preorder_id,
        inbound_id=chosen.inbound_id,
        identifier_id=wish.identifier_id,
        sku=wish.sku,
        location_id=wish.location_id,
        qty=wish.qty,
        channel=wish.channel,
        due_on=chosen.due_on,
        now=now,
        by=wish.by,
    )
    await _write(conn, [_with(chosen, wish.qty)], now)
    made = await reading.get(conn, preorder_id)
    entry = telling.entry(
        made, PreorderPlaced(preorder_id=preorder_id, lines=telling.lines(made),
                             due_on=chosen.due_on), now,
    )  # fmt: skip
    await log.state_all(conn, [entry])
    return made, entry.event_id


async def cancel(conn: Connection, preorder_id: UUID, *, now: datetime) -> tuple[Preorder, str]:
    """Give it up; its units may be promised again. Raises UnknownPreorder, PreorderEnded."""
    seen = await reading.get(conn, preorder_id)
    dues = await _lock(conn, [(seen.sku, seen.location_id)])
    found = await reading.get(conn, preorder_id)
    if found.state is not PreorderState.waiting:
        raise PreorderEnded(preorder_id=str(preorder_id), state=found.state.value)
    await telling.finish(conn, [(found, PreorderState.cancelled, None)], now=now)
    if (due := dues.get(found.inbound_id)) is not None:
        await _write(conn, [_with(due, -found.qty)], now)
    fact = PreorderReleased(preorder_id=preorder_id, lines=telling.lines(found))
    entry = telling.entry(found, fact, now)
    await log.state_all(conn, [entry])
    return await reading.get(conn, preorder_id), entry.event_id


async def arrived(conn: Connection, came: Sequence[Arrived], *, now: datetime) -> list[UUID]:
    """Hold what has come for those who wait for it; answers the holds made.

    The caller has locked the rows of stock and booked the units, in this transaction: so nobody
    else can take them first.
    """
    if not came:
        return []
    dues = await _lock(conn, {(one.sku, one.location_id) for one in came})
    if not dues:
        return []
    changed: _Dues = {}
    units: dict[Key, int] = {}
    for one in came:
        mine = [d for d in (dues | changed).values()
                if (d.sku, d.location_id) == (one.sku, one.location_id)]  # fmt: skip
        named = [d for d in mine if one.ref is not None and d.ref == one.ref]
        for due in rules.counted_in(named or mine, one.qty):
            changed[due.inbound_id] = due
        units[one.sku, one.location_id] = units.get((one.sku, one.location_id), 0) + one.qty
    return await _serve(conn, dues | changed, changed, units, now)


async def _serve(
    conn: Connection, dues: _Dues, changed: _Dues, units: Mapping[Key, int], now: datetime
) -> list[UUID]:
    waiting = await _waiting(conn, changed)
    every = sorted((p for rows in waiting.values() for p in rows), key=lambda p: p.preorder_id)
    served = [
        part
        for key, qty in units.items()
        for part in rules.served([p for p in every if (p.sku, p.location_id) == key], qty)
    ]
    wanted = [msgspec.structs.replace(one, qty=taken) for one, taken in served]
    waits_s = (await house_rules.current(conn)).pickup_hours * 3600
    asks = [_ask(one, waits_s) for one in wanted]
    answers = await holds.place_many(conn, asks, now=now)
    kept = [
        (await _part(conn, one, taken), answer)
        for (one, taken), answer in zip(served, answers, strict=True)
        if isinstance(answer, Placed)
    ]
    for one, _ in kept:
        dues[one.inbound_id] = _with(dues[one.inbound_id], -one.qty)
    await telling.keep(conn, kept, now=now)
    await _settle(conn, {key: dues[key] for key in changed}, {}, now)
    return [answer.hold_id for _, answer in kept]


async def _part(conn: Connection, one: Preorder, units: int) -> Preorder:
    """The preorder itself when all of it came, else a new one for the part that came."""
    if units == one.qty:
        return one
    part_id = ids.uuid7()
    await _Q.split.run(conn, preorder_id=one.preorder_id, part_id=part_id, units=units)
    return msgspec.structs.replace(one, preorder_id=part_id, qty=units)


def _ask(one: Preorder, waits_s: int) -> Ask:
    return Ask(
        lines=(GoodsLine(one.sku, one.location_id, one.qty),),
        by=one.placed_by,
        ttl_s=waits_s,
        purpose="preorder",
        channel=one.channel,
        identifier_id=one.identifier_id,
    )
