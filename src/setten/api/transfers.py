"""Transfers over JSON: goods between our own places, shipped and counted in by parts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter, RawBody

from setten.api import guard, idempotency
from setten.api.availability import clean
from setten.api.state import Deps
from setten.platform import clock
from setten.platform.auth import Actor
from setten.platform.db import Connection
from setten.stock import transfers
from setten.stock.transfers import LINES_MAX, PAGE_MAX, Arrival, Done, Plan, Transfer

_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
_Units = Annotated[int, msgspec.Meta(ge=1, le=100_000)]


class TransferLineIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Units of one sku."""

    sku: _Id
    qty: _Units


class TransferIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What goes where. ref: the number on the paper. ship: false only plans it."""

    from_location: _Id
    to_location: _Id
    lines: Annotated[list[TransferLineIn], msgspec.Meta(min_length=1, max_length=LINES_MAX)]
    ref: _Id | None = None
    due_on: date | None = None
    ship: bool = True


class ArrivalIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Units counted in; `damaged` of them are not fit for sale."""

    sku: _Id
    qty: _Units
    # gt, not ge: the writer of the OpenAPI description forgets a bound of 0
    damaged: Annotated[int, msgspec.Meta(gt=-1, le=100_000)] = 0


class ArrivalsIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What has come; each sku once."""

    lines: Annotated[list[ArrivalIn], msgspec.Meta(min_length=1, max_length=LINES_MAX)]


class TransferLineBody(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of goods. open: units still on the road."""

    sku: str
    qty: int
    received: int
    damaged: int
    missing: int
    surplus: int
    open: int


class TransferBody(msgspec.Struct, frozen=True, kw_only=True):
    """One transfer. state: planned, shipped, received, closed or cancelled."""

    transfer_id: UUID
    from_location: str
    to_location: str
    state: str
    ref: str | None
    due_on: date | None
    created_at: datetime
    shipped_at: datetime | None
    ended_at: datetime | None
    lines: list[TransferLineBody]


class TransfersBody(msgspec.Struct, frozen=True):
    """Transfers, oldest first; `next_cursor` asks for more."""

    items: list[TransferBody]
    next_cursor: str | None


def router() -> Router:
    """The routes of transfers, under /api/v1/stock."""
    return Router(
        path="/api/v1/stock/transfers",
        route_handlers=[send, list_transfers, view, ship, receive, close, cancel],
        dependencies={"actor": guard.provide_actor},
        tags=["stock"],
    )


def _shown(one: Transfer) -> TransferBody:
    return TransferBody(
        transfer_id=one.transfer_id,
        from_location=one.from_location,
        to_location=one.to_location,
        state=one.state.value,
        ref=one.ref,
        due_on=one.due_on,
        created_at=one.created_at,
        shipped_at=one.shipped_at,
        ended_at=one.ended_at,
        lines=[
            TransferLineBody(
                sku=line.sku,
                qty=line.qty,
                received=line.received,
                damaged=line.damaged,
                missing=line.missing,
                surplus=line.surplus,
                open=line.open,
            )
            for line in one.lines
        ],
    )


def _plan(data: TransferIn) -> Plan:
    units: dict[str, int] = {}
    for line in data.lines:
        units[line.sku] = units.get(line.sku, 0) + line.qty
    return Plan(
        from_location=data.from_location,
        to_location=data.to_location,
        lines=units,
        ref=data.ref,
        due_on=data.due_on,
    )


@post("/", status_code=201, guards=[guard.allow("server")])
async def send(
    data: JSONBody[TransferIn],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[TransferBody]:
    """Send goods on their way, or only plan it; 409 `transfer_short` says what is not free."""
    claim = idempotency.claim_for(actor, "transfers", key, body)

    async def work(conn: Connection) -> tuple[int, Any, str | None]:
        now = clock.now()
        made = await transfers.plan(conn, _plan(data), by=actor.label, now=now)
        if not data.ship or made.state is not transfers.TransferState.planned:
            return 201, _shown(made), None
        done = await transfers.ship(conn, made.transfer_id, by=actor.label, now=now)
        return 201, _shown(done.transfer), done.event_id

    return await idempotency.once(deps.pool, claim, work)


@get("/", guards=[guard.allow("server")])
async def list_transfers(
    deps: NamedDependency[Deps],
    location_id: Annotated[str, QueryParameter(max_length=100)],
    way: Annotated[str, QueryParameter(pattern="^(coming|going)$")] = "coming",
    status: Annotated[str, QueryParameter(pattern="^(open|ended)$")] = "open",
    cursor: FromQuery[UUID | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)] = 50,
) -> TransfersBody:
    """Transfers to a place, or from it."""
    read = transfers.coming if way == "coming" else transfers.going
    async with deps.pool.acquire() as conn:
        found = await read(
            conn, clean(location_id), is_open=status == "open", after=cursor, limit=limit
        )
    more = str(found[-1].transfer_id) if len(found) == limit else None
    return TransfersBody([_shown(one) for one in found], more)


@get("/{transfer_id:uuid}", guards=[guard.allow("server")])
async def view(transfer_id: FromPath[UUID], deps: NamedDependency[Deps]) -> TransferBody:
    """One transfer."""
    async with deps.pool.acquire() as conn:
        return _shown(await transfers.get(conn, transfer_id))


@post("/{transfer_id:uuid}/ship", status_code=200, guards=[guard.allow("server")])
async def ship(
    transfer_id: FromPath[UUID],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[TransferBody]:
    """Send a planned transfer on its way; 409 `transfer_short` says what is not free."""
    return await _move(transfers.ship, "ship", transfer_id, body, deps, actor, key)


@post("/{transfer_id:uuid}/receive", status_code=200, guards=[guard.allow("server")])
async def receive(
    transfer_id: FromPath[UUID],
    data: JSONBody[ArrivalsIn],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[TransferBody]:
    """Count in what has come; the rest stays on the road."""
    claim = idempotency.claim_for(actor, f"receive {transfer_id}", key, body)
    arrivals = [Arrival(sku=one.sku, qty=one.qty, damaged=one.damaged) for one in data.lines]

    async def work(conn: Connection) -> tuple[int, Any, str | None]:
        done = await transfers.receive(conn, transfer_id, arrivals, by=actor.label, now=clock.now())
        return 200, _shown(done.transfer), done.event_id

    return await idempotency.once(deps.pool, claim, work)


@post("/{transfer_id:uuid}/close", status_code=200, guards=[guard.allow("server")])
async def close(
    transfer_id: FromPath[UUID],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[TransferBody]:
    """Nothing more will come: what is open is booked as lost."""
    return await _move(transfers.close, "close", transfer_id, body, deps, actor, key)


@post("/{transfer_id:uuid}/cancel", status_code=200, guards=[guard.allow("server")])
async def cancel(
    transfer_id: FromPath[UUID],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[TransferBody]:
    """Give up a plan that has not left."""
    return await _move(transfers.cancel, "cancel", transfer_id, body, deps, actor, key)


async def _move(
    verb: Callable[..., Awaitable[Done]],
    word: str,
    transfer_id: UUID,
    body: bytes,
    deps: Deps,
    actor: Actor,
    key: str | None,
) -> Response[TransferBody]:
    """A step that needs nothing but who takes it, once per key."""
    claim = idempotency.claim_for(actor, f"{word} {transfer_id}", key, body)

    async def work(conn: Connection) -> tuple[int, Any, str | None]:
        done = await verb(conn, transfer_id, by=actor.label, now=clock.now())
        return 200, _shown(done.transfer), done.event_id

    return await idempotency.once(deps.pool, claim, work)
