"""What does not last, what lies dead, and goods asked of another place with one press."""

from __future__ import annotations

from urllib.parse import quote

import msgspec
from litestar import Response, get, post

from setten.console import guard, lists
from setten.console.lists import Look
from setten.console.page import Asked, page_of
from setten.console.places import Named, named
from setten.console.shell.sign_in import redirect
from setten.console.stock.goods import Good, goods
from setten.console.stock.listed_goods import DEAD, SHORT, CoverFilter
from setten.platform import audit, auth, clock, db
from setten.platform.auth import Right
from setten.platform.errors import Invalid
from setten.stock import cover, locations, transfers
from setten.stock.cover import Cover, Proposal
from setten.stock.transfers import Plan

QTY_DIGITS = 5


class Row(msgspec.Struct, frozen=True):
    """One row of stock as the page shows it."""

    cover: Cover
    good: Good
    proposal: Proposal | None
    source: str
    is_from_shop: bool


@get(SHORT.path, right=Right.read_stock)
async def cover_page(request: Asked) -> Response[str]:
    """What does not last a week at a place."""
    return await _page(request, lists.look(SHORT, request), "short")


@get(DEAD.path, right=Right.read_stock)
async def dead_page(request: Asked) -> Response[str]:
    """What lies unsold at a place."""
    return await _page(request, lists.look(DEAD, request), "dead")


async def _page(request: Asked, look: Look[CoverFilter, Cover], what: str) -> Response[str]:
    page = look.page
    at = look.asked.at or page.shop or ""
    async with guard.deps_of(request).pool.acquire() as conn:
        names = await named(request, conn, page.locale)
        every = [] if at else await locations.list_all(conn)
        part = await lists.part(conn, look)
        made = await cover.proposals(conn, list(part.rows)) if what == "short" else {}
        shown = await goods(conn, [one.sku for one in part.rows], page)
    rows = [
        Row(one, shown[one.sku], one_made, names(source), _is_shop(names, source))
        for one in part.rows
        for one_made in [made.get(one.sku)]
        for source in [one_made.from_location if one_made else ""]
    ]
    view = {
        "list": part,
        "at": at,
        "at_name": names(at),
        "rows": rows,
        "what": what,
        "may_ask": bool(at) and page.who.may(Right.hand_over) and page.who.may_at(at),
        "places": [(one.location_id, names(one.location_id)) for one in every],
    }
    return page.render("stock/cover.html", view)


def _is_shop(names: Named, location_id: str) -> bool:
    """Whether goods are sold there: of a warehouse nobody asks how long they last."""
    place = names.find(location_id)
    return place is not None and place.kind == "shop"


@post("/stock/cover", right=Right.hand_over)
async def ask_for(request: Asked) -> Response[str]:
    """Plan a transfer to one's own place; the other place sends it."""
    page, form, now = page_of(request), await request.form(), clock.now()
    at, units = str(form.get("at") or ""), str(form.get("qty") or "")
    auth.require_location(page.who, at)
    if not units.isdecimal() or len(units) > QTY_DIGITS:
        raise Invalid(errors="qty")
    plan = Plan(
        from_location=str(form.get("from") or ""),
        to_location=at,
        lines={str(form.get("sku") or ""): int(units)},
    )
    async with db.transaction(guard.deps_of(request).pool) as conn:
        made = await transfers.plan(conn, plan, by=page.who.label, now=now)
        await audit.note(conn, page.who, "transfer.planned", at=now, subject=str(made.transfer_id))
    return redirect(f"/stock/transfers?at={quote(at)}")
