"""Finding transfers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from uuid import UUID

import msgspec

from setten.platform import db
from setten.platform.db import Connection
from setten.stock.transfers.model import PAGE_MAX, Line, Transfer, TransferState, UnknownTransfer

_Q = db.load(str(Path(__file__).with_name("store.py")))
OPEN = (TransferState.planned, TransferState.shipped)
ENDED = (TransferState.received, TransferState.closed, TransferState.cancelled)
DUE_MAX = 1_000  # lines on the road that one question looks at


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """Units on the road to a place, expected on a day."""

    location_id: str
    sku: str
    due_on: date
    transfer_id: UUID
    ref: str | None
    qty: int


async def get(conn: Connection, transfer_id: UUID) -> Transfer:
    """One transfer. Raises UnknownTransfer."""
    found = await read(conn, await _Q.by_ids.all(conn, transfer_ids=[transfer_id]))
    if not found:
        raise UnknownTransfer(transfer_id=str(transfer_id))
    return found[0]


async def coming(
    conn: Connection,
    location_id: str,
    *,
    is_open: bool = True,
    after: UUID | None = None,
    limit: int = PAGE_MAX,
    newest_first: bool = False,
) -> list[Transfer]:
    """Transfers to a place, oldest first; pages by the last transfer_id."""
    return await _list(
        conn,
        _Q.coming.turned(newest_first),
        location_id,
        is_open,
        after or db.end(UUID, largest=newest_first)[0],
        limit,
    )


async def going(
    conn: Connection,
    location_id: str,
    *,
    is_open: bool = True,
    after: UUID | None = None,
    limit: int = PAGE_MAX,
    newest_first: bool = False,
) -> list[Transfer]:
    """Transfers from a place, oldest first; pages by the last transfer_id."""
    return await _list(
        conn,
        _Q.going.turned(newest_first),
        location_id,
        is_open,
        after or db.end(UUID, largest=newest_first)[0],
        limit,
    )


async def _list(
    conn: Connection,
    query: db.Query,
    location_id: str,
    is_open: bool,
    after: UUID,
    limit: int,
) -> list[Transfer]:
    rows = await query.all(
        conn,
        location_id=location_id,
        after=after,
        states=[one.value for one in (OPEN if is_open else ENDED)],
        most=min(limit, PAGE_MAX),
    )
    ids_found = [row["transfer_id"] for row in rows]
    found = await read(conn, await _Q.by_ids.all(conn, transfer_ids=ids_found))
    return sorted(found, key=lambda one: ids_found.index(one.transfer_id))


async def due(
    conn: Connection, skus: Sequence[str], location_ids: Sequence[str], *, by: date
) -> list[Due]:
    """What is on the road to these places and expected on or before a day, soonest first."""
    rows = await _Q.due.all(
        conn, skus=list(skus), location_ids=list(location_ids), by=by, most=DUE_MAX
    )
    return [Due(**dict(row)) for row in rows]


async def read(conn: Connection, rows: Sequence[db.Record]) -> list[Transfer]:
    """Transfers from their rows, with their lines."""
    if not rows:
        return []
    found: dict[UUID, list[Line]] = {row["transfer_id"]: [] for row in rows}
    for row in await _Q.lines_of.all(conn, transfer_ids=list(found)):
        values = dict(row)
        found[values.pop("transfer_id")].append(Line(**values))
    return [
        Transfer(
            **{**dict(row), "state": TransferState(row["state"])},
            lines=tuple(found[row["transfer_id"]]),
        )
        for row in rows
    ]
