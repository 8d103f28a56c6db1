"""What the readers of the log would have summed up of the past, worked out over sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from zoneinfo import ZoneInfo

from setten.demo.large.sizes import Size
from setten.insight import touchpoints
from setten.platform import db
from setten.platform.db import Connection

Q = db.load(__file__)
TABLES = ("customers.counters", "customers.purchases", "stock.sales_days")
_PIECES = 64  # of all identifiers, whose numbers are spread evenly
_NUMBERS = 2**63 - 1
Progress = Callable[[int, int], None]


async def lay_down(
    conn: Connection, size: Size, zone: ZoneInfo, readers: Sequence[str], progress: Progress
) -> None:
    """Fill the sums, and let the readers stand at the end of the log."""
    await Q.clear.run(conn)
    await Q.analyze.run(conn)
    steps = _PIECES + len(size.days)
    bounds = [_NUMBERS * piece // _PIECES for piece in range(_PIECES + 1)]
    for piece, (above, upto) in enumerate(pairwise(bounds), start=1):
        await Q.counters.run(conn, above=above, upto=upto)
        progress(piece, steps)
    await Q.purchases.run(conn)
    await Q.receipt_totals.run(conn)
    await Q.sales_days.run(conn)
    await Q.orders_of_day.run(conn, zone=zone.key)
    for number, day in enumerate(size.days, start=1):
        await Q.events_of_day.run(conn, day=day, zone=zone.key)
        await Q.touches_of_day.run(
            conn, day=day, zone=zone.key, touches=sorted(touchpoints.TOUCHES)
        )
        await Q.newest_of_day.run(
            conn, day=day, placed=sorted(touchpoints.PLACED), most=touchpoints.LATEST_MAX
        )
        await Q.counters_of_day.run(conn, day=day)
        progress(_PIECES + number, steps)
    await Q.level.run(conn, readers=list(readers), since=size.days[-1])
