"""A grammar that works both ways: each phrase says a value in words and reads it from them.

A phrase has one template a language. `{slot:category}` stands for a value of another category, all
else is literal. Reading tries the phrases of a category in turn and remembers what it found at each
place, so that the time it takes grows with the text, not with the ways to read it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from setten.platform.expressions.model import TEXT_CHARS_MAX, TooLarge, Unreadable
from setten.platform.expressions.vocabulary import Locale

_SLOT = re.compile(r"\{(\w+):(\w+)\}")
_REST_CHARS = 40
Bindings = Mapping[str, Any]
Found = list[tuple[Any, int]]


class Phrase(msgspec.Struct, frozen=True, kw_only=True):
    """One way to say values of a category.

    take: the slots' values out of a value, or None when this phrase does not say it. build: back.
    """

    category: str
    ja: str
    en: str
    take: Callable[[Any], Bindings | None]
    build: Callable[..., Any]


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """Several of one category in a row, as a tuple."""

    category: str
    item: str
    ja: str
    en: str
    least: int = 1


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A category without parts: names, numbers, quoted texts.

    read: every value that can stand at a place, with the place behind it.
    """

    category: str
    say: Callable[[Any, Locale], str]
    read: Callable[[str, int, Locale], Iterable[tuple[Any, int]]]


class _Part(msgspec.Struct, frozen=True):
    literal: re.Pattern[str] | None
    slot: str = ""
    category: str = ""
    text: str = ""


class Grammar:
    """Phrases, lists and tokens by category."""

    def __init__(self, *, phrases: Iterable[Phrase], lists: Iterable[Listing],
                 tokens: Iterable[Token]) -> None:  # fmt: skip
        self._lists = {one.category: one for one in lists}
        self._tokens = {one.category: one for one in tokens}
        self._phrases: dict[str, list[tuple[Phrase, dict[Locale, list[_Part]]]]] = {}
        for phrase in phrases:
            compiled: dict[Locale, list[_Part]] = {
                "ja": _compile(phrase.ja),
                "en": _compile(phrase.en),
            }
            self._phrases.setdefault(phrase.category, []).append((phrase, compiled))

    def say(self, category: str, value: Any, locale: Locale) -> str:
        """A value in words."""
        if token := self._tokens.get(category):
            return token.say(value, locale)
        if listing := self._lists.get(category):
            joiner = listing.ja if locale == "ja" else listing.en
            return joiner.join(self.say(listing.item, one, locale) for one in value)
        for phrase, compiled in self._phrases[category]:
            if (bindings := phrase.take(value)) is not None:
                return "".join(
                    self.say(part.category, bindings[part.slot], locale) if part.slot else part.text
                    for part in compiled[locale]
                )
        raise AssertionError(f"no phrase for {category}: {value!r}")

    def read(self, category: str, text: str, locale: Locale) -> Any:
        """The value that a whole text says. Raises Unreadable, TooLarge."""
        text = text.strip()
        if len(text) > TEXT_CHARS_MAX:
            raise TooLarge(path=".", most=TEXT_CHARS_MAX)
        reading = _Reading(self._phrases, self._lists, self._tokens, text, locale)
        try:
            for value, end in reading.at(category, 0):
                if end == len(text):
                    return value
        except RecursionError:
            raise TooLarge(path=".", most=TEXT_CHARS_MAX) from None
        stopped = reading.furthest
        rest = text[stopped : stopped + _REST_CHARS]
        raise Unreadable(at=stopped, character=stopped + 1, rest=rest)


def _compile(template: str) -> list[_Part]:
    parts, here = [], 0
    for slot in _SLOT.finditer(template):
        parts += _literal(template[here : slot.start()])
        parts.append(_Part(None, slot.group(1), slot.group(2)))
        here = slot.end()
    return parts + _literal(template[here:])


def _literal(text: str) -> list[_Part]:
    if not text:
        return []
    # However many spaces somebody types, and however they are cased.
    pattern = r"\s+".join(re.escape(word) for word in text.split(" "))
    return [_Part(re.compile(pattern, re.IGNORECASE), text=text)]


class _Reading:
    """One reading of one text."""

    def __init__(self, phrases: Any, lists: Any, tokens: Any, text: str, locale: Locale) -> None:
        self._phrases, self._lists, self._tokens = phrases, lists, tokens
        self._text, self._locale = text, locale
        self._known: dict[tuple[str, int], Found] = {}
        self.furthest = 0

    def at(self, category: str, place: int) -> Found:
        """Everything of a category that can stand at a place, each with the place behind it."""
        key = (category, place)
        if key not in self._known:
            self._known[key] = []  # a phrase that begins with itself finds nothing
            self._known[key] = list(self._find(category, place))
            for _, end in self._known[key]:
                self.furthest = max(self.furthest, end)
        return self._known[key]

    def _find(self, category: str, place: int) -> Iterator[tuple[Any, int]]:
        if token := self._tokens.get(category):
            yield from token.read(self._text, place, self._locale)
            return
        if listing := self._lists.get(category):
            yield from self._list(listing, place)
            return
        for phrase, compiled in self._phrases[category]:
            for bindings, end in self._match(compiled[self._locale], 0, place):
                yield phrase.build(**bindings), end

    def _match(
        self, parts: list[_Part], number: int, place: int
    ) -> Iterator[tuple[dict[str, Any], int]]:
        if number == len(parts):
            yield {}, place
            return
        part = parts[number]
        if part.literal is not None:
            if met := part.literal.match(self._text, place):
                self.furthest = max(self.furthest, met.end())
                yield from self._match(parts, number + 1, met.end())
            return
        for value, end in self.at(part.category, place):
            for bindings, last in self._match(parts, number + 1, end):
                yield {part.slot: value, **bindings}, last

    def _list(self, listing: Listing, place: int) -> Iterator[tuple[Any, int]]:
        joiner = _literal(listing.ja if self._locale == "ja" else listing.en)[0].literal
        assert joiner is not None
        found: list[tuple[tuple[Any, ...], int]] = [
            ((value,), end) for value, end in self.at(listing.item, place)
        ]
        for so_far, end in found:  # grows while it is walked: each may go on
            if met := joiner.match(self._text, end):
                found += [
                    ((*so_far, value), last) for value, last in self.at(listing.item, met.end())
                ]
        # The longest first: it is what a text that goes on means.
        yield from (one for one in reversed(found) if len(one[0]) >= listing.least)
