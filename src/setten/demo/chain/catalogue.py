"""The goods of the chain: those of the small shop, and each family in its colours and sizes."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from setten.demo import world
from setten.demo.chain.chance import dice
from setten.demo.chain.model import Good, Shop, Town

WAREHOUSE, ONLINE = "warehouse", "online"
# A company prefix nobody may print on goods sold elsewhere; the small shop has the first hundred.
_PREFIX, _FIRST = "4569999", 101
_NOT_SOLD_BY_CHANCE = frozenset({"SOFA-V2-GRN"})  # the last two of it belong to a story
_CHEAP = 3_000  # yen: what is dearer is chosen less often
_SEASONS = (1.0, 1.0, 1.0, 1.0)


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """Goods that differ by colour and size alone.

    colour_is: the attribute that its colours stand for. service: nothing that has a barcode.
    """

    id: str
    ja: str
    en: str
    drawing: str
    price: int
    weight: float
    sizes: str | None = None
    colours: str | None = None
    large: bool = False
    colour_is: str = "colour"
    daily: bool = False
    service: bool = False
    at_home: float = 0.0
    rain: float = 1.0
    seasons: tuple[float, float, float, float] = _SEASONS


def read(name: str) -> dict[str, Any]:
    """One of the files beside this one."""
    return tomllib.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))


@cache
def shops() -> tuple[Shop, ...]:
    """All shops: the two of the small shop first."""
    told = [msgspec.convert(one, Shop) for one in read("places.toml")["shops"]]
    return (*_first_shops(), *told)


def _first_shops() -> Iterator[Shop]:
    trades = {"kichijoji": 1.0, "yokohama": 1.2}
    for place in world.load().locations:
        if place.kind == "shop":
            clocks = (str(place.opens), str(place.closes))
            yield Shop(
                location_id=place.location_id,
                name_ja=place.name_ja,
                name_en=place.name_en,
                lat=place.lat or 0.0,
                lon=place.lon or 0.0,
                weekday=clocks,
                weekend=clocks,
                region="kanto",
                trade=trades[place.location_id],
            )


@cache
def towns() -> dict[str, tuple[Town, ...]]:
    """Where the customers of each shop live."""
    return msgspec.convert(read("places.toml")["towns"], dict[str, tuple[Town, ...]])


@cache
def goods() -> tuple[Good, ...]:
    """Everything the chain sells, four hundred things."""
    return (*map(_of_small_shop, world.load().items), *made(read("goods.toml")))


def made(told: dict[str, Any]) -> tuple[Good, ...]:
    """The goods of families, each in its sizes and colours, numbered in the order of the file."""
    families = msgspec.convert(told["families"], list[Family])
    variants = [variant for family in families for variant in _variants(family, told)]
    return tuple(_good(number, *one) for number, one in enumerate(variants, start=_FIRST))


@cache
def by_sku() -> dict[str, Good]:
    """Everything the chain sells, by sku."""
    return {good.sku: good for good in goods()}


def _of_small_shop(one: world.Goods) -> Good:
    is_large = one.attributes.get("delivery_class") == "large"
    return Good(
        sku=one.sku,
        gtin=one.gtin,
        product_id=one.product_id,
        name_ja=one.name_ja,
        name_en=one.name_en,
        attributes=one.attributes,
        price=one.price_minor,
        weight=_small_weight(one, is_large=is_large),
        is_large=is_large,
        at_home=2.0 if is_large else 0.0,
        seasons=_SEASONS,
    )


_Size = tuple[str, str, str, float]
_Colour = tuple[str, str, str]
_Variant = tuple[Family, _Size | None, _Colour | None, float]


def _variants(family: Family, told: dict[str, Any]) -> Iterator[_Variant]:
    sizes = told["sizes"][family.sizes] if family.sizes else [None]
    colours = told["colours"][family.colours] if family.colours else [None]
    # A family with many variants is not chosen more often for that.
    share = 1 / (len(sizes) * len(colours)) ** 0.6
    for size in sizes:
        for rank, colour in enumerate(colours):
            yield family, size, colour, share * (1.3 - 0.15 * rank)


def _good(
    number: int, family: Family, size: _Size | None, colour: _Colour | None, share: float
) -> Good:
    attributes = {"drawing": family.drawing}
    if size:
        attributes |= {"size": size[1], "size_en": size[2]}
    if colour:
        attributes |= {family.colour_is: colour[1], f"{family.colour_is}_en": colour[2]}
    if family.large:
        attributes["delivery_class"] = "large"
    body = f"{_PREFIX}{number:05d}"
    sku = "-".join([family.id, *(part[0] for part in (size, colour) if part)])
    return Good(
        sku=sku,
        gtin="" if family.service else body + check_digit(body),
        product_id=family.id.lower(),
        name_ja=" ".join([family.ja, *(str(part[1]) for part in (size, colour) if part)]),
        name_en=", ".join([family.en, *(str(part[2]) for part in (size, colour) if part)]),
        attributes=attributes,
        price=_price(family.price, size[3] if size else 1.0),
        weight=family.weight * share * _liking(sku),
        is_large=family.large,
        at_home=family.at_home * share,
        seasons=family.seasons,
        rain=family.rain,
        daily=family.daily,
    )


def _small_weight(one: world.Goods, *, is_large: bool) -> float:
    if one.sku in _NOT_SOLD_BY_CHANCE:
        return 0.0
    dear = min(1.0, float((_CHEAP / one.price_minor) ** 0.7))
    return (0.9 if is_large else 1.4) * dear * _liking(one.sku)


def _liking(sku: str) -> float:
    """Some things are loved and their sisters are not, for no reason that anybody knows."""
    return dice("liking", sku).lognormvariate(-0.12, 0.5)


def _price(price: int, factor: float) -> int:
    """A price as shops write it: of a bigger size it ends like that of the first one."""
    if factor == 1.0 or not price:
        return price
    step, under = (1000, 200) if price * factor >= 10_000 else (100, 20)
    return max(step, round(price * factor / step) * step) - under


def check_digit(body: str) -> str:
    """The last digit of a GTIN-13, from the twelve before it."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return str(-total % 10)
