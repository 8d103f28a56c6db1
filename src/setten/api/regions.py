"""Promises for a region over JSON: asked, pinned to places, moved when a place cannot."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, RawBody

from setten.api import guard, idempotency
from setten.api.availability import Near, clean
from setten.api.cart_bodies import for_scope
from setten.api.state import Deps
from setten.api.stock import Name, Written
from setten.customers import identity
from setten.facts.stock import GoodsLine
from setten.platform import clock, db
from setten.platform.auth import Actor
from setten.platform.db import Connection
from setten.stock import regions
from setten.stock.availability import RADIUS_KM_MAX
from setten.stock.holds import QTY_MAX, TTL_S_DEFAULT, TTL_S_MAX, NotEnoughStock
from setten.stock.locations import Directory
from setten.stock.regions import Point, Region, RegionalAsk, Where

RADIUS_KM_MIN = 0.01
_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
_RegionId = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
_WORD = "^[a-z][a-z0-9_]{0,39}$"
_directory = Directory()


class RegionIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A named group of places; without places it is gone."""

    region_id: _RegionId
    name: str | Name
    location_ids: Annotated[list[str], msgspec.Meta(max_length=regions.PLACES_MAX)]


class RegionsIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Regions to make or change."""

    regions: Annotated[list[RegionIn], msgspec.Meta(min_length=1, max_length=regions.REGIONS_MAX)]


class RegionsBody(msgspec.Struct, frozen=True):
    """All regions, by id."""

    items: list[Region]


class WhereIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A named region; or the places within radius_km of a point; or, with neither, wherever goods
    are sent from. near also says from where the way is measured."""

    region_id: _RegionId | None = None
    near: Near | None = None
    radius_km: Annotated[float, msgspec.Meta(ge=RADIUS_KM_MIN, le=RADIUS_KM_MAX)] | None = None


class GoodsIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Units of one sku, wherever in the region they lie."""

    sku: _Id
    qty: Annotated[int, msgspec.Meta(ge=1, le=QTY_MAX)]


class RegionalIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to promise of a region, to whom, for how long."""

    region: WhereIn
    lines: Annotated[list[GoodsIn], msgspec.Meta(min_length=1, max_length=regions.LINES_MAX)]
    customer_id: UUID | None = None
    ttl_s: Annotated[int, msgspec.Meta(ge=1, le=TTL_S_MAX)] = TTL_S_DEFAULT
    purpose: Annotated[str, msgspec.Meta(pattern=_WORD)] = "pickup"
    channel: Annotated[str, msgspec.Meta(pattern=_WORD)] = "api"


class RegionalBody(msgspec.Struct, frozen=True, kw_only=True):
    """A hold of a region. lines: where its units are kept now; they may move until is_routed, and
    after it when a place cannot. location_id: where it is collected, as things stand."""

    hold_id: UUID
    location_id: str
    lines: tuple[GoodsLine, ...]
    expires_at: datetime
    code: str
    is_routed: bool


class RouteIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where to pin it: at a place of the region, or (null) the fewest places, nearest to `near`.

    refuses: a place that cannot keep it, with the reason; its stock is corrected by it.
    """

    location_id: _Id | None = None
    near: Near | None = None
    refuses: _Id | None = None
    reason: Literal["not_on_shelf", "damaged", "no_time", "closed"] | None = None


def router() -> Router:
    """The routes of regions, under /api/v1/stock."""
    return Router(
        path="/api/v1/stock",
        route_handlers=[put_regions, list_regions, place, route],
        dependencies={"actor": guard.provide_actor},
        tags=["holds"],
    )


@put("/regions", guards=[guard.allow("server")])
async def put_regions(data: JSONBody[RegionsIn], deps: NamedDependency[Deps]) -> Written:
    """Make or change named regions by region_id, each with just these places."""
    rows = [_region(one) for one in data.regions]
    async with db.transaction(deps.pool) as conn:
        refused = await regions.put(conn, rows, now=clock.now())
    return Written(len(rows) - len(refused), refused)


def _region(one: RegionIn) -> Region:
    name = one.name if isinstance(one.name, Name) else Name(one.name)
    return Region(
        region_id=one.region_id,
        name_ja=name.ja,
        name_en=name.en or name.ja,
        location_ids=tuple(dict.fromkeys(one.location_ids)),
    )


@get("/regions", guards=[guard.allow("server", "agent")])
async def list_regions(deps: NamedDependency[Deps]) -> RegionsBody:
    """All named regions with their places."""
    async with deps.pool.acquire() as conn:
        return RegionsBody(await regions.list_all(conn))


@post("/holds/regional", status_code=201, guards=[guard.allow("server", "agent")])
async def place(
    data: JSONBody[RegionalIn],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[RegionalBody]:
    """Promise all lines of what a region has together, or none; 409 `not_enough_stock`."""
    claim = idempotency.claim_for(actor, "regional holds", key, body)

    async def work(conn: Connection) -> tuple[int, Any, str | None]:
        ask = await _ask(conn, data, actor)
        placed = await regions.place(conn, _directory, ask, now=clock.now())
        answer = RegionalBody(
            hold_id=placed.hold_id,
            location_id=placed.lines[0].location_id,
            lines=placed.lines,
            expires_at=placed.expires_at,
            code=placed.code,
            is_routed=False,
        )
        return 201, answer, placed.event_id

    try:
        return await idempotency.once(deps.pool, claim, work)
    except NotEnoughStock as refusal:
        raise for_scope(refusal, actor) from refusal


async def _ask(conn: Connection, data: RegionalIn, actor: Actor) -> RegionalAsk:
    goods: dict[str, int] = {}
    for one in data.lines:
        goods[clean(one.sku)] = goods.get(clean(one.sku), 0) + one.qty
    identifier_id = None
    if data.customer_id is not None:
        identifier_id = (await identity.person(conn, data.customer_id)).nodes[0].identifier_id
    where = data.region
    return RegionalAsk(
        goods=goods,
        where=Where(
            region_id=None if where.region_id is None else clean(where.region_id),
            near=_point(where.near),
            radius_km=where.radius_km,
        ),
        by=actor.label,
        ttl_s=data.ttl_s,
        purpose=data.purpose,
        channel=data.channel,
        identifier_id=identifier_id,
    )


def _point(near: Near | None) -> Point | None:
    return None if near is None else Point(near.lat, near.lon)


@post("/holds/{hold_id:uuid}/route", status_code=200, guards=[guard.allow("server", "agent")])
async def route(
    hold_id: FromPath[UUID],
    data: JSONBody[RouteIn],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[RegionalBody]:
    """Pin a regional hold to its places, or move it when one says that it cannot; 409
    `not_enough_stock` when nobody else has it: then it stays where it is."""
    claim = idempotency.claim_for(actor, f"route {hold_id}", key, body)

    async def work(conn: Connection) -> tuple[int, Any, str | None]:
        done = await regions.route(
            conn,
            _directory,
            hold_id,
            to=None if data.location_id is None else clean(data.location_id),
            near=_point(data.near),
            refuses=None if data.refuses is None else clean(data.refuses),
            reason=data.reason,
            now=clock.now(),
        )
        return 200, _body(done), done.event_id

    try:
        return await idempotency.once(deps.pool, claim, work)
    except NotEnoughStock as refusal:
        raise for_scope(refusal, actor) from refusal


def _body(done: regions.Routed) -> RegionalBody:
    hold = done.hold
    return RegionalBody(
        hold_id=hold.hold_id,
        location_id=hold.location_id,
        lines=tuple(
            GoodsLine(one.sku, one.location_id, one.qty) for one in hold.lines if one.is_open
        ),
        expires_at=hold.expires_at,
        code=hold.code,
        is_routed=True,
    )
