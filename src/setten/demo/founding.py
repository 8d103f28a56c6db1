"""The first day of a business in an empty installation: places, goods, colleagues, sources."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

from setten.customers import homes
from setten.demo import delivering, seeding, sources, world
from setten.demo.chain import Business, Good, calendar, people
from setten.demo.chain.catalogue import ONLINE, WAREHOUSE
from setten.platform import auth, db
from setten.platform.db import Connection, Pool
from setten.platform.vault import Vault
from setten.stock import catalog, ledger, locations
from setten.stock.catalog import Item
from setten.stock.locations import Location

_SHELF_LETTERS, _SHELVES_A_LETTER = "FGHJKLMNPQ", 14


async def found(
    pool: Pool, vault: Vault, business: Business, begin: date, *, seed: str, locale: str
) -> bool:
    """Make all that is there before the first door opens; False where somebody is already.

    locale: of the names of staff and of sources.
    """
    at = calendar.clock(begin, "00:00")
    await homes.put_postcodes(pool, homes.read_postcodes(_postcodes(business))[0])
    async with db.transaction(pool) as conn:
        if await locations.list_all(conn):
            return False
        await vault.prove(conn)
        refused = await locations.put(conn, places(business), now=at)
        refused += await catalog.put(conn, [_item(one) for one in business.goods], now=at)
        assert not refused, refused
        if business.sends:
            await delivering.seed(conn, now=at)
        await _staff(conn, business, seed, locale, at)
        told = {key: one for key, one in sources.WHOLE.items() if key != "chat" or business.is_home}
        await sources.make(conn, told, locale=locale, now=at)  # only people of home write in a chat
        await ledger.put_shelves(conn, list(_shelves(business)))
    return True


async def _staff(
    conn: Connection, business: Business, seed: str, locale: str, at: datetime
) -> None:
    """Those of the first look, who work in the first two shops, and three in every shop."""
    first, second = (shop.location_id for shop in business.shops[:2])
    where = {"kichijoji": first, "yokohama": second}
    await seeding.staff(conn, at, where, locale)
    for login, name, role, shop in people.colleagues(business, seed, locale):
        await auth.create_staff(
            conn, login=login, name=name, role=role, locations=(shop,), locale=locale, now=at
        )


def places(business: Business) -> list[Location]:
    """Shops with their hours, the warehouse, the online shop."""
    known = {place.location_id: place for place in world.load().locations}
    told = {WAREHOUSE: business.warehouse, ONLINE: business.online}
    found = [seeding.location(known[one]) for one in known if business.is_home]
    for place, (name_ja, name_en) in told.items():
        if not business.is_home:
            found.append(Location(location_id=place, name_ja=name_ja, name_en=name_en, kind=place))
    for shop in business.shops:
        if business.is_home and shop.location_id in known:
            continue
        week = {day: [list(shop.weekday)] for day in world.WEEKDAYS[:5]}
        week |= {day: [list(shop.weekend)] for day in world.WEEKDAYS[5:]}
        found.append(
            Location(
                location_id=shop.location_id, name_ja=shop.name_ja, name_en=shop.name_en,
                kind="shop", lat=shop.lat, lon=shop.lon, hours=week,
            )
        )  # fmt: skip
    return found


def _postcodes(business: Business) -> list[str]:
    lines = seeding.POSTCODES.splitlines()
    towns = {town.postcode: town for some in business.towns.values() for town in some}
    return lines + [f"{one.postcode},{one.lat},{one.lon}" for one in towns.values()]


def _item(good: Good) -> Item:
    return Item(
        sku=good.sku, name_ja=good.name_ja, name_en=good.name_en, gtin_written=good.gtin or None,
        product_id=good.product_id, attributes=dict(good.attributes),
        price_minor=good.price or None, currency="JPY" if good.price else None,
        tax_rate=Decimal("0.10"),
    )  # fmt: skip


def _shelves(business: Business) -> Iterator[tuple[str, str, None, str]]:
    """Where things lie: goods of one family together, alike in every shop."""
    small = {one.sku: one.shelf for one in world.load().items} if business.is_home else {}
    families = list(dict.fromkeys(good.product_id for good in business.goods))
    for good in business.goods:
        number = families.index(good.product_id)
        letter = _SHELF_LETTERS[number // _SHELVES_A_LETTER]
        shelf = small.get(good.sku) or f"{letter}-{number % _SHELVES_A_LETTER + 1}"
        for shop in business.shops:
            yield good.sku, shop.location_id, None, shelf
