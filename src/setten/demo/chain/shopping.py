"""What somebody puts in a basket, and what of it the place has."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import date
from functools import cache

from setten.demo.chain import business as businesses
from setten.demo.chain import calendar
from setten.demo.chain.business import Business
from setten.demo.chain.model import Good, Line
from setten.demo.chain.stockroom import Stockroom

STRANGER = "stranger"
_SETS = frozenset(("bowl", "plate", "mug", "cup", "glass", "cutlery"))
_SHARE_ON_SALE = 0.45  # of the lines of a sale's day carry its tag
_BESIDE = 0.5  # of what follows in a basket goes with what lies there already
_TRIES, _TAKES_ANOTHER = 6, 0.15  # who has a taste looks so often, and may take another after all
TENDERS, _TENDER_SHARES = ("card", "cash", "qr", "ic"), (52, 22, 19, 7)
_IC_MAX = 16_000  # yen; a transport card holds 20,000 at most, hardly ever full
NO_TASTE: Mapping[str, str] = {}


@cache
def _sums(
    name: str, kind: str, season: int, is_wet: bool, drawings: tuple[str, ...] = ()
) -> tuple[tuple[Good, ...], tuple[float, ...]]:
    """Goods with the running sum of how likely each is. drawings: only of these."""
    found = businesses.load(name)
    habit = found.kinds.get(kind)
    goods = tuple(
        one for one in found.goods if not drawings or one.attributes["drawing"] in drawings
    )
    total, sums = 0.0, []
    for good in goods:
        weight = good.weight * good.seasons[season] * (good.rain if is_wet else 1.0)
        if habit is not None and good.attributes["drawing"] in habit.likes:
            weight *= 4
        elif habit is not None and habit.furnishes:
            weight = weight * 0.4 + good.at_home
        elif good.is_large and (habit is None or habit.avoids_large):
            weight *= 0.5
        total += weight
        sums.append(total)
    return goods, tuple(sums)


def wish(
    found: Business, rng: random.Random, kind: str, day: date, *, is_wet: bool = False,
    tastes: Mapping[str, str] = NO_TASTE,
) -> Good:  # fmt: skip
    """One thing that somebody of a kind may want on a day; mostly to her taste."""
    goods, sums = _sums(found.business_id, kind, calendar.season(day), is_wet)
    return _chosen(rng, goods, sums, tastes)


def suits(good: Good, tastes: Mapping[str, str]) -> bool:
    """Whether nothing about it is otherwise than somebody likes it."""
    return all(good.attributes.get(name, liked) == liked for name, liked in tastes.items())


def _chosen(
    rng: random.Random, goods: tuple[Good, ...], sums: tuple[float, ...], tastes: Mapping[str, str]
) -> Good:
    good = rng.choices(goods, cum_weights=sums)[0]
    for _ in range(_TRIES if tastes else 0):
        if suits(good, tastes):
            return good
        if rng.random() < _TAKES_ANOTHER:
            return good
        good = rng.choices(goods, cum_weights=sums)[0]
    return good


def _beside(
    found: Business, rng: random.Random, last: Good, kind: str, day: date,
    tastes: Mapping[str, str],
) -> Good | None:  # fmt: skip
    """Something that goes with another: of its colour and size where there is such a thing."""
    drawings = found.together.get(last.attributes["drawing"])
    if not drawings:
        return None
    goods, sums = _sums(found.business_id, kind, calendar.season(day), False, tuple(drawings))
    if not sums or not sums[-1]:
        return None
    alike: dict[str, str] = {
        name: last.attributes[name] for name in ("colour", "size") if name in last.attributes
    }
    return _chosen(rng, goods, sums, {**tastes, **alike})


def basket(
    found: Business, rng: random.Random, room: Stockroom, kind: str, day: date, place: str, *,
    is_wet: bool = False, wanted: tuple[str, ...] = (), tastes: Mapping[str, str] = NO_TASTE,
    is_whole: bool = False,
) -> tuple[Line, ...]:  # fmt: skip
    """What is bought at a place, taken from its stock; () when nothing wanted was there.

    wanted: what she came for, before anything else. is_whole: at the price of the list.
    """
    habit = found.kinds.get(kind)
    shares = habit.lines if habit is not None else found.stranger_lines
    count = 1 + rng.choices(range(5), shares)[0]
    units: dict[str, int] = {}
    last: Good | None = None
    for number in range(max(count, len(wanted))):
        good = found.by_sku[wanted[number]] if number < len(wanted) else None
        if good is None and last is not None and rng.random() < _BESIDE:
            good = _beside(found, rng, last, kind, day, tastes)
        if good is None:
            good = wish(found, rng, kind, day, is_wet=is_wet, tastes=tastes)
        if not good.weight:  # the last two of it belong to a story
            continue
        if good.sku not in units and (qty := _taken(rng, room, good, place, day)):
            units[good.sku] = qty
            last = good
    off = None if is_whole or not found.has_sales else calendar.sale_on(day)
    taken = ((found.by_sku[sku], qty) for sku, qty in units.items())
    return tuple(_line(rng, good, qty, off[1] if off else 0.0) for good, qty in taken)


def _taken(rng: random.Random, room: Stockroom, good: Good, place: str, day: date) -> int:
    """How many of a thing she takes of those that lie there; 0 is noted as missed."""
    qty = _quantity(rng, good)
    if room.take(good.sku, place, qty):
        return qty
    if qty > 1 and room.take(good.sku, place, 1):
        return 1
    room.lost.append((day, good.sku, place))
    return 0


def _quantity(rng: random.Random, good: Good) -> int:
    if good.is_large:
        return 1
    if good.attributes["drawing"] in _SETS:
        return rng.choices((1, 2, 3, 4, 5), (42, 36, 4, 12, 6))[0]
    if good.attributes["drawing"] == "curtain":
        return rng.choices((1, 2), (15, 85))[0]
    if good.attributes["drawing"] == "chair":
        return rng.choices((1, 2, 4), (62, 32, 6))[0]
    return rng.choices((1, 2, 3), (82, 15, 3))[0]


def _line(rng: random.Random, good: Good, qty: int, off: float) -> Line:
    whole = good.price * qty
    discount = int(whole * off) if off and rng.random() < _SHARE_ON_SALE else 0
    return Line(good.sku, qty, whole - discount, discount)


def tender(rng: random.Random, total: int) -> str:
    """How it was paid; large sums rarely in cash, and what is on a transport card is not much."""
    if total > 60_000:
        return rng.choices(TENDERS, (84, 4, 12, 0))[0]
    if total > _IC_MAX:
        return rng.choices(TENDERS, (66, 16, 18, 0))[0]
    return rng.choices(TENDERS, _TENDER_SHARES)[0]
