"""Who bought when and for how much, as arrays: what forecasts are made from."""

from __future__ import annotations

from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from setten.customers.lifecycle import Array

Whole: TypeAlias = NDArray[np.int64]
_WEEK_DAYS = 7.0


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen of n people until a day; times in weeks.

    repeats: days with a purchase after the first. last: from the first to the last of them. age:
    from the first one to the day. first_value, mean_value: of a day with a purchase. tenures: (m,)
    of each repeat purchase, since the first one of its person; owners: (m,) whose it is.
    """

    repeats: Array
    last: Array
    age: Array
    first_value: Array
    mean_value: Array
    tenures: Array
    owners: Whole

    def __len__(self) -> int:
        return len(self.repeats)

    def some(self, chosen: Whole) -> Seen:
        """The same of some people, by their places, ascending."""
        place = np.full(len(self), -1, dtype=np.int64)
        place[chosen] = np.arange(len(chosen))
        kept = place[self.owners] >= 0
        return Seen(
            repeats=self.repeats[chosen],
            last=self.last[chosen],
            age=self.age[chosen],
            first_value=self.first_value[chosen],
            mean_value=self.mean_value[chosen],
            tenures=self.tenures[kept],
            owners=place[self.owners[kept]],
        )


def see(people: Whole, days: Whole, values: Array, *, until: int) -> tuple[Whole, Seen]:
    """What was seen until the day `until`, included; who bought only later is left out.

    people: (k,) a number for each purchase's person. days: (k,) whole days. values: (k,) >= 0.
    Purchases of one day are one. Returns the people in ascending order, and what was seen of them.
    """
    soon = days <= until
    people, days, values = people[soon], days[soon], values[soon]
    order = np.lexsort((days, people))
    people, days, values = people[order], days[order], values[order]
    is_new_person = np.diff(people, prepend=people[:1] - 1) != 0
    is_new_day = is_new_person | (np.diff(days, prepend=days[:1] - 1) != 0)
    visits = np.flatnonzero(is_new_day)
    value = np.add.reduceat(values, visits) if len(visits) else np.zeros(0)
    people, days, is_first = people[visits], days[visits], is_new_person[visits]
    firsts = np.flatnonzero(is_first)
    owner = np.cumsum(is_first) - 1
    n = np.diff(firsts, append=len(people))
    lasts = firsts + n - 1
    tenure = (days - days[firsts][owner]) / _WEEK_DAYS
    seen = Seen(
        repeats=(n - 1).astype(np.float64),
        last=tenure[lasts],
        age=(until - days[firsts]) / _WEEK_DAYS,
        first_value=value[firsts],
        mean_value=np.add.reduceat(value, firsts) / n if len(firsts) else np.zeros(0),
        tenures=tenure[~is_first],
        owners=owner[~is_first],
    )
    return people[firsts], seen
