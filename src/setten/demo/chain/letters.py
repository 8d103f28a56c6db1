"""Letters to those who gave an address: a mail on Thursdays, a LINE message on Fridays."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import TypeAlias

from setten.demo.chain import calendar
from setten.demo.chain.browsing import Session
from setten.demo.chain.business import Business
from setten.demo.chain.model import Deed, Kind, Person

# source, identifier it is sent to, weekday and clock of sending, share that opens it.
_LETTERS = (("mail", "email", 3, "10:00", 0.26), ("line", "line_id", 4, "18:00", 0.42))
_OPENED = (0.60, 0.20, 0.12, 0.08)  # of these, on the day, and on each of the days after
_FOLLOWS_LETTER, _COMES_FOR_LETTER = 0.07, 0.02
Plans: TypeAlias = dict[date, list[tuple[str, tuple[str, ...], str]]]
"""Who means to come to her shop on a day, for which goods, and why."""


class Letters:
    """What is sent, who reads it, and who comes for it. plans: of the days to come."""

    def __init__(self, business: Business, people: Sequence[Person], plans: Plans) -> None:
        self._business = business
        self._people = people
        self._plans = plans

    def on(self, rng: random.Random, day: date) -> Iterator[Deed]:
        """On Thursdays a mail, on Fridays a message: some open it then, some in the days after."""
        for source, field, weekday, clock, share in _LETTERS:
            later = (day.weekday() - weekday) % 7
            if later >= len(_OPENED):
                continue
            written = day - timedelta(days=later)
            titles = self._business.words["letters"][source]
            title = titles[written.toordinal() // 7 % len(titles)]
            for one in self._people:
                if field not in one.told or one.joined > written:
                    continue
                if rng.random() < share * _OPENED[later]:
                    sent = calendar.clock(day, clock)
                    at = sent + timedelta(minutes=rng.expovariate(1 / 95))
                    if later or at.date() != day:
                        at = calendar.on_screen(rng, day)
                    yield from self._open(rng, one, source, at, title)

    def _open(
        self, rng: random.Random, one: Person, source: str, at: datetime, title: str
    ) -> Iterator[Deed]:
        """Read a letter; a few come for it, to a screen at once or to the shop in some days."""
        yield Deed(
            at=at, kind=Kind.event, source=source, who=one.key,
            said={"what": "opened", "title": title}, cause=source,
        )  # fmt: skip
        if rng.random() < _FOLLOWS_LETTER:
            session = Session(
                self._business, rng, one, one.cookies[0], at + timedelta(seconds=20), source
            )
            yield from session.arrive()
            yield from session.look(one.kind, ())
        elif rng.random() < _COMES_FOR_LETTER:
            day = at.date() + timedelta(days=rng.randint(1, 4))
            self._plans[day].append((one.key, (), source))
