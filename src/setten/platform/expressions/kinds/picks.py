"""The first or the last of some events: when it was, and what it was like."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from setten.platform.expressions.claims import Truths
from setten.platform.expressions.frame import Evaluation, Needs, needs_of
from setten.platform.expressions.kinds.kind import Kind, check_match
from setten.platform.expressions.model import Match, Node, Path, Where
from setten.platform.expressions.times import (
    ALWAYS,
    ANYTIME,
    NEVER,
    Calendar,
    Micros,
    Span,
    Times,
    Window,
    check_window,
)
from setten.platform.expressions.vocabulary import Vocabulary
from setten.platform.expressions.writing import Writer

_PLACES = 2**63  # a place in the log is less


class Pick(Node, frozen=True, kw_only=True, omit_defaults=True):
    """Base: of all matching events ever, one lies in the window and is `having`."""

    match: Match
    window: Window = ANYTIME
    having: tuple[Where, ...] = ()


class First(Pick, frozen=True, kw_only=True, omit_defaults=True, tag="first"):
    """The first one."""


class Last(Pick, frozen=True, kw_only=True, omit_defaults=True, tag="last"):
    """The last one."""


def _check(node: Pick, vocabulary: Vocabulary, path: Path) -> None:
    check_match(node.match, vocabulary, path / "match")
    check_match(Match(events=node.match.events, where=node.having), vocabulary, path / "having")
    check_window(node.window, path / "window")


def _needs(node: Pick, calendar: Calendar, now: Micros) -> Needs:
    return needs_of(node.match, ALWAYS, having=node.having)


def _picked(node: Pick, at: Evaluation) -> tuple[np.ndarray, np.ndarray]:
    matching = at.matching(node.match)
    return at.firsts(matching) if isinstance(node, First) else at.lasts(matching)


def _decide(node: Pick, at: Evaluation, inner: Callable[[Node], Truths]) -> Truths:
    rows, places = _picked(node, at)
    low, high = at.bounds(node.window)
    ats = at.frame.ats[places]
    fits = (ats > low) & (ats <= high)
    for where in node.having:
        fits = fits & at.where(where)[places]
    found = np.zeros(at.frame.size, bool)
    found[rows] = fits
    return found


def _turns(node: Pick, at: Evaluation, inner: Callable[[Node], Times]) -> Times:
    """The picked event enters or leaves the window; which one it is, time does not change."""
    turns = at.never.copy()
    rows, places = _picked(node, at)
    edges = (
        (node.window.since, at.calendar.all_leave_at),
        (node.window.until, at.calendar.all_enter_at),
    )
    for bound, passes in edges:
        if isinstance(bound, Span):
            leaves = passes(at.frame.ats[places], bound)
            # An instant that has come has had its effect.
            turns[rows] = np.minimum(turns[rows], np.where(leaves > at.now, leaves, NEVER))
    return turns


def _write(node: Pick, writer: Writer, inner: Callable[[Node], str]) -> str:
    chosen = writer.matching(node.match, ANYTIME)
    function = "min" if isinstance(node, First) else "max"
    if not node.having:
        # Only when it was matters: of two at the same instant either one will do.
        when = writer.figure(f"{function}(e.at)", chosen, joined=function)
        fits = writer.inside(node.window, of=when)
        return f"coalesce({when} is not null{fits}, false)"
    fits = f"(true{writer.inside(node.window)}{writer.wheres(node.having)})"
    # Its time, its place and whether it fits as one number: such are compared fast, and the first
    # of the firsts of several keys is the first of all.
    when = f"(epoch_us(e.at)::hugeint * {_PLACES} + e.position) * 2 + {fits}::int"
    figure = writer.figure(f"{function}({when})", chosen, joined=function)
    return f"coalesce({figure} % 2 <> 0, false)"


def _kind(node: type[Pick]) -> Kind:
    return Kind(node=node, check=_check, needs=_needs, decide=_decide, turns=_turns, write=_write)


FIRST = _kind(First)
LAST = _kind(Last)
