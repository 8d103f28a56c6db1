"""How long goods last at a place, over JSON: what is short, what lies dead, what to move."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from setten.api import guard
from setten.api.availability import clean
from setten.api.state import Deps
from setten.stock import cover
from setten.stock.cover import PAGE_MAX, Cover, Proposal


class CoverBody(msgspec.Struct, frozen=True, kw_only=True):
    """One row as the night found it. days: that it lasts; null where nothing is sold."""

    sku: str
    promisable: int
    sold_28: int
    last_sold_on: date | None
    days: float | None
    reckoned_at: datetime
    proposal: Proposal | None


class CoversBody(msgspec.Struct, frozen=True):
    """Shortest first, or most dead units first."""

    items: list[CoverBody]


def router() -> Router:
    """The routes of cover, under /api/v1/stock."""
    return Router(path="/api/v1/stock", route_handlers=[list_cover], tags=["stock"])


@get("/cover", guards=[guard.allow("server")])
async def list_cover(
    deps: NamedDependency[Deps],
    location_id: Annotated[str, QueryParameter(max_length=100)],
    what: Annotated[str, QueryParameter(pattern="^(short|dead)$")] = "short",
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)] = 50,
) -> CoversBody:
    """What does not last a week, with the move that helps most; or what lies unsold."""
    place = clean(location_id)
    async with deps.pool.acquire() as conn:
        if what == "dead":
            found = await cover.dead_at(conn, place, limit=limit)
            return CoversBody([_shown(one, None) for one in found])
        found = await cover.short_at(conn, place, limit=limit)
        made = await cover.proposals(conn, found)
    return CoversBody([_shown(one, made.get(one.sku)) for one in found])


def _shown(one: Cover, proposal: Proposal | None) -> CoverBody:
    return CoverBody(
        sku=one.sku,
        promisable=one.promisable,
        sold_28=one.sold_28,
        last_sold_on=one.last_sold_on,
        days=one.days,
        reckoned_at=one.reckoned_at,
        proposal=proposal,
    )
