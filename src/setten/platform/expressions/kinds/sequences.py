"""One thing after another within a time."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from setten.platform.expressions.claims import Truths
from setten.platform.expressions.frame import NOTHING, Evaluation, Needs, needs_of
from setten.platform.expressions.kinds.kind import Kind, check_match, low_of
from setten.platform.expressions.model import BadExpression, Match, Node, Path
from setten.platform.expressions.times import (
    ANYTIME,
    Calendar,
    Micros,
    Span,
    Times,
    Window,
    check_span,
    check_window,
    length,
)
from setten.platform.expressions.vocabulary import Vocabulary
from setten.platform.expressions.writing import Q, Writer

STEPS_MAX = 8  # each is one more pass over the ordered events


class Sequence(Node, frozen=True, kw_only=True, omit_defaults=True, tag="sequence"):
    """Steps in this order, others between them or not, the last within a span of the first.

    The span is exact: a day is 24 hours. window: where all of the steps lie.
    """

    steps: tuple[Match, ...]
    within: Span
    window: Window = ANYTIME


def _check(node: Sequence, vocabulary: Vocabulary, path: Path) -> None:
    if not 2 <= len(node.steps) <= STEPS_MAX:
        raise BadExpression(path=str(path / "steps"), reason=f"2 … {STEPS_MAX}")
    for place, step in enumerate(node.steps):
        check_match(step, vocabulary, path / "steps" / place)
    check_span(node.within, path / "within", exact=True)
    check_window(node.window, path / "window")


def _needs(node: Sequence, calendar: Calendar, now: Micros) -> Needs:
    low = low_of(node.window, calendar, now)
    found = NOTHING
    for step in node.steps:
        found = found | needs_of(step, low)
    return found


def _decide(node: Sequence, at: Evaluation, inner: Callable[[Node], Truths]) -> Truths:
    """Carry forward, event by event, the latest start that leads to each step in time.

    Events lie sorted by (subject, time), so the place of a start tells whose it is and a running
    maximum finds the latest.
    """
    rows, ats = at.frame.rows, at.frame.ats
    places = np.arange(len(rows))
    start = np.where(at.inside(node.steps[0], node.window), places, -1)
    for step in node.steps[1:]:
        before = np.maximum.accumulate(np.concatenate(([-1], start[:-1]))) if len(start) else start
        whose = np.maximum(before, 0)
        in_time = ats - ats[whose] <= length(node.within)
        is_next = (before >= 0) & (rows[whose] == rows) & in_time
        start = np.where(is_next & at.inside(step, node.window), before, -1)
    return at.counts(start >= 0) > 0


def _turns(node: Sequence, at: Evaluation, inner: Callable[[Node], Times]) -> Times:
    return functools.reduce(
        np.minimum, (at.window_turns(step, node.window) for step in node.steps), at.never
    )


def _write(node: Sequence, writer: Writer, inner: Callable[[Node], str]) -> str:
    matches = [writer.matching(step, node.window) for step in node.steps]
    columns = dict.fromkeys(where.property for step in node.steps for where in step.where)
    body = Q.step_first.sql.format(
        columns=", e.name" + "".join(f", {writer.column(name)}" for name in columns),
        match=matches[0],
        bounds=writer.bounds(),
        any_step=" or ".join(f"({match})" for match in matches),
    )
    within = writer.value(length(node.within))
    for place, match in enumerate(matches[1:], start=2):
        body = Q.step_next.sql.format(
            match=match, within=within, before=place - 1, step=place, inner=body
        )
    part = writer.joined("sequence", Q.sequence.sql.format(inner=body, last=len(matches)))
    return f"coalesce({part}.is_done, false)"


SEQUENCE = Kind(
    node=Sequence, check=_check, needs=_needs, decide=_decide, turns=_turns, write=_write
)
