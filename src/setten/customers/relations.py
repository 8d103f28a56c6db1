"""Households, givers, referrers: who has to do with whom, and never a reason to merge.

A relation stands between two identifiers, so that it follows its people through merges and splits.
Between identifiers that have become one customer it says nothing and is not shown, until a split.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from setten.customers import identity
from setten.facts.customers import RelationEnded, RelationMade
from setten.facts.ids import CustomerId
from setten.platform import audit, db, ids, log
from setten.platform.auth import Actor
from setten.platform.db import Connection, Record
from setten.platform.errors import Conflict, NotFound
from setten.platform.vault import Sealed, Vault

Q = db.load(__file__)
SHOWN_MAX = 200  # a person has a handful; a referrer may have sent a class
Kind = Literal["household", "gift_giver", "referrer"]
Role = Literal["together", "gives", "receives", "refers", "was_referred"]
_ROLES: dict[str, tuple[Role, Role]] = {
    "household": ("together", "together"),
    "gift_giver": ("gives", "receives"),
    "referrer": ("refers", "was_referred"),
}


class RelationNotFound(NotFound):
    """This customer has no such open relation."""

    code = "relation_not_found"


class RelatedAlready(Conflict):
    """The two have this relation already."""

    code = "related_already"


class RelatedToOneself(Conflict):
    """Both ids are one customer."""

    code = "related_to_oneself"


class Relation(msgspec.Struct, frozen=True, kw_only=True):
    """A relation from one customer's side. role: hers in it. other: whom it is with."""

    relation_id: UUID
    kind: Kind
    role: Role
    other: CustomerId
    made_at: datetime
    made_by: str


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """The relation, and the fact that tells of it."""

    relation: Relation
    event_id: str


async def relate(
    conn: Connection,
    vault: Vault,
    actor: Actor,
    *,
    customer_id: UUID,
    other: UUID,
    kind: Kind,
    reason: str | None,
    now: datetime,
) -> Made:
    """Write down that two customers have to do with each other; audited.

    customer_id: who gives or refers, where the kind has a direction. reason: sealed. Raises
    CustomerNotFound, RelatedToOneself, RelatedAlready.
    """
    ours, theirs = await identity.person(conn, customer_id), await identity.person(conn, other)
    if ours.customer_id == theirs.customer_id:
        raise RelatedToOneself()
    await _refuse_second(conn, kind, ours.numbers, theirs.numbers)
    one, far = ours.numbers[0], theirs.numbers[0]
    if kind == "household":
        one, far = sorted((one, far))
    relation_id = ids.uuid7()
    sealed_id = None
    if reason is not None:
        [sealed_id] = await vault.seal(conn, [Sealed(ours.numbers[0], {"reason": reason})])
    written = await Q.put.value(
        conn, relation_id=relation_id, kind=kind, one=one, other=far, made_at=now,
        made_by=actor.label, reason_sealed_id=sealed_id,
    )  # fmt: skip
    if written is None:
        raise RelatedAlready()
    fact = RelationMade(relation_id=relation_id, kind=kind, one=one, other=far)
    event_id = await log.state(conn, fact, at=now, identifiers=[ours.numbers[0]])
    await audit.note(
        conn, actor, "relation.made", at=now, customer_id=ours.customer_id,
        subject=str(relation_id), fields=[kind], reason_sealed_id=sealed_id,
    )  # fmt: skip
    relation = Relation(
        relation_id=relation_id, kind=kind, role=_ROLES[kind][0], other=theirs.customer_id,
        made_at=now, made_by=actor.label,
    )  # fmt: skip
    return Made(relation=relation, event_id=event_id)


async def end(
    conn: Connection,
    vault: Vault,
    actor: Actor,
    *,
    customer_id: UUID,
    relation_id: UUID,
    reason: str | None,
    now: datetime,
) -> str:
    """A relation is no more, or never was; audited. The id of the fact.

    Raises CustomerNotFound, RelationNotFound.
    """
    who = await identity.person(conn, customer_id)
    row = await Q.lock_of.maybe(conn, relation_id=relation_id, numbers=who.numbers)
    if row is None:
        raise RelationNotFound()
    await Q.finish.run(conn, relation_id=relation_id, ended_at=now, ended_by=actor.label)
    sealed_id = None
    if reason is not None:
        [sealed_id] = await vault.seal(conn, [Sealed(who.numbers[0], {"reason": reason})])
    await audit.note(
        conn, actor, "relation.ended", at=now, customer_id=who.customer_id,
        subject=str(relation_id), fields=[row["kind"]], reason_sealed_id=sealed_id,
    )  # fmt: skip
    return await log.state(conn, RelationEnded(**dict(row)), at=now, identifiers=[who.numbers[0]])


async def of(conn: Connection, customer_id: UUID) -> tuple[Relation, ...]:
    """The open relations of a customer, oldest first. Raises CustomerNotFound."""
    who = await identity.person(conn, customer_id)
    found = await of_many(conn, who.numbers)
    return found.get(who.customer_id, ())


async def of_many(
    conn: Connection, numbers: Collection[int]
) -> dict[CustomerId, tuple[Relation, ...]]:
    """Open relations of the customers whose these identifiers are, in one query."""
    rows = await Q.of_many.all(conn, numbers=list(numbers), most=SHOWN_MAX * max(1, len(numbers)))
    mine = set(numbers)
    found: dict[CustomerId, list[Relation]] = {}
    for row in rows:
        if row["one_customer"] == row["other_customer"]:
            continue
        for side, number in enumerate((row["one"], row["other"])):
            if number in mine:
                owner = row["other_customer" if side else "one_customer"]
                found.setdefault(CustomerId(owner), []).append(_relation(row, side))
    return {owner: tuple(told[:SHOWN_MAX]) for owner, told in found.items()}


def _relation(row: Record, side: int) -> Relation:
    return Relation(
        relation_id=row["relation_id"],
        kind=row["kind"],
        role=_ROLES[row["kind"]][side],
        other=CustomerId(row["one_customer" if side else "other_customer"]),
        made_at=row["made_at"],
        made_by=row["made_by"],
    )


async def _refuse_second(
    conn: Connection, kind: Kind, ours: Collection[int], theirs: Collection[int]
) -> None:
    """However the two were called when it was written down."""
    ways = [(ours, theirs), (theirs, ours)] if kind == "household" else [(ours, theirs)]
    for ones, others in ways:
        if await Q.open_between.value(conn, kind=kind, ones=list(ones), others=list(others)):
            raise RelatedAlready()
