"""A business as data: where it sells, what, to whom, and in which words. One engine lives them all.

`home` is the chain of the demo; the others are smaller worlds in one file each. A business is read
once; a name that no file has is refused.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from setten.demo.chain import catalogue
from setten.demo.chain.model import Good, Shop, Town
from setten.platform.errors import Invalid

HOME = "home"
_FOLDER = Path(__file__).with_name("businesses")


class UnknownBusiness(Invalid):
    """The demo has no such business. facts: business, businesses."""

    code = "unknown_business"


class Habit(msgspec.Struct, frozen=True, kw_only=True):
    """What moves people of a kind.

    share: how many of a hundred. visits: a month. online: share of them on screens. ages: from, to.
    lines: how many lines a basket has, one to five, of a hundred. buys: share of sittings at a
    screen that end in an order. likes: drawings that they want four times as often.
    """

    share: int
    visits: float
    online: float
    ages: tuple[int, int]
    lines: tuple[int, int, int, int, int]
    buys: float = 0.2
    likes: tuple[str, ...] = ()
    furnishes: bool = False
    avoids_large: bool = False
    minds_fee: bool = False
    waits_for_sales: bool = False


class Taste(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody prefers of an attribute of goods. values: written, read in English, share.

    told: whether people say so at the counter, as a trait of theirs.
    """

    values: tuple[tuple[str, str, int], ...]
    told: bool = False
    share: float = 1.0


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """Something that only this business's people do. where: shop or screen. chance: of a visit.

    before: minutes before they pay in a shop.
    """

    name: str
    where: str
    chance: float
    titles: tuple[str, ...]
    before: int = 9


class Business(msgspec.Struct, frozen=True, kw_only=True):
    """All of it. people: those we know. strangers: receipts of a shop on an average day.

    screens: sittings of strangers, talks: people who write or call, holds: things put aside, all a
    day. sends: parcels. has_tills: receipts; without them people are only served.
    """

    business_id: str
    name_ja: str
    name_en: str
    people: int
    strangers: float
    screens: float
    talks: int
    holds: int
    kinds: dict[str, Habit]
    stranger_lines: tuple[int, int, int, int, int]
    shops: tuple[Shop, ...]
    towns: dict[str, tuple[Town, ...]]
    goods: tuple[Good, ...]
    words: dict[str, Any]
    by_sku: dict[str, Good]
    warehouse: tuple[str, str]
    online: tuple[str, str]
    tastes: dict[str, Taste] = {}
    together: dict[str, tuple[str, ...]] = {}
    acts: tuple[Act, ...] = ()
    has_tills: bool = True
    sends: bool = True
    has_sales: bool = True

    def shop(self, location_id: str) -> Shop:
        """One shop."""
        return next(one for one in self.shops if one.location_id == location_id)

    @property
    def places(self) -> tuple[str, ...]:
        """Where is sold from."""
        return (*(shop.location_id for shop in self.shops), catalogue.ONLINE)

    @property
    def is_home(self) -> bool:
        """Whether it is the chain whose first two shops tell the stories of the first look."""
        return self.business_id == HOME


def names() -> tuple[str, ...]:
    """All businesses there are; the chain of the demo first."""
    others = sorted(one.stem for one in _FOLDER.glob("*.toml"))
    return (HOME, *(one for one in others if one != HOME))


@cache
def load(business_id: str = HOME) -> Business:
    """One business. Raises UnknownBusiness."""
    if business_id not in names():
        raise UnknownBusiness(business=business_id[:40], businesses=", ".join(names()))
    told = tomllib.loads((_FOLDER / f"{business_id}.toml").read_text(encoding="utf-8"))
    if business_id == HOME:
        goods, shops, towns = catalogue.goods(), catalogue.shops(), catalogue.towns()
        told["words"] = catalogue.read("words.toml")
    else:
        goods = catalogue.made(told)
        shops = tuple(_shop(name, told) for name in told.pop("shops"))
        towns = {one.location_id: catalogue.towns()[one.location_id] for one in shops}
        told["words"] = {**catalogue.read("words.toml"), **told["words"]}
    return msgspec.convert(
        {
            **told, "business_id": business_id, "goods": goods, "shops": shops, "towns": towns,
            "by_sku": {good.sku: good for good in goods},
        },
        Business,
    )  # fmt: skip


def _shop(name: str, told: dict[str, Any]) -> Shop:
    """A place of the chain's streets with this business in it."""
    street = next(one for one in catalogue.shops() if one.location_id == name)
    name_ja, name_en = told.get("shop_names", {}).get(name, (street.name_ja, street.name_en))
    if word := told.get("shop_word"):
        name_ja, name_en = name_ja.removesuffix("店") + word[0], name_en + word[1]
    return msgspec.structs.replace(
        street, name_ja=name_ja, name_en=name_en, weekday=tuple(told["weekday"]),
        weekend=tuple(told["weekend"]), hours=tuple(map(float, told.get("hours", ()))),
    )  # fmt: skip
