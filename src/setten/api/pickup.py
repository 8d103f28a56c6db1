"""Pickup over JSON: ticks taken back, other goods, hand-over in part or to somebody else, slips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, RawBody

from setten.api import guard, idempotency
from setten.api.cart_bodies import for_scope
from setten.api.hold_bodies import HoldBody, Pick
from setten.api.holds import bodies
from setten.api.state import Deps
from setten.facts.stock import GoodsLine
from setten.platform import audit, clock, db
from setten.platform.auth import Actor
from setten.platform.db import Connection
from setten.platform.errors import Conflict, Invalid
from setten.stock import holds
from setten.stock.holds import (
    LINES_MAX,
    NAME_LENGTH_MAX,
    QTY_MAX,
    HandedOver,
    NotEnoughStock,
    Swap,
    WrongCode,
)

ID_LENGTH_MAX = 100
MINOR_MAX = 10**12
_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=ID_LENGTH_MAX)]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_LENGTH_MAX)]
_Qty = Annotated[int, msgspec.Meta(ge=1, le=QTY_MAX)]


class WhoCollects(Invalid):
    """Say the code, or who collects, or that it is who was named; one of them."""

    code = "who_collects"


class NobodyNamed(Conflict):
    """The customer named nobody who may collect it."""

    code = "nobody_named"


class TakenIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Units of one line that are handed over."""

    sku: _Id
    location_id: _Id
    qty: _Qty


class HandOverIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """To whom: `code` that somebody says, `name` of another person, or `is_named`: the person whom
    the customer named before. lines: what is handed over, null for all. rest: what becomes of what
    is not: `release` or `keep` (it waits on under the same code).
    """

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=20)] | None = None
    name: _Name | None = None
    is_named: bool = False
    lines: Annotated[list[TakenIn], msgspec.Meta(min_length=1, max_length=LINES_MAX)] | None = None
    rest: Literal["release", "keep"] = "release"


class SwapIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Other goods instead of a line's. price: of one, minor units. agreed_how: how the customer
    said yes. is_missing: the first goods are not there."""

    sku: _Id
    location_id: _Id
    by_sku: _Id
    price: Annotated[int, msgspec.Meta(ge=0, le=MINOR_MAX)]
    agreed_how: Literal["counter", "phone", "chat", "line", "mail", "web"]
    qty: _Qty | None = None
    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")] = "JPY"
    is_missing: bool = False


class CollectorIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who will collect in the customer's stead."""

    name: _Name


class SubstitutionBody(msgspec.Struct, frozen=True, kw_only=True):
    """What was taken instead of what. price: of one, minor units."""

    was_sku: str
    sku: str
    location_id: str
    qty: int
    price: int
    currency: str
    agreed_how: str
    agreed_with: str


class CounterBody(msgspec.Struct, frozen=True, kw_only=True):
    """The hold after the act. rest: the hold under which what was not handed over waits on."""

    hold: HoldBody
    rest: HoldBody | None = None
    substitutions: list[SubstitutionBody] = []


def router() -> Router:
    """The routes of the counter, under /api/v1/stock/holds."""
    return Router(
        path="/api/v1/stock/holds",
        route_handlers=[unpick, substitute, name_collector, hand_over, reopen, counter],
        dependencies={"actor": guard.provide_actor},
        tags=["holds"],
        guards=[guard.allow("server", "agent")],
    )


async def _body(conn: Connection, done: HandedOver) -> CounterBody:
    both = [done.hold] + ([done.rest] if done.rest else [])
    shown = await bodies(conn, both)
    swaps = await holds.substitutions_of(conn, done.hold)
    return CounterBody(
        hold=shown[0],
        rest=shown[1] if done.rest else None,
        substitutions=[
            SubstitutionBody(
                was_sku=one.was_sku,
                sku=one.sku,
                location_id=one.location_id,
                qty=one.qty,
                price=one.price_minor,
                currency=one.currency,
                agreed_how=one.agreed_how,
                agreed_with=one.agreed_with,
            )
            for one in swaps
        ],
    )


@get("/{hold_id:uuid}/counter")
async def counter(hold_id: FromPath[UUID], deps: NamedDependency[Deps]) -> CounterBody:
    """A hold with what was taken instead of what."""
    async with deps.pool.acquire() as conn:
        hold = await holds.get(conn, hold_id, now=clock.now())
        return await _body(conn, HandedOver(hold=hold, rest=None, event_id=""))


@post("/{hold_id:uuid}/unpick", status_code=200)
async def unpick(
    hold_id: FromPath[UUID], data: JSONBody[Pick], deps: NamedDependency[Deps]
) -> HoldBody:
    """Take ticks back, of all lines when none are named. Twice changes nothing."""
    rows = None if data.lines is None else [(one.sku, one.location_id) for one in data.lines]
    async with db.transaction(deps.pool) as conn:
        hold = await holds.unpick(conn, hold_id, lines=rows, now=clock.now())
        return (await bodies(conn, [hold]))[0]


@post("/{hold_id:uuid}/substitute", status_code=200)
async def substitute(
    hold_id: FromPath[UUID],
    data: JSONBody[SwapIn],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[CounterBody]:
    """Other goods, with the customer's consent; 409 `not_enough_stock` when they are not free."""
    claim = idempotency.claim_for(actor, f"substitute {hold_id}", key, body)
    swap = Swap(
        sku=data.sku.replace("\x00", ""),
        location_id=data.location_id.replace("\x00", ""),
        by_sku=data.by_sku.replace("\x00", ""),
        qty=data.qty,
        price_minor=data.price,
        currency=data.currency,
        agreed_how=data.agreed_how,
        agreed_with=actor.label,
        is_missing=data.is_missing,
    )

    async def work(conn: Connection) -> tuple[int, Any, str | None]:
        done = await holds.substitute(conn, hold_id, swap, now=clock.now())
        return 200, await _body(conn, done), done.event_id

    try:
        return await idempotency.once(deps.pool, claim, work)
    except NotEnoughStock as refusal:
        raise for_scope(refusal, actor) from refusal


@put("/{hold_id:uuid}/collector", status_code=200)
async def name_collector(
    hold_id: FromPath[UUID],
    data: JSONBody[CollectorIn],
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
) -> HoldBody:
    """The customer names who will collect; the name is sealed and shown at the counter alone."""
    now = clock.now()
    async with db.transaction(deps.pool) as conn:
        hold = await holds.name_collector(conn, deps.vault, hold_id, name=data.name, now=now)
        await audit.note(conn, actor, "hold.collector_named", at=now, subject=str(hold_id))
        return (await bodies(conn, [hold]))[0]


@post("/{hold_id:uuid}/hand-over", status_code=200)
async def hand_over(
    hold_id: FromPath[UUID],
    data: JSONBody[HandOverIn],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[CounterBody]:
    """Hand over all or some of it; 403 `wrong_code`, 409 `hold_ended`."""
    claim = idempotency.claim_for(actor, f"hand-over {hold_id}", key, body)
    if sum((data.code is not None, data.name is not None, data.is_named)) != 1:
        raise WhoCollects()
    if data.code is not None:
        await _check_code(deps, hold_id, data.code)

    async def work(conn: Connection) -> tuple[int, Any, str | None]:
        now = clock.now()
        sealed_id = await _named(conn, deps, actor, hold_id, data)
        done = await holds.hand_over(
            conn,
            hold_id,
            by=actor.label,
            now=now,
            taken=_taken(data.lines),
            keeps_rest=data.rest == "keep",
            sealed_id=sealed_id,
        )
        return 200, await _body(conn, done), done.event_id

    return await idempotency.once(deps.pool, claim, work)


async def _check_code(deps: Deps, hold_id: UUID, code: str) -> None:
    # On its own: a refusal must not take back that the wrong code was counted.
    async with db.transaction(deps.pool) as conn:
        hold = await holds.get(conn, hold_id, now=clock.now())
        fits = await holds.code_fits(conn, hold, code, now=clock.now())
    if not fits:
        raise WrongCode()


async def _named(
    conn: Connection, deps: Deps, actor: Actor, hold_id: UUID, data: HandOverIn
) -> int | None:
    """The sealed name of who collects; None when the code was said."""
    now = clock.now()
    if data.name is not None:
        hold = await holds.get(conn, hold_id, now=now)
        return await holds.seal_name(conn, deps.vault, hold, data.name)
    if not data.is_named:
        return None
    named = await holds.collectors_of(conn, deps.vault, [hold_id])
    if hold_id not in named:
        raise NobodyNamed()
    await audit.note(conn, actor, "hold.collector_viewed", at=now, subject=str(hold_id))
    return named[hold_id][0]


def _taken(lines: Sequence[TakenIn] | None) -> list[GoodsLine] | None:
    if lines is None:
        return None
    return [GoodsLine(one.sku, one.location_id, one.qty) for one in lines]


@post("/{hold_id:uuid}/reopen", status_code=200)
async def reopen(
    hold_id: FromPath[UUID],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[CounterBody]:
    """Take a hand-over back within 15 minutes, while nobody has paid; else 409 `cannot_reopen`."""
    claim = idempotency.claim_for(actor, f"reopen {hold_id}", key, body)

    async def work(conn: Connection) -> tuple[int, Any, str | None]:
        done = await holds.reopen(conn, hold_id, now=clock.now())
        return 200, await _body(conn, done), done.event_id

    return await idempotency.once(deps.pool, claim, work)
