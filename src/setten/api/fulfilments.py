"""Parts of orders over JSON: who sends what, each step, and where an order is."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter, RawBody

from setten.api import guard, idempotency
from setten.api.cart_bodies import for_scope
from setten.api.state import Deps
from setten.platform import audit, clock, db
from setten.platform.auth import Actor
from setten.platform.db import Connection
from setten.stock import fulfilments, locations, orders
from setten.stock.fulfilments import PAGE_MAX, TEXT_LENGTH_MAX, Fulfilment, Sender, Want
from setten.stock.holds import NotEnoughStock
from setten.stock.locations import Directory, UnknownLocation

ID_LENGTH_MAX = 100
SENDERS_MAX = 1_000
WANTS_MAX = 100
_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=ID_LENGTH_MAX)]
_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_LENGTH_MAX)]
_directory = Directory()


class PartBody(msgspec.Struct, frozen=True, kw_only=True):
    """One part of an order. state: routed, accepted, picked, packed, shipped, delivered, ready,
    handed_over, not_collected, short, waiting, rejected or cancelled."""

    fulfilment_id: UUID
    order_id: UUID
    location_id: str | None
    hold_id: UUID | None
    way: str
    state: str
    opened_at: datetime
    changed_at: datetime
    ships_on: date | None
    arrives_from: date | None
    arrives_to: date | None
    carrier: str | None
    carrier_ref: str | None
    reason: str | None
    instead_of: UUID | None
    is_late: bool
    excluded: tuple[fulfilments.Excluded, ...]
    lines: tuple[fulfilments.Line, ...]


class PartsBody(msgspec.Struct, frozen=True):
    """Parts that a place has to send, oldest first."""

    items: list[PartBody]
    next_cursor: str | None


class WhereBody(msgspec.Struct, frozen=True, kw_only=True):
    """The one answer to "where is my order". standing: waiting, preparing, ready, shipped, partly,
    done, not_collected or cancelled. parts: those that count; before: those that others replaced.
    """

    order_id: UUID
    order_number: str
    standing: str
    is_late: bool
    arrives_to: date | None
    parts: list[PartBody]
    before: list[PartBody]


class RejectIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why it cannot be sent. skus: what the reason is about; null for all of it."""

    reason: Literal["not_on_shelf", "damaged", "no_time", "closed", "not_for_sending"]
    skus: Annotated[list[str], msgspec.Meta(max_length=WANTS_MAX)] = []


class ShipIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who carries it, and the carrier's own number for it."""

    carrier: _Text
    carrier_ref: _Text | None = None


class StepBody(msgspec.Struct, frozen=True):
    """The part after the step; of a rejection the parts that take its place."""

    part: PartBody
    instead: list[PartBody] = []


class WantIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Units of one sku that somebody wants sent."""

    sku: _Id
    qty: Annotated[int, msgspec.Meta(ge=1, le=10_000)]


class PlanIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Goods to be sent. sold_at: the shop that asks, so that near places come first."""

    lines: Annotated[list[WantIn], msgspec.Meta(min_length=1, max_length=WANTS_MAX)]
    sold_at: _Id | None = None


class PlanBody(msgspec.Struct, frozen=True):
    """Who would send what, and why the others not. Nothing is promised by asking."""

    shares: tuple[fulfilments.Share, ...]
    excluded: tuple[fulfilments.Excluded, ...]


class SenderIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether a place sends goods: how far (km), how many parcels may wait there at once, and its
    rank (the lower is asked first among places that cover the same)."""

    location_id: _Id
    ships: bool
    max_km: Annotated[float, msgspec.Meta(ge=0.1, le=20_100)] | None = None
    open_max: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] | None = None
    rank: Annotated[int, msgspec.Meta(ge=0, le=1_000)] = 0
    paused_until: datetime | None = None


class SendersIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Places to set; the others stay as they are."""

    senders: Annotated[list[SenderIn], msgspec.Meta(min_length=1, max_length=SENDERS_MAX)]


class SendersBody(msgspec.Struct, frozen=True):
    """All places, and whether they send."""

    items: list[Sender]


def router() -> Router:
    """The routes of this domain, under /api/v1."""
    return Router(
        path="/api/v1",
        route_handlers=[
            where, plan, queue, get_senders, put_senders, view, accept, pick, pack, ship, deliver,
            reject,
        ],
        dependencies={"actor": guard.provide_actor},
        tags=["fulfilments"],
    )  # fmt: skip


def _part(one: Fulfilment) -> PartBody:
    return PartBody(
        fulfilment_id=one.fulfilment_id,
        order_id=one.order_id,
        location_id=one.location_id,
        hold_id=one.hold_id,
        way=one.way,
        state=one.state,
        opened_at=one.opened_at,
        changed_at=one.changed_at,
        ships_on=one.ships_on,
        arrives_from=one.arrives_from,
        arrives_to=one.arrives_to,
        carrier=one.carrier,
        carrier_ref=one.carrier_ref,
        reason=one.reason,
        instead_of=one.instead_of,
        is_late=one.is_late,
        excluded=one.excluded,
        lines=one.lines,
    )


_READ = guard.allow("server", "agent")
_WRITE = guard.allow("server")


@get("/orders/{order_id:uuid}/where", guards=[_READ])
async def where(order_id: FromPath[UUID], deps: NamedDependency[Deps]) -> WhereBody:
    """Where an order is: one word for all of it, and each part."""
    async with deps.pool.acquire() as conn:
        order = await orders.get(conn, order_id)
        every = await fulfilments.of_order(conn, order_id, now=clock.now())
    parts = [one for one in every if not one.is_over or one.state in ("short", "not_collected")]
    days = [one.arrives_to for one in parts if one.arrives_to is not None]
    return WhereBody(
        order_id=order_id,
        order_number=order.order_ref,
        standing=fulfilments.standing(every, is_cancelled=order.state == "cancelled"),
        is_late=any(one.is_late and one.state in fulfilments.OPEN for one in parts),
        arrives_to=max(days) if days else None,
        parts=[_part(one) for one in parts],
        before=[_part(one) for one in every if one not in parts],
    )


@post("/fulfilments/plan", status_code=200, guards=[_READ])
async def plan(
    data: JSONBody[PlanIn], deps: NamedDependency[Deps], actor: NamedDependency[Actor]
) -> PlanBody:
    """Who could send these goods; 409 `not_enough_stock` with the reason for every place."""
    wants = [
        Want(number, one.sku.replace("\x00", ""), one.qty)
        for number, one in enumerate(data.lines, start=1)
    ]
    async with deps.pool.acquire() as conn:
        near = None
        if data.sold_at is not None:
            near = await locations.get(conn, data.sold_at.replace("\x00", ""))
        try:
            found = await fulfilments.plan(conn, _directory, wants, near=near, now=clock.now())
        except NotEnoughStock as refusal:
            raise for_scope(refusal, actor) from refusal
    return PlanBody(found.shares, found.excluded)


@get("/fulfilments", guards=[_READ])
async def queue(
    deps: NamedDependency[Deps],
    location_id: Annotated[str, QueryParameter(max_length=ID_LENGTH_MAX)],
    cursor: FromQuery[UUID | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)] = 50,
) -> PartsBody:
    """What a place has to send, oldest first."""
    place = location_id.replace("\x00", "")
    async with deps.pool.acquire() as conn:
        found = await fulfilments.queue(conn, place, now=clock.now(), after=cursor, limit=limit)
    more = len(found) == limit
    return PartsBody([_part(one) for one in found], str(found[-1].fulfilment_id) if more else None)


@get("/fulfilments/senders", guards=[_WRITE])
async def get_senders(deps: NamedDependency[Deps]) -> SendersBody:
    """All places, and whether they send goods."""
    async with deps.pool.acquire() as conn:
        return SendersBody(await fulfilments.senders(conn))


@put("/fulfilments/senders", guards=[_WRITE])
async def put_senders(
    data: JSONBody[SendersIn], deps: NamedDependency[Deps], actor: NamedDependency[Actor]
) -> SendersBody:
    """Say which places send goods; 404 `unknown_location` changes nothing."""
    last = {one.location_id: one for one in data.senders}
    every = [Sender(**msgspec.structs.asdict(one)) for one in last.values()]
    now = clock.now()
    async with db.transaction(deps.pool) as conn:
        asked = [one.replace("\x00", "") for one in last]
        if unknown := set(asked) - await locations.known(conn, asked):
            raise UnknownLocation(location_id=min(unknown))
        await fulfilments.put_senders(conn, every, by=actor.label, now=now)
        await audit.note(conn, actor, "senders.set", at=now)
        return SendersBody(await fulfilments.senders(conn))


@get("/fulfilments/{fulfilment_id:uuid}", guards=[_READ])
async def view(fulfilment_id: FromPath[UUID], deps: NamedDependency[Deps]) -> PartBody:
    """One part; 404 `unknown_fulfilment`."""
    async with deps.pool.acquire() as conn:
        return _part(await fulfilments.get(conn, fulfilment_id, now=clock.now()))


async def _step(
    fulfilment_id: UUID,
    wanted: str,
    body: bytes,
    deps: Deps,
    actor: Actor,
    key: str | None,
    **more: str | None,
) -> Response[StepBody]:
    claim = idempotency.claim_for(actor, f"{wanted} {fulfilment_id}", key, body)

    async def work(conn: Connection) -> tuple[int, Any, str | None]:
        part, event_id = await fulfilments.step(
            conn, fulfilment_id, wanted, by=actor.label, now=clock.now(), **more
        )
        return 200, StepBody(_part(part)), event_id

    return await idempotency.once(deps.pool, claim, work)


@post("/fulfilments/{fulfilment_id:uuid}/accept", status_code=200, guards=[_WRITE])
async def accept(
    fulfilment_id: FromPath[UUID],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[StepBody]:
    """The place takes its part on; 409 `wrong_step`."""
    return await _step(fulfilment_id, "accepted", body, deps, actor, key)


@post("/fulfilments/{fulfilment_id:uuid}/pick", status_code=200, guards=[_WRITE])
async def pick(
    fulfilment_id: FromPath[UUID],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[StepBody]:
    """All of a part is picked."""
    return await _step(fulfilment_id, "picked", body, deps, actor, key)


@post("/fulfilments/{fulfilment_id:uuid}/pack", status_code=200, guards=[_WRITE])
async def pack(
    fulfilment_id: FromPath[UUID],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[StepBody]:
    """A part is in its box."""
    return await _step(fulfilment_id, "packed", body, deps, actor, key)


@post("/fulfilments/{fulfilment_id:uuid}/ship", status_code=200, guards=[_WRITE])
async def ship(
    fulfilment_id: FromPath[UUID],
    data: JSONBody[ShipIn],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[StepBody]:
    """The carrier has it: its units leave stock."""
    return await _step(fulfilment_id, "shipped", body, deps, actor, key, carrier=data.carrier,
                       carrier_ref=data.carrier_ref)  # fmt: skip


@post("/fulfilments/{fulfilment_id:uuid}/deliver", status_code=200, guards=[_WRITE])
async def deliver(
    fulfilment_id: FromPath[UUID],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[StepBody]:
    """Its customer has it."""
    return await _step(fulfilment_id, "delivered", body, deps, actor, key)


@post("/fulfilments/{fulfilment_id:uuid}/reject", status_code=200, guards=[_WRITE])
async def reject(
    fulfilment_id: FromPath[UUID],
    data: JSONBody[RejectIn],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[StepBody]:
    """Its place cannot: the reason corrects its stock, and others are asked at once."""
    claim = idempotency.claim_for(actor, f"reject {fulfilment_id}", key, body)

    async def work(conn: Connection) -> tuple[int, Any, str | None]:
        now = clock.now()
        instead, event_id = await fulfilments.reject(
            conn, _directory, fulfilment_id, reason=data.reason, skus=data.skus, by=actor.label,
            now=now,
        )  # fmt: skip
        part = await fulfilments.get(conn, fulfilment_id, now=now)
        return 200, StepBody(_part(part), [_part(one) for one in instead]), event_id

    return await idempotency.once(deps.pool, claim, work)
