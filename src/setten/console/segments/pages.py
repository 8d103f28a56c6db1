"""Segments as people see them: all of them, and one from the inside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from setten.console import guard, lists
from setten.console.customers import people
from setten.console.customers.people import Person
from setten.console.page import Asked, Page, page_of
from setten.console.segments import drawing
from setten.console.segments.listed import MEMBERS, SEGMENTS
from setten.console.segments.telling import said, telling
from setten.console.shell.sign_in import redirect
from setten.customers import segments
from setten.customers.segments import Segment
from setten.platform import auth, clock, db
from setten.platform.auth import Right
from setten.platform.db import Connection

PASSAGES = 20
DAYS = 30


class Row(msgspec.Struct, frozen=True):
    """A segment in the list."""

    segment: Segment
    words: str


class Inside(msgspec.Struct, frozen=True):
    """A member, or who passed: a name only for those who may read names."""

    who: Person
    at: datetime
    event_id: str | None
    entered: bool = True
    cause: str = ""


def require_reader(page: Page) -> None:
    """Sizes and words name nobody: whoever may see the business's figures may see them."""
    if not page.who.may(Right.read_data):
        auth.require(page.who, Right.read_customers)


@get("/customers/segments", right=(Right.read_customers, Right.read_data))
async def list_page(request: Asked) -> Response[str]:
    """Segments with their words and sizes."""
    look = lists.look(SEGMENTS, request)
    page = look.page
    require_reader(page)
    async with guard.deps_of(request).pool.acquire() as conn:
        part = await lists.part(conn, look)
        tell = await telling(request, conn, page)
    rows = [Row(one, said(one.expression, page, tell)) for one in part.rows]
    may_change = page.who.may(Right.manage_segments)
    return page.render("segments/list.html", {"list": part, "rows": rows, "may_change": may_change})


@get("/customers/segments/{segment_id:int}", right=(Right.read_customers, Right.read_data))
async def inside(request: Asked, segment_id: FromPath[int]) -> Response[str]:
    """One segment: its words, its size over time, who passed by which event, its members."""
    look, deps = lists.look(MEMBERS, request), guard.deps_of(request)
    page = look.page
    require_reader(page)
    since = page.now - timedelta(days=DAYS)
    async with db.transaction(deps.pool) as conn:
        segment = await segments.get(conn, segment_id)
        flows = await segments.flows(conn, segment_id, since=since)
        passed = await segments.passages(
            conn, segment_id, since=since, until=page.now + timedelta(minutes=1), limit=PASSAGES
        )
        part = await lists.part(conn, look)
        names = await _names(
            conn, deps, page, [*(one.customer_id for one in passed),
                               *(one.customer_id for one in part.rows)],
        )  # fmt: skip
        others = [one for one in await segments.listed(conn) if one.segment_id != segment_id]
        users = set(await segments.used_by(conn, segment_id))
        versions = await segments.versions(conn, segment_id)
        staff = {f"staff:{one.staff_id}": one.name for one in await auth.list_staff(conn)}
        tell = await telling(request, conn, page)
    view = {
        "segment": segment,
        "words": said(segment.expression, page, tell),
        "steps": drawing.steps(flows, now_size=segment.size, since=since, until=page.now),
        "since": since,
        # Hours in which nobody passed say what was counted back.
        "is_counted_back": any(not one.entered and not one.gone for one in flows),
        "entered": sum(one.entered for one in flows),
        "gone": sum(one.gone for one in flows),
        "passed": [Inside(names[one.customer_id], one.at, one.event_id, one.entered, one.cause)
                   for one in passed],
        "members": [Inside(names[one.customer_id], one.entered_at, one.event_id)
                    for one in part.rows],
        "list": part,
        "users": [one for one in others if one.name in users],
        "versions": [(one, said(one.expression, page, tell), staff.get(one.by, ""))
                     for one in versions],
        "others": others,
        "may_change": page.who.may(Right.manage_segments),
        "may_open": people.may_list(page.who),
        "may_open_events": page.who.may(Right.read_data) or page.who.may(Right.read_customers),
    }  # fmt: skip
    return page.render("segments/inside.html", view)


async def _names(
    conn: Connection, deps: guard.Deps, page: Page, customers: Sequence[UUID]
) -> dict[UUID, Person]:
    """Names for whoever may read them, noted once; for others the ids alone."""
    ids = list(dict.fromkeys(customers))
    bare = {one: Person(one, "", "", f"/customers/{one}") for one in ids}
    if not people.may_list(page.who) or not ids:
        return bare
    told = await people.by_id(conn, deps.vault, ids, page.locale)
    await people.note(conn, page.who, list(told.values()), action="customers.listed", now=page.now)
    return bare | told


@post("/customers/segments/{segment_id:int}/retire", right=Right.manage_segments)
async def retire(request: Asked, segment_id: FromPath[int]) -> Response[str]:
    """End a segment that nothing is made of."""
    page = page_of(request)
    async with db.transaction(guard.deps_of(request).pool) as conn:
        await segments.retire(conn, segment_id, actor=page.who, now=clock.now())
    return redirect("/customers/segments")


@get("/customers/segments/compare", right=(Right.read_customers, Right.read_data))
async def compare(request: Asked, a: FromQuery[int] = 0, b: FromQuery[int] = 0) -> Response[str]:
    """Two segments beside each other: only in one, only in the other, in both."""
    page = page_of(request)
    require_reader(page)
    if not a or not b:
        return redirect("/customers/segments")  # they are chosen there
    async with guard.deps_of(request).pool.acquire() as conn:
        one, other = await segments.get(conn, a), await segments.get(conn, b)
        shared = await segments.overlap(conn, a, b)
        tell = await telling(request, conn, page)
    view = {
        "one": one,
        "other": other,
        "one_words": said(one.expression, page, tell),
        "other_words": said(other.expression, page, tell),
        "only_one": shared.a - shared.both,
        "only_other": shared.b - shared.both,
        "both": shared.both,
        "total": max(1, shared.a + shared.b - shared.both),
        "is_counted": one.is_filled and other.is_filled,
        "here": f"/customers/segments/compare?a={a}&b={b}",
    }
    return page.render("segments/compare.html", view)
