"""What tills took back and nobody knows of which purchase: a list to work off, one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath, FromQuery

from setten.console import guard, lists, places
from setten.console.page import Asked, Page, page_of
from setten.console.places import Named, named
from setten.console.shell.sign_in import redirect
from setten.console.stock import approving
from setten.console.stock.goods import Good, goods
from setten.console.stock.listed_floor import TILL_RETURNS
from setten.console.stock.returning import printed
from setten.platform import audit, auth, clock, db, errors
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.platform.errors import Conflict, Invalid, NotFound, SettenError
from setten.stock import locations, receipts, returns
from setten.stock.returns import Purchase, TillReturn, matching

FIELD_MAX = 100
FIELDS = ("location_id", "register", "sequence", "day", "note")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One that waits. price: what the till gave back; why: a key of words."""

    one: TillReturn
    good: Good
    price: str
    href: str
    why: str


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A purchase that it may have been of. left: units of these goods that can still come back."""

    purchase: Purchase
    at: datetime
    place: str
    left: int


def address(one: TillReturn, **more: str) -> str:
    """The page of one."""
    return f"/stock/returns/tills/{one.receipt_id}?{urlencode({'sku': one.sku, **more})}"


@get(TILL_RETURNS.path, right=Right.take_returns)
async def tills(request: Asked) -> Response[str]:
    """What a shop's tills took back and nobody knows of which purchase, newest first."""
    look = lists.look(TILL_RETURNS, request)
    page = look.page
    at = look.asked.at or page.shop or ""
    async with guard.deps_of(request).pool.acquire() as conn:
        names = await named(request, conn, page.locale)
        every = [one for one in await locations.list_all(conn) if one.kind == "shop"]
        part = await lists.part(conn, look)
        shown = await goods(conn, [one.sku for one in part.rows], page)
    view = {
        "list": part,
        "at": at,
        "at_name": names(at),
        "rows": [_row(one, shown, page) for one in part.rows],
        "shops": [(one.location_id, places.name_of(one, page.locale)) for one in every],
        "may_decide": approving.may_decide(page.who, at),
    }
    return page.render("stock/returns_tills.html", view)


def _row(one: TillReturn, shown: Mapping[str, Good], page: Page) -> Row:
    return Row(
        one=one,
        good=shown[one.sku],
        price=page.shown().money(one.amount_minor, one.currency),
        href=address(one),
        why=f"till_returns.why_{one.why or 'none'}",
    )


@get("/stock/returns/tills/{receipt_id:uuid}", right=Right.take_returns)
async def till_return(
    request: Asked, receipt_id: FromPath[UUID], sku: FromQuery[str]
) -> Response[str]:
    """One of them, with the purchases that it may have been of."""
    return await _page(request, page_of(request), receipt_id, sku.replace("\x00", ""))


async def _page(
    request: Asked,
    page: Page,
    receipt_id: UUID,
    sku: str,
    *,
    said: dict[str, str] | None = None,
    refusal: SettenError | None = None,
) -> Response[str]:
    async with guard.deps_of(request).pool.acquire() as conn:
        found = await matching.get(conn, receipt_id, sku)
        receipt = await receipts.get(conn, receipt_id)
        names = await named(request, conn, page.locale)
        fitting = await matching.candidates(conn, found) if found.state == "open" else []
        shown = await goods(conn, [sku], page)
        every = [one for one in await locations.list_all(conn) if one.kind == "shop"]
    told = None if refusal is None else errors.say(refusal.code, page.locale, refusal.facts)
    status = 200 if refusal is None else (404 if isinstance(refusal, NotFound) else 409)
    view = {
        "row": _row(found, shown, page),
        "place": names(found.location_id),
        "number": f"{receipt.register}-{receipt.sequence}",
        "is_often": fitting is None,
        "candidates": _candidates(fitting or (), sku, names),
        "shops": [(one.location_id, places.name_of(one, page.locale)) for one in every],
        "may_decide": approving.may_decide(page.who, found.location_id),
        "said": {"location_id": found.location_id} | (said or {}),
        "refusal": told,
    }
    return page.render("stock/returns_till.html", view, status=status)


def _candidates(found: Sequence[Purchase], sku: str, names: Named) -> list[Candidate]:
    return [
        Candidate(
            purchase=one,
            at=one.bought_at,
            place=names(one.location_id),
            left=sum(line.can_return for line in one.lines if line.sku == sku),
        )
        for one in found
    ]


@post("/stock/returns/tills/{receipt_id:uuid}", status_code=200, right=Right.decide_returns)
async def decide(request: Asked, receipt_id: FromPath[UUID], sku: FromQuery[str]) -> Response[str]:
    """It was of this purchase, of the one with this number; or nobody can know."""
    page, form, sku = page_of(request), await request.form(), sku.replace("\x00", "")
    said = {one: str(form.get(one) or "").replace("\x00", "").strip() for one in FIELDS}
    if any(len(text) > FIELD_MAX for name, text in said.items() if name != "note"):
        raise Invalid(errors="number")
    try:
        async with db.transaction(guard.deps_of(request).pool) as conn:
            found = await matching.get(conn, receipt_id, sku)
            auth.require_location(page.who, found.location_id)
            await _decide(conn, page, form, found, said)
    except (Conflict, returns.UnknownPurchase) as refusal:
        return await _page(request, page, receipt_id, sku, said=said, refusal=refusal)
    return redirect(f"/stock/returns/tills?{urlencode({'at': found.location_id})}")


async def _decide(
    conn: Connection, page: Page, form: FormMultiDict, found: TillReturn, said: dict[str, str]
) -> None:
    now, who = clock.now(), page.who
    if form.get("do") == "close":
        await matching.close(
            conn, found.receipt_id, found.sku, by=who.label, note=said["note"], now=now
        )
        action = "till_return.closed"
    else:
        bought = await _bought(conn, str(form.get("purchase") or ""), said, now)
        await matching.match(conn, found.receipt_id, found.sku, bought, by=who.label, now=now)
        action = "till_return.matched"
    await audit.note(conn, who, action, at=now, subject=str(found.receipt_id))


async def _bought(conn: Connection, chosen: str, said: dict[str, str], now: datetime) -> Purchase:
    """The purchase that was chosen, or the one with the number that was typed."""
    if chosen:
        kind, _, number = chosen.partition(":")
        try:
            which = UUID(number)
        except ValueError as cause:
            raise Invalid(errors="purchase") from cause
        read = returns.by_order if kind == "order" else returns.by_receipt
        return await read(conn, which)
    return await printed(conn, said, now)
