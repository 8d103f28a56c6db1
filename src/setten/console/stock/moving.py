"""Goods on the road, on the floor: what comes to a place is counted in, what leaves is sent."""

from __future__ import annotations

from datetime import date
from urllib.parse import quote
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath

from setten.console import guard, lists
from setten.console.page import Asked, page_of
from setten.console.places import named
from setten.console.shell.sign_in import redirect
from setten.console.stock.goods import Good, goods
from setten.console.stock.listed_floor import COMING, GOING
from setten.platform import audit, auth, clock, db
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.platform.errors import Invalid
from setten.stock import catalog, locations, transfers
from setten.stock.transfers import Arrival, Line, Plan, Transfer, TransferState

NEW_LINES = 8
"""Lines of the paper form; a longer transfer comes by the API or in two papers."""

QTY_DIGITS = 5


class NothingCame(Invalid):
    """Received, but no number of what came was typed."""

    code = "nothing_came"


class Row(msgspec.Struct, frozen=True):
    """One line of a transfer as the page shows it."""

    line: Line
    good: Good


@get("/stock/transfers", right=Right.hand_over)
async def transfers_page(request: Asked) -> Response[str]:
    """What comes to a place and what leaves it; without a place, the places to choose from."""
    coming = lists.look(COMING, request, GOING)
    going = lists.look(GOING, request, COMING)
    page = coming.page
    at = coming.asked.at or page.shop or ""
    async with guard.deps_of(request).pool.acquire() as conn:
        names = await named(request, conn, page.locale)
        every = await locations.list_all(conn)
        here, away = await lists.part(conn, coming), await lists.part(conn, going)
    view = {
        "coming": here,
        "going": away,
        "at": at,
        "at_name": names(at),
        "names": names,
        "is_mine": bool(at) and page.who.may_at(at),
        "places": [(one.location_id, names(one.location_id)) for one in every],
        "new_lines": range(NEW_LINES),
    }
    return page.render("stock/transfers.html", view)


@post("/stock/transfers", right=Right.hand_over)
async def send(request: Asked) -> Response[str]:
    """Send goods from one's own place to another."""
    page, form, now = page_of(request), await request.form(), clock.now()
    at = str(form.get("at") or "")
    auth.require_location(page.who, at)
    async with db.transaction(guard.deps_of(request).pool) as conn:
        plan = await _plan(conn, form, at)
        made = await transfers.plan(conn, plan, by=page.who.label, now=now)
        if made.state is TransferState.planned:
            await transfers.ship(conn, made.transfer_id, by=page.who.label, now=now)
        await audit.note(conn, page.who, "transfer.shipped", at=now, subject=str(made.transfer_id))
    return redirect(f"/stock/transfers/{made.transfer_id}")


async def _plan(conn: Connection, form: FormMultiDict, at: str) -> Plan:
    said = [str(one).strip() for one in form.getall("sku", [])]
    units = [str(one).strip() for one in form.getall("qty", [])]
    by_barcode = await catalog.skus_of(conn, [one for one in said if one])
    lines: dict[str, int] = {}
    for what, qty in zip(said, units, strict=False):
        if what:
            sku = by_barcode.get(what, what)
            lines[sku] = lines.get(sku, 0) + _quantity(qty)
    due = str(form.get("due_on") or "")
    try:
        due_on = date.fromisoformat(due) if due else None
    except ValueError as cause:
        raise Invalid(errors="due_on") from cause
    return Plan(
        from_location=at,
        to_location=str(form.get("to") or ""),
        lines=lines,
        ref=str(form.get("ref") or "").strip() or None,
        due_on=due_on,
    )


def _quantity(said: str) -> int:
    if not said.isdecimal() or len(said) > QTY_DIGITS:
        raise Invalid(errors="qty")
    return int(said)


@get("/stock/transfers/{transfer_id:uuid}", right=Right.hand_over)
async def transfer_page(request: Asked, transfer_id: FromPath[UUID]) -> Response[str]:
    """One paper: to count in by, or what became of it."""
    page = page_of(request)
    async with guard.deps_of(request).pool.acquire() as conn:
        found = await transfers.get(conn, transfer_id)
        names = await named(request, conn, page.locale)
        shown = await goods(conn, [line.sku for line in found.lines], page)
    view = {
        "transfer": found,
        "rows": [Row(line, shown[line.sku]) for line in found.lines],
        "from_name": names(found.from_location),
        "to_name": names(found.to_location),
        "may_receive": page.who.may_at(found.to_location) and found.state is TransferState.shipped,
        "may_send": page.who.may_at(found.from_location) and found.state is TransferState.planned,
    }
    return page.render("stock/transfer.html", view)


@post("/stock/transfers/{transfer_id:uuid}/arrivals", right=Right.hand_over)
async def receive(request: Asked, transfer_id: FromPath[UUID]) -> Response[str]:
    """Count in what has come: what was typed by line, or all that is still on the road."""
    page, form, now = page_of(request), await request.form(), clock.now()
    async with db.transaction(guard.deps_of(request).pool) as conn:
        found = await _mine(conn, page.who, transfer_id)
        arrivals = _arrivals(form, found)
        await transfers.receive(conn, transfer_id, arrivals, by=page.who.label, now=now)
        await audit.note(conn, page.who, "transfer.received", at=now, subject=str(transfer_id))
    return redirect(f"/stock/transfers/{transfer_id}")


def _arrivals(form: FormMultiDict, found: Transfer) -> list[Arrival]:
    if form.get("all"):
        return [Arrival(sku=line.sku, qty=line.open) for line in found.lines if line.open]
    arrivals = []
    for line in found.lines:
        broken = str(form.get(f"damaged:{line.sku}") or "").strip()
        came = str(form.get(f"qty:{line.sku}") or "").strip() or broken
        if came and _quantity(came):
            damaged = _quantity(broken) if broken else 0
            arrivals.append(Arrival(sku=line.sku, qty=_quantity(came), damaged=damaged))
    if not arrivals:
        raise NothingCame()
    return arrivals


@post("/stock/transfers/{transfer_id:uuid}/closing", right=Right.hand_over)
async def close(request: Asked, transfer_id: FromPath[UUID]) -> Response[str]:
    """Nothing more will come."""
    page, now = page_of(request), clock.now()
    async with db.transaction(guard.deps_of(request).pool) as conn:
        await _mine(conn, page.who, transfer_id)
        await transfers.close(conn, transfer_id, by=page.who.label, now=now)
        await audit.note(conn, page.who, "transfer.closed", at=now, subject=str(transfer_id))
    return redirect(f"/stock/transfers/{transfer_id}")


@post("/stock/transfers/{transfer_id:uuid}/departure", right=Right.hand_over)
async def depart(request: Asked, transfer_id: FromPath[UUID]) -> Response[str]:
    """A planned transfer leaves, or is given up."""
    page, form, now = page_of(request), await request.form(), clock.now()
    gives_up = str(form.get("act") or "") == "cancel"
    async with db.transaction(guard.deps_of(request).pool) as conn:
        found = await transfers.get(conn, transfer_id)
        auth.require_location(page.who, found.from_location)
        act = transfers.cancel if gives_up else transfers.ship
        await act(conn, transfer_id, by=page.who.label, now=now)
        action = "transfer.cancelled" if gives_up else "transfer.shipped"
        await audit.note(conn, page.who, action, at=now, subject=str(transfer_id))
    if gives_up:
        return redirect(f"/stock/transfers?at={quote(found.from_location)}")
    return redirect(f"/stock/transfers/{transfer_id}")


async def _mine(conn: Connection, who: auth.Actor, transfer_id: UUID) -> Transfer:
    """A transfer to a place this person works for. Raises NoRight, UnknownTransfer."""
    auth.require(who, Right.hand_over)
    found = await transfers.get(conn, transfer_id)
    auth.require_location(who, found.to_location)
    return found
