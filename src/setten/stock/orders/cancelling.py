"""Cancelling lines of an order, or all of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from uuid import UUID

from setten.facts.commerce import OrderCancelled
from setten.facts.stock import SoldLine
from setten.platform import db, log
from setten.platform.db import Connection
from setten.stock.orders import rules
from setten.stock.orders.model import Cancelled, Order
from setten.stock.orders.reading import get, lock

_Q = db.load(str(Path(__file__).with_name("store.py")))


async def cancel(
    conn: Connection,
    order_id: UUID,
    lines: Mapping[int, int] | None,
    *,
    by: str,
    now: datetime,
    reason: str | None = None,
) -> Cancelled:
    """Take units of lines (by line_no) out of an order, or all that is open, and state
    `order.cancelled`.

    With the last unit the order is cancelled, and its shipping with it. Promised stock and money
    are the caller's: `operations.cancelling` gives them back. Raises UnknownOrder,
    UnknownOrderLine, NothingToCancel, OrderCancelledAlready.
    """
    before = await lock(conn, order_id)
    wanted = rules.to_cancel(before, lines)
    costs = {line_no: rules.cost_of(before.line(line_no), qty) for line_no, qty in wanted.items()}
    is_whole = all(line.open_qty == wanted.get(line.line_no, 0) for line in before.lines)
    amount = sum(costs.values()) + (before.shipping_minor if is_whole else 0)
    await _Q.cancel_lines.run(
        conn, order_id=order_id, line_nos=list(wanted), qtys=list(wanted.values())
    )
    await _Q.note_cancels.run(
        conn,
        order_id=order_id,
        line_nos=list(wanted),
        qtys=list(wanted.values()),
        amounts=list(costs.values()),
        reason=reason,
        by=by,
        now=now,
    )
    await _Q.cancel_order.run(
        conn, order_id=order_id, amount=amount, state="cancelled" if is_whole else before.state
    )
    event_id = await _state(conn, before, wanted, costs, amount, is_whole, reason, now)
    after = await get(conn, order_id)
    return Cancelled(order=after, lines=wanted, amount_minor=amount, event_id=event_id)


async def _state(
    conn: Connection,
    order: Order,
    wanted: Mapping[int, int],
    costs: Mapping[int, int],
    amount: int,
    is_whole: bool,
    reason: str | None,
    now: datetime,
) -> str:
    fact = OrderCancelled(
        order_id=order.order_id,
        system=order.system,
        order_ref=order.order_ref,
        lines=tuple(SoldLine(order.line(n).sku, qty, costs[n]) for n, qty in wanted.items()),
        amount_minor=amount,
        currency=order.currency,
        is_whole=is_whole,
        reason=reason,
        due_minor=None if order.due_minor is None else order.due_minor - amount,
    )
    return await log.state(
        conn,
        fact,
        at=now,
        identifiers=() if order.identifier_id is None else (order.identifier_id,),
        channel=order.channel,
        location_id=order.location_id,
    )
