"""Returns over JSON: what may come back, taking it back, and the rules of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from litestar import Response, Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter, RawBody

from setten.api import guard, idempotency, till_returns
from setten.api.return_bodies import (
    ID_LENGTH_MAX,
    ExchangeBody,
    LookupIn,
    PieceBody,
    PolicyBody,
    PolicyIn,
    PurchaseBody,
    PurchasesBody,
    ReturnBody,
    ReturnIn,
    ReturnsBody,
    SoldBody,
    WhichPurchase,
)
from setten.api.state import Deps
from setten.customers import identity
from setten.facts.stock import GoodsLine
from setten.platform import audit, clock, db
from setten.platform.auth import Actor
from setten.platform.db import Connection
from setten.stock import returns
from setten.stock.returns import PAGE_MAX, Back, NewReturn, Policy, Purchase, Return


def router() -> Router:
    """The routes of this domain, under /api/v1/returns."""
    return Router(
        path="/api/v1/returns",
        route_handlers=[
            look_up,
            take,
            list_at,
            view,
            get_policy,
            put_policy,
            till_returns.list_open,
            till_returns.match,
            till_returns.close,
        ],
        dependencies={"actor": guard.provide_actor},
        tags=["returns"],
        guards=[guard.allow("server")],
    )


@post("/lookup", status_code=200)
async def look_up(data: JSONBody[LookupIn], deps: NamedDependency[Deps]) -> PurchasesBody:
    """What was bought and may still come back; 404 `unknown_purchase`."""
    async with deps.pool.acquire() as conn:
        found = await _found(conn, data)
        shown = await _purchases(conn, found)
    return PurchasesBody(shown)


async def _found(conn: Connection, asked: LookupIn) -> list[Purchase]:
    if sum(getattr(asked, name) is not None for name in asked.__struct_fields__) != 1:
        raise WhichPurchase()
    if asked.customer_id is not None:
        numbers = await _numbers(conn, asked.customer_id)
        return await returns.of_customer(conn, sorted(numbers), now=clock.now())
    if asked.order_id is not None:
        return [await returns.by_order(conn, asked.order_id)]
    if asked.receipt_id is not None:
        return [await returns.by_receipt(conn, asked.receipt_id)]
    if asked.order_number is not None:
        return [await returns.by_order_number(conn, asked.order_number.replace("\x00", ""))]
    number = asked.receipt
    assert number is not None
    return [
        await returns.by_receipt_number(
            conn,
            location_id=number.location_id.replace("\x00", ""),
            register=number.register.replace("\x00", ""),
            sequence=number.sequence.replace("\x00", ""),
            business_day=number.business_day,
            now=clock.now(),
        )
    ]


async def _numbers(conn: Connection, customer_id: UUID) -> frozenset[int]:
    """All identifiers of a customer. Raises CustomerNotFound."""
    current = await identity.current(conn, customer_id)
    return frozenset(one.identifier_id for one in await identity.identifiers_of(conn, current))


async def _purchases(conn: Connection, found: Sequence[Purchase]) -> list[PurchaseBody]:
    numbers = {one.identifier_id for one in found if one.identifier_id is not None}
    whose = await identity.customers_for(conn, numbers)
    return [
        PurchaseBody(
            order_id=one.order_id,
            receipt_id=one.receipt_id,
            number=one.number,
            bought_at=one.bought_at,
            location_id=one.location_id,
            customer_id=whose.get(one.identifier_id or 0),
            currency=one.currency,
            lines=[
                SoldBody(
                    line_no=line.line_no,
                    sku=line.sku,
                    qty=line.qty,
                    amount=line.amount_minor,
                    tax_rate=line.tax_rate,
                    can_return=line.can_return,
                    parts=[
                        PieceBody(
                            sku=part.sku,
                            qty=part.qty,
                            amount=part.amount_minor,
                            can_return=part.can_return,
                        )
                        for part in line.pieces
                    ],
                )
                for line in one.lines
            ],
        )
        for one in found
    ]


@post("/", status_code=201)
async def take(
    data: JSONBody[ReturnIn],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[ReturnBody]:
    """Take goods back; 409 `more_than_sold`, `return_too_late`, `too_many_returns`,
    `proof_needed` or `not_enough_stock` (of what is taken instead)."""
    claim = idempotency.claim_for(actor, "returns", key, body)

    async def work(conn: Connection) -> tuple[int, Any, str | None]:
        now = clock.now()
        new = await _new(conn, data, actor)
        taken = await returns.take(conn, new, may_decide=True, now=now)
        if data.override_reason is not None:
            await audit.note(conn, actor, "return.overruled", at=now,
                             subject=str(taken.done.return_id))  # fmt: skip
        code = taken.exchange.code if taken.exchange else None
        return 201, (await _shown(conn, [taken.done], code))[0], taken.done.event_id

    return await idempotency.once(deps.pool, claim, work)


async def _new(conn: Connection, data: ReturnIn, actor: Actor) -> NewReturn:
    if data.order_id is not None and data.receipt_id is not None:
        raise WhichPurchase()
    purchase = None
    if data.order_id is not None:
        purchase = await returns.by_order(conn, data.order_id)
    elif data.receipt_id is not None:
        purchase = await returns.by_receipt(conn, data.receipt_id)
    return NewReturn(
        location_id=data.location_id.replace("\x00", ""),
        lines=tuple(
            Back(
                qty=one.qty,
                condition=one.condition,
                line_no=one.line_no,
                sku=one.sku and one.sku.replace("\x00", ""),
                part=one.part and one.part.replace("\x00", ""),
            )
            for one in data.lines
        ),
        reason=data.reason,
        by=actor.label,
        purchase=purchase,
        identifier_id=await _brought_by(conn, data.customer_id),
        owner_ids=await _owners(conn, data.customer_id, purchase),
        override_reason=data.override_reason,
        exchange=tuple(
            GoodsLine(one.sku.replace("\x00", ""), one.location_id.replace("\x00", ""), one.qty)
            for one in data.exchange
        ),
    )


async def _brought_by(conn: Connection, customer_id: UUID | None) -> int | None:
    if customer_id is None:
        return None
    current = await identity.current(conn, customer_id)
    return await identity.identifier_for(conn, current)


async def _owners(
    conn: Connection, customer_id: UUID | None, purchase: Purchase | None
) -> frozenset[int]:
    """All identifiers of who brings it, else of who bought it: returns are counted by person."""
    if customer_id is not None:
        return await _numbers(conn, customer_id)
    if purchase is None or purchase.identifier_id is None:
        return frozenset()
    whose = await identity.customers_for(conn, [purchase.identifier_id])
    if purchase.identifier_id not in whose:
        return frozenset({purchase.identifier_id})
    return await _numbers(conn, whose[purchase.identifier_id])


async def _shown(
    conn: Connection, found: Sequence[Return], code: str | None = None
) -> list[ReturnBody]:
    numbers = {one.identifier_id for one in found if one.identifier_id is not None}
    whose = await identity.customers_for(conn, numbers)
    return [
        ReturnBody(
            return_id=one.return_id,
            return_no=one.return_no,
            location_id=one.location_id,
            at=one.at,
            order_id=one.order_id,
            receipt_id=one.receipt_id,
            customer_id=whose.get(one.identifier_id or 0),
            reason=one.reason,
            currency=one.currency,
            total=one.total_minor,
            tax=one.tax,
            refunds=one.refunds,
            override_reason=one.override_reason,
            exchange=_exchange(one, code),
            lines=one.lines,
        )
        for one in found
    ]


def _exchange(done: Return, code: str | None) -> ExchangeBody | None:
    if done.exchange_hold_id is None:
        return None
    return ExchangeBody(
        hold_id=done.exchange_hold_id,
        code=code,
        price=done.exchange_minor,
        to_pay=done.to_pay_minor,
    )


@get("/")
async def list_at(
    deps: NamedDependency[Deps],
    location_id: Annotated[str, QueryParameter(max_length=ID_LENGTH_MAX)],
    cursor: FromQuery[UUID | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)] = 50,
) -> ReturnsBody:
    """Returns taken at a place, newest first."""
    place = location_id.replace("\x00", "")
    async with deps.pool.acquire() as conn:
        found = await returns.latest_at(conn, place, before=cursor, limit=limit)
        shown = await _shown(conn, found)
    return ReturnsBody(shown, str(found[-1].return_id) if len(found) == limit else None)


@get("/{return_id:uuid}")
async def view(return_id: FromPath[UUID], deps: NamedDependency[Deps]) -> ReturnBody:
    """One return; 404 `unknown_return`."""
    async with deps.pool.acquire() as conn:
        return (await _shown(conn, [await returns.get(conn, return_id)]))[0]


def _policy(policy: Policy) -> PolicyBody:
    return PolicyBody(
        days=policy.days,
        per_customer_max=policy.per_customer_max,
        per_customer_days=policy.per_customer_days,
        unproven_max=policy.unproven_max_minor,
        set_by=policy.set_by,
        set_at=policy.set_at,
    )


@get("/policy")
async def get_policy(deps: NamedDependency[Deps]) -> PolicyBody:
    """The rules of returning."""
    async with deps.pool.acquire() as conn:
        return _policy(await returns.policy(conn))


@put("/policy")
async def put_policy(
    data: JSONBody[PolicyIn], deps: NamedDependency[Deps], actor: NamedDependency[Actor]
) -> PolicyBody:
    """Set the rules of returning; they hold from now on, and what was law before is kept."""
    now = clock.now()
    asked = Policy(
        days=data.days,
        per_customer_max=data.per_customer_max,
        per_customer_days=data.per_customer_days,
        unproven_max_minor=data.unproven_max,
    )
    async with db.transaction(deps.pool) as conn:
        kept = await returns.set_policy(conn, asked, by=actor.label, now=now)
        await audit.note(conn, actor, "returns.policy_set", at=now)
    return _policy(kept)
