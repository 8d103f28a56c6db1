"""What lies where while the world goes on: first counts, supply, trucks, and nothing below zero."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta

from setten.demo.chain import calendar
from setten.demo.chain.business import Business
from setten.demo.chain.catalogue import ONLINE, WAREHOUSE
from setten.demo.chain.chance import dice
from setten.demo.chain.model import Deed, Good, Kind, Line

UNITS_A_RECEIPT = 2.3
_ONLINE_UNITS = 1.9  # a week, for each sitting of a stranger on a day
_WEEKS_IN_WAREHOUSE, _REORDER_WEEKS = 5.0, 2.6
_LATE_SUPPLY = 0.09  # of what is ordered from makers comes a week late: some things run out
_TRUCK_LINES_MAX = 400
_DAY_SPARE = 2.2  # of what is made anew each morning, against an average day
_PORTIONS = 8  # more, so that what is drunk with everything lasts to the evening
_MORNING = "08:10"
_VISITS_WITHOUT_TILLS = 4.0
_WEEKS_IN_SHOP, _SPARE, _SPARE_LARGE = 1.8, 3.2, 1.0  # a truck a week, and some to show
_DAMAGED_A_WEEK = 5
_SMALL_ASSORTMENT = 0.9  # shops with less trade show fewer large things
TRUCK_LEAVES, TRUCK_COMES = "06:30", "09:20"


class Stockroom:
    """Units by (sku, place). Every change is a deed, so the deeds alone give the same sums."""

    def __init__(self, business: Business, seed: str, begin: date) -> None:
        self._business = business
        self._seed = seed
        self.units: Counter[tuple[str, str]] = Counter()
        self.lost: list[tuple[date, str, str]] = []
        self._weekly = _weekly(business, begin)

    def free(self, sku: str, place: str) -> int:
        """How many may be sold."""
        return self.units[sku, place]

    def take(self, sku: str, place: str, qty: int) -> bool:
        """Sell from a place; False, and nothing is sold, where there is too little."""
        if self.units[sku, place] < qty:
            return False
        self.units[sku, place] -= qty
        return True

    def put(self, place: str, lines: Iterable[Line]) -> None:
        """Units that come to lie there."""
        for line in lines:
            self.units[line.sku, place] += line.qty

    def first_counts(self, day: date) -> Iterator[Deed]:
        """What lay there on the first morning."""
        at = calendar.clock(day, "05:30")
        for number, place in enumerate((*self._business.places, WAREHOUSE)):
            lines = tuple(
                Line(good.sku, qty)
                for good in self._business.goods
                if (qty := self._first(good, place))
            )
            self.put(place, lines)
            yield Deed(
                at=at + timedelta(seconds=37 * number), kind=Kind.opening, place=place,
                lines=lines, ref=f"棚卸 {day:%Y-%m-%d} {place}",
            )  # fmt: skip

    def _first(self, good: Good, place: str) -> int:
        if good.weight == 0.0:  # the last two of it
            return 1 if place in ("kichijoji", "yokohama") else 0
        if place == WAREHOUSE and good.daily:
            return 0
        if place == WAREHOUSE:
            return math.ceil(self._total(good.sku) * _WEEKS_IN_WAREHOUSE) + 2
        return self.target(good.sku, place)

    def _total(self, sku: str) -> float:
        return sum(self._weekly.get((sku, place), 0.0) for place in self._business.places)

    def target(self, sku: str, place: str) -> int:
        """How many a shop wants to have after a truck has come."""
        weekly = self._weekly.get((sku, place), 0.0)
        good = self._business.by_sku[sku]
        if weekly and good.daily:
            return math.ceil(weekly / 7 * _DAY_SPARE) + (_PORTIONS if good.price else 1)
        spare = _SPARE_LARGE if good.is_large else _SPARE
        return math.ceil(weekly * _WEEKS_IN_SHOP + spare) if weekly else 0

    def supply(self, day: date) -> Iterator[Deed]:
        """On Mondays makers fill the warehouse; some of them are late."""
        rng = dice(self._seed, "supply", day)
        lines = []
        for good in self._business.goods:
            need, have = self._total(good.sku), self.units[good.sku, WAREHOUSE]
            if good.weight == 0.0 or good.daily or have > need * _REORDER_WEEKS:
                continue
            if rng.random() < _LATE_SUPPLY:
                continue
            qty = math.ceil(need * _WEEKS_IN_WAREHOUSE * calendar_factor(good, day)) - have
            if qty > 0:
                lines.append(Line(good.sku, qty))
        if lines:
            self.put(WAREHOUSE, lines)
            yield Deed(
                at=calendar.clock(day, "05:50"), kind=Kind.supply, place=WAREHOUSE,
                lines=tuple(lines), ref=f"IN-{day:%y%m%d}",
            )  # fmt: skip

    def mornings(self, day: date) -> Iterator[Deed]:
        """What is made anew for the day: dishes, seats, hours with an adviser."""
        daily = [good for good in self._business.goods if good.daily and good.weight]
        for number, place in enumerate(self._business.places if daily else ()):
            lines = tuple(
                Line(good.sku, qty)
                for good in daily
                if (qty := self.target(good.sku, place) - self.units[good.sku, place]) > 0
            )
            if lines:
                self.put(place, lines)
                at = calendar.clock(day, _MORNING) + timedelta(minutes=number)
                ref = f"AM-{day:%y%m%d}-{place}"
                yield Deed(at=at, kind=Kind.supply, place=place, lines=lines, ref=ref)

    def trucks(self, day: date) -> Iterator[Deed]:
        """Each shop, and the online shop, has one weekday on which a truck fills it up."""
        rng = dice(self._seed, "trucks", day)
        for number, place in enumerate(self._business.places):
            if number % 5 + 1 != day.weekday():  # Tuesday to Saturday
                continue
            lines = self._load(place)
            if lines:
                ref = f"T-{day:%y%m%d}-{number + 1:02d}"
                late = timedelta(minutes=rng.randrange(34), seconds=rng.randrange(60))
                for kind, clock in ((Kind.truck, TRUCK_LEAVES), (Kind.arrival, TRUCK_COMES)):
                    at = calendar.clock(day, clock) + late
                    yield Deed(at=at, kind=kind, place=place, lines=lines, ref=ref)

    def _load(self, place: str) -> tuple[Line, ...]:
        lines = []
        for good in self._business.goods:
            want = self.target(good.sku, place) - self.units[good.sku, place]
            qty = min(want, self.units[good.sku, WAREHOUSE])
            if qty <= 0 or good.weight == 0.0 or good.daily:
                continue
            self.units[good.sku, WAREHOUSE] -= qty
            self.units[good.sku, place] += qty
            lines.append(Line(good.sku, qty))
        return tuple(lines[:_TRUCK_LINES_MAX])

    def losses(self, day: date) -> Iterator[Deed]:
        """On Sunday nights something is found broken, or not found at all."""
        rng = dice(self._seed, "losses", day)
        there = [
            key for key, qty in sorted(self.units.items())
            if qty > 1 and key[1] != WAREHOUSE and not self._business.by_sku[key[0]].daily
        ]  # fmt: skip
        at = calendar.clock(day, "21:20")
        for number in range(min(_DAMAGED_A_WEEK, len(there))):
            sku, place = there[rng.randrange(len(there))]
            if not self.take(sku, place, 1):
                continue
            kind, cause = rng.choice(((Kind.damage, "broken"), (Kind.counted, "lost")))
            yield Deed(
                at=at + timedelta(minutes=number, seconds=rng.randrange(60)), kind=kind,
                place=place, lines=(Line(sku, 1),), cause=cause,
                ref=f"{kind.value}-{day:%y%m%d}-{number}",
            )  # fmt: skip


def calendar_factor(good: Good, day: date) -> float:
    """How much of something is wanted in the season of a day."""
    return good.seasons[calendar.season(day)]


def _weekly(business: Business, day: date) -> Mapping[tuple[str, str], float]:
    """Units a week that each place is expected to sell."""
    weights = {
        good.sku: good.weight * calendar_factor(good, day + timedelta(days=45))
        for good in business.goods
    }
    total = sum(weights.values())
    found = {}
    for shop in business.shops:
        units = (
            (business.strangers or _VISITS_WITHOUT_TILLS) * 1.25 * 7 * UNITS_A_RECEIPT * shop.trade
        )
        for number, good in enumerate(business.goods):
            is_shown = not good.is_large or shop.trade >= _SMALL_ASSORTMENT or number % 3
            if is_shown and good.weight:
                found[good.sku, shop.location_id] = units * weights[good.sku] / total
    for sku, weight in weights.items():
        found[sku, ONLINE] = business.screens * _ONLINE_UNITS * weight / total
    return found
