"""What people leave out, and put in the place of one thing, is understood: "but not this month"."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import pytest

from setten.customers.segments import LANGUAGE, Scene, hear
from setten.platform.errors import SettenError
from setten.platform.expressions import Locale, Unreadable

SENTENCES = tomllib.loads(Path(__file__).with_name("marketers.toml").read_text("utf-8"))
SHOPS = {"吉祥寺店": "kichijoji", "吉祥寺": "kichijoji", "kichijoji": "kichijoji",
         "横浜店": "yokohama", "横浜": "yokohama", "yokohama": "yokohama"}  # fmt: skip
SCENE = Scene(SHOPS, date(2026, 11, 22), frozenset({"VIP", "休眠のお客様"}))


def kept(words: str, locale: Locale) -> str:
    """What is heard, in the words that it is kept in, which themselves are read as the same."""
    node = hear(words, locale, SCENE)
    said = LANGUAGE.say(node, locale)
    assert LANGUAGE.read_words(said, locale) == node
    return said


@pytest.mark.parametrize("words", SENTENCES["ja"])
def test_japanese_as_marketers_type_it(words: str):
    assert kept(words, "ja") == SENTENCES["ja"][words]


@pytest.mark.parametrize("words", SENTENCES["en"])
def test_english_as_marketers_type_it(words: str):
    assert kept(words, "en") == SENTENCES["en"][words]


@pytest.mark.parametrize(
    ("words", "locale", "begins"),
    [
        ("今月はまだ", "ja", 0),
        ("メールが届くが今月はまだ", "ja", 7),
        ("not this month", "en", 0),
        ("can be reached by LINE but not this month", "en", 27),
        ("bought this month but not by LINE", "en", 22),
        ("bought but nothing since", "en", 11),
        ("bought in spring or in the moon", "en", 20),
        ("週末に買った", "ja", 0),
        ("opened the last email", "en", 0),
    ],
)
def test_what_nothing_before_says_is_pointed_at(words: str, locale: Locale, begins: int):
    with pytest.raises(Unreadable) as refused:
        hear(words, locale, SCENE)
    assert refused.value.facts["begins"] == begins


@pytest.mark.parametrize(
    "words", ["2026年2月31日に買った", "3月32日から5月に買った", "0000年に買った", "99/99に買った",
              "3000年の春に買った", "2月31日以降に買った"],
)  # fmt: skip
def test_days_that_are_none_are_refused(words: str):
    with pytest.raises(SettenError):
        hear(words, "ja", SCENE)


def test_a_season_that_goes_over_the_end_of_the_year_is_the_one_that_has_begun():
    winter = Scene(SHOPS, date(2027, 1, 15))
    node = hear("bought in winter but not this month", "en", winter)
    assert LANGUAGE.say(node, "en") == (
        "purchase happened from 2026-12-01 to 2027-02-28 and no purchase happened this month"
    )


def test_a_short_clause_far_down_takes_up_what_stands_right_before_it():
    words = "viewed a product last week, bought at Kichijoji last month but not at Yokohama"
    assert kept(words, "en").endswith(
        'purchase (shop is "kichijoji") happened last month and no purchase (shop is "yokohama")'
        " happened last month"
    )


def test_a_name_of_a_segment_is_known_without_quotation_marks_however_it_is_cased():
    assert kept("in vip", "en") == 'is in segment "VIP"'
    with pytest.raises(Unreadable):
        hear("in gold", "en", SCENE)
