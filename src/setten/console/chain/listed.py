"""The lists of the chain: its places, its zones, what is kept back or due at a place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal
from uuid import UUID

import msgspec

from setten.console import places
from setten.console.chain import fields
from setten.console.lists import Column, Filter, ListOf, Look, Order, Word
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.stock import allocations, delivery, inbound, ledger, locations
from setten.stock.allocations import Allocation
from setten.stock.delivery import Zone
from setten.stock.inbound import Due
from setten.stock.ledger import Balance
from setten.stock.locations import Location

BY_NAME_MAX = 10_000
"""Places and zones that are put in order in memory: twenty times the largest chain we promise."""


class PlaceFilter(Filter, frozen=True, kw_only=True):
    """Words of a name or an id, and a kind."""

    q: Word = ""
    kind: Literal["", "shop", "warehouse", "online"] = ""


class Place(msgspec.Struct, frozen=True):
    """A place by its name in the reader's language."""

    place: Location
    name: str


async def _places(conn: Connection, look: Look[PlaceFilter, Place]) -> list[Place]:
    every = await locations.list_all(conn)
    return [Place(one, places.name_of(one, look.page.locale)) for one in every[:BY_NAME_MAX]]


def _from_north(place: Location) -> tuple[bool, float]:
    """Shops from north to south, as chains list theirs; then what is no shop."""
    return place.kind != "shop", 90.0 if place.lat is None else -place.lat


def _is_sought(one: Place, asked: PlaceFilter) -> bool:
    """Whether it holds every word of what was typed."""
    place = one.place
    text = f"{place.location_id} {place.name_ja} {place.name_en}".casefold()
    words = fields.plain(asked.q).casefold().split()
    return asked.kind in ("", place.kind) and all(word in text for word in words)


PLACES = ListOf[PlaceFilter, Place](
    name="places",
    audit="places.exported",
    path="/stock/places",
    file="/stock/places.csv",
    right=Right.read_stock,
    filters=PlaceFilter,
    is_whole=True,
    sort="name",
    fetch=_places,
    keeps=_is_sought,
    ident=lambda one: one.place.location_id,
    columns=(
        Column(name="location_id", told=lambda one, _: one.place.location_id),
        Column(
            name="name",
            word="place.name",
            told=lambda one, _: one.name,
            order=Order(lambda one: _from_north(one.place)),
        ),
        Column(
            name="kind",
            word="place.kind",
            style="wide-only",
            told=lambda one, _: one.place.kind,
            order=Order(lambda one: (one.place.kind, one.name)),
        ),
        Column(name="now", word="place.now"),
        Column(name="sends", word="place.sends"),
        Column(name="lat", told=lambda one, _: one.place.lat),
        Column(name="lon", told=lambda one, _: one.place.lon),
    ),
)


class KeptFilter(Filter, frozen=True, kw_only=True):
    """The place."""

    at: Word = ""


async def _aside(conn: Connection, look: Look[KeptFilter, Allocation]) -> list[Allocation]:
    return await allocations.at(
        conn,
        look.asked.at,
        after=None if look.after is None else (look.after[0], look.after[1]),
        limit=look.most,
        last_first=look.falls,
    )


ASIDE = ListOf[KeptFilter, Allocation](
    name="aside",
    audit="aside.exported",
    path="/stock/places/aside",
    file="/stock/places/aside.csv",
    right=Right.read_stock,
    filters=KeptFilter,
    sort="sku",
    fetch=_aside,
    ident=lambda one: f"{one.sku}|{one.channel}",
    at_once=allocations.PAGE_MAX,
    columns=(
        Column(name="id", told=lambda one, _: f"{one.sku}|{one.channel}"),
        Column(
            name="sku",
            word="sheet.sku",
            told=lambda one, _: one.sku,
            order=Order(lambda one: (one.sku, one.channel), (str, str)),
        ),
        Column(name="location_id", told=lambda one, _: one.location_id),
        Column(name="channel", told=lambda one, _: one.channel),
        Column(name="units", told=lambda one, _: one.qty),
        Column(name="until", told=lambda one, _: one.until),
    ),
)


async def _display(conn: Connection, look: Look[KeptFilter, Balance]) -> list[Balance]:
    return await ledger.displayed_at(
        conn,
        look.asked.at,
        after=look.after[0] if look.after else "",
        limit=look.most,
        last_first=look.falls,
    )


DISPLAY = ListOf[KeptFilter, Balance](
    name="display",
    audit="display.exported",
    path="/stock/places/display",
    file="/stock/places/display.csv",
    right=Right.read_stock,
    filters=KeptFilter,
    sort="sku",
    fetch=_display,
    ident=lambda one: one.sku,
    at_once=ledger.ENTRIES_PAGE_MAX - 1,
    columns=(
        Column(
            name="sku",
            word="sheet.sku",
            told=lambda one, _: one.sku,
            order=Order(lambda one: (one.sku,), (str,)),
        ),
        Column(name="location_id", told=lambda one, _: one.location_id),
        Column(name="shelf", told=lambda one, _: one.shelf),
        Column(name="units", told=lambda one, _: one.display),
    ),
)


async def _due(conn: Connection, look: Look[KeptFilter, Due]) -> list[Due]:
    return await inbound.open_at(
        conn,
        look.asked.at,
        after=None if look.after is None else (look.after[0], look.after[1]),
        limit=look.most,
        latest_first=look.falls,
    )


DUE = ListOf[KeptFilter, Due](
    name="due",
    audit="due.exported",
    path="/stock/places/due",
    file="/stock/places/due.csv",
    right=Right.read_stock,
    filters=KeptFilter,
    sort="due_on",
    fetch=_due,
    ident=lambda one: str(one.inbound_id),
    at_once=inbound.PAGE_MAX - 1,
    columns=(
        Column(name="inbound_id", told=lambda one, _: one.inbound_id),
        Column(
            name="due_on",
            word="promise.due_on",
            told=lambda one, _: one.due_on,
            order=Order(lambda one: (one.due_on, one.inbound_id), (date, UUID)),
        ),
        Column(name="ref", told=lambda one, _: one.ref),
        Column(name="sku", told=lambda one, _: one.sku),
        Column(name="location_id", told=lambda one, _: one.location_id),
        Column(name="units", told=lambda one, _: one.outstanding),
        Column(name="promised", told=lambda one, _: one.promised),
    ),
)


class ZoneFilter(Filter, frozen=True, kw_only=True):
    """A piece of a name, or the beginning of a postcode."""

    q: Word = ""


async def _zones(conn: Connection, look: Look[ZoneFilter, Zone]) -> Sequence[Zone]:
    return (await delivery.zones(conn))[:BY_NAME_MAX]


def _fits(zone: Zone, asked: ZoneFilter) -> bool:
    """Whether a zone holds what was typed; digits are the beginning of a postcode as well."""
    text = fields.plain(asked.q).replace("-", "").casefold()
    if text.isdecimal() and any(
        text.startswith(one) or one.startswith(text) for one in zone.prefixes
    ):
        return True
    return text in f"{zone.zone_id} {zone.name_ja} {zone.name_en}".replace("-", "").casefold()


ZONES = ListOf[ZoneFilter, Zone](
    name="zones",
    audit="zones.exported",
    path="/stock/delivery",
    file="/stock/delivery.csv",
    right=Right.read_stock,
    filters=ZoneFilter,
    is_whole=True,
    sort="zone_id",
    fetch=_zones,
    keeps=_fits,
    ident=lambda one: one.zone_id,
    beside=("said",),
    columns=(
        Column(
            name="zone_id",
            word="zone.id_head",
            told=lambda one, _: one.zone_id,
            order=Order(lambda one: (one.zone_id,)),
        ),
        Column(
            name="name_ja",
            word="zone.name_head",
            told=lambda one, _: one.name_ja,
            order=Order(lambda one: (one.name_ja,)),
        ),
        Column(name="name_en", told=lambda one, _: one.name_en),
        Column(name="prefixes", told=lambda one, _: " ".join(one.prefixes)),
    ),
)
