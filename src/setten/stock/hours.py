"""Opening hours: by weekday, with days that differ, in the place's own time zone.

Written as `{"mon": [["10:00", "20:00"]], …, "days": {"2026-12-31": [["10:00", "17:00"]],
"2027-01-01": []}}`. A day that is absent is closed; no hours at all means that nobody said. An end
at or before its start is the next morning; `24:00` is midnight.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAYS_AHEAD = 14  # a shop closed for longer is not worth waiting for
SPANS_MAX = 6  # openings in one day
EXCEPTIONS_MAX = 800  # two years of days
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")

Hours = Mapping[str, Any]


def is_valid(hours: Any) -> bool:
    """Whether hours are written as this module reads them."""
    if not isinstance(hours, dict):
        return False
    days = hours.get("days", {})
    if not isinstance(days, dict) or len(days) > EXCEPTIONS_MAX:
        return False
    if not all(_is_date(day) for day in days):
        return False
    weekly = {key: spans for key, spans in hours.items() if key != "days"}
    return set(weekly) <= set(WEEKDAYS) and all(
        _are_spans(spans) for spans in (*weekly.values(), *days.values())
    )


def _is_date(text: Any) -> bool:
    try:
        return bool(date.fromisoformat(text).isoformat() == text)
    except (TypeError, ValueError):
        return False


def _are_spans(spans: Any) -> bool:
    return (
        isinstance(spans, list)
        and len(spans) <= SPANS_MAX
        and all(
            isinstance(span, list)
            and len(span) == 2
            and all(isinstance(clock, str) and _CLOCK.fullmatch(clock) for clock in span)
            for span in spans
        )
    )


def opening(
    hours: Hours, zone: ZoneInfo, *, now: datetime
) -> tuple[datetime | None, datetime | None]:
    """(opens_at, closes_at) UTC of the opening that runs now, or of the next one.

    (None, None) when hours are unknown or nothing opens in the next fortnight.
    """
    if not hours:
        return None, None
    today = now.astimezone(zone).date()
    for offset in range(-1, DAYS_AHEAD + 1):  # yesterday's opening may run past midnight
        day = today + timedelta(days=offset)
        for start, end in sorted(_spans_of(hours, day)):
            opens, closes = _moments(day, start, end, zone)
            if closes > max(now, opens):  # 24:00–00:00 is no time at all
                return opens, closes
    return None, None


def last_open(hours: Hours, zone: ZoneInfo, *, since: datetime, until: datetime) -> datetime | None:
    """The last moment between these two at which the place is open, UTC; `until` if it is then.

    None when it does not open in between, within a fortnight, or nobody told its hours.
    """
    last = until.astimezone(zone).date()
    for offset in range(DAYS_AHEAD + 1):
        day = last - timedelta(days=offset)
        moments = [_moments(day, start, end, zone) for start, end in _spans_of(hours, day)]
        for opens, closes in sorted(moments, reverse=True):
            if opens < until and closes > max(since, opens):
                return min(closes, until)
    return None


def after_open(hours: Hours, zone: ZoneInfo, *, since: datetime, span: timedelta) -> datetime:
    """When a place will have been open for this long since a moment.

    A clock that stands still while the place is closed; one that runs on where hours are unknown or
    nothing opens in the next fortnight.
    """
    at, left = since, span
    while True:
        opens, closes = opening(hours, zone, now=at)
        if opens is None or closes is None:
            return at + left
        start = max(at, opens)
        if start + left <= closes:
            return start + left
        at, left = closes, left - (closes - start)


def _spans_of(hours: Hours, day: date) -> list[list[str]]:
    exceptions = hours.get("days", {})
    spans: list[list[str]] = exceptions.get(day.isoformat(), hours.get(WEEKDAYS[day.weekday()], []))
    return spans


def _moments(day: date, start: str, end: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    opens = _moment(day, start, zone)
    closes = _moment(day, end, zone)
    if closes <= opens:
        closes = _moment(day + timedelta(days=1), end, zone)
    return opens, closes


def _moment(day: date, clock: str, zone: ZoneInfo) -> datetime:
    if clock == "24:00":
        day, clock = day + timedelta(days=1), "00:00"
    return datetime.combine(day, time.fromisoformat(clock), tzinfo=zone).astimezone(UTC)
