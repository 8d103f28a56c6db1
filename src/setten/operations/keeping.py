"""What was held for somebody becomes her order's, under one lock: nobody comes between."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from setten.facts.stock import GoodsLine
from setten.operations import parcels
from setten.platform.db import Connection
from setten.stock import holds, ledger, sets
from setten.stock.carts import Cart
from setten.stock.holds import Hold, HoldEnded, UnknownHold
from setten.stock.ledger import Key

HOLDS_MAX = 20  # of one checkout: a person waits for a handful


async def let_go(
    conn: Connection,
    cart: Cart,
    hold_ids: Sequence[UUID],
    *,
    of: Collection[int],
    by: str,
    now: datetime,
) -> None:
    """Let go of holds of the person with these identifiers, for an order of this transaction.

    All rows that the order may need are locked first, so that nobody else gets the units before the
    order has them; when it fails, nothing was let go. One that has ended already promises nothing,
    and the order asks like anybody. Raises UnknownHold, also for a hold of somebody else.
    """
    if not hold_ids:
        return
    found = await holds.find_many(conn, sorted(set(hold_ids)), now=now)
    known = {one.hold_id for one in found if one.identifier_id in of}
    for hold_id in hold_ids:
        if hold_id not in known:
            raise UnknownHold(hold_id=str(hold_id))
    await ledger.lock(conn, await _rows(conn, cart, found))
    for one in found:
        with contextlib.suppress(HoldEnded):
            await holds.release(conn, one.hold_id, by=by, now=now)


async def _rows(conn: Connection, cart: Cart, found: Sequence[Hold]) -> set[Key]:
    """The rows of the holds, and those that the goods of the cart may come from."""
    senders = await parcels.senders(conn)
    lines = [
        GoodsLine(line.sku, place, line.qty)
        for line in cart.lines
        for place in ((line.location_id,) if line.location_id is not None else senders)
    ]
    parts = await sets.parts_of(conn, [line.sku for line in cart.lines])
    rows = {(one.sku, one.location_id) for one in sets.exploded(lines, parts)}
    return rows | {(line.sku, line.location_id) for one in found for line in one.lines}
