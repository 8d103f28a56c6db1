"""What somebody puts in a basket, and what of it the place has."""

from __future__ import annotations

import random
from datetime import date
from functools import cache

from setten.demo.chain import calendar, catalogue
from setten.demo.chain.model import Good, Line
from setten.demo.chain.stockroom import Stockroom

_TABLEWARE = frozenset(("bowl", "plate", "mug", "cup", "glass", "cutlery", "kettle", "pot", "tray"))
_GIFTS = frozenset(
    ("mug", "towel", "candle", "bottle", "soap", "glass", "vase", "apron", "blanket")
)
_SETS = frozenset(("bowl", "plate", "mug", "cup", "glass", "cutlery"))
_LIKED = {"tableware": _TABLEWARE, "gift": _GIFTS}
# How many lines a basket has: one, two … five, of a hundred.
_LINES = {
    "everyday": (52, 27, 13, 6, 2),
    "tableware": (38, 30, 18, 9, 5),
    "new_home": (26, 26, 22, 15, 11),
    "gift": (70, 22, 8, 0, 0),
    "bargain": (40, 30, 17, 9, 4),
    "looker": (78, 17, 5, 0, 0),
    "stranger": (62, 23, 10, 4, 1),
}
_SHARE_ON_SALE = 0.45  # of the lines of a sale's day carry its tag
TENDERS, _TENDER_SHARES = ("card", "cash", "qr", "ic"), (52, 22, 19, 7)


@cache
def _sums(kind: str, season: int, is_wet: bool) -> tuple[tuple[Good, ...], tuple[float, ...]]:
    """Goods with the running sum of how likely each is."""
    total, sums = 0.0, []
    for good in catalogue.goods():
        weight = good.weight * good.seasons[season] * (good.rain if is_wet else 1.0)
        drawing = good.attributes["drawing"]
        if drawing in _LIKED.get(kind, ()):
            weight *= 4
        elif kind == "new_home":
            weight = weight * 0.4 + good.at_home
        elif kind in ("everyday", "stranger") and good.is_large:
            weight *= 0.5
        total += weight
        sums.append(total)
    return catalogue.goods(), tuple(sums)


def wish(rng: random.Random, kind: str, day: date, *, is_wet: bool = False) -> Good:
    """One thing that somebody of a kind may want on a day."""
    goods, sums = _sums(kind, calendar.season(day), is_wet)
    return rng.choices(goods, cum_weights=sums)[0]


def basket(
    rng: random.Random,
    room: Stockroom,
    kind: str,
    day: date,
    place: str,
    *,
    is_wet: bool = False,
    wanted: tuple[str, ...] = (),
) -> tuple[Line, ...]:
    """What is bought at a place, taken from its stock; () when nothing wanted was there.

    wanted: what she came for, before anything else.
    """
    count = 1 + rng.choices(range(5), _LINES[kind])[0]
    units: dict[str, int] = {}
    goods = catalogue.by_sku()
    for number in range(max(count, len(wanted))):
        good = (
            goods[wanted[number]] if number < len(wanted) else wish(rng, kind, day, is_wet=is_wet)
        )
        qty = _quantity(rng, good)
        if good.sku in units:
            continue
        if not room.take(good.sku, place, qty):
            if qty > 1 and room.take(good.sku, place, 1):
                units[good.sku] = 1
            else:
                room.lost.append((day, good.sku, place))
            continue
        units[good.sku] = qty
    off = calendar.sale_on(day)
    return tuple(_line(rng, goods[sku], qty, off[1] if off else 0.0) for sku, qty in units.items())


def _quantity(rng: random.Random, good: Good) -> int:
    if good.is_large:
        return 1
    if good.attributes["drawing"] in _SETS:
        return rng.choices((1, 2, 3, 4, 5), (42, 36, 4, 12, 6))[0]
    if good.attributes["drawing"] == "curtain":
        return rng.choices((1, 2), (15, 85))[0]
    if good.attributes["drawing"] == "chair":
        return rng.choices((1, 2, 4), (50, 38, 12))[0]
    return rng.choices((1, 2, 3), (82, 15, 3))[0]


def _line(rng: random.Random, good: Good, qty: int, off: float) -> Line:
    whole = good.price * qty
    discount = int(whole * off) if off and rng.random() < _SHARE_ON_SALE else 0
    return Line(good.sku, qty, whole - discount, discount)


def tender(rng: random.Random, total: int) -> str:
    """How it was paid; large sums rarely in cash."""
    if total > 60_000:
        return rng.choices(TENDERS, (84, 4, 12, 0))[0]
    return rng.choices(TENDERS, _TENDER_SHARES)[0]
