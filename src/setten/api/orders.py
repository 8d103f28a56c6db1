"""Orders over JSON: found, read with all that belongs to them, cancelled, paid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, RawBody

from setten.api import guard, idempotency
from setten.api.order_bodies import (
    OrdersBody,
    PaymentBody,
    TakenBackBody,
    WholeOrderBody,
    order_body,
    payment_body,
    step_body,
)
from setten.api.state import Deps
from setten.customers import identity
from setten.operations import cancelling
from setten.platform import clock
from setten.platform.auth import Actor
from setten.platform.db import Connection
from setten.platform.money import MINOR_MAX
from setten.stock import orders, payments
from setten.stock.orders import PAGE_MAX, Order
from setten.stock.payments import REFERENCE_LENGTH_MAX

_STAFF = ("server", "agent")
_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
_Minor = Annotated[int, msgspec.Meta(ge=1, le=MINOR_MAX)]
_Reference = Annotated[str, msgspec.Meta(min_length=1, max_length=REFERENCE_LENGTH_MAX)]


class Lookup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By the number that people say, by customer, or the newest of all or of a place."""

    number: Annotated[str, msgspec.Meta(min_length=1, max_length=128)] | None = None
    customer_id: UUID | None = None
    sold_at: _Id | None = None
    state: Literal["placed", "cancelled"] | None = None
    cursor: UUID | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=PAGE_MAX)] = 50


class CancelLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Units of a line that are no longer wanted."""

    line_no: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    qty: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class CancelIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """lines null: all that is still wanted."""

    lines: Annotated[list[CancelLine], msgspec.Meta(min_length=1, max_length=100)] | None = None
    reason: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]{0,39}$")] | None = None


class IntendIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something is to be paid this way. No card number passes through here."""

    method: Literal["card", "wallet", "transfer", "on_delivery", "counter", "voucher", "other"]
    amount_minor: _Minor
    provider: Annotated[str, msgspec.Meta(min_length=1, max_length=40)] | None = None
    reference: _Reference | None = None


class StepIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a provider told of a payment; once by its reference."""

    kind: Literal["authorised", "captured", "refunded", "reversed", "voided", "failed"]
    amount_minor: _Minor
    reference: _Reference | None = None


def router() -> Router:
    """The routes of orders, under /api/v1/orders."""
    return Router(
        path="/api/v1/orders",
        route_handlers=[lookup, view, cancel, intend, record],
        dependencies={"actor": guard.provide_actor},
        tags=["orders"],
    )


@post("/lookup", status_code=200, guards=[guard.allow(*_STAFF)])
async def lookup(data: JSONBody[Lookup], deps: NamedDependency[Deps]) -> OrdersBody:
    """Find orders, newest first, without their lines."""
    async with deps.pool.acquire() as conn:
        found = await _found(conn, data)
        whose = await _customers(conn, found)
    pages = data.number is None and data.customer_id is None and len(found) == data.limit
    cursor = found[-1].order_id if pages else None
    return OrdersBody([order_body(one, whose.get(one.identifier_id or 0)) for one in found], cursor)


async def _found(conn: Connection, asked: Lookup) -> list[Order]:
    if asked.number is not None:
        return (await orders.find_said(conn, asked.number))[: asked.limit]
    if asked.customer_id is not None:
        person = await identity.person(conn, asked.customer_id)
        numbers = [node.identifier_id for node in person.nodes]
        return await orders.of_identifiers(conn, numbers, limit=asked.limit)
    last = None if asked.cursor is None else await orders.get(conn, asked.cursor)
    return await orders.latest(
        conn,
        location_id=asked.sold_at,
        state=asked.state,
        before=None if last is None else (last.placed_at, last.order_id),
        limit=asked.limit,
    )


async def _customers(conn: Connection, found: Sequence[Order]) -> dict[int, UUID]:
    numbers = {one.identifier_id for one in found if one.identifier_id is not None}
    return dict(await identity.customers_for(conn, numbers))


@get("/{order_id:uuid}", guards=[guard.allow(*_STAFF)])
async def view(order_id: FromPath[UUID], deps: NamedDependency[Deps]) -> WholeOrderBody:
    """One order with its lines, promises, payments, and whoever told of it."""
    async with deps.pool.acquire() as conn:
        order = await orders.get(conn, order_id)
        whose = await _customers(conn, [order])
        return WholeOrderBody(
            order=order_body(order, whose.get(order.identifier_id or 0)),
            hold_ids=await orders.holds_of(conn, order_id),
            payments=[payment_body(one) for one in await payments.of_order(conn, order_id)],
            steps=[step_body(one) for one in await payments.steps_of(conn, order_id)],
            cancelled=await orders.cancels_of(conn, order_id),
            evidence=await orders.evidence_of(conn, order),
        )


@post("/{order_id:uuid}/cancel", status_code=200, guards=[guard.allow(*_STAFF)])
async def cancel(
    order_id: FromPath[UUID],
    data: JSONBody[CancelIn],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[TakenBackBody]:
    """Cancel lines, or all: the goods are free again and what was paid for them goes back."""
    claim = idempotency.claim_for(actor, f"cancel {order_id}", key, body)
    wanted: dict[int, int] | None = None
    if data.lines is not None:
        wanted = {}
        for one in data.lines:
            wanted[one.line_no] = wanted.get(one.line_no, 0) + one.qty

    async def work(conn: Connection) -> tuple[int, Any, str | None]:
        done = await cancelling.cancel(
            conn, order_id, wanted, by=actor.label, now=clock.now(), reason=data.reason
        )
        order = done.cancelled.order
        whose = await _customers(conn, [order])
        answer = TakenBackBody(
            order=order_body(order, whose.get(order.identifier_id or 0)),
            amount_minor=done.cancelled.amount_minor,
            refunds=[payment_body(one.payment) for one in done.refunds],
        )
        return 200, answer, done.cancelled.event_id

    return await idempotency.once(deps.pool, claim, work)


@post("/{order_id:uuid}/payments", status_code=201, guards=[guard.allow("server")])
async def intend(
    order_id: FromPath[UUID],
    data: JSONBody[IntendIn],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[PaymentBody]:
    """Note another way in which an order is to be paid."""
    claim = idempotency.claim_for(actor, f"pay {order_id}", key, body)

    async def work(conn: Connection) -> tuple[int, Any, str | None]:
        order = await orders.lock(conn, order_id)
        payment = await payments.intend(
            conn,
            order_id,
            method=data.method,
            amount_minor=data.amount_minor,
            currency=order.currency or "JPY",
            by=actor.label,
            now=clock.now(),
            provider=data.provider,
            reference=data.reference,
        )
        return 201, payment_body(payment), None

    return await idempotency.once(deps.pool, claim, work)


@post("/payments/{payment_id:uuid}/steps", status_code=200, guards=[guard.allow("server")])
async def record(
    payment_id: FromPath[UUID],
    data: JSONBody[StepIn],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[PaymentBody]:
    """Note what a provider told of a payment; 409 `payment_refused` when it cannot be so."""
    claim = idempotency.claim_for(actor, f"step {payment_id}", key, body)

    async def work(conn: Connection) -> tuple[int, Any, str | None]:
        done = await payments.record(
            conn,
            payment_id,
            data.kind,
            data.amount_minor,
            by=actor.label,
            now=clock.now(),
            reference=data.reference,
        )
        return 200, payment_body(done.payment), done.event_id

    return await idempotency.once(deps.pool, claim, work)
