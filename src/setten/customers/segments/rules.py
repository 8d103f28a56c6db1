"""Decisions about segments: their order, what changed, when to look again. Plain functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import msgspec
import numpy as np

from setten.customers.segments.model import Live, SegmentCircle, SegmentNotFound
from setten.customers.segments.vocabulary import LANGUAGE
from setten.platform.expressions import (
    NEVER,
    NOTHING,
    Calendar,
    Evaluation,
    Needs,
    Node,
)

# Of a retired segment: nothing is evaluated of it any more.
NOBODY: Node = LANGUAGE.read(
    {"kind": "did", "match": {"events": ["purchase"]}, "times": {"op": "less_than", "value": 0}}
)


@lru_cache(maxsize=2_000)
def read(expression: str) -> Node:
    """The node of a kept expression. Definitions are few and asked for with each batch."""
    return LANGUAGE.read_json(expression)


def in_order(segments: Iterable[Live]) -> list[Live]:
    """Each after those that it is made of. Raises SegmentCircle, SegmentNotFound."""
    by_name = {one.name: one for one in segments}
    found: dict[str, Live] = {}
    way: list[str] = []

    def visit(name: str) -> None:
        if name in found:
            return
        if name in way:
            raise SegmentCircle(name=name, through=" → ".join([*way[way.index(name) :], name]))
        one = by_name.get(name)
        if one is None:
            raise SegmentNotFound(name=name)
        way.append(name)
        for inner in sorted(LANGUAGE.groups_in(one.node)):
            visit(inner)
        way.pop()
        found[name] = one

    for name in sorted(by_name):
        visit(name)
    return list(found.values())


def needs(segments: Sequence[Live], calendar: Calendar, now: int) -> Needs:
    """The state that all of them ask for together."""
    found = NOTHING
    for one in segments:
        found = found | LANGUAGE.needs(one.node, calendar, now)
    return found


class Verdict(msgspec.Struct, frozen=True):
    """What an evaluation found: belongs (segments x customers), and when to look at whom again."""

    belongs: np.ndarray
    due: np.ndarray


def decide(ordered: Sequence[Live], at: Evaluation, living: np.ndarray) -> Verdict:
    """Evaluate segments in their order over one frame. living: who is somebody still."""
    belongs = np.zeros((len(ordered), at.frame.size), bool)
    due = at.comes()
    for place, one in enumerate(ordered):
        decided = LANGUAGE.decide(one.node, at)
        at.groups[one.name] = decided
        belongs[place] = decided & living
        due = np.minimum(due, LANGUAGE.turns(one.node, at))
    return Verdict(belongs, np.where(living, due, NEVER))


class Changes(msgspec.Struct, frozen=True):
    """Pairs of (segment's place, customer's place) that are new, or no longer so."""

    entered: list[tuple[int, int]]
    left: list[tuple[int, int]]


def changes(belongs: np.ndarray, belonged: np.ndarray) -> Changes:
    """The differences between now and before."""

    def pairs(where: np.ndarray) -> list[tuple[int, int]]:
        rows, columns = np.nonzero(where)
        return list(zip(rows.tolist(), columns.tolist(), strict=True))

    return Changes(pairs(belongs & ~belonged), pairs(belonged & ~belongs))


def users_of(name: str, segments: Iterable[Live]) -> list[str]:
    """The names of segments that are made of this one."""
    return sorted(one.name for one in segments if name in LANGUAGE.groups_in(one.node))


def leads_to(node: Node, segments: Mapping[str, Live]) -> dict[str, Node]:
    """The expressions of all segments that an expression leads to. Raises SegmentNotFound."""
    found: dict[str, Node] = {}
    ahead = sorted(LANGUAGE.groups_in(node))
    while ahead:
        name = ahead.pop()
        if name in found:
            continue
        if name not in segments:
            raise SegmentNotFound(name=name)
        found[name] = segments[name].node
        ahead += sorted(LANGUAGE.groups_in(found[name]))
    return found
