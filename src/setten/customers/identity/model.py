"""Identifiers, links between them, and the rules that hold them together."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from setten.facts.ids import CustomerId
from setten.platform.errors import Conflict, NotFound
from setten.platform.vault import KINDS

# Beyond this many links one component is no longer resolved by itself: nobody has as many, and
# each new link would cost a second of everybody else's.
LINKS_MAX = 10_000
# Of one split: what a page shows of a person's links.
LINKS_ASKED_MAX = 200
# Links read for one batch before it is settled in halves: some tens of megabytes.
GATHERED_MAX = 40_000


class CustomerNotFound(NotFound):
    """There is no customer for this."""

    code = "customer_not_found"


class ComponentQuarantined(Conflict):
    """Too much hangs together here to be resolved; a value that is nobody's must be blocked."""

    code = "component_quarantined"


class Rule(msgspec.Struct, frozen=True):
    """What one customer may hold of a kind.

    is_weak: names a device, not a person. most: of this kind in one customer; 1 makes it unique.
    shared_after: met with more than this many of one personal kind, the identifier stands with
    none of them. priority: 1 to 99; of one event's links the lowest pair is weighed first.
    """

    is_weak: bool
    most: int
    shared_after: int
    priority: int = 90


# As few as fit real people: a family's cards, the addresses of a life, a browser that forgets
# weekly on two devices for years.
DEFAULTS: dict[str, Rule] = {
    "user_id": Rule(False, 1, 20, 10),
    "loyalty_card": Rule(False, 5, 20, 20),
    "line_id": Rule(False, 5, 20, 30),
    "whatsapp_id": Rule(False, 5, 20, 40),
    "email": Rule(False, 5, 20, 50),
    "phone": Rule(False, 5, 20, 60),
    "device_id": Rule(True, 50, 10, 70),
    "anonymous_id": Rule(True, 500, 10, 80),
}
assert tuple(DEFAULTS) == KINDS, "every kind has a rule"


JOINED, PARTED = "joined", "parted"


class Link(msgspec.Struct, frozen=True):
    """Evidence that two identifiers (a < b) are one person, and what a person decided of it.

    kind: event, alias, or manual when no event but only a decision speaks for it. verdict:
    "joined" counts before all evidence, "parted" keeps the two apart whatever else is told.
    """

    a: int
    b: int
    kind: str
    event_id: str
    occurred_at: datetime
    source_id: int | None = None
    verdict: str | None = None
    decided_at: datetime | None = None

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
    is_blocked: bool = False

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
    """A link for people to judge.

    a, b: identifier numbers, with whose they are now. kind: event, alias or manual. evidence: the
    earliest event, from source_id. state: "counted"; "refused", `refusal` saying why; or
    "taken_back". decided_by, decided_at: who last joined, parted or gave it back by hand; the
    reason is sealed.
    """

    link_id: int
    a: int
    a_kind: str
    a_customer: CustomerId
    b: int
    b_kind: str
    b_customer: CustomerId
    kind: str
    evidence: str
    source_id: int | None
    occurred_at: datetime
    verdict: str | None
    refusal: str | None
    decision: str | None
    decided_by: str | None
    decided_at: datetime | None
    reason_sealed_id: int | None

    @property
    def state(self) -> str:
        if self.verdict == PARTED:
            return "taken_back"
        return "refused" if self.refusal else "counted"


class Quarantine(msgspec.Struct, frozen=True, kw_only=True):
    """An identifier whose evidence has outgrown LINKS_MAX."""

    identifier_id: int
    links: int
    noted_at: datetime


STRENGTH: dict[str, int] = {kind: rank for rank, kind in enumerate(KINDS)}


def strength(kind: str) -> int:
    """Rank of a kind: 0 is the strongest; kinds that are not ours come last."""
    return STRENGTH.get(kind, len(STRENGTH))
