"""What stands about a subject outside of its events: whoever keeps it answers, and so do related
subjects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from setten.platform.expressions.claims import Truths
from setten.platform.expressions.frame import Evaluation, Needs
from setten.platform.expressions.kinds.kind import Kind
from setten.platform.expressions.model import BadExpression, Node, Path, UnknownName
from setten.platform.expressions.phrases import Phrase, Token
from setten.platform.expressions.times import Calendar, Micros, Times
from setten.platform.expressions.vocabulary import Vocabulary
from setten.platform.expressions.writing import Writer


class Standing(Node, frozen=True, kw_only=True, omit_defaults=True):
    """Base of conditions that a domain answers from what it keeps: a truth a subject.

    Frames bring the answers by node, engines as the relation `standings` (question, subject), the
    question being the node's JSON. Time alone does not change them.
    """


class Related(Node, frozen=True, kw_only=True, omit_defaults=True, tag="related"):
    """Somebody stands in this relation to the subject; with `of`, somebody of whom that is true.

    One level deep: `of` asks about nobody's relations in turn.
    """

    relation: str
    of: Any = None

    def parts(self) -> tuple[Any, ...]:
        return () if self.of is None else (self.of,)

    def with_parts(self, parts: tuple[Any, ...]) -> Node:
        return Related(relation=self.relation, of=parts[0]) if parts else self


def standing(
    node: type[Standing],
    *,
    check: Callable[[Any, Path], None],
    phrases: tuple[Phrase, ...],
    tokens: tuple[Token, ...] = (),
) -> Kind:
    """A kind of a domain's own. check: raises where the node says what cannot be."""
    return Kind(
        node=node,
        check=lambda one, vocabulary, path: check(one, path),
        needs=lambda one, calendar, now: Needs({}, standings=frozenset({one})),
        decide=lambda one, at, inner: at.frame.standings[one],
        turns=lambda one, at, inner: at.never,
        write=lambda one, writer, inner: writer.standing(one),
        phrases=phrases,
        tokens=tokens,
    )


def _check(node: Related, vocabulary: Vocabulary, path: Path) -> None:
    if node.relation not in vocabulary.relations:
        raise UnknownName(path=str(path / "relation"), name=node.relation[:100], what="relation")
    if node.of is not None and _is_related(node.of):
        raise BadExpression(path=str(path / "of"), reason="related … related")


def _is_related(node: Node) -> bool:
    return isinstance(node, Related) or any(map(_is_related, node.parts()))


def _needs(node: Related, calendar: Calendar, now: Micros) -> Needs:
    return Needs({}, relations=frozenset({node.relation}))


def _decide(node: Related, at: Evaluation, inner: Callable[[Node], Truths]) -> Truths:
    rows, others = at.frame.relations[node.relation]
    found = np.zeros(at.frame.size, bool)
    found[rows if node.of is None else rows[inner(node.of)[others]]] = True
    return found


def _turns(node: Related, at: Evaluation, inner: Callable[[Node], Times]) -> Times:
    """Those of the others: what is to come of them included."""
    turns = at.never.copy()
    if node.of is not None:
        rows, others = at.frame.relations[node.relation]
        np.minimum.at(turns, rows, np.minimum(inner(node.of), at.comes())[others])
    return turns


def _write(node: Related, writer: Writer, inner: Callable[[Node], str]) -> str:
    write = None if node.of is None else lambda: inner(node.of)
    return writer.related(node.relation, write)


RELATED = Kind(node=Related, check=_check, needs=_needs, decide=_decide, turns=_turns, write=_write)
