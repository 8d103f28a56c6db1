"""Preorders as a list: who waits for an item, who waits at a place."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response, get

from setten.console import guard, lists, places
from setten.console.customers import people
from setten.console.customers.people import Person
from setten.console.lists import Column, Filter, ListOf, Look, Order, Word
from setten.console.page import Asked
from setten.console.places import named
from setten.console.stock import naming
from setten.console.stock.goods import Good, goods
from setten.platform import db
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.stock import inbound, locations
from setten.stock.inbound import Preorder


class PreorderFilter(Filter, frozen=True, kw_only=True):
    """A place, an item, or both; one's own place when the link says neither."""

    at: Word = ""
    sku: Word = ""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A preorder of the list, and whose it is for those who may see it."""

    preorder: Preorder
    good: Good
    place: str
    href: str
    person: Person | None


def _at(look: Look[PreorderFilter, Preorder]) -> str:
    """An item is asked for over all places unless the link names one."""
    return look.asked.at or ("" if look.asked.sku else look.page.shop or "")


async def _waiting(conn: Connection, look: Look[PreorderFilter, Preorder]) -> list[Preorder]:
    return await inbound.waiting(
        conn,
        sku=look.asked.sku,
        location_id=_at(look),
        after=look.after[0] if look.after else None,
        limit=look.most,
        newest_first=look.falls,
    )


# Ids of preorders begin with the moment they were made: in their order, that is theirs.
PREORDERS = ListOf[PreorderFilter, Preorder](
    name="preorders",
    audit="preorders.exported",
    path="/stock/preorders",
    file="/stock/preorders.csv",
    right=Right.read_stock,
    filters=PreorderFilter,
    sort="placed_at",
    fetch=_waiting,
    ident=lambda one: str(one.preorder_id),
    at_once=inbound.PAGE_MAX - 1,
    columns=(
        Column(name="preorder_id", told=lambda one, _: one.preorder_id),
        Column(name="sku", word="preorders.goods", told=lambda one, _: one.sku),
        Column(name="who", word="preorders.who"),
        Column(name="location_id", told=lambda one, _: one.location_id),
        Column(name="place", told=lambda one, line: line.names(one.location_id)),
        Column(name="units", word="preorders.units", style="num", told=lambda one, _: one.qty),
        Column(name="channel", told=lambda one, _: one.channel),
        Column(name="due_on", word="preorders.due", told=lambda one, _: one.due_on),
        Column(
            name="placed_at",
            word="preorders.placed",
            told=lambda one, _: one.placed_at.isoformat(),
            order=Order(lambda one: (one.preorder_id,), (UUID,)),
        ),
    ),
)


@get(PREORDERS.path, right=Right.read_stock)
async def preorders_page(request: Asked) -> Response[str]:
    """Who waits, the oldest first."""
    look, deps = lists.look(PREORDERS, request), guard.deps_of(request)
    page, at, sku = look.page, _at(look), look.asked.sku
    async with db.transaction(deps.pool) as conn:
        part = await lists.part(conn, look)
        names = await named(request, conn, page.locale)
        every = await locations.list_all(conn)
        told = [(one.identifier_id, [one.location_id]) for one in part.rows]
        who = await naming.shown(conn, deps.vault, page, told)
        await people.note(
            conn, page.who, list(who.values()), action="preorders.viewed", now=page.now
        )
        shown = await goods(conn, sorted({sku, *(one.sku for one in part.rows)} - {""}), page)
    view = {
        "list": part,
        "at": at,
        "at_name": names(at) if at else "",
        "good": shown.get(sku),
        "places": [(one.location_id, places.name_of(one, page.locale)) for one in every],
        "rows": [
            Row(
                preorder=one,
                good=shown[one.sku],
                place=names(one.location_id),
                href=_href(one),
                person=who.get(one.identifier_id or 0),
            )
            for one in part.rows
        ],
    }
    return page.render("stock/preorders.html", view)


def _href(one: Preorder) -> str:
    """Where it stands among what is due, and is given up."""
    return f"/stock/promises?{urlencode({'sku': one.sku, 'at': one.location_id})}"
