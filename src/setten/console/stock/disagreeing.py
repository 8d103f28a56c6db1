"""Where an outside system and we say different numbers: shown, and decided by a person."""

from __future__ import annotations

from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from setten.console import guard, lists
from setten.console.page import Asked, page_of
from setten.console.places import named
from setten.console.shell.sign_in import redirect
from setten.console.stock.goods import Good, goods
from setten.console.stock.listed_floor import DISAGREEMENTS
from setten.platform import audit, auth, clock, db
from setten.platform.auth import Right
from setten.stock import locations, outside
from setten.stock.outside import Disagreement


class Row(msgspec.Struct, frozen=True):
    """One disagreement as the page shows it."""

    one: Disagreement
    good: Good
    place: str
    is_mine: bool


@get("/stock/disagreements", right=Right.read_stock)
async def disagreements(request: Asked) -> Response[str]:
    """All that are open, of a place when the link says one."""
    look = lists.look(DISAGREEMENTS, request)
    page = look.page
    async with guard.deps_of(request).pool.acquire() as conn:
        part = await lists.part(conn, look)
        shown = await goods(conn, [one.sku for one in part.rows], page)
        names = await named(request, conn, page.locale)
        every = await locations.list_all(conn)
    may = page.who.may(Right.approve_stock)
    rows = [
        Row(one, shown[one.sku], names(one.location_id), may and page.who.may_at(one.location_id))
        for one in part.rows
    ]
    chosen = [(one.location_id, names(one.location_id)) for one in every]
    return page.render("stock/disagreements.html", {"list": part, "rows": rows, "places": chosen})


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
