"""How often something happened, and what it adds up to, within a window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from setten.platform.expressions import claims
from setten.platform.expressions.claims import Truths
from setten.platform.expressions.frame import Evaluation, Needs, ends_of, needs_of
from setten.platform.expressions.kinds.kind import Kind, check_match, low_of
from setten.platform.expressions.model import Claim, Match, Node, Path, Type, WrongType
from setten.platform.expressions.times import (
    ANYTIME,
    Calendar,
    Micros,
    Span,
    Times,
    Window,
    check_window,
)
from setten.platform.expressions.vocabulary import Vocabulary
from setten.platform.expressions.writing import Writer

ONCE = Claim(op="at_least", value=1)
_COUNTABLE = ("is", "is_not", "at_least", "at_most", "more_than", "less_than", "between")
Measure = Literal["sum", "least", "most"]


class Did(Node, frozen=True, kw_only=True, omit_defaults=True, tag="did"):
    """Something happened so often; at least once when nothing is said. 0 is: it did not."""

    match: Match
    window: Window = ANYTIME
    times: Claim = ONCE


class Total(Node, frozen=True, kw_only=True, omit_defaults=True, tag="total"):
    """What a whole-number property of events adds up to, or its least or most.

    The sum of nothing is 0; the least and the most of nothing are missing.
    """

    measure: Measure
    property: str
    match: Match
    window: Window = ANYTIME
    claim: Claim


def _check_did(node: Did, vocabulary: Vocabulary, path: Path) -> None:
    check_match(node.match, vocabulary, path / "match")
    check_window(node.window, path / "window")
    if node.times.op not in _COUNTABLE:
        raise WrongType(
            path=str(path / "times" / "op"), type="integer", allowed=", ".join(_COUNTABLE)
        )
    claims.check(node.times, Type.INTEGER, path / "times")


def _check_total(node: Total, vocabulary: Vocabulary, path: Path) -> None:
    check_match(node.match, vocabulary, path / "match")
    check_window(node.window, path / "window")
    found = vocabulary.property(node.property, node.match.events, path / "property")
    if found.type is not Type.INTEGER:
        raise WrongType(path=str(path / "property"), type=found.type.value, allowed="integer")
    claims.check(node.claim, Type.INTEGER, path / "claim")


def _decide_did(node: Did, at: Evaluation, inner: Callable[[Node], Truths]) -> Truths:
    return claims.over(node.times, at.counts(at.inside(node.match, node.window)))


def _turns_did(node: Did, at: Evaluation, inner: Callable[[Node], Times]) -> Times:
    since, least = node.window.since, _least(node.times)
    if isinstance(since, Span) and node.window.until is None and least is not None:
        return _turns_at_least(node, at, since, least)
    return at.window_turns(node.match, node.window)


def _least(times: Claim) -> int | None:
    """k where the count is claimed to be at least k, or the opposite of it."""
    if not isinstance(times.value, int):
        return None
    if times.op in ("at_least", "less_than"):
        return times.value
    if times.op in ("more_than", "at_most") or (times.op == "is" and times.value == 0):
        return times.value + 1
    return None


def _turns_at_least(node: Did, at: Evaluation, since: Span, least: int) -> Times:
    """Events only leave: there are k until the k-th newest goes, and time brings no new ones."""
    places = at.inside(node.match, node.window).nonzero()[0]
    if least <= 0 or len(places) < least:
        return at.never
    rows = at.frame.rows[places]
    ends = ends_of(rows)
    kth = ends - (least - 1)
    enough = (kth >= 0) & (rows[np.maximum(kth, 0)] == rows[ends])
    turns = at.never.copy()
    turns[rows[ends[enough]]] = at.calendar.all_leave_at(at.frame.ats[places[kth[enough]]], since)
    return turns


def _write_did(node: Did, writer: Writer, inner: Callable[[Node], str]) -> str:
    chosen = writer.matching(node.match, node.window)
    figure = writer.figure("count(*)", chosen, joined="sum")
    return claims.written(node.times, f"coalesce({figure}, 0)", writer)


def _decide_total(node: Total, at: Evaluation, inner: Callable[[Node], Truths]) -> Truths:
    column = at.frame.integers[node.property]
    chosen = at.inside(node.match, node.window) & column.known
    rows, values = at.frame.rows[chosen], column.values[chosen]
    if node.measure == "sum":
        sums = np.zeros(at.frame.size, np.int64)
        np.add.at(sums, rows, values)
        return claims.over(node.claim, sums)
    is_least = node.measure == "least"
    edge = np.iinfo(np.int64)
    found = np.full(at.frame.size, edge.max if is_least else edge.min, np.int64)
    (np.minimum if is_least else np.maximum).at(found, rows, values)
    return claims.over(node.claim, found, at.counts(chosen) > 0)


def _write_total(node: Total, writer: Writer, inner: Callable[[Node], str]) -> str:
    chosen = writer.matching(node.match, node.window)
    function = {"sum": "sum", "least": "min", "most": "max"}[node.measure]
    column = writer.column(node.property)
    figure = writer.figure(f"{function}({column})", chosen, joined=function)
    value = f"coalesce({figure}, 0)" if node.measure == "sum" else figure
    return claims.written(node.claim, value, writer)


def _needs_did(node: Did, calendar: Calendar, now: Micros) -> Needs:
    return needs_of(node.match, low_of(node.window, calendar, now))


def _needs_total(node: Total, calendar: Calendar, now: Micros) -> Needs:
    return needs_of(node.match, low_of(node.window, calendar, now), measured=node.property)


DID = Kind(
    node=Did,
    check=_check_did,
    needs=_needs_did,
    decide=_decide_did,
    turns=_turns_did,
    write=_write_did,
)
TOTAL = Kind(
    node=Total,
    check=_check_total,
    needs=_needs_total,
    decide=_decide_total,
    turns=lambda node, at, inner: at.window_turns(node.match, node.window),
    write=_write_total,
)
