"""How large is large, and what follows from it."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

PLACES = 500
DAYS = 90
_FIRST_DAY = 0.3  # of all people are known on the first day: the day the till was connected
_MEMBERS_OF_FIVE = 3
_PLACES_OF_A_THING = 20  # of most; one in a hundred lies in all places


class Size(msgspec.Struct, frozen=True):
    """A share of the whole. begin: the first day of the past."""

    begin: date
    part: float = 1.0

    @property
    def people(self) -> int:
        """Customers. Three of five have a login, a card and a mail address beside their cookie."""
        return max(1_000, round(1_000_000 * self.part))

    @property
    def events(self) -> int:
        """Events in the log, those by which people became known included."""
        return max(20_000, round(20_000_000 * self.part))

    @property
    def everywhere(self) -> int:
        """Goods that lie in all places; numbered first."""
        return max(100, round(10_000 * self.part))

    @property
    def goods(self) -> int:
        """All goods."""
        return self.everywhere + max(1_000, round(990_000 * self.part))

    @property
    def balances(self) -> int:
        """Rows of stock that are not empty."""
        return self.everywhere * PLACES + (self.goods - self.everywhere) * _PLACES_OF_A_THING

    @property
    def days(self) -> tuple[date, ...]:
        """Days of the past, the last of them whole."""
        return tuple(self.begin + timedelta(days=number) for number in range(DAYS))

    def known_by(self, day: int) -> int:
        """How many people are known at the end of a day, counted from 0; -1 is before the first."""
        if day < 0:
            return 0
        return round(self.people * (_FIRST_DAY + (1 - _FIRST_DAY) * day / (DAYS - 1)))


def is_member(person: int) -> bool:
    """Whether somebody has a login, a card and a mail address."""
    return person % 5 < _MEMBERS_OF_FIVE


WHOLE = 1.0
