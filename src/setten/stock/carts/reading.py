"""Looking carts up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec

from setten.platform import db
from setten.platform.db import Connection
from setten.stock.carts import rules
from setten.stock.carts.model import Cart, Part, Row, UnknownCart
from setten.stock.carts.rules import Key

_Q = db.load(str(Path(__file__).with_name("store.py")))
PAGE_MAX = 200
LISTED_MAX = 1_001
"""Of a list that is taken away: heads only, a few hundred kilobytes at once."""


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """An open part of a cart, for a list. left_at: when it was noticed that nobody touches it; sku:
    of what was put in first."""

    cart_id: UUID
    identifier_id: int
    channel: str
    opened_at: datetime
    touched_at: datetime
    left_at: datetime | None
    refusal: str | None
    lines: int
    units: int
    sku: str


async def rows_of(conn: Connection, cart_ids: Sequence[UUID]) -> dict[Key, Row]:
    """All rows of these parts, those at zero too."""
    found = await _Q.lines_of.all(conn, cart_ids=list(cart_ids))
    return {(row["cart_id"], row["sku"]): Row(**dict(row)) for row in found}


def parts_from(rows: Sequence[db.Record]) -> list[Part]:
    """Parts from their rows."""
    return [Part(**dict(row)) for row in rows]


async def open_of(conn: Connection, identifier_ids: Sequence[int]) -> Cart | None:
    """The cart of the person with these identifiers; None when she has none open."""
    parts = parts_from(await _Q.open_of.all(conn, identifier_ids=list(identifier_ids)))
    if not parts:
        return None
    return rules.cart_from(parts, await rows_of(conn, [part.cart_id for part in parts]))


async def owner_of(conn: Connection, cart_id: UUID) -> int:
    """The identifier that a cart is under. Raises UnknownCart when it is over, or never was."""
    row = await _Q.owner_of.maybe(conn, cart_id=cart_id)
    if row is None or row["state"] != "open":
        raise UnknownCart()
    owner: int = row["identifier_id"]
    return owner


async def places_of(conn: Connection, cart_ids: Sequence[UUID]) -> frozenset[str]:
    """The shops that one of these carts was begun in or shown to."""
    rows = await _Q.places_of.all(conn, cart_ids=list(cart_ids))
    return frozenset(row["location_id"] for row in rows)


async def find(conn: Connection, identifier_ids: Sequence[int]) -> Cart:
    """As `open_of`. Raises UnknownCart."""
    cart = await open_of(conn, identifier_ids)
    if cart is None:
        raise UnknownCart()
    return cart


async def latest(
    conn: Connection,
    *,
    only_left: bool = False,
    before: tuple[datetime, UUID] | None = None,
    limit: int = PAGE_MAX,
    oldest_first: bool = False,
) -> list[Listed]:
    """Open carts that hold something, last touched first; pages by (touched_at, cart_id)."""
    at, cart_id = before or db.end(datetime, UUID, largest=not oldest_first)
    rows = await _Q.latest.turned(oldest_first).all(
        conn, only_left=only_left, before_at=at, before_id=cart_id, most=min(limit, LISTED_MAX)
    )
    return [Listed(**dict(row)) for row in rows]
