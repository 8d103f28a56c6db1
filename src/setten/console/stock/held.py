"""Holds of a place as a list: those that stand, those that ended, those of one item."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from litestar import Response, get

from setten.console import guard, lists, places
from setten.console.customers import people
from setten.console.customers.people import Person
from setten.console.page import Asked, Page
from setten.console.places import named
from setten.console.stock import naming
from setten.console.stock.goods import Good, goods, with_more
from setten.console.stock.listed_goods import HOLDS
from setten.platform import db
from setten.platform.auth import Right
from setten.stock import locations
from setten.stock.holds import Hold


class Row(msgspec.Struct, frozen=True):
    """A hold of the list, its goods in words, and whose it is for those who may see it."""

    hold: Hold
    what: str
    units: int
    person: Person | None


@get(HOLDS.path, right=Right.read_stock)
async def holds_page(request: Asked) -> Response[str]:
    """Holds of a place, newest first."""
    look, deps = lists.look(HOLDS, request), guard.deps_of(request)
    page = look.page
    at = look.asked.at or page.shop or ""
    async with db.transaction(deps.pool) as conn:
        part = await lists.part(conn, look)
        names = await named(request, conn, page.locale)
        every = await locations.list_all(conn)
        told = [(one.identifier_id, [one.location_id]) for one in part.rows]
        who = await naming.shown(conn, deps.vault, page, told)
        await people.note(conn, page.who, list(who.values()), action="holds.viewed", now=page.now)
        skus = {line.sku for one in part.rows for line in one.lines} | {look.asked.sku}
        shown = await goods(conn, sorted(skus - {""}), page)
    view = {
        "list": part,
        "at": at,
        "at_name": names(at),
        "good": shown.get(look.asked.sku),
        "rows": [_row(one, shown, who, page) for one in part.rows],
        "places": [(one.location_id, places.name_of(one, page.locale)) for one in every],
    }
    return page.render("stock/holds.html", view)


def _row(one: Hold, shown: Mapping[str, Good], who: Mapping[int, Person], page: Page) -> Row:
    return Row(
        hold=one,
        what=with_more(shown[one.lines[0].sku], len(one.lines), page) if one.lines else "",
        units=sum(line.qty for line in one.lines),
        person=who.get(one.identifier_id) if one.identifier_id is not None else None,
    )
