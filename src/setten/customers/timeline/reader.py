"""The reader behind the timeline: lines, counters, purchases and traits in one commit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec

from setten.customers.timeline import rules
from setten.platform import db
from setten.platform.db import Connection
from setten.platform.log import Reader, Row

Q = db.load(str(Path(__file__).with_name("store.py")))
READER = "timeline"
_encode = msgspec.json.Encoder().encode


def readers() -> list[Reader]:
    """The reader of this feature."""
    return [Reader(READER, take_in)]


async def take_in(conn: Connection, rows: Sequence[Row]) -> None:
    """Write what a batch of events adds. A batch comes once: the cursor commits with it."""
    theirs = [row for row in rows if row.identifiers and row.name not in rules.HIDDEN]
    if not theirs:
        return
    await Q.put_lines.run(conn, **lines(theirs))
    await _count(conn, theirs)
    await _put_purchases(conn, theirs)
    if newest := traits(theirs):
        await Q.put_traits.run(conn, **newest)


def lines(rows: Sequence[Row]) -> dict[str, Any]:
    """The lines of events as columns."""
    return {
        "identifier_ids": [row.identifiers[0] for row in rows],
        "occurred_ats": [row.occurred_at for row in rows],
        "positions": [row.position for row in rows],
        "xids": [row.xid for row in rows],
        "arrived_ons": [row.arrived_on for row in rows],
        "event_ids": [row.event_id for row in rows],
        "names": [row.name for row in rows],
        "channels": [row.channel for row in rows],
        "location_ids": [row.location_id for row in rows],
        "purchase_keys": [rules.purchase_key(row) for row in rows],
        "summaries": [_encode(rules.summary(row.body)).decode() for row in rows],
    }


async def _count(conn: Connection, rows: Sequence[Row]) -> None:
    counted: Counter[tuple[int, str, str, date]] = Counter(
        (row.identifiers[0], row.name, row.channel, row.occurred_at.date()) for row in rows
    )
    keys = sorted(counted)
    await Q.count.run(
        conn,
        identifier_ids=[key[0] for key in keys],
        names=[key[1] for key in keys],
        channels=[key[2] for key in keys],
        days=[key[3] for key in keys],
        ns=[counted[key] for key in keys],
    )


async def _put_purchases(conn: Connection, rows: Sequence[Row]) -> None:
    best: dict[str, tuple[rules.Told, Row]] = {}
    for row in rows:
        for told in rules.told(row):
            kept = best.get(told.purchase_key)
            if kept is None or _better((told, row), kept):
                best[told.purchase_key] = (told, row)
    if not best:
        return
    found = [best[key] for key in sorted(best)]
    await Q.put_purchases.run(
        conn,
        purchase_keys=[told.purchase_key for told, _ in found],
        identifier_ids=[row.identifiers[0] for _, row in found],
        ranks=[told.rank for told, _ in found],
        event_ids=[row.event_id for _, row in found],
        occurred_ats=[row.occurred_at for _, row in found],
        channels=[row.channel for _, row in found],
        location_ids=[row.location_id for _, row in found],
        totals_minor=[told.total_minor for told, _ in found],
        currencies=[told.currency for told, _ in found],
    )


def _better(one: tuple[rules.Told, Row], kept: tuple[rules.Told, Row]) -> bool:
    if one[0].rank != kept[0].rank:
        return one[0].rank > kept[0].rank
    return (one[1].occurred_at, one[1].event_id) < (kept[1].occurred_at, kept[1].event_id)


def traits(rows: Sequence[Row]) -> dict[str, Any]:
    """The newest word of each public trait as columns; empty when nobody told any."""
    newest: dict[tuple[int, str], tuple[Any, datetime]] = {}
    for row in rows:
        for field, value in rules.traits(row).items():
            key = (row.identifiers[0], field)
            if key not in newest or newest[key][1] <= row.occurred_at:
                newest[key] = (value, row.occurred_at)
    keys = sorted(newest)
    if not keys:
        return {}
    return {
        "identifier_ids": [key[0] for key in keys],
        "fields": [key[1] for key in keys],
        "values": [_encode(newest[key][0]).decode() for key in keys],
        "occurred_ats": [newest[key][1] for key in keys],
    }
