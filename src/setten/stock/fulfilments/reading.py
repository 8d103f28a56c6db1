"""Looking parts of orders up, each as it stands with the hold behind it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec

from setten.platform import db
from setten.platform.db import Connection
from setten.stock import holds
from setten.stock.fulfilments import rules
from setten.stock.fulfilments.model import (
    Excluded,
    Fulfilment,
    Line,
    Sender,
    Step,
    UnknownFulfilment,
)
from setten.stock.holds import Hold

_Q = db.load(str(Path(__file__).with_name("store.py")))
PAGE_MAX = 200
_FIRST = UUID(int=0)
_decode_excluded = msgspec.json.Decoder(tuple[Excluded, ...]).decode


async def find_many(
    conn: Connection, fulfilment_ids: Sequence[UUID], *, now: datetime
) -> list[Fulfilment]:
    """Parts by id, in the order of their ids; unknown ones are absent."""
    if not fulfilment_ids:
        return []
    rows = await _Q.by_id.all(conn, fulfilment_ids=list(fulfilment_ids))
    lines = await _Q.lines_of.all(conn, fulfilment_ids=list(fulfilment_ids))
    kept = await holds.find_many(conn, [r["hold_id"] for r in rows if r["hold_id"]], now=now)
    states = {hold.hold_id: _state_of(hold) for hold in kept}
    return [_fulfilment(row, lines, states.get(row["hold_id"])) for row in rows]


def _state_of(hold: Hold) -> str:
    """A hold of which one line fell short cannot be sent as it was promised."""
    return "short" if any(line.state == "short" for line in hold.lines) else hold.state


def _fulfilment(row: db.Record, lines: Sequence[db.Record], hold_state: str | None) -> Fulfilment:
    values = dict(row) | {
        "excluded": _decode_excluded(row["excluded"]),
        "state": rules.state_now(row["state"], row["way"], hold_state),
    }
    mine = [one for one in lines if one["fulfilment_id"] == row["fulfilment_id"]]
    return Fulfilment(
        **values, lines=tuple(Line(one["line_no"], one["sku"], one["qty"]) for one in mine)
    )


async def get(conn: Connection, fulfilment_id: UUID, *, now: datetime) -> Fulfilment:
    """One part. Raises UnknownFulfilment."""
    found = await find_many(conn, [fulfilment_id], now=now)
    if not found:
        raise UnknownFulfilment(fulfilment_id=str(fulfilment_id))
    return found[0]


async def of_order(conn: Connection, order_id: UUID, *, now: datetime) -> list[Fulfilment]:
    """All parts of an order, oldest first, also those that others took the place of."""
    rows = await _Q.of_order.all(conn, order_id=order_id)
    return await find_many(conn, [row["fulfilment_id"] for row in rows], now=now)


async def of_orders(
    conn: Connection, order_ids: Sequence[UUID], *, now: datetime
) -> dict[UUID, list[Fulfilment]]:
    """The parts of some orders, each as `of_order`: for a list, in three queries."""
    found: dict[UUID, list[Fulfilment]] = {order_id: [] for order_id in order_ids}
    rows = await _Q.of_orders.all(conn, order_ids=list(order_ids))
    for part in await find_many(conn, [row["fulfilment_id"] for row in rows], now=now):
        found[part.order_id].append(part)
    return found


async def queue(
    conn: Connection,
    location_id: str,
    *,
    now: datetime,
    after: UUID | None = None,
    limit: int = PAGE_MAX,
) -> list[Fulfilment]:
    """What a place has to send, oldest first; pages by the last fulfilment_id."""
    rows = await _Q.queue.all(
        conn, location_id=location_id, after=after or _FIRST, most=min(limit, PAGE_MAX)
    )
    return await find_many(conn, [row["fulfilment_id"] for row in rows], now=now)


async def steps_of(conn: Connection, order_id: UUID) -> list[Step]:
    """Every step of the parts of an order, oldest first."""
    return [Step(**dict(row)) for row in await _Q.steps_of.all(conn, order_id=order_id)]


async def senders(conn: Connection) -> list[Sender]:
    """All places, and whether they send goods."""
    return [Sender(**dict(row)) for row in await _Q.senders.all(conn)]
