"""Places, goods, and what lies where, with the ledger that proves it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from itertools import islice, product

import msgspec

from setten.demo import delivering, seeding, world
from setten.demo.chain import Good, catalogue
from setten.demo.large.sizes import PLACES, Size
from setten.platform import db
from setten.platform.auth.model import SYSTEM
from setten.platform.db import Connection
from setten.stock import locations
from setten.stock.locations import Location

Q = db.load(__file__)
TABLES = ("stock.items", "stock.balances", "stock.ledger")
_NAMES = uuid.UUID("5e77e000-0000-4000-8000-000000000003")
_ITEMS_AT_ONCE = 20_000
_EVERYWHERE_AT_ONCE, _SOMEWHERE_AT_ONCE = 400, 20_000  # goods of one statement
_KINDS = (("駅前店", "station front"), ("本町店", "Honmachi"), ("南口店", "south gate"),
          ("中央店", "Chuo"), ("東店", "east"), ("西店", "west"), ("北店", "north"),
          ("港店", "harbour"), ("公園前店", "park"), ("大通店", "Odori"), ("坂下店", "Sakashita"),
          ("新町店", "Shinmachi"))  # fmt: skip
Progress = Callable[[int, int], None]
_COLUMNS = ("sku", "name_ja", "name_en", "gtin", "gtin_written", "product_id", "price_minor",
            "currency", "tax_rate", "updated_at")  # fmt: skip


def places() -> list[Location]:
    """The shops of the chain, its warehouse and its online shop, and more shops around them."""
    found = [seeding.location(one) for one in world.load().locations]
    met = {one.location_id for one in found}
    week = {day: [["10:00", "20:00"]] for day in world.WEEKDAYS}
    for shop in catalogue.shops():
        if shop.location_id not in met:
            found.append(_shop(shop.location_id, shop.name_ja, shop.name_en, shop.lat, shop.lon))
    more = (
        _shop(f"{shop.location_id}-{number:02d}",
              f"{shop.name_ja.removesuffix('店')} {ja}{_again(turn)}",
              f"{shop.name_en} {en}{_again(turn)}", *_near(shop.lat, shop.lon, number))
        for number, ((ja, en), turn, shop) in enumerate(
            product(_KINDS, range(4), catalogue.shops()), start=1)
    )  # fmt: skip
    found += islice(more, PLACES - len(found))
    return [
        one if one.hours or one.kind != "shop" else msgspec.structs.replace(one, hours=week)
        for one in found
    ]


def _again(turn: int) -> str:
    """The second of a name is told apart by its number."""
    return f" {turn + 1}" if turn else ""


def _shop(location_id: str, ja: str, en: str, lat: float, lon: float) -> Location:
    return Location(location_id=location_id, name_ja=ja, name_en=en, kind="shop", lat=lat, lon=lon)


def _near(lat: float, lon: float, number: int) -> tuple[float, float]:
    """Some kilometres away, further out the later it was opened."""
    far = 0.02 + number / 2_000
    return round(lat + far * (number % 7 - 3) / 3, 4), round(lon + far * (number % 5 - 2) / 2, 4)


async def lay_down(conn: Connection, size: Size, at: datetime, progress: Progress) -> None:
    """Fill the tables, which have no indexes meanwhile."""
    await Q.clear.run(conn)
    told = places()
    async with conn.transaction():
        refused = await locations.put(conn, told, now=at)
        assert not refused, refused
        await delivering.seed(conn, now=at)
    ids = [one.location_id for one in told]
    counts = [uuid.uuid5(_NAMES, one) for one in ids]
    await Q.opening_counts.run(conn, count_ids=counts, location_ids=ids, at=at, by=SYSTEM.label)
    rows = items(size, at)
    while some := list(islice(rows, _ITEMS_AT_ONCE)):
        await conn.copy_records_to_table(
            "items", schema_name="stock", columns=_COLUMNS, records=some, timeout=None
        )
    done = 0
    for first, last, each in _pieces(size):
        await Q.balances.run(
            conn, first=first, last=last, places_each=each, places=len(ids), location_ids=ids
        )
        done += (last - first + 1) * each
        progress(done, 2 * size.balances)
    await Q.entries.run(conn, at=at, count_ids=counts, location_ids=ids)
    progress(2 * size.balances, 2 * size.balances)


def _pieces(size: Size) -> Iterator[tuple[int, int, int]]:
    """Goods that are laid down together: (first, last, in how many places each lies)."""
    for first in range(1, size.everywhere + 1, _EVERYWHERE_AT_ONCE):
        yield first, min(size.everywhere, first + _EVERYWHERE_AT_ONCE - 1), PLACES
    for first in range(size.everywhere + 1, size.goods + 1, _SOMEWHERE_AT_ONCE):
        yield first, min(size.goods, first + _SOMEWHERE_AT_ONCE - 1), 20


def items(size: Size, at: datetime) -> Iterator[tuple[object, ...]]:
    """Goods as rows: what the chain sells, in as many editions as it takes."""
    for number in range(1, size.goods + 1):
        like, edition = _like(number)
        gtin = _gtin(number)
        yield (
            sku_of(number), name_of(number), f"{like.name_en} {edition:04d}",
            f"0{gtin}", gtin, product_of(number),
            price_of(number), "JPY", Decimal("0.10"), at,
        )  # fmt: skip


def _like(number: int) -> tuple[Good, int]:
    """What of the chain's these goods are an edition of, and which."""
    known = catalogue.goods()
    return known[number * 7 % len(known)], number // len(known) + 1


def name_of(number: int) -> str:
    """The name of the goods of a number."""
    like, edition = _like(number)
    return f"{like.name_ja} {edition:04d}"


def product_of(number: int) -> str:
    """The product that they are a variant of."""
    like, edition = _like(number)
    return f"{like.product_id}-{edition:04d}"


def sku_of(number: int) -> str:
    """The sku of the goods of a number."""
    return f"L{number:07d}"


def price_of(number: int) -> int:
    """Their price in yen, tax included."""
    return 380 + number * 7919 % 490 * 20


def _gtin(number: int) -> str:
    """A number of the range that is for a business's own use, so of nobody else's goods."""
    digits = f"29{number:010d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-total % 10}"
