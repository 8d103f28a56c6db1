"""Counting shelves on the floor: sheets of a place, numbers given blind, differences looked at."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from setten.console import guard, lists
from setten.console.page import Asked, Page, page_of
from setten.console.places import named
from setten.console.shell.sign_in import redirect
from setten.console.stock.goods import Good, goods
from setten.console.stock.listed_floor import COUNTS
from setten.platform import audit, auth, clock, db
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.platform.errors import Invalid
from setten.stock import catalog, counts, locations
from setten.stock.counts import Count, CountState, Sheet, SheetLine

QTY_DIGITS = 7


class Line(msgspec.Struct, frozen=True):
    """One line of a sheet as the page shows it."""

    line: SheetLine
    good: Good


@get("/stock/counts", right=Right.hand_over)
async def counts_page(request: Asked) -> Response[str]:
    """The sheets of a place, open ones first; without a place, the places to choose from."""
    look = lists.look(COUNTS, request)
    page = look.page
    at = look.asked.at or page.shop or ""
    async with guard.deps_of(request).pool.acquire() as conn:
        names = await named(request, conn, page.locale)
        part = await lists.part(conn, look)
        every = [] if at else await locations.list_all(conn)
    view = {
        "list": part,
        "at": at,
        "at_name": names(at),
        "is_mine": bool(at) and page.who.may_at(at),
        "open": [x for x in part.rows if x.state in (CountState.open, CountState.waiting)],
        "ended": [x for x in part.rows if x.state in (CountState.booked, CountState.cancelled)],
        "places": [(one.location_id, names(one.location_id)) for one in every],
    }
    return page.render("stock/counts.html", view)


@post("/stock/counts", right=Right.hand_over)
async def open_count(request: Asked) -> Response[str]:
    """A new sheet, for the whole place or for shelves that begin so."""
    page, form = page_of(request), await request.form()
    at, shelf = str(form.get("at") or ""), str(form.get("shelf") or "").strip()
    auth.require_location(page.who, at)
    now = clock.now()
    async with db.transaction(guard.deps_of(request).pool) as conn:
        made = await counts.open_sheet(
            conn, Sheet(location_id=at, shelf=shelf or None), by=page.who.label, now=now
        )
        await audit.note(conn, page.who, "count.opened", at=now, subject=str(made.count_id))
    return redirect(f"/stock/counts/{made.count_id}")


@get("/stock/counts/{count_id:uuid}", right=Right.hand_over)
async def count_page(request: Asked, count_id: FromPath[UUID]) -> Response[str]:
    """One sheet: to count by, to look at, or what it booked."""
    page = page_of(request)
    async with guard.deps_of(request).pool.acquire() as conn:
        found = counts.blind(await counts.get(conn, count_id))
        names = await named(request, conn, page.locale)
        view = await _view(conn, page, found)
    view["at_name"] = names(found.location_id)
    return page.render("stock/count.html", view)


async def _view(conn: Connection, page: Page, found: Count) -> dict[str, object]:
    shown = await goods(conn, [line.sku for line in found.lines], page)
    staff = {f"staff:{one.staff_id}": one.name for one in await auth.list_staff(conn)}
    counters = {line.counted_by for line in found.lines} | {found.submitted_by}
    return {
        "count": found,
        "lines": [Line(line, shown[line.sku]) for line in found.lines],
        "differing": [Line(line, shown[line.sku]) for line in found.differing],
        "value": await _value(conn, found),
        "is_mine": page.who.may_at(found.location_id),
        "may_approve": page.who.may(Right.approve_stock) and page.who.label not in counters,
        "counters": sorted(staff.get(one, one) for one in counters if one),
    }


async def _value(conn: Connection, found: Count) -> int:
    """What the differences are worth at today's prices, in minor units; signed."""
    items = await catalog.find_many(conn, [line.sku for line in found.differing])
    prices: Mapping[str, int] = {sku: one.price_minor or 0 for sku, one in items.items()}
    return sum(line.differs * prices.get(line.sku, 0) for line in found.differing)


@post("/stock/counts/{count_id:uuid}/lines", right=Right.hand_over)
async def give(request: Asked, count_id: FromPath[UUID]) -> Response[str]:
    """One number, given now. By htmx the line comes back; else the page."""
    page, form = page_of(request), await request.form()
    qty = _quantity(form.get("qty"))
    async with db.transaction(guard.deps_of(request).pool) as conn:
        await _may_count(conn, page, count_id)
        sku = await _sku_of(conn, str(form.get("sku") or "").strip())
        found = await counts.give(conn, count_id, {sku: qty}, by=page.who.label, now=clock.now())
        shown = await goods(conn, [sku], page)
    if not page.is_partial:
        return redirect(f"/stock/counts/{count_id}")
    line = next(one for one in counts.blind(found).lines if one.sku == sku)
    view = {"count": found, "one": Line(line, shown[sku]), "is_mine": True}
    return page.render("stock/count_given.html", view)


async def _sku_of(conn: Connection, said: str) -> str:
    """The sku of what was typed or scanned: a sku, or a barcode."""
    if said in await catalog.known(conn, [said]):
        return said
    return (await catalog.skus_of(conn, [said])).get(said, said)


def _quantity(said: object) -> int:
    text = str(said or "").strip()
    if not text.isdecimal() or len(text) > QTY_DIGITS:
        raise Invalid(errors="qty")
    return int(text)


@post("/stock/counts/{count_id:uuid}/submission", right=Right.hand_over)
async def submit(request: Asked, count_id: FromPath[UUID]) -> Response[str]:
    """Done counting."""
    page, now = page_of(request), clock.now()
    async with db.transaction(guard.deps_of(request).pool) as conn:
        await _may_count(conn, page, count_id)
        await counts.submit(conn, count_id, by=page.who.label, now=now)
        await audit.note(conn, page.who, "count.submitted", at=now, subject=str(count_id))
    return redirect(f"/stock/counts/{count_id}")


@post("/stock/counts/{count_id:uuid}/approval", right=Right.approve_stock)
async def approve(request: Asked, count_id: FromPath[UUID]) -> Response[str]:
    """Book a large difference; or have it counted once more."""
    page, form, now = page_of(request), await request.form(), clock.now()
    sends_back = str(form.get("act") or "") == "again"
    async with db.transaction(guard.deps_of(request).pool) as conn:
        await _may_count(conn, page, count_id)
        if sends_back:
            await counts.send_back(conn, count_id, by=page.who.label, now=now)
        else:
            await counts.approve(conn, count_id, by=page.who.label, now=now)
        action = "count.sent_back" if sends_back else "count.approved"
        await audit.note(conn, page.who, action, at=now, subject=str(count_id))
    return redirect(f"/stock/counts/{count_id}")


@post("/stock/counts/{count_id:uuid}/cancellation", right=Right.hand_over)
async def cancel(request: Asked, count_id: FromPath[UUID]) -> Response[str]:
    """Throw a sheet away; nothing is booked."""
    page, now = page_of(request), clock.now()
    async with db.transaction(guard.deps_of(request).pool) as conn:
        found = await _may_count(conn, page, count_id)
        await counts.cancel(conn, count_id, by=page.who.label, now=now)
        await audit.note(conn, page.who, "count.cancelled", at=now, subject=str(count_id))
    return redirect(f"/stock/counts?at={quote(found.location_id)}")


async def _may_count(conn: Connection, page: Page, count_id: UUID) -> Count:
    """The count, of a place this person works for. Raises NoRight, UnknownCount."""
    auth.require(page.who, Right.hand_over)
    found = await counts.get(conn, count_id)
    auth.require_location(page.who, found.location_id)
    return found
