"""One item: where it is, what each number is made of, and the ledger behind it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.params import FromPath, FromQuery

from setten.console import guard
from setten.console.customers import people
from setten.console.customers.people import Person
from setten.console.page import Asked, Page, page_of
from setten.console.places import Named, named
from setten.console.stock import moved, promising
from setten.console.stock.goods import Good, good
from setten.platform import db
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.platform.vault import Vault
from setten.stock import catalog, holds, ledger, locations
from setten.stock.bands import Band
from setten.stock.catalog import Item
from setten.stock.holds import Hold
from setten.stock.ledger import Balance

LEDGER_ROWS = 40
VARIANTS_MAX = 24
PLACES_NEAREST = 40  # of a thing that lies everywhere; all of them are one link away


class PlaceRow(msgspec.Struct, frozen=True, kw_only=True):
    """One place that has, or had, the item."""

    location_id: str
    name: str
    kind: str
    count: int
    band: Band
    km: float | None
    is_open: bool
    opens_at: datetime | None
    closes_at: datetime | None
    shelf: str | None
    is_mine: bool


@get("/stock/items/{sku:path}", right=Right.read_stock)
async def item(
    request: Asked,
    sku: FromPath[str],
    at: FromQuery[str] = "",
    held: FromQuery[str] = "",
    places: FromQuery[str] = "",
) -> Response[str]:
    """The item, its places, and the ledger of the place chosen (one's own at first)."""
    page, sku = page_of(request), sku.removeprefix("/")
    deps = guard.deps_of(request)
    async with db.transaction(deps.pool) as conn:
        names = await named(request, conn, page.locale)
        view = await _view(conn, page, names, sku, at, shows_all=places == "all")
        view |= await _ledger(conn, page, view["balance"])
        view["held"] = await _held(conn, page, held)
        view["whom"] = await _whom(conn, page, deps.vault, request.query_params.get("for", ""))
        view["panel"] = await promising.panel(conn, page, deps.vault, sku, str(view["at"]))
    return page.render("stock/item.html", view)


async def _view(
    conn: Connection, page: Page, names: Named, sku: str, at: str, *, shows_all: bool
) -> dict[str, object]:
    found = await catalog.get(conn, sku)
    balances = await ledger.balances_of(conn, [sku])
    near = _nearest(balances, names, page)
    some = near if shows_all else near[:PLACES_NEAREST]
    if at and not shows_all:  # the place that was asked for is shown however far it is
        some += [one for one in near[PLACES_NEAREST:] if one[1].location_id == at]
    places = [_place(km, one, names, page) for km, one in some]
    chosen = at or next((p.location_id for p in places), "")
    return {
        "good": good(found, page),
        "item": found,
        "places": places,
        "place_count": len(near),
        "variants": await _variants(conn, found, page),
        "at": chosen,
        "at_name": names(chosen),
        "balance": next((b for b in balances if b.location_id == chosen), None),
    }


async def _held(conn: Connection, page: Page, said: str) -> Hold | None:
    """The hold that was just made here, to tell its code."""
    try:
        hold = await holds.get(conn, UUID(said), now=page.now) if said else None
    except (ValueError, holds.UnknownHold):
        return None
    return hold if hold and hold.is_open else None


async def _whom(conn: Connection, page: Page, vault: Vault, said: str) -> Person | None:
    """The customer this page was opened for: one tap leads back, and holds are hers."""
    if not said or not page.who.may(Right.read_customers):
        return None
    try:
        found = await people.by_id(conn, vault, [UUID(said)], page.locale)
    except ValueError:
        return None
    await people.note(conn, page.who, list(found.values()), action="item.viewed_for", now=page.now)
    return next(iter(found.values()), None)


def _nearest(
    balances: Sequence[Balance], names: Named, page: Page
) -> list[tuple[float | None, Balance]]:
    """Kilometres from one's own place, and the row: the own first, then the nearest."""
    home = names.find(page.shop)

    def far(one: Balance) -> float | None:
        place = names.find(one.location_id)
        return locations.distance_km(home, place) if home and place and home != place else None

    found = [(far(one), one) for one in balances]
    return sorted(
        found,
        key=lambda pair: (
            pair[1].location_id != page.shop, pair[0] is None, pair[0] or 0.0, pair[1].location_id
        ),
    )  # fmt: skip


def _place(km: float | None, one: Balance, names: Named, page: Page) -> PlaceRow:
    place = names.find(one.location_id)
    opens_at, closes_at = place.opening(page.now) if place else (None, None)
    return PlaceRow(
        location_id=one.location_id,
        name=names(one.location_id),
        kind=place.kind if place else "shop",
        count=max(0, one.promisable),
        band=one.band,
        km=km,
        is_open=opens_at is not None and opens_at <= page.now,
        opens_at=opens_at,
        closes_at=closes_at,
        shelf=one.shelf,
        is_mine=one.location_id == page.shop,
    )


async def _variants(conn: Connection, item: Item, page: Page) -> list[Good]:
    if not item.product_id:
        return []
    found = await catalog.of_product(conn, item.product_id, limit=VARIANTS_MAX)
    return [good(one, page) for one in found if one.sku != item.sku]


async def _ledger(conn: Connection, page: Page, balance: object) -> dict[str, object]:
    """The newest entries of the chosen place with what was left after each; a list has them all."""
    if not isinstance(balance, Balance):
        return {"lines": [], "has_more": False}
    found = await ledger.entries_of(conn, balance.key, limit=LEDGER_ROWS + 1)
    lines = [moved.line(one, page) for one in moved.with_left(found, balance.promisable)]
    return {"lines": lines[:LEDGER_ROWS], "has_more": len(found) > LEDGER_ROWS}
