"""Stages as plain functions: by her own rhythm, and one way only as silence lasts."""

import uuid
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from setten.customers import lifecycle
from setten.customers.lifecycle import BadThresholds, Business, History, Rhythm, Thresholds, rules
from setten.customers.lifecycle.model import Kept

NOW = datetime(2026, 11, 1, 9, tzinfo=UTC)
HERE = Business(
    rhythm=Rhythm(r=0.525, alpha=6.183, a=0.891, b=1.614),
    usual_gap_days=30.0,
    thresholds=Thresholds(),
)
WHO = uuid.UUID(int=1)
positive = st.floats(0.05, 20)
rhythms = st.builds(Rhythm, r=positive, alpha=positive, a=positive, b=positive)
chance = st.floats(0.01, 0.98)


@st.composite
def businesses(draw):
    low, high = sorted([draw(chance), draw(chance)])
    slow = draw(st.floats(1, 10))
    limits = Thresholds(
        loyal_from=draw(st.integers(2, 10)), slow_p=high + 0.01, lost_p=low,
        slow_gaps=slow, lost_gaps=slow + draw(st.floats(0.1, 20)),
    )  # fmt: skip
    limits.check()
    return Business(rhythm=draw(rhythms), usual_gap_days=draw(st.floats(1, 400)), thresholds=limits)


histories = st.builds(
    lambda days, span: History(days, NOW - timedelta(days=span if days > 1 else 0), NOW),
    st.integers(1, 2_000),
    st.floats(0, 4_000),
)


def bought(days, every, *, ago=0.0):
    last = NOW - timedelta(days=ago)
    return History(days, last - timedelta(days=every * (days - 1)), last)


def stage(history, business=HERE, *, now=NOW):
    [outlook] = rules.outlooks([history], business)
    return rules.stage_at(
        now, history.days, slow_at=outlook.slow_at, lost_at=outlook.lost_at,
        thresholds=business.thresholds,
    )  # fmt: skip


def test_the_same_silence_means_something_else_to_a_weekly_and_a_yearly_buyer():
    assert stage(bought(30, 7, ago=5)) == "loyalty"
    assert stage(bought(30, 7, ago=60)) == "recovery"
    assert stage(bought(6, 180, ago=60)) == "loyalty"


def test_the_first_purchases_are_a_trial_and_the_third_is_loyalty():
    assert [stage(bought(days, 20)) for days in (1, 2, 3)] == ["trial", "trial", "loyalty"]


def test_who_bought_once_is_not_a_customer_for_ever():
    assert stage(bought(1, 0, ago=25)) == "trial"
    assert stage(bought(1, 0, ago=100)) == "retention"
    assert stage(bought(1, 0, ago=400)) == "recovery"


def test_nobody_is_slow_before_her_usual_gap_has_passed():
    fleeting = Business(
        rhythm=Rhythm(r=0.5, alpha=5, a=20, b=0.1), usual_gap_days=30, thresholds=Thresholds()
    )
    [outlook] = rules.outlooks([bought(4, 30)], fleeting)
    assert outlook.slow_at - NOW == timedelta(days=30)


@given(histories, businesses())
def test_stages_come_in_order_as_silence_lasts(history, business):
    [outlook] = rules.outlooks([history], business)
    gap = timedelta(days=outlook.usual_gap_days)
    assert NOW + gap * 0.999 <= outlook.slow_at <= outlook.lost_at
    assert outlook.lost_at - NOW <= gap * business.thresholds.lost_gaps * 1.001
    order = ["trial", "loyalty", "retention", "recovery"]
    moments = [NOW, outlook.slow_at, outlook.lost_at, outlook.lost_at + timedelta(days=9_999)]
    seen = [order.index(stage(history, business, now=one)) for one in moments]
    assert seen == sorted(seen)
    assert seen[-1] == 3


@given(histories, businesses(), st.floats(0, 3_000))
def test_a_kept_moment_is_the_moment_at_which_a_look_says_otherwise(history, business, days):
    now = NOW + timedelta(days=days)
    [outlook] = rules.outlooks([history], business)
    due = rules.next_at(now, slow_at=outlook.slow_at, lost_at=outlook.lost_at)
    if due is None:
        assert stage(history, business, now=now) == "recovery"
    else:
        before = due - timedelta(microseconds=1)
        assert stage(history, business, now=before) == stage(history, business, now=now)
        assert stage(history, business, now=due) != stage(history, business, now=before)


@given(histories, businesses(), st.floats(0, 3_000))
def test_a_second_look_finds_nothing_new(history, business, days):
    now = NOW + timedelta(days=days)
    found = (history, rules.outlooks([history], business)[0])
    again = {"thresholds": business.thresholds, "now": now, "cause": "silence"}
    first = rules.look(WHO, None, found, **again)
    assert rules.look(WHO, first.kept, found, **again) is None


def test_a_change_by_silence_happened_when_it_was_due_and_not_when_it_was_noticed():
    history = bought(5, 10, ago=500)
    outlook = rules.outlooks([history], HERE)[0]
    kept = _kept("loyalty", history, outlook)
    seen = rules.look(
        WHO, kept, (history, outlook), thresholds=HERE.thresholds, now=NOW, cause="silence"
    )
    assert (seen.was, seen.stage, seen.at) == ("loyalty", "recovery", outlook.lost_at)


def test_other_thresholds_change_a_stage_now_and_not_in_the_past():
    history = bought(5, 10, ago=1)
    strict = Thresholds(loyal_from=10)
    outlook = rules.outlooks([history], HERE)[0]
    kept = _kept("loyalty", history, outlook)
    seen = rules.look(WHO, kept, (history, outlook), thresholds=strict, now=NOW, cause="reckoning")
    assert (seen.stage, seen.at) == ("trial", NOW)


def test_who_has_everything_taken_back_has_not_bought():
    history = bought(1, 0)
    outlook = rules.outlooks([history], HERE)[0]
    seen = rules.look(
        WHO, _kept("trial", history, outlook), None,
        thresholds=HERE.thresholds, now=NOW, cause="purchase",
    )  # fmt: skip
    assert (seen.was, seen.stage, seen.kept) == ("trial", "acquisition", None)
    assert rules.look(WHO, None, None, thresholds=HERE.thresholds, now=NOW, cause="x") is None


def _kept(stage, history, outlook):
    return Kept(
        customer_id=WHO, stage=stage, since=history.first_at, days=history.days,
        first_at=history.first_at, last_at=history.last_at,
        usual_gap_days=outlook.usual_gap_days, slow_at=outlook.slow_at, lost_at=outlook.lost_at,
    )  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"loyal_from": 1},
        {"loyal_from": 101},
        {"slow_p": 0.1},
        {"slow_p": 1.0},
        {"lost_p": 0.0},
        {"slow_gaps": 0.5},
        {"slow_gaps": 7.0},
        {"lost_gaps": 101.0},
        {"slow_p": float("nan")},
    ],
)
def test_thresholds_that_contradict_each_other_are_refused(wrong):
    with pytest.raises(BadThresholds) as refused:
        Thresholds(**wrong).check()
    assert next(iter(wrong)) in refused.value.facts["fields"]


@pytest.mark.parametrize("locale", ["ja", "en"])
@pytest.mark.parametrize("days", [1, 2, 5])
@pytest.mark.parametrize("name", lifecycle.STAGES)
def test_every_stage_is_explained_in_one_sentence(name, days, locale):
    standing = lifecycle.Standing(
        customer_id=WHO, stage=name, days=days, since=NOW, last_at=NOW - timedelta(days=48),
        usual_gap_days=21.4, p_active=0.56,
    )  # fmt: skip
    said = lifecycle.sentence(standing, now=NOW, locale=locale)
    assert "{" not in said
    assert said.count({"ja": "。", "en": ". "}[locale]) <= (2 if locale == "ja" else 0)
    assert said.endswith({"ja": "。", "en": "."}[locale])
    if name != "acquisition":
        assert "21" in said
        assert "48" in said
        assert "56%" in said


def test_the_sentence_of_somebody_slowing_says_what_is_usual_and_how_long_it_has_been():
    standing = lifecycle.Standing(
        customer_id=WHO, stage="retention", days=9, since=NOW, last_at=NOW - timedelta(days=48),
        usual_gap_days=21.4, p_active=0.56,
    )  # fmt: skip
    assert lifecycle.sentence(standing, now=NOW, locale="en") == (
        "Usually buys every 21 days but has not for 48 days, which is later than usual "
        "(still a customer: 56%)."
    )
    assert lifecycle.sentence(standing, now=NOW, locale="ja") == (
        "ふだんの間隔は約21日ですが、48日間お買い上げがなく、いつもより遅れています"
        "（続いている見込み56%）。"
    )


@pytest.mark.parametrize(
    ("bought", "ja", "en"),
    [
        ("01:00", "きょう", "today"),
        ("23:50", "きのう", "yesterday"),
        ("22:00", "2日前", "2 days ago"),
    ],
)
def test_the_last_visit_is_told_in_days_of_the_business_not_in_hours(bought, ja, en):
    here = datetime(2026, 11, 22, 9, 30, tzinfo=ZoneInfo("Asia/Tokyo"))
    day = {"きょう": 22, "きのう": 21, "2日前": 20}[ja]
    hour, minute = map(int, bought.split(":"))
    last = here.replace(day=day, hour=hour, minute=minute).astimezone(UTC)
    standing = lifecycle.Standing(
        customer_id=WHO, stage="loyalty", days=9, last_at=last, usual_gap_days=3, p_active=0.9
    )
    assert f"前回は{ja}" in lifecycle.sentence(standing, now=here, locale="ja")
    assert f"last did {en}," in lifecycle.sentence(standing, now=here, locale="en")


def test_nobody_is_certain_of_a_person():
    for p, said in ((0.0, "1%"), (0.0004, "1%"), (1.0, "99%"), (0.9999, "99%")):
        standing = lifecycle.Standing(
            customer_id=WHO, stage="loyalty", days=9, last_at=NOW, usual_gap_days=3, p_active=p
        )
        assert said in lifecycle.sentence(standing, now=NOW, locale="en")
