"""Lists of the stock to take away: the same filters as on their pages, nothing personal."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from litestar import get
from litestar.params import FromQuery
from litestar.response import Stream

from setten.console import guard
from setten.console.page import Asked, page_of
from setten.console.places import named
from setten.console.run import tables
from setten.platform import audit, db
from setten.platform.auth import Right
from setten.stock import orders
from setten.stock.orders import Order

EXPORT_MAX = 5_000
"""Orders of one file, the newest: a busy month of a shop. More is asked for by place."""
AT_ONCE = 100
HEAD = ("order", "placed_at", "state", "channel", "location_id", "place", "currency", "total_minor")


@get("/stock/orders.csv", right=Right.read_stock)
async def orders_csv(request: Asked, only: FromQuery[str] = "", at: FromQuery[str] = "") -> Stream:
    """The newest orders by state and place, without who ordered; what goes is on record first."""
    page, pool = page_of(request), guard.deps_of(request).pool
    state = only if only in ("placed", "cancelled") else None
    place = at.replace("\x00", "") or None

    async def some(after: Order | None) -> list[Order]:
        async with db.transaction(pool) as conn:
            found = await orders.latest(
                conn, location_id=place, state=state, limit=AT_ONCE,
                before=(after.placed_at, after.order_id) if after else None,
            )  # fmt: skip
            await audit.note_all(
                conn, page.who, "orders.exported", at=page.now,
                subjects=[str(one.order_id) for one in found],
            )  # fmt: skip
        return found

    async with pool.acquire() as conn:
        names = await named(request, conn, page.locale)
    first = await some(None)

    async def rows() -> AsyncIterator[Sequence[object]]:
        told, found = 0, first
        while True:
            for one in found:
                yield (
                    one.order_ref, one.placed_at.isoformat(), one.state, one.channel,
                    one.location_id, names(one.location_id), one.currency, one.total_minor,
                )  # fmt: skip
            told += len(found)
            if len(found) < AT_ONCE or told >= EXPORT_MAX:
                return
            found = await some(found[-1])

    return tables.as_csv_gradually("orders", HEAD, rows())
