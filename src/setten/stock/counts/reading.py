"""Finding counts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import msgspec

from setten.platform import db
from setten.platform.db import Connection
from setten.stock.counts import rules
from setten.stock.counts.model import PAGE_MAX, Count, CountState, SheetLine, UnknownCount

_Q = db.load(str(Path(__file__).with_name("store.py")))


async def get(conn: Connection, count_id: UUID) -> Count:
    """One count. Raises UnknownCount."""
    found = await read(conn, await _Q.by_ids.all(conn, count_ids=[count_id]))
    if not found:
        raise UnknownCount(count_id=str(count_id))
    return found[0]


async def counts_at(
    conn: Connection,
    location_id: str,
    *,
    before: UUID | None = None,
    limit: int = PAGE_MAX,
    oldest_first: bool = False,
) -> list[Count]:
    """Counts of a place, newest first; pages by the last count_id."""
    [last] = (before,) if before else db.end(UUID, largest=not oldest_first)
    rows = await _Q.counts_at.turned(oldest_first).all(
        conn, location_id=location_id, before=last, most=min(limit, PAGE_MAX)
    )
    wanted = [row["count_id"] for row in rows]
    found = await read(conn, await _Q.by_ids.all(conn, count_ids=wanted))
    return sorted(found, key=lambda one: one.count_id, reverse=not oldest_first)


async def waiting_at(conn: Connection, location_id: str) -> int:
    """How many of a place's last PAGE_MAX counts wait for somebody to approve them."""
    return int(await _Q.waiting_at.value(conn, location_id=location_id, most=PAGE_MAX))


def blind(count: Count) -> Count:
    """The count as whoever counts may see it: while it is open, not what the book says."""
    if count.state is not CountState.open:
        return count
    lines = tuple(
        msgspec.structs.replace(line, expected=None, late=0, booked=0) for line in count.lines
    )
    return msgspec.structs.replace(count, lines=lines)


async def read(conn: Connection, rows: Sequence[db.Record]) -> list[Count]:
    """Counts from their rows, with their lines in the order somebody walks."""
    if not rows:
        return []
    found: dict[UUID, list[SheetLine]] = {row["count_id"]: [] for row in rows}
    for row in await _Q.lines_of.all(conn, count_ids=list(found)):
        values = dict(row)
        found[values.pop("count_id")].append(SheetLine(**values))
    return [
        Count(
            **{**dict(row), "state": CountState(row["state"])},
            lines=tuple(rules.by_shelf(found[row["count_id"]])),
        )
        for row in rows
    ]
