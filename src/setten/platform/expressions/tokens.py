"""Tokens of words: declared names, values, quoted texts, numbers and dates, said and read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from setten.platform.expressions.phrases import Token
from setten.platform.expressions.vocabulary import Locale, Words

_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_QUOTED = {
    "en": re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL),
    "ja": re.compile(r"「((?:[^」\\]|\\.)*)」", re.DOTALL),
}


def names(category: str, words: Mapping[str, Words]) -> Token:
    """A token of declared names; people read and write the words instead."""
    for locale in ("ja", "en"):
        said = [one.ja if locale == "ja" else one.en for one in words.values()]
        assert len(said) == len(set(said)), f"two of {category} are called the same"

    def read(text: str, place: int, locale: Locale) -> Iterable[tuple[str, int]]:
        for name, one in words.items():
            label = one.say(locale)
            if text[place : place + len(label)].casefold() == label.casefold():
                yield name, place + len(label)

    return Token(category=category, say=lambda name, locale: words[name].say(locale), read=read)


def _say_value(value: Any, locale: Locale) -> str:
    if isinstance(value, bool):
        return {"ja": ("いいえ", "はい"), "en": ("no", "yes")}[locale][value]
    return say_quoted(value, locale) if isinstance(value, str) else repr(value)


def _read_value(text: str, place: int, locale: Locale) -> Iterable[tuple[Any, int]]:
    yield from _read_quoted(text, place, locale)
    if met := _NUMBER.match(text, place):
        said = met.group()
        is_whole = met.group(1) is None and met.group(2) is None
        yield (int(said) if is_whole else float(said)), met.end()
    for value in (True, False):
        said = _say_value(value, locale)
        if text[place : place + len(said)].casefold() == said:
            yield value, place + len(said)


def say_quoted(value: str, locale: Locale) -> str:
    """A text between the quotation marks of a language."""
    opened, closed = ("「", "」") if locale == "ja" else ('"', '"')
    inner = value.replace("\\", "\\\\").replace(closed, "\\" + closed)
    return f"{opened}{inner}{closed}"


def _read_quoted(text: str, place: int, locale: Locale) -> Iterable[tuple[str, int]]:
    if met := _QUOTED[locale].match(text, place):
        yield re.sub(r"\\(.)", r"\1", met.group(1), flags=re.DOTALL), met.end()


def _read_by(pattern: re.Pattern[str], made: Callable[[str], Any]) -> Any:
    def read(text: str, place: int, locale: Locale) -> Iterable[tuple[Any, int]]:
        if met := pattern.match(text, place):
            yield made(met.group()), met.end()

    return read


TOKENS = (
    Token(category="value", say=_say_value, read=_read_value),
    Token(category="quoted", say=say_quoted, read=_read_quoted),
    Token(category="whole", say=lambda n, _: str(n), read=_read_by(re.compile(r"-?\d+"), int)),
    Token(category="date", say=lambda date, _: str(date), read=_read_by(_DATE, str)),
)
