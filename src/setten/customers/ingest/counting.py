"""What came per source and hour: a projection, so that no page counts rows of the log."""

from __future__ import annotations

from collections import Counter as Counts
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

import msgspec

from setten.customers.ingest import store
from setten.platform.db import Connection
from setten.platform.log import GATHER_CALMLY_S, Reader, Row

ROWS_MAX = 20_000


class Counter(msgspec.Struct, frozen=True):
    """Events of one name that a source sent in one hour, and when the last came."""

    source_id: int
    hour_at: datetime
    name: str
    events: int
    last_at: datetime


async def _count(conn: Connection, rows: Sequence[Row]) -> None:
    # Events of one request came at one moment and stand together: hours are made for moments, and a
    # moment is looked up by itself only where it differs from the one before.
    moments: Counts[tuple[int | None, datetime, str]] = Counts()
    for (source_id, at), some in groupby(rows, key=_sender):
        for name, more in Counts([row.name for row in some]).items():
            moments[source_id, at, name] += more
    found: dict[tuple[int, datetime, str], tuple[int, datetime]] = {}
    for (source_id, at, name), more in moments.items():
        assert source_id is not None, "only what was sent is handed over"
        key = (source_id, at.replace(minute=0, second=0, microsecond=0), name)
        events, last_at = found.get(key, (0, at))
        found[key] = (events + more, max(last_at, at))
    if found:
        await store.count_up(conn, [(*key, *counted) for key, counted in found.items()])


def _sender(row: Row) -> tuple[int | None, datetime]:
    return (row.source_id, row.received_at)


def readers() -> list[Reader]:
    """The readers of the log that ingest has."""
    return [Reader("ingest_counters", _count, wants=_is_sent, gather_s=GATHER_CALMLY_S)]


def _is_sent(row: Row) -> bool:
    return row.source_id is not None  # our own facts have none


async def since(conn: Connection, source_ids: Sequence[int], at: datetime) -> list[Counter]:
    """Counters of sources from the hour `at` on."""
    rows = await store.counters(conn, source_ids, since=at, most=ROWS_MAX)
    return [Counter(**dict(row)) for row in rows]
