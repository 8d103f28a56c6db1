"""The places of the business: found, read as one page, and what lies kept back at each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery

from setten.console import guard, lists, places
from setten.console.chain import fields, rights
from setten.console.chain.listed import ASIDE, DISPLAY, DUE, PLACES, KeptFilter
from setten.console.lists import ListOf
from setten.console.page import Asked, Page, page_of
from setten.console.stock.goods import Good, goods
from setten.console.words import Words
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.stock import allocations, delivery, fulfilments, inbound, ledger, locations
from setten.stock.delivery import Service
from setten.stock.fulfilments import Sender
from setten.stock.hours import WEEKDAYS
from setten.stock.locations import KINDS, Location

FIRST = 5
"""Lines of what is kept back on the place's own page; the list has all of them."""

RELEASE = "release_"
WHATS = ("aside", "display", "due")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A place of the list."""

    place: Location
    name: str
    href: str
    hours: str
    sends: str


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Units of one sku that are kept back at a place, or due there."""

    ident: str
    good: Good
    href: str
    meta: str
    qty: int


class Keeping(msgspec.Struct, frozen=True, kw_only=True):
    """The first of what is kept back at a place, and whether there is more."""

    rows: list[Kept]
    has_more: bool


def address(location_id: str, **more: str) -> str:
    """The page of a place."""
    return f"/stock/places/place?{urlencode({'at': location_id, **more})}"


@get(PLACES.path, right=Right.read_stock)
async def places_page(request: Asked) -> Response[str]:
    """All places, those that hold what was typed, of one kind or of all."""
    look = lists.look(PLACES, request)
    page = look.page
    async with guard.deps_of(request).pool.acquire() as conn:
        part = await lists.part(conn, look)
        senders = {one.location_id: one for one in await fulfilments.senders(conn)}
    view = {
        "list": part,
        "rows": [_row(one.place, senders[one.place.location_id], page) for one in part.rows],
        "kinds": KINDS,
        "may_add": rights.may_change_all(page.who),
    }
    return page.render("chain/places.html", view)


def _row(place: Location, sender: Sender, page: Page) -> Row:
    return Row(
        place=place,
        name=places.name_of(place, page.locale),
        href=address(place.location_id),
        hours=_hours(place, page),
        sends=_sends(sender, page),
    )


def _hours(place: Location, page: Page) -> str:
    """Whether it is open now, and until when; else when it opens."""
    t, f = page.words(), page.shown()
    if not place.hours:
        return t("place.hours_unknown")
    opens, closes = place.opening(page.now)
    if opens is None or closes is None:
        return t("place.closed_long")
    if opens <= page.now:
        return t("place.open_until", at=f.until(closes))
    return t("place.opens", at=f.until(opens))


def _sends(sender: Sender, page: Page) -> str:
    t = page.words()
    if not sender.ships:
        return t("place.sends_no")
    if sender.paused_until is not None and sender.paused_until > page.now:
        return t("place.sends_paused", at=page.shown().until(sender.paused_until))
    return t("place.sends_yes")


@get("/stock/places/place", right=Right.read_stock)
async def place_page(
    request: Asked, at: FromQuery[str], kept: FromQuery[str] = ""
) -> Response[str]:
    """One place: when it is open, what it sends and how, what is kept back there."""
    page = page_of(request)
    async with guard.deps_of(request).pool.acquire() as conn:
        found = await locations.get(conn, at.replace("\x00", ""))
        sender = await sender_of(conn, found.location_id)
        services = [one for one in await delivery.services(conn) if one.origin == at]
        zones = {one.zone_id: one for one in await delivery.zones(conn)}
        keepings = {what: await _keeping(conn, page, what, at) for what in WHATS}
    view = {
        "place": found,
        "name": places.name_of(found, page.locale),
        "hours": _hours(found, page),
        "week": fields.said_week(found.hours),
        "weekdays": WEEKDAYS,
        "today": WEEKDAYS[page.shown().now.weekday()],
        "exceptions": _exceptions(found, page),
        "sender": sender,
        "sends": _sends(sender, page),
        "services": [(one, _service_name(one, zones, page)) for one in services],
        "keepings": keepings,
        "kept": bool(kept),
        "may_change": rights.may_change(page.who, at),
    }
    return page.render("chain/place.html", view)


async def sender_of(conn: Connection, location_id: str) -> Sender:
    """Whether a place sends, as it is set or by its kind."""
    found = await fulfilments.senders(conn)
    return next(one for one in found if one.location_id == location_id)


def _service_name(one: Service, zones: Mapping[str, delivery.Zone], page: Page) -> str:
    zone = zones[one.zone_id]
    names = (one.name_ja, zone.name_ja) if page.locale == "ja" else (one.name_en, zone.name_en)
    return ("　" if page.locale == "ja" else " · ").join(names)


def _exceptions(place: Location, page: Page) -> list[tuple[str, str]]:
    """Days from today on that differ from their weekday."""
    f, today = page.shown(), page.shown().now.date()
    days = sorted(place.hours.get("days", {}).items())
    return [
        (f.date(date.fromisoformat(at)), fields.said_spans(spans) or page.words()("place.closed"))
        for at, spans in days
        if date.fromisoformat(at) >= today
    ]


def _kept(of: ListOf[KeptFilter, Any], what: str) -> HTTPRouteHandler:
    """The page of all that is set aside, on display or due at a place."""

    @get(of.path, right=Right.read_stock, name=of.path)
    async def kept_page(request: Asked) -> Response[str]:
        """The list of one of these."""
        look = lists.look(of, request)
        page = look.page
        async with guard.deps_of(request).pool.acquire() as conn:
            found = await locations.get(conn, look.asked.at)
            part = await lists.part(conn, look)
            kept = await _told(conn, page, what, part.rows, found.location_id)
        view = {
            "list": part,
            "name": places.name_of(found, page.locale),
            "what": what,
            "kept": kept,
            "back": address(found.location_id),
        }
        return page.render("chain/kept.html", view)

    return kept_page


KEPT_PAGES = [_kept(ASIDE, "aside"), _kept(DISPLAY, "display"), _kept(DUE, "due")]


async def _keeping(conn: Connection, page: Page, what: str, at: str) -> Keeping:
    """The first of what is kept back at a place."""
    found: Sequence[Any]
    if what == "aside":
        found = await allocations.at(conn, at, limit=FIRST + 1)
    elif what == "display":
        found = await ledger.displayed_at(conn, at, limit=FIRST + 1)
    else:
        found = await inbound.open_at(conn, at, limit=FIRST + 1)
    rows = await _told(conn, page, what, found[:FIRST], at)
    return Keeping(rows=rows, has_more=len(found) > FIRST)


async def _told(
    conn: Connection, page: Page, what: str, found: Sequence[Any], at: str
) -> list[Kept]:
    """Allocations, balances or deliveries as a page shows them."""
    if what == "aside":
        said = [(ASIDE.ident(one), one.sku, _aside(one, page), one.qty) for one in found]
    elif what == "display":
        said = [(DISPLAY.ident(one), one.sku, one.shelf or "", one.display) for one in found]
    else:
        said = [(DUE.ident(one), one.sku, _due(one, page), one.outstanding) for one in found]
    shown = await goods(conn, [sku for _, sku, _, _ in said], page)
    query = urlencode({"at": at})
    return [
        Kept(ident=ident, good=shown[sku], href=f"{shown[sku].href}?{query}", meta=meta, qty=qty)
        for ident, sku, meta, qty in said
    ]


def _aside(one: allocations.Allocation, page: Page) -> str:
    t = page.words()
    channel = channel_word(one.channel, t)
    if one.until is None:
        return channel
    return f"{channel}　{t('pickup.until', until=page.shown().until(one.until))}"


def channel_word(channel: str, t: Words) -> str:
    """A channel as people call it; one of a release by the release's code."""
    if channel.startswith(RELEASE):
        return t("place.for_release", code=channel.removeprefix(RELEASE))
    return t(f"via.{channel}") if t.has(f"via.{channel}") else channel


def _due(one: inbound.Due, page: Page) -> str:
    n = page.words()("place.due_n", n=one.outstanding, promised=one.promised)
    return f"{page.shown().date(one.due_on)}　{one.ref}　{n}"
