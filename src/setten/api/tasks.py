"""Tasks of a shop over JSON: what stock gives its people to do."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from setten.api import guard
from setten.api.state import Deps
from setten.platform import clock, db
from setten.platform.auth import Actor
from setten.stock import tasks

LOCATION_ID_LENGTH_MAX = 100


class TasksBody(msgspec.Struct, frozen=True):
    """Open tasks of a place, oldest first."""

    items: list[tasks.Task]
    next_cursor: str | None


@get("/tasks", guards=[guard.allow("server", "agent")])
async def list_tasks(
    deps: NamedDependency[Deps],
    location_id: Annotated[str, QueryParameter(max_length=LOCATION_ID_LENGTH_MAX)],
    cursor: FromQuery[UUID | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=tasks.PAGE_MAX)] = 50,
) -> TasksBody:
    """What a shop has to do: promises that cannot be kept, goods to put back."""
    place = location_id.replace("\x00", "")
    async with deps.pool.acquire() as conn:
        found = await tasks.list_open(conn, place, after=cursor, limit=limit)
    return TasksBody(found, str(found[-1].task_id) if len(found) == limit else None)


@post("/tasks/{task_id:uuid}/done", status_code=200, guards=[guard.allow("server", "agent")])
async def finish_task(
    task_id: FromPath[UUID], deps: NamedDependency[Deps], actor: NamedDependency[Actor]
) -> tasks.Task:
    """Mark a task done; 409 `task_done` when somebody did."""
    async with db.transaction(deps.pool) as conn:
        return await tasks.finish(conn, task_id, by=actor.label, now=clock.now())
