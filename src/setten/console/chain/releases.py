"""Releases: which there are, how the line of one goes now, opening and ending it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec
from litestar import Response, get, post
from litestar.params import FromQuery

from setten.console import guard, lists
from setten.console.chain import rights
from setten.console.page import Asked, Page, page_of
from setten.console.places import Named, named
from setten.console.shell.sign_in import redirect
from setten.console.stock.goods import Good, goods
from setten.platform import audit, clock, db
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.stock import releases
from setten.stock.releases import COUNTED_MAX, Queue, Release

PHASES = ("coming", "open", "over")
ASKS_S = 10
"""A line that moves is looked at again after so long."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A release of the list."""

    release: Release
    name: str
    phase: str
    place: str
    units: int


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Goods of a release: what was set aside, what nobody took yet."""

    good: Good
    qty: int
    left: int


def address(release_id: str, said: str = "") -> str:
    """The page of a release."""
    return f"/stock/releases/release?id={release_id}" + (f"&said={said}" if said else "")


def phase_of(release: Release, now: datetime) -> str:
    """coming, members (only they may), open or over."""
    if now >= release.ends_at:
        return "over"
    if now >= release.opens_at:
        return "open"
    return "members" if release.members_from and now >= release.members_from else "coming"


def name_of(release: Release, page: Page) -> str:
    """A release in the reader's language."""
    return release.name_ja if page.locale == "ja" else release.name_en


class ReleaseFilter(lists.Filter, frozen=True, kw_only=True):
    """Part of an id or a name, and how far it is."""

    q: lists.Word = ""
    phase: Literal["", "coming", "open", "over"] = ""


async def _found(conn: Connection, look: lists.Look[ReleaseFilter, Release]) -> Sequence[Release]:
    return await releases.page(
        conn,
        said=look.asked.q.strip(),
        phase=look.asked.phase,
        before=None if look.after is None else (look.after[0], look.after[1]),
        limit=look.most,
        oldest_first=not look.falls,
        now=look.page.now,
    )


RELEASES = lists.ListOf[ReleaseFilter, Release](
    name="releases",
    audit="releases.exported",
    path="/stock/releases",
    file="/stock/releases.csv",
    right=Right.read_stock,
    filters=ReleaseFilter,
    sort="-opens_at",
    fetch=_found,
    ident=lambda one: one.release_id,
    at_once=releases.PAGE_MAX,
    columns=(
        lists.Column(name="release_id", told=lambda one, _: one.release_id),
        lists.Column(
            name="name", word="release.name", told=lambda one, line: name_of(one, line.page)
        ),
        lists.Column(name="location_id", told=lambda one, _: one.location_id),
        lists.Column(
            name="place",
            word="release.place",
            style="wide-only",
            told=lambda one, line: line.names(one.location_id),
        ),
        lists.Column(name="members_from", told=lambda one, _: one.members_from),
        lists.Column(
            name="opens_at",
            word="release.opens",
            told=lambda one, _: one.opens_at,
            order=lists.Order(lambda one: (one.opens_at, one.release_id), (datetime, str)),
            falls=True,
        ),
        lists.Column(name="ends_at", told=lambda one, _: one.ends_at),
        lists.Column(
            name="units",
            word="release.set_aside",
            style="num wide-only",
            told=lambda one, _: sum(line.qty for line in one.goods),
        ),
        lists.Column(
            name="phase",
            word="release.phase",
            style="end",
            told=lambda one, line: phase_of(one, line.page.now),
        ),
    ),
)


@get("/stock/releases", right=Right.read_stock)
async def releases_page(request: Asked) -> Response[str]:
    """Releases by their opening."""
    look = lists.look(RELEASES, request)
    page = look.page
    async with guard.deps_of(request).pool.acquire() as conn:
        part = await lists.part(conn, look)
        names = await named(request, conn, page.locale)
    view = {
        "list": part,
        "rows": [_row(one, names, page) for one in part.rows],
        "phases": PHASES,
        "may_add": page.who.may(Right.approve_stock),
    }
    return page.render("chain/releases.html", view)


def _row(one: Release, names: Named, page: Page) -> Row:
    return Row(
        release=one,
        name=name_of(one, page),
        phase=phase_of(one, page.now),
        place=names(one.location_id),
        units=sum(line.qty for line in one.goods),
    )


@get("/stock/releases/release", right=Right.read_stock)
async def release_page(
    request: Asked, id: FromQuery[str], said: FromQuery[str] = ""
) -> Response[str]:
    """One release: how its line goes, what is left, its rules."""
    page = guard.at_this_moment(page_of(request))
    async with db.transaction(guard.deps_of(request).pool) as conn:
        found = await releases.get(conn, id.replace("\x00", ""))
        names = await named(request, conn, page.locale)
        view = await _view(conn, page, found, names)
    view["said"] = said if said in ("kept", "opened", "ended") else ""
    part = "chain/release_line.html" if page.is_partial else "chain/release.html"
    return page.render(part, view)


async def _view(conn: Connection, page: Page, found: Release, names: Named) -> dict[str, object]:
    phase = phase_of(found, page.now)
    queue = await releases.line(conn, found, now=page.now)
    if queue.waiting and phase in ("members", "open"):  # nobody of them has looked yet
        await releases.draw(conn, found, now=page.now)
        queue = await releases.line(conn, found, now=page.now)
    shown = await goods(conn, [one.sku for one in found.goods], page)
    return {
        "release": found,
        "name": name_of(found, page),
        "place": names(found.location_id),
        "phase": phase,
        "parts": [
            Part(good=shown[one.sku], qty=one.qty, left=queue.left[one.sku]) for one in found.goods
        ],
        "figures": _figures(queue, phase, page),
        "queue": queue,
        "asks_s": 0 if phase == "over" else ASKS_S,
        "may_change": rights.may_change(page.who, found.location_id),
        "is_fixed": phase in ("members", "open"),
    }


def _figures(queue: Queue, phase: str, page: Page) -> list[tuple[str, str]]:
    """The counts of a line that mean something in its phase."""
    t, f = page.words(), page.shown()

    def people(n: int) -> str:
        return t("release.many" if n >= COUNTED_MAX else "release.people", n=f.number(n))

    counts = [("waiting", queue.waiting), ("ahead", queue.ahead),
              ("having_turn", queue.having_turn), ("took", queue.took)]  # fmt: skip
    if phase == "over":
        counts = counts[3:]
    elif phase == "coming":
        counts = counts[:1]
    elif phase == "open":
        counts = counts[1:]
    return [(t(f"release.{name}"), people(n)) for name, n in counts]


@post("/stock/releases/opening", right=Right.approve_stock)
async def open_now(request: Asked) -> Response[str]:
    """Let everybody in from now on."""
    return await _move(request, "opened")


@post("/stock/releases/end", right=Right.approve_stock)
async def end(request: Asked) -> Response[str]:
    """End it now: what is left is everybody's."""
    return await _move(request, "ended")


async def _move(request: Asked, what: str) -> Response[str]:
    page, form, now = page_of(request), await request.form(), clock.now()
    release_id = str(form.get("id") or "").replace("\x00", "")
    verb = releases.open_now if what == "opened" else releases.end
    async with db.transaction(guard.deps_of(request).pool) as conn:
        found = await releases.get(conn, release_id)
        rights.require_at(page.who, found.location_id)
        await verb(conn, release_id, now=now)
        await audit.note(conn, page.who, f"release.{what}", at=now, subject=release_id)
    return redirect(address(release_id, what))
