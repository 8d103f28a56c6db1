"""Reading the roster: a page in an order that an index serves."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from setten.customers.roster.keeping import Q
from setten.customers.roster.model import PAGE_MAX, Known, Sought
from setten.platform import db
from setten.platform.db import Connection


async def listed(
    conn: Connection,
    sought: Sought,
    *,
    most: int,
    by_total: bool = False,
    past: tuple[datetime | int, UUID] | None = None,
    rising: bool = False,
) -> list[Known]:
    """Customers past a place, those seen last first, or those who bought most; at most PAGE_MAX.

    In a transaction: its statements are planned for what they are given.

    past: (last_at or total_minor, customer_id) of the last that was seen. rising: from below.
    """
    kind: type = int if by_total else datetime
    value, customer_id = past or db.end(kind, UUID, largest=not rising)
    [earliest], [latest] = db.end(datetime, largest=False), db.end(datetime, largest=True)
    [least] = db.end(int, largest=False)
    given = msgspec.structs.asdict(sought) | {
        "from_at": sought.from_at or earliest,
        "until_at": sought.until_at or latest,
        "least_minor": least if sought.least_minor is None else sought.least_minor,
    }
    place = {"total_minor" if by_total else "last_at": value, "customer_id": customer_id}
    query = Q.by_total if by_total else Q.by_last
    await Q.plan_each.run(conn)
    rows = await query.turned(rising).all(conn, **given, **place, most=min(most, PAGE_MAX))
    return [msgspec.convert(dict(row), Known) for row in rows]


async def currency(conn: Connection) -> str:
    """The currency in which amounts of the roster are asked for: that of who bought most; yen
    before anybody did."""
    return await Q.currency.value(conn) or "JPY"
