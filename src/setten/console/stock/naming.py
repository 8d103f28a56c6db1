"""Who is named on a page of the stock.

Staff of a shop see the people of what their own shop sold, keeps, sends or hands over, and those
whom they have met; the rest are goods, a place and a state. Whoever may list everybody sees all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from setten.console.customers import people
from setten.console.customers.people import Person
from setten.console.page import Page
from setten.customers import identity
from setten.facts.ids import CustomerId
from setten.platform import audit, auth
from setten.platform.auth import Actor, Right
from setten.platform.db import Connection
from setten.platform.vault import Vault
from setten.stock.fulfilments import Fulfilment
from setten.stock.orders import Order

Told = tuple[int | None, Collection[str | None]]
"""Under which identifier something is, and the places that have to do with it."""


async def shown(
    conn: Connection, vault: Vault, page: Page, told: Iterable[Told]
) -> dict[int, Person]:
    """By identifier the people whom this page may name; nobody else is opened.

    The caller audits (`people.note`).
    """
    if not page.who.may(Right.read_customers):
        return {}
    rows = [(number, places) for number, places in told if number is not None]
    owners = await identity.customers_for(conn, {number for number, _ in rows})
    if not people.may_list(page.who):
        owners = await _of_mine_or_met(conn, page, rows, owners)
    named = await people.by_id(conn, vault, list(dict.fromkeys(owners.values())), page.locale)
    return {number: named[owner] for number, owner in owners.items() if owner in named}


async def _of_mine_or_met(
    conn: Connection,
    page: Page,
    rows: Collection[tuple[int, Collection[str | None]]],
    owners: dict[int, CustomerId],
) -> dict[int, CustomerId]:
    mine = {number for number, places in rows if is_of(page.who, places)}
    others = {owner for number, owner in owners.items() if number not in mine}
    met = await audit.met_of(conn, page.who, others, now=page.now)
    return {number: owner for number, owner in owners.items() if number in mine or owner in met}


async def href(conn: Connection, page: Page, number: int | None) -> str:
    """Where the person behind an identifier opens, which may ask for a reason; "" for nobody."""
    if number is None or not page.who.may(Right.read_customers):
        return ""
    owner = (await identity.customers_for(conn, [number])).get(number)
    return f"/customers/{owner}" if owner else ""


def is_of(actor: Actor, places: Collection[str | None]) -> bool:
    """Whether one of the places is this person's own."""
    return any(place is not None and actor.may_at(place) for place in places)


def require_of(actor: Actor, places: Collection[str | None]) -> None:
    """Raises NoRight when none of the places is this person's; who has no shops works for all."""
    if actor.locations and not is_of(actor, places):
        raise auth.NoRight(right="location")


def places_of(order: Order, parts: Sequence[Fulfilment]) -> set[str | None]:
    """The places that have to do with an order: where it was sold, who sends it or hands it over;
    not who said that they cannot."""
    return {order.location_id} | {one.location_id for one in parts if one.state != "rejected"}


async def found(
    conn: Connection, vault: Vault, page: Page, told: Collection[Told], *, action: str
) -> dict[int, Person]:
    """People behind a code or number that somebody typed, by identifier; noted in the audit.

    Lists hand such numbers out, so they meet whom they name only where this is a person's own.
    """
    whose = await shown(conn, vault, page, told)
    await people.note(conn, page.who, list(whose.values()), action=action, now=page.now)
    mine = {number for number, places in told if number in whose and is_of(page.who, places)}
    await meet_said(conn, page, [number for number in mine if number is not None])
    return whose


async def meet_said(conn: Connection, page: Page, numbers: Collection[int]) -> None:
    """Somebody said the code of her cart, which no list shows: that opens the person."""
    if people.opens_one_by_one(page.who):
        owners = await identity.customers_for(conn, numbers)
        await audit.meet(conn, page.who, set(owners.values()), now=page.now)
