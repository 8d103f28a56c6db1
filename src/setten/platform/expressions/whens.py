"""Windows of time in words: so long back, between dates, or whole days, weeks, months and years."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from setten.platform.expressions.phrases import Phrase, taking
from setten.platform.expressions.times import ANYTIME, Span, Window


def phrases() -> list[Phrase]:
    """The phrases of windows, their edges and spans."""

    def of(*names: str, when: Callable[[Window], bool]) -> Any:
        return taking(Window, *names, when=when)

    units = {
        "minute": "分", "hour": "時間", "day": "日", "week": "週間", "month": "か月", "year": "年",
    }  # fmt: skip
    spans = [
        Phrase(category="span", ja="{n:whole}" + ja, en="{n:whole} " + unit + plural,
               take=taking(Span, "n", when=_spans(unit, is_one=not plural)),
               build=_span(unit))
        for unit, ja in units.items() for plural in ("s", "")
    ]  # fmt: skip
    return [
        Phrase(category="window", ja="", en="", take=of(when=lambda w: w == ANYTIME),
               build=lambda: ANYTIME),
        Phrase(category="window", ja="直近{since:span}に", en=" in the last {since:span}",
               take=of("since", when=lambda w: _is_long(w.since) and w.until is None),
               build=Window),
        Phrase(category="window", ja="{until:span}以上前に", en=" at least {until:span} ago",
               take=of("until", when=lambda w: w.since is None and _is_long(w.until)),
               build=Window),
        *_whole_windows(),
        Phrase(category="window", ja="{since:date}以降に", en=" since {since:date}",
               take=of("since", when=lambda w: w.until is None), build=Window),
        Phrase(category="window", ja="{until:date}までに", en=" until {until:date}",
               take=of("until", when=lambda w: w.since is None), build=Window),
        Phrase(category="window", ja="{since:since}から{until:until}までに",
               en=" from {since:since} to {until:until}",
               take=of("since", "until", when=lambda w: True), build=Window),
        Phrase(category="since", ja="{period:period}の初め", en="the start of {period:period}",
               take=lambda edge: {"period": edge} if _is_whole(edge) else None,
               build=lambda period: period),
        Phrase(category="until", ja="{period:period}の終わり", en="the end of {period:period}",
               take=lambda edge: {"period": edge} if _is_whole(edge) else None,
               build=lambda period: period),
        *(Phrase(category=name, ja="{edge:edge}", en="{edge:edge}",
                 take=lambda edge: {"edge": edge}, build=lambda edge: edge)
          for name in ("since", "until")),
        Phrase(category="edge", ja="{span:span}前", en="{span:span} ago",
               take=lambda edge: {"span": edge} if isinstance(edge, Span) else None,
               build=lambda span: span),
        Phrase(category="edge", ja="{date:date}", en="{date:date}",
               take=lambda edge: {"date": edge}, build=lambda date: date),
        *spans,
        *_periods(),
    ]  # fmt: skip


def _is_long(edge: object) -> bool:
    return isinstance(edge, Span) and not edge.whole


def _is_whole(edge: object) -> bool:
    return isinstance(edge, Span) and edge.whole


def _whole_windows() -> list[Phrase]:
    """Whole days, weeks, months and years: one of them, or from or to one of them."""
    return [
        Phrase(category="window", ja="{period:period_at}", en=" {period:period_at}",
               take=_one_period,
               build=lambda period: Window(since=period, until=period if period.n else None)),
        Phrase(category="window", ja="{since:period}の初めから",
               en=" since the start of {since:period}",
               take=taking(Window, "since",
                               when=lambda w: _is_whole(w.since) and w.until is None),
               build=Window),
        Phrase(category="window", ja="{until:period}の終わりまでに",
               en=" until the end of {until:period}",
               take=taking(Window, "until",
                               when=lambda w: w.since is None and _is_whole(w.until)),
               build=Window),
    ]  # fmt: skip


def _one_period(window: Window) -> Mapping[str, Any] | None:
    since = window.since
    if not isinstance(since, Span) or not since.whole:
        return None
    return {"period": since} if window.until == (since if since.n else None) else None


# unit: this one and the last one, in Japanese and in English; where one further back is, and when.
_PERIODS: Mapping[Any, tuple[tuple[str, str], tuple[str, str], str, str]] = {
    "day": (("今日", "today"), ("昨日", "yesterday"), "{n:whole}日前の日", "on"),
    "week": (("今週", "this week"), ("先週", "last week"), "{n:whole}週間前の週", "in"),
    "month": (("今月", "this month"), ("先月", "last month"), "{n:whole}か月前の月", "in"),
    "year": (("今年", "this year"), ("去年", "last year"), "{n:whole}年前の年", "in"),
}


def _periods() -> list[Phrase]:
    found = []
    for unit, (this, last, ja, led) in _PERIODS.items():
        en = "the " + unit + " {n:whole} " + unit + "s ago"
        for category, further in (
            ("period", (ja, en)),
            ("period_at", (ja + "に", f"{led} {en}")),
        ):
            for n, words in ((0, this), (1, last)):
                found.append(
                    Phrase(category=category, ja=words[0], en=words[1],
                           take=_period_take(unit, n), build=_period_build(unit, n))
                )  # fmt: skip
            found.append(
                Phrase(category=category, ja=further[0], en=further[1],
                       take=taking(Span, "n", when=_period_of(unit)),
                       build=_period_of_n(unit))
            )  # fmt: skip
    return found


def _period_of(unit: Any) -> Callable[[Span], bool]:
    return lambda span: span.whole and span.unit == unit


def _period_take(unit: Any, n: int) -> Callable[[Any], Mapping[str, Any] | None]:
    return lambda span: {} if span == Span(n, unit, True) else None


def _period_build(unit: Any, n: int) -> Callable[[], Span]:
    return lambda: Span(n, unit, True)


def _period_of_n(unit: Any) -> Callable[..., Span]:
    return lambda n: Span(n, unit, True)


def _spans(unit: str, *, is_one: bool) -> Callable[[Span], bool]:
    return lambda span: not span.whole and span.unit == unit and (span.n == 1) == is_one


def _span(unit: Any) -> Callable[..., Span]:
    return lambda n: Span(n, unit)
