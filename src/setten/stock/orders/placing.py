"""Placing an order of our own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

from setten.facts.stock import OrderPlaced, SoldLine
from setten.platform import db, ids, log
from setten.platform.db import Connection
from setten.platform.errors import Unavailable
from setten.stock.orders import rules
from setten.stock.orders.model import OURS, Line, NewOrder, Order, Placed

_Q = db.load(str(Path(__file__).with_name("store.py")))
_NUMBER_ROUNDS = 8


async def place(conn: Connection, new: NewOrder, *, now: datetime) -> Placed:
    """Keep an order with its lines, taxes and holds, and state `order.placed`.

    The caller has priced it and holds its goods in this transaction. Raises BadOrder.
    """
    refusal = rules.check(new)
    if refusal is not None:
        raise refusal
    order_id = ids.uuid7()
    lines = tuple(
        Line(
            line_no=line_no,
            sku=line.sku,
            qty=line.qty,
            amount_minor=line.amount_minor,
            unit_price_minor=line.unit_price_minor,
            tax_rate=line.tax_rate,
            method=line.method,
            location_id=line.location_id,
        )
        for line_no, line in enumerate(new.lines, start=1)
    )
    event_id = ids.uuid7()
    order = Order(
        order_id=order_id,
        system=OURS,
        order_ref=await _insert(conn, order_id, new, event_id, now),
        identifier_id=new.identifier_id,
        channel=new.channel,
        total_minor=rules.total(new),
        currency=new.currency,
        placed_at=now,
        event_id=str(event_id),
        location_id=new.location_id,
        shipping_minor=new.shipping_minor,
        placed_by=new.placed_by,
        cart_id=new.cart_id,
        address_id=new.address_id,
        lines=lines,
        taxes=tuple(new.taxes),
    )
    await _keep_parts(conn, order, new.hold_ids)
    await log.state_all(conn, [_fact(order, event_id)])
    return Placed(order, order.event_id)


async def _insert(
    conn: Connection, order_id: UUID, new: NewOrder, event_id: UUID, now: datetime
) -> str:
    """Write the order under a number that no other has, and answer the number."""
    for _ in range(_NUMBER_ROUNDS):
        number = rules.number(ids.code(rules.DIGITS))
        written = await _Q.insert_own.value(
            conn,
            order_id=order_id,
            order_ref=number,
            identifier_id=new.identifier_id,
            channel=new.channel,
            total=rules.total(new),
            currency=new.currency,
            placed_at=now,
            event_id=str(event_id),
            location_id=new.location_id,
            shipping=new.shipping_minor,
            placed_by=new.placed_by,
            cart_id=new.cart_id,
            address_id=new.address_id,
        )
        if written is not None:
            return number
    raise Unavailable()


async def _keep_parts(conn: Connection, order: Order, hold_ids: Sequence[UUID]) -> None:
    await _Q.insert_own_lines.run(
        conn,
        order_id=order.order_id,
        line_nos=[line.line_no for line in order.lines],
        skus=[line.sku for line in order.lines],
        qtys=[line.qty for line in order.lines],
        amounts=[line.amount_minor for line in order.lines],
        unit_prices=[line.unit_price_minor for line in order.lines],
        tax_rates=[line.tax_rate for line in order.lines],
        methods=[line.method for line in order.lines],
        location_ids=[line.location_id for line in order.lines],
    )
    await _Q.insert_taxes.run(
        conn,
        order_id=order.order_id,
        rates=[one.rate for one in order.taxes],
        amounts=[one.amount_minor for one in order.taxes],
        taxes=[one.tax_minor for one in order.taxes],
    )
    if hold_ids:
        await _Q.insert_holds.run(conn, order_id=order.order_id, hold_ids=list(hold_ids))


def _fact(order: Order, event_id: UUID) -> log.Entry:
    return log.entry_for(
        OrderPlaced(
            order_id=order.order_id,
            system=order.system,
            order_ref=order.order_ref,
            lines=tuple(SoldLine(line.sku, line.qty, line.amount_minor) for line in order.lines),
            total_minor=order.total_minor,
            currency=order.currency,
        ),
        at=order.placed_at,
        identifiers=() if order.identifier_id is None else (order.identifier_id,),
        channel=order.channel,
        location_id=order.location_id,
        event_id=event_id,
    )
