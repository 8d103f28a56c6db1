"""Carts that nobody touches any more: noticed, told with the reason where it is known, dropped."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from setten.facts.commerce import CartLeft, CartLine
from setten.platform import clock, db, log
from setten.platform.db import Connection, Pool
from setten.stock import house_rules
from setten.stock.carts import handing
from setten.stock.carts.reading import rows_of

_Q = db.load(str(Path(__file__).with_name("store.py")))
DROPPED_AFTER = timedelta(days=90)  # prices and goods of a season ago are nobody's wish
TIDY_MAX = 500  # a transaction; the log's readers wait for no longer one


async def tidy(conn: Connection, *, now: datetime, most: int = TIDY_MAX) -> int:
    """Tell of up to `most` carts that were left, drop as many that are forgotten; how many.

    States `cart.left` for each that still holds something.
    """
    still = timedelta(hours=(await house_rules.current(conn)).cart_left_hours)
    left = await _Q.untold.all(conn, before=now - still, most=min(most, TIDY_MAX))
    rows = await rows_of(conn, [cart["cart_id"] for cart in left])
    entries = []
    for cart in left:
        lines = tuple(
            CartLine(row.sku, row.qty)
            for (cart_id, _), row in rows.items()
            if cart_id == cart["cart_id"] and row.qty
        )
        if lines:
            fact = CartLeft(
                cart_id=cart["cart_id"],
                lines=lines,
                reason=_reason(cart["refusal"], cart["shipping_minor"]),
                shipping_minor=cart["shipping_minor"],
            )
            entries.append(
                log.entry_for(
                    fact, at=now, identifiers=(cart["identifier_id"],), channel=cart["channel"]
                )
            )
    await log.state_all(conn, entries)
    await _Q.set_left.run(conn, cart_ids=[cart["cart_id"] for cart in left], now=now)
    old = await _Q.forgotten.all(conn, before=now - DROPPED_AFTER, most=min(most, TIDY_MAX))
    await _Q.close.all(conn, cart_ids=[row["cart_id"] for row in old], state="dropped", now=now)
    return len(left) + len(old)


def _reason(refusal: str | None, shipping_minor: int | None) -> str | None:
    """What stood in the way: a refusal first; else the cost of the way, when it cost anything."""
    if refusal is not None:
        return refusal
    return "shipping_cost" if shipping_minor else None


async def tidy_all(pool: Pool) -> None:
    """Tell of every cart that was left. The job of the clock."""
    while True:
        async with db.transaction(pool) as conn:
            done = await tidy(conn, now=clock.now())
            if not done:
                await handing.forget_old(conn, now=clock.now())
                return
