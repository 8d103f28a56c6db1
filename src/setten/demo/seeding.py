"""Filling an empty installation with the demo's world, once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from setten.customers import homes, ingest
from setten.customers.ingest import Buckets, Delivery, Said
from setten.demo import deeds, delivering, sources, tills, world
from setten.demo.world import World
from setten.platform import auth, db
from setten.platform.auth.model import SYSTEM
from setten.platform.db import Connection
from setten.platform.errors import Invalid
from setten.platform.settings import Settings
from setten.platform.vault import Vault
from setten.stock import catalog, ledger, locations, movements
from setten.stock.catalog import Item
from setten.stock.locations import Location
from setten.stock.movements import Movement

SCALES = ("small",)
# (login, name, role, shops): passwords come by link only, so the demo ships none.
STAFF = (
    ("aoi", "中村 あおい", "associate", ("kichijoji",)),
    ("ken", "田島 健", "shop_manager", ("yokohama",)),
    ("rin", "林 凛", "agent", ()),
)
# The same people as an English installation writes them.
_IN_ENGLISH = {"aoi": "Aoi Nakamura", "ken": "Ken Tajima", "rin": "Rin Hayashi"}


AT_HOME: Mapping[str, str] = {"kichijoji": "kichijoji", "yokohama": "yokohama"}
# Where the postal codes of the demo's people are: no table of them is shipped.
POSTCODES = """postcode,lat,lon
180-0003,35.70,139.58
180-0004,35.71,139.58
150-0001,35.67,139.71
220-0012,35.46,139.63
231-0005,35.45,139.64
231-0023,35.44,139.65
"""


class UnknownScale(Invalid):
    """The demo has no such size."""

    code = "unknown_scale"


async def seed(settings: Settings, *, scale: str, now: datetime) -> bool:
    """Fill the database; False when it was filled before. Raises UnknownScale."""
    if scale not in SCALES:
        raise UnknownScale(scale=scale[:40], scales=", ".join(SCALES))
    pool = await db.open_pool(
        str(settings.database_url), size=2, idle_in_transaction_session_timeout=db.UNHURRIED
    )
    try:
        await homes.put_postcodes(pool, homes.read_postcodes(POSTCODES.splitlines())[0])
        async with db.transaction(pool) as conn:
            if await locations.list_all(conn):
                return False
            vault = Vault(settings.key)
            await vault.prove(conn)
            found = world.load()
            await _stock(conn, found, now)
            await delivering.seed(conn, now=now)
            await staff(conn, now)
            keys = await sources.make(conn, sources.SMALL, locale=settings.locale, now=now)
            await people(conn, vault, keys, found, now)
        return True
    finally:
        pool.terminate()


async def _stock(conn: Connection, found: World, now: datetime) -> None:
    places = [location(place) for place in found.locations]
    refused = await locations.put(conn, places, now=now)
    refused += await catalog.put(conn, [_item(goods) for goods in found.items], now=now)
    assert not refused, refused
    booked = await movements.book(
        conn, [_receive(goods.sku, at, qty) for goods in found.items
               for at, qty in goods.stock.items() if qty], by=SYSTEM.label, now=now,
    )  # fmt: skip
    assert not booked.refused, booked.refused
    await ledger.put_shelves(
        conn,
        [(goods.sku, at, None, goods.shelf) for goods in found.items for at in world.SHELVES_AT],
    )


def location(place: world.Place) -> Location:
    """A place of the small shop as the product keeps it."""
    return Location(
        location_id=place.location_id,
        name_ja=place.name_ja,
        name_en=place.name_en,
        kind=place.kind,
        lat=place.lat,
        lon=place.lon,
        hours=place.hours,
    )


def _item(goods: world.Goods) -> Item:
    return Item(
        sku=goods.sku,
        name_ja=goods.name_ja,
        name_en=goods.name_en,
        gtin_written=goods.gtin,
        product_id=goods.product_id,
        attributes=dict(goods.attributes),
        price_minor=goods.price_minor,
        currency="JPY",
        tax_rate=Decimal("0.10"),
    )


def _receive(sku: str, location_id: str, qty: int) -> Movement:
    return Movement(kind="receive", sku=sku, location_id=location_id, qty=qty, ref="demo")


async def staff(
    conn: Connection, now: datetime, where: Mapping[str, str] = AT_HOME, locale: str = "ja"
) -> None:
    """Make the colleagues of the first look. where: their shops; locale: of names and pages."""
    for login, name, role, shops in STAFF:
        await auth.create_staff(
            conn, login=login, name=_IN_ENGLISH[login] if locale == "en" else name, role=role,
            locations=tuple(where[shop] for shop in shops), locale=locale, now=now,
        )  # fmt: skip


async def people(
    conn: Connection, vault: Vault, keys: Mapping[str, str], found: World, now: datetime
) -> None:
    """Tell what the people of the small shop did. keys: write key by source."""
    told = deeds.events(found, now)
    for name in sources.SMALL:
        await _tell(conn, vault, keys[name], told.get(name, []), now)
    await tills.record(conn, vault, found, now=now)


async def _tell(
    conn: Connection, vault: Vault, key: str, events: Sequence[deeds.Event], now: datetime
) -> None:
    if not events:
        return
    delivery = Delivery(
        write_key=key,
        events=tuple(Said(msgspec.json.encode(event)) for event in events),
        received_at=now,
    )
    clock_s = asyncio.get_running_loop().time()
    taken = (
        await ingest.take(conn, vault, [delivery], buckets=Buckets(1), now=now, now_s=clock_s)
    )[0]
    assert isinstance(taken, ingest.Taken), taken
    assert not taken.refused, taken


__all__ = ["SCALES", "UnknownScale", "seed"]
