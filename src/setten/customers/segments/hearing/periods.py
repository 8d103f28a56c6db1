"""When, as people say it: days, months, seasons, quarters and years, from one to another."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

import msgspec

from setten.platform.expressions import Locale, Span, Window

RECENTLY, FOR_A_WHILE = Span(30, "day"), Span(90, "day")
"""What "recently" and "for a while" are taken for; the words that are shown back say so."""

_PERIODS: Mapping[str, tuple[Any, int]] = {
    "today": ("day", 0), "yesterday": ("day", 1), "the day before yesterday": ("day", 2),
    "this week": ("week", 0), "last week": ("week", 1), "the week before last": ("week", 2),
    "this month": ("month", 0), "last month": ("month", 1), "the month before last": ("month", 2),
    "this year": ("year", 0), "last year": ("year", 1), "the year before last": ("year", 2),
}  # fmt: skip
EN_TIMES = (*sorted(_PERIODS, key=len, reverse=True), "recently", "for a while", "lately")
JA_TIMES = {"今日": "today", "本日": "today", "一昨日": "the day before yesterday",
            "おととい": "the day before yesterday", "昨日": "yesterday", "きのう": "yesterday",
            "今週": "this week", "先々週": "the week before last", "先週": "last week",
            "今月": "this month", "先々月": "the month before last", "先月": "last month",
            "今年": "this year", "本年": "this year", "一昨年": "the year before last",
            "おととし": "the year before last", "昨年": "last year", "去年": "last year",
            "前年": "last year", "前月": "last month", "最近": "recently",
            "しばらく": "for a while"}  # fmt: skip
# The first month of each; winter goes over the end of the year that it begins in.
_SEASONS = {"春": 3, "夏": 6, "秋": 9, "冬": 12,
            "spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}  # fmt: skip
_BACK = {"今年": 0, "本年": 0, "今": 0, "この": 0, "this": 0, "昨年": 1, "去年": 1, "前年": 1,
         "昨": 1, "last": 1, "一昨年": 2, "おととし": 2}  # fmt: skip
_MONTHS = {name.casefold(): n for names in (calendar.month_name, calendar.month_abbr)
           for n, name in enumerate(names) if name} | {"sept": 9}  # fmt: skip
_YEAR_MIN, _YEAR_MAX = 1900, 2200


class Stretch(msgspec.Struct, frozen=True):
    """Whole days, both ends in it."""

    first: date
    last: date


def named_time(word: str) -> Window:
    """The window of a word like "last month", which moves with the calendar."""
    if word not in _PERIODS:
        return Window(since=RECENTLY if word == "recently" else FOR_A_WHILE)
    whole = _whole(word)
    return Window(since=whole, until=whole if whole.n else None)


def from_time(word: str) -> Window | None:
    """From the beginning of a day, week, month or year to now."""
    return Window(since=_whole(word)) if word in _PERIODS else None


def before_time(word: str) -> Window | None:
    """Until the end of the day, week, month or year before the one that is named."""
    if word not in _PERIODS:
        return None
    whole = _whole(word)
    return Window(until=Span(whole.n + 1, whole.unit, whole=True))


def _whole(word: str) -> Span:
    unit, n = _PERIODS[word]
    return Span(n, unit, whole=True)


def point(locale: Locale, name: str) -> str:
    """A pattern of a day, month, season, quarter or year; its groups begin with the name."""
    made = _JA_POINT if locale == "ja" else _EN_POINT
    return "(?:" + made.replace("(?P<", f"(?P<{name}_") + ")"


_JA_BACK = "今年|本年|昨年|去年|前年|一昨年|おととし"
_JA_POINT = (
    rf"(?:(?P<year>[0-9]{{4}})年の?|(?P<back>{_JA_BACK})の?)?(?P<month>[0-9]{{1,2}})月"
    r"(?:(?P<day>[0-9]{1,2})日)?(?:中)?"
    r"|(?:(?P<year2>[0-9]{4})[-/])?(?P<month2>[0-9]{1,2})[-/](?P<day2>[0-9]{1,2})"
    rf"|(?:(?P<year3>[0-9]{{4}})年の?|(?P<back3>{_JA_BACK}|この|今|昨)の?)?(?P<season>[春夏秋冬])"
    r"|(?P<quarter>今|この|前|先)の?四半期"
    r"|(?P<year4>[0-9]{4})年(?!間|以内|以上|前|ほど|くらい|ぐらい)"
)
_EN_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_EN_POINT = (
    r"(?P<year2>[0-9]{4})[-/](?P<month2>[0-9]{1,2})[-/](?P<day2>[0-9]{1,2})"
    rf"|(?:the )?(?:(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)? (?:of )?)?(?P<month>{_EN_MONTH})\b\.?"
    r"(?: (?P<day3>[0-9]{1,2})(?:st|nd|rd|th)?(?![0-9]))?(?:,? (?P<year>[0-9]{4})\b"
    r"| (?P<back>last|this) year)?"
    r"|(?:the )?(?:(?P<back3>last|this) )?(?P<season>spring|summer|autumn|fall|winter)"
    r"(?:(?: of)? (?P<year3>[0-9]{4})\b| (?P<back4>last|this) year)?"
    r"|(?P<quarter>this|last) quarter"
    r"|(?P<year4>(?:19|20)[0-9]{2})\b"
)


def stretch(met: re.Match[str], name: str, today: date) -> Stretch | None:
    """The days of a point that was met; without a year the last one that has begun.

    None when there is no such day.
    """
    said = {key.removeprefix(f"{name}_"): value for key, value in met.groupdict().items()
            if key.startswith(f"{name}_") and value}  # fmt: skip
    try:
        return _stretch(said, today)
    except ValueError:
        return None


def _stretch(said: Mapping[str, str], today: date) -> Stretch | None:
    def of(*names: str) -> str | None:
        return next((said[one] for one in names if one in said), None)

    year = _year(of("year", "year2", "year3", "year4"), of("back", "back3", "back4"), today)
    if quarter := of("quarter"):
        return _quarter(today, 0 if quarter.casefold() in ("今", "この", "this") else 1)
    if season := of("season"):
        return _begun(year, today, lambda y: _months(y, _SEASONS[season.casefold()], 3))
    if month := of("month", "month2"):
        n = _MONTHS.get(month.casefold()) or int(month)
        if day := of("day", "day2", "day3"):
            return _begun(year, today, lambda y: _one(date(y, n, int(day))))
        return _begun(year, today, lambda y: _months(y, n, 1))
    assert year is not None
    return Stretch(date(year, 1, 1), date(year, 12, 31))


def _year(said: str | None, back: str | None, today: date) -> int | None:
    """The year that is said. Raises ValueError for one that no business was open in."""
    if said is not None:
        if not _YEAR_MIN <= int(said) <= _YEAR_MAX:
            raise ValueError(said)
        return int(said)
    return today.year - _BACK[back.casefold()] if back else None


def _begun(year: int | None, today: date, make: Callable[[int], Stretch]) -> Stretch:
    """That of the year, or the last one that has begun."""
    if year is not None:
        return make(year)
    found = make(today.year)
    return found if found.first <= today else make(today.year - 1)


def _one(day: date) -> Stretch:
    return Stretch(day, day)


def _months(year: int, month: int, n: int) -> Stretch:
    """So many whole months from one on."""
    years, last = divmod(month - 1 + n - 1, 12)
    days = calendar.monthrange(year + years, last + 1)[1]
    return Stretch(date(year, month, 1), date(year + years, last + 1, days))


def _quarter(today: date, back: int) -> Stretch:
    years, quarter = divmod((today.month - 1) // 3 - back, 4)
    return _months(today.year + years, quarter * 3 + 1, 3)


def within(met: re.Match[str], today: date) -> Window | None:
    """From the point `a` to the point `b` when there is one, else the point `a` alone."""
    begins, ends = stretch(met, "a", today), None
    if begins and any(key.startswith("b_") and value for key, value in met.groupdict().items()):
        ends = stretch(met, "b", today)
        if ends is None:
            return None
        # Who says "from November to February" means the November before that February.
        begins = begins if begins.first <= ends.last else stretch(met, "a", ends.last)
    if begins is None:
        return None
    last = (ends or begins).last
    return Window(since=begins.first.isoformat(), until=last.isoformat())


def since(met: re.Match[str], today: date) -> Window | None:
    """From a point on."""
    found = stretch(met, "a", today)
    return Window(since=found.first.isoformat()) if found else None


def until(met: re.Match[str], today: date) -> Window | None:
    """To the end of a point."""
    found = stretch(met, "a", today)
    return Window(until=found.last.isoformat()) if found else None


def before(met: re.Match[str], today: date) -> Window | None:
    """To the day before a point."""
    found = stretch(met, "a", today)
    return Window(until=(found.first - timedelta(days=1)).isoformat()) if found else None


def after(window: Window) -> Window | None:
    """From the end of a window to now: "nothing since"; None where it has none."""
    end = window.until
    if isinstance(end, Span):
        return Window(since=Span(end.n - 1, end.unit, whole=True) if end.whole else end)
    if end is None:
        return None
    return Window(since=(date.fromisoformat(end) + timedelta(days=1)).isoformat())
