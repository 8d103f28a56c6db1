"""Stock near a customer: the shops she can go to that have what she looked at."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec

from setten.console.page import Asked, Page
from setten.console.places import Named, directory_of
from setten.console.stock.goods import Good, good, name_of
from setten.customers.profiles import Profile
from setten.platform.db import Connection
from setten.stock import availability, catalog, locations
from setten.stock.bands import Band, band_of
from setten.stock.catalog import Item, UnknownItem
from setten.stock.locations import Location

SHOPS_SHOWN = 6
ASKED_MAX = 40
"""Places that have it, so that warehouses between the shops do not use up the list."""

RADIUS_KM = 500.0
NEXT_DOOR_KM = 0.05
"""Nearer than this is here: no distance is told."""

ELSEWHERE_SHOWN = 2
"""Places that are no shops, told when no shop has it: a warehouse, an online shop."""

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


class Elsewhere(msgspec.Struct, frozen=True):
    """A place that she cannot go to and that has it."""

    location_id: str
    name: str
    count: int


class Near(msgspec.Struct, frozen=True, kw_only=True):
    """The goods asked about and the shops, nearest first. elsewhere: when no shop has it."""

    good: Good
    rows: list[NearRow]
    variants: list[Variant]
    is_sellable: bool
    elsewhere: list[Elsewhere] = []

    @property
    def counts(self) -> list[tuple[str, int]]:
        """Units by place, of all that are shown."""
        shops = [(one.location_id, one.count) for one in self.rows]
        return shops + [(one.location_id, one.count) for one in self.elsewhere]

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
    here = home_of(profile, names, page)
    counts = await _counts(request, conn, page, names, here, item.sku)
    rows = [_row(place, km, counts[place.location_id], names, page)
            for km, place in chosen(_by_way(names, here), counts.keys())]  # fmt: skip
    is_sellable = any(row.count for row in rows)
    return Near(
        good=good(item, page),
        rows=rows,
        variants=await _variants(conn, item, page),
        is_sellable=is_sellable,
        elsewhere=[] if is_sellable else await _elsewhere(request, conn, page, names, item.sku),
    )


async def _elsewhere(
    request: Asked, conn: Connection, page: Page, names: Named, sku: str
) -> list[Elsewhere]:
    """Places that are no shops and have it, the most first."""
    places = [one.location_id for kind in ("warehouse", "online") for one in names.of_kind(kind)]
    found = await availability.at(
        conn, directory_of(request), [sku], location_ids=places, now=page.now
    )
    found.sort(key=lambda one: -one.available)
    return [
        Elsewhere(one.location_id, names(one.location_id), one.available)
        for one in found[:ELSEWHERE_SHOWN]
        if one.available > 0
    ]


_Way = tuple[float | None, Location]


def chosen(places: Sequence[_Way], having: Collection[str]) -> list[_Way]:
    """SHOPS_SHOWN of the places, in their order: one that has it is never left out for one that
    has none."""
    first = [one for one in places if one[1].location_id in having][:SHOPS_SHOWN]
    without = [one for one in places if one[1].location_id not in having]
    shown = {place.location_id for _, place in first + without[: SHOPS_SHOWN - len(first)]}
    return [one for one in places if one[1].location_id in shown]


def _by_way(names: Named, here: Location | None) -> list[_Way]:
    """All shops, the nearest first; without a point to measure from, by id."""
    if here is None or here.lat is None:
        return [(None, one) for one in names.shops()]
    every = [(locations.distance_km(here, one), one) for one in names.shops()]
    near = [(km, one) for km, one in every if km is not None and km <= RADIUS_KM]
    return sorted(near, key=lambda one: (one[0], one[1].location_id))


async def _item(conn: Connection, profile: Profile, sku: str) -> Item | None:
    wanted = [sku] if sku else [one.sku for one in profile.last_viewed]
    known = await catalog.find_many(conn, wanted) if wanted else {}
    if sku and sku not in known:
        raise UnknownItem(sku=sku[:100])
    return next((known[one] for one in wanted if one in known), None)


async def _counts(
    request: Asked, conn: Connection, page: Page, names: Named, here: Location | None, sku: str
) -> Counter[str]:
    """How many each shop can promise; those that have none are not there."""
    directory = directory_of(request)
    if here is not None and here.lat is not None and here.lon is not None:
        found = await availability.near(
            conn, directory, [sku], lat=here.lat, lon=here.lon, radius_km=RADIUS_KM,
            limit=ASKED_MAX, now=page.now,
        )  # fmt: skip
    else:
        shops = [place.location_id for place in names.shops()]
        found = await availability.at(conn, directory, [sku], location_ids=shops, now=page.now)
    return Counter({one.location_id: one.available for one in found})


def home_of(profile: Profile, names: Named, page: Page) -> Location | None:
    """Where "near" is measured from: her usual shop, else where the one who looks works."""
    return names.find(profile.home_location_id) or names.find(page.shop)


def _row(place: Location, km: float | None, count: int, names: Named, page: Page) -> NearRow:
    opens_at, closes_at = place.opening(page.now)
    return NearRow(
        location_id=place.location_id,
        name=names(place.location_id),
        count=count,
        band=band_of(count),
        km=km if (km or 0) > NEXT_DOOR_KM else None,
        is_open=opens_at is not None and opens_at <= page.now,
        opens_at=opens_at,
        closes_at=closes_at,
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
