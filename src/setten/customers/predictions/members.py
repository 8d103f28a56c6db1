"""Two ways in which people stop coming, fitted to what was seen.

`Leaving`: each now and then asks herself whether to stay, however often she buys (Jerath, Fader and
Hardie, "New perspectives on customer death", 2011). `Fading`: she may leave after a purchase, as in
BG/NBD, and buys more in her first weeks than later. In both, people whose first purchase was worth
more come more often. Each errs in its own way, so their mean errs less than either.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec
import numpy as np

from setten.customers.lifecycle import Array, Rhythm, p_active
from setten.customers.predictions import bgnbd
from setten.customers.predictions.seen import Seen

# Logs of numbers that say nothing beyond: e^-6 to e^8 weeks, or of shape.
_LOG_MIN, _LOG_MAX = -6.0, 8.0
# A chance on the day of the last purchase comes after it, whatever the rounding says.
_SAME_DAY = 1e-9
_PULL_MAX = 3.0  # of the first purchase's worth; e^3 times as often is more than anybody shows


class Worth(msgspec.Struct, frozen=True, kw_only=True):
    """How first purchases are spread here: mean and spread of the log of (1 + value)."""

    middle: float
    spread: float


def worth_of(seen: Seen) -> Worth:
    """How the first purchases of these people are spread."""
    logs = np.log1p(seen.first_value)
    # All alike say nothing about anybody: then every pull is zero.
    return Worth(middle=float(logs.mean()), spread=float(logs.std()) or 1.0)


def _pulls(seen: Seen, worth: Worth) -> Array:
    found: Array = (np.log1p(seen.first_value) - worth.middle) / worth.spread
    return found


Hill: TypeAlias = Callable[[Array], tuple[float, Array]]


def _likeliest(start: list[float], bounds: list[tuple[float, float]], hill: Hill) -> Array:
    """The top of a hill. hill: height and slope at a place."""
    from scipy.optimize import minimize

    def valley(at: Array) -> tuple[float, Array]:
        height, slope = hill(at)
        return -height, -slope

    found = minimize(valley, start, jac=True, method="L-BFGS-B", bounds=bounds)
    at: Array = found.x
    return at


class Leaving(msgspec.Struct, frozen=True, kw_only=True):
    """Fitted: rates as a gamma (r, alpha weeks), chances to leave as a beta (a, b), one chance each
    `every` weeks. pull: of the first purchase's worth on the rate.
    """

    r: float
    alpha: float
    a: float
    b: float
    pull: float
    every: float
    worth: Worth

    def outlook(self, seen: Seen, *, weeks: float) -> tuple[Array, Array]:
        """For each: the probability of being active, and the purchases expected in `weeks`."""
        scale = self.alpha * np.exp(-self.pull * _pulls(seen, self.worth))
        had, logs = _stayed_or_left(self, seen, scale)
        active: Array = np.exp(logs[0] - _either(logs))
        rate = (self.r + seen.repeats) / (scale + seen.age)
        return active, active * rate * self._weeks_active(seen.age, had, weeks)

    def _weeks_active(self, age: Array, had: Array, weeks: float) -> Array:
        """How many of the coming weeks somebody who is active stays so, on average."""
        from scipy.special import betaln

        part = np.minimum((had + 1) * self.every - age, weeks)
        total, rest = part.copy(), weeks - part
        # The same for all who had as many chances: a table of few rows.
        most = int(had.max()) if len(had) else 0
        steps = int(np.ceil(weeks / self.every)) + 1
        table = betaln(self.a, self.b + np.arange(most + steps + 1))
        for step in range(1, steps + 1):
            part = np.clip(rest, 0.0, self.every)
            at = had.astype(np.int64)
            total += np.exp(table[at + step] - table[at]) * part
            rest = rest - part
        return total


def _stayed_or_left(model: Leaving, seen: Seen, scale: Array) -> tuple[Array, Array]:
    """How many chances to leave each had; and logs (1 + most, n) of that she stayed through all of
    them, and of that she left at each. -inf where she had none, or bought later.
    """
    from scipy.special import betaln

    had = np.floor(seen.age / model.every)
    first = np.ceil(seen.last / model.every - _SAME_DAY)
    at = np.arange(1, int(had.max(initial=0)) + 1)[:, None]
    whole = betaln(model.a, model.b)
    left = betaln(model.a + 1, model.b + at - 1) - whole
    stay = betaln(model.a, model.b + np.arange(len(at) + 1)) - whole
    shape = model.r + seen.repeats
    could = (at >= first) & (at <= had)
    gone = np.where(could, left - shape * np.log(scale + at * model.every), -np.inf)
    stayed = stay[had.astype(np.int64)] - shape * np.log(scale + seen.age)
    return had, np.vstack([stayed, gone])


def _either(logs: Array) -> Array:
    """The log of the sum over the first axis, whose first row is finite."""
    top = logs.max(axis=0)
    found: Array = top + np.log(np.exp(logs - top).sum(axis=0))
    return found


def fit_leaving(seen: Seen, *, every: float) -> Leaving:
    """The likeliest way of leaving, with a chance each `every` weeks."""
    worth = worth_of(seen)
    pulls = _pulls(seen, worth)

    def hill(at: Array) -> tuple[float, Array]:
        return _leaving_hill(_leaving(at, every, worth), seen, pulls)

    weeks = max(1.0, float(seen.age.mean()) / 3)
    start = [-0.6, float(np.log(weeks)), -1.0, 2.0, 0.1]
    bounds = [(_LOG_MIN, _LOG_MAX)] * 4 + [(-_PULL_MAX, _PULL_MAX)]
    return _leaving(_likeliest(start, bounds, hill), every, worth)


def _leaving(at: Array, every: float, worth: Worth) -> Leaving:
    r, alpha, a, b = (float(one) for one in np.exp(at[:4]))
    return Leaving(r=r, alpha=alpha, a=a, b=b, pull=float(at[4]), every=every, worth=worth)


def _leaving_hill(model: Leaving, seen: Seen, pulls: Array) -> tuple[float, Array]:
    """The log likelihood and its slope by the logs of (r, alpha, a, b), and by the pull."""
    from scipy.special import digamma, gammaln

    r, a, b = model.r, model.a, model.b
    scale = model.alpha * np.exp(-model.pull * pulls)
    had, logs = _stayed_or_left(model, seen, scale)
    either = _either(logs)
    share = np.exp(logs - either)  # (1 + most, n): how likely each ending is
    shape = r + seen.repeats
    height = gammaln(shape) - gammaln(r) + r * np.log(scale) + either
    ends = scale + np.vstack([seen.age, *(n * model.every * np.ones_like(scale)
                                          for n in range(1, len(logs)))])  # fmt: skip
    by_r = digamma(shape) - digamma(r) + np.log(scale) - (share * np.log(ends)).sum(axis=0)
    by_scale = r / scale - shape * (share / ends).sum(axis=0)
    # Leaving at the n-th chance: one draw for it, n - 1 against; staying: all against.
    gone, number = share[1:].sum(axis=1), np.arange(1, len(logs))
    stay = np.bincount(had.astype(np.int64), weights=share[0], minlength=len(logs))
    draws, against = (
        np.append(number, np.arange(len(stay))),
        np.append(number - 1, np.arange(len(stay))),
    )
    weight = np.append(gone, stay)
    is_gone = np.append(np.ones(len(number)), np.zeros(len(stay)))
    of_both = digamma(a + b) - digamma(a + b + draws)
    by_a = weight @ (of_both + digamma(a + is_gone) - digamma(a))
    by_b = weight @ (of_both + digamma(b + against) - digamma(b))
    slope = [
        r * by_r.sum(), (scale * by_scale).sum(), a * by_a, b * by_b,
        -(scale * by_scale * pulls).sum(),
    ]  # fmt: skip
    return float(height.sum()), np.array(slope)


class Fading(msgspec.Struct, frozen=True, kw_only=True):
    """Fitted: BG/NBD on a clock that runs at full speed at first and slows to `floor` of it, over
    about `weeks`.
    """

    rhythm: Rhythm
    weeks: float
    floor: float
    pull: float
    worth: Worth

    def outlook(self, seen: Seen, *, weeks: float) -> tuple[Array, Array]:
        """For each: the probability of being active, and the purchases expected in `weeks`."""
        faster = np.exp(self.pull * _pulls(seen, self.worth))
        # A scale of her own for the gamma is the same as a clock of her own.
        last, age = self._clock(seen.last) * faster, self._clock(seen.age) * faster
        ahead = self._clock(seen.age + weeks) * faster - age
        active = p_active(self.rhythm, seen.repeats, last, age)
        return active, active * bgnbd.expected_if_active(
            self.rhythm, seen.repeats, age, weeks=ahead
        )

    def _clock(self, weeks: Array) -> Array:
        return _clock(weeks, self.weeks, self.floor)


def _clock(weeks: Array, slows: float, floor: float) -> Array:
    found: Array = floor * weeks + (1 - floor) * slows * -np.expm1(-weeks / slows)
    return found


def fit_fading(seen: Seen) -> Fading:
    """The likeliest BG/NBD on a slowing clock."""
    worth = worth_of(seen)
    pulls = _pulls(seen, worth)

    def hill(at: Array) -> tuple[float, Array]:
        return _fading_hill(_fading(at, worth), seen, pulls)

    weeks = max(1.0, float(seen.age.mean()) / 4)
    start = [-1.3, float(np.log(weeks)), -0.4, 0.9, float(np.log(weeks)), 0.2, 0.1]
    bounds = [(_LOG_MIN, _LOG_MAX)] * 4
    # The clock slows within the time that was seen: later nobody can tell it from leaving.
    bounds += [(-1.0, float(np.log(max(2.0, seen.age.max())))), (-4.0, 4.0)]
    bounds += [(-_PULL_MAX, _PULL_MAX)]
    return _fading(_likeliest(start, bounds, hill), worth)


def _fading(at: Array, worth: Worth) -> Fading:
    r, alpha, a, b, slows = (float(one) for one in np.exp(at[:5]))
    return Fading(
        rhythm=Rhythm(r=r, alpha=alpha, a=a, b=b, is_modified=False),
        weeks=slows,
        floor=float(1 / (1 + np.exp(-at[5]))),
        pull=float(at[6]),
        worth=worth,
    )


def _fading_hill(model: Fading, seen: Seen, pulls: Array) -> tuple[float, Array]:
    """The log likelihood and its slope: by the logs of the rhythm's numbers and of the weeks, by
    the log odds of the floor, and by the pull.
    """
    slows, floor = model.weeks, model.floor
    faster = np.exp(model.pull * pulls)
    told = bgnbd.Histories(
        repeats=seen.repeats,
        last=_clock(seen.last, slows, floor) * faster,
        age=_clock(seen.age, slows, floor) * faster,
        people=np.ones(len(seen)),
    )
    height, by_rhythm = bgnbd.climb(model.rhythm, told)
    by_last, by_age = bgnbd.slopes_by_time(model.rhythm, told)
    gone = np.exp(-seen.tenures / slows)
    speed = floor + (1 - floor) * gone
    height += float(np.log(speed).sum() + seen.repeats @ (model.pull * pulls))

    def bent(weeks: Array) -> tuple[Array, Array]:
        """How the clock grows with its floor, and with its weeks."""
        late = np.exp(-weeks / slows)
        return weeks - slows * (1 - late), (1 - floor) * ((1 - late) - weeks / slows * late)

    (last_floor, last_weeks), (age_floor, age_weeks) = bent(seen.last), bent(seen.age)
    last, age = by_last * faster, by_age * faster
    by_floor = last @ last_floor + age @ age_floor + ((1 - gone) / speed).sum()
    by_weeks = last @ last_weeks + age @ age_weeks
    by_weeks += ((1 - floor) * gone * seen.tenures / slows**2 / speed).sum()
    by_pull = by_last @ (told.last * pulls) + by_age @ (told.age * pulls) + seen.repeats @ pulls
    numbers = np.array([model.rhythm.r, model.rhythm.alpha, model.rhythm.a, model.rhythm.b])
    slope = [*(by_rhythm * numbers), by_weeks * slows, by_floor * floor * (1 - floor), by_pull]
    return height, np.array(slope)
