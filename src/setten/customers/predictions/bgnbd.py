"""Fitting the purchase model to histories, and reading from it how often people will come.

The formulas are those of Fader, Hardie and Lee (2005) and, modified, of Batislam and others (2007);
likelihood and slope are worked out by hand, the climbing is scipy's.
"""

from __future__ import annotations

import msgspec
import numpy as np

from setten.customers.lifecycle import Array, Numbers, Rhythm, chances, p_active

# Log of the four numbers: from nothing to e^10 weeks; beyond that data say nothing about them.
_LOG_MIN, _LOG_MAX = -8.0, 10.0
_STEPS_MAX = 500
# The formula of expected purchases divides by a - 1; this far from 1 it is exact to nine digits.
_NEAR_ONE = 1e-6
_TERMS_MAX = 400  # of a series whose terms shrink like n to the power of minus the purchases


class Histories(msgspec.Struct, frozen=True, kw_only=True):
    """What the model needs of many people. All (n,), in weeks.

    repeats: days with a purchase after the first. last: from the first to the last purchase.
    age: from the first purchase to now. people: how many share this history, for weighing.
    """

    repeats: Array
    last: Array
    age: Array
    people: Array

    def __len__(self) -> int:
        return len(self.repeats)


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """The likeliest rhythm, how likely it makes what happened (log), and of how many people."""

    rhythm: Rhythm
    log_likelihood: float
    people: int


def histories(repeats: Array, last: Array, age: Array) -> Histories:
    """Histories of people, equal ones folded into one with a weight."""
    rows, people = np.unique(
        np.column_stack([repeats, last, age]).astype(np.float64), axis=0, return_counts=True
    )
    return Histories(
        repeats=rows[:, 0], last=rows[:, 1], age=rows[:, 2], people=people.astype(np.float64)
    )


def log_likelihood(rhythm: Rhythm, told: Histories) -> float:
    """The log of how likely these histories are under this rhythm."""
    return climb(rhythm, told)[0]


def fit(told: Histories, *, is_modified: bool = True) -> Fit:
    """The rhythm that makes these histories likeliest.

    Raises ValueError when nobody has come back: then every rhythm is as good as any.
    """
    # Half a second and 40 MB that no web process needs.
    from scipy.optimize import minimize

    if not np.any(told.repeats > 0):
        raise ValueError("nobody has come back yet")

    def downhill(logs: Array) -> tuple[float, Array]:
        value, slope = climb(_rhythm(logs, is_modified), told)
        return -value, -slope * np.exp(logs)

    # The unit of time must not decide how well it climbs: begin where the data are.
    start = np.log([0.5, max(1e-3, float(np.average(told.age, weights=told.people)) / 4), 1.0, 2.0])
    found = minimize(
        downhill,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(_LOG_MIN, _LOG_MAX)] * 4,
        options={"maxiter": _STEPS_MAX, "ftol": 1e-12, "gtol": 1e-5},
    )
    return Fit(
        rhythm=_rhythm(found.x, is_modified),
        log_likelihood=-float(found.fun),
        people=int(told.people.sum()),
    )


def _rhythm(logs: Array, is_modified: bool) -> Rhythm:
    r, alpha, a, b = (float(one) for one in np.exp(logs))
    return Rhythm(r=r, alpha=alpha, a=a, b=b, is_modified=is_modified)


def climb(rhythm: Rhythm, told: Histories) -> tuple[float, Array]:
    """The log likelihood and its slope by (r, alpha, a, b)."""
    from scipy.special import digamma, gammaln

    r, alpha, a, b = rhythm.r, rhythm.alpha, rhythm.a, rhythm.b
    # Gamma functions depend on the count alone, of which there are few.
    counts, where = np.unique(told.repeats, return_inverse=True)
    had = chances(rhythm, counts)
    of_counts = (
        gammaln(r + counts) - gammaln(r) + r * np.log(alpha)
        + gammaln(b + had) - gammaln(b) + gammaln(a + b) - gammaln(a + b + had)
    )  # fmt: skip
    shape, left = r + told.repeats, chances(rhythm, told.repeats)
    until_now, until_last = np.log(alpha + told.age), np.log(alpha + told.last)
    before = b + np.maximum(left, 1.0) - 1.0
    stayed = -shape * until_now
    gone = np.where(left > 0, np.log(a) - np.log(before) - shape * until_last, -np.inf)
    either = np.logaddexp(stayed, gone)
    share = np.exp(gone - either)  # the chance that she has left
    slope_counts = np.stack([
        digamma(r + counts) - digamma(r) + np.log(alpha),
        np.full_like(counts, r / alpha),
        digamma(a + b) - digamma(a + b + had),
        digamma(b + had) - digamma(b) + digamma(a + b) - digamma(a + b + had),
    ])  # fmt: skip
    slopes = slope_counts[:, where] + np.stack([
        -(1 - share) * until_now - share * until_last,
        -shape * ((1 - share) / (alpha + told.age) + share / (alpha + told.last)),
        share / a,
        -share / before,
    ])  # fmt: skip
    value = float(told.people @ (of_counts[where] + either))
    return value, slopes @ told.people


def slopes_by_time(rhythm: Rhythm, told: Histories) -> tuple[Array, Array]:
    """How the log likelihood of each history grows with its `last`, and with its `age`. Both (n,).

    For models that bend time before they ask this one.
    """
    shape, left = rhythm.r + told.repeats, chances(rhythm, told.repeats)
    stayed = -shape * np.log(rhythm.alpha + told.age)
    before = rhythm.b + np.maximum(left, 1.0) - 1.0
    gone = np.log(rhythm.a) - np.log(before) - shape * np.log(rhythm.alpha + told.last)
    share = np.where(left > 0, np.exp(gone - np.logaddexp(stayed, gone)), 0.0)
    by_last = -told.people * share * shape / (rhythm.alpha + told.last)
    by_age = -told.people * (1 - share) * shape / (rhythm.alpha + told.age)
    return by_last, by_age


def expected_purchases(
    rhythm: Rhythm, repeats: Array, last: Array, age: Array, *, weeks: float
) -> Array:
    """How many purchases each will make in the next `weeks`, on average.

    repeats, last, age: as for `p_active`. Returns (n,) >= 0.
    """
    alive = p_active(rhythm, repeats, last, age)
    found: Array = alive * expected_if_active(rhythm, repeats, age, weeks=weeks)
    return found


def expected_if_active(rhythm: Rhythm, repeats: Array, age: Array, *, weeks: Numbers) -> Array:
    """The same of those who are surely active: rate and chance to leave as history taught them.

    Written so (by Euler's transformation of the published form) that a person with thousands of
    purchases does not overflow.
    """
    a = rhythm.a if abs(rhythm.a - 1) > _NEAR_ONE else 1 + _NEAR_ONE
    scale = rhythm.alpha + np.asarray(age, np.float64)
    both = a + rhythm.b + chances(rhythm, repeats) - 1.0
    ahead = np.asarray(weeks / (scale + weeks))
    # Where leaving is next to sure at once, the factors overflow; what is left of them is nothing.
    with np.errstate(over="ignore", invalid="ignore"):
        shrunk = np.exp((a - 1.0) * np.log1p(-ahead)) * _hypergeometric(
            a - 1.0, both - rhythm.r - repeats, both, ahead
        )
    found = both / (a - 1.0) * (1.0 - np.nan_to_num(shrunk, nan=0.0, posinf=0.0, neginf=0.0))
    bounded: Array = np.clip(found, 0.0, (rhythm.r + repeats) / scale * weeks)
    return bounded


def _hypergeometric(p: float, q: Array, both: Array, z: Array) -> Array:
    """Gauss' function 2F1(p, q; both; z). scipy's overflows where both - p - q is a whole number
    and large; there the series itself ends soon.
    """
    from scipy.special import hyp2f1

    q, both, z = np.broadcast_arrays(q, both, z)
    found: Array = np.asarray(hyp2f1(p, q, both, z))
    wild = ~np.isfinite(found)
    if wild.any():
        term = np.ones(int(wild.sum()))
        total = term.copy()
        for n in range(_TERMS_MAX):
            term = term * ((p + n) * (q[wild] + n) / ((both[wild] + n) * (n + 1.0)) * z[wild])
            total += term
        found = found.copy()
        found[wild] = total
    return found
