"""What a kind of condition brings to be one: its node and its five readings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from setten.platform.expressions import claims
from setten.platform.expressions.claims import Truths
from setten.platform.expressions.frame import Evaluation, Needs
from setten.platform.expressions.model import (
    NODES_MAX,
    Match,
    Node,
    Path,
    TooLarge,
    UnknownName,
)
from setten.platform.expressions.phrases import Phrase, Token
from setten.platform.expressions.times import Calendar, Micros, Times, Window
from setten.platform.expressions.vocabulary import Vocabulary
from setten.platform.expressions.writing import Writer


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of condition.

    node: its form. check: raises where names or types do not fit. needs: what state it asks for
    at a moment. decide: as columns. turns: by subject, the first instant at which time alone may
    change the answer (never too late; an early one only costs a look). write: as SQL, never null.
    Children are seen to by the language: `inner` carries on with them. phrases, tokens: the words
    of a kind that a domain brings; those of the others are in `wording`.
    """

    node: type[Node]
    check: Callable[[Any, Vocabulary, Path], None]
    needs: Callable[[Any, Calendar, Micros], Needs]
    decide: Callable[[Any, Evaluation, Callable[[Node], Truths]], Truths]
    turns: Callable[[Any, Evaluation, Callable[[Node], Times]], Times]
    write: Callable[[Any, Writer, Callable[[Node], str]], str]
    phrases: tuple[Phrase, ...] = ()
    tokens: tuple[Token, ...] = ()

    @property
    def name(self) -> str:
        """How expressions name it."""
        return str(self.node.__struct_config__.tag)


def check_match(match: Match, vocabulary: Vocabulary, path: Path) -> None:
    """Raises UnknownName or WrongType where a match does not fit the vocabulary."""
    if not match.events:
        raise UnknownName(path=str(path / "events"), name="", what="event")
    if len(match.events) + len(match.where) > NODES_MAX:
        raise TooLarge(path=str(path), most=NODES_MAX)
    for place, name in enumerate(match.events):
        vocabulary.event(name, path / "events" / place)
    for place, where in enumerate(match.where):
        at = path / "where" / place
        found = vocabulary.property(where.property, match.events, at / "property")
        claims.check(where.claim(), found.type, at)


def low_of(window: Window, calendar: Calendar, now: Micros) -> Micros:
    """The oldest instant, exclusive, that a window asks for."""
    return calendar.bounds(window, now)[0]
