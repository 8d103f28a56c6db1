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
REST_CHARS = 40
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


def taking(
    kind: type, *names: str, when: Callable[[Any], bool] = lambda _: True
) -> Callable[[Any], Bindings | None]:
    """take: these attributes of a value of that type."""

    def take(value: Any) -> Bindings | None:
        if not isinstance(value, kind) or not when(value):
            return None
        return {name: getattr(value, name) for name in names}

    return take


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """Several of one category in a row, as a tuple. heard: patterns of what people put between them
    besides, a language."""

    category: str
    item: str
    ja: str
    en: str
    least: int = 1
    heard: Mapping[Locale, str] = msgspec.field(default_factory=dict)


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
        self._joiners = {name: _joiners(one) for name, one in self._lists.items()}
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

    def read(
        self, category: str, text: str, locale: Locale, more: Iterable[Token] = (), *, unit: str
    ) -> Any:
        """The value that a whole text says. more: tokens of this reading alone. unit: the category
        that somebody mends as a whole.

        Raises Unreadable, TooLarge.
        """
        text = text.strip()
        if len(text) > TEXT_CHARS_MAX:
            raise TooLarge(path=".", most=TEXT_CHARS_MAX)
        tokens = {**self._tokens, **{one.category: one for one in more}}
        reading = _Reading(self._phrases, self._lists, tokens, self._joiners, text, locale)
        try:
            for value, end in reading.at(category, 0):
                if end == len(text):
                    return value
        except RecursionError:
            raise TooLarge(path=".", most=TEXT_CHARS_MAX) from None
        stopped = reading.furthest
        rest = text[stopped : stopped + REST_CHARS]
        raise Unreadable(at=stopped, character=stopped + 1, rest=rest, begins=reading.begun(unit))


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


def _joiners(listing: Listing) -> dict[Locale, list[re.Pattern[str]]]:
    found: dict[Locale, list[re.Pattern[str]]] = {}
    said: list[tuple[Locale, str]] = [("ja", listing.ja), ("en", listing.en)]
    for locale, words in said:
        found[locale] = [part.literal for part in _literal(words) if part.literal]
        if heard := listing.heard.get(locale):
            found[locale].append(re.compile(heard, re.IGNORECASE))
    return found


class _Reading:
    """One reading of one text."""

    def __init__(
        self, phrases: Any, lists: Any, tokens: Any, joiners: Any, text: str, locale: Locale
    ) -> None:
        self._phrases, self._lists, self._tokens = phrases, lists, tokens
        self._joiners = joiners
        self._text, self._locale = text, locale
        self._known: dict[tuple[str, int], Found] = {}
        self.furthest = 0

    def begun(self, unit: str) -> int:
        """Where the last of a category was begun that could not be read to its end."""
        return max((place for category, place in self._known if category == unit), default=0)

    def at(self, category: str, place: int) -> Found:
        """Everything of a category that can stand at a place, each with the place behind it."""
        key = (category, place)
        if key not in self._known:
            self._known[key] = []  # a phrase that begins with itself finds nothing
            # Of several ways to read the same stretch the first one: nobody asks for the others.
            found: dict[int, Any] = {}
            for value, end in self._find(category, place):
                found.setdefault(end, value)
                self.furthest = max(self.furthest, end)
            self._known[key] = [(value, end) for end, value in found.items()]
        return self._known[key]

    def _find(self, category: str, place: int) -> Iterator[tuple[Any, int]]:
        if token := self._tokens.get(category):
            yield from token.read(self._text, place, self._locale)
            return
        if listing := self._lists.get(category):
            yield from self._list(listing, place)
            return
        for phrase, compiled in self._phrases.get(category, ()):
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
        joiners = self._joiners[listing.category][self._locale]
        found: list[tuple[tuple[Any, ...], int]] = [
            ((value,), end) for value, end in self.at(listing.item, place)
        ]
        reached = {end for _, end in found}
        for so_far, end in found:  # grows while it is walked: each may go on
            for joiner in joiners:
                if met := joiner.match(self._text, end):
                    self.furthest = max(self.furthest, met.end())
                    more = self.at(listing.item, met.end())
                    found += [((*so_far, value), last) for value, last in more
                              if last not in reached]  # fmt: skip
                    reached.update(last for _, last in more)
        # The longest first: it is what a text that goes on means.
        yield from (one for one in reversed(found) if len(one[0]) >= listing.least)
