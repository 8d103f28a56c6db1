"""Lists of the stock to take away: the same filters as on their pages, nothing personal."""

from __future__ import annotations

from litestar import Response, get
from litestar.params import FromQuery

from setten.console import guard
from setten.console.page import Asked, page_of
from setten.console.places import named
from setten.console.run import tables
from setten.platform import audit, db
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.stock import orders
from setten.stock.orders import Order

EXPORT_MAX = 5_000
"""Orders of one file, the newest: a busy month of a shop. More is asked for by place."""
AT_ONCE = 100
HEAD = ("order", "placed_at", "state", "channel", "location_id", "place", "currency", "total_minor")


@get("/stock/orders.csv", right=Right.read_stock)
async def orders_csv(
    request: Asked, only: FromQuery[str] = "", at: FromQuery[str] = ""
) -> Response[str]:
    """The newest orders by state and place, without who ordered. It goes on record."""
    page = page_of(request)
    state = only if only in ("placed", "cancelled") else None
    async with db.transaction(guard.deps_of(request).pool) as conn:
        names = await named(request, conn, page.locale)
        found = await _found(conn, state, at.replace("\x00", "") or None)
        await audit.note_all(
            conn, page.who, "orders.exported", at=page.now,
            subjects=[str(one.order_id) for one in found],
        )  # fmt: skip
    rows = (
        (one.order_ref, one.placed_at.isoformat(), one.state, one.channel, one.location_id,
         names(one.location_id), one.currency, one.total_minor)
        for one in found
    )  # fmt: skip
    return tables.as_csv("orders", HEAD, rows)


async def _found(conn: Connection, state: str | None, location_id: str | None) -> list[Order]:
    """Page after page, as the list reads them."""
    found: list[Order] = []
    while len(found) < EXPORT_MAX:
        last = found[-1] if found else None
        more = await orders.latest(
            conn, location_id=location_id, state=state, limit=AT_ONCE,
            before=(last.placed_at, last.order_id) if last else None,
        )  # fmt: skip
        found += more
        if len(more) < AT_ONCE:
            break
    return found
