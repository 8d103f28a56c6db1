"""Cancelling an order, or lines of it: the goods are free again, the money goes back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from setten.facts.stock import GoodsLine
from setten.platform.db import Connection
from setten.platform.errors import Conflict
from setten.stock import holds, orders, payments, sets
from setten.stock.holds import Hold
from setten.stock.orders import Cancelled, Order
from setten.stock.payments import Recorded


class HandedOver(Conflict):
    """Some of it is with its customer already: that comes back as a return. facts: skus."""

    code = "handed_over"


class TakenBack(msgspec.Struct, frozen=True, kw_only=True):
    """What was cancelled, and what went back of the money."""

    cancelled: Cancelled
    refunds: tuple[Recorded, ...]


async def cancel(
    conn: Connection,
    order_id: UUID,
    lines: Mapping[int, int] | None,
    *,
    by: str,
    now: datetime,
    reason: str | None = None,
) -> TakenBack:
    """Cancel units of lines (by line_no), or all that is still wanted: order, stock and money.

    Raises UnknownOrder, UnknownOrderLine, NothingToCancel, OrderCancelledAlready, HandedOver.
    """
    before = await orders.lock(conn, order_id)
    done = await orders.cancel(conn, order_id, lines, by=by, now=now, reason=reason)
    if before.is_ours:
        await _free(conn, before, done, by, now)
    refunds = await _give_back(conn, done, by, now)
    return TakenBack(cancelled=done, refunds=refunds)


async def _free(conn: Connection, order: Order, done: Cancelled, by: str, now: datetime) -> None:
    """Give back the promised units of the cancelled lines."""
    parts = await sets.parts_of(conn, [line.sku for line in order.lines])
    wanted: dict[tuple[str, str | None], int] = {}
    for line_no, qty in done.lines.items():
        line = order.line(line_no)
        for sku, units in parts.get(line.sku, {line.sku: 1}).items():
            key = (sku, line.location_id)
            wanted[key] = wanted.get(key, 0) + qty * units
    promised = [
        await holds.get(conn, hold_id, now=now)
        for hold_id in await orders.holds_of(conn, order_id=order.order_id)
    ]
    for hold, rows in _shares(promised, wanted).items():
        await holds.give_back(conn, hold, rows, by=by, now=now)


def _shares(
    promised: list[Hold], wanted: Mapping[tuple[str, str | None], int]
) -> dict[UUID, list[GoodsLine]]:
    """Which units of which hold go back. Raises HandedOver for those that are no longer held."""
    left = dict(wanted)
    found: dict[UUID, list[GoodsLine]] = {}
    for hold in promised:
        for line in hold.lines if hold.is_open else ():
            for key in ((line.sku, line.location_id), (line.sku, None)):
                part = min(left.get(key, 0), line.qty) if line.is_open else 0
                if part:
                    left[key] -= part
                    found.setdefault(hold.hold_id, []).append(
                        GoodsLine(line.sku, line.location_id, part)
                    )
                    break
    gone = sorted({sku for (sku, _), qty in left.items() if qty})
    over = {line.sku for hold in promised for line in hold.lines if line.state == "collected"}
    if over & set(gone):
        raise HandedOver(skus=sorted(over & set(gone)))
    return found


async def _give_back(
    conn: Connection, done: Cancelled, by: str, now: datetime
) -> tuple[Recorded, ...]:
    """What was taken beyond what is due goes back; what was only meant to be paid is void."""
    order = done.order
    paid = await payments.lock_of_order(conn, order.order_id)
    over = sum(one.kept_minor for one in paid) - (order.due_minor or 0)
    refunds: list[Recorded] = []
    if over > 0:
        refunds = await payments.refund(conn, order.order_id, over, by=by, now=now)
    if done.is_whole:
        for one in paid:
            if not one.captured_minor and not one.is_voided:
                refunds.append(
                    await payments.record(
                        conn, one.payment_id, "voided", one.intended_minor, by=by, now=now
                    )
                )
    return tuple(refunds)
