"""The language as a domain uses it: kinds of conditions over a declared vocabulary."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from setten.platform.expressions import parsing
from setten.platform.expressions.claims import Truths
from setten.platform.expressions.frame import NOTHING, Evaluation, Frame, Needs
from setten.platform.expressions.hearing import Heard
from setten.platform.expressions.kinds import BASIC, Kind
from setten.platform.expressions.model import Node, Path, Type, Unreadable
from setten.platform.expressions.phrases import Token
from setten.platform.expressions.times import ALWAYS, Calendar, Micros, Times
from setten.platform.expressions.vocabulary import Locale, Vocabulary
from setten.platform.expressions.wording import Wording
from setten.platform.expressions.writing import Statement, Writer

_UTC = Calendar(ZoneInfo("UTC"))


class Language:
    """Parse, resolve and check, rewrite, and render: to columns, to SQL, to words.

    kinds: the conditions there are; a domain adds its own to BASIC. heard: what its people say
    besides the words that conditions are written in.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        kinds: tuple[Kind, ...] = BASIC,
        heard: Heard | None = None,
    ) -> None:
        self.vocabulary = vocabulary
        self._kinds: Mapping[str, Kind] = {kind.name: kind for kind in kinds}
        self._by_node: Mapping[type[Node], Kind] = {kind.node: kind for kind in kinds}
        self._types = {name: one.type for name, one in vocabulary.properties.items()}
        self._declared: Mapping[str, Type] = {n: f.type for n, f in vocabulary.fields.items()}
        self._wording = Wording(vocabulary, kinds, heard)

    def read(self, raw: Any) -> Node:
        """The expression of decoded JSON: resolved, checked, rewritten.

        Raises BadExpression, TooLarge, UnknownName, WrongType, BadWindow.
        """
        node = parsing.Parser(self._kinds).node(raw)
        self._check(node, Path.root)
        return parsing.rewritten(node)

    def read_json(self, text: bytes | str) -> Node:
        """The same of JSON text."""
        return self.read(parsing.decode(text))

    def read_words(self, text: str, locale: Locale) -> Node:
        """The same of the words that `say` writes. Raises Unreadable besides."""
        return self.read(parsing.encode(self._wording.read(text, locale)))

    def hear(self, text: str, locale: Locale, more: Iterable[Token] = ()) -> Node:
        """The same of words as people say them, which `say` then writes as they are kept.

        more: tokens that only now are known (names of places, what day it is). Raises what
        `read_words` raises.
        """
        try:
            return self.read_words(text, locale)
        except Unreadable as refused:
            strict = refused
        try:
            heard = self._wording.hear(text, locale, more)
        except Unreadable as refused:
            # Whichever reading came further says where it ended.
            raise max(refused, strict, key=lambda one: int(one.facts["at"])) from None
        return self.read(parsing.encode(heard))

    def json(self, node: Node) -> Any:
        """The JSON form as plain values."""
        return parsing.encode(node)

    def say(self, node: Node, locale: Locale) -> str:
        """The expression in plain words, which `read_words` reads back."""
        return self._wording.say(node, locale)

    def kinds_in(self, node: Node) -> frozenset[str]:
        """Names of the kinds that an expression is made of."""
        return frozenset(self._kind(one).name for one in _walk(node))

    def needs(self, node: Node, calendar: Calendar, now: Micros) -> Needs:
        """What state the expression asks for at a moment."""
        found = NOTHING
        for one in _walk(node):
            found = found | self._kind(one).needs(one, calendar, now)
        return found

    def evaluation(self, frame: Frame, calendar: Calendar, now: Micros) -> Evaluation:
        """A moment's look at a frame, for any number of expressions."""
        return Evaluation(frame, calendar, now, self._declared)

    def decide(self, node: Node, at: Evaluation) -> Truths:
        """Of which subjects of the frame the expression is true."""
        inner = functools.partial(self.decide, at=at)
        return self._kind(node).decide(node, at, inner)

    def turns(self, node: Node, at: Evaluation) -> Times:
        """By subject, the first instant at which time alone may change the answer.

        Never too late, at times too early. NEVER where only something new can change it.
        """
        inner = functools.partial(self.turns, at=at)
        return self._kind(node).turns(node, at, inner)

    def statement(
        self,
        node: Node,
        calendar: Calendar,
        now: Micros,
        *,
        groups: Mapping[str, Node] | None = None,
    ) -> Statement:
        """SQL that gives the subjects of whom the expression is true.

        groups: the expressions of all groups it leads to. Reads relations subjects (subject),
        owners (key, subject) with a key at least of each, events (key, at, position, name, one
        column a property), fields (subject, name, text, number, truth), standings (question,
        subject) and relations (subject, name, other).
        """
        asked = [node, *(groups or {}).values()]
        since = min(
            (low for one in asked for low in self.needs(one, calendar, now).events.values()),
            default=ALWAYS,
        )
        writer = Writer(calendar, now, self._types, self._declared, since=since)
        for name in self._in_order(node, groups or {}):
            assert groups is not None
            writer.put_group(name, functools.partial(self._write, groups[name], writer))
        return writer.statement(self._write(node, writer))

    def groups_in(self, node: Node) -> frozenset[str]:
        """Names of the groups that an expression asks for itself."""
        # Which groups, does not depend on when.
        return self.needs(node, _UTC, 0).groups

    def _in_order(self, node: Node, groups: Mapping[str, Node]) -> list[str]:
        found: dict[str, None] = {}

        def visit(one: Node) -> None:
            for name in sorted(self.groups_in(one)):
                if name not in found:
                    visit(groups[name])
                    found.setdefault(name)

        visit(node)
        return list(found)

    def _write(self, node: Node, writer: Writer) -> str:
        return self._kind(node).write(node, writer, lambda inner: self._write(inner, writer))

    def _check(self, node: Node, path: Path) -> None:
        self._kind(node).check(node, self.vocabulary, path)
        parts = node.parts()
        for place, part in enumerate(parts):
            self._check(part, path / "of" / place if len(parts) > 1 else path / "of")

    def _kind(self, node: Node) -> Kind:
        return self._by_node[type(node)]


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for part in node.parts():
        yield from _walk(part)
