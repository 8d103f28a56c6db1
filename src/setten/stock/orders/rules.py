"""Numbers of orders, and what may be cancelled: plain decisions."""

from __future__ import annotations

import re
from collections.abc import Mapping

from setten.platform import ids
from setten.stock.orders.model import (
    METHODS,
    BadOrder,
    Line,
    NewOrder,
    NothingToCancel,
    Order,
    OrderCancelledAlready,
)

PREFIX = "S"
DIGITS = 8  # a hundred million numbers: at a million orders one in a hundred is drawn twice
_SAID = re.compile(rf"{PREFIX}?(\d{{{DIGITS + 1}}})", re.IGNORECASE)


def number(drawn: str) -> str:
    """The order number of DIGITS drawn digits; its check digit shows a slip of the tongue."""
    assert len(drawn) == DIGITS
    return f"{PREFIX}{drawn}{ids.check_digit(drawn)}"


def said(text: str) -> str | None:
    """The order number that somebody said or typed, or None when it cannot be one."""
    found = _SAID.fullmatch(re.sub(r"[\s\-‐−ー]", "", text))
    if found is None:
        return None
    digits = found.group(1)
    return f"{PREFIX}{digits}" if ids.check_digit(digits[:-1]) == digits[-1] else None


def check(new: NewOrder) -> BadOrder | None:
    """Why this cannot be an order, or None."""
    if not new.lines:
        return BadOrder(why="lines")
    for line in new.lines:
        if line.qty < 1 or line.unit_price_minor < 0:
            return BadOrder(why="qty")
        if line.method not in METHODS or (line.method == "ship") != (line.location_id is None):
            return BadOrder(why="method")
    if sum(one.amount_minor for one in new.taxes) != total(new):
        return BadOrder(why="taxes")
    return None


def total(new: NewOrder) -> int:
    """Goods and shipping, tax included, minor units."""
    return sum(line.amount_minor for line in new.lines) + new.shipping_minor


def to_cancel(order: Order, wanted: Mapping[int, int] | None) -> dict[int, int]:
    """Units to cancel by line. wanted: None for all that is still open.

    Raises OrderCancelledAlready, NothingToCancel, UnknownOrderLine.
    """
    if order.state == "cancelled":
        raise OrderCancelledAlready(order_id=str(order.order_id))
    if wanted is None:
        return {line.line_no: line.open_qty for line in order.lines if line.open_qty > 0}
    for line_no, qty in wanted.items():
        line = order.line(line_no)
        if not 1 <= qty <= line.open_qty:
            raise NothingToCancel(line_no=line_no, open_qty=line.open_qty)
    return dict(wanted)


def cost_of(line: Line, qty: int) -> int:
    """What `qty` units of a line had cost, minor units."""
    if line.unit_price_minor is not None:
        return line.unit_price_minor * qty
    return (line.amount_minor or 0) * qty // max(1, line.qty)
