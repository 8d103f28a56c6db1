"""Tasks as a list: what shops have to see to, over all of one's shops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args
from uuid import UUID

import msgspec
from litestar import Response, get

from setten.console import guard, lists, places
from setten.console.customers import people
from setten.console.lists import Column, Filter, ListOf, Look, Order, Word
from setten.console.page import Asked, Page
from setten.console.places import named
from setten.console.stock import naming
from setten.console.stock.goods import goods
from setten.console.stock.queue import Chore, chore
from setten.platform import db
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.platform.vault import Vault
from setten.stock import holds, locations, tasks
from setten.stock.tasks import Task

Kind = Literal[
    "", "hold_short", "preorder_short", "put_back", "count_shelf", "count_waiting",
    "transfer_missing", "stock_disagrees", "stock_drifts",
]  # fmt: skip


class TaskFilter(Filter, frozen=True, kw_only=True):
    """A place, all of one's own when the link says none; what is to be done."""

    at: Word = ""
    kind: Kind = ""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A task of the list, and whether this person may end it."""

    chore: Chore
    place: str
    is_mine: bool


async def _open(conn: Connection, look: Look[TaskFilter, Task]) -> list[Task]:
    mine = (look.asked.at,) if look.asked.at else look.page.who.locations
    return await tasks.listed(
        conn,
        location_ids=mine,
        kind=look.asked.kind,
        after=look.after[0] if look.after else None,
        limit=look.most,
        newest_first=look.falls,
    )


# Ids of tasks begin with the moment they were opened: in their order, that is theirs.
TASKS = ListOf[TaskFilter, Task](
    name="tasks",
    audit="tasks.exported",
    path="/stock/tasks",
    file="/stock/tasks.csv",
    right=Right.read_stock,
    filters=TaskFilter,
    sort="opened_at",
    fetch=_open,
    ident=lambda one: str(one.task_id),
    beside=("said",),
    at_once=tasks.PAGE_MAX - 1,
    columns=(
        Column(name="task_id", told=lambda one, _: one.task_id),
        Column(name="kind", word="tasks.what", told=lambda one, _: one.kind),
        Column(name="who", word="tasks.who"),
        Column(name="location_id", told=lambda one, _: one.location_id),
        Column(
            name="place", word="lists_of.place", told=lambda one, line: line.names(one.location_id)
        ),
        Column(name="sku", told=lambda one, _: one.sku),
        Column(name="units", told=lambda one, _: one.qty),
        Column(name="hold_id", told=lambda one, _: one.hold_id),
        Column(name="alternative", told=lambda one, _: one.alternative),
        Column(
            name="opened_at",
            word="tasks.opened",
            told=lambda one, _: one.opened_at.isoformat(),
            order=Order(lambda one: (one.task_id,), (UUID,)),
        ),
        Column(name="act", word="tasks.act"),
    ),
)


@get(TASKS.path, right=Right.read_stock)
async def tasks_page(request: Asked) -> Response[str]:
    """Open tasks, the oldest first."""
    look, deps = lists.look(TASKS, request), guard.deps_of(request)
    page = look.page
    async with db.transaction(deps.pool) as conn:
        part = await lists.part(conn, look)
        every = await locations.list_all(conn)
        names = await named(request, conn, page.locale)
        chores = await _chores(request, conn, page, deps.vault, part.rows)
    view = {
        "list": part,
        "kinds": [one for one in get_args(Kind) if one],
        "places": [(one.location_id, places.name_of(one, page.locale)) for one in every],
        "is_done": look.beside.get("said") == "done",
        "rows": [
            Row(chore=shown, place=names(one.location_id), is_mine=_may_end(page, one))
            for one, shown in zip(part.rows, chores, strict=True)
        ],
    }
    return page.render("stock/tasks.html", view)


def _may_end(page: Page, one: Task) -> bool:
    return page.who.may(Right.hand_over) and page.who.may_at(one.location_id)


async def _chores(
    request: Asked, conn: Connection, page: Page, vault: Vault, found: Sequence[Task]
) -> list[Chore]:
    ids = list(dict.fromkeys(one.hold_id for one in found if one.hold_id))
    about = {one.hold_id: one for one in await holds.find_many(conn, ids, now=page.now)}
    told = [
        (about[one.hold_id].identifier_id, [one.location_id])
        for one in found
        if one.hold_id in about
    ]
    who = await naming.shown(conn, vault, page, told)
    await people.note(conn, page.who, list(who.values()), action="tasks.viewed", now=page.now)
    shown = await goods(conn, sorted({one.sku for one in found if one.sku}), page)
    names = await named(request, conn, page.locale)
    return [chore(one, about, who, shown, names) for one in found]
