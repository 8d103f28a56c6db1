"""Releases: which there are, how the line of one goes now, opening and ending it."""

from __future__ import annotations

from datetime import datetime

import msgspec
from litestar import Response, get, post
from litestar.params import FromQuery

from setten.console import guard
from setten.console.chain import rights
from setten.console.page import Asked, Page, page_of
from setten.console.places import Named, named
from setten.console.shell.sign_in import redirect
from setten.console.stock.goods import Good, goods
from setten.platform import audit, clock, db
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.platform.errors import Invalid
from setten.stock import releases
from setten.stock.releases import COUNTED_MAX, Queue, Release

ROWS = 50
SAID_MAX = 100
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


@get("/stock/releases", right=Right.read_stock)
async def releases_page(
    request: Asked, q: FromQuery[str] = "", phase: FromQuery[str] = "", before: FromQuery[str] = ""
) -> Response[str]:
    """Releases by their opening, the newest first."""
    page = page_of(request)
    phase = phase if phase in PHASES else ""
    async with guard.deps_of(request).pool.acquire() as conn:
        found = await releases.page(
            conn, said=q[:SAID_MAX].replace("\x00", "").strip(), phase=phase,
            before=_before(before), limit=ROWS + 1, now=page.now,
        )  # fmt: skip
        names = await named(request, conn, page.locale)
    shown = found[:ROWS]
    view = {
        "rows": [_row(one, names, page) for one in shown],
        "q": q[:SAID_MAX],
        "phase": phase,
        "phases": PHASES,
        "more": _after(shown[-1]) if len(found) > ROWS else "",
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


def _after(one: Release) -> str:
    return f"{one.opens_at.isoformat()}|{one.release_id}"


def _before(said: str) -> tuple[datetime, str] | None:
    if not said:
        return None
    at, _, last = said.replace("\x00", "").partition("|")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError as cause:
        raise Invalid(errors="before") from cause
    if moment.tzinfo is None:
        raise Invalid(errors="before")
    return moment, last


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
