"""Decisions about segments: their order, what changed, when to look again. Plain functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from setten.customers.segments.model import (
    Live,
    RelatedTooDeep,
    SegmentCircle,
    SegmentNotFound,
)
from setten.customers.segments.vocabulary import LANGUAGE
from setten.platform.expressions import (
    NEVER,
    NOTHING,
    Calendar,
    Evaluation,
    Needs,
    Node,
    Related,
)

_UTC = Calendar(ZoneInfo("UTC"))

# Of a retired segment: nothing is evaluated of it any more.
NOBODY: Node = LANGUAGE.read(
    {"kind": "did", "match": {"events": ["purchase"]}, "times": {"op": "less_than", "value": 0}}
)


@lru_cache(maxsize=2_000)
def read(expression: str) -> Node:
    """The node of a kept expression. Definitions are few and asked for with each batch."""
    return LANGUAGE.read_json(expression)


def in_order(segments: Iterable[Live]) -> list[Live]:
    """Each after those that it is made of.

    Raises SegmentCircle, SegmentNotFound, RelatedTooDeep.
    """
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
    _refuse_deep(found.values())
    return list(found.values())


def _refuse_deep(ordered: Iterable[Live]) -> None:
    """Relations are followed one step, also where a segment is asked of somebody related."""
    leads: set[str] = set()  # segments that lead to a relation
    for one in ordered:
        if through := asked_of_others(one.node) & leads:
            raise RelatedTooDeep(name=one.name, through=", ".join(sorted(through)))
        asks = bool(LANGUAGE.needs(one.node, _UTC, 0).relations)
        if asks or LANGUAGE.groups_in(one.node) & leads:
            leads.add(one.name)


def asked_of_others(node: Node) -> frozenset[str]:
    """Names of the segments that an expression asks of somebody related."""
    if isinstance(node, Related):
        return LANGUAGE.groups_in(node)
    return frozenset().union(*map(asked_of_others, node.parts()))


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
        if (turns := LANGUAGE.turns(one.node, at)) is not at.never:
            due = np.minimum(due, turns)
    return Verdict(belongs, np.where(living, due, NEVER))


def users_of(name: str, segments: Iterable[Live]) -> list[str]:
    """The names of segments that are made of this one."""
    return sorted(one.name for one in segments if name in LANGUAGE.groups_in(one.node))


def leads_to(node: Node, segments: Mapping[str, Live]) -> dict[str, Node]:
    """The expressions of all segments that an expression leads to.

    Raises SegmentNotFound, RelatedTooDeep.
    """
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
    if asked_of_others(node):
        # Its name is none that a segment can have.
        in_order([*segments.values(), Live(0, "", 1, node)])
    return found
