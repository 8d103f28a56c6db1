"""The lists of goods: the sheet, holds, what runs short and what lies.

No file tells who somebody is: it holds numbers, places and states.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal
from uuid import UUID

import msgspec

from setten.console.lists import Column, Filter, Line, ListOf, Look, Order, UnknownFilter, Word
from setten.console.places import name_of as place_name
from setten.console.stock.goods import name_of
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.stock import catalog, cover, holds, ledger
from setten.stock.catalog import Item
from setten.stock.cover import Cover
from setten.stock.holds import Hold

PLACES_MAX = 1_000  # columns of one file: a spreadsheet has room for sixteen times as many


class ItemFilter(Filter, frozen=True, kw_only=True):
    """What somebody says of an item: sku, GTIN, a piece of its name."""

    q: Word = ""


class Listed(msgspec.Struct, frozen=True):
    """An item; in a file with what can be promised of it, by place."""

    item: Item
    counts: Mapping[str, int] = {}


async def _items(conn: Connection, look: Look[ItemFilter, Listed]) -> list[Listed]:
    found = await catalog.search(
        conn,
        look.asked.q,
        after=look.after[0] if look.after else "",
        limit=look.most,
        last_first=look.falls,
    )
    return [Listed(one) for one in found]


async def _counted(conn: Connection, rows: Sequence[Listed]) -> list[Listed]:
    counts = await ledger.by_place(conn, [row.item.sku for row in rows])
    return [Listed(row.item, counts.get(row.item.sku, {})) for row in rows]


def _by_place(line: Line) -> list[Column[Listed]]:
    def column(location_id: str, name: str) -> Column[Listed]:
        return Column(name=name, told=lambda one, _: one.counts.get(location_id, 0))

    every = line.names.every(PLACES_MAX)
    return [column(one.location_id, place_name(one, line.page.locale)) for one in every]


ITEMS = ListOf[ItemFilter, Listed](
    name="stock",
    audit="items.exported",
    path="/stock/items",
    file="/stock/items.csv",
    right=Right.read_stock,
    filters=ItemFilter,
    sort="sku",
    fetch=_items,
    filled=_counted,
    spread=_by_place,
    ident=lambda one: one.item.sku,
    rows=40,  # more would not be compared, only scrolled
    at_once=20,  # in up to five hundred places each
    export_max=5_000,
    columns=(
        Column(
            name="sku",
            word="sheet.sku",
            told=lambda one, _: one.item.sku,
            order=Order(lambda one: (one.item.sku,), (str,)),
        ),
        Column(name="gtin", told=lambda one, _: one.item.gtin_written),
        Column(name="name", told=lambda one, line: name_of(one.item, line.page.locale)),
    ),
)


class HoldFilter(Filter, frozen=True, kw_only=True):
    """A place, one's own when the link says none; what became of them, or of which goods."""

    at: Word = ""
    only: Literal["", "collected", "released", "expired"] = ""
    sku: Word = ""


async def _holds(conn: Connection, look: Look[HoldFilter, Hold]) -> list[Hold]:
    if look.asked.sku and look.asked.only:  # ended ones are not found by their goods
        raise UnknownFilter(name="sku")
    return await holds.listed(
        conn,
        look.asked.at or look.page.shop or "",
        now=look.page.now,
        state=look.asked.only or None,
        sku=look.asked.sku or None,
        past=look.after[0] if look.after else None,
        limit=look.most,
        oldest_first=not look.falls,
    )


# Ids of holds begin with the moment they were made: in their order, that is theirs.
HOLDS = ListOf[HoldFilter, Hold](
    name="holds",
    audit="holds.exported",
    path="/stock/holds",
    file="/stock/holds.csv",
    right=Right.read_stock,
    filters=HoldFilter,
    sort="-placed_at",
    fetch=_holds,
    ident=lambda one: str(one.hold_id),
    at_once=holds.PAGE_MAX - 1,
    columns=(
        Column(name="hold_id", told=lambda one, _: one.hold_id),
        Column(name="code", word="holds.code_head"),
        Column(name="what", word="order.who_what"),
        Column(name="location_id", told=lambda one, _: one.location_id),
        Column(name="state", word="holds.state_head", told=lambda one, _: one.state),
        Column(name="purpose", told=lambda one, _: one.purpose),
        Column(name="channel", told=lambda one, _: one.channel),
        Column(
            name="placed_at",
            word="hold_page.placed",
            told=lambda one, _: one.placed_at.isoformat(),
            order=Order(lambda one: (one.hold_id,), (UUID,)),
            falls=True,
        ),
        Column(name="expires_at", word="hold_page.until", told=lambda one, _: one.expires_at),
        Column(name="ended_at", told=lambda one, _: one.ended_at),
        Column(name="skus", told=lambda one, _: " ".join(line.sku for line in one.lines)),
        Column(name="units", told=lambda one, _: sum(line.qty for line in one.lines)),
    ),
)


class CoverFilter(Filter, frozen=True, kw_only=True):
    """A place; one's own when the link says none."""

    at: Word = ""


async def _short(conn: Connection, look: Look[CoverFilter, Cover]) -> list[Cover]:
    return await cover.short_at(
        conn,
        look.asked.at or look.page.shop or "",
        after=None if look.after is None else (look.after[0], look.after[1]),
        limit=look.most,
        longest_first=look.falls,
    )


async def _dead(conn: Connection, look: Look[CoverFilter, Cover]) -> list[Cover]:
    return await cover.dead_at(
        conn,
        look.asked.at or look.page.shop or "",
        after=None if look.after is None else (look.after[0], look.after[1]),
        limit=look.most,
        fewest_first=not look.falls,
    )


_COVER: tuple[Column[Cover], ...] = (
    Column(name="sku", told=lambda one, _: one.sku),
    Column(name="location_id", told=lambda one, _: one.location_id),
    Column(name="sold_28", told=lambda one, _: one.sold_28),
    Column(name="last_sold_on", told=lambda one, _: one.last_sold_on),
    Column(name="reckoned_at", told=lambda one, _: one.reckoned_at),
)
_PROMISABLE: Column[Cover] = Column(
    name="promisable", word="item.promisable", told=lambda one, _: one.promisable
)
_DAYS: Column[Cover] = Column(name="days", word="cover.lasts", told=lambda one, _: one.days)

SHORT = ListOf[CoverFilter, Cover](
    name="cover-short",
    audit="cover.exported",
    path="/stock/cover",
    file="/stock/cover.csv",
    right=Right.read_stock,
    filters=CoverFilter,
    sort="days",
    fetch=_short,
    ident=lambda one: one.sku,
    at_once=cover.PAGE_MAX - 1,
    columns=(
        *_COVER,
        msgspec.structs.replace(
            _DAYS, order=Order(lambda one: (one.days or 0.0, one.sku), (float, str))
        ),
        msgspec.structs.replace(_PROMISABLE, word=""),
    ),
)

DEAD = ListOf[CoverFilter, Cover](
    name="cover-dead",
    audit="cover.exported",
    path="/stock/cover/dead",
    file="/stock/cover/dead.csv",
    right=Right.read_stock,
    filters=CoverFilter,
    sort="-promisable",
    fetch=_dead,
    ident=lambda one: one.sku,
    at_once=cover.PAGE_MAX - 1,
    columns=(
        *_COVER,
        msgspec.structs.replace(
            _PROMISABLE,
            order=Order(lambda one: (one.promisable, one.sku), (int, str)),
            falls=True,
        ),
        msgspec.structs.replace(_DAYS, word=""),
    ),
)
