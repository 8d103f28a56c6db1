"""Work that stock gives the people of a shop: a promise that cannot be kept, goods to put back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from setten.platform import db, ids
from setten.platform.db import Connection
from setten.platform.errors import Conflict, NotFound

_Q = db.load(__file__)
PAGE_MAX = 200
_FIRST = UUID(int=0)


class UnknownTask(NotFound):
    """There is no such task."""

    code = "unknown_task"


class TaskDone(Conflict):
    """Somebody did this already. facts: done_by."""

    code = "task_done"


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """A task to open. kind: a word such as hold_short or put_back. about: the paper it is about."""

    kind: str
    location_id: str
    hold_id: UUID | None = None
    sku: str | None = None
    qty: int | None = None
    alternative: str | None = None
    about: UUID | None = None


class Task(Opening, frozen=True, kw_only=True):
    """A task as it stands."""

    task_id: UUID
    opened_at: datetime
    done_at: datetime | None = None
    done_by: str | None = None


async def open_many(conn: Connection, openings: Sequence[Opening], *, now: datetime) -> None:
    """Open tasks."""
    if openings:
        await _Q.open_many.run(
            conn,
            now=now,
            task_ids=[ids.uuid7() for _ in openings],
            kinds=[o.kind for o in openings],
            location_ids=[o.location_id for o in openings],
            hold_ids=[o.hold_id for o in openings],
            skus=[o.sku for o in openings],
            qtys=[o.qty for o in openings],
            alternatives=[o.alternative for o in openings],
            abouts=[o.about for o in openings],
        )


async def list_open(
    conn: Connection, location_id: str, *, after: UUID | None = None, limit: int = PAGE_MAX
) -> list[Task]:
    """Open tasks of a place, oldest first; pages by the last task_id."""
    rows = await _Q.list_open.all(
        conn, location_id=location_id, after=after or _FIRST, most=min(limit, PAGE_MAX)
    )
    return [Task(**dict(row)) for row in rows]


async def listed(
    conn: Connection,
    *,
    location_ids: Sequence[str] = (),
    kind: str = "",
    after: UUID | None = None,
    limit: int = PAGE_MAX,
    newest_first: bool = False,
) -> list[Task]:
    """Open tasks of these places, of all when none is named; oldest first, of one kind or of any;
    pages by the last task_id."""
    [last] = (after,) if after else db.end(UUID, largest=newest_first)
    query, args = _listing(location_ids, kind)
    rows = await query.turned(newest_first).all(conn, after=last, most=min(limit, PAGE_MAX), **args)
    return [Task(**dict(row)) for row in rows]


def _listing(location_ids: Sequence[str], kind: str) -> tuple[db.Query, dict[str, object]]:
    places = list(dict.fromkeys(location_ids))
    if len(places) > 1:
        return _Q.open_at_many, {"location_ids": places, "kind": kind or None}
    if places:
        return _Q.open_at, {"location_id": places[0], "kind": kind or None}
    return (_Q.open_of_kind, {"kind": kind}) if kind else (_Q.open_everywhere, {})


async def finish(conn: Connection, task_id: UUID, *, by: str, now: datetime) -> Task:
    """Mark a task done. Raises UnknownTask, TaskDone."""
    row = await _Q.finish.maybe(conn, task_id=task_id, done_by=by, now=now)
    if row is not None:
        return Task(**dict(row))
    known = await _Q.by_id.maybe(conn, task_id=task_id)
    if known is None:
        raise UnknownTask(task_id=str(task_id))
    raise TaskDone(task_id=str(task_id))


async def finish_about(conn: Connection, about: UUID, *, by: str, now: datetime) -> None:
    """Mark the open tasks about a paper done: what they asked for has happened."""
    await _Q.finish_about.run(conn, about=about, done_by=by, now=now)


async def alternatives(conn: Connection, hold_ids: Sequence[UUID]) -> dict[UUID, str]:
    """For holds that became short: the place that could promise the goods at that moment."""
    if not hold_ids:
        return {}
    rows = await _Q.alternatives.all(conn, hold_ids=list(hold_ids))
    return {row["hold_id"]: row["alternative"] for row in rows}
