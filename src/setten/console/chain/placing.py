"""Making and changing a place: what it is, where, when it is open, whether it sends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, get, post
from litestar.params import FromQuery

from setten.console import guard
from setten.console.chain import fields, rights
from setten.console.chain.places import address, sender_of
from setten.console.page import Asked, Page, page_of
from setten.console.shell.sign_in import redirect
from setten.platform import audit, clock, db
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.stock import fulfilments, locations
from setten.stock.fulfilments import Sender
from setten.stock.hours import WEEKDAYS
from setten.stock.locations import KINDS, Location

NAMES = ("at", "name_ja", "name_en", "kind", "lat", "lon", "timezone", "days", "max_km",
         "open_max", "rank", "paused", *WEEKDAYS)  # fmt: skip
KM = (0.1, 20_100.0)  # from next door to the other side of the earth
OPEN = (1, 1_000_000)
RANK = (0, 1_000)
LAT, LON = (-90.0, 90.0), (-180.0, 180.0)
OF_CODES = {"bad_location_id": "at", "bad_name": "name_ja", "bad_kind": "kind", "bad_point": "lat",
            "bad_timezone": "timezone", "bad_hours": "mon"}  # fmt: skip
"""Which field a refusal of the place belongs to."""


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """What a form says. slips: by field, the word that says what is wrong with it."""

    place: Location
    sender: Sender
    slips: dict[str, str]


@get("/stock/places/edit", right=Right.read_stock)
async def edit(request: Asked, at: FromQuery[str] = "") -> Response[str]:
    """The form: of a place, or of a new one."""
    page = page_of(request)
    if not at:
        rights.require_all(page.who)
        said = dict.fromkeys(NAMES, "") | {"kind": "shop", "timezone": page.zone, "rank": "10"}
        return _form(page, said, is_new=True)
    rights.require_at(page.who, at)
    async with guard.deps_of(request).pool.acquire() as conn:
        place = await locations.get(conn, at.replace("\x00", ""))
        sender = await sender_of(conn, place.location_id)
    return _form(page, _said(place, sender, page), ships=sender.ships)


def _form(
    page: Page,
    said: Mapping[str, str],
    *,
    is_new: bool = False,
    ships: bool = False,
    slips: Mapping[str, str] | None = None,
) -> Response[str]:
    t = page.words()
    view = {
        "said": said,
        "ships": ships,
        "slips": {name: t(f"place.wrong_{why}") for name, why in (slips or {}).items()},
        "is_new": is_new,
        "kinds": KINDS,
        "weekdays": WEEKDAYS,
        "back": "/stock/places" if is_new else address(said["at"]),
    }
    return page.render("chain/place_form.html", view, status=422 if slips else 200)


def _said(place: Location, sender: Sender, page: Page) -> dict[str, str]:
    """A place as its form shows it."""
    zone = ZoneInfo(page.zone)
    closed = page.words()("place.closed")
    return {
        "at": place.location_id,
        "name_ja": place.name_ja,
        "name_en": place.name_en,
        "kind": place.kind,
        "lat": "" if place.lat is None else f"{place.lat:.6f}".rstrip("0").rstrip("."),
        "lon": "" if place.lon is None else f"{place.lon:.6f}".rstrip("0").rstrip("."),
        "timezone": place.timezone,
        "days": fields.said_exceptions(place.hours, closed=closed),
        "max_km": "" if sender.max_km is None else f"{sender.max_km:g}",
        "open_max": "" if sender.open_max is None else str(sender.open_max),
        "rank": str(sender.rank),
        "paused": fields.said_moment(sender.paused_until, zone),
        **fields.said_week(place.hours),
    }


@post("/stock/places/edit", right=Right.approve_stock)
async def keep(request: Asked) -> Response[str]:
    """Keep a place as the form says; what cannot be kept is said beside its field."""
    page, form = page_of(request), await request.form()
    said = {name: str(form.get(name) or "").replace("\x00", "").strip() for name in NAMES}
    is_new, ships, now = bool(form.get("new")), bool(form.get("ships")), clock.now()
    if is_new:
        rights.require_all(page.who)
    else:
        rights.require_at(page.who, said["at"])
    read = _read(said, ships, ZoneInfo(page.zone))
    slips = dict(read.slips)
    async with db.transaction(guard.deps_of(request).pool) as conn:
        known = await locations.known(conn, [said["at"]])
        if is_new and known:
            slips["at"] = "taken"
        elif not is_new and not known:
            raise locations.UnknownLocation(location_id=said["at"][:100])
        if not slips:
            await _keep(conn, page, read, now)
    if slips:
        return _form(page, said, is_new=is_new, ships=ships, slips=slips)
    return redirect(address(said["at"], kept="1"))


async def _keep(conn: Connection, page: Page, read: Read, now: datetime) -> None:
    refused = await locations.put(conn, [read.place], now=now)
    assert not refused, refused  # it was looked at before
    if read.sender != await sender_of(conn, read.place.location_id):
        await fulfilments.put_senders(conn, [read.sender], by=page.who.label, now=now)
    await audit.note(conn, page.who, "place.changed", at=now, subject=read.place.location_id)


def _read(said: Mapping[str, str], ships: bool, zone: ZoneInfo) -> Read:
    slips: dict[str, str] = {}
    week = {one: fields.spans(said[one]) for one in WEEKDAYS}
    slips |= dict.fromkeys([one for one, spans in week.items() if spans is None], "bad_hours")
    days = fields.exceptions(said["days"])
    if days is None:
        slips["days"] = "bad_days"
    hours = {one: spans for one, spans in week.items() if spans}
    point = [fields.real(said["lat"], *LAT), fields.real(said["lon"], *LON)]
    has_point = bool(said["lat"] or said["lon"])
    if has_point and None in point:
        slips["lat"] = "bad_point"
    place = Location(
        location_id=said["at"],
        name_ja=said["name_ja"],
        name_en=said["name_en"],
        kind=said["kind"],
        lat=point[0] if has_point else None,
        lon=point[1] if has_point else None,
        timezone=said["timezone"],
        hours={**hours, **({"days": days} if days else {})},
    )
    if not slips and (why := locations.check(place)):
        slips[OF_CODES[why]] = why
    sender = _sender(said, ships, zone, slips)
    return Read(place=place, sender=sender, slips=slips)


def _sender(said: Mapping[str, str], ships: bool, zone: ZoneInfo, slips: dict[str, str]) -> Sender:
    """How it sends; adds to the slips what cannot be read."""
    km = fields.real(said["max_km"], *KM)
    most = fields.whole(said["open_max"], *OPEN)
    rank = fields.whole(said["rank"] or "0", *RANK)
    paused = fields.moment(said["paused"], zone)
    read = {"max_km": km, "open_max": most, "rank": rank, "paused": paused}
    slips |= {name: name for name, value in read.items() if said[name] and value is None}
    return Sender(
        location_id=said["at"],
        ships=ships,
        max_km=km,
        open_max=most,
        rank=rank or 0,
        paused_until=paused,
    )
