"""Carts over JSON: one for a customer on every screen.

A browser (scope `public`) knows its own anonymous id or cart and sees bands; programs see numbers.
"""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, RawBody

from setten.api import cart_bodies, guard, idempotency
from setten.api.cart_bodies import (
    CartBody,
    CartIn,
    ChangesIn,
    CheckoutIn,
    CodeBody,
    CodeIn,
    QuoteIn,
    TakeIn,
)
from setten.api.paces import Pace
from setten.api.state import Deps
from setten.customers import identity
from setten.operations import baskets, checkout
from setten.operations.baskets import Owner
from setten.operations.checkout import Checkout
from setten.platform import addresses, clock, db
from setten.platform.auth import Actor
from setten.platform.db import Connection
from setten.platform.errors import SettenError, TooMany
from setten.platform.vault import Sealed, UnusableIdentifier, normalise
from setten.stock import carts
from setten.stock.carts import Cart, UnknownCart, UnknownCartCode
from setten.stock.locations import Directory

_ALL = ("server", "agent", "public")
_STAFF = ("server", "agent")
_directory = Directory()
# A whole office or a carrier's customers stand behind one address; each needs one cart a visit.
CARTS_PER_MINUTE, CARTS_AT_ONCE = 120, 240
_pace = Pace(per_minute=CARTS_PER_MINUTE, burst=CARTS_AT_ONCE)


def router() -> Router:
    """The routes of carts, under /api/v1/carts."""
    return Router(
        path="/api/v1/carts",
        route_handlers=[open_cart, by_code, view, quote, change, make_code, take, check_out],
        dependencies={"actor": guard.provide_actor},
        tags=["carts"],
    )


class TooManyCarts(TooMany):
    """This sender opens carts faster than people do; wait."""

    code = "too_many_carts"


@post("/", status_code=200, guards=[guard.allow(*_ALL)])
async def open_cart(
    request: Request[Any, Any, Any],
    data: JSONBody[CartIn],
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
) -> CartBody:
    """The open cart of a customer, or of whoever an anonymous id is; made when there is none. 429
    `too_many_carts` for browsers of one address that open them faster than people do."""
    if actor.scope not in _STAFF:
        sender = _sender(request, deps)
        if wait_s := _pace.take(sender, time.monotonic()):
            raise TooManyCarts(retry_after_s=wait_s)
    async with db.transaction(deps.pool) as conn:
        owner = await _asked(conn, deps, data, actor)
        cart = await carts.ensure(
            conn, owner.identifier_ids, under=owner.under, channel=data.channel, now=clock.now()
        )
        return await _shown(conn, cart, owner, actor)


def _sender(request: Request[Any, Any, Any], deps: Deps) -> str:
    host = request.client.host if request.client else ""
    forwarded = request.headers.getall("x-forwarded-for", [])
    return addresses.counted(addresses.of_sender(host, forwarded, deps.settings.trusted_proxies))


async def _asked(conn: Connection, deps: Deps, data: CartIn, actor: Actor) -> Owner:
    if data.customer_id is not None and actor.scope in _STAFF:
        return await baskets.of_customer(conn, data.customer_id)
    if data.anonymous_id is None:
        raise identity.CustomerNotFound()
    try:
        anonymous = normalise("anonymous_id", data.anonymous_id)
    except UnusableIdentifier as cause:
        raise identity.CustomerNotFound() from cause
    numbers = await deps.vault.identify(conn, [anonymous])
    return await baskets.of_identifier(conn, numbers[anonymous])


@post("/lookup", status_code=200, guards=[guard.allow(*_STAFF)])
async def by_code(
    data: JSONBody[CodeIn], deps: NamedDependency[Deps], actor: NamedDependency[Actor]
) -> CartBody:
    """The cart whose code a customer says; 429 after too many wrong ones."""
    # On its own: a refusal must not take back that the wrong code was counted.
    async with db.transaction(deps.pool) as conn:
        number = await carts.find_by_code(conn, data.code, by=actor.label, now=clock.now())
    if number is None:
        raise UnknownCartCode()
    async with db.transaction(deps.pool) as conn:
        owner = await baskets.of_identifier(conn, number)
        return await _shown(conn, await carts.find(conn, owner.identifier_ids), owner, actor)


@get("/{cart_id:uuid}", guards=[guard.allow(*_ALL)])
async def view(
    cart_id: FromPath[UUID], deps: NamedDependency[Deps], actor: NamedDependency[Actor]
) -> CartBody:
    """A cart as it is now: price, stock and promise are those of this moment."""
    async with db.transaction(deps.pool) as conn:
        owner = await _owner(conn, cart_id)
        return await _shown(conn, await carts.find(conn, owner.identifier_ids), owner, actor)


@post("/{cart_id:uuid}/quote", status_code=200, guards=[guard.allow(*_ALL)])
async def quote(
    cart_id: FromPath[UUID],
    data: JSONBody[QuoteIn],
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
) -> CartBody:
    """What it costs to the door, and when it would be there."""
    async with db.transaction(deps.pool) as conn:
        owner = await _owner(conn, cart_id)
        cart = await carts.find(conn, owner.identifier_ids)
        shown = await _shown(conn, cart, owner, actor, data.postcode)
        await carts.note_refusal(conn, cart, refusal=None, shipping_minor=shown.shipping_minor)
    return shown


async def _owner(conn: Connection, cart_id: UUID) -> Owner:
    return await baskets.of_identifier(conn, await carts.owner_of(conn, cart_id))


async def _shown(
    conn: Connection, cart: Cart, owner: Owner, actor: Actor, postcode: str | None = None
) -> CartBody:
    seen, sent, refusal = await checkout.look(
        conn, _directory, cart, postcode=postcode, now=clock.now()
    )
    return cart_bodies.cart_body(seen, sent, refusal, owner, actor)


@post("/{cart_id:uuid}/changes", status_code=200, guards=[guard.allow(*_ALL)])
async def change(
    cart_id: FromPath[UUID],
    data: JSONBody[ChangesIn],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[CartBody]:
    """Edit lines, all or none. `add` and `remove` always go through; `set` names the version it
    saw, 409 `line_changed` when somebody else was faster."""
    claim = idempotency.claim_for(actor, f"cart {cart_id}", key, body)
    changes = [cart_bodies.change_from(one) for one in data.changes]

    async def work(conn: Connection) -> tuple[int, Any, str | None]:
        owner = await _owner(conn, cart_id)
        done = await carts.change(
            conn,
            owner.identifier_ids,
            changes,
            under=owner.under,
            channel=data.channel,
            now=clock.now(),
        )
        return 200, await _shown(conn, done.cart, owner, actor), done.event_id

    return await idempotency.once(deps.pool, claim, work)


@post("/{cart_id:uuid}/codes", status_code=201, guards=[guard.allow(*_ALL)])
async def make_code(cart_id: FromPath[UUID], deps: NamedDependency[Deps]) -> CodeBody:
    """A code to say at a counter and a token for a QR picture, for a quarter of an hour."""
    async with db.transaction(deps.pool) as conn:
        owner = await _owner(conn, cart_id)
        cart = await carts.find(conn, owner.identifier_ids)
        made = await carts.hand_over(conn, cart, now=clock.now())
    return CodeBody(code=made.code, token=made.token, expires_at=made.expires_at)


@post("/{cart_id:uuid}/take", status_code=200, guards=[guard.allow(*_ALL)])
async def take(
    cart_id: FromPath[UUID],
    data: JSONBody[TakeIn],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[CartBody]:
    """All of the cart with this token comes into this one: filled in the shop, taken home."""
    claim = idempotency.claim_for(actor, f"take {cart_id}", key, body)

    async def work(conn: Connection) -> tuple[int, Any, str | None]:
        number = await carts.find_by_token(conn, data.token, now=clock.now())
        giver, taker = await baskets.of_identifier(conn, number), await _owner(conn, cart_id)
        done = await carts.take(
            conn,
            giver.identifier_ids,
            taker.identifier_ids,
            under=taker.under,
            channel=data.channel,
            now=clock.now(),
        )
        return 200, await _shown(conn, done.cart, taker, actor), done.event_id

    return await idempotency.once(deps.pool, claim, work)


@post("/{cart_id:uuid}/checkout", status_code=201, guards=[guard.allow(*_STAFF)])
async def check_out(
    cart_id: FromPath[UUID],
    data: JSONBody[CheckoutIn],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[cart_bodies.BoughtBody]:
    """Order what was shown: 409 `price_changed`, `cart_changed` or `not_enough_stock` (with
    `alternatives`) when it is no longer so."""
    claim = idempotency.claim_for(actor, f"checkout {cart_id}", key, body)
    cart_bodies.check_payments(data, actor)

    async def work(conn: Connection) -> tuple[int, Any, str | None]:
        owner = await _owner(conn, cart_id)
        bought = await checkout.check_out(
            conn, _directory, await _checkout(conn, deps, owner, data, actor), now=clock.now()
        )
        return 201, cart_bodies.bought_body(bought, owner), bought.event_id

    try:
        return await idempotency.once(deps.pool, claim, work)
    except SettenError as refusal:
        await _remember(deps, cart_id, refusal)
        raise cart_bodies.for_scope(refusal, actor) from refusal


async def _checkout(
    conn: Connection, deps: Deps, owner: Owner, data: CheckoutIn, actor: Actor
) -> Checkout:
    address_id = None
    if data.address is not None:
        said = msgspec.to_builtins(data.address)
        (address_id,) = await deps.vault.seal(conn, [Sealed(owner.under, said)])
    return Checkout(
        identifier_ids=owner.identifier_ids,
        under=owner.under,
        cart_version=data.version,
        total_minor=data.total_minor,
        channel=data.channel,
        by=actor.label,
        location_id=data.location_id,
        pays=[cart_bodies.pay_from(one) for one in data.payments],
        postcode=data.address.postcode if data.address else None,
        address_id=address_id,
        hold_ids=data.hold_ids,
    )


async def _remember(deps: Deps, cart_id: UUID, refusal: SettenError) -> None:
    """A cart that is left after this was left because of it."""
    word = checkout.refusal_word(refusal)
    if word is None:
        return
    async with db.transaction(deps.pool) as conn:
        try:
            owner = await _owner(conn, cart_id)
            cart = await carts.find(conn, owner.identifier_ids)
        except UnknownCart:
            return
        await carts.note_refusal(
            conn, cart, refusal=word, shipping_minor=refusal.facts.get("shipping_minor")
        )
