"""Releases over JSON: goods that everybody wants, and the line for them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

import msgspec
from litestar import Response, Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, RawBody

from setten.api import guard, idempotency
from setten.api.availability import clean
from setten.api.hold_bodies import PlacedBody
from setten.api.state import Deps
from setten.api.stock import Name, Written
from setten.operations import queueing
from setten.platform import clock, db
from setten.platform.auth import Actor
from setten.platform.db import Connection
from setten.stock import catalog, locations, releases
from setten.stock.releases import Goods, Release, Standing, Ticket

TAKE_TTL_S = 15 * 60  # long enough to pay
_Sku = Annotated[str, msgspec.Meta(min_length=1, max_length=catalog.SKU_LENGTH_MAX)]
_Units = Annotated[int, msgspec.Meta(ge=1, le=10_000)]


class GoodsIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Units of one sku that are kept for the release."""

    sku: _Sku
    qty: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class ReleaseIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A release. members_from: when members get their turns, before everybody. per_minute: turns;
    turn_minutes: how long one lasts; per_person: units. needs_customer: one ticket a customer."""

    release_id: Annotated[str, msgspec.Meta(max_length=100)]
    name: str | Name
    location_id: Annotated[str, msgspec.Meta(max_length=locations.LOCATION_ID_LENGTH_MAX)]
    goods: Annotated[list[GoodsIn], msgspec.Meta(max_length=releases.GOODS_MAX)]
    opens_at: datetime
    ends_at: datetime
    members_from: datetime | None = None
    per_person: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 1
    per_minute: Annotated[int, msgspec.Meta(ge=1, le=releases.PER_MINUTE_MAX)] = 60
    turn_minutes: Annotated[int, msgspec.Meta(ge=1, le=1_440)] = 10
    needs_customer: bool = True


class ReleasesIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Releases to make or change."""

    releases: Annotated[list[ReleaseIn], msgspec.Meta(max_length=releases.RELEASES_MAX)]


class Join(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who wants to stand in the line; null for somebody unknown, where the release lets them."""

    customer_id: UUID | None = None


class TicketAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A ticket, named in the body: whoever knows it may use it."""

    ticket_id: UUID


class Take(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to take in one's turn."""

    ticket_id: UUID
    lines: Annotated[list[GoodsIn], msgspec.Meta(min_length=1, max_length=releases.GOODS_MAX)]
    ttl_s: Annotated[int, msgspec.Meta(ge=60, le=24 * 3600)] = TAKE_TTL_S


class TicketBody(msgspec.Struct, frozen=True, kw_only=True):
    """Where a ticket stands. phase: before, line, turn, passed or over. until: the end of the
    phase, when it is known. ahead: about how many come first. page: for the customer's screen."""

    ticket_id: UUID
    release_id: str
    phase: str
    ahead: int
    until: datetime | None
    left: int
    page: str


def router() -> Router:
    """The routes of this domain, under /api/v1/stock/releases."""
    return Router(
        path="/api/v1/stock/releases",
        route_handlers=[put_releases, get_release, join, look, take],
        dependencies={"actor": guard.provide_actor},
        tags=["releases"],
    )


@put("/", guards=[guard.allow("server")])
async def put_releases(data: JSONBody[ReleasesIn], deps: NamedDependency[Deps]) -> Written:
    """Make or change releases by release_id, and set their units aside."""
    made = [_release(one) for one in data.releases]
    async with db.transaction(deps.pool) as conn:
        refused = await releases.put(conn, made, now=clock.now())
    return Written(len(made) - len(refused), refused)


def _release(one: ReleaseIn) -> Release:
    name = one.name if isinstance(one.name, Name) else Name(one.name)
    units: dict[str, int] = {}
    for line in one.goods:
        units[line.sku] = units.get(line.sku, 0) + line.qty
    return Release(
        release_id=one.release_id,
        name_ja=name.ja,
        name_en=name.en or name.ja,
        location_id=one.location_id,
        members_from=_aware(one.members_from) if one.members_from else None,
        opens_at=_aware(one.opens_at),
        ends_at=_aware(one.ends_at),
        per_person=one.per_person,
        per_minute=one.per_minute,
        turn_minutes=one.turn_minutes,
        needs_customer=one.needs_customer,
        goods=tuple(Goods(sku, qty) for sku, qty in units.items()),
    )


def _aware(at: datetime) -> datetime:
    """A time without a zone is UTC, as everywhere in the API."""
    return at if at.tzinfo else at.replace(tzinfo=clock.now().tzinfo)


@get("/{release_id:str}", guards=[guard.allow("server", "agent", "public")])
async def get_release(release_id: FromPath[str], deps: NamedDependency[Deps]) -> Release:
    """One release. `units` are what was set aside at the beginning."""
    async with deps.pool.acquire() as conn:
        return await releases.get(conn, clean(release_id))


@post("/{release_id:str}/tickets", guards=[guard.allow("server", "agent")])
async def join(
    release_id: FromPath[str],
    data: JSONBody[Join],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[TicketBody]:
    """A ticket in the line. A customer gets the one she has already."""
    claim = idempotency.claim_for(actor, f"releases/{release_id}/tickets", key, body)

    async def work(conn: Connection) -> tuple[int, Any, str | None]:
        now = clock.now()
        ticket = await queueing.join(
            conn, clean(release_id), data.customer_id, ticket_id=uuid4(), lot=uuid4(),
            channel="api", now=now,
        )  # fmt: skip
        _, ticket, standing = await releases.look(conn, ticket.ticket_id, now=now)
        return 201, _body(deps, ticket, standing), None

    return await idempotency.once(deps.pool, claim, work)


def _body(deps: Deps, ticket: Ticket, standing: Standing) -> TicketBody:
    return TicketBody(
        ticket_id=ticket.ticket_id,
        release_id=ticket.release_id,
        phase=standing.phase,
        ahead=standing.ahead,
        until=standing.until,
        left=standing.left,
        page=f"{deps.settings.base_url}/line/{ticket.ticket_id}",
    )


@post("/tickets/lookup", status_code=200, guards=[guard.allow("server", "agent", "public")])
async def look(data: JSONBody[TicketAsked], deps: NamedDependency[Deps]) -> TicketBody:
    """Where a ticket stands now."""
    async with db.transaction(deps.pool) as conn:
        _, ticket, standing = await releases.look(conn, data.ticket_id, now=clock.now())
    return _body(deps, ticket, standing)


@post("/tickets/take", guards=[guard.allow("server", "agent", "public")])
async def take(
    data: JSONBody[Take],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[PlacedBody]:
    """Promise goods to whoever has the turn; the answer is a hold."""
    claim = idempotency.claim_for(actor, "releases/take", key, body)
    units: dict[str, int] = {}
    for line in data.lines:
        units[clean(line.sku)] = units.get(clean(line.sku), 0) + line.qty

    async def work(conn: Connection) -> tuple[int, Any, str | None]:
        placed = await releases.take(
            conn, data.ticket_id, units, by=actor.label, ttl_s=data.ttl_s, now=clock.now()
        )
        answer = PlacedBody(hold_id=placed.hold_id, lines=placed.lines,
                            expires_at=placed.expires_at, code=placed.code)  # fmt: skip
        return 201, answer, placed.event_id

    return await idempotency.once(deps.pool, claim, work)
