"""Money, times and distances as LOOK section 4 writes them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from setten.console import formats

TODAY = date(2026, 11, 22)
SATURDAY = datetime(2026, 11, 21, 14, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("minor", "currency", "written"),
    [
        (12_400, "JPY", "¥12,400"),
        (-2_860, "JPY", "\u2212¥2,860"),
        (1_240, "USD", "$12.40"),
        (0, "JPY", "¥0"),
        (None, "JPY", "—"),
    ],
)
def test_money_has_its_sign_before_its_mark(minor: int | None, currency: str, written: str) -> None:
    assert formats.money(minor, currency) == written


def test_minus_is_a_minus_and_not_a_hyphen() -> None:
    assert formats.signed(-3) == "\u22123"
    assert formats.signed(3) == "+3"


def test_a_moment_is_written_as_each_language_writes_it() -> None:
    assert formats.moment(SATURDAY, "ja", today=TODAY) == "11月21日(土) 14:31"
    assert formats.moment(SATURDAY, "en", today=TODAY) == "Sat 21 Nov, 14:31"


def test_a_day_of_another_year_names_it() -> None:
    long_ago = date(2023, 4, 8)
    assert formats.day(long_ago, "ja", today=TODAY) == "2023年4月8日(土)"
    assert formats.day(long_ago, "en", today=TODAY) == "Sat 8 Apr 2023"


def test_the_head_of_a_day_says_how_near_it_is() -> None:
    assert formats.day_with_nearness(TODAY, "ja", today=TODAY) == "きょう　11月22日(日)"
    yesterday = TODAY - timedelta(days=1)
    assert formats.day_with_nearness(yesterday, "en", today=TODAY) == "Yesterday, Sat 21 Nov"


@pytest.mark.parametrize(
    ("seconds", "ja", "en"),
    [
        (2, "2秒前", "2 s ago"),
        (250, "4分前", "4 min ago"),
        (7300, "2時間前", "2 h ago"),
        (90_000, "きのう", "yesterday"),
        (-60, "0秒前", "0 s ago"),
    ],
)
def test_the_near_past_is_told_roughly(seconds: int, ja: str, en: str) -> None:
    at = SATURDAY - timedelta(seconds=seconds)
    assert formats.near_past(at, SATURDAY, "ja") == ja
    assert formats.near_past(at, SATURDAY, "en") == en


@pytest.mark.parametrize(
    ("minutes", "ja"), [(8, "あと8分"), (-8, "8分 過ぎ"), (200, "あと3時間"), (4_000, "あと2日")]
)
def test_time_left_counts_down_and_past_zero(minutes: int, ja: str) -> None:
    assert formats.time_left(SATURDAY + timedelta(minutes=minutes), SATURDAY, "ja") == ja


@pytest.mark.parametrize(
    ("km", "written"), [(0.352, "350 m"), (1.24, "1.2 km"), (28.6, "29 km"), (None, "—")]
)
def test_distance_is_as_exact_as_a_walk_needs(km: float | None, written: str) -> None:
    assert formats.distance(km) == written


@pytest.mark.parametrize(
    ("seconds", "written"), [(0.04, "40ms"), (3.2, "3秒"), (750, "12分"), (4_000_000, "46日")]
)
def test_a_span_has_one_unit(seconds: float, written: str) -> None:
    assert formats.span(seconds, "ja") == written
