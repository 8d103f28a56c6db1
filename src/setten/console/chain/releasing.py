"""Making a release, and changing one whose line does not move yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.params import FromQuery

from setten.console import guard
from setten.console.chain import fields, rights
from setten.console.chain.releases import address, phase_of
from setten.console.page import Asked, Page, page_of
from setten.console.places import named
from setten.console.shell.sign_in import redirect
from setten.platform import audit, clock, db
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.stock import catalog, locations, releases
from setten.stock.releases import GOODS_MAX, PER_MINUTE_MAX, Goods, Release

LINES = 5
"""Empty lines of the form; after keeping there are more."""

NAMES = ("id", "name_ja", "name_en", "at", "members", "opens", "ends", "per_person", "per_minute",
         "turn_minutes")  # fmt: skip
USUAL = {"per_person": "1", "per_minute": "60", "turn_minutes": "10"}
OF_CODES = {"bad_release_id": "id", "taken": "id", "bad_name": "name_ja", "bad_times": "opens",
            "bad_limits": "per_person", "bad_goods": "goods", "unknown_item": "goods",
            "is_a_set": "goods", "unknown_location": "at", "already_open": "opens"}  # fmt: skip
"""Which field a refusal belongs to."""


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the form: words of fields, and lines of goods as typed."""

    said: Mapping[str, str]
    lines: Sequence[tuple[str, str]]
    needs_customer: bool = True
    is_new: bool = True
    why: str = ""
    """The code of what is wrong, "" for nothing."""


@get("/stock/releases/edit", right=Right.approve_stock)
async def edit(request: Asked, id: FromQuery[str] = "") -> Response[str]:
    """The form of a release that does not move yet, or of a new one."""
    page = page_of(request)
    if not id:
        said = dict.fromkeys(NAMES, "") | USUAL | {"at": page.shop or ""}
        return await _form(request, page, Form(said=said, lines=()))
    async with guard.deps_of(request).pool.acquire() as conn:
        found = await releases.get(conn, id.replace("\x00", ""))
    rights.require_at(page.who, found.location_id)
    if phase_of(found, page.now) in ("members", "open"):
        raise releases.AlreadyOpen()
    return await _form(request, page, _shown(found, ZoneInfo(page.zone)))


def _shown(found: Release, zone: ZoneInfo) -> Form:
    said = {
        "id": found.release_id,
        "name_ja": found.name_ja,
        "name_en": found.name_en,
        "at": found.location_id,
        "members": fields.said_moment(found.members_from, zone),
        "opens": fields.said_moment(found.opens_at, zone),
        "ends": fields.said_moment(found.ends_at, zone),
        "per_person": str(found.per_person),
        "per_minute": str(found.per_minute),
        "turn_minutes": str(found.turn_minutes),
    }
    lines = [(one.sku, str(one.qty)) for one in found.goods]
    return Form(said=said, lines=lines, needs_customer=found.needs_customer, is_new=False)


async def _form(request: Asked, page: Page, form: Form) -> Response[str]:
    async with guard.deps_of(request).pool.acquire() as conn:
        names = await named(request, conn, page.locale)
        every = await locations.list_all(conn)
    field = OF_CODES.get(form.why, "id")
    slips = {field: page.words()(f"release.wrong_{form.why}")} if form.why else {}
    spare = max(1, min(LINES, GOODS_MAX - len(form.lines)))
    view = {
        "said": form.said,
        "lines": [*form.lines, *[("", "")] * spare],
        "needs_customer": form.needs_customer,
        "is_new": form.is_new,
        "slips": slips,
        "places": [
            (one.location_id, names(one.location_id))
            for one in every
            if rights.may_change(page.who, one.location_id)
        ],
        "back": "/stock/releases" if form.is_new else address(form.said["id"]),
    }
    return page.render("chain/release_form.html", view, status=422 if form.why else 200)


@post("/stock/releases/edit", right=Right.approve_stock)
async def keep(request: Asked) -> Response[str]:
    """Keep a release as the form says, and set its units aside."""
    page, sent, now = page_of(request), await request.form(), clock.now()
    form = _sent(sent)
    rights.require_at(page.who, form.said["at"])
    async with db.transaction(guard.deps_of(request).pool) as conn:
        skus = await catalog.skus_of(conn, [sku for sku, _ in form.lines])
        read = _read(form, skus, ZoneInfo(page.zone))
        why = read if isinstance(read, str) else await _keep(conn, page, read, form.is_new, now)
    if why:
        return await _form(request, page, msgspec.structs.replace(form, why=why))
    return redirect(address(form.said["id"], "kept"))


def _sent(sent: FormMultiDict) -> Form:
    said = {name: str(sent.get(name) or "").replace("\x00", "").strip()[:300] for name in NAMES}
    typed = zip(sent.getall("sku", []), sent.getall("qty", []), strict=False)
    lines = [(str(sku).replace("\x00", "").strip()[:100], str(qty).strip()[:20])
             for sku, qty in typed]  # fmt: skip
    return Form(
        said=said,
        lines=[one for one in lines if one != ("", "")],
        needs_customer=bool(sent.get("needs_customer")),
        is_new=bool(sent.get("new")),
    )


def _read(form: Form, skus: Mapping[str, str], zone: ZoneInfo) -> Release | str:
    """The release, or the code of what cannot be read. skus: by what was typed."""
    said = form.said
    opens, ends = fields.moment(said["opens"], zone), fields.moment(said["ends"], zone)
    members = fields.moment(said["members"], zone)
    if opens is None or ends is None or (said["members"] and members is None):
        return "bad_times"
    per_person = fields.whole(said["per_person"], 1, 1_000)
    per_minute = fields.whole(said["per_minute"], 1, PER_MINUTE_MAX)
    turn_minutes = fields.whole(said["turn_minutes"], 1, 24 * 60)
    if per_person is None or per_minute is None or turn_minutes is None:
        return "bad_limits"
    goods = _goods(form.lines, skus)
    if goods is None:
        return "bad_goods"
    return Release(
        release_id=said["id"],
        name_ja=said["name_ja"],
        name_en=said["name_en"] or said["name_ja"],
        location_id=said["at"],
        members_from=members,
        opens_at=opens,
        ends_at=ends,
        per_person=per_person,
        per_minute=per_minute,
        turn_minutes=turn_minutes,
        needs_customer=form.needs_customer,
        goods=goods,
    )


def _goods(lines: Sequence[tuple[str, str]], skus: Mapping[str, str]) -> tuple[Goods, ...] | None:
    units: dict[str, int] = {}
    for typed, number in lines:
        qty = fields.whole(number, 1, 1_000_000)
        if qty is None or not typed:
            return None
        sku = skus.get(typed, typed)
        units[sku] = units.get(sku, 0) + qty
    return tuple(Goods(sku, qty) for sku, qty in units.items()) or None


async def _keep(conn: Connection, page: Page, release: Release, is_new: bool, now: datetime) -> str:
    """Why it was not kept, "" when it was."""
    try:
        before = await releases.get(conn, release.release_id)
    except releases.UnknownRelease:
        before = None
    if is_new and before is not None:
        return "taken"
    if before is not None:
        rights.require_at(page.who, before.location_id)
    refused = await releases.put(conn, [release], now=now)
    if refused:
        return refused[0].reason
    await audit.note(conn, page.who, "release.changed", at=now, subject=release.release_id)
    return ""
