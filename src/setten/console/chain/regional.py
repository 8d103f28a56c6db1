"""Promises that no place is named for, as a list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from setten.console.lists import Column, Filter, Line, ListOf, Look, Order, Word
from setten.platform import clock
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.stock import holds, regions
from setten.stock.holds import Hold
from setten.stock.regions import Regional

ROWS = 40


class RegionFilter(Filter, frozen=True, kw_only=True):
    """A region; all of them when the link says none."""

    id: Word = ""


class Promised(msgspec.Struct, frozen=True):
    """A promise without a place; in a file with the hold that it is."""

    regional: Regional
    hold: Hold | None = None


async def _unplaced(conn: Connection, look: Look[RegionFilter, Promised]) -> list[Promised]:
    found = await regions.unplaced(
        conn,
        now=look.page.now,
        region_id=look.asked.id or None,
        after=None if look.after is None else (look.after[0], look.after[1]),
        limit=look.most,
        newest_first=look.falls,
    )
    return [Promised(one) for one in found]


async def _with_holds(conn: Connection, rows: Sequence[Promised]) -> list[Promised]:
    ids = [row.regional.hold_id for row in rows]
    found = {one.hold_id: one for one in await holds.find_many(conn, ids, now=clock.now())}
    return [Promised(row.regional, found.get(row.regional.hold_id)) for row in rows]


def _lies_at(row: Promised, line: Line) -> str:
    places = [one.location_id for one in row.hold.lines if one.is_open] if row.hold else []
    return "; ".join(line.names(place) for place in dict.fromkeys(places))


REGIONAL = ListOf[RegionFilter, Promised](
    name="regional-holds",
    audit="regional_holds.exported",
    path="/stock/regions",
    file="/stock/regions.csv",
    right=Right.read_stock,
    filters=RegionFilter,
    sort="asked_at",
    fetch=_unplaced,
    filled=_with_holds,
    ident=lambda row: str(row.regional.hold_id),
    beside=("said",),
    rows=ROWS,
    at_once=regions.PAGE_MAX,
    columns=(
        Column(name="hold_id", told=lambda row, _: row.regional.hold_id),
        Column(name="region_id", told=lambda row, _: row.regional.region_id),
        Column(
            name="asked_at",
            word="region.asked_at",
            told=lambda row, _: row.regional.asked_at.isoformat(),
            order=Order(
                lambda row: (row.regional.asked_at, row.regional.hold_id), (datetime, UUID)
            ),
        ),
        Column(name="expires_at", told=lambda row, _: row.hold and row.hold.expires_at),
        Column(name="lies_at", told=_lies_at),
        Column(
            name="may_be",
            told=lambda row, line: "; ".join(
                line.names(place) for place in row.regional.location_ids
                if place not in row.regional.rejected
            ),
        ),
        Column(
            name="skus",
            told=lambda row, _: " ".join(dict.fromkeys(one.sku for one in row.hold.lines))
            if row.hold else "",
        ),
        Column(
            name="units",
            told=lambda row, _: sum(one.qty for one in row.hold.lines if one.is_open)
            if row.hold else 0,
        ),
    ),
)  # fmt: skip
