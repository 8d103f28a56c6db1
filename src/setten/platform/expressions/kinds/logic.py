"""all, any, not."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any as Anything

import numpy as np

from setten.platform.expressions.claims import Truths
from setten.platform.expressions.frame import NOTHING, Evaluation, Needs
from setten.platform.expressions.kinds.kind import Kind
from setten.platform.expressions.model import BadExpression, Node, Path
from setten.platform.expressions.times import Calendar, Micros, Times
from setten.platform.expressions.vocabulary import Vocabulary
from setten.platform.expressions.writing import Writer


class Several(Node, frozen=True, kw_only=True, omit_defaults=True):
    """Base of what joins conditions. Of none: all is true, any is false."""

    of: tuple[Anything, ...]

    def parts(self) -> tuple[Anything, ...]:
        return self.of

    def with_parts(self, parts: tuple[Anything, ...]) -> Node:
        return type(self)(of=parts)


class All(Several, frozen=True, kw_only=True, omit_defaults=True, tag="all"):
    """Every one of them."""


class Any(Several, frozen=True, kw_only=True, omit_defaults=True, tag="any"):
    """At least one of them."""


class Not(Node, frozen=True, kw_only=True, omit_defaults=True, tag="not"):
    """The opposite."""

    of: Anything

    def parts(self) -> tuple[Anything, ...]:
        return (self.of,)

    def with_parts(self, parts: tuple[Anything, ...]) -> Node:
        return Not(of=parts[0])


def _check(node: Several | Not, vocabulary: Vocabulary, path: Path) -> None:
    if not node.parts():
        # The language knows "everybody"; a person who wrote an empty list forgot something.
        raise BadExpression(path=str(path / "of"), reason="empty")


def _needs(node: Node, calendar: Calendar, now: Micros) -> Needs:
    return NOTHING


def _turns(node: Node, at: Evaluation, inner: Callable[[Node], Times]) -> Times:
    turns = [one for one in map(inner, node.parts()) if one is not at.never]
    return functools.reduce(np.minimum, turns) if turns else at.never


def _decide_all(node: All, at: Evaluation, inner: Callable[[Node], Truths]) -> Truths:
    return functools.reduce(operator.and_, map(inner, node.of), np.ones(at.frame.size, bool))


def _decide_any(node: Any, at: Evaluation, inner: Callable[[Node], Truths]) -> Truths:
    return functools.reduce(operator.or_, map(inner, node.of), np.zeros(at.frame.size, bool))


def _write_all(node: All, writer: Writer, inner: Callable[[Node], str]) -> str:
    return f"({' and '.join(map(inner, node.of))})"


def _write_any(node: Any, writer: Writer, inner: Callable[[Node], str]) -> str:
    return f"({' or '.join(map(inner, node.of))})"


ALL = Kind(node=All, check=_check, needs=_needs, decide=_decide_all, turns=_turns, write=_write_all)
ANY = Kind(node=Any, check=_check, needs=_needs, decide=_decide_any, turns=_turns, write=_write_any)
NOT = Kind(
    node=Not,
    check=_check,
    needs=_needs,
    decide=lambda node, at, inner: ~inner(node.of),
    turns=_turns,
    write=lambda node, writer, inner: f"(not {inner(node.of)})",
)
