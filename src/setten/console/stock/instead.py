"""Goods taken instead of what comes back: read from a form, held at the same place."""

from __future__ import annotations

from datetime import datetime

from litestar.datastructures import FormMultiDict

from setten.facts.stock import GoodsLine
from setten.platform.db import Connection
from setten.platform.errors import Invalid
from setten.stock import catalog, holds
from setten.stock.holds import Hold
from setten.stock.returns import Return

LINES = 3
"""Kinds of goods that somebody takes instead at the counter."""

FIELDS = tuple((f"out-{n}", f"out-qty-{n}") for n in range(LINES))
QTY_DIGITS = 5


async def exchange_of(conn: Connection, form: FormMultiDict, at: str) -> tuple[GoodsLine, ...]:
    """Goods taken instead, from the same place, by sku or barcode. Raises Invalid."""
    typed = [
        (str(form.get(sku) or "").replace("\x00", "").strip(), str(form.get(qty) or "1").strip())
        for sku, qty in FIELDS
    ]
    skus = await catalog.skus_of(conn, [what for what, _ in typed if what])
    units: dict[str, int] = {}
    for what, qty in typed:
        if not what:
            continue
        if not qty.isdecimal() or len(qty) > QTY_DIGITS or not int(qty):
            raise Invalid(errors="out-qty")
        sku = skus.get(what, what)
        units[sku] = units.get(sku, 0) + int(qty)
    return tuple(GoodsLine(sku, at, qty) for sku, qty in units.items())


async def held(conn: Connection, done: Return, now: datetime) -> Hold | None:
    """What was taken instead of a return: the till sells it by its code."""
    if done.exchange_hold_id is None:
        return None
    return await holds.get(conn, done.exchange_hold_id, now=now)
