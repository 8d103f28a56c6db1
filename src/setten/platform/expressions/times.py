"""Windows of time, in the days of a business.

Minutes and hours are exact. Days, weeks, months and years go by the calendar of the business's time
zone: the start of "the last 3 days" is as long after its midnight as now is after ours. So a
window only ever moves forward, also over a change of the clock, and each moment has one instant at
which it leaves. A day that a month does not have (31 April, 29 February) is the end of that month.

Whole days, weeks (from Monday), months and years are those of the calendar: "last month" is from
its first midnight to its last, and becomes another when the month ends.
"""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from numpy.typing import NDArray

from setten.platform.expressions.model import BadWindow, Path

Unit = Literal["minute", "hour", "day", "week", "month", "year"]
Micros = int
Times = NDArray[np.int64]
NEVER: Micros = 2**62
ALWAYS: Micros = -(2**62)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)
_SECOND = 1_000_000
_EXACT: dict[str, Micros] = {"minute": 60 * _SECOND, "hour": 3_600 * _SECOND}
_DAY: Micros = 86_400 * _SECOND
_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "year": 12}
# About a hundred years each: nobody's history is longer, and dates stay in the calendar.
_N_MAX = {"minute": 52_560_000, "hour": 876_000, "day": 36_500, "week": 5_200, "month": 1_200,
          "year": 100}  # fmt: skip
# How long a unit is, roughly: to tell which of two spans is the longer one.
_ROUGH = {**_EXACT, "day": _DAY, "week": 7 * _DAY, "month": 30 * _DAY, "year": 365 * _DAY}


class Span(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A length of time. Source of the calendar's rules: this module's docstring.

    whole: not so long ago to the instant, but the whole day, week, month or year that lies so many
    back; 0 is the one that now is in.
    """

    n: int
    unit: Unit
    whole: bool = False


class Window(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True,
             forbid_unknown_fields=True):  # fmt: skip
    """From a bound, exclusive, to another, inclusive; without one it is open, to now at most.

    A Span is that long ago. A date (2026-01-31) is that whole day of the business, a whole Span
    that whole day, week, month or year: from its first instant, to its last.
    """

    since: Span | str | None = None
    until: Span | str | None = None

    @property
    def is_moving(self) -> bool:
        """Whether it moves with the present."""
        return isinstance(self.since, Span) or isinstance(self.until, Span)


ANYTIME = Window()


def micros(at: datetime) -> Micros:
    """Microseconds since 1970 of an aware datetime."""
    return (at - _EPOCH) // _MICRO


def instant(at: Micros) -> datetime:
    """The aware datetime of microseconds since 1970."""
    return _EPOCH + at * _MICRO


def check_span(span: Span, path: Path, *, exact: bool = False) -> None:
    """Raises BadWindow for a span that is empty, endless, a whole minute or hour or, with `exact`,
    of unequal days."""
    least = 0 if span.whole else 1
    if not least <= span.n <= _N_MAX[span.unit]:
        raise BadWindow(path=str(path), reason=f"n: {least} … {_N_MAX[span.unit]}")
    if exact and (span.whole or span.unit in _MONTHS):
        raise BadWindow(path=str(path), reason="minute, hour, day, week")
    if span.whole and span.unit in _EXACT:
        raise BadWindow(path=str(path), reason="whole: day, week, month, year")


def check_window(window: Window, path: Path) -> None:
    """Raises BadWindow for bounds that are none, or that no moment can lie between."""
    for name, bound in (("since", window.since), ("until", window.until)):
        if isinstance(bound, Span):
            check_span(bound, path / name)
        elif bound is not None:
            _date(bound, path / name)
    since, until = window.since, window.until
    if isinstance(since, str) and isinstance(until, str) and since > until:
        raise BadWindow(path=str(path), reason="since > until")
    if isinstance(until, Span) and until.n < 1:
        raise BadWindow(path=str(path / "until"), reason="n: 1 …")  # to its end is to now
    if isinstance(since, Span) and isinstance(until, Span) and _is_empty(since, until):
        raise BadWindow(path=str(path), reason="since <= until")


def _is_empty(since: Span, until: Span) -> bool:
    """Whether at no time anything lies between. Whole and other spans may meet on some days."""
    if since.whole or until.whole:
        return since.whole == until.whole and since.unit == until.unit and since.n < until.n
    return _rough(since) <= _rough(until)


def _rough(span: Span) -> Micros:
    return span.n * _ROUGH[span.unit]


def _date(text: str, path: Path = Path.root) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise BadWindow(path=str(path), reason="YYYY-MM-DD") from None
    if found.isoformat() != text or not 1900 <= found.year <= 2200:
        raise BadWindow(path=str(path), reason="1900-01-01 … 2200-12-31")
    return found


class Calendar:
    """The days of a business in its time zone, and how spans lie in them."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._midnight = lru_cache(maxsize=4_096)(self._find_midnight)
        self._even = lru_cache(maxsize=4_096)(self._is_even)

    def _find_midnight(self, day: date) -> Micros:
        return micros(datetime(day.year, day.month, day.day, tzinfo=self.zone))

    def day_of(self, at: Micros) -> date:
        """The business's day of an instant."""
        return instant(at).astimezone(self.zone).date()

    def midnight(self, day: date) -> Micros:
        """The first instant of a day."""
        return self._midnight(day)

    def bounds(self, window: Window, now: Micros) -> tuple[Micros, Micros]:
        """(low, high): an event at t lies in the window when low < t <= high."""
        low, high = ALWAYS, now
        if isinstance(window.since, Span):
            low = self.ago(now, window.since)
            if window.since.whole:
                low -= 1
        elif window.since is not None:
            low = self.midnight(_date(window.since)) - 1
        if isinstance(window.until, Span):
            if window.until.whole:
                high = self._whole(now, window.until, 1) - 1
            else:
                high = self.ago(now, window.until)
        elif window.until is not None:
            high = min(now, self.midnight(_date(window.until) + timedelta(days=1)) - 1)
        return low, high

    def ago(self, now: Micros, span: Span) -> Micros:
        """The instant that lies `span` before now; never earlier for a later now. Of a whole one
        its first instant."""
        if span.whole:
            return self._whole(now, span)
        if span.unit in _EXACT:
            return now - span.n * _EXACT[span.unit]
        today = self.day_of(now)
        then, is_whole = _back(today, span)
        if not is_whole:
            return self.midnight(then)
        since_midnight = now - self.midnight(today)
        return min(self.midnight(then) + since_midnight, self.midnight(_next(then)))

    def _whole(self, at: Micros, span: Span, later: int = 0) -> Micros:
        """The first instant of the unit that lies span.n, less `later`, before that of `at`."""
        begun = _begun(self.day_of(at), span.unit)
        return self.midnight(_moved(begun, span.unit, later - span.n))

    def leaves_at(self, at: Micros, span: Span) -> Micros:
        """The first instant at which an event at `at` is `span` ago, or longer; of a whole one, at
        which it lies before it."""
        if span.whole:
            begun = _begun(self.day_of(at), span.unit)
            return self.midnight(_moved(begun, span.unit, span.n + 1))
        if span.unit in _EXACT:
            return at + span.n * _EXACT[span.unit]
        day = _forth(self.day_of(at), span) - timedelta(days=4)
        while True:
            then, is_whole = _back(day, span)
            begins, starts = self.midnight(day), self.midnight(then)
            if starts >= at:
                return begins
            found = begins + (at - starts)
            if is_whole and at <= self.midnight(_next(then)) and found < self.midnight(_next(day)):
                return found
            day = _next(day)

    def all_leave_at(self, ats: Times, span: Span) -> Times:
        """`leaves_at` of many. Days of one length are the common case, and take no calendar."""
        if not len(ats):
            return ats
        if span.whole:
            return self._all_leave_whole(ats, span)
        if span.unit in _EXACT:
            return ats + span.n * _EXACT[span.unit]
        known = ats < NEVER
        if span.unit in _DAYS and known.any():
            length = span.n * _DAYS[span.unit] * _DAY
            first, last = int(ats[known].min()) - 2 * _DAY, int(ats[known].max()) + length
            # By whole days, so that it is asked seldom.
            if self._even(first // _DAY, last // _DAY + 1):
                return np.where(known, ats + length, NEVER)
        return np.array(
            [self.leaves_at(at, span) if at < NEVER else NEVER for at in ats.tolist()], np.int64
        )

    def all_enter_at(self, ats: Times, span: Span) -> Times:
        """The first instants at which events lie behind the bound `until`: `span` ago or longer, or
        not after the whole one."""
        # The end of a month is what lies before the month after it.
        return self.all_leave_at(ats, Span(span.n - 1, span.unit, True) if span.whole else span)

    def _all_leave_whole(self, ats: Times, span: Span) -> Times:
        known = ats < NEVER
        if not known.any():
            return np.full(len(ats), NEVER, np.int64)
        starts = self._starts(int(ats[known].min()), int(ats[known].max()), span)
        places = np.searchsorted(starts, np.where(known, ats, starts[0]), side="right")
        return np.where(known, starts[places + span.n], NEVER)

    def _starts(self, first: Micros, last: Micros, span: Span) -> Times:
        """First instants of units: from that of `first` to span.n + 1 behind that of `last`."""
        day, found = _begun(self.day_of(first), span.unit), []
        end = _moved(_begun(self.day_of(last), span.unit), span.unit, span.n + 1)
        while day <= end:
            found.append(self.midnight(day))
            day = _moved(day, span.unit, 1)
        return np.array(found, np.int64)

    def _is_even(self, first: int, last: int) -> bool:
        """Whether the clocks stand still between two days since 1970, looked at month by month."""
        offsets = {
            instant(day * _DAY).astimezone(self.zone).utcoffset()
            for day in (*range(first, last, 28), last)
        }
        return len(offsets) == 1


def _next(day: date) -> date:
    return day + timedelta(days=1)


def _begun(day: date, unit: Unit) -> date:
    """The first day of the week, month or year that a day is in."""
    match unit:
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "year":
            return date(day.year, 1, 1)
    return day


def _moved(first: date, unit: Unit, n: int) -> date:
    """The first day of the unit that lies `n` after the one that begins with `first`."""
    if unit in _DAYS:
        return first + timedelta(days=n * _DAYS[unit])
    year, month = divmod(first.year * 12 + first.month - 1 + n * _MONTHS[unit], 12)
    return date(year, month + 1, 1)


def _back(day: date, span: Span) -> tuple[date, bool]:
    """The day `span` before, and whether there is one; else the first of the month after."""
    if span.unit in _DAYS:
        return day - timedelta(days=span.n * _DAYS[span.unit]), True
    year, month = divmod(day.year * 12 + day.month - 1 - span.n * _MONTHS[span.unit], 12)
    if day.day <= calendar.monthrange(year, month + 1)[1]:
        return date(year, month + 1, day.day), True
    return date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1), False


def _forth(day: date, span: Span) -> date:
    if span.unit in _DAYS:
        return day + timedelta(days=span.n * _DAYS[span.unit])
    year, month = divmod(day.year * 12 + day.month - 1 + span.n * _MONTHS[span.unit], 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def length(span: Span) -> Micros:
    """Microseconds of a span of minutes, hours, days of 24 hours or weeks of them."""
    return span.n * (_EXACT.get(span.unit) or _DAYS[span.unit] * _DAY)
