"""Promises that cannot be kept: the units are not there. Known at once, and said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec

from setten.facts.stock import GoodsLine, HoldShort
from setten.platform import db, log
from setten.platform.db import Connection
from setten.stock import availability, ledger, tasks
from setten.stock.holds import rules
from setten.stock.holds.ending import state_of
from setten.stock.holds.moving import make_way
from setten.stock.holds.placing import take_back_due
from setten.stock.holds.reading import find_many
from setten.stock.holds.rules import Promise
from setten.stock.ledger import Account, Balance, Entry, Key

_Q = db.load(str(Path(__file__).with_name("store.py")))
PROMISES_MAX = 10_000  # open lines weighed on one row at once


class Doomed(msgspec.Struct, frozen=True, kw_only=True):
    """A line that cannot be kept."""

    hold_id: UUID
    sku: str
    location_id: str
    qty: int


class Shortened(msgspec.Struct, frozen=True, kw_only=True):
    """A line that became short, and the nearest other place that has the goods."""

    hold_id: UUID
    sku: str
    location_id: str
    qty: int
    alternative: str | None
    event_id: str


async def shorten(
    conn: Connection, balances: Mapping[Key, Balance], *, now: datetime
) -> list[Shortened]:
    """Find the rows where more is promised than is there, and end the youngest unpicked promises.

    balances: rows the caller has locked, as they are now. Opens a task for the shop and states
    `stock.hold_short` for each line, in the caller's transaction.
    """
    rows = dict(balances)
    over = {key for key, row in rows.items() if _lacking(row) > 0}
    # What ran out is nobody's any more: it gives way before any promise that still stands.
    await take_back_due(conn, over, rows, now)
    await make_way(conn, rows, over, now)
    doomed: list[Doomed] = []
    for sku, place in sorted(over):
        lacking = _lacking(rows[sku, place])
        if lacking > 0:
            doomed += await _choose(conn, sku, place, lacking)
    if not doomed:
        return []
    return await shorten_lines(
        conn, doomed, balances=rows, target=Account.on_hand, by="till", now=now
    )


def _lacking(row: Balance) -> int:
    """Promised units that are not there."""
    return min(row.held, -row.on_hand)


async def _choose(conn: Connection, sku: str, place: str, lacking: int) -> list[Doomed]:
    rows = await _Q.promises_on.all(conn, sku=sku, location_id=place, most=PROMISES_MAX)
    promises = [Promise(str(r["hold_id"]), r["qty"], r["is_picked"]) for r in rows]
    return [
        Doomed(hold_id=UUID(one.hold_id), sku=sku, location_id=place, qty=one.qty)
        for one in rules.choose_short(promises, lacking=lacking)
    ]


async def shorten_lines(
    conn: Connection,
    doomed: Sequence[Doomed],
    *,
    balances: Mapping[Key, Balance],
    target: Account,
    by: str,
    now: datetime,
) -> list[Shortened]:
    """End these lines as short; their units go to `target`. Rows of stock are locked.

    A hold with nothing left ends as short too.
    """
    hold_ids = sorted({one.hold_id for one in doomed})
    await _Q.lock_holds.all(conn, hold_ids=hold_ids)
    await _Q.shorten_lines.run(
        conn,
        hold_ids=[one.hold_id for one in doomed],
        skus=[one.sku for one in doomed],
        location_ids=[one.location_id for one in doomed],
    )
    await ledger.post(conn, _entries(doomed, target), balances=balances, now=now)
    over = await _Q.without_open_lines.all(conn, hold_ids=hold_ids)
    await _Q.end_holds.run(
        conn,
        hold_ids=[row["hold_id"] for row in over],
        state="short",
        now=now,
        ended_by=f"system:{by}",
    )
    return await _tell(conn, doomed, now)


def _entries(doomed: Sequence[Doomed], target: Account) -> list[Entry]:
    return [
        Entry(
            sku=one.sku,
            location_id=one.location_id,
            source=Account.held,
            target=target,
            qty=one.qty,
            cause="hold_short",
            cause_id=one.hold_id,
        )
        for one in doomed
    ]


async def _tell(conn: Connection, doomed: Sequence[Doomed], now: datetime) -> list[Shortened]:
    found = await find_many(conn, sorted({one.hold_id for one in doomed}), now=now)
    holds = {hold.hold_id: hold for hold in found}
    told, entries = [], []
    for one in doomed:
        other = await availability.nearest_other(
            conn, one.sku, one.location_id, qty=one.qty, now=now
        )
        line = GoodsLine(one.sku, one.location_id, one.qty)
        fact = HoldShort(hold_id=one.hold_id, lines=(line,), alternative=other)
        entry = state_of(holds[one.hold_id], fact, now)
        entries.append(entry)
        told.append(
            Shortened(
                hold_id=one.hold_id,
                sku=one.sku,
                location_id=one.location_id,
                qty=one.qty,
                alternative=other,
                event_id=entry.event_id,
            )
        )
    await log.state_all(conn, entries)
    await tasks.open_many(conn, [_task(one) for one in told], now=now)
    return told


def _task(one: Shortened) -> tasks.Opening:
    return tasks.Opening(
        kind="hold_short",
        location_id=one.location_id,
        hold_id=one.hold_id,
        sku=one.sku,
        qty=one.qty,
        alternative=one.alternative,
    )
