"""Opening the parts of an order, and moving them on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

import msgspec

from setten.facts.stock import FulfilmentChanged, FulfilmentLate, PartLine
from setten.platform import db, ids, log
from setten.platform.db import Connection
from setten.stock import holds, orders
from setten.stock.fulfilments import reading, rules
from setten.stock.fulfilments.model import (
    TEXT_LENGTH_MAX,
    WAYS,
    BadFulfilment,
    Fulfilment,
    Going,
    Line,
    Sender,
    UnknownFulfilment,
    WrongStep,
)
from setten.stock.orders import Order

_Q = db.load(str(Path(__file__).with_name("store.py")))
LATE_MAX = 500  # told of in a transaction


async def open_for(
    conn: Connection,
    order: Order,
    going: Sequence[Going],
    *,
    by: str,
    now: datetime,
    instead_of: Fulfilment | None = None,
) -> list[Fulfilment]:
    """Open a part for each hold of an order, in the transaction that placed both.

    What is carried away is delivered at once. instead_of: the part that these take the place of.
    States `fulfilment.changed`. Raises BadFulfilment.
    """
    if any(one.way not in WAYS for one in going):
        raise BadFulfilment(why="way")
    found = await holds.find_many(conn, [one.hold_id for one in going], now=now)
    kept = {hold.hold_id: hold for hold in found}
    if len(kept) < len(going):
        raise BadFulfilment(why="hold")
    made = []
    left = _wanted(order, instead_of)
    for one in going:
        hold = kept[one.hold_id]
        # A hold of one order collects and sends from one place: its first line's.
        goods = [(line.sku, line.qty) for line in hold.lines]
        lines = rules.lines_for(left, goods)
        left = _less(left, lines)
        made.append(_new(order, one, hold.location_id, lines, now))
    await _insert(conn, order, made, by=by, now=now, instead_of=instead_of)
    return made


def _wanted(order: Order, instead_of: Fulfilment | None) -> list[tuple[int, str, int]]:
    if instead_of is not None:
        return [(line.line_no, line.sku, line.qty) for line in instead_of.lines]
    return [(line.line_no, line.sku, line.open_qty) for line in order.lines]


def _less(
    left: Sequence[tuple[int, str, int]], lines: Sequence[Line]
) -> list[tuple[int, str, int]]:
    taken: dict[int, int] = {}
    for line in lines:
        taken[line.line_no] = taken.get(line.line_no, 0) + line.qty
    return [(line_no, sku, qty - taken.get(line_no, 0)) for line_no, sku, qty in left]


def _new(
    order: Order, going: Going, location_id: str, lines: Sequence[Line], now: datetime
) -> Fulfilment:
    return Fulfilment(
        fulfilment_id=ids.uuid7(),
        order_id=order.order_id,
        location_id=location_id,
        hold_id=going.hold_id,
        way=going.way,
        state="delivered" if going.way == "carry" else "routed",
        opened_at=now,
        changed_at=now,
        service_id=going.dates.service_id,
        ships_on=going.dates.ships_on,
        arrives_from=going.dates.arrives_from,
        arrives_to=going.dates.arrives_to,
        carrier=None,
        carrier_ref=None,
        reason=None,
        instead_of=None,
        told_late_at=None,
        excluded=going.excluded,
        lines=tuple(lines),
    )


async def wait_for(
    conn: Connection, order: Order, instead_of: Fulfilment, lines: Sequence[Line], *, now: datetime
) -> None:
    """No place has these goods now: the part waits, its customer is told, and a job asks again."""
    waiting = msgspec.structs.replace(
        instead_of,
        fulfilment_id=ids.uuid7(),
        location_id=None,
        hold_id=None,
        state="waiting",
        opened_at=now,
        changed_at=now,
        carrier=None,
        carrier_ref=None,
        reason=None,
        excluded=(),
        lines=tuple(lines),
    )
    await _insert(conn, order, [waiting], by="system:setten", now=now, instead_of=instead_of)


async def _insert(
    conn: Connection,
    order: Order,
    made: Sequence[Fulfilment],
    *,
    by: str,
    now: datetime,
    instead_of: Fulfilment | None,
) -> None:
    if not made:
        return
    excluded = made[0].excluded
    await _Q.insert.run(
        conn,
        order_id=order.order_id,
        now=now,
        instead_of=instead_of.fulfilment_id if instead_of else None,
        excluded=msgspec.json.encode(excluded).decode(),
        fulfilment_ids=[one.fulfilment_id for one in made],
        location_ids=[one.location_id for one in made],
        hold_ids=[one.hold_id for one in made],
        ways=[one.way for one in made],
        states=[one.state for one in made],
        service_ids=[one.service_id for one in made],
        ships_ons=[one.ships_on for one in made],
        arrives_froms=[one.arrives_from for one in made],
        arrives_tos=[one.arrives_to for one in made],
    )
    rows = [(one.fulfilment_id, line) for one in made for line in one.lines]
    await _Q.insert_lines.run(
        conn,
        fulfilment_ids=[fulfilment_id for fulfilment_id, _ in rows],
        line_nos=[line.line_no for _, line in rows],
        skus=[line.sku for _, line in rows],
        qtys=[line.qty for _, line in rows],
    )
    await _steps(conn, made, None, by, now)
    facts = [_fact(order, one, parts=len(made), instead_of=instead_of) for one in made]
    await log.state_all(conn, [_entry(order, fact, now) for fact in facts])


async def _steps(
    conn: Connection, made: Sequence[Fulfilment], reason: str | None, by: str, now: datetime
) -> None:
    await _Q.insert_steps.run(
        conn,
        step_ids=[ids.uuid7() for _ in made],
        fulfilment_ids=[one.fulfilment_id for one in made],
        states=[one.state for one in made],
        reason=reason,
        by=by,
        now=now,
    )


def _fact(
    order: Order,
    one: Fulfilment,
    *,
    parts: int | None = None,
    instead_of: Fulfilment | None = None,
) -> FulfilmentChanged:
    return FulfilmentChanged(
        fulfilment_id=one.fulfilment_id,
        order_id=order.order_id,
        system=order.system,
        order_ref=order.order_ref,
        lines=tuple(PartLine(line.line_no, line.sku, line.qty) for line in one.lines),
        state=one.state,
        way=one.way,
        location_id=one.location_id,
        reason=one.reason,
        carrier=one.carrier,
        carrier_ref=one.carrier_ref,
        arrives_from=one.arrives_from,
        arrives_to=one.arrives_to,
        parts=parts,
        instead_of=instead_of.fulfilment_id if instead_of else None,
    )


def _entry(order: Order, fact: FulfilmentChanged | FulfilmentLate, now: datetime) -> log.Entry:
    return log.entry_for(
        fact,
        at=now,
        identifiers=() if order.identifier_id is None else (order.identifier_id,),
        channel=order.channel,
        location_id=fact.location_id,
    )


async def lock(conn: Connection, fulfilment_id: UUID, *, now: datetime) -> tuple[Order, Fulfilment]:
    """A part and its order, locked in the one order: order, part, then stock and holds.

    Raises UnknownFulfilment.
    """
    order_id = await _Q.order_of.value(conn, fulfilment_id=fulfilment_id)
    if order_id is None:
        raise UnknownFulfilment(fulfilment_id=str(fulfilment_id))
    order = await orders.lock(conn, order_id)
    await _Q.lock.maybe(conn, fulfilment_id=fulfilment_id)
    return order, await reading.get(conn, fulfilment_id, now=now)


async def step(
    conn: Connection,
    fulfilment_id: UUID,
    wanted: str,
    *,
    by: str,
    now: datetime,
    carrier: str | None = None,
    carrier_ref: str | None = None,
) -> tuple[Fulfilment, str]:
    """Move a sent part on: accepted, picked, packed, shipped (its units leave stock), delivered.

    Answers the part and the id of its `fulfilment.changed`. A pickup is moved at its counter, by
    its hold. Raises UnknownFulfilment, WrongStep, BadFulfilment, HoldEnded.
    """
    texts = [text for text in (carrier, carrier_ref) if text is not None]
    if any(not 1 <= len(text) <= TEXT_LENGTH_MAX or "\x00" in text for text in texts):
        raise BadFulfilment(why="carrier")
    order, part = await lock(conn, fulfilment_id, now=now)
    if part.way != "ship" or not rules.may_step(part.state, wanted):
        raise WrongStep(state=part.state, wanted=wanted)
    if wanted == "shipped":
        if carrier is None:
            raise BadFulfilment(why="carrier")
        assert part.hold_id is not None
        await holds.collect(conn, part.hold_id, by=by, now=now)
    elif wanted in ("picked", "packed") and part.hold_id is not None:
        await holds.pick(conn, part.hold_id, now=now)
    return await move(conn, order, part, wanted, by=by, now=now, carrier=carrier,
                      carrier_ref=carrier_ref)  # fmt: skip


async def move(
    conn: Connection,
    order: Order,
    part: Fulfilment,
    state: str,
    *,
    by: str,
    now: datetime,
    reason: str | None = None,
    carrier: str | None = None,
    carrier_ref: str | None = None,
) -> tuple[Fulfilment, str]:
    """Write and tell a step of a locked part."""
    await _Q.set_state.run(
        conn,
        fulfilment_id=part.fulfilment_id,
        state=state,
        now=now,
        reason=reason,
        carrier=carrier,
        carrier_ref=carrier_ref,
    )
    part = msgspec.structs.replace(
        part,
        state=state,
        changed_at=now,
        reason=reason or part.reason,
        carrier=carrier or part.carrier,
        carrier_ref=carrier_ref or part.carrier_ref,
    )
    await _steps(conn, [part], reason, by, now)
    entry = _entry(order, _fact(order, part), now)
    await log.state_all(conn, [entry])
    return part, entry.event_id


async def tell_late(conn: Connection, *, today: date, now: datetime) -> int:
    """State `fulfilment.late`, once for each part that did not leave on its day; how many."""
    rows = await _Q.late.all(conn, today=today, most=LATE_MAX)
    late = [row["fulfilment_id"] for row in rows]
    await _Q.mark_late.run(conn, fulfilment_ids=late, now=now)
    entries = []
    for part in await reading.find_many(conn, late, now=now):
        if part.is_over or part.ships_on is None:
            continue
        order = await orders.get(conn, part.order_id)
        fact = FulfilmentLate(
            fulfilment_id=part.fulfilment_id,
            order_id=order.order_id,
            system=order.system,
            order_ref=order.order_ref,
            lines=tuple(PartLine(line.line_no, line.sku, line.qty) for line in part.lines),
            location_id=part.location_id,
            ships_on=part.ships_on,
            arrives_to=part.arrives_to,
        )
        entries.append(_entry(order, fact, now))
    await log.state_all(conn, entries)
    return len(late)


async def put_senders(
    conn: Connection, senders: Sequence[Sender], *, by: str, now: datetime
) -> None:
    """Set which places send goods. The caller knows that the places exist."""
    await _Q.put_senders.run(
        conn,
        by=by,
        now=now,
        location_ids=[one.location_id for one in senders],
        ships=[one.ships for one in senders],
        max_kms=[one.max_km for one in senders],
        open_maxs=[one.open_max for one in senders],
        ranks=[one.rank for one in senders],
        pauses=[one.paused_until for one in senders],
    )
