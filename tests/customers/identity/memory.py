"""Identity without a database: the same decisions on dictionaries, fast enough for thousands.

`World` reads batches as the reader does: what is new, what hangs together with it, what that
changes. `whole` is the short way to the same: everything at once. Tests hold one against the other.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from setten.customers.identity import Link, Node, Rule, resolve
from setten.customers.identity import rules as deciding_rules
from setten.customers.identity.gathering import Hood
from setten.customers.identity.model import PARTED
from setten.customers.identity.reader import news
from setten.customers.identity.settling import decide

START = datetime(2026, 11, 1, tzinfo=UTC)
Pair = tuple[int, int]


class Happening(NamedTuple):
    """One event: identifiers strongest first, when, and whether it is an alias of the first two."""

    number: int
    who: tuple[int, ...]
    minute: int
    is_alias: bool = False


class Verdict(NamedTuple):
    """What somebody decides of a pair that has been linked by then."""

    pair: Pair
    word: str
    minute: int


def evidence(events: Iterable[Happening]) -> dict[Pair, Link]:
    found: dict[Pair, Link] = {}
    for one in events:
        for link in deciding_rules.links_of_event(
            one.who,
            event_id=f"e{one.number:03d}",
            occurred_at=START + timedelta(minutes=one.minute),
            alias=(one.who[0], one.who[1]) if one.is_alias and len(one.who) > 1 else None,
        ):
            kept = found.get(link.pair)
            found[link.pair] = link if kept is None else deciding_rules.weigh(kept, link)
    return found


def decided(link: Link, verdict: Verdict) -> Link:
    at = START + timedelta(days=1, minutes=verdict.minute)
    return msgspec.structs.replace(link, verdict=verdict.word, decided_at=at)


def whole(
    events: Sequence[Happening],
    verdicts: Mapping[Pair, Verdict],
    kinds: Mapping[int, str],
    book: Mapping[str, Rule],
    blocked: Collection[int],
) -> tuple[set[frozenset[int]], dict[Pair, str | None]]:
    """Who is whom by everything at once, and why links do not count."""
    links = {
        pair: decided(link, verdicts[pair]) if pair in verdicts else link
        for pair, link in evidence(events).items()
    }
    met = {one: kinds[one] for event in events for one in event.who}
    result = resolve(links.values(), met, book, blocked=blocked)
    return set(result.parts), {pair: result.refusals.get(pair) for pair in links}


class World:
    """What the database would hold."""

    def __init__(
        self, kinds: Mapping[int, str], book: Mapping[str, Rule], blocked: Collection[int]
    ) -> None:
        self.kinds, self.book, self.blocked = kinds, book, blocked
        self.nodes: dict[int, Node] = {}
        self.links: dict[Pair, Link] = {}
        self.refusals: dict[Pair, str | None] = {}
        self.splits = self.merges = 0

    def read(self, events: Sequence[Happening]) -> None:
        found = evidence(events)
        fresh = news(found, [self.links[pair] for pair in found if pair in self.links])
        first: dict[int, datetime] = {}
        for event in events:
            for one in event.who:
                at = START + timedelta(minutes=event.minute)
                first[one] = min(first.get(one, at), at)
        learnt = {
            one for one, at in first.items()
            if one not in self.nodes or at < self.nodes[one].first_at
        }  # fmt: skip
        ends = {one: self._node(one, first.get(one)) for one in learnt.union(*fresh)}
        self._settle(fresh, ends, learnt)

    def decide(self, verdict: Verdict) -> bool:
        """Answers False when there is no such link yet."""
        if verdict.pair not in self.links:
            return False
        link = decided(self.links[verdict.pair], verdict)
        self._settle({link.pair: link}, {one: self.nodes[one] for one in link.pair}, set())
        return True

    def _node(self, one: int, seen: datetime | None) -> Node:
        node = self.nodes.get(one)
        if node is None:
            assert seen is not None
            return Node(one, self.kinds[one], None, uuid.UUID(int=one), seen,
                        is_blocked=one in self.blocked)  # fmt: skip
        if seen is None or seen >= node.first_at:
            return node
        return msgspec.structs.replace(node, first_at=seen)

    def _settle(
        self, fresh: Mapping[Pair, Link], ends: Mapping[int, Node], learnt: Collection[int]
    ) -> None:
        touched = {one for pair in fresh for one in pair}
        hood = self._gather(fresh, ends, touched)
        touched |= {one for one in learnt if ends[one].customer_id is None}
        change = decide(hood, fresh, self.book, touched=touched, learnt=learnt)
        self.nodes.update(change.nodes)
        for link, why in change.links:
            self.links[link.pair] = link
            self.refusals[link.pair] = why
        self.refusals.update(change.refusals)
        names = [type(fact).__name__ for fact, _ in change.facts]
        self.merges += names.count("CustomerMerged")
        self.splits += names.count("CustomerSplit")

    def _gather(
        self, fresh: Mapping[Pair, Link], ends: Mapping[int, Node], touched: Collection[int]
    ) -> Hood:
        hood = Hood(dict(ends), dict(fresh), {})
        frontier = {one for one in touched if ends[one].customer_id and not _is_end(ends[one])}
        seen = set(frontier)
        while frontier:
            found: set[int] = set()
            for pair, kept in self.links.items():
                if frontier.isdisjoint(pair):
                    continue
                link = hood.links.setdefault(pair, kept)
                hood.refusals[pair] = self.refusals[pair]
                for one in pair:
                    hood.nodes.setdefault(one, self.nodes[one])
                if link.verdict != PARTED:
                    found.update(pair)
            frontier = {one for one in found - seen if not _is_end(hood.nodes[one])}
            seen |= frontier
        hood.shared = {one for one, node in hood.nodes.items() if node.is_shared}
        hood.blocked = {one for one, node in hood.nodes.items() if node.is_blocked}
        return hood

    def people(self) -> set[frozenset[int]]:
        parts: dict[object, set[int]] = {}
        for one, node in self.nodes.items():
            parts.setdefault(node.customer_id, set()).add(one)
        return set(map(frozenset, parts.values()))


def _is_end(node: Node) -> bool:
    return node.is_shared or node.is_blocked
