"""The decision who is whom: plain functions of the whole evidence, the same in any order."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from setten.customers.identity.model import DEFAULTS, JOINED, PARTED, Link, Node, Rule, strength

# A kind without a rule of its own is held as tightly as a personal one.
DEFAULT_RULE = Rule(is_weak=False, most=5, shared_after=20)
Pair = tuple[int, int]


class Resolution(msgspec.Struct, frozen=True):
    """Who is whom. parts: identifiers of one person each. refusals: why a link does not count."""

    parts: tuple[frozenset[int], ...]
    refusals: Mapping[Pair, str]
    shared: frozenset[int]


def resolve(
    evidence: Iterable[Link],
    kinds: Mapping[int, str],
    rules: Mapping[str, Rule],
    *,
    blocked: Collection[int] = (),
    shared: Collection[int] | None = None,
) -> Resolution:
    """Resolve identifiers into people.

    evidence: all links of a component, one per pair, in any order. kinds: of every identifier,
    also of those without a link. blocked: those that stand for nobody. shared: those known to be
    everybody's; worked out from the evidence when not given.

    A person's decision to join counts first, then what links a personal identifier, then what
    links two devices; within each the earlier. A link that would break a limit, or bring together
    what a person has parted, is refused, so that its weaker identifier stays where it was.
    """
    links = list(evidence)
    everybodys = shared_ones(links, kinds, rules, blocked) if shared is None else frozenset(shared)
    parts = _Parts(kinds, rules, [link.pair for link in links if link.verdict == PARTED])
    refusals: dict[Pair, str] = {}
    for link in sorted(links, key=lambda one: _order(one, kinds, rules)):
        why = standing(link, blocked, everybodys) or parts.join(link)
        if why:
            refusals[link.pair] = why
    return Resolution(parts.all(), refusals, everybodys)


def standing(link: Link, blocked: Collection[int], shared: Collection[int]) -> str | None:
    """Why a link joins nothing, whatever else is known; None when it may."""
    if link.verdict == PARTED:
        return "parted"
    if link.a in blocked or link.b in blocked:
        return "blocked"
    return "shared" if link.a in shared or link.b in shared else None


def shared_ones(
    links: Iterable[Link],
    kinds: Mapping[int, str],
    rules: Mapping[str, Rule],
    blocked: Collection[int] = (),
) -> frozenset[int]:
    """Identifiers that have met too many of one personal kind to be anybody's own.

    Only events count, also those whose link a person took back: they did meet.
    """
    met: dict[int, Counter[str]] = defaultdict(Counter)
    for link in links:
        if link.kind == "manual" or link.a in blocked or link.b in blocked:
            continue
        for one, other in ((link.a, link.b), (link.b, link.a)):
            if not _is_weak(kinds[other], rules):
                met[one][kinds[other]] += 1
    return frozenset(
        one
        for one, counts in met.items()
        if max(counts.values()) > rule_of(kinds[one], rules).shared_after
    )


def rule_of(kind: str, rules: Mapping[str, Rule]) -> Rule:
    """The rule of a kind: as set, else the default."""
    return rules.get(kind) or DEFAULTS.get(kind) or DEFAULT_RULE


def _is_weak(kind: str, rules: Mapping[str, Rule]) -> bool:
    return rule_of(kind, rules).is_weak


def _order(
    link: Link, kinds: Mapping[int, str], rules: Mapping[str, Rule]
) -> tuple[int, datetime, str, list[tuple[int, int]], Pair]:
    if link.verdict == JOINED:
        assert link.decided_at is not None
        return (0, link.decided_at, link.event_id, [], link.pair)
    of_pair = (kinds[link.a], kinds[link.b])
    turn = 2 if all(_is_weak(kind, rules) for kind in of_pair) else 1
    # Within one event the stronger pair first: the weakest identifier is the one dropped.
    ranks = sorted((rule_of(kind, rules).priority, strength(kind)) for kind in of_pair)
    return (turn, link.occurred_at, link.event_id, ranks, link.pair)


class _Parts:
    """Union-find whose unions may be refused. foes: pairs that never come into one part."""

    def __init__(
        self, kinds: Mapping[int, str], rules: Mapping[str, Rule], foes: Iterable[Pair] = ()
    ) -> None:
        self._kinds = kinds
        self._rules = rules
        self._members: dict[int, list[int]] = {one: [one] for one in kinds}
        self._root: dict[int, int] = {one: one for one in kinds}
        self._counts = {one: Counter((kind,)) for one, kind in kinds.items()}
        self._foes: dict[int, set[int]] = defaultdict(set)
        for a, b in foes:
            self._foes[a].add(b)
            self._foes[b].add(a)

    def join(self, link: Link) -> str | None:
        """Make both ends one part. Answers why not, or None."""
        left, right = self._root[link.a], self._root[link.b]
        if left == right:
            return None
        if any(self._root.get(foe) == right for foe in self._foes.get(left, ())):
            return "parted"
        if why := self._refusal(link, self._counts[left], self._counts[right]):
            return why
        if len(self._members[left]) < len(self._members[right]):
            left, right = right, left
        for one in self._members[right]:
            self._root[one] = left
        self._members[left] += self._members.pop(right)
        self._counts[left] += self._counts.pop(right)
        if foes := self._foes.pop(right, None):
            self._foes[left] |= foes
        return None

    def _refusal(self, link: Link, left: Counter[str], right: Counter[str]) -> str | None:
        for kind in left.keys() | right.keys():
            if left[kind] + right[kind] > rule_of(kind, self._rules).most:
                return "limit"
        if link.verdict == JOINED:
            return None
        weak = [_is_weak(self._kinds[one], self._rules) for one in link.pair]
        if all(weak):
            return "weak" if self._personal(left) and self._personal(right) else None
        if any(weak):
            return "weak" if self._personal(left) & self._personal(right) else None
        return None

    def _personal(self, counts: Counter[str]) -> set[str]:
        return {kind for kind in counts if not _is_weak(kind, self._rules)}

    def all(self) -> tuple[frozenset[int], ...]:
        return tuple(frozenset(members) for members in self._members.values())


def links_of_event(
    identifiers: Sequence[int],
    *,
    event_id: str,
    occurred_at: datetime,
    source_id: int | None = None,
    alias: Pair | None = None,
) -> list[Link]:
    """The links that one event is evidence of: its strongest identifier with each other.

    identifiers: strongest first. alias: (previous, user), linked whatever their strength.
    """

    def link(one: int, other: int, kind: str) -> Link:
        a, b = sorted((one, other))
        return Link(a, b, kind, event_id, occurred_at, source_id)

    found = {}
    if alias is not None and alias[0] != alias[1]:
        found[frozenset(alias)] = link(*alias, "alias")
    strongest = identifiers[0] if identifiers else 0
    for other in identifiers[1:]:
        if other != strongest:
            found.setdefault(frozenset((strongest, other)), link(strongest, other, "event"))
    return list(found.values())


def weigh(kept: Link, told: Link) -> Link:
    """What to keep when one more event tells of a known pair: the earliest, and every decision.

    An alias stays one whichever came first; a decision no event spoke for is now evidence too.
    """
    if kept.kind == "manual":
        first = told
    else:
        first = min(kept, told, key=lambda one: (one.occurred_at, one.event_id))
    is_alias = "alias" in (kept.kind, told.kind)
    return msgspec.structs.replace(
        first,
        kind="alias" if is_alias else first.kind,
        verdict=kept.verdict,
        decided_at=kept.decided_at,
    )


def components(nodes: Iterable[int], pairs: Iterable[Pair]) -> list[list[int]]:
    """Connected components over all pairs, counted or not."""
    parent = {one: one for one in nodes}

    def root(one: int) -> int:
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    for a, b in pairs:
        parent[root(a)] = root(b)
    grouped: dict[int, list[int]] = defaultdict(list)
    for one in parent:
        grouped[root(one)].append(one)
    return list(grouped.values())


def customer_of(
    part: frozenset[int], nodes: Mapping[int, Node], prefer: UUID | None = None
) -> UUID:
    """The customer that a part is: the oldest by first evidence of those that live in it.

    prefer: stays when it lives here. A part without a living customer takes the one that its
    oldest identifier was born as, so that a split gives back what a merge took.
    """
    members = [nodes[one] for one in part]
    anchors = {node.born_as for node in members if node.is_anchor}
    if prefer is not None and prefer in anchors:
        return prefer
    oldest: dict[UUID, tuple[datetime, int]] = {}
    for node in members:
        owner = node.customer_id if node.customer_id in anchors else None
        if anchors and owner is None:
            continue
        key = owner or node.born_as
        age = (node.first_at, node.identifier_id)
        oldest[key] = min(oldest.get(key, age), age)
    return min(oldest, key=lambda one: oldest[one])
