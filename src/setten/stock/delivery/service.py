"""Keeping zones and services, and asking them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from setten.platform import db
from setten.platform.db import Connection
from setten.stock import availability, catalog, locations
from setten.stock.delivery import rules
from setten.stock.delivery.model import (
    Excluded,
    Option,
    Quote,
    Service,
    UnknownService,
    UnknownZone,
    Wanted,
    Zone,
)
from setten.stock.locations import Directory
from setten.stock.refusals import Refused

_Q = db.load(str(Path(__file__).with_name("store.py")))
# A zone is served from some places by some carriers; more is a slip in somebody's file.
SERVICES_OF_A_ZONE_MAX = 50


async def put_zones(conn: Connection, zones: Sequence[Zone], *, now: datetime) -> list[Refused]:
    """Make or change zones, each with just these prefixes; answer those refused, others go through.

    Of two with one id in a call the last counts.
    """
    await _Q.lock.run(conn)
    numbers = {zone.zone_id: index for index, zone in enumerate(zones)}
    good = [zone for zone in zones if zones[numbers[zone.zone_id]] is zone]
    why = {zone.zone_id: reason for zone in good if (reason := rules.check_zone(zone))}
    good = [zone for zone in good if zone.zone_id not in why]
    taken = rules.taken_twice(good) | await _owned_by_others(conn, good)
    why |= {zone.zone_id: "prefix_taken" for zone in good if taken & set(zone.prefixes)}
    good = [zone for zone in good if zone.zone_id not in why]
    prefixes = sorted({(prefix, zone.zone_id) for zone in good for prefix in zone.prefixes})
    await _Q.put_zones.run(
        conn,
        zone_ids=[zone.zone_id for zone in good],
        names_ja=[zone.name_ja for zone in good],
        names_en=[zone.name_en for zone in good],
        now=now,
    )
    await _Q.drop_prefixes.run(conn, zone_ids=[zone.zone_id for zone in good])
    await _Q.put_prefixes.run(
        conn, prefixes=[p for p, _ in prefixes], zone_ids=[zone_id for _, zone_id in prefixes]
    )
    return [Refused(index=numbers[one], key=one[:60], reason=reason) for one, reason in why.items()]


async def _owned_by_others(conn: Connection, zones: Sequence[Zone]) -> set[str]:
    rows = await _Q.owned_by_others.all(
        conn,
        prefixes=[prefix for zone in zones for prefix in zone.prefixes],
        zone_ids=[zone.zone_id for zone in zones],
    )
    return {row["prefix"] for row in rows}


async def put_services(
    conn: Connection, services: Sequence[Service], *, now: datetime
) -> list[Refused]:
    """Make or change services; answer those refused, the others go through."""
    places = await locations.known(
        conn, [one.origin for one in services if "\x00" not in one.origin]
    )
    areas = {
        row["zone_id"] for row in await _Q.known_zones.all(
            conn, zone_ids=[one.zone_id for one in services if "\x00" not in one.zone_id])
    }  # fmt: skip
    refused, kept = [], {}
    for index, one in enumerate(services):
        why = rules.check_service(one)
        why = why or ("unknown_location" if one.origin not in places else None)
        why = why or ("unknown_zone" if one.zone_id not in areas else None)
        if why is None:
            kept[one.service_id] = one
        else:
            refused.append(Refused(index=index, key=one.service_id[:60], reason=why))
    await _put_services(conn, list(kept.values()), now)
    return refused


async def _put_services(conn: Connection, services: Sequence[Service], now: datetime) -> None:
    await _Q.put_services.run(
        conn,
        service_ids=[one.service_id for one in services],
        names_ja=[one.name_ja for one in services],
        names_en=[one.name_en for one in services],
        origins=[one.origin for one in services],
        zone_ids=[one.zone_id for one in services],
        cut_offs=[one.cut_off for one in services],
        # unnest flattens arrays of arrays: days and classes go as words in one text
        ship_days=[" ".join(one.ship_days) for one in services],
        lead_mins=[one.lead_days_min for one in services],
        lead_maxs=[one.lead_days_max for one in services],
        fees=[one.fee_minor for one in services],
        free_froms=[one.free_from_minor for one in services],
        currencies=[one.currency for one in services],
        carries=[" ".join(one.carries) for one in services],
        now=now,
    )


def service_from(row: db.Record) -> Service:
    """A service from its row."""
    values = dict(row)
    return Service(
        **{**values, "ship_days": tuple(row["ship_days"]), "carries": tuple(row["carries"])}
    )


def _zone(row: db.Record) -> Zone:
    return Zone(**{**dict(row), "prefixes": tuple(row["prefixes"])})


async def zones(conn: Connection) -> list[Zone]:
    """All zones, by id."""
    return [_zone(row) for row in await _Q.zones.all(conn)]


async def services(conn: Connection) -> list[Service]:
    """All services, by zone and id."""
    return [service_from(row) for row in await _Q.services.all(conn)]


async def origins(conn: Connection) -> frozenset[str]:
    """Ids of the places from which services start; empty where no services are set up."""
    return frozenset(row["origin"] for row in await _Q.origins.all(conn))


async def zone(conn: Connection, zone_id: str) -> Zone:
    """One zone. Raises UnknownZone."""
    row = await _Q.zone_by_id.maybe(conn, zone_id=zone_id)
    if row is None:
        raise UnknownZone()
    return _zone(row)


async def service(conn: Connection, service_id: str) -> Service:
    """One service. Raises UnknownService."""
    row = await _Q.service_by_id.maybe(conn, service_id=service_id)
    if row is None:
        raise UnknownService()
    return service_from(row)


async def remove_zone(conn: Connection, zone_id: str) -> None:
    """Deliver to this zone no more; its services go with it. Raises UnknownZone."""
    if await _Q.remove_zone.maybe(conn, zone_id=zone_id) is None:
        raise UnknownZone()


async def remove_service(conn: Connection, service_id: str) -> None:
    """Offer this service no more. Raises UnknownService."""
    if await _Q.remove_service.maybe(conn, service_id=service_id) is None:
        raise UnknownService()


async def zone_of(conn: Connection, code: str) -> Zone | None:
    """The zone of a postcode, by its longest prefix. Raises BadPostcode."""
    row = await _Q.zone_of.maybe(conn, prefixes=rules.prefixes_of(rules.postcode(code)))
    return None if row is None else _zone(row)


async def options(
    conn: Connection,
    directory: Directory,
    code: str,
    wanted: Sequence[Wanted],
    *,
    subtotal_minor: int | None = None,
    now: datetime,
) -> Quote:
    """How all of these goods together can be brought to a postcode, soonest first, then cheapest.

    wanted: one line a sku, at most LINES_MAX. Every service of the zone is in `options` or, with a
    reason, in `excluded`. Reads what can be promised now; promises nothing. Raises BadPostcode.
    """
    zone = await zone_of(conn, code)
    if zone is None:
        return Quote(zone=None)
    rows = await _Q.of_zone.all(conn, zone_id=zone.zone_id, most=SERVICES_OF_A_ZONE_MAX)
    offered = [service_from(row) for row in rows]
    items = list((await catalog.find_many(conn, [line.sku for line in wanted])).values())
    free = await _free(conn, directory, wanted, {one.origin for one in offered}, now)
    places = await directory.fresh(conn)
    resting = await _resting(conn, offered, now)
    found: list[Option | Excluded] = []
    for one in offered:
        origin = places.find(one.origin)
        short = rules.lacking(wanted, free.get(one.origin, {}))
        if heavy := rules.not_carried(one, items):
            found.append(_excluded(one, "not_carried", heavy))
        elif one.origin in resting:
            found.append(_excluded(one, "paused", ()))
        elif short:
            found.append(_excluded(one, "not_enough_stock", short))
        elif origin is not None:
            found.append(rules.option(one, origin, subtotal_minor=subtotal_minor, now=now))
    offers = [one for one in found if isinstance(one, Option)]
    offers.sort(key=lambda one: (one.arrives_to, one.arrives_from, one.fee_minor, one.service_id))
    return Quote(
        zone=zone,
        options=tuple(offers),
        excluded=tuple(one for one in found if isinstance(one, Excluded)),
    )


async def _resting(conn: Connection, services: Sequence[Service], now: datetime) -> set[str]:
    """Origins that send nothing at this moment, whatever services start there."""
    origins = sorted({one.origin for one in services})
    rows = await _Q.resting.all(conn, location_ids=origins, now=now)
    return {row["location_id"] for row in rows}


def _excluded(service: Service, reason: str, skus: tuple[str, ...]) -> Excluded:
    return Excluded(service_id=service.service_id, origin=service.origin, reason=reason, skus=skus)


async def _free(
    conn: Connection,
    directory: Directory,
    wanted: Sequence[Wanted],
    origins: set[str],
    now: datetime,
) -> dict[str, dict[str, int]]:
    """Promisable units by place and sku."""
    rows = await availability.at(
        conn, directory, [line.sku for line in wanted], location_ids=sorted(origins), now=now
    )
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row.location_id, {})[row.sku] = row.available
    return found
