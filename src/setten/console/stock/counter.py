"""At the counter: part of a hold, another person, other goods, a tick or a hand-over taken back."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from setten.console import guard
from setten.console.customers import people
from setten.console.page import Asked, Page, page_of
from setten.console.places import directory_of, named
from setten.console.shell.sign_in import redirect
from setten.console.stock import queue
from setten.console.stock.goods import Good, good, goods
from setten.console.stock.pickup import again, may_move, note
from setten.facts.stock import GoodsLine
from setten.platform import audit, clock, db
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.platform.errors import Invalid
from setten.stock import availability, catalog, holds, ledger
from setten.stock.catalog import Item
from setten.stock.holds import AGREED_HOW, Hold, Swap

OFFERS_MAX = 12
"""Goods offered instead: more, and nobody reads them to a customer who waits."""

QTY_DIGITS = 5


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """Goods that could take the place of others, here and now."""

    good: Good
    price_minor: int
    currency: str
    available: int


@post("/stock/holds/{hold_id:uuid}/unpicks", right=Right.hand_over)
async def unpick(request: Asked, hold_id: FromPath[UUID]) -> Response[str]:
    """A tick was a slip: the line is to be picked again."""
    page, form = page_of(request), await request.form()
    line = (str(form.get("sku") or ""), str(form.get("location_id") or ""))
    async with db.transaction(guard.deps_of(request).pool) as conn:
        await may_move(conn, page, hold_id)
        hold = await holds.unpick(conn, hold_id, lines=[line], now=clock.now())
        await note(conn, page, "hold.unpicked", hold)
    return await again(request, page, hold, "")


@post("/stock/holds/{hold_id:uuid}/reopening", right=Right.hand_over)
async def reopen(request: Asked, hold_id: FromPath[UUID]) -> Response[str]:
    """A hand-over was a slip: the goods wait for their customer again."""
    page = page_of(request)
    async with db.transaction(guard.deps_of(request).pool) as conn:
        await may_move(conn, page, hold_id)
        done = await holds.reopen(conn, hold_id, now=clock.now())
        await note(conn, page, "hold.reopened", done.hold)
    said = page.words()("counter.reopened", code=done.hold.code)
    return await again(request, page, done.hold, said)


@get("/stock/holds/{hold_id:uuid}/counter", right=Right.hand_over)
async def counter(
    request: Asked, hold_id: FromPath[UUID], sku: FromQuery[str] = "", q: FromQuery[str] = ""
) -> Response[str]:
    """One hold at the counter: hand over in part or to somebody else, offer other goods."""
    page, deps = page_of(request), guard.deps_of(request)
    async with db.transaction(deps.pool) as conn:
        hold = await may_move(conn, page, hold_id)
        if not hold.is_open:
            return redirect(f"/stock/holds/{hold_id}")
        numbers = [] if hold.identifier_id is None else [hold.identifier_id]
        who = await people.behind(conn, deps.vault, numbers, page.locale)
        await people.note(
            conn, page.who, list(who.values()), action="hold.viewed", now=page.now, meets=True
        )
        collector = await _collector(conn, request, page, hold)
        names = await named(request, conn, page.locale)
        skus = [line.sku for line in hold.lines]
        rows = await ledger.balances_of(conn, skus)
        shown = await goods(conn, skus, page)
        offers = await _offers(conn, request, page, hold, sku, q) if sku else []
    shelves = {row.key: row.shelf for row in rows if row.shelf}
    view = {
        "hold": hold,
        "ticket": queue.ticket(hold, who, shown, shelves, names.find(hold.location_id), page.now),
        "place": names(hold.location_id),
        "collector": collector,
        "swapping": next((one for one in hold.lines if one.sku == sku and one.is_open), None),
        "swapped": shown.get(sku),
        "offers": offers,
        "q": q,
        "ways": AGREED_HOW,
    }
    return page.render("stock/counter.html", view)


async def _collector(conn: Connection, request: Asked, page: Page, hold: Hold) -> str:
    """Who was named to collect, opened for whoever hands over, and noted."""
    found = await holds.collectors_of(conn, guard.deps_of(request).vault, [hold.hold_id])
    if hold.hold_id not in found:
        return ""
    await audit.note(
        conn, page.who, "hold.collector_viewed", at=page.now, subject=str(hold.hold_id)
    )
    return found[hold.hold_id][1]


async def _offers(
    conn: Connection, request: Asked, page: Page, hold: Hold, sku: str, q: str
) -> list[Offer]:
    """What could be taken instead at the same place: its other colours, or what is sought."""
    line = next((one for one in hold.lines if one.sku == sku and one.is_open), None)
    if line is None:
        return []
    item = (await catalog.find_many(conn, [sku])).get(sku)
    said = q.replace("\x00", "")[:100] or (item.product_id if item else "") or ""
    found = [one for one in await catalog.search(conn, said) if one.sku != sku and said]
    here = await availability.at(
        conn, directory_of(request), [one.sku for one in found],
        location_ids=[line.location_id], now=page.now,
    )  # fmt: skip
    free = {row.sku: row.available for row in here if row.available >= line.qty}
    return [_offer(one, page, free[one.sku]) for one in found if one.sku in free][:OFFERS_MAX]


def _offer(item: Item, page: Page, available: int) -> Offer:
    return Offer(
        good=good(item, page),
        price_minor=item.price_minor or 0,
        currency=item.currency or "JPY",
        available=available,
    )


@post("/stock/holds/{hold_id:uuid}/handing", right=Right.hand_over)
async def hand_over(request: Asked, hold_id: FromPath[UUID]) -> Response[str]:
    """Hand over what was chosen, to whoever says the code or is named."""
    page, form = page_of(request), await request.form()
    name = str(form.get("name") or "").strip()
    deps = guard.deps_of(request)
    async with db.transaction(deps.pool) as conn:
        hold = await may_move(conn, page, hold_id)
        sealed_id = None
        if form.get("to") == "named":
            named_before = await holds.collectors_of(conn, deps.vault, [hold_id])
            if hold_id in named_before and named_before[hold_id][1] == name:
                sealed_id = named_before[hold_id][0]
            else:
                sealed_id = await holds.seal_name(conn, deps.vault, hold, name)
        done = await holds.hand_over(
            conn, hold_id, by=page.who.label, now=clock.now(), sealed_id=sealed_id,
            taken=_taken(hold, form), keeps_rest=form.get("rest") == "keep",
        )  # fmt: skip
        await note(conn, page, "hold.collected", done.hold)
    stage = "collect" if done.rest and done.rest.state == "held" else "done"
    return redirect(f"/stock/pickup?at={hold.location_id}&stage={stage}")


def _taken(hold: Hold, form: Mapping[str, object]) -> list[GoodsLine]:
    """Units by line as the form says them."""
    found = []
    for line in hold.lines:
        said = str(form.get(f"qty|{line.location_id}|{line.sku}") or "0")
        if not said.isdecimal() or len(said) > QTY_DIGITS:
            raise Invalid(errors="qty")
        if int(said):
            found.append(GoodsLine(line.sku, line.location_id, int(said)))
    return found


@post("/stock/holds/{hold_id:uuid}/substitution", right=Right.hand_over)
async def substitute(request: Asked, hold_id: FromPath[UUID]) -> Response[str]:
    """The customer agreed to take other goods."""
    page, form = page_of(request), await request.form()
    price = str(form.get("price") or "")
    if not price.isdecimal() or len(price) > 12:
        raise Invalid(errors="price")
    swap = Swap(
        sku=str(form.get("sku") or ""),
        location_id=str(form.get("location_id") or ""),
        by_sku=str(form.get("by_sku") or ""),
        price_minor=int(price),
        currency=str(form.get("currency") or "JPY")[:3],
        agreed_how=str(form.get("agreed_how") or ""),
        agreed_with=page.who.label,
        is_missing=form.get("missing") == "yes",
    )
    async with db.transaction(guard.deps_of(request).pool) as conn:
        await may_move(conn, page, hold_id)
        done = await holds.substitute(conn, hold_id, swap, now=clock.now())
        await note(conn, page, "hold.substituted", done.hold)
    return redirect(f"/stock/pickup?at={done.hold.location_id}&stage=collect")
