"""Identifiers, links between them, and the rules that hold them together."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from setten.facts.ids import CustomerId
from setten.platform.errors import NotFound
from setten.platform.vault import KINDS

# Beyond this many links one component is no longer resolved by itself: nobody has as many, and
# each new link would cost a second of everybody else's.
LINKS_MAX = 10_000
# Links read for one batch before it is settled in halves: some tens of megabytes.
GATHERED_MAX = 40_000


class CustomerNotFound(NotFound):
    """There is no customer for this."""

    code = "customer_not_found"


class Rule(msgspec.Struct, frozen=True):
    """What one customer may hold of a kind.

    is_weak: names a device, not a person. most: of this kind in one customer. shared_after: met
    with more than this many of one personal kind, the identifier stands with none of them.
    """

    is_weak: bool
    most: int
    shared_after: int


class Link(msgspec.Struct, frozen=True):
    """Evidence that two identifiers (a < b) are one person. kind: event, alias or manual."""

    a: int
    b: int
    kind: str
    event_id: str
    occurred_at: datetime
    source_id: int | None = None

    @property
    def pair(self) -> tuple[int, int]:
        return (self.a, self.b)


class Node(msgspec.Struct, frozen=True):
    """One identifier as identity knows it. `customer_id` is None before its first resolution."""

    identifier_id: int
    kind: str
    customer_id: UUID | None
    born_as: UUID
    first_at: datetime
    is_shared: bool = False

    @property
    def is_anchor(self) -> bool:
        """A customer lives as long as its anchor stays with it."""
        return self.customer_id == self.born_as


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A living customer: her identifiers strongest first, and the ids that redirect to hers."""

    customer_id: CustomerId
    nodes: tuple[Node, ...]
    merged: tuple[CustomerId, ...]

    @property
    def numbers(self) -> list[int]:
        return [node.identifier_id for node in self.nodes]


class LinkShown(msgspec.Struct, frozen=True, kw_only=True):
    """A link for people to judge. a, b: identifier numbers. evidence: the earliest event."""

    link_id: int
    a: int
    a_kind: str
    b: int
    b_kind: str
    kind: str
    evidence: str
    source_id: int | None
    occurred_at: datetime
    refusal: str | None


class Quarantine(msgspec.Struct, frozen=True, kw_only=True):
    """An identifier whose evidence has outgrown LINKS_MAX."""

    identifier_id: int
    links: int
    noted_at: datetime


STRENGTH: dict[str, int] = {kind: rank for rank, kind in enumerate(KINDS)}


def strength(kind: str) -> int:
    """Rank of a kind: 0 is the strongest; kinds that are not ours come last."""
    return STRENGTH.get(kind, len(STRENGTH))
