"""Groups of places with a name, and what was promised of one before a place was named for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromQuery

from setten.console import guard, lists, places
from setten.console.chain import fields, rights
from setten.console.chain.regional import REGIONAL, Promised, RegionFilter
from setten.console.lists import Look
from setten.console.page import Asked, Page, page_of
from setten.console.places import Named, directory_of, named
from setten.console.shell.sign_in import redirect
from setten.console.stock.goods import Good, goods
from setten.platform import audit, auth, clock, db, errors
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.platform.errors import Conflict, Invalid, SettenError
from setten.stock import holds, locations, regions
from setten.stock.holds import Hold
from setten.stock.locations import Location
from setten.stock.regions import Region, Regional, UnknownRegion

SAID_MAX = 200
NAMES = ("id", "name_ja", "name_en")
OF_CODES = {"bad_region_id": "id", "taken": "id", "bad_name": "name_ja", "too_many": "id",
            "too_many_places": "places", "unknown_location": "places", "nowhere": "places",
            }  # fmt: skip
"""Which field a refusal belongs to."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A region of the list. waiting: promises that no place is named for."""

    region: Region
    name: str
    href: str
    waiting: int


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A promise without a place: what, of which region, until when, where its units lie by now."""

    hold: Hold
    asked_at: datetime
    goods: list[tuple[Good, int]]
    region: str
    lies_at: str
    may_be: list[tuple[str, str]]


def address(region_id: str = "", **more: str) -> str:
    """The page of all regions, or of one."""
    parts = ({"id": region_id} if region_id else {}) | more
    return "/stock/regions" + (f"?{urlencode(parts)}" if parts else "")


def name_of(region: Region, locale: str) -> str:
    """A region in the reader's language."""
    return region.name_ja if locale == "ja" else region.name_en or region.name_ja


@get("/stock/regions", right=Right.read_stock)
async def regions_page(request: Asked) -> Response[str]:
    """Regions, and what waits for a place: of all of them, or of one."""
    return await _page(request, lists.look(REGIONAL, request))


async def _page(
    request: Asked,
    look: Look[RegionFilter, Promised],
    *,
    refusal: SettenError | None = None,
) -> Response[str]:
    page, region_id = look.page, look.asked.id
    async with guard.deps_of(request).pool.acquire() as conn:
        every = await regions.list_all(conn)
        one = next((r for r in every if r.region_id == region_id), None)
        if region_id and one is None:
            raise UnknownRegion(region_id=region_id[:60])
        counts = await regions.count_unplaced(conn, now=page.now)
        part = await lists.part(conn, look)
        names = await named(request, conn, page.locale)
        waiting = await _waiting(conn, page, names, [row.regional for row in part.rows], every)
    said = look.beside.get("said", "")
    view = {
        "rows": [_row(r, counts, page) for r in every],
        "one": one,
        "name": name_of(one, page.locale) if one else "",
        "places": [(p, names(p)) for p in one.location_ids] if one else [],
        "waiting": waiting,
        "total": counts.get(region_id, 0) if region_id else sum(counts.values()),
        "list": part,
        "may_change": rights.may_change_all(page.who),
        "said": said if said in ("kept", "removed", "placed") else "",
        "refusal": refusal and errors.say(refusal.code, page.locale, refusal.facts),
    }
    return page.render("chain/regions.html", view, status=409 if refusal else 200)


def _row(region: Region, counts: Mapping[str | None, int], page: Page) -> Row:
    return Row(
        region=region,
        name=name_of(region, page.locale),
        href=address(region.region_id),
        waiting=counts.get(region.region_id, 0),
    )


async def _waiting(
    conn: Connection,
    page: Page,
    names: Named,
    listed: Sequence[Regional],
    every: Sequence[Region],
) -> list[Waiting]:
    found = await holds.find_many(conn, [one.hold_id for one in listed], now=page.now)
    by_id = {one.hold_id: one for one in found}
    shown = await goods(conn, [line.sku for one in found for line in one.lines], page)
    said = {one.region_id: name_of(one, page.locale) for one in every}
    return [
        Waiting(
            hold=hold,
            asked_at=one.asked_at,
            goods=_units(hold, shown),
            region=said.get(one.region_id or "", ""),
            lies_at=_list([names(line.location_id) for line in hold.lines if line.is_open], page),
            may_be=[
                (place, names(place))
                for place in one.location_ids
                if place not in one.rejected and _may_name(page, place)
            ],
        )
        for one in listed
        if (hold := by_id.get(one.hold_id)) is not None
    ]


def _units(hold: Hold, shown: Mapping[str, Good]) -> list[tuple[Good, int]]:
    units: dict[str, int] = {}
    for line in hold.lines:
        if line.is_open:
            units[line.sku] = units.get(line.sku, 0) + line.qty
    return [(shown[sku], qty) for sku, qty in units.items()]


def _list(words: Sequence[str], page: Page) -> str:
    return ("、" if page.locale == "ja" else ", ").join(dict.fromkeys(words))


def _may_name(page: Page, place: str) -> bool:
    """Whether this person names a place for a promise: any for the chain, else one's own."""
    return page.who.may(Right.hold) and page.who.may_at(place)


@post("/stock/regions/placing", right=Right.hold)
async def place(request: Asked) -> Response[str]:
    """Name the place that keeps a promise; none: the fewest places, then the nearest."""
    page, form, now = page_of(request), await request.form(), clock.now()
    to = str(form.get("to") or "").replace("\x00", "")[:SAID_MAX]
    region_id = str(form.get("id") or "").replace("\x00", "")[:SAID_MAX]
    if to:
        auth.require_location(page.who, to)
    elif page.who.locations:
        raise auth.NoRight(right="location")
    try:
        hold_id = UUID(str(form.get("hold") or ""))
    except ValueError as cause:
        raise Invalid(errors="hold") from cause
    try:
        async with db.transaction(guard.deps_of(request).pool) as conn:
            await regions.route(conn, directory_of(request), hold_id, to=to or None, now=now)
            await audit.note(conn, page.who, "hold.placed_at", at=now, subject=str(hold_id))
    except Conflict as refusal:
        look = lists.look(REGIONAL, request)
        asked = RegionFilter(id=region_id)
        look = msgspec.structs.replace(look, asked=asked, beside={})
        return await _page(request, look, refusal=refusal)
    return redirect(address(region_id, said="placed"))


@get("/stock/regions/edit", right=Right.approve_stock)
async def edit(request: Asked, id: FromQuery[str] = "") -> Response[str]:
    """The form of a region, or of a new one."""
    page = page_of(request)
    rights.require_all(page.who)
    if not id:
        return await _form(request, page, dict.fromkeys(NAMES, ""), (), is_new=True)
    async with guard.deps_of(request).pool.acquire() as conn:
        every = await regions.list_all(conn)
    found = next((one for one in every if one.region_id == id), None)
    if found is None:
        raise UnknownRegion(region_id=id[:60].replace("\x00", ""))
    said = {"id": found.region_id, "name_ja": found.name_ja, "name_en": found.name_en}
    return await _form(request, page, said, found.location_ids, is_new=False)


async def _form(
    request: Asked,
    page: Page,
    said: Mapping[str, str],
    chosen: Sequence[str],
    *,
    is_new: bool,
    why: str = "",
) -> Response[str]:
    async with guard.deps_of(request).pool.acquire() as conn:
        every = await locations.list_all(conn)
    by_name = sorted(every, key=lambda one: (one.kind, places.name_of(one, page.locale)))
    view = {
        "said": said,
        "chosen": set(chosen),
        "places": [_choice(one, page) for one in by_name],
        "is_new": is_new,
        "slips": {OF_CODES.get(why, "id"): page.words()(f"region.wrong_{why}")} if why else {},
        "back": address("" if is_new else said["id"]),
    }
    return page.render("chain/region_form.html", view, status=422 if why else 200)


def _choice(place: Location, page: Page) -> tuple[str, str, str]:
    return place.location_id, places.name_of(place, page.locale), place.kind


@post("/stock/regions/edit", right=Right.approve_stock)
async def keep(request: Asked) -> Response[str]:
    """Keep a region with just the places that are ticked; or remove it."""
    page, form, now = page_of(request), await request.form(), clock.now()
    rights.require_all(page.who)
    said = {one: str(form.get(one) or "").replace("\x00", "").strip()[:SAID_MAX] for one in NAMES}
    chosen = [str(one) for one in form.getall("place", [])]
    is_new, is_gone = bool(form.get("new")), form.get("do") == "remove"
    said["id"] = fields.plain(said["id"])
    region = Region(
        region_id=said["id"],
        name_ja=said["name_ja"],
        name_en=said["name_en"] or said["name_ja"],
        location_ids=() if is_gone else tuple(dict.fromkeys(chosen)),
    )
    async with db.transaction(guard.deps_of(request).pool) as conn:
        every = {one.region_id: one for one in await regions.list_all(conn)}
        why = _wrong(region, every, is_new=is_new, is_gone=is_gone)
        if is_gone and not why:
            region = msgspec.structs.replace(every[region.region_id], location_ids=())
        if not why:
            refused = await regions.put(conn, [region], now=now)
            why = refused[0].reason if refused else ""
        if not why:
            word = "region.removed" if is_gone else "region.changed"
            await audit.note(conn, page.who, word, at=now, subject=region.region_id)
    if why:
        return await _form(request, page, said, chosen, is_new=is_new, why=why)
    return redirect(address("", said="removed") if is_gone else address(said["id"], said="kept"))


def _wrong(region: Region, every: Mapping[str, Region], *, is_new: bool, is_gone: bool) -> str:
    """Why it cannot be kept so, a code; "" when it can. Raises UnknownRegion."""
    if not is_new and region.region_id not in every:
        raise UnknownRegion(region_id=region.region_id[:60])
    if is_new and region.region_id in every:
        return "taken"
    if is_new and len(every) >= regions.REGIONS_MAX:
        return "too_many"
    return "" if is_gone or region.location_ids else "nowhere"
