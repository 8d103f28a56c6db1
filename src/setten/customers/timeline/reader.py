"""The reader behind the timeline: lines, counters, purchases and traits in one commit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from setten.customers.timeline import rules
from setten.facts.customers import PurchaseMoved
from setten.platform import clock, db, log
from setten.platform.db import Connection
from setten.platform.log import Reader, Row

Q = db.load(str(Path(__file__).with_name("store.py")))
READER = "timeline"
_encode = msgspec.json.Encoder().encode
COLUMNS = ("identifier_id", "occurred_at", "position", "xid", "arrived_on", "event_id", "name",
            "channel", "location_id", "purchase_key", "summary")  # fmt: skip
Telling = tuple[Row, Any]  # an event, and the body of the fact that it is; None when it is none


def readers(now: Callable[[], datetime] = clock.now) -> list[Reader]:
    """The reader of this feature. now: the clock."""
    return [Reader(READER, partial(take_in, now=now), wants=_makes_a_line)]


def _makes_a_line(row: Row) -> bool:
    return bool(row.identifiers) and row.name not in rules.HIDDEN


async def take_in(
    conn: Connection, rows: Sequence[Row], *, now: Callable[[], datetime] = clock.now
) -> None:
    """Write what a batch of events adds. A batch comes once: the cursor commits with it."""
    told = told_by(rows)
    if not told:
        return
    await put_lines(conn, told, table="timeline")
    await _count(conn, told)
    await _put_purchases(conn, told, now)
    await _lower_purchases(conn, told)
    if newest := traits(told):
        await Q.put_traits.run(conn, **newest)


def told_by(rows: Sequence[Row]) -> list[Telling]:
    """The events of people that make a line, each with the body of the fact that it is, if any."""
    return [(row, rules.fact_of(row)) for row in rows if _makes_a_line(row)]


async def put_lines(
    conn: Connection,
    told: Sequence[Telling],
    *,
    table: str,
    summary: Callable[[Row], dict[str, Any]] = rules.summary_of,
) -> None:
    """Write the lines of events: by COPY, at half the database's cost of rows from arrays."""
    await conn.copy_records_to_table(
        table,
        schema_name="customers",
        columns=COLUMNS,
        records=[
            (
                row.identifiers[0],
                row.occurred_at,
                row.position,
                row.xid,
                row.arrived_on,
                row.event_id,
                row.name,
                row.channel,
                row.location_id,
                None if fact is None else rules.purchase_key(fact),
                _encode(summary(row)).decode(),
            )
            for row, fact in told
        ],
    )


async def _count(conn: Connection, told: Sequence[Telling]) -> None:
    """Numbers go as text, which the driver need not look into; names once for many rows."""
    moments: dict[datetime, str] = {}
    kinds: dict[tuple[str, str, str], int] = {}
    counted: dict[tuple[int, int], int] = {}
    for row, _ in told:
        at = row.occurred_at
        day = moments.get(at) or moments.setdefault(at, at.date().isoformat())
        kind = kinds.setdefault((row.name, row.channel, day), len(kinds) + 1)
        key = (row.identifiers[0], kind)
        counted[key] = counted.get(key, 0) + 1
    keys = sorted(counted)
    names, channels, days = zip(*kinds, strict=True)
    await Q.count.run(
        conn,
        identifier_ids=_array([key[0] for key in keys]),
        kinds=_array([key[1] for key in keys]),
        ns=_array([counted[key] for key in keys]),
        names=names,
        channels=channels,
        days=_array(days),
    )


def _array(values: Iterable[object]) -> str:
    return f"{{{','.join(map(str, values))}}}"


async def _put_purchases(
    conn: Connection, told: Sequence[Telling], now: Callable[[], datetime]
) -> None:
    best: dict[str, tuple[rules.Told, Row]] = {}
    for row, fact in told:
        for one in () if fact is None else rules.told(fact):
            kept = best.get(one.purchase_key)
            if kept is None or _better((one, row), kept):
                best[one.purchase_key] = (one, row)
    if not best:
        return
    found = [best[key] for key in sorted(best)]
    moved = await Q.put_purchases.all(
        conn,
        purchase_keys=[one.purchase_key for one, _ in found],
        identifier_ids=[row.identifiers[0] for _, row in found],
        ranks=[one.rank for one, _ in found],
        event_ids=[row.event_id for _, row in found],
        occurred_ats=[row.occurred_at for _, row in found],
        channels=[row.channel for _, row in found],
        location_ids=[row.location_id for _, row in found],
        totals_minor=[one.total_minor for one, _ in found],
        currencies=[one.currency for one, _ in found],
    )
    if moved:
        # Who loses a purchase is in no event of it: whatever is built on purchases hears it here.
        at = now()
        await log.state_all(
            conn,
            [
                log.entry_for(PurchaseMoved(**dict(one)), at=at, identifiers=(one["was"],))
                for one in moved
            ],
        )


async def _lower_purchases(conn: Connection, told: Sequence[Telling]) -> None:
    """Orders of which a part was cancelled count as what is left of them."""
    due: dict[str, int] = {}
    for _, fact in told:
        if fact is not None and (one := rules.lowered(fact)) is not None:
            due[one[0]] = min(one[1], due.get(*one))
    if due:
        await Q.lower_purchases.run(
            conn,
            purchase_keys=sorted(due),
            dues=[due[key] for key in sorted(due)],
            rank_order=rules.RANK_ORDER,
        )


def _better(one: tuple[rules.Told, Row], kept: tuple[rules.Told, Row]) -> bool:
    if one[0].rank != kept[0].rank:
        return one[0].rank > kept[0].rank
    return (one[1].occurred_at, one[1].event_id) < (kept[1].occurred_at, kept[1].event_id)


def traits(told: Sequence[Telling]) -> dict[str, Any]:
    """The newest word of each public trait as columns; empty when nobody told any."""
    newest: dict[tuple[int, str], tuple[Any, datetime]] = {}
    for row, fact in told:
        for field, value in () if fact is None else rules.traits(fact).items():
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
