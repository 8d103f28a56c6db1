"""Days as shops know them: weekdays, holidays, seasons, sales, rain. Functions of the date."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import cache

from setten.demo.chain.chance import dice
from setten.demo.chain.model import Shop
from setten.demo.world import JAPAN

# How many come on a Monday … Sunday, against the average day.
_SHOP_DAYS = (0.72, 0.70, 0.76, 0.80, 0.94, 1.56, 1.52)
_WEB_DAYS = (1.05, 1.0, 0.98, 1.0, 0.92, 0.96, 1.14)
HOLIDAY = 5  # a holiday is like a Saturday
# When they come, by hour from midnight.
_SHOP_HOURS = (0,) * 10 + (0.5, 0.8, 1.0, 1.1, 1.3, 1.4, 1.3, 1.25, 1.15, 0.9, 0.5, 0.2, 0, 0)
_WEB_HOURS = (0.5, 0.25, 0.1, 0.06, 0.05, 0.1, 0.35, 0.7, 0.8, 0.6, 0.65, 0.75,
              1.2, 0.85, 0.7, 0.7, 0.75, 0.8, 0.95, 1.1, 1.5, 1.9, 1.8, 1.1)  # fmt: skip
LAST_LOOK, MIDNIGHT = "23:10", "23:57"  # nobody of the demo is awake on two days
RAIN_SHOP, RAIN_WEB = 0.72, 1.12
# How likely rain is in a month, of an ordinary Japanese year.
_RAINY = (0.16, 0.2, 0.3, 0.33, 0.35, 0.48, 0.42, 0.33, 0.42, 0.32, 0.24, 0.16)
_DRY_JUNE = {"hokkaido": 0.28}
# Sales: from (month, day) to (month, day), their name, what is taken off.
_SALES = (
    ((1, 2), (1, 12), "初売り", 0.2),
    ((3, 1), (3, 31), "新生活の支度", 0.1),
    ((4, 29), (5, 6), "大型連休の市", 0.1),
    ((7, 1), (7, 14), "夏の市", 0.15),
    ((9, 12), (9, 23), "秋の寝具まつり", 0.1),
    ((10, 9), (10, 18), "衣替えの収納", 0.1),
    ((11, 20), (11, 30), "冬支度の十日間", 0.15),
)
SALE_DRAW = 1.35
_MONDAYS = {(1, 2), (7, 3), (9, 3), (10, 2)}  # month and which Monday of it
_DATES = {(1, 1), (2, 11), (2, 23), (4, 29), (5, 3), (5, 4), (5, 5), (8, 11), (11, 3), (11, 23)}
SEASONS = (3, 3, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3)  # by month: spring 0 … winter 3


@cache
def is_holiday(day: date) -> bool:
    """Whether shops have a public holiday's trade; one that falls on a Sunday moves on."""
    if _is_named(day):
        return True
    before = day - timedelta(days=1)
    return day.weekday() == 0 and _is_named(before)


def _is_named(day: date) -> bool:
    if (day.month, day.day) in _DATES:
        return True
    if day.weekday() == 0 and (day.month, (day.day - 1) // 7 + 1) in _MONDAYS:
        return True
    return (day.month, day.day) in ((3, 20), (9, 23))  # the equinoxes, to a day


def like(day: date) -> int:
    """The weekday that its trade is like."""
    return HOLIDAY if is_holiday(day) and day.weekday() < HOLIDAY else day.weekday()


def season(day: date) -> int:
    """0 spring, 1 summer, 2 autumn, 3 winter."""
    return SEASONS[day.month - 1]


def sale_on(day: date) -> tuple[str, float] | None:
    """The sale of the day and what it takes off, if there is one."""
    for begin, end, name, off in _SALES:
        if begin <= (day.month, day.day) <= end:
            return name, off
    return None


def rains(seed: str, region: str, day: date) -> bool:
    """Whether it rains there; a wet day is often followed by another."""
    here = dice(seed, "rain", region, day).random()
    before = dice(seed, "rain", region, day - timedelta(days=1)).random()
    chance = _DRY_JUNE.get(region, 1.0) if day.month == 6 else _RAINY[day.month - 1]
    chance = min(chance, _RAINY[day.month - 1])
    return here < chance * (1.5 if before < chance else 0.75)


def shop_factor(day: date, *, rain: bool) -> float:
    """How many come to a shop, against the average day."""
    found = _SHOP_DAYS[like(day)] * (RAIN_SHOP if rain else 1.0)
    payday = 1.08 if day.day >= 25 else 1.0
    return found * payday * (SALE_DRAW if sale_on(day) else 1.0)


def web_factor(day: date, *, rain: bool) -> float:
    """How many look at screens, against the average day."""
    return _WEB_DAYS[like(day)] * (RAIN_WEB if rain else 1.0) * (1.15 if sale_on(day) else 1.0)


def opening(shop: Shop, day: date) -> tuple[datetime, datetime]:
    """When a shop opens and closes on a day."""
    opens, closes = shop.weekend if like(day) >= HOLIDAY else shop.weekday
    return clock(day, opens), clock(day, closes)


def clock(day: date, text: str) -> datetime:
    """A clock of a day in Japan."""
    return datetime.combine(day, time.fromisoformat(text), tzinfo=JAPAN)


def in_shop(rng: random.Random, shop: Shop, day: date) -> datetime:
    """A moment while a shop is open, as busy as shops are then; never in the last minutes."""
    opens, closes = opening(shop, day)
    latest = closes - timedelta(minutes=4)
    while True:
        at = _within(rng, day, shop.hours or _SHOP_HOURS)
        if opens + timedelta(minutes=3) <= at < latest:
            return at


def on_screen(rng: random.Random, day: date) -> datetime:
    """A moment at which people look at screens."""
    latest = clock(day, LAST_LOOK)
    while (at := _within(rng, day, _WEB_HOURS)) >= latest:
        pass
    return at


@cache
def _hours(weights: tuple[float, ...]) -> tuple[tuple[int, ...], tuple[float, ...]]:
    total, sums = 0.0, []
    for weight in weights:
        total += weight
        sums.append(total)
    return tuple(range(24)), tuple(sums)


def _within(rng: random.Random, day: date, weights: tuple[float, ...]) -> datetime:
    hours, sums = _hours(weights)
    hour = rng.choices(hours, cum_weights=sums)[0]
    second = rng.randrange(3600)
    midnight = datetime.combine(day, time(), tzinfo=JAPAN)
    return midnight + timedelta(hours=hour, seconds=second, milliseconds=rng.randrange(1000))


def days(begin: date, count: int) -> Iterator[date]:
    """So many days from the first."""
    return (begin + timedelta(days=number) for number in range(count))
