"""Reading who is whom."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from setten.customers.identity.gathering import Q
from setten.customers.identity.model import CustomerNotFound, LinkShown, Node, Person, Quarantine
from setten.facts.ids import CustomerId, IdentifierId
from setten.platform.db import Connection, Record
from setten.platform.vault import KINDS

IDENTIFIERS_MAX = 1_000  # of one customer; the rules' limits add up to less
LINKS_PAGE_MAX = 200
REDIRECTS_MAX = 100


async def current(conn: Connection, customer_id: UUID) -> CustomerId:
    """The living customer behind an id, which may have been merged. Raises CustomerNotFound."""
    found = await Q.current.value(conn, customer_id=customer_id)
    if found is None:
        raise CustomerNotFound()
    return CustomerId(found)


async def merged_into(conn: Connection, customer_id: UUID) -> tuple[CustomerId, ...]:
    """Ids that redirect to this customer."""
    rows = await Q.merged_into.all(conn, customer_id=customer_id, most=REDIRECTS_MAX)
    return tuple(CustomerId(row["customer_id"]) for row in rows)


async def customers_for(conn: Connection, identifier_ids: Collection[int]) -> dict[int, CustomerId]:
    """Whose each identifier is; those that identity has not read yet are absent."""
    if not identifier_ids:
        return {}
    rows = await Q.customers_for.all(conn, identifier_ids=list(identifier_ids))
    return {row["identifier_id"]: CustomerId(row["customer_id"]) for row in rows}


async def identifiers_of(conn: Connection, customer_id: UUID) -> tuple[Node, ...]:
    """A living customer's identifiers, strongest first; empty for one who is not living."""
    rows = await Q.identifiers_of.all(
        conn, customer_id=customer_id, strength=list(KINDS), most=IDENTIFIERS_MAX
    )
    return tuple(Node(**dict(row)) for row in rows)


async def person(conn: Connection, customer_id: UUID) -> Person:
    """Who an id is: the living customer, her identifiers strongest first, ids merged into hers.

    Raises CustomerNotFound.
    """
    found = await people(conn, [customer_id])
    if customer_id not in found:
        raise CustomerNotFound()
    return found[customer_id]


async def people(conn: Connection, customer_ids: Collection[UUID]) -> dict[UUID, Person]:
    """As `person`, for many at once, by the id asked for; unknown ids are absent."""
    if not customer_ids:
        return {}
    rows = await Q.people.all(
        conn,
        customer_ids=list(customer_ids),
        strength=list(KINDS),
        most=IDENTIFIERS_MAX * len(customer_ids),
    )
    return {asked: _person(theirs) for asked, theirs in _by(rows, "asked").items()}


def _by(rows: Sequence[Record], column: str) -> dict[UUID, list[Record]]:
    found: dict[UUID, list[Record]] = {}
    for row in rows:
        found.setdefault(row[column], []).append(row)
    return found


def _person(rows: Sequence[Record]) -> Person:
    return Person(
        customer_id=CustomerId(rows[0]["customer_id"]),
        nodes=tuple(
            Node(
                identifier_id=row["identifier_id"],
                kind=row["kind"],
                customer_id=row["customer_id"],
                born_as=row["born_as"],
                first_at=row["first_at"],
                is_shared=row["is_shared"],
            )
            for row in rows
        ),
        merged=tuple(map(CustomerId, rows[0]["merged"] or ())),
    )


async def members(conn: Connection, customer_ids: Collection[UUID]) -> dict[int, CustomerId]:
    """All identifiers of these living customers, each with whose it is, in one query."""
    most = IDENTIFIERS_MAX * max(1, len(customer_ids))
    rows = await Q.members.all(conn, customer_ids=list(customer_ids), most=most)
    return {row["identifier_id"]: CustomerId(row["customer_id"]) for row in rows}


async def identifier_for(conn: Connection, customer_id: UUID) -> IdentifierId:
    """The strongest identifier of a customer: the number to write things under.

    Follows a merge. Raises CustomerNotFound.
    """
    found = await person(conn, customer_id)
    return IdentifierId(found.nodes[0].identifier_id)


async def links_of(
    conn: Connection, customer_id: UUID, *, since: int = 0, most: int = LINKS_PAGE_MAX
) -> tuple[LinkShown, ...]:
    """Evidence about a customer, counted or refused, by link_id after `since`."""
    rows = await Q.links_of.all(
        conn, customer_id=customer_id, since=since, most=min(most, LINKS_PAGE_MAX)
    )
    return tuple(LinkShown(**dict(row)) for row in rows)


async def quarantines(conn: Connection, *, most: int = 100) -> tuple[Quarantine, ...]:
    """Identifiers that have outgrown resolution, newest first, for a person to look at."""
    rows = await Q.quarantines.all(conn, most=most)
    return tuple(Quarantine(**dict(row)) for row in rows)
