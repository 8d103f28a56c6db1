"""Which segments moved most: for the day's page, in sums that the reader keeps."""

from __future__ import annotations

from datetime import datetime

import msgspec

from setten.platform import db
from setten.platform.db import Connection

_Q = db.load(__file__)
MOVED_MAX = 20  # of a page of the day; all of them are in the list of segments


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """A segment and how many customers entered and left it."""

    segment_id: int
    name: str
    entered: int
    gone: int


async def moved(conn: Connection, *, since: datetime, most: int) -> tuple[Moved, ...]:
    """Living segments that anybody entered or left since an hour, the most first."""
    rows = await _Q.moved.all(conn, since=since, most=min(most, MOVED_MAX))
    return tuple(Moved(**dict(row)) for row in rows)
