"""What people say beside a deed: when, how often, where, for how much."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import msgspec

from setten.platform.expressions import Claim, Locale, Span, Where, Window

_KANJI = {letter: place for place, letter in enumerate("〇一二三四五六七八九")}
_TENS = {"十": 10, "百": 100, "千": 1_000}
_WORDS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
          "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12}  # fmt: skip
NUMBER: Mapping[Locale, str] = {
    "ja": r"(?:[0-9][0-9,]{0,14}|[一二三四五六七八九十百千]{1,9})",
    "en": rf"(?:[0-9][0-9,]{{0,14}}|\b(?:{'|'.join(_WORDS)})\b)",
}
# Money may have a part of its large unit: 1.5万円.
PART = r"(?:\.[0-9]{1,4})?"
_LARGE = {"万": 10_000, "千": 1_000, "k": 1_000, "": 1}


class Said(msgspec.Struct, kw_only=True):
    """What the modifiers of a clause have said so far.

    others: what else may stand in the place of one of them ("in March or April"), every one of them
    where is_all. ever: somebody said that no time is meant. is_only: 「1回しか…ない」. is_since:
    after what was said before.
    """

    window: Window | None = None
    times: Claim | None = None
    wheres: tuple[Where, ...] = ()
    spent: Claim | None = None
    is_first: bool = False
    is_last: bool = False
    never: bool = False
    ever: bool = False
    is_only: bool = False
    is_since: bool = False
    others: tuple[Window | Where, ...] = ()
    is_all: bool = False

    def each(self) -> list[Said]:
        """One for each of the others, and one for itself."""
        return [self, *(self.but(one) for one in self.others)]

    def but(self, other: Window | Where) -> Said:
        """The same with one thing said otherwise."""
        if isinstance(other, Window):
            return msgspec.structs.replace(self, window=other, others=())
        kept = tuple(one for one in self.wheres if one.property != other.property)
        return msgspec.structs.replace(self, wheres=(*kept, other), others=())

    def joined(self) -> Said:
        """Any of several shops or channels is one claim: how often is then counted over all."""
        first = next((one for one in self.others if isinstance(one, Where)), None)
        if first is None or self.is_all or first.op not in ("is", "in"):
            return self
        same = [one for one in (*self.wheres, *self.others)
                if isinstance(one, Where) and one.property == first.property]  # fmt: skip
        values = [
            value
            for one in same
            for value in (one.value if isinstance(one.value, tuple) else (one.value,))
            if value is not None
        ]
        claim = Where(property=first.property, op="in", value=tuple(dict.fromkeys(values)))
        return self.but(claim)

    def added_since(self, before: Said) -> Window | Where | None:
        """The window or the claim that it has and another had not."""
        if self.window != before.window:
            return self.window
        fresh = self.wheres[len(before.wheres) :]
        return fresh[0] if fresh and fresh[0].op != "at_least" else None


class Scene(msgspec.Struct, frozen=True):
    """What only now is known: names of shops (folded, as people write them), the day of the
    business, and the names of segments."""

    shops: Mapping[str, str]
    today: date
    groups: frozenset[str] = frozenset()


def folded(name: str) -> str:
    """A name however it is typed: of either width and case."""
    return unicodedata.normalize("NFKC", name).casefold()


Rule = tuple[re.Pattern[str], Callable[[Said, re.Match[str], Scene], bool]]


def number(text: str) -> float:
    """A number as people write it: 1,000 or 三十 or "two"."""
    text = text.strip().casefold()
    if text in _WORDS:
        return _WORDS[text]
    if not text or text[0] not in "一二三四五六七八九十百千":
        return float(text.replace(",", ""))
    whole, digit = 0, 0
    for letter in text:
        if letter in _TENS:
            whole, digit = whole + (digit or 1) * _TENS[letter], 0
        else:
            digit = digit * 10 + _KANJI[letter]
    return whole + digit


_UNITS = {"分": "minute", "時間": "hour", "日": "day", "週": "week", "週間": "week", "年": "year",
          "か月": "month", "ヶ月": "month", "カ月": "month", "ヵ月": "month", "ケ月": "month",
          "箇月": "month"}  # fmt: skip


def span(n: str, unit: str) -> Span:
    """A span of so many of a unit, in either language."""
    unit = unit.casefold()
    name: Any = _UNITS.get(unit) or unit.rstrip("s")
    return Span(int(number(n)), name)


_THAN = {"以上": "at_least", "以下": "at_most", "未満": "less_than", "より多く": "more_than",
         "まで": "at_most", "だけ": "is", "のみ": "is", "ちょうど": "is", "超": "more_than",
         "at least": "at_least", "no less than": "at_least", "at most": "at_most",
         "no more than": "at_most", "up to": "at_most", "more than": "more_than",
         "over": "more_than", "fewer than": "less_than", "less than": "less_than",
         "exactly": "is", "only": "is", "just": "is", "or more": "at_least", "+": "at_least",
         "or less": "at_most", "or fewer": "at_most"}  # fmt: skip


def span_of(met: re.Match[str]) -> Span:
    """The span that the groups n and unit say."""
    return span(met["n"], met["unit"])


def than(*said: str | None) -> str:
    """The comparison that any of these words stands for; at least when nothing is said."""
    return next((_THAN[one.casefold().strip()] for one in said if one), "at_least")


def money(met: re.Match[str]) -> Claim:
    """A claim about yen: what is said of an amount, and how it compares."""
    found = met.groupdict()
    amount = number(met["n"]) * _LARGE[(found.get("large") or "").casefold()]
    return Claim(op=than(found.get("than"), found.get("more")), value=int(amount))


def times(met: re.Match[str]) -> Claim:
    """A claim about how often."""
    found = met.groupdict()
    said = than(found.get("than"), found.get("more"), found.get("more2"))
    return Claim(op=said, value=int(number(met["n"])))
