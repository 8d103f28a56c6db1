"""What a place has to send: take it on, pack it, give it to the carrier, or say why it cannot."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from setten.console import guard, places
from setten.console.page import Asked, Page, page_of
from setten.console.places import directory_of, named
from setten.console.shell.sign_in import redirect
from setten.console.stock.goods import Good, goods
from setten.platform import audit, auth, clock, db
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.stock import fulfilments, ledger, locations, orders
from setten.stock.fulfilments import REJECTIONS, Fulfilment

SHOWN_MAX = 60
"""Parcels of one page: what one back room packs in an hour or two."""

NOWHERE = "-"
"""In an address: no place has the goods now, in the stead of a place's id."""

ASKED_MAX = 20  # an order is sent by a few places

NEXT = {"routed": "accepted", "accepted": "packed", "picked": "packed"}
"""The one press that moves a parcel on; the last one needs the carrier."""


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """One part of an order, ready for the back room."""

    part: Fulfilment
    number: str
    lines: list[tuple[Good, int, str]]
    next: str


@get("/stock/sending", right=Right.hand_over)
async def sending(
    request: Asked,
    at: FromQuery[str] = "",
    after: FromQuery[UUID | None] = None,
    asked: FromQuery[str] = "",
) -> Response[str]:
    """The parcels of a place, the oldest first; `after` is the last one of the page before.

    asked: places that send in this one's stead what it just could not, or NOWHERE.
    """
    page = page_of(request)
    at = at or page.shop or ""
    async with guard.deps_of(request).pool.acquire() as conn:
        if not at:
            every = await locations.list_all(conn)
            shops = [(p.location_id, places.name_of(p, page.locale)) for p in every]
            return page.render("stock/sending_choose.html", {"shops": shops})
        names = await named(request, conn, page.locale)
        found = await fulfilments.queue(conn, at, now=page.now, after=after, limit=SHOWN_MAX + 1)
        parcels = await _parcels(conn, page, at, found[:SHOWN_MAX])
    view = {
        "at": at,
        "at_name": names(at),
        "is_mine": page.who.may_at(at),
        "parcels": parcels,
        "after": after,
        "more": parcels[-1].part.fulfilment_id if len(found) > SHOWN_MAX else None,
        "reasons": REJECTIONS,
        "asked": [names(one) for one in asked.split(",")[:ASKED_MAX] if names.find(one)],
        "asked_nobody": NOWHERE in asked.split(","),
    }
    return page.render("stock/sending.html", view)


async def _parcels(conn: Connection, page: Page, at: str, found: list[Fulfilment]) -> list[Parcel]:
    skus = {line.sku for part in found for line in part.lines}
    shown = await goods(conn, skus, page)
    rows = await ledger.balances_of(conn, sorted(skus)) if skus else []
    shelves = {row.sku: row.shelf or "" for row in rows if row.location_id == at}
    numbers = {one: (await orders.get(conn, one)).order_ref
               for one in dict.fromkeys(part.order_id for part in found)}  # fmt: skip
    return [
        Parcel(
            part=part,
            number=numbers[part.order_id],
            lines=[(shown[line.sku], line.qty, shelves.get(line.sku, "")) for line in part.lines],
            next=NEXT.get(part.state, ""),
        )
        for part in found
    ]


async def _may_send(conn: Connection, page: Page, fulfilment_id: UUID) -> str:
    """The place of a part. Raises NoRight unless this person works there."""
    auth.require(page.who, Right.hand_over)
    part = await fulfilments.get(conn, fulfilment_id, now=clock.now())
    auth.require_location(page.who, part.location_id or "")
    return part.location_id or ""


async def _step(request: Asked, fulfilment_id: UUID, wanted: str, **more: str | None) -> str:
    page = page_of(request)
    async with db.transaction(guard.deps_of(request).pool) as conn:
        at = await _may_send(conn, page, fulfilment_id)
        await fulfilments.step(
            conn, fulfilment_id, wanted, by=page.who.label, now=clock.now(), **more
        )
        await audit.note(
            conn, page.who, f"fulfilment.{wanted}", at=clock.now(), subject=str(fulfilment_id)
        )
    return at


@post("/stock/sending/{fulfilment_id:uuid}/step", right=Right.hand_over)
async def move(request: Asked, fulfilment_id: FromPath[UUID]) -> Response[str]:
    """One step further: taken on, or packed."""
    form = await request.form()
    at = await _step(request, fulfilment_id, str(form.get("to") or ""))
    return redirect(f"/stock/sending?at={at}")


@post("/stock/sending/{fulfilment_id:uuid}/shipping", right=Right.hand_over)
async def ship(request: Asked, fulfilment_id: FromPath[UUID]) -> Response[str]:
    """The carrier has it."""
    form = await request.form()
    at = await _step(
        request, fulfilment_id, "shipped",
        carrier=str(form.get("carrier") or ""),
        carrier_ref=str(form.get("carrier_ref") or "").strip() or None,
    )  # fmt: skip
    return redirect(f"/stock/sending?at={at}")


@post("/stock/sending/{fulfilment_id:uuid}/rejection", right=Right.hand_over)
async def reject(request: Asked, fulfilment_id: FromPath[UUID]) -> Response[str]:
    """It cannot be sent from here: stock is corrected, and another place is asked."""
    page, form = page_of(request), await request.form()
    skus = [str(form.get("sku"))] if form.get("sku") else []
    async with db.transaction(guard.deps_of(request).pool) as conn:
        at = await _may_send(conn, page, fulfilment_id)
        parts, _ = await fulfilments.reject(
            conn, directory_of(request), fulfilment_id, reason=str(form.get("reason") or ""),
            skus=skus, by=page.who.label, now=clock.now(),
        )  # fmt: skip
        await audit.note(
            conn, page.who, "fulfilment.rejected", at=clock.now(), subject=str(fulfilment_id)
        )
    asked = ",".join(dict.fromkeys(one.location_id or NOWHERE for one in parts))
    return redirect("/stock/sending?" + urlencode({"at": at, "asked": asked}))
