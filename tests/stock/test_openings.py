"""What is remembered of a place's hours is what they say at that moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

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


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr(locations, "_OPENINGS_MAX", 10)
    hours = {day: [["10:00", "20:00"]] for day in opening_hours.WEEKDAYS}
    for number in range(50):
        name = f"p{number}"
        Location(location_id=name, name_ja=name, name_en=name, kind="shop", hours=hours).opening(
            BEGUN
        )
    assert len(locations._openings) <= 10
