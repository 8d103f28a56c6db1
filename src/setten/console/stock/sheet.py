"""The stock sheet: every item by every place, each number opening into its ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec
from litestar import Response, get
from litestar.params import FromQuery
from litestar.response import Stream

from setten.console import guard, places
from setten.console.page import STAFF, Asked, page_of
from setten.console.run import tables
from setten.console.shell.sign_in import redirect
from setten.console.stock.goods import Good, good, name_of
from setten.platform.auth import Right
from setten.stock import catalog, ledger, locations
from setten.stock.bands import Band, band_of
from setten.stock.locations import Location

ROWS = 40
"""Items of one page: more would not be compared, only scrolled."""

COLUMNS_MAX = 10
"""Places side by side at 1440 px; the total counts all of them."""


EXPORT_MAX = 200
"""Items of one file; a longer list is narrowed by the filter first."""

EXPORT_AT_ONCE = 20
"""Items that are read together: the first come before the last were looked for."""


class Cell(msgspec.Struct, frozen=True):
    """What one place can promise of one item."""

    location_id: str
    count: int
    band: Band
    is_mine: bool


class Row(msgspec.Struct, frozen=True):
    """One item across the places."""

    good: Good
    cells: list[Cell]
    total: int


class Column(msgspec.Struct, frozen=True):
    """One place at the head of the sheet."""

    location_id: str
    name: str
    is_mine: bool


@get("/stock", right=STAFF)
async def stock(request: Asked) -> Response[str]:
    """The half begins with its sheet."""
    return redirect("/stock/items")


@get("/stock/items", right=Right.read_stock)
async def sheet(
    request: Asked, q: FromQuery[str] = "", after: FromQuery[str] = ""
) -> Response[str]:
    """Items that hold what was typed, by place."""
    page = page_of(request)
    async with guard.deps_of(request).pool.acquire() as conn:
        found = await catalog.search(conn, q[:100], after=after, limit=ROWS + 1)
        shown = found[:ROWS]
        every = await locations.list_all(conn)
        columns = _columns(every, page.shop, page.locale)
        skus, beside = [item.sku for item in shown], [one.location_id for one in columns]
        balances = await ledger.balances_among(conn, skus, beside)
        totals = await ledger.totals_of(conn, skus)
    own = {one.key: max(0, one.promisable) for one in balances}
    rows = [_row(good(item, page), columns, own, totals.get(item.sku, 0)) for item in shown]
    view = {
        "rows": rows,
        "columns": columns,
        "place_count": len(every),
        "is_all": not after and len(found) <= ROWS,
        "q": q[:100],
        "next_after": shown[-1].sku if len(found) > ROWS else "",
    }
    return page.render("stock/sheet.html", view)


@get("/stock/items.csv", right=Right.read_stock)
async def sheet_csv(request: Asked, q: FromQuery[str] = "") -> Stream:
    """The sheet to take away: every place, what can be promised, up to EXPORT_MAX items."""
    page, pool = page_of(request), guard.deps_of(request).pool
    async with pool.acquire() as conn:
        found = await catalog.search(conn, q[:100], limit=EXPORT_MAX)
        every = await locations.list_all(conn)
    names = [places.name_of(place, page.locale) for place in every]

    async def rows() -> AsyncIterator[Sequence[object]]:
        for begin in range(0, len(found), EXPORT_AT_ONCE):
            some = found[begin : begin + EXPORT_AT_ONCE]
            async with pool.acquire() as conn:
                balances = await ledger.balances_of(conn, [item.sku for item in some])
            own = {one.key: max(0, one.promisable) for one in balances}
            for item in some:
                counts = (own.get((item.sku, place.location_id), 0) for place in every)
                yield (item.sku, item.gtin_written, name_of(item, page.locale), *counts)

    return tables.as_csv_gradually("stock", ("sku", "gtin", "name", *names), rows())


def _columns(every: Sequence[Location], mine: str | None, locale: str) -> list[Column]:
    """Own place first, then by distance from it; places without a point come last."""
    home = next((place for place in every if place.location_id == mine), None)

    def far(place: Location) -> tuple[bool, float, str]:
        km = locations.distance_km(home, place) if home else None
        return place is not home, km if km is not None else 1e9, place.location_id

    nearest = sorted(every, key=far)[:COLUMNS_MAX]
    return [
        Column(p.location_id, places.name_of(p, locale), p.location_id == mine) for p in nearest
    ]


def _row(
    shown: Good, columns: Sequence[Column], own: Mapping[tuple[str, str], int], total: int
) -> Row:
    cells = [
        Cell(c.location_id, count := own.get((shown.sku, c.location_id), 0), band_of(count),
             c.is_mine)
        for c in columns
    ]  # fmt: skip
    return Row(shown, cells, total)
