"""Stock over JSON: goods, places, shelves, movements, balances and the ledger behind them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

import msgspec
from litestar import Response, Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter, RawBody

from setten.api import availability as availability_api
from setten.api import guard, idempotency
from setten.api.availability import Skus, clean
from setten.api.state import Deps
from setten.platform import clock, db
from setten.platform.auth import Actor
from setten.platform.db import Connection
from setten.stock import catalog, ledger, locations, movements, sets
from setten.stock.catalog import Item
from setten.stock.ledger import Balance, Posted
from setten.stock.locations import Location
from setten.stock.movements import MOVEMENTS_MAX, Movement
from setten.stock.refusals import Refused
from setten.stock.sets import Set

PAGE_MAX = 200


# Openings of one day: ["10:00", "20:00"], and so on. `stock.hours` says what they may be.
_Spans = list[list[str]]


class Name(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A name in both languages; English falls back on Japanese."""

    ja: str
    en: str = ""


class ItemIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One item. price in minor units of currency; tax_rate 0.1 is ten percent."""

    sku: str
    name: str | Name
    gtin: str | None = None
    product_id: str | None = None
    price: int | None = None
    currency: str = "JPY"
    tax_rate: float | None = None
    tax_included: bool = True
    attributes: dict[str, str | int | float | bool] = {}


class ItemsIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Items to make or change."""

    items: Annotated[list[ItemIn], msgspec.Meta(max_length=catalog.ITEMS_MAX)]


class SetIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sku that is sold as other skus together. parts: units of each; empty: a set no more."""

    sku: Annotated[str, msgspec.Meta(min_length=1, max_length=catalog.SKU_LENGTH_MAX)]
    parts: Annotated[dict[str, int], msgspec.Meta(max_length=sets.PARTS_MAX)]


class SetsIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sets to make or change."""

    sets: Annotated[list[SetIn], msgspec.Meta(max_length=sets.SETS_MAX)]


class LocationIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One place. hours by weekday: {"mon": [["10:00", "20:00"]], …, "days": {"2026-12-31": []}}."""

    location_id: str
    name: str | Name
    kind: str = "shop"
    lat: float | None = None
    lon: float | None = None
    timezone: str = "Asia/Tokyo"
    hours: dict[str, _Spans | dict[str, _Spans]] = {}


class LocationsIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Places to make or change."""

    locations: Annotated[list[LocationIn], msgspec.Meta(max_length=locations.LOCATIONS_MAX)]


class ShelfIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a sku lies in a place, and how many units are kept back from promises: as safety, or
    because they are on display (sold by the shop itself alone)."""

    sku: str
    location_id: str
    # gt, not ge: the writer of the OpenAPI description forgets a bound of 0
    safety: Annotated[int, msgspec.Meta(gt=-1, le=1_000_000)] | None = None
    display: Annotated[int, msgspec.Meta(gt=-1, le=1_000_000)] | None = None
    shelf: Annotated[str, msgspec.Meta(max_length=100)] | None = None


class ShelvesIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Shelves to set."""

    shelves: Annotated[list[ShelfIn], msgspec.Meta(max_length=MOVEMENTS_MAX)]


class MovementsIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Movements, in the order they happened."""

    movements: Annotated[list[Movement], msgspec.Meta(min_length=1, max_length=MOVEMENTS_MAX)]


class Written(msgspec.Struct, frozen=True):
    """How many rows were kept, and which were refused, by index."""

    written: int
    refused: list[Refused]


class ItemsBody(msgspec.Struct, frozen=True):
    """Items by sku; `next_cursor` asks for more."""

    items: list[Item]
    next_cursor: str | None


class LocationsBody(msgspec.Struct, frozen=True):
    """All places."""

    items: list[Location]


class BalancesBody(msgspec.Struct, frozen=True):
    """Rows of stock. Physically there: on_hand + held."""

    items: list[Balance]


class EntriesBody(msgspec.Struct, frozen=True):
    """Ledger entries of a row, newest first."""

    items: list[Posted]
    next_cursor: int | None


def router() -> Router:
    """The routes of this domain, under /api/v1/stock."""
    return Router(
        path="/api/v1/stock",
        route_handlers=[
            put_items, put_sets, list_items, put_locations, list_locations, put_shelves,
            post_movements, availability_api.get_availability, availability_api.ask_availability,
            get_balances, get_ledger,
        ],
        dependencies={"actor": guard.provide_actor, "caller": guard.provide_caller},
        tags=["stock"],
    )  # fmt: skip


def _names(name: str | Name) -> tuple[str, str]:
    return (name, name) if isinstance(name, str) else (name.ja, name.en or name.ja)


def _item(one: ItemIn) -> Item:
    ja, en = _names(one.name)
    return Item(
        sku=one.sku,
        name_ja=ja,
        name_en=en,
        gtin_written=one.gtin or None,
        product_id=one.product_id,
        attributes=one.attributes,
        price_minor=one.price,
        currency=None if one.price is None else one.currency.upper(),
        tax_rate=None if one.tax_rate is None else Decimal(str(one.tax_rate)),
        tax_included=one.tax_included,
    )


def _location(one: LocationIn) -> Location:
    ja, en = _names(one.name)
    return Location(
        location_id=one.location_id,
        name_ja=ja,
        name_en=en,
        kind=one.kind,
        lat=one.lat,
        lon=one.lon,
        timezone=one.timezone,
        hours=one.hours,
    )


@put("/items", guards=[guard.allow("server")])
async def put_items(data: JSONBody[ItemsIn], deps: NamedDependency[Deps]) -> Written:
    """Make or change items by sku."""
    async with db.transaction(deps.pool) as conn:
        refused = await catalog.put(conn, [_item(one) for one in data.items], now=clock.now())
    return Written(len(data.items) - len(refused), refused)


@put("/sets", guards=[guard.allow("server")])
async def put_sets(data: JSONBody[SetsIn], deps: NamedDependency[Deps]) -> Written:
    """Say which skus are sets of which. Items of all of them are there already."""
    asked = [Set(sku=one.sku, parts=dict(one.parts)) for one in data.sets]
    async with db.transaction(deps.pool) as conn:
        named = {one.sku for one in asked} | {part for one in asked for part in one.parts}
        known = await catalog.known(conn, sorted(sku for sku in named if "\x00" not in sku))
        refused = await sets.put(conn, asked, known=known, now=clock.now())
    return Written(len(asked) - len(refused), refused)


@put("/locations", guards=[guard.allow("server")])
async def put_locations(data: JSONBody[LocationsIn], deps: NamedDependency[Deps]) -> Written:
    """Make or change places by location_id."""
    places = [_location(one) for one in data.locations]
    async with db.transaction(deps.pool) as conn:
        refused = await locations.put(conn, places, now=clock.now())
    return Written(len(places) - len(refused), refused)


@put("/shelves", guards=[guard.allow("server")])
async def put_shelves(data: JSONBody[ShelvesIn], deps: NamedDependency[Deps]) -> Written:
    """Say where goods lie in a place, and how many are kept back from promises."""
    async with db.transaction(deps.pool) as conn:
        refused = await _unknown_rows(conn, data.shelves)
        bad = {one.index for one in refused}
        rows = {
            (s.sku, s.location_id): (s.sku, s.location_id, s.safety, s.shelf)
            for index, s in enumerate(data.shelves)
            if index not in bad
        }
        on_show = {
            (s.sku, s.location_id): s.display
            for index, s in enumerate(data.shelves)
            if index not in bad and s.display is not None
        }
        await ledger.put_shelves(conn, list(rows.values()), displays=on_show, now=clock.now())
    return Written(len(data.shelves) - len(refused), refused)


async def _unknown_rows(conn: Connection, shelves: list[ShelfIn]) -> list[Refused]:
    skus = await catalog.known(conn, [s.sku for s in shelves if "\x00" not in s.sku])
    places = await locations.known(
        conn, [s.location_id for s in shelves if "\x00" not in s.location_id]
    )
    return [
        Refused(
            index=index,
            key=f"{s.sku[:100]}@{s.location_id[:100]}",
            reason="unknown_item" if s.sku not in skus else "unknown_location",
        )
        for index, s in enumerate(shelves)
        if s.sku not in skus or s.location_id not in places
    ]


@post("/movements", status_code=200, guards=[guard.allow("server")])
async def post_movements(
    data: JSONBody[MovementsIn],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[movements.Booked]:
    """Book movements, in order; those that cannot be true are refused by index."""
    claim = idempotency.claim_for(actor, "movements", key, body)

    async def work(conn: Connection) -> tuple[int, Any, str | None]:
        booked = await movements.book(conn, data.movements, by=actor.label, now=clock.now())
        return 200, booked, booked.event_id

    return await idempotency.once(deps.pool, claim, work)


@get("/items", guards=[guard.allow("server", "agent", "public")])
async def list_items(
    deps: NamedDependency[Deps],
    q: Annotated[str, QueryParameter(max_length=100)] = "",
    cursor: Annotated[str, QueryParameter(max_length=catalog.SKU_LENGTH_MAX)] = "",
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)] = 50,
) -> ItemsBody:
    """Items whose sku, GTIN, product or name has `q`, by sku."""
    async with deps.pool.acquire() as conn:
        found = await catalog.search(conn, clean(q), after=clean(cursor), limit=limit)
    return ItemsBody(found, found[-1].sku if len(found) == limit else None)


@get("/locations", guards=[guard.allow("server", "agent", "public")])
async def list_locations(deps: NamedDependency[Deps]) -> LocationsBody:
    """All places."""
    async with deps.pool.acquire() as conn:
        return LocationsBody(await locations.list_all(conn))


@get("/balances", guards=[guard.allow("server")])
async def get_balances(deps: NamedDependency[Deps], sku: Skus) -> BalancesBody:
    """Every account of these skus, at every place that ever had them."""
    async with deps.pool.acquire() as conn:
        return BalancesBody(await ledger.balances_of(conn, [clean(one) for one in sku]))


@get("/ledger", guards=[guard.allow("server")])
async def get_ledger(
    deps: NamedDependency[Deps],
    sku: Annotated[str, QueryParameter(max_length=catalog.SKU_LENGTH_MAX)],
    location_id: Annotated[str, QueryParameter(max_length=locations.LOCATION_ID_LENGTH_MAX)],
    cursor: Annotated[int | None, QueryParameter(ge=1, le=2**62)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)] = 50,
) -> EntriesBody:
    """The entries behind one row of stock, newest first."""
    async with deps.pool.acquire() as conn:
        found = await ledger.entries_of(
            conn, (clean(sku), clean(location_id)), before=cursor, limit=limit
        )
    return EntriesBody(found, found[-1].entry_id if len(found) == limit else None)
