"""Making, changing and removing zones and services of delivery: for the whole chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time

from litestar import Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.params import FromQuery

from setten.console import guard
from setten.console.chain import fields, rights
from setten.console.chain.zones import said_name, service_address, zone_address
from setten.console.page import Asked, Page, page_of
from setten.console.places import named
from setten.console.shell.sign_in import redirect
from setten.platform import audit, clock, db
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.stock import delivery, locations
from setten.stock.delivery import LEAD_DAYS_MAX, PARCEL, Service, Zone
from setten.stock.hours import WEEKDAYS

NAMES = ("id", "name_ja", "name_en", "prefixes")
SERVICE_NAMES = ("id", "name_ja", "name_en", "origin", "zone", "cut_off", "lead_min", "lead_max",
                 "fee", "free_from", "currency", "carries")  # fmt: skip
USUAL = {"cut_off": "15:00", "lead_min": "1", "lead_max": "2", "currency": "JPY", "carries": PARCEL}
FIELD_MAX = 20_000
MONEY_MAX = 10**12
WITHOUT_MINOR = ("JPY", "KRW")
CENTS = 100
OF_CODES = {"bad_zone_id": "id", "bad_service_id": "id", "taken": "id", "bad_name": "name_ja",
            "bad_prefixes": "prefixes", "prefix_taken": "prefixes", "bad_ship_days": "ship_days",
            "bad_lead_days": "lead_min", "bad_fee": "fee", "bad_currency": "currency",
            "bad_carries": "carries", "bad_cut_off": "cut_off", "unknown_location": "origin",
            "unknown_zone": "zone"}  # fmt: skip
"""Which field a refusal belongs to."""


def _sent(form: FormMultiDict, names: Sequence[str]) -> dict[str, str]:
    return {one: str(form.get(one) or "").replace("\x00", "").strip()[:FIELD_MAX] for one in names}


def _slips(page: Page, why: str) -> dict[str, str]:
    return {OF_CODES.get(why, "id"): page.words()(f"zone.wrong_{why}")} if why else {}


@get("/stock/delivery/zone/edit", right=Right.approve_stock)
async def edit_zone(request: Asked, id: FromQuery[str] = "") -> Response[str]:
    """The form of a zone, or of a new one."""
    page = page_of(request)
    rights.require_all(page.who)
    if not id:
        return _zone_form(page, dict.fromkeys(NAMES, ""), is_new=True)
    async with guard.deps_of(request).pool.acquire() as conn:
        found = await delivery.zone(conn, id.replace("\x00", ""))
    said = {"id": found.zone_id, "name_ja": found.name_ja, "name_en": found.name_en,
            "prefixes": " ".join(found.prefixes)}  # fmt: skip
    return _zone_form(page, said, is_new=False)


def _zone_form(
    page: Page, said: Mapping[str, str], *, is_new: bool, why: str = ""
) -> Response[str]:
    view = {"said": said, "is_new": is_new, "slips": _slips(page, why),
            "back": "/stock/delivery" if is_new else zone_address(said["id"])}  # fmt: skip
    return page.render("chain/zone_form.html", view, status=422 if why else 200)


@post("/stock/delivery/zone/edit", right=Right.approve_stock)
async def keep_zone(request: Asked) -> Response[str]:
    """Keep a zone as the form says: it has just these postcodes afterwards."""
    page, form, now = page_of(request), await request.form(), clock.now()
    rights.require_all(page.who)
    said, is_new = _sent(form, NAMES), bool(form.get("new"))
    zone = Zone(
        zone_id=said["id"],
        name_ja=said["name_ja"],
        name_en=said["name_en"] or said["name_ja"],
        prefixes=tuple(dict.fromkeys(fields.plain(said["prefixes"]).replace(",", " ").split())),
    )
    async with db.transaction(guard.deps_of(request).pool) as conn:
        is_known = any(one.zone_id == zone.zone_id for one in await delivery.zones(conn))
        if is_new and is_known:
            why = "taken"
        elif not is_new and not is_known:
            raise delivery.UnknownZone()
        else:
            refused = await delivery.put_zones(conn, [zone], now=now)
            why = refused[0].reason if refused else ""
        if not why:
            await audit.note(conn, page.who, "zone.changed", at=now, subject=zone.zone_id)
    if why:
        return _zone_form(page, said, is_new=is_new, why=why)
    return redirect(zone_address(zone.zone_id, said="kept"))


@post("/stock/delivery/zone/removal", right=Right.approve_stock)
async def remove_zone(request: Asked) -> Response[str]:
    """Deliver to a zone no more."""
    page, now = page_of(request), clock.now()
    rights.require_all(page.who)
    zone_id = str((await request.form()).get("id") or "").replace("\x00", "")
    async with db.transaction(guard.deps_of(request).pool) as conn:
        await delivery.remove_zone(conn, zone_id)
        await audit.note(conn, page.who, "zone.removed", at=now, subject=zone_id)
    return redirect("/stock/delivery?said=removed")


@get("/stock/delivery/service/edit", right=Right.approve_stock)
async def edit_service(
    request: Asked, id: FromQuery[str] = "", zone: FromQuery[str] = ""
) -> Response[str]:
    """The form of a service, or of a new one."""
    page = page_of(request)
    rights.require_all(page.who)
    if not id:
        said = dict.fromkeys(SERVICE_NAMES, "") | USUAL | {"zone": zone, "fee": "0"}
        return await _service_form(request, page, said, WEEKDAYS[:5], is_new=True)
    async with guard.deps_of(request).pool.acquire() as conn:
        found = await delivery.service(conn, id.replace("\x00", ""))
    return await _service_form(request, page, _shown(found), found.ship_days, is_new=False)


def _shown(one: Service) -> dict[str, str]:
    """A service as its form shows it."""
    return {
        "id": one.service_id,
        "name_ja": one.name_ja,
        "name_en": one.name_en,
        "origin": one.origin,
        "zone": one.zone_id,
        "cut_off": one.cut_off.strftime("%H:%M"),
        "lead_min": str(one.lead_days_min),
        "lead_max": str(one.lead_days_max),
        "fee": _amount(one.fee_minor, one.currency),
        "free_from": ""
        if one.free_from_minor is None
        else _amount(one.free_from_minor, one.currency),
        "currency": one.currency,
        "carries": " ".join(one.carries),
    }


def _amount(minor: int, currency: str) -> str:
    return str(minor) if currency in WITHOUT_MINOR else f"{minor // CENTS}.{minor % CENTS:02}"


async def _service_form(
    request: Asked,
    page: Page,
    said: Mapping[str, str],
    ship_days: Sequence[str],
    *,
    is_new: bool,
    why: str = "",
) -> Response[str]:
    async with guard.deps_of(request).pool.acquire() as conn:
        names = await named(request, conn, page.locale)
        every = await locations.list_all(conn)
        zones = await delivery.zones(conn)
    view = {
        "said": said,
        "ship_days": ship_days,
        "weekdays": WEEKDAYS,
        "is_new": is_new,
        "slips": _slips(page, why),
        "places": [(one.location_id, names(one.location_id)) for one in every],
        "zones": [(one.zone_id, said_name(one, page)) for one in zones],
        "back": "/stock/delivery" if is_new else service_address(said["id"]),
    }
    return page.render("chain/service_form.html", view, status=422 if why else 200)


@post("/stock/delivery/service/edit", right=Right.approve_stock)
async def keep_service(request: Asked) -> Response[str]:
    """Keep a service as the form says."""
    page, form, now = page_of(request), await request.form(), clock.now()
    rights.require_all(page.who)
    said, is_new = _sent(form, SERVICE_NAMES), bool(form.get("new"))
    days = tuple(one for one in WEEKDAYS if one in form.getall("ship_days", []))
    read = _read(said, days)
    if isinstance(read, str):
        return await _service_form(request, page, said, days, is_new=is_new, why=read)
    async with db.transaction(guard.deps_of(request).pool) as conn:
        why = await _keep(conn, page, read, is_new, now)
    if why:
        return await _service_form(request, page, said, days, is_new=is_new, why=why)
    return redirect(service_address(read.service_id, said="kept"))


async def _keep(conn: Connection, page: Page, one: Service, is_new: bool, now: datetime) -> str:
    """Why it was not kept, "" when it was."""
    known = {old.service_id for old in await delivery.services(conn)}
    if is_new and one.service_id in known:
        return "taken"
    if not is_new and one.service_id not in known:
        raise delivery.UnknownService()
    refused = await delivery.put_services(conn, [one], now=now)
    if refused:
        return refused[0].reason
    await audit.note(conn, page.who, "service.changed", at=now, subject=one.service_id)
    return ""


def _read(said: Mapping[str, str], days: tuple[str, ...]) -> Service | str:
    """The service, or the code of what cannot be read."""
    first = fields.whole(said["lead_min"], 0, LEAD_DAYS_MAX)
    last = fields.whole(said["lead_max"], 0, LEAD_DAYS_MAX)
    if first is None or last is None:
        return "bad_lead_days"
    currency = said["currency"].upper()
    fee = _minor(said["fee"], currency)
    free_from = _minor(said["free_from"], currency)
    if fee is None or (said["free_from"] and free_from is None):
        return "bad_fee"
    try:
        cut_off = time.fromisoformat(said["cut_off"])
    except ValueError:
        return "bad_cut_off"
    return Service(
        service_id=said["id"],
        name_ja=said["name_ja"],
        name_en=said["name_en"] or said["name_ja"],
        origin=said["origin"],
        zone_id=said["zone"],
        cut_off=cut_off.replace(tzinfo=None),
        ship_days=days,
        lead_days_min=first,
        lead_days_max=last,
        fee_minor=fee,
        free_from_minor=free_from,
        currency=currency,
        carries=tuple(dict.fromkeys(fields.plain(said["carries"]).replace(",", " ").split())),
    )


def _minor(said: str, currency: str) -> int | None:
    """An amount as people write it, in minor units."""
    if currency in WITHOUT_MINOR:
        return fields.whole(said, 0, MONEY_MAX)
    value = fields.real(said, 0, MONEY_MAX)
    return None if value is None else round(value * CENTS)


@post("/stock/delivery/service/removal", right=Right.approve_stock)
async def remove_service(request: Asked) -> Response[str]:
    """Offer a service no more."""
    page, now = page_of(request), clock.now()
    rights.require_all(page.who)
    service_id = str((await request.form()).get("id") or "").replace("\x00", "")
    async with db.transaction(guard.deps_of(request).pool) as conn:
        await delivery.remove_service(conn, service_id)
        await audit.note(conn, page.who, "service.removed", at=now, subject=service_id)
    return redirect("/stock/delivery?said=removed")
