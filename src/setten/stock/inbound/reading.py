"""Finding what is due, and preorders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from setten.platform import db
from setten.platform.db import Connection
from setten.stock.inbound.model import PAGE_MAX, Due, Preorder, PreorderState, UnknownPreorder

_Q = db.load(str(Path(__file__).with_name("store.py")))
DUE_MAX = 2_000  # deliveries that one question looks at
_FIRST = UUID(int=0)


async def due(
    conn: Connection,
    skus: Sequence[str],
    location_ids: Sequence[str],
    *,
    by: date | None = None,
) -> list[Due]:
    """What is due of these at these places, by a day or whenever; soonest first."""
    rows = await _Q.due.all(
        conn, skus=list(skus), location_ids=list(location_ids), by=by, most=DUE_MAX
    )
    return [Due(**dict(row)) for row in rows]


async def open_at(
    conn: Connection,
    location_id: str,
    *,
    after: tuple[date, UUID] | None = None,
    limit: int = PAGE_MAX,
    latest_first: bool = False,
) -> list[Due]:
    """What is due at a place, soonest first; pages by the last (due_on, inbound_id)."""
    day, last = after or db.end(date, UUID, largest=latest_first)
    rows = await _Q.open_at.turned(latest_first).all(
        conn, location_id=location_id, after_day=day, after=last, most=min(limit, PAGE_MAX)
    )
    return [Due(**dict(row)) for row in rows]


async def get(conn: Connection, preorder_id: UUID) -> Preorder:
    """One preorder. Raises UnknownPreorder."""
    row = await _Q.by_id.maybe(conn, preorder_id=preorder_id)
    if row is None:
        raise UnknownPreorder(preorder_id=str(preorder_id))
    return preorder_from(row)


async def of_identifiers(
    conn: Connection, identifier_ids: Sequence[int], *, limit: int = PAGE_MAX
) -> list[Preorder]:
    """Preorders of a person, newest first."""
    rows = await _Q.of_identifiers.all(
        conn, identifier_ids=list(identifier_ids), most=min(limit, PAGE_MAX)
    )
    return [preorder_from(row) for row in rows]


async def waiting_on(
    conn: Connection, inbound_ids: Sequence[UUID], *, limit: int = PAGE_MAX
) -> list[Preorder]:
    """Promises that wait for these deliveries, the oldest first."""
    rows = await _Q.waiting.all(conn, inbound_ids=list(inbound_ids), most=min(limit, PAGE_MAX + 1))
    return [preorder_from(row) for row in rows]


async def waiting(
    conn: Connection,
    *,
    sku: str = "",
    location_id: str = "",
    after: UUID | None = None,
    limit: int = PAGE_MAX,
    newest_first: bool = False,
) -> list[Preorder]:
    """Who waits for an item, at a place, or both, oldest first; pages by the last preorder_id.

    Of neither an item nor a place: nobody.
    """
    [last] = (after,) if after else db.end(UUID, largest=newest_first)
    args: dict[str, Any] = {"after": last, "most": min(limit, PAGE_MAX)}
    args |= {"sku": sku} if sku else {}
    args |= {"location_id": location_id} if location_id else {}
    if sku:
        query = _Q.waiting_of_row if location_id else _Q.waiting_of_item
    elif location_id:
        query = _Q.waiting_at
    else:
        return []
    return [preorder_from(row) for row in await query.turned(newest_first).all(conn, **args)]


def preorder_from(row: db.Record) -> Preorder:
    """A preorder from its row."""
    return Preorder(**{**dict(row), "state": PreorderState(row["state"])})
