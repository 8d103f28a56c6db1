"""Counts over JSON: a sheet, the numbers given blind, the differences booked."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter, RawBody

from setten.api import guard, idempotency
from setten.api.availability import clean
from setten.api.state import Deps
from setten.platform import clock, db
from setten.platform.auth import Actor
from setten.platform.db import Connection
from setten.stock import counts
from setten.stock.counts import LINES_MAX, PAGE_MAX, QTY_MAX, Count, Sheet, SheetLine
from setten.stock.holds import Shortened

_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class SheetIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to count: a place, only shelves that begin so, or certain goods."""

    location_id: _Id
    shelf: _Id | None = None
    skus: Annotated[list[str], msgspec.Meta(max_length=LINES_MAX)] = []


class CountedIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Units that were counted on the shelf; without what lies in bags for customers."""

    sku: _Id
    # gt, not ge: the writer of the OpenAPI description forgets a bound of 0
    qty: Annotated[int, msgspec.Meta(gt=-1, le=QTY_MAX)]


class CountedLinesIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Numbers given in this moment; the last of one sku counts."""

    lines: Annotated[list[CountedIn], msgspec.Meta(min_length=1, max_length=LINES_MAX)]


class CountLineBody(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of goods. expected, differs and booked are null while the count is open: blind."""

    sku: str
    shelf: str | None
    counted: int | None
    counted_at: datetime | None
    expected: int | None
    differs: int | None
    booked: int | None


class CountBody(msgspec.Struct, frozen=True, kw_only=True):
    """One count. state: open, waiting (for a second person), booked or cancelled."""

    count_id: UUID
    location_id: str
    shelf: str | None
    state: str
    opened_at: datetime
    submitted_at: datetime | None
    ended_at: datetime | None
    lines: list[CountLineBody]
    short: tuple[Shortened, ...] = ()


class CountsBody(msgspec.Struct, frozen=True):
    """Counts, newest first; `next_cursor` asks for more."""

    items: list[CountBody]
    next_cursor: str | None


def router() -> Router:
    """The routes of counts, under /api/v1/stock."""
    return Router(
        path="/api/v1/stock/counts",
        route_handlers=[open_sheet, list_counts, view, give, submit, approve, send_back, cancel],
        dependencies={"actor": guard.provide_actor},
        tags=["stock"],
    )


def _line(line: SheetLine, *, is_blind: bool) -> CountLineBody:
    hides = is_blind or line.counted is None
    return CountLineBody(
        sku=line.sku,
        shelf=line.shelf,
        counted=line.counted,
        counted_at=line.counted_at,
        expected=None if hides else line.expected,
        differs=None if hides else line.differs,
        booked=None if hides else line.booked,
    )


def _shown(one: Count, short: tuple[Shortened, ...] = ()) -> CountBody:
    is_blind = one.state is counts.CountState.open
    return CountBody(
        count_id=one.count_id,
        location_id=one.location_id,
        shelf=one.shelf,
        state=one.state.value,
        opened_at=one.opened_at,
        submitted_at=one.submitted_at,
        ended_at=one.ended_at,
        lines=[_line(line, is_blind=is_blind) for line in one.lines],
        short=short,
    )


@post("/", status_code=201, guards=[guard.allow("server")])
async def open_sheet(
    data: JSONBody[SheetIn],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[CountBody]:
    """Open a sheet with what should lie there."""
    claim = idempotency.claim_for(actor, "counts", key, body)
    sheet = Sheet(location_id=data.location_id, shelf=data.shelf, skus=tuple(data.skus))

    async def work(conn: Connection) -> tuple[int, Any, str | None]:
        made = await counts.open_sheet(conn, sheet, by=actor.label, now=clock.now())
        return 201, _shown(made), None

    return await idempotency.once(deps.pool, claim, work)


@get("/", guards=[guard.allow("server")])
async def list_counts(
    deps: NamedDependency[Deps],
    location_id: Annotated[str, QueryParameter(max_length=100)],
    cursor: FromQuery[UUID | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)] = 20,
) -> CountsBody:
    """Counts of a place, newest first."""
    async with deps.pool.acquire() as conn:
        found = await counts.counts_at(conn, clean(location_id), before=cursor, limit=limit)
    more = str(found[-1].count_id) if len(found) == limit else None
    return CountsBody([_shown(one) for one in found], more)


@get("/{count_id:uuid}", guards=[guard.allow("server")])
async def view(count_id: FromPath[UUID], deps: NamedDependency[Deps]) -> CountBody:
    """One count; while it is open, without what the book says."""
    async with deps.pool.acquire() as conn:
        return _shown(await counts.get(conn, count_id))


@post("/{count_id:uuid}/lines", status_code=200, guards=[guard.allow("server")])
async def give(
    count_id: FromPath[UUID],
    data: JSONBody[CountedLinesIn],
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
) -> CountBody:
    """Say how many were counted, now: the book's number is noted in the same moment."""
    units = {line.sku: line.qty for line in data.lines}
    async with db.transaction(deps.pool) as conn:
        found = await counts.give(conn, count_id, units, by=actor.label, now=clock.now())
    return _shown(found)


@post("/{count_id:uuid}/submit", status_code=200, guards=[guard.allow("server")])
async def submit(
    count_id: FromPath[UUID],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[CountBody]:
    """Done counting: booked at once, or `waiting` when much differs."""
    claim = idempotency.claim_for(actor, f"submit {count_id}", key, body)

    async def work(conn: Connection) -> tuple[int, Any, str | None]:
        done = await counts.submit(conn, count_id, by=actor.label, now=clock.now())
        return 200, _shown(done.count, done.short), done.event_id

    return await idempotency.once(deps.pool, claim, work)


@post("/{count_id:uuid}/approve", status_code=200, guards=[guard.allow("server")])
async def approve(
    count_id: FromPath[UUID],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[CountBody]:
    """Book a waiting count; 403 `same_counter` for whoever counted."""
    claim = idempotency.claim_for(actor, f"approve {count_id}", key, body)

    async def work(conn: Connection) -> tuple[int, Any, str | None]:
        done = await counts.approve(conn, count_id, by=actor.label, now=clock.now())
        return 200, _shown(done.count, done.short), done.event_id

    return await idempotency.once(deps.pool, claim, work)


@post("/{count_id:uuid}/send-back", status_code=200, guards=[guard.allow("server")])
async def send_back(
    count_id: FromPath[UUID], deps: NamedDependency[Deps], actor: NamedDependency[Actor]
) -> CountBody:
    """Have what differs counted once more."""
    async with db.transaction(deps.pool) as conn:
        return _shown(await counts.send_back(conn, count_id, by=actor.label, now=clock.now()))


@post("/{count_id:uuid}/cancel", status_code=200, guards=[guard.allow("server")])
async def cancel(
    count_id: FromPath[UUID], deps: NamedDependency[Deps], actor: NamedDependency[Actor]
) -> CountBody:
    """Throw the sheet away; nothing is booked."""
    async with db.transaction(deps.pool) as conn:
        return _shown(await counts.cancel(conn, count_id, by=actor.label, now=clock.now()))
