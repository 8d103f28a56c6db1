"""Where an outside system and we say different numbers: shown, and decided by a person."""

from __future__ import annotations

from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from setten.console import guard
from setten.console.page import Asked, page_of
from setten.console.places import named
from setten.console.shell.sign_in import redirect
from setten.console.stock.goods import Good, goods
from setten.platform import audit, auth, clock, db
from setten.platform.auth import Right
from setten.stock import outside
from setten.stock.outside import Disagreement

LISTED = 60


class Row(msgspec.Struct, frozen=True):
    """One disagreement as the page shows it."""

    one: Disagreement
    good: Good
    place: str
    is_mine: bool


@get("/stock/disagreements", right=Right.read_stock)
async def disagreements(request: Asked, after: FromQuery[UUID | None] = None) -> Response[str]:
    """All that are open, oldest first; `after` is the last one of the page before."""
    page = page_of(request)
    async with guard.deps_of(request).pool.acquire() as conn:
        listed = await outside.open_at(conn, after=after, limit=LISTED + 1)
        found = listed[:LISTED]
        shown = await goods(conn, [one.sku for one in found], page)
        names = await named(request, conn, page.locale)
    may = page.who.may(Right.approve_stock)
    rows = [
        Row(one, shown[one.sku], names(one.location_id), may and page.who.may_at(one.location_id))
        for one in found
    ]
    more = found[-1].disagreement_id if len(listed) > LISTED else None
    return page.render("stock/disagreements.html", {"rows": rows, "after": after, "more": more})


@post("/stock/disagreements/{disagreement_id:uuid}", right=Right.approve_stock)
async def decide(request: Asked, disagreement_id: FromPath[UUID]) -> Response[str]:
    """Take their number, or keep ours."""
    page, form, now = page_of(request), await request.form(), clock.now()
    outcome = str(form.get("outcome") or "")
    async with db.transaction(guard.deps_of(request).pool) as conn:
        found, _ = await outside.decide(conn, disagreement_id, outcome, by=page.who.label, now=now)
        auth.require_location(page.who, found.location_id)
        await audit.note(
            conn, page.who, f"stock.decided_{outcome}", at=now, subject=str(disagreement_id)
        )
    return redirect("/stock/disagreements")
