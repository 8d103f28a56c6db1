"""Promising units of a region: all of them or none, against what its places have together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from setten.facts.stock import GoodsLine
from setten.platform import db
from setten.platform.db import Connection
from setten.stock import availability, catalog, holds, ledger, sets
from setten.stock.holds import Ask, BadHold, NotEnoughStock, Placed, UnknownGoods
from setten.stock.ledger import Key
from setten.stock.locations import Directory
from setten.stock.regions import naming, rules
from setten.stock.regions.model import LINES_MAX, Where

_Q = db.load(str(Path(__file__).with_name("store.py")))
_POINT_DECIMALS = 2  # about a kilometre: no doorstep is kept


class RegionalAsk(msgspec.Struct, frozen=True, kw_only=True):
    """One caller's wish. goods: units by sku; the rest as in `holds.Ask`."""

    goods: Mapping[str, int]
    where: Where
    by: str
    ttl_s: int = holds.TTL_S_DEFAULT
    purpose: str = "pickup"
    channel: str = "api"
    identifier_id: int | None = None


async def place(
    conn: Connection, directory: Directory, ask: RegionalAsk, *, now: datetime
) -> Placed:
    """Promise all of it, wherever in the region it lies, or none; the places may still change.

    First without waiting for anybody; where others were faster, again with all rows of the region
    locked, so that nobody is refused what is there. States `stock.held`. Raises NotEnoughStock
    (`short` over the whole region), UnknownGoods, BadHold, BadRegion, UnknownRegion. A set that is
    asked together with one of its own parts is looked at as if each were asked alone.
    """
    if not 1 <= len(ask.goods) <= LINES_MAX:
        raise BadHold(why="lines", lines_max=LINES_MAX)
    if any(not 1 <= qty <= holds.QTY_MAX for qty in ask.goods.values()):
        raise BadHold(why="qty", qty_max=holds.QTY_MAX)
    known = await catalog.known(conn, list(ask.goods))
    if unknown := sorted(set(ask.goods) - known):
        raise UnknownGoods(skus=unknown, locations=[])
    places = await naming.places_of(conn, directory, ask.where, purpose=ask.purpose)
    try:
        async with conn.transaction():  # what it locked in vain is let go
            placed = await _place(conn, directory, ask, places, now)
    except NotEnoughStock:
        await _lock(conn, list(ask.goods), places)
        placed = await _place(conn, directory, ask, places, now)
    near = ask.where.near
    await _Q.note.run(
        conn,
        hold_id=placed.hold_id,
        location_ids=places,
        region_id=ask.where.region_id,
        lat=None if near is None else round(near.lat, _POINT_DECIMALS),
        lon=None if near is None else round(near.lon, _POINT_DECIMALS),
        now=now,
    )
    return placed


async def _lock(conn: Connection, skus: Sequence[str], places: Sequence[str]) -> None:
    parts = await sets.parts_of(conn, skus)
    inside = sorted({part for sku in skus for part in parts.get(sku, {sku: 1})})
    rows = await _Q.rows_of.all(conn, skus=inside, location_ids=list(places))
    await ledger.lock(conn, [(row["sku"], row["location_id"]) for row in rows])


async def _place(
    conn: Connection,
    directory: Directory,
    ask: RegionalAsk,
    places: Sequence[str],
    now: datetime,
) -> Placed:
    free = await _free(conn, directory, ask, places, now)
    lines = rules.spread(ask.goods, places, free)
    if lines is None or len(lines) > holds.LINES_MAX:
        raise NotEnoughStock(short=_short(ask.goods, places, free))
    try:
        return await holds.place(conn, _ask(ask, lines), now=now)
    except NotEnoughStock:
        raise NotEnoughStock(short=_short(ask.goods, places, free)) from None


async def _free(
    conn: Connection,
    directory: Directory,
    ask: RegionalAsk,
    places: Sequence[str],
    now: datetime,
) -> dict[Key, int]:
    """What the channel may be promised at each place."""
    known = await directory.fresh(conn)
    rows = await availability.for_channel(
        conn,
        directory,
        list(ask.goods),
        places=[(None, one) for p in places if (one := known.find(p)) is not None],
        channel=ask.channel,
        by=None,
        now=now,
    )
    return {(row.sku, row.location_id): row.available for row in rows}


def _short(
    goods: Mapping[str, int], places: Sequence[str], free: Mapping[Key, int]
) -> list[dict[str, object]]:
    """What the region lacks altogether; every sku when it was enough and is taken by now."""
    have = {sku: sum(free.get((sku, place), 0) for place in places) for sku in goods}
    short = [sku for sku, qty in goods.items() if have[sku] < qty] or list(goods)
    return [
        {"sku": sku, "location_id": None, "wanted": goods[sku],
         "available": min(have[sku], goods[sku])}
        for sku in short
    ]  # fmt: skip


def _ask(ask: RegionalAsk, lines: tuple[GoodsLine, ...]) -> Ask:
    return Ask(
        lines=lines,
        by=ask.by,
        ttl_s=ask.ttl_s,
        purpose=ask.purpose,
        channel=ask.channel,
        identifier_id=ask.identifier_id,
    )
