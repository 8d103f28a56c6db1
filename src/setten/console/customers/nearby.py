"""Stock near a customer: the shops she can go to that have what she looked at."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

import msgspec

from setten.console.page import Asked, Page
from setten.console.places import Named, directory_of
from setten.console.stock.goods import Good, good, name_of
from setten.customers.profiles import Profile
from setten.platform.db import Connection
from setten.stock import availability, catalog
from setten.stock.availability import Availability
from setten.stock.bands import Band
from setten.stock.catalog import Item, UnknownItem
from setten.stock.locations import Location

SHOPS_SHOWN = 6
ASKED_MAX = 40
"""Places asked for, so that warehouses between the shops do not use up the list."""

RADIUS_KM = 500.0
NEXT_DOOR_KM = 0.05
"""Nearer than this is here: no distance is told."""

VARIANTS_MAX = 8


class Variant(msgspec.Struct, frozen=True):
    """One of the colours and kinds: what tells it from the others."""

    sku: str
    label: str


class NearRow(msgspec.Struct, frozen=True, kw_only=True):
    """One shop."""

    location_id: str
    name: str
    count: int
    band: Band
    km: float | None
    is_open: bool
    opens_at: datetime | None
    closes_at: datetime | None


class Near(msgspec.Struct, frozen=True, kw_only=True):
    """The goods asked about and the shops, nearest first."""

    good: Good
    rows: list[NearRow]
    variants: list[Variant]
    is_sellable: bool

    @property
    def best(self) -> NearRow | None:
        """The nearest shop that has it."""
        return next((row for row in self.rows if row.count > 0), None)


async def near(
    request: Asked, conn: Connection, page: Page, names: Named, profile: Profile, sku: str
) -> Near | None:
    """Stock of `sku` (else of what she looked at last) near her home shop; None for no goods."""
    item = await _item(conn, profile, sku)
    if item is None:
        return None
    found = await _found(request, conn, page, names, profile, item.sku)
    rows = [_row(one, names, page) for one in found if _is_shop(names, one.location_id)]
    return Near(
        good=good(item, page),
        rows=rows[:SHOPS_SHOWN],
        variants=await _variants(conn, item, page),
        is_sellable=any(row.count for row in rows),
    )


async def _item(conn: Connection, profile: Profile, sku: str) -> Item | None:
    wanted = [sku] if sku else [one.sku for one in profile.last_viewed]
    known = await catalog.find_many(conn, wanted) if wanted else {}
    if sku and sku not in known:
        raise UnknownItem(sku=sku[:100])
    return next((known[one] for one in wanted if one in known), None)


async def _found(
    request: Asked, conn: Connection, page: Page, names: Named, profile: Profile, sku: str
) -> Sequence[Availability]:
    directory = directory_of(request)
    home = home_of(profile, names, page)
    if home is not None and home.lat is not None and home.lon is not None:
        return await availability.near(
            conn, directory, [sku], lat=home.lat, lon=home.lon, radius_km=RADIUS_KM,
            limit=ASKED_MAX, now=page.now, include_empty=True,
        )  # fmt: skip
    every = [place.location_id for place in names.shops()][:ASKED_MAX]
    return await availability.at(
        conn, directory, [sku], location_ids=every, now=page.now, include_empty=True
    )


def home_of(profile: Profile, names: Named, page: Page) -> Location | None:
    """Where "near" is measured from: her usual shop, else where the one who looks works."""
    return names.find(profile.home_location_id) or names.find(page.shop)


def _is_shop(names: Named, location_id: str) -> bool:
    place = names.find(location_id)
    return place is not None and place.kind == "shop"


def _row(one: Availability, names: Named, page: Page) -> NearRow:
    return NearRow(
        location_id=one.location_id,
        name=names(one.location_id),
        count=one.available,
        band=one.band,
        km=one.distance_km if (one.distance_km or 0) > NEXT_DOOR_KM else None,
        is_open=one.opens_at is not None and one.opens_at <= page.now,
        opens_at=one.opens_at,
        closes_at=one.closes_at,
    )


async def _variants(conn: Connection, item: Item, page: Page) -> list[Variant]:
    """The same product in other colours and kinds, itself included, when there are any."""
    if not item.product_id:
        return []
    found = await catalog.search(conn, item.product_id, limit=VARIANTS_MAX * 4)
    same = [one for one in found if one.product_id == item.product_id][:VARIANTS_MAX]
    if len(same) < 2:
        return []
    names = [name_of(one, page.locale) for one in same]
    return [Variant(one.sku, label) for one, label in zip(same, labels(names), strict=True)]


def labels(names: Sequence[str]) -> list[str]:
    """What is left of each name without the words that all of them begin with."""
    words = [re.split(r"(?<=[\s,、])", name) for name in names]
    shared = 0
    while all(len(w) > shared + 1 for w in words) and len({w[shared] for w in words}) == 1:
        shared += 1
    return ["".join(w[shared:]).strip() for w in words]
