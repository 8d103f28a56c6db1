"""What is remembered of a place's hours is what they say at that moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from setten.stock import hours as opening_hours
from setten.stock import locations
from setten.stock.locations import Location

CLOCKS = st.one_of(
    st.just("24:00"),
    st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.sampled_from((0, 15, 30, 59))),
)
SPANS = st.lists(st.lists(CLOCKS, min_size=2, max_size=2), max_size=3)
BEGUN = datetime(2026, 3, 27, tzinfo=UTC)  # the clocks of Berlin change on the 29th
DAYS = st.dates(BEGUN.date(), BEGUN.date() + timedelta(days=9)).map(str)
HOURS = st.builds(
    lambda week, days: {**week, "days": days},
    st.dictionaries(st.sampled_from(opening_hours.WEEKDAYS), SPANS),
    st.dictionaries(DAYS, SPANS, max_size=3),
)
MOMENTS = st.lists(st.integers(0, 8 * 24 * 60).map(lambda m: BEGUN + timedelta(minutes=m)))
ZONES = st.sampled_from(("Asia/Tokyo", "Europe/Berlin", "UTC"))


@given(st.lists(st.tuples(HOURS, ZONES), min_size=1, max_size=3), MOMENTS)
def test_asked_at_any_moments_in_any_order_hours_answer_as_if_never_asked(said, moments):
    """The same place, said to open differently, in turns."""
    places = [
        Location(location_id="p", name_ja="p", name_en="p", kind="shop", hours=hours, timezone=zone)
        for hours, zone in said
    ]
    for number, now in enumerate(moments):
        place = places[number % len(places)]
        expected = opening_hours.opening(place.hours, ZoneInfo(place.timezone), now=now)
        assert place.opening(now) == expected
        assert place.opening(now) == expected


def test_a_place_that_moves_to_another_zone_opens_by_its_clock():
    hours = {day: [["10:00", "20:00"]] for day in opening_hours.WEEKDAYS}
    tokyo = Location(location_id="p", name_ja="p", name_en="p", kind="shop", hours=hours)
    berlin = Location(
        location_id="p", name_ja="p", name_en="p", kind="shop", hours=hours,
        timezone="Europe/Berlin",
    )  # fmt: skip
    assert tokyo.opening(BEGUN) != berlin.opening(BEGUN)


JST = timezone(timedelta(hours=9))
HALF_HOUR = timedelta(minutes=30)
SHOP = {day: [["11:00", "21:00"]] for day in opening_hours.WEEKDAYS}
BAR = {"sun": [["18:00", "02:00"]]}


def at(day: int, clock: str) -> datetime:
    """A moment of November 2026, of which the 22nd is a Sunday, in Tokyo."""
    hour, minute = clock.split(":")
    return datetime(2026, 11, day, int(hour), int(minute), tzinfo=JST)


@pytest.mark.parametrize(
    ("hours", "since", "due"),
    [
        (SHOP, at(22, "14:00"), at(22, "14:30")),
        (SHOP, at(22, "20:30"), at(22, "21:00")),  # to the minute
        (SHOP, at(22, "20:47"), at(23, "11:17")),  # 13 minutes tonight, 17 tomorrow
        (SHOP, at(22, "21:00"), at(23, "11:30")),
        (SHOP, at(22, "21:57"), at(23, "11:30")),
        (SHOP, at(23, "03:00"), at(23, "11:30")),
        (SHOP | {"mon": []}, at(22, "20:47"), at(24, "11:17")),  # closed on Mondays
        (SHOP | {"days": {"2026-11-23": []}}, at(22, "21:57"), at(24, "11:30")),
        (SHOP | {"days": {"2026-11-23": [["15:00", "17:00"]]}}, at(22, "21:57"), at(23, "15:30")),
        (BAR, at(22, "23:45"), at(23, "00:15")),  # open past midnight
        (BAR, at(23, "01:50"), at(29, "18:20")),
        ({"sun": [["10:00", "24:00"]], "mon": [["00:00", "02:00"]]},
         at(22, "23:50"), at(23, "00:20")),  # closes and opens at midnight
        ({"sun": [["10:00", "10:10"], ["12:00", "12:10"], ["14:00", "15:00"]]},
         at(22, "09:00"), at(22, "14:10")),
        ({}, at(22, "21:57"), at(22, "22:27")),  # nobody said
        ({"days": {"2026-11-22": [["11:00", "21:00"]]}}, at(22, "20:47"), at(22, "21:17")),
        ({"mon": [["24:00", "00:00"]]}, at(22, "21:57"), at(22, "22:27")),  # no time at all
        ({"mon": []}, at(22, "21:57"), at(22, "22:27")),  # never open: nothing to wait for
    ],
)  # fmt: skip
def test_the_clock_of_a_promise_stands_still_while_the_place_is_closed(hours, since, due):
    place = Location(location_id="due", name_ja="d", name_en="d", kind="shop", hours=hours)
    assert opening_hours.is_valid(hours)
    assert place.after_open(since, HALF_HOUR) == due


@given(HOURS, ZONES, st.integers(0, 8 * 24 * 60))
def test_who_asks_later_is_never_due_earlier(hours, zone, minute):
    since = BEGUN + timedelta(minutes=minute)
    first, second = (
        opening_hours.after_open(hours, ZoneInfo(zone), since=one, span=HALF_HOUR)
        for one in (since, since + timedelta(minutes=1))
    )
    assert since + HALF_HOUR <= first <= second


@pytest.mark.parametrize(
    ("hours", "until", "last"),
    [
        (SHOP, at(24, "04:02"), at(23, "21:00")),  # in the night: the evening before
        (SHOP, at(24, "14:00"), at(24, "14:00")),  # while it is open: to the minute
        (SHOP, at(24, "11:00"), at(23, "21:00")),  # as it opens, nobody has come in
        (SHOP | {"mon": []}, at(24, "04:02"), at(22, "21:00")),
        (BAR, at(23, "01:30"), at(23, "01:30")),
        (BAR, at(24, "12:00"), at(23, "02:00")),
        ({"mon": []}, at(24, "04:02"), None),
        ({}, at(24, "04:02"), None),
        ({"wed": [["11:00", "21:00"]]}, at(24, "04:02"), None),  # opens only after the end
    ],
)
def test_the_last_moment_to_come_is_while_the_place_is_open(hours, until, last):
    place = Location(location_id="last", name_ja="l", name_en="l", kind="shop", hours=hours)
    assert place.last_open(at(22, "12:00"), until) == last


@given(HOURS, ZONES, st.integers(0, 8 * 24 * 60), st.integers(1, 3 * 24 * 60))
def test_the_last_moment_to_come_is_never_outside_what_was_asked(hours, zone, minute, length):
    since = BEGUN + timedelta(minutes=minute)
    until = since + timedelta(minutes=length)
    zoned = ZoneInfo(zone)
    last = opening_hours.last_open(hours, zoned, since=since, until=until)
    opens, _ = opening_hours.opening(hours, zoned, now=since)
    assert (last is None) == (opens is None or opens >= until)
    assert last is None or since < last <= until


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr(locations, "_OPENINGS_MAX", 10)
    hours = {day: [["10:00", "20:00"]] for day in opening_hours.WEEKDAYS}
    for number in range(50):
        name = f"p{number}"
        Location(location_id=name, name_ja=name, name_en=name, kind="shop", hours=hours).opening(
            BEGUN
        )
    assert len(locations._openings) <= 10
