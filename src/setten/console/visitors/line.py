"""One's place in the line for a release: waiting, having one's turn, taking."""

from __future__ import annotations

from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from setten.console import guard
from setten.console.page import ANYONE, Asked, Page, page_of
from setten.console.places import named
from setten.console.stock.goods import good
from setten.platform import clock, db, errors
from setten.platform.db import Connection
from setten.platform.errors import Conflict, NotFound
from setten.stock import catalog, holds, releases
from setten.stock.holds import Hold

PATH = "/line"
FORM_BYTES_MAX = 16 * 1024
TAKE_TTL_S = 15 * 60  # long enough to pay
# A browser asks again after so long: often when it is soon, seldom when it is far.
SOON_S, ASKS_SOON_S, ASKS_S = 120, 3, 15
BY = "visitor:line"
SHOWN_MAX = 20  # holds of one ticket


@get("/line/{ticket_id:uuid}", right=ANYONE)
async def line(request: Asked, ticket_id: FromPath[UUID]) -> Response[str]:
    """Where this ticket stands now; the page asks again by itself."""
    return await _shown(request, ticket_id)


async def _shown(request: Asked, ticket_id: UUID, *, problem: str = "") -> Response[str]:
    page = guard.at_this_moment(page_of(request))
    async with db.transaction(guard.deps_of(request).pool) as conn:
        try:
            release, ticket, standing = await releases.look(conn, ticket_id, now=page.now)
        except releases.UnknownTicket:
            raise NotFound() from None
        names = await named(request, conn, page.locale)
        view = {
            "release": release,
            "name": release.name_ja if page.locale == "ja" else release.name_en,
            "place": names(release.location_id),
            "standing": standing,
            "goods": await _goods(conn, release, page),
            "ticket_id": ticket_id,
            "asks_s": _asks_s(standing, page),
            "held": await _held(conn, ticket, page),
            "problem": problem,
        }
    part = "visitors/standing.html" if page.is_partial else "visitors/line.html"
    return guard.with_visitor(request, page.render(part, view))


async def _held(conn: Connection, ticket: releases.Ticket, page: Page) -> list[Hold]:
    """What was taken with this ticket and still waits: its codes must outlive a reload."""
    found = [
        await holds.get(conn, hold_id, now=page.now) for hold_id in ticket.hold_ids[-SHOWN_MAX:]
    ]
    return [one for one in found if one.is_open]


def _asks_s(standing: releases.Standing, page: Page) -> int:
    """Seconds until the page asks again; 0 when nothing will change."""
    if standing.phase in ("passed", "over"):
        return 0
    if standing.until is None or (standing.until - page.now).total_seconds() < SOON_S:
        return ASKS_SOON_S
    return ASKS_S


async def _goods(conn: Connection, release: releases.Release, page: Page) -> list[object]:
    found = await catalog.find_many(conn, [one.sku for one in release.goods])
    return [good(found[one.sku], page) for one in release.goods if one.sku in found]


@post("/line/{ticket_id:uuid}", status_code=200,
      request_max_body_size=FORM_BYTES_MAX, right=ANYONE)  # fmt: skip
async def take(request: Asked, ticket_id: FromPath[UUID]) -> Response[str]:
    """Take one unit in one's turn: the answer shows the code of the hold."""
    page, form = page_of(request), await request.form()
    try:
        async with db.transaction(guard.deps_of(request).pool) as conn:
            await releases.take(
                conn, ticket_id, {str(form.get("sku") or "").replace("\x00", ""): 1}, by=BY,
                ttl_s=TAKE_TTL_S, now=clock.now(),
            )  # fmt: skip
    except releases.UnknownTicket:
        raise NotFound() from None
    except Conflict as refusal:
        problem = errors.say(refusal.code, page.locale, refusal.facts)[1]
        return await _shown(request, ticket_id, problem=problem)
    return await _shown(request, ticket_id)
