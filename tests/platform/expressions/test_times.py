"""Windows in the days of a business: changes of the clock, ends of months, leap days."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from setten.platform.expressions import BadWindow, Calendar, instant, micros
from setten.platform.expressions.model import Path
from setten.platform.expressions.times import ANYTIME, Span, Window, check_window

HOUR = 3_600_000_000
ZONES = ("Asia/Tokyo", "America/New_York", "Europe/London", "Australia/Lord_Howe",
         "America/Havana", "America/Sao_Paulo", "Asia/Kathmandu", "Pacific/Apia",
         "Africa/Casablanca")  # fmt: skip


def at(text: str, zone: str = "Asia/Tokyo") -> int:
    return micros(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)))


def ago(now: str, n: int, unit: str, zone: str = "Asia/Tokyo") -> str:
    calendar = Calendar(ZoneInfo(zone))
    found = instant(calendar.ago(at(now, zone), Span(n, unit)))
    return found.astimezone(ZoneInfo(zone)).isoformat(timespec="minutes")


@pytest.mark.parametrize(
    ("now", "n", "unit", "then"),
    [
        ("2026-11-20T10:30", 10, "day", "2026-11-10T10:30+09:00"),
        ("2026-11-20T10:30", 2, "week", "2026-11-06T10:30+09:00"),
        ("2026-11-20T10:30", 36, "hour", "2026-11-18T22:30+09:00"),
        ("2026-03-31T10:30", 1, "month", "2026-03-01T00:00+09:00"),
        ("2026-03-28T10:30", 1, "month", "2026-02-28T10:30+09:00"),
        ("2024-03-29T10:30", 1, "month", "2024-02-29T10:30+09:00"),
        ("2024-02-29T10:30", 1, "year", "2023-03-01T00:00+09:00"),
        ("2024-02-29T10:30", 4, "year", "2020-02-29T10:30+09:00"),
        ("2026-01-15T10:30", 13, "month", "2024-12-15T10:30+09:00"),
        ("2026-12-31T23:59", 10, "month", "2026-03-01T00:00+09:00"),
    ],
)
def test_a_window_starts_where_the_calendar_says(now, n, unit, then):
    assert ago(now, n, unit) == then


def test_over_a_change_of_the_clock_days_stay_days_and_hours_stay_hours():
    # New York, 2026: 8 March has 23 hours, 1 November has 25.
    zone = "America/New_York"
    assert ago("2026-03-08T12:00", 1, "day", zone) == "2026-03-07T11:00-05:00"
    assert ago("2026-03-09T12:00", 1, "day", zone) == "2026-03-08T13:00-04:00"
    assert ago("2026-03-08T12:00", 24, "hour", zone) == "2026-03-07T11:00-05:00"
    assert ago("2026-11-02T12:00", 1, "day", zone) == "2026-11-01T11:00-05:00"
    assert ago("2026-11-09T12:00", 1, "week", zone) == "2026-11-02T12:00-05:00"


def test_a_fixed_window_is_whole_days_of_the_business():
    calendar = Calendar(ZoneInfo("America/New_York"))
    window = Window(since="2026-11-01", until="2026-11-01")
    low, high = calendar.bounds(window, at("2027-01-01T00:00"))
    assert high - low == 25 * HOUR
    assert calendar.day_of(low + 1) == calendar.day_of(high) == date(2026, 11, 1)


def test_a_window_that_is_not_over_ends_now():
    now = at("2026-11-20T10:30")
    calendar = Calendar(ZoneInfo("Asia/Tokyo"))
    assert calendar.bounds(Window(since="2026-11-01", until="2026-12-31"), now)[1] == now
    assert calendar.bounds(ANYTIME, now)[1] == now


@pytest.mark.parametrize(
    "window",
    [
        Window(since="2026-02-29"),
        Window(since="2026-2-1"),
        Window(until="tomorrow"),
        Window(since="0001-01-01"),
        Window(since=Span(0, "day")),
        Window(since=Span(-1, "day")),
        Window(since=Span(101, "year")),
        Window(since="2026-02-02", until="2026-02-01"),
        Window(since=Span(1, "week"), until=Span(7, "day")),
        Window(since=Span(1, "week"), until=Span(1, "month")),
        Window(since=Span(-1, "month", True)),
        Window(since=Span(1, "hour", True)),
        Window(since=Span(1, "month", True), until=Span(2, "month", True)),
        Window(since=Span(1, "month", True), until=Span(0, "month", True)),
        Window(until=Span(0, "day", True)),
    ],
)
def test_a_window_that_nothing_could_lie_in_is_refused(window):
    with pytest.raises(BadWindow):
        check_window(window, Path("window"))


SPANS = st.builds(
    Span,
    st.integers(1, 40),
    st.sampled_from(["minute", "hour", "day", "week", "month", "year"]),
)
MOMENTS = st.integers(at("2004-01-01T00:00"), at("2028-01-01T00:00"))


@given(zone=st.sampled_from(ZONES), span=SPANS, moments=st.lists(MOMENTS, min_size=2, max_size=5))
@settings(max_examples=400, deadline=None)
def test_a_window_only_moves_forward(zone, span, moments):
    calendar = Calendar(ZoneInfo(zone))
    starts = [calendar.ago(now, span) for now in sorted(moments)]
    assert starts == sorted(starts)
    assert all(start < now for start, now in zip(starts, sorted(moments), strict=True))


@given(zone=st.sampled_from(ZONES), span=SPANS, event=MOMENTS, day=st.booleans())
@settings(max_examples=600, deadline=None)
def test_an_event_leaves_at_one_instant_and_not_a_microsecond_earlier(zone, span, event, day):
    calendar = Calendar(ZoneInfo(zone))
    if day:  # midnights are where it could go wrong
        event = calendar.midnight(calendar.day_of(event))
    leaves = calendar.leaves_at(event, span)
    assert calendar.ago(leaves, span) >= event
    assert calendar.ago(leaves - 1, span) < event
    assert calendar.all_leave_at(np.array([event]), span).tolist() == [leaves]


def whole(now: str, since: int, until: int | None, unit: str, zone: str) -> tuple[str, str]:
    """The first and the last instant of a window of whole units."""
    window = Window(since=Span(since, unit, True), until=until and Span(until, unit, True))
    low, high = Calendar(ZoneInfo(zone)).bounds(window, at(now, zone))
    first, last = (instant(one).astimezone(ZoneInfo(zone)) for one in (low + 1, high))
    return first.isoformat(timespec="microseconds"), last.isoformat(timespec="microseconds")


@pytest.mark.parametrize(
    ("now", "since", "until", "unit", "zone", "first", "last"),
    [
        ("2026-03-31T10:30", 1, 1, "month", "Asia/Tokyo",
         "2026-02-01T00:00:00.000000+09:00", "2026-02-28T23:59:59.999999+09:00"),
        ("2024-03-01T00:00", 1, 1, "month", "Asia/Tokyo",
         "2024-02-01T00:00:00.000000+09:00", "2024-02-29T23:59:59.999999+09:00"),
        ("2026-01-01T00:00", 1, 1, "year", "Asia/Tokyo",
         "2025-01-01T00:00:00.000000+09:00", "2025-12-31T23:59:59.999999+09:00"),
        ("2026-11-23T00:00", 1, 1, "week", "Asia/Tokyo",  # a Monday
         "2026-11-16T00:00:00.000000+09:00", "2026-11-22T23:59:59.999999+09:00"),
        ("2026-11-02T12:00", 1, 1, "day", "America/New_York",  # it had 25 hours
         "2026-11-01T00:00:00.000000-04:00", "2026-11-01T23:59:59.999999-05:00"),
        # On that day Havana's clocks went from 0:00 to 1:00.
        ("2026-03-09T12:00", 1, 1, "day", "America/Havana",
         "2026-03-08T01:00:00.000000-04:00", "2026-03-08T23:59:59.999999-04:00"),
        ("2026-11-20T10:30", 0, None, "month", "Asia/Tokyo",
         "2026-11-01T00:00:00.000000+09:00", "2026-11-20T10:30:00.000000+09:00"),
    ],
)  # fmt: skip
def test_a_whole_window_is_the_calendar_s(now, since, until, unit, zone, first, last):
    assert whole(now, since, until, unit, zone) == (first, last)


WHOLE = st.builds(
    Span, st.integers(0, 40), st.sampled_from(["day", "week", "month", "year"]), st.just(True)
)


@given(zone=st.sampled_from(ZONES), span=WHOLE, event=MOMENTS, day=st.booleans())
@settings(max_examples=600, deadline=None)
def test_an_event_passes_the_ends_of_whole_windows_at_one_instant(zone, span, event, day):
    calendar = Calendar(ZoneInfo(zone))
    if day:
        event = calendar.midnight(calendar.day_of(event))
    since, events = Window(since=span), np.array([event, event + HOUR])
    leaves = calendar.leaves_at(event, span)
    assert calendar.bounds(since, leaves)[0] >= event
    assert calendar.bounds(since, leaves - 1)[0] < event
    assert calendar.all_leave_at(events, span).tolist() == [
        leaves, calendar.leaves_at(event + HOUR, span)]  # fmt: skip
    if span.n:
        enters = int(calendar.all_enter_at(events, span)[0])
        assert calendar.bounds(Window(until=span), enters)[1] >= event
        assert calendar.bounds(Window(until=span), enters - 1)[1] < event


@given(zone=st.sampled_from(ZONES), span=WHOLE, moments=st.lists(MOMENTS, min_size=2, max_size=5))
@settings(max_examples=300, deadline=None)
def test_a_whole_window_stands_still_until_it_moves_forward(zone, span, moments):
    calendar = Calendar(ZoneInfo(zone))
    window = Window(since=span, until=span if span.n else None)
    bounds = [calendar.bounds(window, now) for now in sorted(moments)]
    assert bounds == sorted(bounds)
    assert all(low < high <= now for (low, high), now in zip(bounds, sorted(moments), strict=True))
