"""From where sent goods go to their customer, and what the way costs: as few parcels as can be.

With delivery services set up, each parcel goes by the soonest service that carries it. Without any,
goods go from the places that send (`fulfilments.plan`), and the way costs nothing. Either way only
places that may send at this moment (`fulfilments.able`) are asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import datetime

import msgspec

from setten.platform.db import Connection
from setten.platform.errors import Conflict
from setten.stock import availability, delivery, fulfilments
from setten.stock.delivery import Option, Wanted
from setten.stock.fulfilments import Excluded, Want
from setten.stock.holds import NotEnoughStock
from setten.stock.locations import Directory, Location

PARCELS_MAX = 3  # of one order: whoever gets four boxes on four days asks where the rest is


class NotDelivered(Conflict):
    """Nobody delivers these goods to this postcode. facts: skus."""

    code = "not_delivered"


class PostcodeMissing(Conflict):
    """What the way costs depends on where it leads: a postcode is needed."""

    code = "postcode_missing"


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """Goods that leave one place together. option: the service, where one is set up."""

    location_id: str
    wanted: tuple[Wanted, ...]
    option: Option | None = None

    @property
    def fee_minor(self) -> int:
        """What this parcel costs, with tax."""
        return 0 if self.option is None else self.option.fee_minor


async def plan(
    conn: Connection,
    directory: Directory,
    wanted: Sequence[Wanted],
    *,
    postcode: str | None,
    subtotal_minor: int,
    now: datetime,
    near: Location | None = None,
) -> tuple[Parcel, ...]:
    """How to send these goods, all of them. Promises nothing yet.

    near: the shop that sells them, when one does. Raises NotEnoughStock, NotDelivered,
    PostcodeMissing, BadPostcode.
    """
    if not wanted:
        return ()
    services = await delivery.services(conn)
    if not services:
        return await _by_senders(conn, directory, wanted, near, now)
    if postcode is None:
        raise PostcodeMissing()
    able, excluded = await fulfilments.able(conn, directory, near=near, now=now)
    whole = await _option(conn, directory, postcode, wanted, subtotal_minor, now, able)
    if whole is not None:
        return (Parcel(location_id=whole.origin, wanted=tuple(wanted), option=whole),)
    zone = await delivery.zone_of(conn, postcode)
    origins = {one.origin for one in services if zone and one.zone_id == zone.zone_id}
    if not origins:
        raise NotDelivered(skus=sorted({one.sku for one in wanted}))
    excluded += [Excluded(one, "no_service") for one in sorted(able - origins)]
    try:
        shares = await _shared_out(conn, directory, wanted, sorted(origins & able), now)
    except NotEnoughStock as refusal:
        why = [{"location_id": one.location_id, "reason": one.reason} for one in excluded]
        raise NotEnoughStock(**refusal.facts, excluded=why) from refusal
    parcels = []
    for place, goods in shares:
        option = await _option(conn, directory, postcode, goods, subtotal_minor, now, {place})
        if option is None:
            raise NotDelivered(skus=sorted({one.sku for one in goods}))
        parcels.append(Parcel(location_id=place, wanted=goods, option=option))
    return tuple(parcels)


async def senders(conn: Connection) -> tuple[str, ...]:
    """Ids of the places that may send at one time or another: no other is ever asked."""
    return tuple(one.location_id for one in await fulfilments.senders(conn) if one.ships)


async def _by_senders(
    conn: Connection,
    directory: Directory,
    wanted: Sequence[Wanted],
    near: Location | None,
    now: datetime,
) -> tuple[Parcel, ...]:
    wants = [Want(number, one.sku, one.qty) for number, one in enumerate(wanted, start=1)]
    found = await fulfilments.plan(conn, directory, wants, near=near, now=now)
    return tuple(
        Parcel(
            location_id=place,
            wanted=tuple(
                Wanted(one.sku, one.qty) for one in found.shares if one.location_id == place
            ),
        )
        for place in found.places
    )


async def _option(
    conn: Connection,
    directory: Directory,
    postcode: str,
    wanted: Sequence[Wanted],
    subtotal_minor: int,
    now: datetime,
    origins: Set[str],
) -> Option | None:
    """The soonest service from one of these places that brings all of it."""
    found = await delivery.options(
        conn, directory, postcode, wanted, subtotal_minor=subtotal_minor, now=now
    )
    return next((one for one in found.options if one.origin in origins), None)


async def _shared_out(
    conn: Connection,
    directory: Directory,
    wanted: Sequence[Wanted],
    places: Sequence[str],
    now: datetime,
) -> list[tuple[str, tuple[Wanted, ...]]]:
    skus = [one.sku for one in wanted]
    rows = await availability.at(conn, directory, skus, location_ids=places, now=now)
    free = {(row.sku, row.location_id): row.available for row in rows}
    return share_out(wanted, free, places)


def share_out(
    wanted: Sequence[Wanted], free: Mapping[tuple[str, str], int], places: Sequence[str]
) -> list[tuple[str, tuple[Wanted, ...]]]:
    """Which place sends what: the one that covers most of what is left, until all is covered.

    places: in the order preferred among equals. Raises NotEnoughStock when more than PARCELS_MAX
    places would be needed, or all together lack something.
    """
    left: dict[str, int] = {}
    for one in wanted:
        left[one.sku] = left.get(one.sku, 0) + one.qty
    parts: list[tuple[str, tuple[Wanted, ...]]] = []
    untried = list(places)
    while any(left.values()) and untried and len(parts) < PARCELS_MAX:
        cover = {place: _cover(left, free, place) for place in untried}
        best = max(untried, key=lambda place: sum(cover[place].values()))
        if not cover[best]:
            break
        untried.remove(best)
        parts.append((best, tuple(Wanted(sku, qty) for sku, qty in cover[best].items())))
        left = {sku: qty - cover[best].get(sku, 0) for sku, qty in left.items()}
    lacking = {sku: qty for sku, qty in left.items() if qty}
    if lacking:
        raise NotEnoughStock(short=_short(wanted, lacking))
    return parts


def _cover(
    left: Mapping[str, int], free: Mapping[tuple[str, str], int], place: str
) -> dict[str, int]:
    cover = {sku: min(qty, free.get((sku, place), 0)) for sku, qty in left.items()}
    return {sku: qty for sku, qty in cover.items() if qty > 0}


def _short(wanted: Sequence[Wanted], lacking: Mapping[str, int]) -> list[dict[str, object]]:
    sums: dict[str, int] = {}
    for one in wanted:
        sums[one.sku] = sums.get(one.sku, 0) + one.qty
    return [
        {"sku": sku, "location_id": None, "wanted": sums[sku], "available": sums[sku] - lack}
        for sku, lack in lacking.items()
    ]
