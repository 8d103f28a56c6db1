"""Holds of which something is no longer wanted, or turned out not to be usable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

from setten.facts.stock import GoodsLine, HoldReduced, HoldReleased
from setten.platform import db, log
from setten.platform.db import Connection
from setten.stock import allocations, ledger, tasks
from setten.stock.holds import rules
from setten.stock.holds.ending import (
    RELEASED,
    Ended,
    end_many,
    must_be_locked,
    open_lines,
    state_of,
)
from setten.stock.holds.handing import moves, put_back, settle_shares, shares_of
from setten.stock.holds.locking import lock_open
from setten.stock.holds.model import BadHold, Hold
from setten.stock.holds.picking import settle_ready
from setten.stock.holds.reading import get
from setten.stock.holds.rules import Part
from setten.stock.ledger import Account

_Q = db.load(str(Path(__file__).with_name("handing.py")))
_S = db.load(str(Path(__file__).with_name("store.py")))


async def give_back(
    conn: Connection, hold_id: UUID, lines: Sequence[GoodsLine], *, by: str, now: datetime
) -> Ended:
    """Some of it is no longer wanted: those units are free again; with the last it is released.

    Raises UnknownHold, HoldEnded, BadHold.
    """
    before = await get(conn, hold_id, now=now)
    balances = await ledger.lock(conn, [(one.sku, one.location_id) for one in before.lines])
    hold = await lock_open(conn, hold_id, now)
    must_be_locked(balances, [hold])
    parts = rules.parts(hold.lines, lines)
    if isinstance(parts, BadHold):
        raise parts
    if not any(part.left for part in parts):
        return (await end_many(conn, [hold_id], RELEASED, by=by, now=now))[0]
    freed = [(p.line, p.taken, Account.on_hand, "hold_released") for p in parts if p.taken]
    await ledger.post(conn, moves(hold_id, freed), balances=balances, now=now)
    shares = await shares_of(conn, hold_id)
    await settle_shares(conn, hold_id, [(p.line, p.taken) for p in parts], shares)
    await _shrink(conn, hold, parts, now)
    gone = tuple(GoodsLine(p.line.sku, p.line.location_id, p.taken) for p in parts if p.taken)
    entry = state_of(hold, HoldReduced(hold_id=hold_id, lines=gone), now)
    await log.state_all(conn, [entry])
    return Ended(await settle_ready(conn, hold_id, now=now), entry.event_id)


async def withdraw(
    conn: Connection, hold_id: UUID, *, gone: Mapping[str, Account], by: str, now: datetime
) -> Ended:
    """Give up a hold of which some goods turned out not to be usable: those go to an account by
    sku (shrinkage, quarantine), the others are free again. Raises UnknownHold, HoldEnded.
    """
    before = await get(conn, hold_id, now=now)
    balances = await ledger.lock(conn, [(one.sku, one.location_id) for one in before.lines])
    hold = await lock_open(conn, hold_id, now)
    must_be_locked(balances, [hold])
    open_ones = [one for one in hold.lines if one.is_open]
    freed = [
        (one, one.qty, gone.get(one.sku, Account.on_hand), "hold_released") for one in open_ones
    ]
    await ledger.post(conn, moves(hold_id, freed), balances=balances, now=now)
    ended = await _S.end_lines.all(conn, hold_ids=[hold_id], state=RELEASED.state, receipt_id=None)
    there = [row for row in ended if row["sku"] not in gone]
    await allocations.give_back(conn, allocations.given_in(there))
    await _S.end_holds.run(conn, hold_ids=[hold_id], state=RELEASED.state, now=now, ended_by=by)
    back = [Part(one, one.qty, 0) for one in open_ones
            if one.state == "picked" and one.sku not in gone]  # fmt: skip
    await tasks.open_many(conn, [put_back(hold, one, one.taken) for one in back], now=now)
    entry = state_of(hold, HoldReleased(hold_id=hold_id, lines=open_lines(hold)), now)
    await log.state_all(conn, [entry])
    return Ended(await get(conn, hold_id, now=now), entry.event_id)


async def _shrink(conn: Connection, hold: Hold, parts: Sequence[Part], now: datetime) -> None:
    whole = [p.line for p in parts if p.taken and not p.left]
    less = [p for p in parts if p.taken and p.left]
    await _Q.release_lines.run(
        conn,
        hold_id=hold.hold_id,
        skus=[one.sku for one in whole],
        location_ids=[one.location_id for one in whole],
    )
    await _Q.shrink_lines.run(
        conn,
        hold_id=hold.hold_id,
        skus=[p.line.sku for p in less],
        location_ids=[p.line.location_id for p in less],
        qtys=[p.left for p in less],
    )
    picked = [p for p in parts if p.taken and p.line.state == "picked"]
    openings = [put_back(hold, p, p.taken) for p in picked]
    await tasks.open_many(conn, openings, now=now)
