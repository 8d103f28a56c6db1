"""The first steps of an installation, each known to be done by what it leaves behind."""

from __future__ import annotations

import msgspec

from setten.platform import db
from setten.platform.db import Connection

_Q = db.load(__file__)
STEPS = ("source", "event", "places", "staff", "items", "stock", "till")
"""In the order in which each rests on the one before."""


class Beginning(msgspec.Struct, frozen=True):
    """Which steps are done."""

    done: frozenset[str]

    @property
    def next_step(self) -> str:
        """The first that is not done; "" when all are."""
        return next((step for step in STEPS if step not in self.done), "")


async def look(conn: Connection) -> Beginning:
    """Where an installation stands: seven questions that each stop at their first row."""
    row = await _Q.done.one(conn)
    return Beginning(frozenset(step for step in STEPS if row[step]))
