"""Open tasks as a list: of everybody, of one's places, of one kind, from either end."""

from __future__ import annotations

from uuid import uuid4

from tests.console.listing import mark

from setten.platform import clock
from setten.platform.db import Connection
from setten.stock import tasks
from setten.stock.tasks import Opening


async def test_tasks_of_several_places_are_read_as_one_list_from_either_end(
    conn: Connection,
) -> None:
    here, there, elsewhere = mark(), mark(), mark()
    kinds = ("put_back", "hold_short", "put_back")
    await tasks.open_many(
        conn,
        [Opening(kind=kind, location_id=place) for kind in kinds
         for place in (here, there, elsewhere)],
        now=clock.now(),
    )  # fmt: skip
    mine = await tasks.listed(conn, location_ids=[here, there, here])
    assert sorted(one.location_id for one in mine) == sorted([here, there] * 3)
    assert [one.task_id for one in mine] == sorted(one.task_id for one in mine)
    newest = await tasks.listed(conn, location_ids=[here, there], newest_first=True)
    assert newest == mine[::-1]
    further = await tasks.listed(conn, location_ids=[here, there], after=mine[1].task_id, limit=3)
    assert further == mine[2:5]
    broken = await tasks.listed(conn, location_ids=[here, there], kind="hold_short")
    assert {one.location_id for one in broken} == {here, there}
    assert {one.kind for one in broken} == {"hold_short"}
    assert [one.location_id for one in await tasks.listed(conn, location_ids=[there])] == [
        there
    ] * 3
    every = await tasks.listed(conn, newest_first=True, limit=9)
    assert {one.location_id for one in every} == {here, there, elsewhere}
    short = await tasks.listed(conn, kind="hold_short", newest_first=True, limit=3)
    assert {one.location_id for one in short} == {here, there, elsewhere}


async def test_a_task_that_was_done_leaves_every_list(conn: Connection) -> None:
    here, about = mark(), uuid4()
    await tasks.open_many(
        conn, [Opening(kind="put_back", location_id=here, about=about)], now=clock.now()
    )
    await tasks.finish_about(conn, about, by="test", now=clock.now())
    assert await tasks.listed(conn, location_ids=[here]) == []
    assert all(one.about != about for one in await tasks.listed(conn, newest_first=True))
