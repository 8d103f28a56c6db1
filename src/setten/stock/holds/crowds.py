"""Places where so many holds are open that short codes are often taken: they get longer ones.

A hold whose code is taken is written a second time, while others wait for its row. Forty thousand
open holds at one place made that of nearly every batch. What is counted here is of this process and
only a hint: whether a code is free is known by the table alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

# Of about the last thousand codes of a place so many were taken: some three thousand are out there.
_TAKEN_MIN = 3
_LAST = 1_000
_PLACES_MAX = 1_000  # of which anything is remembered; a business has some hundreds


class Crowds:
    """How many of the codes given lately were taken, by place."""

    def __init__(self) -> None:
        self._given: Counter[str] = Counter()
        self._taken: Counter[str] = Counter()

    def is_crowded(self, place: str) -> bool:
        """Whether short codes are often taken there."""
        return self._taken[place] >= _TAKEN_MIN

    def note(self, given: Iterable[str], taken: Iterable[str]) -> None:
        """The places of codes that were given, and of those that were taken already.

        Of places where none ever was, nothing is kept.
        """
        self._taken.update(taken)
        if not self._taken:
            return
        if len(self._taken) > _PLACES_MAX:
            self._taken.clear()
            self._given.clear()
        for place, count in Counter(given).items():
            if place in self._taken:
                self._given[place] += count
                if self._given[place] >= _LAST:
                    self._given[place] = 0
                    self._taken[place] //= 2
                    if not self._taken[place]:
                        del self._taken[place], self._given[place]
