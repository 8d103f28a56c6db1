"""Promising stock from a page: one press holds, one press gives up, and every hold opens."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from setten.console import guard
from setten.console.customers import page as customer_page
from setten.console.customers import people
from setten.console.customers.view import come_by
from setten.console.page import Asked, Page, page_of
from setten.console.places import named
from setten.console.shell.sign_in import redirect
from setten.console.stock import naming, queue
from setten.console.stock.goods import address, goods
from setten.customers import identity
from setten.facts.stock import GoodsLine
from setten.platform import audit, auth, clock, db
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.platform.errors import Conflict, Invalid
from setten.stock import catalog, holds, house_rules, ledger
from setten.stock.holds import Ask, Placed

QTY_DIGITS = 5
HOUR_S = 3600


class TooManyUnits(Conflict):
    """More of one item than the house rules let staff hold at once. facts: most."""

    code = "too_many_units"


@post("/stock/holds", right=Right.hold)
async def hold(request: Asked) -> Response[str]:
    """Hold one item at one place, for a customer when the page is hers."""
    page, form = page_of(request), await request.form()
    sku, place = str(form.get("sku") or ""), str(form.get("location_id") or "")
    customer = _uuid(str(form.get("customer_id") or ""))
    placed = await _place(request, page, sku, place, _quantity(form.get("qty")), customer)
    if customer is None:
        to = {"at": place, "held": str(placed.hold_id)}
        return redirect(f"{address(sku)}?{urlencode(to)}")
    async with guard.deps_of(request).pool.acquire() as conn:
        name = (await named(request, conn, page.locale))(place)
        item = (await goods(conn, [sku], page))[sku].name
    said = page.words()("holds.done_goods", item=item, place=name, code=placed.code)
    undo = f"/stock/holds/{placed.hold_id}/release"
    shown = str(form.get("shown") or "")
    return await _customer_again(request, page, customer, said, shown=shown, undo=undo)


async def _place(
    request: Asked, page: Page, sku: str, place: str, qty: int, customer: UUID | None
) -> Placed:
    now = clock.now()
    async with db.transaction(guard.deps_of(request).pool) as conn:
        rule = await house_rules.current(conn)
        if qty > rule.hold_units_max:
            raise TooManyUnits(most=rule.hold_units_max)
        number = await identity.identifier_for(conn, customer) if customer else None
        ask = Ask(
            lines=(GoodsLine(sku, place, qty),),
            by=page.who.label,
            ttl_s=rule.hold_hours * HOUR_S,
            channel="console",
            identifier_id=number,
        )
        placed = await holds.place(conn, ask, now=now)
        await audit.note(
            conn, page.who, "hold.placed", at=now, customer_id=customer,
            subject=str(placed.hold_id),
        )  # fmt: skip
    return placed


def waiting(hours: int, page: Page) -> str:
    """How long that is, as people say it: 3 days, 36 hours."""
    t = page.words()
    return t("house.n_days", n=hours // 24) if hours % 24 == 0 else t("house.n_hours", n=hours)


def _quantity(said: object) -> int:
    text = str(said or "1")
    if not text.isdecimal() or len(text) > QTY_DIGITS or int(text) < 1:
        raise Invalid(errors="qty")
    return int(text)


def _uuid(said: str) -> UUID | None:
    if not said:
        return None
    try:
        return UUID(said)
    except ValueError as cause:
        raise Invalid(errors="customer_id") from cause


async def _customer_again(
    request: Asked, page: Page, customer: UUID, said: str, *, shown: str, undo: str = ""
) -> Response[str]:
    """Holds, stock and next step of her page as they are now.

    shown: the sku that her page was opened with, "" for none; undo: what takes the deed back.
    """
    deps = guard.deps_of(request)
    async with deps.pool.acquire() as conn:
        # The deed is done: an item that nobody knows (any more) must not turn it into an error.
        known = shown if shown and await catalog.find_many(conn, [shown]) else ""
    if not page.is_partial:
        opened_with = f"?{urlencode({'sku': known})}" if known else ""
        return redirect(f"/customers/{customer}{opened_with}")
    here = guard.at_this_moment(page)
    view = await customer_page.promises_now(request, here, customer, deps, known)
    return here.render("customers/promises_and_toast.html", view | {"said": said, "undo": undo})


async def _owner_of_mine(conn: Connection, page: Page, hold_id: UUID) -> UUID | None:
    """Whose hold it is, which this person may change; None when it is nobody's. Raises NoRight."""
    auth.require(page.who, Right.hold)
    found = await holds.get(conn, hold_id, now=clock.now())
    if not page.may_change(found.location_id, found.placed_by):
        raise auth.NoRight(right="location")
    if found.identifier_id is None:
        return None
    return (await identity.customers_for(conn, [found.identifier_id])).get(found.identifier_id)


@post("/stock/holds/{hold_id:uuid}/release", right=Right.hold)
async def release(request: Asked, hold_id: FromPath[UUID]) -> Response[str]:
    """Give a hold up; its units are free again."""
    page, form = page_of(request), await request.form()
    customer, now = _uuid(str(form.get("customer_id") or "")), clock.now()
    async with db.transaction(guard.deps_of(request).pool) as conn:
        owner = await _owner_of_mine(conn, page, hold_id)
        await holds.release(conn, hold_id, by=page.who.label, now=now)
        await audit.note(
            conn, page.who, "hold.released", at=now, customer_id=owner, subject=str(hold_id)
        )
    if customer is None:
        return redirect(f"/stock/holds/{hold_id}")
    said, shown = page.words()("holds.released"), str(form.get("shown") or "")
    return await _customer_again(request, page, customer, said, shown=shown)


@post("/stock/holds/{hold_id:uuid}/extension", right=Right.hold)
async def extend(request: Asked, hold_id: FromPath[UUID]) -> Response[str]:
    """Let it wait longer, as the house rules say, from now; never less than it would."""
    page = page_of(request)
    async with db.transaction(guard.deps_of(request).pool) as conn:
        await _owner_of_mine(conn, page, hold_id)
        rule = await house_rules.current(conn)
        await holds.extend(conn, hold_id, ttl_s=rule.extend_hours * HOUR_S, now=clock.now())
        await audit.note(conn, page.who, "hold.extended", at=clock.now(), subject=str(hold_id))
    return redirect(f"/stock/holds/{hold_id}")


@get("/stock/holds/{hold_id:uuid}", right=Right.read_stock)
async def hold_page(request: Asked, hold_id: FromPath[UUID]) -> Response[str]:
    """One hold: what was promised to whom, until when, and what became of it."""
    page, deps = page_of(request), guard.deps_of(request)
    async with db.transaction(deps.pool) as conn:
        found = await holds.get(conn, hold_id, now=page.now)
        names = await named(request, conn, page.locale)
        told = [(found.identifier_id, [found.location_id])]
        who = await naming.shown(conn, deps.vault, page, told)
        await people.note(
            conn, page.who, list(who.values()), action="hold.viewed", now=page.now,
            meets=page.who.may_at(found.location_id),
        )  # fmt: skip
        skus = [line.sku for line in found.lines]
        shown = await goods(conn, skus, page)
        rows = await ledger.balances_of(conn, skus)
        rule = await house_rules.current(conn)
        for_others = await holds.with_collector(conn, [hold_id])
        handed = await holds.hand_over_of(conn, hold_id)
    shelves = {row.key: row.shelf for row in rows if row.shelf}
    home = names.find(found.location_id)
    ticket = queue.ticket(found, who, shown, shelves, home, page.now, for_others=for_others)
    is_mine = page.who.may(Right.hand_over) and page.who.may_at(found.location_id)
    return page.render(
        "stock/hold.html",
        {
            "ticket": ticket,
            "hold": found,
            "place": names(found.location_id),
            "latest": holds.latest(found),
            "longer": waiting(rule.extend_hours, page),
            "hands_over": found.is_open and is_mine,
            "gives_at_once": found.state == "ready" and not ticket.is_for_other,
            "handed": handed,
            "reopens": is_mine and holds.may_still_reopen(found, page.now),
            "come_by": come_by(found, names.find(found.location_id)),
        },
    )
