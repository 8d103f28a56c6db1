"""What people say beside a deed: when, how often, where, for how much."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import msgspec

from setten.platform.expressions import Claim, Locale, Span, Where, Window

RECENTLY, FOR_A_WHILE = Span(30, "day"), Span(90, "day")
"""What "recently" and "for a while" are taken for; the words that are shown back say so."""

OFTEN, SEVERAL = 3, 2
_KANJI = {letter: place for place, letter in enumerate("〇一二三四五六七八九")}
_TENS = {"十": 10, "百": 100, "千": 1_000}
_WORDS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
          "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12}  # fmt: skip
NUMBER: Mapping[Locale, str] = {
    "ja": r"(?:[0-9][0-9,]{0,14}|[一二三四五六七八九十百千]{1,9})",
    "en": rf"(?:[0-9][0-9,]{{0,14}}|\b(?:{'|'.join(_WORDS)})\b)",
}
# Money may have a part of its large unit: 1.5万円.
_PART = r"(?:\.[0-9]{1,4})?"
_LARGE = {"万": 10_000, "千": 1_000, "k": 1_000, "": 1}


class Said(msgspec.Struct, kw_only=True):
    """What the modifiers of a clause have said so far."""

    window: Window | None = None
    times: Claim | None = None
    wheres: tuple[Where, ...] = ()
    spent: Claim | None = None
    is_first: bool = False
    is_last: bool = False
    never: bool = False


class Scene(msgspec.Struct, frozen=True):
    """What only now is known: names of shops (as people write them) and the day of the business."""

    shops: Mapping[str, str]
    today: date


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


def _once(said: Said, name: str, value: Any) -> bool:
    """Say a thing that was not said yet; twice, or what cannot be, is not understood."""
    if value is None or getattr(said, name):
        return False
    setattr(said, name, value)
    return True


def _set(name: str, value: Callable[[re.Match[str], Scene], Any]) -> Any:
    return lambda said, met, scene: _once(said, name, value(met, scene))


def _place(said: Said, met: re.Match[str], scene: Scene) -> bool:
    if any(one.property == "location_id" for one in said.wheres):
        return False
    location_id = scene.shops[met["shop"].casefold()]
    said.wheres += (Where(property="location_id", op="is", value=location_id),)
    return True


def _item(said: Said, met: re.Match[str], scene: Scene) -> bool:
    said.wheres += (Where(property="item", op="contains", value=met["item"]),)
    return True


def _each(said: Said, met: re.Match[str], scene: Scene) -> bool:
    claim = money(met)
    said.wheres += (Where(property="total_minor", op=claim.op, value=claim.value),)
    return True


_THAN = {"以上": "at_least", "以下": "at_most", "未満": "less_than", "より多く": "more_than",
         "まで": "at_most", "だけ": "is", "のみ": "is", "ちょうど": "is", "超": "more_than",
         "at least": "at_least", "no less than": "at_least", "at most": "at_most",
         "no more than": "at_most", "up to": "at_most", "more than": "more_than",
         "over": "more_than", "fewer than": "less_than", "less than": "less_than",
         "exactly": "is", "only": "is", "just": "is", "or more": "at_least", "+": "at_least",
         "or less": "at_most", "or fewer": "at_most"}  # fmt: skip


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
    return Claim(op=than(found.get("than"), found.get("more")), value=int(number(met["n"])))


def _month(of: date, back: int) -> tuple[date, date]:
    year, month = divmod(of.year * 12 + of.month - 1 - back, 12)
    return date(year, month + 1, 1), date(year, month + 1, calendar.monthrange(year, month + 1)[1])


def _days(first: date, last: date) -> Window:
    return Window(since=first.isoformat(), until=last.isoformat())


_PERIODS: Mapping[str, tuple[Any, int]] = {
    "today": ("day", 0), "yesterday": ("day", 1), "the day before yesterday": ("day", 2),
    "this week": ("week", 0), "last week": ("week", 1), "the week before last": ("week", 2),
    "this month": ("month", 0), "last month": ("month", 1), "the month before last": ("month", 2),
    "this year": ("year", 0), "last year": ("year", 1), "the year before last": ("year", 2),
}  # fmt: skip


def named_time(word: str) -> Window:
    """The window of a word like "last month", which moves with the calendar."""
    if word not in _PERIODS:
        return Window(since=RECENTLY if word == "recently" else FOR_A_WHILE)
    whole = _whole(word)
    return Window(since=whole, until=whole if whole.n else None)


def _from(word: str) -> Window | None:
    """From the beginning of a day, week, month or year to now."""
    return Window(since=_whole(word)) if word in _PERIODS else None


def _whole(word: str) -> Span:
    unit, n = _PERIODS[word]
    return Span(n, unit, whole=True)


def month_of(said: str, said_year: str | None, today: date) -> Window | None:
    """A month by its number: the last one that has begun, or that of a year."""
    month, year = int(said), int(said_year) if said_year else None
    if not 1 <= month <= 12 or not (year is None or 1900 <= year <= 2200):
        return None
    if year is None:
        year = today.year if month <= today.month else today.year - 1
    return _days(date(year, month, 1), _month(date(year, month, 1), 0)[1])


_JA_TIMES = {"今日": "today", "本日": "today", "一昨日": "the day before yesterday",
             "おととい": "the day before yesterday", "昨日": "yesterday", "きのう": "yesterday",
             "今週": "this week", "先々週": "the week before last", "先週": "last week",
             "今月": "this month", "先々月": "the month before last", "先月": "last month",
             "今年": "this year", "一昨年": "the year before last",
             "おととし": "the year before last", "昨年": "last year", "去年": "last year",
             "最近": "recently", "しばらく": "for a while"}  # fmt: skip
_JA_AFTER = r"(?:中|のうち|うち)?(?:に|で|は|も|の)?[、 ]*"
_JA_UNIT = r"(?P<unit>分|時間|日|週間?|か月|ヶ月|カ月|ヵ月|ケ月|箇月|年)"
_JA_N = rf"(?P<n>{NUMBER['ja']})"
_JA_THAN = r"(?P<than>以上|以下|未満|より多く|まで|だけ|のみ|ちょうど|超)?"

_YEN_JA = (rf"(?P<n>{NUMBER['ja']}{_PART})(?P<large>万|千)?円{_JA_THAN}"
           r"(?:の|を|分)?[、 ]*")  # fmt: skip


def japanese(shops: str) -> list[Rule]:
    """The rules of Japanese; shops: a pattern of their names."""
    return [_rule(pattern, act) for pattern, act in (
        (rf"{_JA_N}{_JA_UNIT}(?:以上|より)?前(?:までに|に|までは)[、 ]*",
         _set("window", lambda m, s: Window(until=span(m["n"], m["unit"])))),
        (r"(?:一|1)(?:度|回|つ)も(?:まだ)?[、 ]*|(?:これ|今)まで(?:に)?(?:一度も)?[、 ]*",
         _set("never", lambda m, s: True)),
        (r"(?:まだ|もう|今のところ)[、 ]*", lambda said, m, s: True),
        (r"(?:初めて|はじめて)[、 ]*", _set("is_first", lambda m, s: True)),
        (r"最後に[、 ]*", _set("is_last", lambda m, s: True)),
        (rf"(?:(?P<year>[0-9]{{4}})年)?(?P<month>[0-9]{{1,2}})月{_JA_AFTER}",
         _set("window", lambda m, s: month_of(m["month"], m["year"], s.today))),
        (rf"(?:ここ|この|直近|過去|最近)?の? *{_JA_N} *{_JA_UNIT}"
         rf"(?:間|以内|以上|の間|のあいだ|くらい|ぐらい|ほど)*{_JA_AFTER}",
         _set("window", lambda m, s: Window(since=span(m["n"], m["unit"])))),
        (rf"(?:ここ|この|直近|過去)?半年(?:間|以内|以上|の間|ほど)*{_JA_AFTER}",
         _set("window", lambda m, s: Window(since=Span(6, "month")))),
        (rf"(?P<word>{'|'.join(_JA_TIMES)})"
         r"(?:の?(?:初め|はじめ|頭)?(?:から|以降)(?:ずっと)?|に入って(?:から)?)(?:に|は)?[、 ]*",
         _set("window", lambda m, s: _from(_JA_TIMES[m["word"]]))),
        (rf"(?P<word>{'|'.join(_JA_TIMES)}){_JA_AFTER}",
         _set("window", lambda m, s: named_time(_JA_TIMES[m["word"]]))),
        (r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})(?:以降|から|より後)(?:に)?[、 ]*",
         _set("window", lambda m, s: Window(since=m["day"]))),
        (rf"(?:1回で|一回で|一度に|1度に){_YEN_JA}", _each),
        (rf"(?:合計|合わせて|累計|総額|計)?(?:で|が)? *{_YEN_JA}",
         _set("spent", lambda m, s: money(m))),
        (rf"{_JA_N} *(?:回|度){_JA_THAN}(?:は|も|に|の)?[、 ]*",
         _set("times", lambda m, s: times(m))),
        (r"何(?:度|回)も[、 ]*", _set("times", lambda m, s: Claim(op="at_least", value=OFTEN))),
        (r"(?:複数回|繰り返し|リピート)[、 ]*",
         _set("times", lambda m, s: Claim(op="at_least", value=SEVERAL))),
        (rf"(?P<shop>{shops})(?:では|での|でも|で|にて|には|に|へは|へ|を)[、 ]*", _place),
        (r"「(?P<item>[^」]{1,100})」を[、 ]*", _item),
    )]  # fmt: skip


_EN_TIMES = (*sorted(_PERIODS, key=len, reverse=True), "recently", "for a while", "lately")
_MONTHS = [name.casefold() for name in calendar.month_name]
_EN_UNIT = r"(?P<unit>minute|hour|day|week|month|year)s?\b"
_EN_N = rf"(?P<n>{NUMBER['en']})"
_EN_THAN = (r"(?:(?P<than>at least|no less than|at most|no more than|up to|more than|over"
            r"|fewer than|less than|exactly|only|just) )?")  # fmt: skip
_EN_MORE = r"(?P<more> or more| or less| or fewer|\+)?"


def english(shops: str) -> list[Rule]:
    """The rules of English; shops: a pattern of their names."""
    return [_rule(pattern + r"[, ]*", act) for pattern, act in (
        (rf"(?:more than |at least )?{_EN_N} {_EN_UNIT} ago",
         _set("window", lambda m, s: Window(until=span(m["n"], m["unit"])))),
        (rf"(?:in|within|during|over|for|throughout) (?:(?:the|these) )?(?:last |past |previous )?"
         rf"(?:at least )?{_EN_N} {_EN_UNIT}|(?:the )?(?:last|past) (?P<n2>{NUMBER['en']}) "
         r"(?P<unit2>minute|hour|day|week|month|year)s?\b",
         _set("window", lambda m, s: Window(since=span(m["n"] or m["n2"],
                                                       m["unit"] or m["unit2"])))),
        (r"(?:in|within|during|over) the (?:last|past) (?P<unit>day|week|month|year)\b",
         _set("window", lambda m, s: Window(since=span("1", m["unit"])))),
        (rf"since (?:the (?:start|beginning) of )?(?P<word>{'|'.join(_EN_TIMES)})\b",
         _set("window", lambda m, s: _from(m["word"].casefold()))),
        (rf"(?P<word>{'|'.join(_EN_TIMES)})\b",
         _set("window", lambda m, s: named_time(
             m["word"].casefold().replace("lately", "recently")))),
        (rf"in (?P<month>{'|'.join(_MONTHS[1:])})\b(?: (?P<year>[0-9]{{4}}))?",
         _set("window", lambda m, s: month_of(str(_MONTHS.index(m["month"].casefold())),
                                              m["year"], s.today))),
        (r"since (?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})",
         _set("window", lambda m, s: Window(since=m["day"]))),
        (r"for the first time", _set("is_first", lambda m, s: True)),
        (r"(?:ever|yet|so far|already|at all)\b", lambda said, m, s: True),
        (rf"{_EN_THAN}{_EN_N}{_EN_MORE} times?\b", _set("times", lambda m, s: times(m))),
        (rf"{_EN_THAN}(?P<word>once|twice)\b",
         _set("times", lambda m, s: Claim(op=than(m["than"]),
                                          value=1 if m["word"].casefold() == "once" else 2))),
        (r"(?:often|many times)\b",
         _set("times", lambda m, s: Claim(op="at_least", value=OFTEN))),
        (r"(?:several times|repeatedly|more than once)\b",
         _set("times", lambda m, s: Claim(op="at_least", value=SEVERAL))),
        (rf"for {_EN_THAN}(?:¥|jpy )?(?P<n>{NUMBER['en']}{_PART})(?P<large>k)? ?(?:yen|jpy|円)"
         rf"{_EN_MORE}", _each),
        (rf"(?:(?:at|in|from|to) )?(?:the )?(?P<shop>{shops})(?: shop| store)?\b", _place),
    )]  # fmt: skip


def _rule(pattern: str, act: Any) -> Rule:
    return re.compile(pattern, re.IGNORECASE), act
