"""What is due, and preorders, over JSON."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter, RawBody

from setten.api import guard, idempotency
from setten.api.availability import clean
from setten.api.state import Deps
from setten.customers import identity
from setten.platform import clock, db
from setten.platform.auth import Actor
from setten.platform.db import Connection
from setten.stock import inbound
from setten.stock.inbound import INBOUND_MAX, PAGE_MAX, QTY_MAX, Delivery, Due, Preorder, Wish
from setten.stock.refusals import Refused

_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
_Sku = Annotated[str, QueryParameter(max_length=100)]


class DeliveryIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one order of ours brings of one sku. cap: units promised before they come, at most."""

    ref: _Id
    sku: _Id
    location_id: _Id
    # gt, not ge: the writer of the OpenAPI description forgets a bound of 0
    qty: Annotated[int, msgspec.Meta(gt=-1, le=QTY_MAX)]
    due_on: date
    cap: Annotated[int, msgspec.Meta(gt=-1, le=QTY_MAX)] | None = None


class DeliveriesIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Deliveries as they stand now; each replaces what was told under its ref before."""

    inbound: Annotated[list[DeliveryIn], msgspec.Meta(min_length=1, max_length=INBOUND_MAX)]


class DeliveryWritten(msgspec.Struct, frozen=True):
    """How many were kept, and which were refused, by index."""

    written: int
    refused: list[Refused]


class DueBody(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery. room: units that may still be promised."""

    ref: str
    sku: str
    location_id: str
    due_on: date
    qty: int
    received: int
    cap: int
    promised: int
    room: int


class DuesBody(msgspec.Struct, frozen=True):
    """Deliveries, soonest first."""

    items: list[DueBody]


class PreorderIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Units of what is due. by: the last day that is early enough; null: whenever."""

    sku: _Id
    location_id: _Id
    qty: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    customer_id: UUID | None = None
    channel: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]{0,39}$")] = "api"
    by: date | None = None


class PreorderBody(msgspec.Struct, frozen=True, kw_only=True):
    """A preorder. state: waiting, held (by hold_id), short or cancelled."""

    preorder_id: UUID
    sku: str
    location_id: str
    qty: int
    state: str
    due_on: date
    placed_at: datetime
    hold_id: UUID | None
    ended_at: datetime | None


def router() -> Router:
    """The routes of what is due, under /api/v1/stock."""
    return Router(
        path="/api/v1/stock",
        route_handlers=[put_inbound, list_inbound, place, view, cancel],
        dependencies={"actor": guard.provide_actor},
        tags=["stock"],
    )


@put("/inbound", guards=[guard.allow("server")])
async def put_inbound(data: JSONBody[DeliveriesIn], deps: NamedDependency[Deps]) -> DeliveryWritten:
    """Say what is due and when, or that it changed; qty 0 takes it back."""
    rows = [
        Delivery(
            ref=one.ref,
            sku=one.sku,
            location_id=one.location_id,
            qty=one.qty,
            due_on=one.due_on,
            cap=one.cap,
        )
        for one in data.inbound
    ]
    async with db.transaction(deps.pool) as conn:
        refused = await inbound.put(conn, rows, now=clock.now())
    return DeliveryWritten(len(rows) - len(refused), refused)


@get("/inbound", guards=[guard.allow("server")])
async def list_inbound(
    deps: NamedDependency[Deps],
    location_id: _Sku,
    sku: Annotated[str | None, QueryParameter(max_length=100)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)] = 50,
) -> DuesBody:
    """What is due at a place, of one sku or of all; soonest first."""
    async with deps.pool.acquire() as conn:
        if sku is not None:
            found = await inbound.due(conn, [clean(sku)], [clean(location_id)])
        else:
            found = await inbound.open_at(conn, clean(location_id), limit=limit)
    return DuesBody([_due(one) for one in found[:limit]])


def _due(one: Due) -> DueBody:
    return DueBody(
        ref=one.ref,
        sku=one.sku,
        location_id=one.location_id,
        due_on=one.due_on,
        qty=one.qty,
        received=one.received,
        cap=one.cap,
        promised=one.promised,
        room=one.room,
    )


def _shown(one: Preorder) -> PreorderBody:
    return PreorderBody(
        preorder_id=one.preorder_id,
        sku=one.sku,
        location_id=one.location_id,
        qty=one.qty,
        state=one.state.value,
        due_on=one.due_on,
        placed_at=one.placed_at,
        hold_id=one.hold_id,
        ended_at=one.ended_at,
    )


@post("/preorders", status_code=201, guards=[guard.allow("server", "agent")])
async def place(
    data: JSONBody[PreorderIn],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[PreorderBody]:
    """Promise units of what is due; 409 `nothing_due` says how many could be."""
    claim = idempotency.claim_for(actor, "preorders", key, body)

    async def work(conn: Connection) -> tuple[int, Any, str | None]:
        number = None
        if data.customer_id is not None:
            number = await identity.identifier_for(conn, data.customer_id)
        wish = Wish(
            sku=data.sku,
            location_id=data.location_id,
            qty=data.qty,
            by=actor.label,
            channel=data.channel,
            identifier_id=number,
            wanted_by=data.by,
        )
        made, event_id = await inbound.place(conn, wish, now=clock.now())
        return 201, _shown(made), event_id

    return await idempotency.once(deps.pool, claim, work)


@get("/preorders/{preorder_id:uuid}", guards=[guard.allow("server", "agent")])
async def view(preorder_id: FromPath[UUID], deps: NamedDependency[Deps]) -> PreorderBody:
    """One preorder."""
    async with deps.pool.acquire() as conn:
        return _shown(await inbound.get(conn, preorder_id))


@post(
    "/preorders/{preorder_id:uuid}/cancel",
    status_code=200,
    guards=[guard.allow("server", "agent")],
)
async def cancel(
    preorder_id: FromPath[UUID],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[PreorderBody]:
    """Give a preorder up; 409 `preorder_ended` when it is over already."""
    claim = idempotency.claim_for(actor, f"cancel-preorder {preorder_id}", key, body)

    async def work(conn: Connection) -> tuple[int, Any, str | None]:
        found, event_id = await inbound.cancel(conn, preorder_id, now=clock.now())
        return 200, _shown(found), event_id

    return await idempotency.once(deps.pool, claim, work)
