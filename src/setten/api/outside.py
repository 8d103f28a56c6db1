"""Outside systems that keep stock too, over JSON: whose word counts, what they say, who decides."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter, RawBody

from setten.api import guard, idempotency
from setten.api.availability import clean
from setten.api.state import Deps
from setten.platform import clock, db
from setten.platform.auth import Actor
from setten.platform.db import Connection
from setten.stock import outside
from setten.stock.outside import (
    LEVELS_MAX,
    MASTERS_MAX,
    PAGE_MAX,
    QTY_MAX,
    Disagreement,
    Level,
    Master,
    Told,
)
from setten.stock.refusals import Refused

_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
_System = Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_-]{0,39}$")]
# gt, not ge: the writer of the OpenAPI description forgets a bound of 0
_Units = Annotated[int, msgspec.Meta(gt=-1, le=QTY_MAX)]


class MasterIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose word counts at a place, or for one sku there. system null: ours."""

    location_id: _Id
    system: _System | None
    sku: Annotated[str, msgspec.Meta(max_length=100)] = ""


class MastersIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Masters to set."""

    masters: Annotated[list[MasterIn], msgspec.Meta(min_length=1, max_length=MASTERS_MAX)]


class MastersWritten(msgspec.Struct, frozen=True):
    """How many were kept, and which were refused, by index."""

    written: int
    refused: list[Refused]


class MastersBody(msgspec.Struct, frozen=True):
    """Places and skus whose master is outside."""

    items: list[Master]


class LevelIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Units that lie there. expected: what it changes from. sequence: grows with each telling."""

    sku: _Id
    location_id: _Id
    to: _Units
    sequence: Annotated[int, msgspec.Meta(gt=-1, lt=2**53)]
    expected: _Units | None = None


class LevelsIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a system says, in the order it happened."""

    system: _System
    levels: Annotated[list[LevelIn], msgspec.Meta(min_length=1, max_length=LEVELS_MAX)]


class DisagreementsBody(msgspec.Struct, frozen=True):
    """Open disagreements, oldest first; `next_cursor` asks for more."""

    items: list[Disagreement]
    next_cursor: str | None


class Decide(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose number it is to be."""

    outcome: Literal["theirs", "ours"]


def router() -> Router:
    """The routes of outside systems, under /api/v1/stock."""
    return Router(
        path="/api/v1/stock",
        route_handlers=[put_masters, list_masters, tell, list_disagreements, decide],
        dependencies={"actor": guard.provide_actor},
        tags=["stock"],
    )


@put("/masters", guards=[guard.allow("server")])
async def put_masters(data: JSONBody[MastersIn], deps: NamedDependency[Deps]) -> MastersWritten:
    """Say whose word counts where."""
    rows = [
        Master(location_id=one.location_id, system=one.system, sku=one.sku) for one in data.masters
    ]
    async with db.transaction(deps.pool) as conn:
        refused = await outside.put_masters(conn, rows, now=clock.now())
    return MastersWritten(len(rows) - len(refused), refused)


@get("/masters", guards=[guard.allow("server")])
async def list_masters(deps: NamedDependency[Deps]) -> MastersBody:
    """All places and skus whose master is outside."""
    async with deps.pool.acquire() as conn:
        return MastersBody(await outside.masters(conn))


@post("/levels", status_code=200, guards=[guard.allow("server")])
async def tell(
    data: JSONBody[LevelsIn],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[Told]:
    """What a system says lies where: booked when it is master, else compared and shown."""
    claim = idempotency.claim_for(actor, "levels", key, body)
    rows = [
        Level(
            sku=one.sku,
            location_id=one.location_id,
            to=one.to,
            sequence=one.sequence,
            expected=one.expected,
        )
        for one in data.levels
    ]

    async def work(conn: Connection) -> tuple[int, Any, str | None]:
        told = await outside.tell(conn, data.system, rows, by=actor.label, now=clock.now())
        return 200, told, None

    return await idempotency.once(deps.pool, claim, work)


@get("/disagreements", guards=[guard.allow("server")])
async def list_disagreements(
    deps: NamedDependency[Deps],
    location_id: Annotated[str | None, QueryParameter(max_length=100)] = None,
    cursor: FromQuery[UUID | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)] = 50,
) -> DisagreementsBody:
    """Where an outside system and we say different things."""
    place = None if location_id is None else clean(location_id)
    async with deps.pool.acquire() as conn:
        found = await outside.open_at(conn, place, after=cursor, limit=limit)
    more = str(found[-1].disagreement_id) if len(found) == limit else None
    return DisagreementsBody(found, more)


@post(
    "/disagreements/{disagreement_id:uuid}/decide",
    status_code=200,
    guards=[guard.allow("server")],
)
async def decide(
    disagreement_id: FromPath[UUID],
    data: JSONBody[Decide],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[Disagreement]:
    """Take their number, or keep ours."""
    claim = idempotency.claim_for(actor, f"decide {disagreement_id}", key, body)

    async def work(conn: Connection) -> tuple[int, Any, str | None]:
        found, _ = await outside.decide(
            conn, disagreement_id, data.outcome, by=actor.label, now=clock.now()
        )
        return 200, found, None

    return await idempotency.once(deps.pool, claim, work)
