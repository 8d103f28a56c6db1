"""Short holds last while their customers are active: bounded, and shorter where others wait."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec

from setten.facts.stock import HoldExtended
from setten.platform import db, log
from setten.platform.db import Connection
from setten.stock.holds import rules
from setten.stock.holds.ending import open_lines, state_of
from setten.stock.holds.model import Hold
from setten.stock.holds.reading import find_many, holds_from

_Q = db.load(str(Path(__file__).with_name("store.py")))
SOON = timedelta(minutes=1)  # before it runs out: then it is decided whether it lasts
LOOKED_AT_MAX = 500  # a transaction; the log's readers wait for no longer one


class Place(msgspec.Struct, frozen=True):
    """Where a walk through the holds that run out next has come."""

    at: datetime
    hold_id: UUID


async def soon_over(
    conn: Connection, *, now: datetime, after: Place | None = None, most: int = LOOKED_AT_MAX
) -> list[Hold]:
    """Holds that run out within SOON and may last while their customers are active, next first."""
    rows = await _Q.soon_over.all(
        conn,
        after_at=after.at if after else now,
        after_id=after.hold_id if after else UUID(int=2**128 - 1),
        before=now + SOON,
        placed_after=now - rules.IN_ALL,
        most=min(most, LOOKED_AT_MAX),
    )
    return await find_many(conn, [row["hold_id"] for row in rows], now=now)


async def last_while_active(
    conn: Connection, active: Mapping[UUID, datetime], *, now: datetime
) -> int:
    """Extend holds whose customers did something, by the rule; how many.

    active: by hold, when she last did. States `stock.hold_extended`. One that has run out, or was
    handed over meanwhile, stays as it is.
    """
    rows = await _Q.lock_holds.all(conn, hold_ids=list(active))
    lines = await _Q.lines_of.all(conn, hold_ids=list(active))
    last = {row["hold_id"] for row in await _Q.on_the_last.all(conn, hold_ids=list(active))}
    entries = []
    for hold in holds_from(rows, lines, now=now):
        until = rules.lasting(
            hold, active_at=active[hold.hold_id], is_on_the_last=hold.hold_id in last
        )
        if until is None:
            continue
        await _Q.set_expiry.run(conn, hold_id=hold.hold_id, expires_at=until)
        fact = HoldExtended(
            hold_id=hold.hold_id, lines=open_lines(hold), expires_at=until, because="active"
        )
        entries.append(state_of(hold, fact, now))
    await log.state_all(conn, entries)
    return len(entries)
