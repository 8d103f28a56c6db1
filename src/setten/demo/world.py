"""The small demo shop as data: places, goods, people and what they did, from two TOML files."""

from __future__ import annotations

import tomllib
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

JAPAN = ZoneInfo("Asia/Tokyo")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SHELVES_AT = ("kichijoji", "yokohama")


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A place of the demo."""

    location_id: str
    name_ja: str
    name_en: str
    kind: str
    lat: float | None = None
    lon: float | None = None
    opens: str | None = None
    closes: str | None = None

    @property
    def hours(self) -> dict[str, Any]:
        """Opening hours as `stock.hours` writes them; the same every day."""
        if not self.opens or not self.closes:
            return {}
        return {day: [[self.opens, self.closes]] for day in WEEKDAYS}


class Goods(msgspec.Struct, frozen=True, kw_only=True):
    """A thing the demo sells. price_minor in yen, tax included."""

    sku: str
    gtin: str
    name_ja: str
    name_en: str
    product_id: str
    attributes: dict[str, str]
    price_minor: int
    shelf: str
    stock: dict[str, int]


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A person of the demo. deeds: (when, where, what, about what)."""

    key: str
    cookies: list[str]
    deeds: list[tuple[str, str, str, str]]
    name: str | None = None
    kana: str | None = None
    email: str | None = None
    phone: str | None = None
    loyalty_card: str | None = None
    line_id: str | None = None
    user_id: str | None = None
    postal_code: str | None = None


class World(msgspec.Struct, frozen=True):
    """Everything there is in the demo."""

    locations: list[Place]
    items: list[Goods]
    people: list[Person]

    def goods(self, sku: str) -> Goods:
        """One thing by sku."""
        return next(item for item in self.items if item.sku == sku)


@cache
def load() -> World:
    """The demo's world, read once."""
    here = Path(__file__).parent
    shop = tomllib.loads((here / "shop.toml").read_text(encoding="utf-8"))
    people = tomllib.loads((here / "people.toml").read_text(encoding="utf-8"))
    return msgspec.convert({**shop, **people}, World)


def moment(when: str, now: datetime) -> datetime:
    """`-3d 21:14` as the moment three days before `now` at that time in Japan."""
    back, clock = when.split()
    hour, minute = clock.split(":")
    day = now.astimezone(JAPAN) - timedelta(days=int(back[1:-1]))
    return day.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)


def counted(text: str) -> list[tuple[str, int]]:
    """`MUG-WHT:4 KETTLE-IRON:1` as pairs of sku and quantity."""
    pairs = (word.split(":") for word in text.split())
    return [(pair[0], int(pair[1])) for pair in pairs]
