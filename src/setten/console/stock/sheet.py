"""The stock sheet: every item by every place, each number opening into its ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from litestar import Response, get

from setten.console import guard, lists, places
from setten.console.page import STAFF, Asked
from setten.console.shell.sign_in import redirect
from setten.console.stock.goods import Good, good
from setten.console.stock.listed_goods import ITEMS
from setten.platform.auth import Right
from setten.stock import ledger, locations
from setten.stock.bands import Band, band_of
from setten.stock.locations import Location

COLUMNS_MAX = 10
"""Places side by side at 1440 px; the total counts all of them."""


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


@get(ITEMS.path, right=Right.read_stock)
async def sheet(request: Asked) -> Response[str]:
    """Items that hold what was typed, by place."""
    look = lists.look(ITEMS, request)
    page = look.page
    async with guard.deps_of(request).pool.acquire() as conn:
        part = await lists.part(conn, look)
        every = await locations.list_all(conn)
        columns = _columns(every, page.shop, page.locale)
        items = [one.item for one in part.rows]
        skus, beside = [item.sku for item in items], [one.location_id for one in columns]
        balances = await ledger.balances_among(conn, skus, beside)
        totals = await ledger.totals_of(conn, skus)
    own = {one.key: max(0, one.promisable) for one in balances}
    view = {
        "list": part,
        "rows": [_row(good(item, page), columns, own, totals.get(item.sku, 0)) for item in items],
        "columns": columns,
        "place_count": len(every),
        "is_all": not (part.first or part.next),
    }
    return page.render("stock/sheet.html", view)


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
