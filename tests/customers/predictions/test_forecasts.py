"""Forecasts: against published people and figures, and sound at the edges."""

import csv
from collections import defaultdict
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from setten.customers.predictions import TooFewPurchases, files, forecast
from setten.customers.predictions.members import (
    _fading,
    _fading_hill,
    _leaving,
    _leaving_hill,
    worth_of,
)
from setten.customers.predictions.seen import see
from setten.customers.predictions.spending import fit_spending
from setten.platform.errors import Invalid

UNTIL = date(1997, 9, 30)
HORIZON = 273  # the 39 weeks after it


def write(path, rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("customer", "date", "value"), *rows])
    return path


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def came_later(purchases):
    """Days with a purchase in the horizon, by customer known before it."""
    known = {customer for customer, day, _ in purchases if day <= UNTIL}
    later = defaultdict(set)
    for customer, day, _ in purchases:
        if UNTIL < day <= UNTIL + timedelta(days=HORIZON):
            later[customer].add(day)
    return {customer: len(later[customer]) for customer in known}


@pytest.fixture(scope="module")
def cdnow_forecast(cdnow, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cdnow")
    file, out = write(folder / "purchases.csv", cdnow), folder / "out.csv"
    files.predict(file, out, until=UNTIL, horizon_days=HORIZON)
    return read(out)


def test_cdnow_is_forecast_better_than_by_the_best_published_of_these_models(cdnow, cdnow_forecast):
    truth = came_later(cdnow)
    assert {row["customer"] for row in cdnow_forecast} == truth.keys()
    said = np.array([float(row["expected_purchases"]) for row in cdnow_forecast])
    came = np.array([truth[row["customer"]] for row in cdnow_forecast])
    rmse = float(np.sqrt(np.mean((said - came) ** 2)))
    correlation = float(np.corrcoef(said, came)[0, 1])
    total = float(said.sum() / came.sum() - 1)
    assert came.sum() == 1_882
    assert rmse <= 1.60
    assert correlation > 0.6302
    assert abs(total) <= 0.05


def test_what_came_after_the_day_is_not_looked_at(cdnow, cdnow_forecast, tmp_path):
    before = [row for row in cdnow if row[1] <= UNTIL]
    out = tmp_path / "out.csv"
    files.predict(write(tmp_path / "p.csv", before), out, until=UNTIL, horizon_days=HORIZON)
    assert read(out) == cdnow_forecast


def test_the_published_spending_of_cdnow_comes_out(cdnow):
    # Fader, Hardie and Lee (2005b): of the 946 who came back, on the values of repeat purchases.
    days = defaultdict(lambda: defaultdict(float))
    for customer, day, value in cdnow:
        if day <= UNTIL:
            days[customer][day] += value
    repeats = [[one[day] for day in sorted(one)][1:] for one in days.values()]
    times = np.array([len(one) for one in repeats if one], dtype=float)
    means = np.array([np.mean(one) for one in repeats if one])
    found = fit_spending(times, means)
    assert len(times) == 946
    assert found.p == pytest.approx(6.25, abs=0.02)
    assert found.q == pytest.approx(3.74, abs=0.02)
    assert found.gamma == pytest.approx(15.44, abs=0.1)


def crowd(people, *, seed=1, days=400, mean=12.0):
    """Purchases of people who come at random, some for a while and some for long."""
    dice = np.random.default_rng(seed)
    rows = []
    for person in range(people):
        at, leaves = dice.uniform(0, days / 2), dice.exponential(days)
        rate = dice.gamma(1, 1 / 40)
        first = at
        while at < days and at - first <= leaves:
            rows.append((person, int(at), float(dice.gamma(2, mean))))
            at += dice.exponential(1 / max(rate, 1e-4))
    return [np.array(one) for one in zip(*rows, strict=True)]


@pytest.mark.parametrize("which", ["leaving", "fading"])
def test_slopes_are_slopes(which):
    people, days, values = crowd(300)
    _, seen = see(people, days, values, until=300)
    worth = worth_of(seen)
    pulls = (np.log1p(seen.first_value) - worth.middle) / worth.spread
    if which == "leaving":
        at = np.array([-0.6, 2.1, -0.8, 1.2, 0.2])

        def hill(place):
            return _leaving_hill(_leaving(place, 4.0, worth), seen, pulls)
    else:
        at = np.array([-1.2, 1.5, -0.4, 0.9, 1.7, 0.2, 0.3])

        def hill(place):
            return _fading_hill(_fading(place, worth), seen, pulls)

    _, slope = hill(at)
    for one in range(len(at)):
        step = np.zeros(len(at))
        step[one] = 1e-5
        assert slope[one] == pytest.approx(
            (hill(at + step)[0] - hill(at - step)[0]) / 2e-5, rel=1e-4, abs=1e-4
        )


def test_a_forecast_of_a_steady_crowd_is_near_what_it_does():
    people, days, values = crowd(4_000, days=800)
    found = forecast(people, days, values, until=500, horizon_days=200)
    now = see(people, days, values, until=500)[0]
    later = (days > 500) & (days <= 700) & np.isin(people, now)
    came = len({*zip(people[later].tolist(), days[later].tolist(), strict=True)})
    assert found.purchases.sum() == pytest.approx(came, rel=0.1)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 3_650), st.integers(1, 300))
def test_forecasts_are_finite_and_never_below_nothing(seed, horizon, until):
    people, days, values = crowd(60, seed=seed)
    try:
        found = forecast(people, days, values, until=until, horizon_days=horizon)
    except TooFewPurchases:
        return
    for one in (found.purchases, found.active, found.value):
        assert np.all(np.isfinite(one))
        assert np.all(one >= 0)
    assert np.all(found.active <= 1)


def test_a_longer_horizon_never_expects_less():
    people, days, values = crowd(500)
    short = forecast(people, days, values, until=300, horizon_days=30)
    long = forecast(people, days, values, until=300, horizon_days=300)
    assert np.all(long.purchases >= short.purchases)
    assert np.array_equal(long.active, short.active)


def test_the_currency_does_not_matter_to_how_often_people_come():
    people, days, values = crowd(500)
    yen = forecast(people, days, values * 150, until=300, horizon_days=90)
    dollars = forecast(people, days, values, until=300, horizon_days=90)
    assert yen.purchases == pytest.approx(dollars.purchases, rel=0.05)
    assert yen.value.sum() == pytest.approx(150 * dollars.value.sum(), rel=0.05)


def test_purchases_of_one_day_are_one_and_returns_are_none():
    who, seen = see(
        np.array([7, 7, 7, 3]), np.array([10, 10, 24, 5]), np.array([1.0, 2, 4, 8]), until=26
    )
    assert who.tolist() == [3, 7]
    assert seen.repeats.tolist() == [0, 1]
    assert seen.last.tolist() == [0, 2]
    assert seen.age.tolist() == [3, 16 / 7]
    assert seen.first_value.tolist() == [8, 3]
    assert seen.mean_value.tolist() == [8, 3.5]
    people, days, values = crowd(200)
    returns = forecast(
        np.append(people, people[:50]), np.append(days, days[:50]), np.append(values, [-1.0] * 50),
        until=300, horizon_days=90,
    )  # fmt: skip
    plain = forecast(people, days, values, until=300, horizon_days=90)
    assert np.array_equal(returns.purchases, plain.purchases)


def test_people_who_all_spend_the_same_or_nothing_are_no_trouble():
    people, days, _ = crowd(200)
    same = forecast(people, days, np.full(len(days), 500.0), until=300, horizon_days=90)
    assert same.value.sum() == pytest.approx(500 * same.purchases.sum(), rel=0.05)
    nothing = forecast(people, days, np.zeros(len(days)), until=300, horizon_days=90)
    assert nothing.value.sum() == 0
    assert nothing.purchases.sum() > 0


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", ""),
        ("customer,date\na,2026-01-01\n", "value"),
        ("customer,date,value\na,yesterday,3\n", "date"),
        ("customer,date,value\na,2026-01-01,much\n", "value"),
        ("customer,date,value\na,,3\n", "date"),
        ("customer,date,value\na,2026-01-01,\n", "value"),
        ("customer,date,value\na,2026-01-01,nan\n", "value"),
        ("customer,date,value\n", ""),
        ("customer,date,value\na,2026-01-01,3\n", ""),
        ("customer,date,value\na,2026-01-01,3,4\n", ""),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_words(text, named, tmp_path):
    file = tmp_path / "p.csv"
    file.write_text(text)
    with pytest.raises(Invalid) as refused:
        files.predict(file, tmp_path / "o.csv", until=date(2026, 2, 1), horizon_days=30)
    assert refused.value.code in ("bad_purchases_file", "too_few_purchases")
    assert named in str(refused.value.facts)
    assert "yesterday" not in str(refused.value.facts)
    assert not (tmp_path / "o.csv").exists()


@pytest.mark.parametrize("days", [0, -1, 3_651])
def test_a_horizon_that_nobody_sees_is_refused(days, tmp_path):
    with pytest.raises(files.BadHorizon):
        files.predict(tmp_path / "p.csv", tmp_path / "o", until=UNTIL, horizon_days=days)


def test_names_stay_as_they_are_unless_a_spreadsheet_would_run_them(tmp_path):
    people, days, values = crowd(60)
    names = {0: "=1+1", 1: "00012", 2: "-5", 3: "山田", 4: "a,b"}
    rows = [
        (names.get(who, f"c{who}"), (date(2025, 1, 1) + timedelta(days=int(day))).isoformat(), v)
        for who, day, v in zip(people, days, values, strict=True)
    ]
    file, out = write(tmp_path / "p.csv", rows), tmp_path / "o.csv"
    files.predict(file, out, until=date(2026, 1, 1), horizon_days=30)
    assert {row["customer"] for row in read(out)} >= {"'=1+1", "00012", "-5", "山田", "a,b"}
