"""What stands behind a promise, over JSON: units set aside for channels, and why a number is so."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import msgspec
from litestar import Router, get, put
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody, QueryParameter

from setten.api import guard
from setten.api.availability import clean
from setten.api.state import Deps
from setten.platform import clock, db
from setten.stock import allocations, explaining
from setten.stock.allocations import ALLOCATIONS_MAX, QTY_MAX, Allocation
from setten.stock.explaining import Explanation
from setten.stock.refusals import Refused

_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
_Named = Annotated[str, QueryParameter(min_length=1, max_length=100)]
_CHANNEL = "^[a-z][a-z0-9_]{0,39}$"


class AllocationIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Units to set aside for a channel from now on; 0 takes it back. until: then it ends."""

    sku: _Id
    location_id: _Id
    channel: Annotated[str, msgspec.Meta(pattern=_CHANNEL)]
    # gt, not ge: the writer of the OpenAPI description forgets a bound of 0
    qty: Annotated[int, msgspec.Meta(gt=-1, le=QTY_MAX)]
    until: datetime | None = None


class AllocationsIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is set aside."""

    allocations: Annotated[
        list[AllocationIn], msgspec.Meta(min_length=1, max_length=ALLOCATIONS_MAX)
    ]


class AllocationsWritten(msgspec.Struct, frozen=True):
    """How many were kept, and which were refused, by index."""

    written: int
    refused: list[Refused]


def router() -> Router:
    """The routes of the promise, under /api/v1/stock."""
    return Router(
        path="/api/v1/stock",
        route_handlers=[put_allocations, explain],
        tags=["stock"],
    )


@put("/allocations", guards=[guard.allow("server")])
async def put_allocations(
    data: JSONBody[AllocationsIn], deps: NamedDependency[Deps]
) -> AllocationsWritten:
    """Set units aside for a channel: others do not see them, the channel takes them first."""
    rows = [
        Allocation(
            sku=one.sku,
            location_id=one.location_id,
            channel=one.channel,
            qty=one.qty,
            until=one.until,
        )
        for one in data.allocations
    ]
    async with db.transaction(deps.pool) as conn:
        refused = await allocations.put(conn, rows, now=clock.now())
    return AllocationsWritten(len(rows) - len(refused), refused)


@get("/availability/explain", guards=[guard.allow("server")])
async def explain(
    deps: NamedDependency[Deps],
    sku: _Named,
    location_id: _Named,
    channel: Annotated[str | None, QueryParameter(pattern=_CHANNEL)] = None,
    by: FromQuery[date | None] = None,
) -> Explanation:
    """Why that many can be promised: each part with what stands behind it."""
    async with deps.pool.acquire() as conn:
        return await explaining.explain(
            conn, clean(sku), clean(location_id), now=clock.now(), channel=channel, by=by
        )
