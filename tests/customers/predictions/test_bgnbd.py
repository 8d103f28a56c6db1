"""The model against what is published, against its own story told by dice, and at its edges."""

from collections import defaultdict
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from setten.customers.lifecycle import Rhythm, p_active, silence_until
from setten.customers.predictions import expected_purchases, fit, histories, log_likelihood
from setten.customers.predictions.bgnbd import climb

UNTIL = date(1997, 9, 30)
PUBLISHED = Rhythm(r=0.243, alpha=4.414, a=0.793, b=2.426, is_modified=False)
MODIFIED = Rhythm(r=0.525, alpha=6.183, a=0.891, b=1.614)
positive = st.floats(0.05, 20)
rhythms = st.builds(
    Rhythm, r=positive, alpha=positive, a=positive, b=positive, is_modified=st.booleans()
)


def seen(purchases, until=UNTIL):
    """(repeats, weeks to the last, weeks of age) of everybody, until a day."""
    days = defaultdict(set)
    for customer, day, _ in purchases:
        if day <= until:
            days[customer].add(day)
    rows = [
        (len(one) - 1, (max(one) - min(one)).days / 7, (until - min(one)).days / 7)
        for one in days.values()
    ]
    return np.array(rows, dtype=float).T


def test_the_published_fit_to_cdnow_comes_out(cdnow):
    found = fit(histories(*seen(cdnow)), is_modified=False)
    assert found.people == 2_357
    assert found.rhythm.r == pytest.approx(0.243, abs=0.0005)
    assert found.rhythm.alpha == pytest.approx(4.414, abs=0.0005)
    assert found.rhythm.a == pytest.approx(0.793, abs=0.0005)
    assert found.rhythm.b == pytest.approx(2.426, abs=0.0005)
    assert found.log_likelihood == pytest.approx(-9582.4, abs=0.05)


def test_the_published_modified_fit_to_cdnow_comes_out(cdnow):
    found = fit(histories(*seen(cdnow)))
    assert found.rhythm.r == pytest.approx(0.525, abs=0.001)
    assert found.rhythm.alpha == pytest.approx(6.183, abs=0.005)
    assert found.rhythm.a == pytest.approx(0.891, abs=0.001)
    assert found.rhythm.b == pytest.approx(1.614, abs=0.002)


def test_the_published_forecast_of_one_customer_comes_out():
    # Fader, Hardie and Lee, technical note of 2005: customer 1 (x 2, t_x 30.43, T 38.86), 39 weeks.
    two, last, age = np.array([2.0]), np.array([30.43]), np.array([38.86])
    found = expected_purchases(PUBLISHED, two, last, age, weeks=39)
    assert found[0] == pytest.approx(1.226, abs=0.001)


def test_the_unit_of_time_does_not_matter(cdnow):
    repeats, last, age = seen(cdnow)
    weeks = fit(histories(repeats, last, age)).rhythm
    days = fit(histories(repeats, last * 7, age * 7)).rhythm
    assert days.alpha == pytest.approx(weeks.alpha * 7, rel=1e-3)
    assert (days.r, days.a, days.b) == pytest.approx((weeks.r, weeks.a, weeks.b), rel=1e-3)


@pytest.mark.parametrize("is_modified", [True, False])
def test_the_slope_is_the_slope(is_modified):
    told = histories(
        np.array([0.0, 0, 1, 3, 12]), np.array([0, 0, 5, 20, 36.0]), np.array([1, 39, 30, 22, 38.0])
    )
    at = np.array([0.4, 5.0, 0.9, 2.2])
    _, slope = climb(Rhythm(**_named(at), is_modified=is_modified), told)
    for one in range(4):
        step = np.zeros(4)
        step[one] = 1e-5
        up, down = (
            log_likelihood(Rhythm(**_named(at + sign * step), is_modified=is_modified), told)
            for sign in (1, -1)
        )
        assert slope[one] == pytest.approx((up - down) / 2e-5, rel=1e-5)


def _named(numbers):
    return dict(zip(("r", "alpha", "a", "b"), map(float, numbers), strict=True))


def lived(rhythm, people, weeks, *, dice, horizon):
    """People who live by the model's story: what was seen, who is left, what they do next."""
    rate = dice.gamma(rhythm.r, 1 / rhythm.alpha, people)
    leave = dice.beta(rhythm.a, rhythm.b, people)
    age = dice.uniform(weeks / 2, weeks, people)
    is_active = np.full(people, True)
    if rhythm.is_modified:
        is_active &= dice.random(people) >= leave
    repeats, last, later, at = (np.zeros(people) for _ in range(4))
    is_active_now = is_active.copy()
    while is_active.any():
        at = np.where(is_active, at + dice.exponential(size=people) / rate, at)
        is_seen = is_active & (at <= age)
        is_later = is_active & (at > age) & (at <= age + horizon)
        repeats += is_seen
        last = np.where(is_seen, at, last)
        later += is_later
        is_active = (is_seen | is_later) & (dice.random(people) >= leave)
        is_active_now &= ~is_seen | is_active
    return repeats, last, age, is_active_now, later


@pytest.mark.parametrize("rhythm", [PUBLISHED, MODIFIED], ids=["original", "modified"])
def test_it_tells_the_truth_about_people_who_live_by_it(rhythm):
    dice = np.random.default_rng(5)
    repeats, last, age, is_active, later = lived(rhythm, 400_000, 60, dice=dice, horizon=26)
    p = p_active(rhythm, repeats, last, age)
    expected = expected_purchases(rhythm, repeats, last, age, weeks=26)
    for low, high in ((0, 0), (1, 1), (2, 4), (5, 1_000)):
        for earlier in (True, False):
            some = (repeats >= low) & (repeats <= high) & ((last < age / 2) == earlier)
            if some.sum() < 2_000:
                continue
            for told, said in ((is_active, p), (later, expected)):
                surprise = np.std(told[some]) / np.sqrt(some.sum())
                assert told[some].mean() == pytest.approx(said[some].mean(), abs=4.5 * surprise)
    assert later.sum() == pytest.approx(expected.sum(), rel=0.01)


def test_a_fit_finds_the_rhythm_that_people_live_by():
    dice = np.random.default_rng(7)
    repeats, last, age, _, _ = lived(MODIFIED, 60_000, 80, dice=dice, horizon=0)
    found = fit(histories(repeats, last, age)).rhythm
    assert found.r == pytest.approx(MODIFIED.r, rel=0.1)
    assert found.alpha == pytest.approx(MODIFIED.alpha, rel=0.1)
    assert found.a / (found.a + found.b) == pytest.approx(0.356, abs=0.02)


def test_nobody_who_came_back_is_no_ground_for_a_fit():
    with pytest.raises(ValueError, match="nobody"):
        fit(histories(np.zeros(5), np.zeros(5), np.arange(5.0)))


@given(rhythms, st.integers(1, 3_000), st.floats(0, 2_000), st.floats(0, 5_000), st.floats(0, 500))
def test_longer_silence_never_makes_anybody_likelier_to_be_active(rhythm, repeats, last, gap, more):
    now = p_active(rhythm, repeats, last, last + gap)
    later = p_active(rhythm, repeats, last, last + gap + more)
    assert 0 <= later <= now <= 1


@given(rhythms, st.integers(0, 3_000), st.floats(0, 2_000))
def test_nobody_is_likelier_to_be_active_than_at_her_last_purchase(rhythm, repeats, last):
    at_once = float(p_active(rhythm, repeats, last, last))
    had = repeats + rhythm.is_modified
    bound = 1.0 if had == 0 else 1 / (1 + rhythm.a / (rhythm.b + had - 1))
    assert at_once == pytest.approx(bound)


@given(rhythms, st.integers(0, 500), st.floats(0, 500), st.floats(0.01, 0.99))
def test_the_silence_that_lowers_the_chance_to_a_point_is_its_inverse(rhythm, repeats, last, p):
    weeks = float(silence_until(rhythm, repeats, last, probability=p))
    assert 0 <= weeks <= 52 * 50
    if 0 < weeks < 52 * 50:
        assert float(p_active(rhythm, repeats, last, last + weeks)) == pytest.approx(p, abs=1e-6)


@given(rhythms, st.integers(0, 2_000), st.floats(0, 2_000), st.floats(0, 500), st.floats(0, 500))
def test_expectations_are_finite_and_grow_with_time(rhythm, repeats, last, gap, weeks):
    shape = [np.array([float(one)]) for one in (repeats, last, last + gap)]
    short = expected_purchases(rhythm, *shape, weeks=weeks)[0]
    long = expected_purchases(rhythm, *shape, weeks=weeks + 10)[0]
    assert np.isfinite(long)
    assert 0 <= short <= long + 1e-9
    # Never more than an everlasting customer of her rate would.
    assert long <= (rhythm.r + repeats) / (rhythm.alpha + last + gap) * (weeks + 10) * (1 + 1e-6)
