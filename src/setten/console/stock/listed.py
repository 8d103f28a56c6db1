"""The lists of the stock: what each shows, how it is filtered and ordered, what its file tells.

No file tells who somebody is: it holds numbers, places and states, and a number opens its page.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from setten.console.lists import Column, Filter, ListOf, Look, Order, Word
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.stock import carts, orders
from setten.stock.carts import Listed as Cart


class OrderFilter(Filter, frozen=True, kw_only=True):
    """A number that somebody says; or a state, and where it was sold."""

    number: Word = ""
    only: Literal["", "placed", "cancelled"] = ""
    at: Word = ""


def _placed(one: orders.Order) -> tuple[datetime, UUID]:
    return one.placed_at, one.order_id


async def _orders(
    conn: Connection, look: Look[OrderFilter, orders.Order]
) -> Sequence[orders.Order]:
    if look.asked.number.strip():  # a handful, whatever else the link says
        found = sorted(await orders.find_said(conn, look.asked.number), key=_placed)
        return [] if look.after else found[::-1] if look.falls else found
    return await orders.latest(
        conn,
        location_id=look.asked.at or None,
        state=look.asked.only or None,
        before=None if look.after is None else (look.after[0], look.after[1]),
        limit=look.most,
        oldest_first=not look.falls,
    )


ORDERS = ListOf[OrderFilter, orders.Order](
    name="orders",
    audit="orders.exported",
    path="/stock/orders",
    file="/stock/orders.csv",
    right=Right.read_stock,
    filters=OrderFilter,
    sort="-placed_at",
    fetch=_orders,
    ident=lambda one: str(one.order_id),
    columns=(
        Column(name="order_id", told=lambda one, _: one.order_id),
        Column(name="order", word="order.number", told=lambda one, _: one.order_ref),
        Column(name="state", told=lambda one, _: one.state),
        Column(name="customer", word="order.who_what"),
        Column(name="channel", told=lambda one, _: one.channel),
        Column(name="location_id", told=lambda one, _: one.location_id),
        Column(
            name="place",
            word="order.where",
            style="wide-only",
            told=lambda one, line: line.names(one.location_id),
        ),
        Column(
            name="placed_at",
            word="order.when",
            told=lambda one, _: one.placed_at.isoformat(),
            order=Order(_placed, (datetime, UUID)),
            falls=True,
        ),
        Column(name="currency", told=lambda one, _: one.currency),
        Column(
            name="total_minor",
            word="order.total_head",
            style="num",
            told=lambda one, _: one.total_minor,
        ),
    ),
)


class CartFilter(Filter, frozen=True, kw_only=True):
    """Whether only those that were left."""

    left: bool = False


async def _carts(conn: Connection, look: Look[CartFilter, Cart]) -> Sequence[Cart]:
    return await carts.latest(
        conn,
        only_left=look.asked.left,
        before=None if look.after is None else (look.after[0], look.after[1]),
        limit=look.most,
        oldest_first=not look.falls,
    )


CARTS = ListOf[CartFilter, Cart](
    name="carts",
    audit="carts.exported",
    path="/stock/carts",
    file="/stock/carts.csv",
    right=Right.read_customers,
    filters=CartFilter,
    sort="-touched_at",
    fetch=_carts,
    ident=lambda one: str(one.cart_id),
    columns=(
        Column(name="cart_id", told=lambda one, _: one.cart_id),
        Column(name="customer", word="order.who_what"),
        Column(name="channel", told=lambda one, _: one.channel),
        Column(name="first_sku", told=lambda one, _: one.sku),
        Column(name="units", word="cart.what", told=lambda one, _: one.units),
        Column(name="refusal", told=lambda one, _: one.refusal),
        Column(name="left_at", word="cart.state", told=lambda one, _: one.left_at),
        Column(name="opened_at", told=lambda one, _: one.opened_at),
        Column(
            name="touched_at",
            word="cart.touched_head",
            style="num",
            told=lambda one, _: one.touched_at,
            order=Order(lambda one: (one.touched_at, one.cart_id), (datetime, UUID)),
            falls=True,
        ),
    ),
)
