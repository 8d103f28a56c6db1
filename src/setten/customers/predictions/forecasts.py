"""What each will do in the days ahead, from who bought when and for how much.

The mean of two models of how people stop coming (`members`), fitted to all that was seen. Such
models forget too fast: so we look back, forecast from three earlier days what we know came, and
believe half of what was missing; half, because three looks scatter about as widely as they miss.
Tried on the published CDNOW people: docs/concepts/life-cycle.md.
"""

from __future__ import annotations

import msgspec
import numpy as np

from setten.customers.lifecycle import Array
from setten.customers.predictions.members import Fading, Leaving, fit_fading, fit_leaving
from setten.customers.predictions.seen import Seen, Whole, see
from setten.customers.predictions.spending import fit_spending
from setten.platform.errors import Invalid

# People to fit to, drawn when there are more: four numbers are known well enough from so many.
FIT_MAX = 6_000
REPEATERS_MIN = 10
HORIZON_DAYS_MAX = 3_650
_CHANCES = 10  # to leave, over all the time that was seen
_LOOKS_BACK = (0.5, 0.6, 0.67)  # of the time that was seen: the rest is what is known to have come
_BELIEVED = 0.5
_SEED = 1  # the same file gives the same forecast


class TooFewPurchases(Invalid):
    """Too few people have come back to say anything about the next ones."""

    code = "too_few_purchases"


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """For each of n people, in ascending order. purchases: days with one. value: in the money of
    the input. active: the probability that she still buys here.
    """

    people: Whole
    purchases: Array
    active: Array
    value: Array


class _Models(msgspec.Struct, frozen=True):
    leaving: Leaving
    fading: Fading

    def outlook(self, seen: Seen, *, weeks: float) -> tuple[Array, Array]:
        """The probability of being active, and the purchases expected."""
        active, one = self.leaving.outlook(seen, weeks=weeks)
        _, other = self.fading.outlook(seen, weeks=weeks)
        return active, (one + other) / 2


def forecast(
    people: Whole, days: Whole, values: Array, *, until: int, horizon_days: int
) -> Forecast:
    """What everybody who bought until a day will do in the days after it.

    people: (k,) a number for each purchase's person. days: (k,) whole days, `until` as they are.
    values: (k,) of each purchase; what is below 0 is a return and no purchase. What came after
    `until` is not looked at. Raises TooFewPurchases.
    """
    bought = (days <= until) & (values >= 0)
    people, days, values = people[bought], days[bought], values[bought]
    who, seen = see(people, days, values, until=until)
    drawn = _draw(len(who))
    weeks = horizon_days / 7
    known = seen.some(drawn)
    if np.count_nonzero(known.repeats) < REPEATERS_MIN or known.age.max() <= 0:
        raise TooFewPurchases(repeaters=REPEATERS_MIN)
    active, purchases = _fit(known).outlook(seen, weeks=weeks)
    is_drawn = np.isin(people, who[drawn])
    missing = _missing_a_week(people[is_drawn], days[is_drawn], values[is_drawn], until=until)
    purchases = _lifted(purchases, _BELIEVED * missing * weeks)
    spending = fit_spending(known.repeats + 1, known.mean_value)
    a_time = spending.expected(seen.repeats + 1, seen.mean_value) if spending else 0.0
    return Forecast(people=who, purchases=purchases, active=active, value=purchases * a_time)


def _draw(n: int) -> Whole:
    if n <= FIT_MAX:
        return np.arange(n)
    dice = np.random.default_rng(_SEED)
    return np.sort(dice.choice(n, FIT_MAX, replace=False))


def _fit(seen: Seen) -> _Models:
    return _Models(fit_leaving(seen, every=float(seen.age.max()) / _CHANCES), fit_fading(seen))


def _missing_a_week(people: Whole, days: Whole, values: Array, *, until: int) -> float:
    """How many purchases a person and week forecasts of the past have missed, on average."""
    now, seen_now = see(people, days, values, until=until)
    begin = int(days.min())
    found = []
    for part in _LOOKS_BACK:
        then = begin + int((until - begin) * part)
        who, seen = see(people, days, values, until=then)
        weeks = (until - then) / 7
        if weeks < 1 or np.count_nonzero(seen.repeats) < REPEATERS_MIN or seen.age.max() <= 0:
            continue
        came = seen_now.repeats[np.isin(now, who)] - seen.repeats
        _, said = _fit(seen).outlook(seen, weeks=weeks)
        found.append((float(came.mean()) - float(said.mean())) / weeks)
    return float(np.mean(found)) if found else 0.0


def _lifted(purchases: Array, missing: float) -> Array:
    """Purchases raised by what is missing: alike for all, for those given up come back too.

    Where there were too many, they are lowered in proportion instead, so that none is below 0.
    """
    mean = float(purchases.mean())
    if missing >= 0 or mean <= 0:
        return purchases + max(missing, 0.0)
    return purchases * max(0.0, 1 + missing / mean)
