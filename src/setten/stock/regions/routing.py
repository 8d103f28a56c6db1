"""Deciding which places keep what a region promised."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec

from setten.platform import clock, db
from setten.platform.db import Connection, Pool
from setten.platform.errors import SettenError
from setten.stock import availability, fulfilments, holds, locations
from setten.stock.fulfilments import Candidate, Want
from setten.stock.holds import Hold, NotEnoughStock
from setten.stock.ledger import Account, Key
from setten.stock.locations import Directory, Location
from setten.stock.regions import rules
from setten.stock.regions.model import (
    REASONS,
    ROUTE_AFTER,
    BadRegion,
    NotRegional,
    PickedAlready,
    Point,
    Regional,
)

_Q = db.load(str(Path(__file__).with_name("store.py")))
PAGE_MAX = 100
COUNTED_MAX = 10_000  # more wait only while the job stands still
_ROUNDS = 3  # others take stock while we look; then whoever asked asks again
ROUTED_AT_ONCE = 200  # a round of the job; each in a transaction of its own
_GONE = {"not_on_shelf": Account.shrinkage, "damaged": Account.quarantine}


class Routed(msgspec.Struct, frozen=True):
    """The hold where its goods are kept now; the id of its `stock.hold_moved`, if any moved."""

    hold: Hold
    regional: Regional
    event_id: str | None


async def find_many(conn: Connection, hold_ids: Sequence[UUID]) -> dict[UUID, Regional]:
    """What is known of those of the holds that were asked of a region."""
    rows = await _Q.by_ids.all(conn, hold_ids=list(hold_ids)) if hold_ids else []
    return {row["hold_id"]: _regional(row) for row in rows}


async def unplaced(
    conn: Connection,
    *,
    now: datetime,
    region_id: str | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int = PAGE_MAX,
    newest_first: bool = False,
) -> list[Regional]:
    """Open promises that no place is named for yet, oldest first; pages by the last
    (asked_at, hold_id)."""
    at, last = after or db.end(datetime, UUID, largest=newest_first)
    rows = await _Q.unplaced.turned(newest_first).all(
        conn,
        now=now,
        region_id=region_id,
        after_at=at,
        after_id=last,
        most=min(limit, PAGE_MAX + 1),
    )
    return [_regional(row) for row in rows]


async def count_unplaced(conn: Connection, *, now: datetime) -> dict[str | None, int]:
    """How many wait for a place, by region (None: near a point), up to COUNTED_MAX in all."""
    rows = await _Q.count_unplaced.all(conn, now=now, most=COUNTED_MAX)
    return {row["region_id"]: row["holds"] for row in rows}


def _regional(row: db.Record) -> Regional:
    lists = {name: tuple(row[name]) for name in ("location_ids", "rejected")}
    return Regional(**{**dict(row), **lists})


async def route(
    conn: Connection,
    directory: Directory,
    hold_id: UUID,
    *,
    to: str | None = None,
    near: Point | None = None,
    refuses: str | None = None,
    reason: str | None = None,
    now: datetime,
) -> Routed:
    """Pin a regional hold: at `to`, or at the fewest places that have all of it, then the nearest.

    refuses: a place that cannot keep it, and the reason, which corrects its stock when the goods
    are not usable there; again and again, until it is picked. Raises UnknownHold, HoldEnded,
    NotRegional, PickedAlready, BadRegion, NotEnoughStock (then it stays where it is).
    """
    regional = (await find_many(conn, [hold_id])).get(hold_id)
    if regional is None:
        await holds.get(conn, hold_id, now=now)
        raise NotRegional()
    if reason is not None and (reason not in REASONS or refuses is None):
        raise BadRegion(why="reason")
    regional = _without(regional, refuses)
    for left in reversed(range(_ROUNDS)):
        hold = await _open(conn, hold_id, now)
        places = [to] if to is not None else [
            one for one in regional.location_ids if one not in regional.rejected]  # fmt: skip
        if not set(places) <= set(regional.location_ids):
            raise BadRegion(why="place")
        try:
            async with conn.transaction():
                wanted = await _choose(conn, directory, hold, regional, places, near, now)
                moved = await _move(conn, hold, wanted, refuses, reason, now)
                break
        except NotEnoughStock:
            if not left:
                raise
    await _Q.set_routed.run(conn, hold_id=hold_id, rejected=list(regional.rejected), now=now)
    return Routed(moved.hold, msgspec.structs.replace(regional, routed_at=now), moved.event_id)


def _without(regional: Regional, refuses: str | None) -> Regional:
    if refuses is None:
        return regional
    if refuses not in regional.location_ids:
        raise BadRegion(why="place")
    rejected = tuple(sorted({*regional.rejected, refuses}))
    return msgspec.structs.replace(regional, rejected=rejected)


async def _open(conn: Connection, hold_id: UUID, now: datetime) -> Hold:
    hold = await holds.get(conn, hold_id, now=now)
    if not hold.is_open:
        raise holds.HoldEnded(hold_id=str(hold_id), state=hold.state)
    if any(line.state == "picked" for line in hold.lines):
        raise PickedAlready()
    return hold


async def _choose(
    conn: Connection,
    directory: Directory,
    hold: Hold,
    regional: Regional,
    places: Sequence[str],
    near: Point | None,
    now: datetime,
) -> dict[Key, int]:
    """Units by row as they should lie: what is free at each place, and what it keeps already."""
    wants = [
        Want(number, line.sku, line.qty)
        for number, line in enumerate((one for one in hold.lines if one.is_open), start=1)
    ]
    free: dict[str, dict[str, int]] = {place: {} for place in places}
    skus = sorted({want.sku for want in wants})
    for row in await availability.at(conn, directory, skus, location_ids=places, now=now):
        free[row.location_id][row.sku] = row.available
    for line in hold.lines:
        if line.is_open and line.location_id in free:
            there = free[line.location_id]
            there[line.sku] = there.get(line.sku, 0) + line.qty
    known = await directory.fresh(conn)
    point = near or _point(regional)
    candidates = [
        Candidate(location_id=place, rank=0, km=_km(point, known.find(place)), free=free[place])
        for place in places
    ]
    shares = fulfilments.choose(wants, candidates)
    if shares is None:
        raise NotEnoughStock(short=fulfilments.lacking(wants, candidates))
    wanted: dict[Key, int] = {}
    for one in shares:
        wanted[one.sku, one.location_id] = wanted.get((one.sku, one.location_id), 0) + one.qty
    return wanted


def _point(regional: Regional) -> Point | None:
    if regional.lat is None or regional.lon is None:
        return None
    return Point(regional.lat, regional.lon)


def _km(point: Point | None, place: Location | None) -> float | None:
    if point is None or place is None:
        return None
    here = Location(location_id="", name_ja="", name_en="", kind="shop", lat=point.lat,
                    lon=point.lon)  # fmt: skip
    return locations.distance_km(here, place)


async def _move(
    conn: Connection,
    hold: Hold,
    wanted: dict[Key, int],
    refuses: str | None,
    reason: str | None,
    now: datetime,
) -> holds.Moved:
    gone = {}
    if refuses is not None and reason in _GONE:
        gone = {(one.sku, refuses): _GONE[reason] for one in hold.lines}
    first = next(iter(wanted))[1]  # whoever covers most comes first
    return await holds.move(
        conn, hold.hold_id, rules.moves(hold.lines, wanted), pin_to=first, gone=gone, now=now
    )


async def route_all(pool: Pool, directory: Directory) -> None:
    """Pin what nobody routed within ROUTE_AFTER: near the point it was asked for. For a job.

    What fits nowhere in few enough places is kept where it lies: some shop must see it.
    """
    async with db.transaction(pool) as conn:
        await _Q.settle_ended.run(conn, now=clock.now())
        rows = await _Q.waiting.all(conn, before=clock.now() - ROUTE_AFTER, most=ROUTED_AT_ONCE)
    for row in rows:
        try:
            async with db.transaction(pool) as conn:
                await route(conn, directory, row["hold_id"], now=clock.now())
        except SettenError:
            async with db.transaction(pool) as conn:
                await _Q.keep.run(conn, hold_id=row["hold_id"], now=clock.now())
