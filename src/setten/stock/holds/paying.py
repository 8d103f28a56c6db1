"""Holds that a till's receipt pays for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec

from setten.facts.stock import GoodsLine, HoldCollected
from setten.platform import db, log
from setten.platform.db import Connection
from setten.stock.holds.ending import state_of
from setten.stock.holds.model import Hold
from setten.stock.holds.reading import find_many, holds_from

_Q = db.load(str(Path(__file__).with_name("store.py")))
HOLDS_MAX = 2_000  # holds that the receipts of one call may meet
# A code is said at the counter and the till prints within the visit; a till that was offline tells
# at closing time.
PAID_AFTER = timedelta(hours=24)


class Payable(msgspec.Struct, frozen=True, kw_only=True):
    """A hold that may be paid for, and its lines that were handed over and not yet paid."""

    hold: Hold
    handed_over: tuple[GoodsLine, ...]


async def payable(
    conn: Connection,
    *,
    location_ids: Sequence[str],
    identifier_ids: Sequence[int],
    codes: Sequence[str],
    hold_ids: Sequence[UUID],
    now: datetime,
) -> list[Payable]:
    """Holds at these places, of these people or named so, locked.

    The caller has locked the rows of stock that it sells from.
    """
    if not (identifier_ids or codes or hold_ids):
        return []
    rows = await _Q.of_owners.all(
        conn,
        location_ids=list(location_ids),
        identifier_ids=list(identifier_ids),
        codes=list(codes),
        hold_ids=list(hold_ids),
        since=now - PAID_AFTER,
        most=HOLDS_MAX,
    )
    found = [row["hold_id"] for row in rows]
    if not found:
        return []
    locked = await _Q.lock_holds.all(conn, hold_ids=found)
    holds = holds_from(locked, await _Q.lines_of.all(conn, hold_ids=found), now=now)
    unpaid: dict[UUID, list[GoodsLine]] = {}
    for row in await _Q.collected_unpaid.all(conn, hold_ids=found):
        line = GoodsLine(row["sku"], row["location_id"], row["qty"])
        unpaid.setdefault(row["hold_id"], []).append(line)
    return [
        Payable(hold=hold, handed_over=tuple(unpaid.get(hold.hold_id, ())))
        for hold in holds
        if hold.is_open or hold.hold_id in unpaid
    ]


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """A line that a receipt pays for. Its units are booked by the receipt."""

    hold_id: UUID
    sku: str
    location_id: str
    receipt_id: UUID


async def pay(conn: Connection, payments: Sequence[Payment], *, by: str, now: datetime) -> None:
    """Mark lines as collected and paid; a hold with nothing left is collected, and that is stated.

    The caller has locked the holds (`payable`) and books the units.
    """
    if not payments:
        return
    await _Q.mark_paid.run(
        conn,
        hold_ids=[one.hold_id for one in payments],
        skus=[one.sku for one in payments],
        location_ids=[one.location_id for one in payments],
        receipt_ids=[one.receipt_id for one in payments],
    )
    receipt_of = {one.hold_id: one.receipt_id for one in payments}
    over = await _Q.without_open_lines.all(conn, hold_ids=list(receipt_of))
    ended = [row["hold_id"] for row in over]
    await _Q.end_holds.run(conn, hold_ids=ended, state="collected", now=now, ended_by=by)
    entries = []
    for hold in await find_many(conn, ended, now=now):
        lines = tuple(
            GoodsLine(line.sku, line.location_id, line.qty)
            for line in hold.lines
            if line.state == "collected"
        )
        fact = HoldCollected(hold_id=hold.hold_id, lines=lines, receipt_id=receipt_of[hold.hold_id])
        entries.append(state_of(hold, fact, now))
    await log.state_all(conn, entries)
