"""What does not last, what lies dead, and goods asked of another place with one press."""

from __future__ import annotations

from urllib.parse import quote

import msgspec
from litestar import Response, get, post
from litestar.params import FromQuery

from setten.console import guard
from setten.console.page import Asked, page_of
from setten.console.places import Named, named
from setten.console.shell.sign_in import redirect
from setten.console.stock.goods import Good, goods
from setten.platform import audit, auth, clock, db
from setten.platform.auth import Right
from setten.platform.errors import Invalid
from setten.stock import cover, locations, transfers
from setten.stock.cover import Cover, Proposal
from setten.stock.transfers import Plan

LISTED = 50
QTY_DIGITS = 5


class Row(msgspec.Struct, frozen=True):
    """One row of stock as the page shows it."""

    cover: Cover
    good: Good
    proposal: Proposal | None
    source: str
    is_from_shop: bool


@get("/stock/cover", right=Right.read_stock)
async def cover_page(
    request: Asked,
    at: FromQuery[str] = "",
    what: FromQuery[str] = "short",
    after: FromQuery[str] = "",
) -> Response[str]:
    """What does not last a week at a place, or what lies unsold there.

    after: the last sku of the page before.
    """
    page = page_of(request)
    at = at or page.shop or ""
    is_dead = what == "dead"
    async with guard.deps_of(request).pool.acquire() as conn:
        names = await named(request, conn, page.locale)
        every = [] if at else await locations.list_all(conn)
        read = cover.dead_at if is_dead else cover.short_at
        sku = after.replace("\x00", "") or None
        listed = await read(conn, at, after=sku, limit=LISTED + 1) if at else []
        found = listed[:LISTED]
        made = {} if is_dead else await cover.proposals(conn, found)
        shown = await goods(conn, [one.sku for one in found], page)
    rows = [
        Row(one, shown[one.sku], one_made, names(source), _is_shop(names, source))
        for one in found
        for one_made in [made.get(one.sku)]
        for source in [one_made.from_location if one_made else ""]
    ]
    view = {
        "at": at,
        "at_name": names(at),
        "rows": rows,
        "what": "dead" if is_dead else "short",
        "after": after,
        "more": found[-1].sku if len(listed) > LISTED else "",
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
