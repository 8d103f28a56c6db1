"""Finding a customer: by exact identifiers for programs, by what somebody says for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from setten.customers.identity.model import CustomerNotFound, Node, Person
from setten.customers.identity.service import IDENTIFIERS_MAX, customers_for
from setten.facts.ids import CustomerId
from setten.platform import db
from setten.platform.db import Connection
from setten.platform.errors import Conflict, SettenError
from setten.platform.vault import KINDS, Identifier, UnusableIdentifier, Vault, normalise

_Q = db.load(__file__)
SAID_LENGTH_MAX = 320  # as long as the longest mail address
FOUND_MAX = 50  # more than a person reads through; a narrower word is asked for instead
# A browser's or a device's id is not something anybody says.
_SAID_KINDS = tuple(kind for kind in KINDS if kind not in ("anonymous_id", "device_id"))


class IdentifiersDisagree(Conflict):
    """The identifiers given belong to different customers."""

    code = "identifiers_disagree"


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One customer that fits what was said. by: the kind that matched, or "search"."""

    customer_id: CustomerId
    by: str


async def lookup(conn: Connection, vault: Vault, identifiers: Sequence[tuple[str, str]]) -> Person:
    """The customer of exact identifiers, given as (kind, value).

    Unknown ones are passed over, and what can be nobody's. Raises CustomerNotFound when none is
    known, IdentifiersDisagree when they are of different customers.
    """
    found = (await lookup_many(conn, vault, [identifiers]))[0]
    if isinstance(found, Exception):
        raise found
    return found


async def lookup_many(
    conn: Connection, vault: Vault, asked: Sequence[Sequence[tuple[str, str]]]
) -> list[Person | SettenError]:
    """As `lookup`, for many questions in one query: each one's customer, or its refusal."""
    named = tokens(vault, asked)
    row = await db.together(conn, [named_part(named)], _Q.named)
    return named_told(row["people"], named)


def tokens(vault: Vault, asked: Sequence[Sequence[tuple[str, str]]]) -> list[list[UUID]]:
    """What the usable identifiers of each question are kept under."""
    return [
        [vault.token(one) for kind, value in identifiers if (one := _usable(kind, value))]
        for identifiers in asked
    ]


def named_part(asked: Sequence[Sequence[UUID]]) -> db.Part:
    """`lookup_many` of these tokens as the part `identity_named` of a statement."""
    every = list({token for each in asked for token in each})
    most = IDENTIFIERS_MAX * max(1, len(every))
    return db.Part(_Q.people_named, {"tokens": every, "strength": list(KINDS), "most": most})


def named_told(people: str, asked: Sequence[Sequence[UUID]]) -> list[Person | SettenError]:
    """What that part found, as a list in JSON: each question's customer, or its refusal.

    Those that identity has not read yet are nobody's.
    """
    rows: dict[UUID, list[_Named]] = {}
    for row in _decode_named(people):
        rows.setdefault(row.customer_id, []).append(row)
    whose: dict[UUID, Person] = {}
    for theirs in rows.values():
        person = _person(theirs)
        whose |= {row.token: person for row in theirs if row.token is not None}
    return [_only([whose[token] for token in each if token in whose]) for each in asked]


class _Named(msgspec.Struct):
    """One identifier of a person who was named. token: of one that she was asked by."""

    token: UUID | None
    identifier_id: int
    kind: str
    customer_id: UUID
    born_as: UUID
    first_at: datetime
    is_shared: bool
    merged: list[UUID] | None


_decode_named = msgspec.json.Decoder(list[_Named]).decode


def _person(rows: Sequence[_Named]) -> Person:
    nodes = tuple(
        Node(
            identifier_id=row.identifier_id,
            kind=row.kind,
            customer_id=row.customer_id,
            born_as=row.born_as,
            first_at=row.first_at,
            is_shared=row.is_shared,
        )
        for row in rows
    )
    merged = tuple(map(CustomerId, rows[0].merged or ()))
    return Person(customer_id=CustomerId(rows[0].customer_id), nodes=nodes, merged=merged)


def _only(found: Sequence[Person]) -> Person | SettenError:
    people = {person.customer_id: person for person in found}
    if not people:
        return CustomerNotFound()
    if len(people) > 1:
        return IdentifiersDisagree(customers=sorted(map(str, people)))
    return found[0]


def _usable(kind: str, value: str) -> Identifier | None:
    try:
        return normalise(kind, value)
    except UnusableIdentifier:
        return None


async def find_by(conn: Connection, vault: Vault, said: str) -> tuple[Found, ...]:
    """Customers that fit what somebody said at a counter, exact matches first.

    said: a card, phone, mail address, user or messaging id; or a name, kana, the last four digits
    of a phone, a postcode. At most FOUND_MAX. The caller audits.
    """
    said = said.strip()[:SAID_LENGTH_MAX]
    if not said:
        return ()
    exact = await vault.find(conn, _readings(said))
    by_number = {number: one.kind for one, number in exact.items()}
    for number in await vault.search(conn, said):
        by_number.setdefault(number, "search")
    owners = await customers_for(conn, list(by_number))
    found: dict[CustomerId, Found] = {}
    for number in sorted(owners, key=lambda one: by_number[one] == "search"):
        owner = owners[number]
        found.setdefault(owner, Found(customer_id=owner, by=by_number[number]))
    return tuple(found.values())[:FOUND_MAX]


def _readings(said: str) -> list[Identifier]:
    readings = []
    for kind in _SAID_KINDS:
        try:
            readings.append(normalise(kind, said))
        except UnusableIdentifier:
            continue
    return readings
