"""Holds over JSON: placed, found, picked, handed over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, RawBody

from setten.api import bare, guard, idempotency
from setten.api import tasks as tasks_api
from setten.api.hold_bodies import (
    Collect,
    Extend,
    HoldBody,
    HoldsBody,
    Id,
    Pick,
    PlacedBody,
    Row,
    Ttl,
)
from setten.api.state import Deps
from setten.customers import identity
from setten.facts.stock import GoodsLine
from setten.platform import auth, clock, db
from setten.platform.auth import Actor
from setten.platform.combine import Combiner
from setten.platform.db import Connection, Pool
from setten.platform.errors import Invalid, SettenError
from setten.stock import holds, sets, tasks
from setten.stock.bands import band_of
from setten.stock.holds import (
    LINES_MAX,
    PAGE_MAX,
    QTY_MAX,
    TTL_S_DEFAULT,
    Ask,
    Hold,
    NotEnoughStock,
    Placed,
    WrongCode,
)

_Q = db.load(__file__)
COMBINER = "holds"
# Two batches of a process wait for each other at the same row, and are smaller. But where many
# callers wait, one can be made and encoded while the database writes the other.
_LANES = 2
_BUSY = 32
_STAFF = [guard.allow("server", "agent")]


class BadLookup(Invalid):
    """Ask by code, by customer_id, or by location_id. facts: none."""

    code = "bad_lookup"


class LineIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Units of one sku at one place."""

    sku: Id
    location_id: Id
    qty: Annotated[int, msgspec.Meta(ge=1, le=QTY_MAX)]


class HoldIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to promise, to whom, for how long. channel: takes first what is set aside for it."""

    lines: Annotated[list[LineIn], msgspec.Meta(min_length=1, max_length=LINES_MAX)]
    customer_id: UUID | None = None
    ttl_s: Ttl = TTL_S_DEFAULT
    purpose: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]{0,39}$")] = "pickup"
    channel: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]{0,39}$")] = "api"


class Lookup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By code (at a place), by customer, or the queue of a place (all open, or one state)."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=20)] | None = None
    customer_id: UUID | None = None
    location_id: Id | None = None
    state: Annotated[
        str, msgspec.Meta(pattern="^(open|held|ready|collected|released|expired|short)$")
    ] = "open"
    cursor: UUID | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=PAGE_MAX)] = 50


def router() -> Router:
    """The routes of holds and tasks, under /api/v1/stock."""
    return Router(
        path="/api/v1/stock",
        route_handlers=[
            place, lookup, view, release, collect, extend, pick, not_on_shelf, tasks_api.list_tasks,
            tasks_api.finish_task,
        ],
        dependencies={"actor": guard.provide_actor, "caller": guard.provide_caller},
        tags=["holds"],
    )  # fmt: skip


class _Wish(msgspec.Struct, frozen=True):
    """A request for a hold, as it came."""

    caller: guard.Caller
    data: HoldIn
    body: bytes
    key: str | None


def combiner(pool: Pool) -> Combiner[_Wish, Placed]:
    """The gatherer of a process: `app` makes one and keeps it under COMBINER."""
    return Combiner(pool, _place_all, lanes=_LANES, busy=_BUSY)


async def _place_all(conn: Connection, wishes: Sequence[_Wish]) -> list[Placed | Exception]:
    """Who asks, for whom, and what they get: for all requests of a moment, in one transaction."""
    actors, parts = await _who(conn, wishes)
    wanted = {wish.data.customer_id for wish in wishes if wish.data.customer_id is not None}
    people = await identity.people(conn, wanted)
    asks = [_ask(wish, actor, people) for wish, actor in zip(wishes, actors, strict=True)]
    good = [ask for ask in asks if isinstance(ask, Ask)]
    placed = iter(await holds.place_many(conn, good, now=clock.now(), parts=parts))
    return [
        _for_scope(next(placed), actor) if isinstance(ask, Ask) else ask
        for ask, actor in zip(asks, actors, strict=True)
    ]


async def _who(
    conn: Connection, wishes: Sequence[_Wish]
) -> tuple[list[Actor | SettenError], sets.Parts]:
    """Who asks, and what the sets among their goods are made of, in one round trip."""
    keys = [wish.caller.key for wish in wishes]
    skus = {one.sku for wish in wishes for one in wish.data.lines}
    row = await db.together(conn, [auth.keys_part(keys), sets.parts_part(skus)], _Q.who)
    actors = guard.let_by([wish.caller for wish in wishes], auth.keys_told(row["keys"], keys))
    return actors, sets.parts_told(row["parts"])


def _ask(
    wish: _Wish, actor: Actor | SettenError, people: Mapping[UUID, identity.Person]
) -> Ask | SettenError:
    """The wish in the words of stock, or why it is none. Strangers are told so before all else."""
    if isinstance(actor, SettenError):
        return actor
    try:
        claim = idempotency.claim_for(actor, "holds", wish.key, wish.body)
    except SettenError as refusal:
        return refusal
    data = wish.data
    if data.customer_id is not None and data.customer_id not in people:
        return identity.CustomerNotFound()
    return Ask(
        lines=_lines(data.lines),
        by=actor.label,
        ttl_s=data.ttl_s,
        purpose=data.purpose,
        channel=data.channel,
        identifier_id=people[data.customer_id].nodes[0].identifier_id if data.customer_id else None,
        claim=claim,
    )


def _lines(lines: Sequence[LineIn]) -> tuple[GoodsLine, ...]:
    return tuple(
        GoodsLine(line.sku.replace("\x00", ""), line.location_id.replace("\x00", ""), line.qty)
        for line in lines
    )


@bare.post("/holds", status_code=201, scopes=("server", "agent"))
async def place(
    data: JSONBody[HoldIn],
    body: RawBody,
    deps: NamedDependency[Deps],
    caller: NamedDependency[guard.Caller],
    key: idempotency.Key = None,
) -> bare.Answer[PlacedBody]:
    """Promise all lines or none; 409 `not_enough_stock` says what is short."""
    placed: Placed = await deps.combiners[COMBINER].ask(_Wish(caller, data, body, key))
    answer = PlacedBody(
        hold_id=placed.hold_id, lines=placed.lines, expires_at=placed.expires_at, code=placed.code
    )
    return bare.Answer(answer, placed.event_id)


def _for_scope(answer: Placed | SettenError, actor: Actor | SettenError) -> Placed | SettenError:
    """Numbers are for scope `server`; others are told the band."""
    if not isinstance(answer, NotEnoughStock):
        return answer
    if isinstance(actor, Actor) and actor.scope == "server":
        return answer
    names = ("sku", "location_id", "wanted")
    short = [
        {name: one[name] for name in names} | {"band": band_of(one["available"]).value}
        for one in answer.facts["short"]
    ]
    return NotEnoughStock(short=short)


@post("/holds/lookup", status_code=200, guards=_STAFF)
async def lookup(data: JSONBody[Lookup], deps: NamedDependency[Deps]) -> HoldsBody:
    """Find holds by code, by customer, or as the queue of a place."""
    now = clock.now()
    async with deps.pool.acquire() as conn:
        found = await _found(conn, data, now)
        shown = await bodies(conn, found)
    more = len(found) == data.limit and data.code is None
    return HoldsBody(shown, str(found[-1].hold_id) if more else None)


async def _found(conn: Connection, asked: Lookup, now: datetime) -> list[Hold]:
    place = asked.location_id.replace("\x00", "") if asked.location_id else None
    if asked.code is not None:
        code = asked.code.strip().replace("\x00", "")
        return await holds.find_by_code(conn, code, now=now, location_id=place)
    if asked.customer_id is not None:
        customer_id = await identity.current(conn, asked.customer_id)
        nodes = await identity.identifiers_of(conn, customer_id)
        return await holds.find_by_identifiers(
            conn, [node.identifier_id for node in nodes], now=now, limit=asked.limit,
            only_open=asked.state == "open", before=asked.cursor,
        )  # fmt: skip
    if place is None:
        raise BadLookup()
    state = None if asked.state == "open" else asked.state
    return await holds.queue(
        conn, place, now=now, state=state, after=asked.cursor, limit=asked.limit
    )


_LOOKED_UP = ("customer_id", "alternative", "lasts_until")
_AS_IT_IS = [one for one in HoldBody.__struct_fields__ if one not in _LOOKED_UP]


async def bodies(conn: Connection, found: Sequence[Hold]) -> list[HoldBody]:
    """Holds as they are shown, in order."""
    numbers = {hold.identifier_id for hold in found if hold.identifier_id is not None}
    customers = await identity.customers_for(conn, numbers)
    short = [hold.hold_id for hold in found if any(one.state == "short" for one in hold.lines)]
    elsewhere = await tasks.alternatives(conn, short)
    return [
        HoldBody(
            customer_id=customers.get(hold.identifier_id or 0),
            alternative=elsewhere.get(hold.hold_id),
            lasts_until=bound.at if (bound := holds.latest(hold)) else None,
            **{name: getattr(hold, name) for name in _AS_IT_IS},
        )
        for hold in found
    ]


@get("/holds/{hold_id:uuid}", guards=_STAFF)
async def view(hold_id: FromPath[UUID], deps: NamedDependency[Deps]) -> HoldBody:
    """One hold."""
    async with deps.pool.acquire() as conn:
        return (await bodies(conn, [await holds.get(conn, hold_id, now=clock.now())]))[0]


@post("/holds/{hold_id:uuid}/release", status_code=200, guards=_STAFF)
async def release(
    hold_id: FromPath[UUID],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[HoldBody]:
    """Give a hold up; 409 `hold_ended` when it is over already."""
    claim = idempotency.claim_for(actor, f"release {hold_id}", key, body)

    async def work(conn: Connection) -> tuple[int, Any, str | None]:
        ended = await holds.release(conn, hold_id, by=actor.label, now=clock.now())
        return 200, (await bodies(conn, [ended.hold]))[0], ended.event_id

    return await idempotency.once(deps.pool, claim, work)


@post("/holds/{hold_id:uuid}/collect", status_code=200, guards=_STAFF)
async def collect(
    hold_id: FromPath[UUID],
    data: JSONBody[Collect],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[HoldBody]:
    """Hand a hold over to whoever says its code; 403 `wrong_code`, 409 `hold_ended`."""
    claim = idempotency.claim_for(actor, f"collect {hold_id}", key, body)
    # On its own: a refusal must not take back that the wrong code was counted.
    async with db.transaction(deps.pool) as conn:
        hold = await holds.get(conn, hold_id, now=clock.now())
        fits = await holds.code_fits(conn, hold, data.code, now=clock.now())
    if not fits:
        raise WrongCode()

    async def work(conn: Connection) -> tuple[int, Any, str | None]:
        ended = await holds.collect(conn, hold_id, by=actor.label, now=clock.now())
        return 200, (await bodies(conn, [ended.hold]))[0], ended.event_id

    return await idempotency.once(deps.pool, claim, work)


@post("/holds/{hold_id:uuid}/extend", status_code=200, guards=_STAFF)
async def extend(
    hold_id: FromPath[UUID],
    data: JSONBody[Extend],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[HoldBody]:
    """Let a hold run longer; never shorter."""
    claim = idempotency.claim_for(actor, f"extend {hold_id}", key, body)

    async def work(conn: Connection) -> tuple[int, Any, str | None]:
        ended = await holds.extend(conn, hold_id, ttl_s=data.ttl_s, now=clock.now())
        return 200, (await bodies(conn, [ended.hold]))[0], ended.event_id

    return await idempotency.once(deps.pool, claim, work)


@post("/holds/{hold_id:uuid}/pick", status_code=200, guards=_STAFF)
async def pick(
    hold_id: FromPath[UUID], data: JSONBody[Pick], deps: NamedDependency[Deps]
) -> HoldBody:
    """Mark lines as picked; with the last one it is ready. Twice changes nothing."""
    rows = None if data.lines is None else [(one.sku, one.location_id) for one in data.lines]
    async with db.transaction(deps.pool) as conn:
        hold = await holds.pick(conn, hold_id, lines=rows, now=clock.now())
        return (await bodies(conn, [hold]))[0]


@post("/holds/{hold_id:uuid}/not-on-shelf", status_code=200, guards=_STAFF)
async def not_on_shelf(
    hold_id: FromPath[UUID],
    data: JSONBody[Row],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[HoldBody]:
    """A line cannot be found: it becomes short and its units are booked as missing."""
    claim = idempotency.claim_for(actor, f"short {hold_id}", key, body)

    async def work(conn: Connection) -> tuple[int, Any, str | None]:
        hold = await holds.not_on_shelf(
            conn, hold_id, sku=data.sku, location_id=data.location_id, now=clock.now()
        )
        return 200, (await bodies(conn, [hold]))[0], None

    return await idempotency.once(deps.pool, claim, work)
