"""Taking a hold for one's own until the transaction ends. Rows of stock are locked before it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from uuid import UUID

from setten.platform import db
from setten.platform.db import Connection
from setten.stock.holds.model import Hold, HoldEnded, UnknownHold
from setten.stock.holds.reading import holds_from

_Q = db.load(str(Path(__file__).with_name("store.py")))


async def lock_open(conn: Connection, hold_id: UUID, now: datetime) -> Hold:
    """The hold, locked. Raises UnknownHold, HoldEnded."""
    rows = await _Q.lock_holds.all(conn, hold_ids=[hold_id])
    if not rows:
        raise UnknownHold(hold_id=str(hold_id))
    hold = holds_from(rows, await _Q.lines_of.all(conn, hold_ids=[hold_id]), now=now)[0]
    if not hold.is_open:
        raise HoldEnded(hold_id=str(hold_id), state=hold.state)
    return hold
