"""What the shop does with a hold before its customer comes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec

from setten.facts.stock import HoldExtended, HoldReady
from setten.platform import db, log
from setten.platform.db import Connection
from setten.stock import ledger
from setten.stock.holds.ending import Ended, open_lines, state_of
from setten.stock.holds.locking import lock_open
from setten.stock.holds.model import (
    TTL_S_MAX,
    BadHold,
    Hold,
    UnknownLine,
)
from setten.stock.holds.reading import find_many
from setten.stock.holds.shortening import Doomed, shorten_lines
from setten.stock.ledger import Account, Key

_Q = db.load(str(Path(__file__).with_name("store.py")))
_M = db.load(str(Path(__file__).with_name("moving.py")))


async def extend(conn: Connection, hold_id: UUID, *, ttl_s: int, now: datetime) -> Ended:
    """Let it run until `ttl_s` seconds from now, never shorter than it would.

    Raises UnknownHold, HoldEnded, BadHold.
    """
    if not 1 <= ttl_s <= TTL_S_MAX:
        raise BadHold(why="ttl_s", ttl_s_max=TTL_S_MAX)
    hold = await lock_open(conn, hold_id, now)
    until = max(hold.expires_at, now + timedelta(seconds=ttl_s))
    await _Q.set_expiry.run(conn, hold_id=hold_id, expires_at=until)
    entry = state_of(
        hold, HoldExtended(hold_id=hold_id, lines=open_lines(hold), expires_at=until), now
    )
    await log.state_all(conn, [entry])
    return Ended(msgspec.structs.replace(hold, expires_at=until), entry.event_id)


async def pick(
    conn: Connection, hold_id: UUID, *, now: datetime, lines: Sequence[Key] | None = None
) -> Hold:
    """Mark lines (all when none are named) as picked; with the last one the hold is ready.

    Picking twice changes nothing. Raises UnknownHold, HoldEnded.
    """
    hold = await lock_open(conn, hold_id, now)
    wanted = [(line.sku, line.location_id) for line in hold.lines if line.state == "held"]
    if lines is not None:
        wanted = [key for key in wanted if key in set(lines)]
    await _Q.pick.run(
        conn,
        hold_id=hold_id,
        skus=[sku for sku, _ in wanted],
        location_ids=[place for _, place in wanted],
    )
    await _M.settle.run(conn, hold_id=hold_id, now=now)
    return await settle_ready(conn, hold_id, now=now)


async def settle_ready(conn: Connection, hold_id: UUID, *, now: datetime) -> Hold:
    """Make a locked hold ready when all that is left of it is picked, and state it once."""
    hold = (await find_many(conn, [hold_id], now=now))[0]
    left = [line for line in hold.lines if line.is_open]
    if hold.state != "held" or not left or any(line.state == "held" for line in left):
        return hold
    await _Q.set_ready.run(conn, hold_id=hold_id, now=now)
    fact = HoldReady(hold_id=hold_id, lines=open_lines(hold))
    await log.state_all(conn, [state_of(hold, fact, now)])
    return msgspec.structs.replace(hold, state="ready", ready_at=now)


async def not_on_shelf(
    conn: Connection, hold_id: UUID, *, sku: str, location_id: str, now: datetime
) -> Hold:
    """The associate cannot find it: the line becomes short, and its units are booked as missing.

    When nothing is left the hold ends as short. Raises UnknownHold, HoldEnded, UnknownLine.
    """
    balances = await ledger.lock(conn, [(sku, location_id)])
    hold = await lock_open(conn, hold_id, now)
    line = next(
        (one for one in hold.lines if (one.sku, one.location_id) == (sku, location_id)), None
    )
    if line is None or not line.is_open:
        raise UnknownLine(sku=sku[:100], location_id=location_id[:100])
    doomed = Doomed(hold_id=hold_id, sku=sku, location_id=location_id, qty=line.qty)
    await shorten_lines(
        conn, [doomed], balances=balances, target=Account.shrinkage, by="shelf", now=now
    )
    return await settle_ready(conn, hold_id, now=now)
