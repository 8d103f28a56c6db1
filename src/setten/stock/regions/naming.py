"""Naming groups of places, and finding the places that a caller means."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from setten.platform import db
from setten.platform.db import Connection
from setten.stock import fulfilments, holds, locations
from setten.stock.locations import Directory
from setten.stock.refusals import Refused
from setten.stock.regions.model import (
    NAMES_MAX,
    PLACES_MAX,
    REGIONS_MAX,
    BadRegion,
    Region,
    UnknownRegion,
    Where,
)

_Q = db.load(str(Path(__file__).with_name("store.py")))
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,59}")


async def put(conn: Connection, regions: Sequence[Region], *, now: datetime) -> list[Refused]:
    """Make or change regions, each with just these places (none: it is gone); answer those refused.

    Of two with one id in a call the last counts.
    """
    wanted = {one for region in regions for one in region.location_ids if "\x00" not in one}
    known = await locations.known(conn, sorted(wanted))
    refused, kept = [], {}
    for index, one in enumerate(regions):
        why = _check(one, known)
        if why is None:
            kept[one.region_id] = one
        else:
            refused.append(Refused(index=index, key=one.region_id[:60], reason=why))
    rows = list(kept.values())
    ids = [one.region_id for one in rows]
    await _Q.put.run(
        conn,
        now=now,
        region_ids=ids,
        names_ja=[one.name_ja for one in rows],
        names_en=[one.name_en or one.name_ja for one in rows],
    )
    await _Q.drop_places.run(conn, region_ids=ids)
    pairs = sorted({(one.region_id, place) for one in rows for place in one.location_ids})
    await _Q.put_places.run(
        conn, region_ids=[pair[0] for pair in pairs], location_ids=[pair[1] for pair in pairs]
    )
    await _Q.forget.run(conn, region_ids=ids)
    return refused


def _check(region: Region, known: frozenset[str]) -> str | None:
    if not _ID.fullmatch(region.region_id):
        return "bad_region_id"
    names = (region.name_ja, region.name_en)
    if not region.name_ja.strip() or any(len(n) > NAMES_MAX or "\x00" in n for n in names):
        return "bad_name"
    if len(region.location_ids) > PLACES_MAX:
        return "too_many_places"
    return None if known.issuperset(region.location_ids) else "unknown_location"


async def list_all(conn: Connection) -> list[Region]:
    """All regions, by id."""
    rows = await _Q.all.all(conn, most=REGIONS_MAX)
    return [
        Region(
            region_id=row["region_id"],
            name_ja=row["name_ja"],
            name_en=row["name_en"],
            location_ids=tuple(row["places"]),
        )
        for row in rows
    ]


async def places_of(
    conn: Connection, directory: Directory, where: Where, *, purpose: str
) -> list[str]:
    """Ids of the places that are meant, nearest first where a point is named.

    Near a point: what is to be sent, from places that send; what is collected, at shops.
    Raises BadRegion, UnknownRegion.
    """
    if where.region_id is not None and where.radius_km is not None:
        raise BadRegion(why="form")
    if where.region_id is not None:
        rows = await _Q.places_of.all(conn, region_id=where.region_id)
        if not rows:
            raise UnknownRegion(region_id=where.region_id[:60])
        return [row["location_id"] for row in rows]
    known = await directory.fresh(conn)
    sends = {one.location_id for one in await fulfilments.senders(conn) if one.ships}
    if where.near is None or where.radius_km is None:
        if where.radius_km is not None:
            raise BadRegion(why="form")
        found = sorted(sends)
    else:
        close = known.near(where.near.lat, where.near.lon, radius_km=where.radius_km)
        is_sent = purpose == holds.SHIPMENT
        found = [
            place.location_id
            for _, place in close
            if (place.location_id in sends if is_sent else place.kind == "shop")
        ]
    if not found:
        raise BadRegion(why="nowhere")
    return found[:PLACES_MAX]
