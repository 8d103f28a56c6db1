"""Looking orders up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

from setten.platform import db
from setten.platform.db import Connection
from setten.stock.orders import rules
from setten.stock.orders.model import (
    CancelledLine,
    Evidence,
    Line,
    Order,
    UnknownOrder,
)
from setten.stock.pricing import TaxLine

_Q = db.load(str(Path(__file__).with_name("store.py")))
PAGE_MAX = 200
LISTED_MAX = 1_001
"""Of a list that is taken away: without lines, a few hundred kilobytes at once."""
_REF_LENGTH_MAX = 128  # as in reports; more is no number that anybody says


async def get(conn: Connection, order_id: UUID) -> Order:
    """One order with its lines and taxes. Raises UnknownOrder."""
    row = await _Q.by_id.maybe(conn, order_id=order_id)
    if row is None:
        raise UnknownOrder(order_id=str(order_id))
    return await _whole(conn, row)


async def lock(conn: Connection, order_id: UUID) -> Order:
    """As `get`, and nobody else changes it until the transaction ends. Raises UnknownOrder."""
    row = await _Q.lock.maybe(conn, order_id=order_id)
    if row is None:
        raise UnknownOrder(order_id=str(order_id))
    return await _whole(conn, row)


async def _whole(conn: Connection, row: db.Record) -> Order:
    lines = await _Q.lines_of.all(conn, order_id=row["order_id"])
    taxes = await _Q.taxes_of.all(conn, order_id=row["order_id"])
    return Order(
        **dict(row),
        lines=tuple(Line(**dict(line)) for line in lines),
        taxes=tuple(TaxLine(**dict(tax)) for tax in taxes),
    )


async def find_by_ref(conn: Connection, system: str, order_ref: str) -> Order | None:
    """The order of a system by its number there, with lines; None when we know of none."""
    row = await _Q.by_ref.maybe(conn, system=system, order_ref=order_ref)
    return None if row is None else await _whole(conn, row)


async def of_cart(conn: Connection, cart_id: UUID) -> Order | None:
    """The order that a cart became, without lines; None while it is none."""
    row = await _Q.by_cart.maybe(conn, cart_id=cart_id)
    return None if row is None else Order(**dict(row))


async def find_said(conn: Connection, text: str) -> list[Order]:
    """Orders by the number that somebody said, of any system, newest first, without lines."""
    refs = {text.strip()[:_REF_LENGTH_MAX], rules.said(text) or ""} - {""}
    if not refs:
        return []
    rows = await _Q.by_any_ref.all(conn, order_refs=sorted(refs), most=PAGE_MAX)
    return [Order(**dict(row)) for row in rows]


async def of_identifiers(
    conn: Connection, identifier_ids: Sequence[int], *, limit: int = PAGE_MAX
) -> list[Order]:
    """Orders of one person, newest first, without lines."""
    rows = await _Q.of_identifiers.all(
        conn, identifier_ids=list(identifier_ids), most=min(limit, PAGE_MAX)
    )
    return [Order(**dict(row)) for row in rows]


async def latest(
    conn: Connection,
    *,
    location_id: str | None = None,
    state: str | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int = PAGE_MAX,
    oldest_first: bool = False,
) -> list[Order]:
    """Orders newest first, without lines: all, or those sold at a place; pages by the last's
    (placed_at, order_id)."""
    at, order_id = before or db.end(datetime, UUID, largest=not oldest_first)
    given = {"state": state, "before_at": at, "before_id": order_id, "most": min(limit, LISTED_MAX)}
    if location_id is None:
        rows = await _Q.latest.turned(oldest_first).all(conn, **given)
    else:
        query = _Q.latest_at.turned(oldest_first)
        rows = await query.all(conn, location_id=location_id, **given)
    return [Order(**dict(row)) for row in rows]


async def goods_of(conn: Connection, order_ids: Sequence[UUID]) -> dict[UUID, tuple[str, int]]:
    """What each order begins with, and how many lines it has: (sku, lines). For a list."""
    rows = await _Q.goods_of.all(conn, order_ids=list(order_ids))
    return {row["order_id"]: (row["sku"], row["lines"]) for row in rows}


async def holds_of(conn: Connection, order_id: UUID) -> list[UUID]:
    """The holds that keep an order's promise, oldest first."""
    rows = await _Q.holds_of.all(conn, order_id=order_id)
    return [row["hold_id"] for row in rows]


async def of_holds(conn: Connection, hold_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """The order behind each hold that keeps one's promise."""
    rows = await _Q.of_holds.all(conn, hold_ids=list(hold_ids))
    return {row["hold_id"]: row["order_id"] for row in rows}


async def hold_at(conn: Connection, order_ref: str, location_id: str) -> UUID | None:
    """The open hold of one of our own orders at a place: what a till's receipt there pays for."""
    found: UUID | None = await _Q.hold_at.value(conn, order_ref=order_ref, location_id=location_id)
    return found


async def evidence_of(conn: Connection, order: Order) -> list[Evidence]:
    """All other tellings of an order, oldest first: by its number, from whatever system."""
    rows = await _Q.evidence_of.all(conn, order_ref=order.order_ref, most=PAGE_MAX)
    return [Evidence(**dict(row)) for row in rows]


async def cancels_of(conn: Connection, order_id: UUID) -> list[CancelledLine]:
    """What was cancelled of an order, oldest first."""
    rows = await _Q.cancels_of.all(conn, order_id=order_id)
    return [CancelledLine(**dict(row)) for row in rows]
