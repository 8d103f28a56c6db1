"""Answers about what stands: asked of some customers for a look, of everybody for a count.

The same SQL answers both, so they cannot differ. Nothing is asked that no condition needs. Which
events may change an answer, and whose, is told here too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import numpy as np

from setten.customers import consent
from setten.customers.segments.conditions import (
    CartNear,
    Consent,
    Listed,
    LivesNear,
    Reachable,
)
from setten.facts.commerce import CartChanged
from setten.facts.consent import ConsentGiven, ConsentWithdrawn, ReachFound, ReachLost
from setten.facts.customers import HomeMoved, RelationEnded, RelationMade
from setten.facts.stock import AvailabilityChanged
from setten.platform import db
from setten.platform.db import Connection, Query
from setten.platform.expressions import Needs, Node
from setten.platform.log import Row

Q = db.load(__file__)
COPIES = "segment_copies"
"""The reader of the copies; whoever asks by them comes behind it."""

# Of one look. Households have a handful; only somebody who referred thousands comes near it.
PAIRS_MAX = 50_000
_STATE_RANKS = {"withdrawn": 1, "refused": 2, "granted": 3}


class Question(msgspec.Struct, frozen=True):
    """A statement and its arguments; who is asked about comes as one more, or stands in it."""

    query: Query
    arguments: tuple[Any, ...]

    @property
    def of_some(self) -> str:
        """The statement about customers given as the last argument."""
        return f"{Q.asked_some.sql.format(place=len(self.arguments) + 1)}\n{self.query.sql}"

    @property
    def of_everybody(self) -> str:
        """The statement about everybody there is."""
        return f"{Q.asked_everybody.sql}\n{self.query.sql}"


def question(node: Node) -> Question:
    """What PostgreSQL is asked for a condition about what stands."""
    match node:
        case Consent(channel=channel, state=state, purpose=purpose):
            return _asking(Q.consent, purpose=purpose, channel=channel, state=_STATE_RANKS[state])
        case Reachable(channel=channel, purpose=purpose):
            kinds = list(consent.KINDS[channel])
            return _asking(Q.reachable, purpose=purpose, channel=channel, kinds=kinds)
        case LivesNear(km=km, location_id=location_id):
            return _asking(Q.lives_near, km=km, location_id=location_id)
        case CartNear(km=km):
            return _asking(Q.cart_near, km=km)
        case Listed(name=name):
            return _asking(Q.listed, name=name)
    raise AssertionError(f"nobody answers {node}")


def _asking(query: Query, **given: Any) -> Question:
    return Question(query, tuple(query.args(given)))


async def answers(
    conn: Connection, customer_ids: Sequence[UUID], nodes: Collection[Node]
) -> dict[Node, np.ndarray]:
    """Of each condition, one truth for each of these customers, who are distinct."""
    if not nodes:
        return {}
    places = {customer_id: place for place, customer_id in enumerate(customer_ids)}
    found: dict[Node, np.ndarray] = {}
    for node in nodes:
        asked = question(node)
        rows = await conn.fetch(asked.of_some, *asked.arguments, list(customer_ids))
        truths = np.zeros(len(customer_ids), bool)
        truths[[places[row["customer_id"]] for row in rows]] = True
        found[node] = truths
    return found


Pairs = tuple[np.ndarray, np.ndarray]


async def related(
    conn: Connection, customer_ids: Sequence[UUID], names: Collection[str]
) -> tuple[list[UUID], dict[str, Pairs]]:
    """(whom else these customers have to do with, pairs of places by relation).

    Places count through the customers asked for and then the others, in the order answered.
    """
    if not names:
        return [], {}
    rows = await Q.related.all(
        conn, customer_ids=list(customer_ids), relations=sorted(names), most=PAIRS_MAX
    )
    places = {customer_id: place for place, customer_id in enumerate(customer_ids)}
    more: list[UUID] = []
    pairs: dict[str, tuple[list[int], list[int]]] = {name: ([], []) for name in names}
    for row in rows:
        other = row["other"]
        if other not in places:
            places[other] = len(places)
            more.append(other)
        mine, theirs = pairs[row["relation"]]
        mine.append(row["place"] - 1)
        theirs.append(places[other])
    return more, {
        name: (np.array(mine, np.int64), np.array(theirs, np.int64))
        for name, (mine, theirs) in pairs.items()
    }


# The other side of each: who is asked about her when she changes.
_BACK = {
    "household": "household",
    "gives_to": "given_by",
    "given_by": "gives_to",
    "referred": "referred_by",
    "referred_by": "referred",
}


async def holders(
    conn: Connection, customer_ids: Sequence[UUID], names: Collection[str]
) -> dict[UUID, UUID]:
    """Whose answers may hang on these customers by way of a relation, and on which of them."""
    more, pairs = await related(conn, customer_ids, {_BACK[name] for name in names})
    size = len(customer_ids)
    return {
        more[other - size]: customer_ids[row]
        for rows, others in pairs.values()
        for row, other in zip(rows.tolist(), others.tolist(), strict=True)
        if other >= size
    }


# Events under an identifier of whose answers they may change.
_NAMES: dict[type[Node], frozenset[str]] = {
    Consent: frozenset({ConsentGiven.event_name, ConsentWithdrawn.event_name}),
    Reachable: frozenset(
        {
            ConsentGiven.event_name,
            ConsentWithdrawn.event_name,
            ReachLost.event_name,
            ReachFound.event_name,
            HomeMoved.event_name,
        }
    ),
    LivesNear: frozenset({HomeMoved.event_name}),
    CartNear: frozenset({HomeMoved.event_name, CartChanged.event_name}),
    Listed: frozenset(),
}
_RELATIONS = frozenset({RelationMade.event_name, RelationEnded.event_name})
# Beyond, those whose cart has what came or went are left to the wake-ups, some at a time.
CARTS_AT_ONCE = 1_000


class _Ends(msgspec.Struct):
    one: int
    other: int


class _Crossed(msgspec.Struct):
    sku: str


_decode_ends = msgspec.json.Decoder(_Ends).decode
_decode_crossed = msgspec.json.Decoder(_Crossed).decode


def watched(needs: Needs) -> frozenset[str]:
    """Names of events that may change an answer of those under whose identifiers they are."""
    kinds = {type(node) for node in needs.standings}
    return frozenset(name for kind in kinds for name in _NAMES[kind])


async def touched(
    conn: Connection, rows: Sequence[Row], needs: Needs, *, now: datetime
) -> dict[UUID, str]:
    """Whose answers events may change without being theirs, and by which event: both ends of a
    relation, whose cart has what came or went, whom a list has waited for. A crowd with carts is
    left to the wake-ups."""
    found: dict[UUID, str] = {}
    if any(isinstance(node, Listed) for node in needs.standings):
        found |= await _awaited(conn, rows)
    if needs.relations:
        for row in rows:
            if row.name in _RELATIONS:
                ends = _decode_ends(row.body)
                people = await Q.ends_of.all(conn, numbers=[ends.one, ends.other])
                found |= {one["customer_id"]: row.event_id for one in people}
    if any(isinstance(node, CartNear) for node in needs.standings):
        crossed = {
            _decode_crossed(row.body).sku: row.event_id
            for row in rows
            if row.name == AvailabilityChanged.event_name
        }
        found |= await _with_carts(conn, crossed, now)
    return found


async def _awaited(conn: Connection, rows: Sequence[Row]) -> dict[UUID, str]:
    # Of several the first: what follows are our own facts about it.
    by_number = {number: row.event_id for row in reversed(rows) for number in row.identifiers}
    if not by_number:
        return {}
    known = await Q.awaited.all(conn, numbers=list(by_number))
    return {one["customer_id"]: by_number[one["identifier_id"]] for one in known}


async def _with_carts(
    conn: Connection, crossed: Mapping[str, str], now: datetime
) -> dict[UUID, str]:
    if not crossed:
        return {}
    skus = list(crossed)
    owners = await Q.owners_of_carts.all(conn, skus=skus, most=CARTS_AT_ONCE + 1)
    if len(owners) > CARTS_AT_ONCE:
        await Q.wake_carts.run(conn, skus=skus, now=now)
        return {}
    return {one["customer_id"]: crossed[one["sku"]] for one in owners}


def asks_for(node: Node, *kinds: type[Node]) -> bool:
    """Whether an expression has a condition of one of these kinds anywhere."""
    return isinstance(node, kinds) or any(asks_for(part, *kinds) for part in node.parts())


def lists_in(node: Node) -> frozenset[str]:
    """Names of the lists that an expression asks for."""
    own = {node.name} if isinstance(node, Listed) else set()
    return frozenset(own).union(*map(lists_in, node.parts()))
