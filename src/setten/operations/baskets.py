"""Whose cart it is: people are the customers' domain, carts are stock's; here they meet."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import msgspec

from setten.customers import identity
from setten.platform.auth import Actor
from setten.platform.db import Connection
from setten.platform.errors import Denied
from setten.stock import carts
from setten.stock.carts import Cart


class NotYourCart(Denied):
    """A cart without a name that this actor's shops neither began nor were shown by its code."""

    code = "not_your_cart"


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """Whose cart: under which identifier is acted, and all that are the same person's."""

    under: int
    identifier_ids: tuple[int, ...]
    customer_id: UUID | None


async def of_customer(conn: Connection, customer_id: UUID) -> Owner:
    """A customer, under her strongest identifier; follows a merge. Raises CustomerNotFound."""
    person = await identity.person(conn, customer_id)
    return _owner(person, person.nodes[0].identifier_id)


async def of_identifier(conn: Connection, identifier_id: int) -> Owner:
    """Whoever an identifier is. One that identity has not met yet is a person of its own.

    What several people share (a tablet in the shop) has a cart of its own: whoever stands before
    it must not see the cart of the one who was there before.
    """
    customers = await identity.customers_for(conn, [identifier_id])
    if identifier_id not in customers:
        return Owner(under=identifier_id, identifier_ids=(identifier_id,), customer_id=None)
    person = await identity.person(conn, customers[identifier_id])
    node = next((one for one in person.nodes if one.identifier_id == identifier_id), None)
    if node is None or node.is_shared:
        return Owner(under=identifier_id, identifier_ids=(identifier_id,), customer_id=None)
    return _owner(person, identifier_id)


async def person_of(conn: Connection, cart_id: UUID) -> UUID | None:
    """The customer whose open cart it is, when more is known of her than a device: a browser's cart
    of nobody opens no person. None for a cart that is over, or never was."""
    try:
        number = await carts.owner_of(conn, cart_id)
    except carts.UnknownCart:
        return None
    return await _somebody(conn, number)


async def _somebody(conn: Connection, number: int) -> UUID | None:
    customers = await identity.customers_for(conn, [number])
    if number not in customers:
        return None
    person = await identity.person(conn, customers[number])
    node = next((one for one in person.nodes if one.identifier_id == number), None)
    if node is None or node.is_shared:
        return None
    is_somebody = any(not identity.DEFAULTS[one.kind].is_weak for one in person.nodes)
    return person.customer_id if is_somebody else None


async def may_change(conn: Connection, actor: Actor, cart: Cart, owner: Owner) -> bool:
    """Whether this member of staff may change the cart. Who works for some shops changes one
    without a name only where it was begun, or its code was said; a person's own opens her."""
    if not actor.locations or await _somebody(conn, owner.under) is not None:
        return True
    return any(map(actor.may_at, await carts.places_of(conn, cart.part_ids)))


async def of_staff(conn: Connection, actor: Actor, cart_id: UUID) -> Owner:
    """Whose cart this member of staff is about to change. Raises UnknownCart, NotYourCart."""
    owner = await of_identifier(conn, await carts.owner_of(conn, cart_id))
    cart = await carts.find(conn, owner.identifier_ids)
    if not await may_change(conn, actor, cart, owner):
        raise NotYourCart()
    return owner


async def customers_of(conn: Connection, identifier_ids: Collection[int]) -> dict[int, UUID]:
    """Whose carts are: customers by identifier, for a list."""
    return dict(await identity.customers_for(conn, identifier_ids))


def _owner(person: identity.Person, under: int) -> Owner:
    return Owner(
        under=under,
        identifier_ids=tuple(
            node.identifier_id
            for node in person.nodes
            if node.identifier_id == under or not node.is_shared
        ),
        customer_id=person.customer_id,
    )
