"""A small vocabulary for tests of the language, and a plain interpreter to hold it against."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from setten.platform.expressions import (
    BASIC,
    Calendar,
    EventKind,
    Field,
    Frame,
    Language,
    Node,
    Phrase,
    Property,
    Standing,
    Type,
    Vocabulary,
    Words,
    standing,
)
from setten.platform.expressions.claims import holds, type_of
from setten.platform.expressions.kinds import All, Not
from setten.platform.expressions.kinds import Any as AnyOf
from setten.platform.expressions.kinds.deeds import Did, Total
from setten.platform.expressions.kinds.fields import Field as FieldNode
from setten.platform.expressions.kinds.groups import Group
from setten.platform.expressions.kinds.picks import First, Pick
from setten.platform.expressions.kinds.sequences import Sequence
from setten.platform.expressions.kinds.standing import Related
from setten.platform.expressions.model import Match
from setten.platform.expressions.times import length

VOCABULARY = Vocabulary(
    events=(
        EventKind("visit", Words("来店", "visit"), frozenset({"place"})),
        EventKind("buy", Words("購入", "purchase"), frozenset({"place", "amount", "way"})),
        EventKind("buy.back", Words("購入の取消", "purchase return"), frozenset({"amount"})),
        EventKind("look", Words("閲覧", "look"), frozenset({"thing"})),
    ),
    properties=(
        Property("place", Type.TEXT, Words("店", "shop")),
        Property("way", Type.TEXT, Words("経路", "channel")),
        Property("thing", Type.TEXTS, Words("商品", "product")),
        Property("amount", Type.INTEGER, Words("金額", "amount")),
    ),
    fields=(Field("rank", Type.TEXT, Words("ランク", "rank")),),
    field=Words("属性", "trait"),
    group=Words("セグメント", "segment"),
    relations={
        "kin": Words("家族", "a relative"),
        "friend": Words("友だち", "a friend"),
    },
)


class Wears(Standing, frozen=True, kw_only=True, tag="wears"):
    """What a subject wears, of which her events say nothing."""

    what: str


WEARS = standing(
    Wears,
    check=lambda node, path: None,
    phrases=(
        Phrase(category="term", ja="{what:quoted}を身につけている", en="wears {what:quoted}",
               take=lambda node: {"what": node.what} if isinstance(node, Wears) else None,
               build=Wears),
    ),
)  # fmt: skip
LANGUAGE = Language(VOCABULARY, kinds=(*BASIC, WEARS))
TOKYO = Calendar(ZoneInfo("Asia/Tokyo"))


class Happening(NamedTuple):
    at: int
    position: int
    name: str
    said: Mapping[str, Any]


class Subject(NamedTuple):
    events: tuple[Happening, ...]
    fields: Mapping[str, Any]
    wears: frozenset[str] = frozenset()
    related: Mapping[str, tuple[int, ...]] = {}  # numbers, counted round the people there are

    def others(self, relation: str, size: int) -> set[int]:
        """Places of those who stand in a relation to her."""
        return {number % size for number in self.related.get(relation, ())}


def truth(node: Node, one: Subject, calendar: Calendar, now: int, groups: Mapping[str, Node],
          people: tuple[Subject, ...] = ()) -> bool:  # fmt: skip
    """What an expression says of one subject: read as it is written, with no cleverness."""

    def again(node: Node, one: Subject = one) -> bool:
        return truth(node, one, calendar, now, groups, people)

    def matching(match: Match) -> list[Happening]:
        return [
            event
            for event in sorted(one.events)
            if event.at <= now
            and event.name in match.events
            and all(_claimed(where, event) for where in match.where)
        ]

    def _claimed(where: Any, event: Happening) -> bool:
        of = VOCABULARY.properties[where.property].type
        return holds(where.claim(), of, event.said.get(where.property))

    def inside(event: Happening, window: Any) -> bool:
        low, high = calendar.bounds(window, now)
        return low < event.at <= high

    def follow(node: Sequence) -> bool:
        steps = [[e for e in matching(step) if inside(e, node.window)] for step in node.steps]

        def reach(number: int, first: Happening | None, last: Happening | None) -> bool:
            if number == len(steps):
                return True
            return any(
                reach(number + 1, first or event, event)
                for event in steps[number]
                if last is None
                or (
                    (event.at, event.position) > (last.at, last.position)
                    and first is not None
                    and event.at - first.at <= length(node.within)
                )
            )

        return reach(0, None, None)

    match node:
        case All():
            return all(again(part) for part in node.of)
        case AnyOf():
            return any(again(part) for part in node.of)
        case Not():
            return not again(node.of)
        case Group():
            return again(groups[node.name])
        case Wears():
            return node.what in one.wears
        case Related():
            others = [people[place] for place in one.others(node.relation, len(people))]
            return any(node.of is None or again(node.of, other) for other in others)
        case FieldNode():
            value = one.fields.get(node.name)
            of = VOCABULARY.field_type(node.name)
            if of is Type.OPEN:
                given = node.claim.value
                first = given[0] if isinstance(given, tuple) else given
                of = type_of(first)
            return holds(node.claim, of, value)
        case Did():
            met = [e for e in matching(node.match) if inside(e, node.window)]
            return holds(node.times, Type.INTEGER, len(met))
        case Total():
            met = [e for e in matching(node.match) if inside(e, node.window)]
            values = [e.said[node.property] for e in met if e.said.get(node.property) is not None]
            made: Callable[[list[int]], int] = {"sum": sum, "least": min, "most": max}[node.measure]
            value = made(values) if values or node.measure == "sum" else None
            return holds(node.claim, Type.INTEGER, value)
        case Pick():
            met = matching(node.match)
            if not met:
                return False
            event = met[0] if isinstance(node, First) else met[-1]
            return inside(event, node.window) and all(_claimed(w, event) for w in node.having)
        case Sequence():
            return follow(node)
    raise AssertionError(f"the interpreter does not know {node}")


def frame_of(subjects: tuple[Subject, ...]) -> Frame:
    """The state of some subjects as columns."""
    flat = [(row, event) for row, one in enumerate(subjects) for event in sorted(one.events)]
    names = {name for one in subjects for name in one.fields}
    return Frame(
        len(subjects),
        rows=np.array([row for row, _ in flat], np.int64),
        ats=np.array([event.at for _, event in flat], np.int64),
        names=[event.name for _, event in flat],
        texts={
            name: [event.said.get(name) for _, event in flat] for name in ("place", "way", "thing")
        },
        integers={"amount": [event.said.get("amount") for _, event in flat]},
        fields={name: [one.fields.get(name) for one in subjects] for name in names},
        standings={
            Wears(what=what): np.array([what in one.wears for one in subjects]) for what in WORN
        },
        relations={name: _pairs(name, subjects) for name in VOCABULARY.relations},
    )


WORN = ("hat", "帽子", 'a"b')


def _pairs(name: str, subjects: tuple[Subject, ...]) -> tuple[np.ndarray, np.ndarray]:
    size = len(subjects)
    found = [(row, other) for row, one in enumerate(subjects) for other in one.others(name, size)]
    return (np.array([row for row, _ in found], np.int64),
            np.array([other for _, other in found], np.int64))  # fmt: skip
