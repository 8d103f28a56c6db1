"""Reading the audit back: by who, by what, about whom, from when to when; newest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from setten.platform import db
from setten.platform.audit.service import Noted
from setten.platform.db import Connection

_Q = db.load(__file__)
PAGE_MAX = 10_000
"""Entries of one answer: what a spreadsheet still opens at once."""
_EVER = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC))


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries. actor: a label, "" for any. customers: all ids that one person ever had."""

    actor: str = ""
    action: str = ""
    customers: tuple[UUID, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


async def entries(
    conn: Connection,
    sought: Sought,
    *,
    past: tuple[datetime, int] | None = None,
    most: int = 50,
    oldest_first: bool = False,
) -> list[Noted]:
    """Entries newest first. past: moment and number of the last one seen."""
    last_at, last_id = past or db.end(datetime, int, largest=not oldest_first)
    query, which = _chosen(sought)
    rows = await query.turned(oldest_first).all(
        conn,
        **which,
        since=sought.since or _EVER[0],
        until=sought.until or _EVER[1],
        last_at=last_at,
        last_id=last_id,
        most=min(most, PAGE_MAX),
    )
    return [Noted(**{**dict(row), "fields": tuple(row["fields"])}) for row in rows]


def _chosen(sought: Sought) -> tuple[db.Query, dict[str, object]]:
    """The statement whose index narrows most, and what it asks."""
    if sought.customers:
        return _Q.about, {
            "customers": list(sought.customers),
            "actor": sought.actor,
            "action": sought.action,
        }
    if sought.actor:
        return _Q.by, {"actor": sought.actor, "action": sought.action}
    if sought.action:
        return _Q.of, {"action": sought.action}
    return _Q.whole, {}


async def actions(conn: Connection) -> Sequence[str]:
    """Every action that was ever noted, in order; as many steps as there are actions."""
    return [str(row["action"]) for row in await _Q.actions.all(conn)]


async def counted(
    conn: Connection, names: Sequence[str], *, since: datetime, most: int
) -> dict[str, int]:
    """How often each of these actions was noted since a moment, up to `most` of each."""
    rows = await _Q.counted.all(conn, actions=list(names), since=since, most=min(most, PAGE_MAX))
    return {row["action"]: row["n"] for row in rows}
