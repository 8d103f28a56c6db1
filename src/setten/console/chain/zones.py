"""Delivery on the console: zones and services, and a postcode tried against them."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post
from litestar.params import FromQuery

from setten.console import guard, lists
from setten.console.chain import rights
from setten.console.chain.listed import ZONES
from setten.console.page import Asked, Page, page_of
from setten.console.places import Named, directory_of, named
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.stock import catalog, delivery
from setten.stock.delivery import BadPostcode, Option, Quote, Service, Wanted, Zone
from setten.stock.hours import WEEKDAYS

SAID_MAX = 100
PREFIXES_SHOWN = 12


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A zone of the list, with the services that go there."""

    zone: Zone
    name: str
    href: str
    services: list[tuple[str, str]]
    prefixes: str


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A service as a list shows it."""

    service: Service
    name: str
    href: str
    origin: str
    days: str
    fee: str


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What a postcode would be offered, and why other services are not. wrong: a key of words."""

    zone: str = ""
    zone_href: str = ""
    offers: Sequence[tuple[str, str, Option]] = ()
    excluded: Sequence[tuple[str, str]] = ()
    wrong: str = ""


def zone_address(zone_id: str, **more: str) -> str:
    """The page of a zone."""
    return f"/stock/delivery/zone?{urlencode({'id': zone_id, **more})}"


def service_address(service_id: str, **more: str) -> str:
    """The page of a service."""
    return f"/stock/delivery/service?{urlencode({'id': service_id, **more})}"


def said_name(one: Zone | Service, page: Page) -> str:
    """A zone or a service in the reader's language."""
    return one.name_ja if page.locale == "ja" else one.name_en


def line_of(one: Service, names: Named, page: Page) -> Line:
    """A service with its place, days and fee as words."""
    t, f = page.words(), page.shown()
    days = (
        t("zone.every_day")
        if len(one.ship_days) == len(WEEKDAYS)
        else (" " if page.locale == "en" else "・").join(
            t(f"place.{day}") for day in WEEKDAYS if day in one.ship_days
        )
    )
    return Line(
        service=one,
        name=said_name(one, page),
        href=service_address(one.service_id),
        origin=names(one.origin),
        days=days,
        fee=f.money(one.fee_minor, one.currency) if one.fee_minor else t("delivery.free"),
    )


@get(ZONES.path, right=Right.read_stock)
async def delivery_page(request: Asked) -> Response[str]:
    """All zones with the services that go there."""
    return await _page(request)


async def _page(
    request: Asked, *, tried: Tried | None = None, typed: tuple[str, str] = ("", "")
) -> Response[str]:
    look = lists.look(ZONES, request)
    page = look.page
    async with guard.deps_of(request).pool.acquire() as conn:
        part = await lists.part(conn, look)
        services = await delivery.services(conn)
    view = {
        "list": part,
        "rows": [_row(one, services, page) for one in part.rows],
        "has_any": bool(part.rows or part.is_filtered or part.first),
        "removed": look.beside.get("said") == "removed",
        "tried": tried,
        "typed": typed,
        "may_add": rights.may_change_all(page.who),
    }
    return page.render("chain/delivery.html", view)


def _row(zone: Zone, services: Sequence[Service], page: Page) -> Row:
    return Row(
        zone=zone,
        name=said_name(zone, page),
        href=zone_address(zone.zone_id),
        services=[(said_name(one, page), service_address(one.service_id))
                  for one in services if one.zone_id == zone.zone_id],
        prefixes=" ".join(zone.prefixes[:PREFIXES_SHOWN])
        + (" …" if len(zone.prefixes) > PREFIXES_SHOWN else ""),
    )  # fmt: skip


@post("/stock/delivery/trial", status_code=200, right=Right.read_stock)
async def trial(request: Asked) -> Response[str]:
    """Try a postcode, of no goods or of one item. It comes in the body: it is where she lives."""
    page, form = page_of(request), await request.form()
    code = str(form.get("postcode") or "").replace("\x00", "")[:20]
    typed = str(form.get("sku") or "").replace("\x00", "").strip()[:SAID_MAX]
    async with guard.deps_of(request).pool.acquire() as conn:
        names = await named(request, conn, page.locale)
        tried = await _tried(request, conn, page, names, code, typed)
    return await _page(request, tried=tried, typed=(code, typed))


async def _tried(
    request: Asked, conn: Connection, page: Page, names: Named, code: str, typed: str
) -> Tried:
    wanted, price = [], None
    if typed:
        sku = (await catalog.skus_of(conn, [typed])).get(typed, typed)
        try:
            price = (await catalog.get(conn, sku)).price_minor
        except catalog.UnknownItem:
            return Tried(wrong="zone.bad_sku")
        wanted = [Wanted(sku, 1)]
    try:
        quote = await delivery.options(
            conn, directory_of(request), code, wanted, subtotal_minor=price, now=page.now
        )
    except BadPostcode:
        return Tried(wrong="delivery.bad_postcode")
    if quote.zone is None:
        return Tried(wrong="zone.nowhere")
    services = {one.service_id: one for one in await delivery.services(conn)}
    return _told(quote, quote.zone, services, names, page)


def _told(
    quote: Quote, zone: Zone, services: dict[str, Service], names: Named, page: Page
) -> Tried:
    t = page.words()
    excluded = [
        (said_name(services[one.service_id], page),
         t(f"zone.excluded_{one.reason}", place=names(one.origin)))
        for one in quote.excluded
    ]  # fmt: skip
    return Tried(
        zone=said_name(zone, page),
        zone_href=zone_address(zone.zone_id),
        offers=[(said_name(services[one.service_id], page), names(one.origin), one)
                for one in quote.options],
        excluded=excluded,
        wrong="" if quote.options or excluded else "zone.no_service",
    )  # fmt: skip


@get("/stock/delivery/zone", right=Right.read_stock)
async def zone_page(request: Asked, id: FromQuery[str], said: FromQuery[str] = "") -> Response[str]:
    """One zone: its postcodes and the services that go there."""
    page = page_of(request)
    async with guard.deps_of(request).pool.acquire() as conn:
        found = await delivery.zone(conn, id.replace("\x00", ""))
        every = await delivery.services(conn)
        names = await named(request, conn, page.locale)
    view = {
        "zone": found,
        "name": said_name(found, page),
        "services": [line_of(one, names, page) for one in every if one.zone_id == found.zone_id],
        "kept": said == "kept",
        "may_change": rights.may_change_all(page.who),
    }
    return page.render("chain/zone.html", view)


@get("/stock/delivery/service", right=Right.read_stock)
async def service_page(
    request: Asked, id: FromQuery[str], said: FromQuery[str] = ""
) -> Response[str]:
    """One service: from where to where, when it leaves, what it costs and carries."""
    page = page_of(request)
    async with guard.deps_of(request).pool.acquire() as conn:
        found = await delivery.service(conn, id.replace("\x00", ""))
        zone = await delivery.zone(conn, found.zone_id)
        names = await named(request, conn, page.locale)
    t = page.words()
    view = {
        "line": line_of(found, names, page),
        "service": found,
        "zone": said_name(zone, page),
        "zone_href": zone_address(zone.zone_id),
        "carries": [t(f"zone.class_{one}") if t.has(f"zone.class_{one}") else one
                    for one in found.carries],
        "kept": said == "kept",
        "may_change": rights.may_change_all(page.who),
    }  # fmt: skip
    return page.render("chain/service.html", view)
