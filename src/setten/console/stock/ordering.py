"""Orders on a page: found by number, read as one story, cancelled, paid at the counter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from setten.console import guard, lists
from setten.console.customers import people
from setten.console.customers.channels import Mark, mark
from setten.console.page import Asked, Page, page_of
from setten.console.places import Named, named
from setten.console.shell.sign_in import redirect
from setten.console.stock import addressing, basket, naming
from setten.console.stock.goods import Good, goods, with_more
from setten.console.stock.listed import ORDERS
from setten.operations import cancelling
from setten.platform import audit, clock, db
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.platform.errors import Invalid
from setten.stock import carts, fulfilments, orders, payments
from setten.stock.fulfilments import Fulfilment
from setten.stock.orders import Order
from setten.stock.payments import Payment

QTY_DIGITS = 4
REASONS = ("wished", "out_of_stock", "wrong_order", "not_collected", "other")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """An order of the list. goods: what it begins with; standing: the key of its word."""

    order: Order
    goods: str
    standing: str
    person: people.Person | None
    mark: Mark
    place: str
    total: str


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line of an order."""

    line_no: int
    good: Good
    qty: int
    cancelled: int
    way: str
    amount: str
    left: int
    """Units that may still be cancelled."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an order on its way."""

    part: Fulfilment
    place: str
    state: str
    goods: list[tuple[Good, int]]
    days: str


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A moment of the order's story: what happened, small facts, where it opens. rank: of what
    happened in one moment, what follows what."""

    at: datetime
    rank: int
    what: str
    meta: str = ""
    href: str = ""


@get("/stock/orders", right=Right.read_stock)
async def orders_page(request: Asked) -> Response[str]:
    """Orders by number, by state, by where they were sold."""
    look, deps = lists.look(ORDERS, request), guard.deps_of(request)
    page, asked = look.page, look.asked
    async with db.transaction(deps.pool) as conn:
        part = await lists.part(conn, look)
        if asked.number and len(part.rows) == 1:
            return redirect(f"/stock/orders/{part.rows[0].order_id}")
        names = await named(request, conn, page.locale)
        parts = await fulfilments.of_orders(conn, [x.order_id for x in part.rows], now=page.now)
        whose = await _people(conn, deps, page, part.rows, parts)
        first = await orders.goods_of(conn, [one.order_id for one in part.rows])
        shown = await goods(conn, [sku for sku, _ in first.values()], page)
    t = page.words()
    begins = {
        order_id: with_more(shown[sku], lines, page) for order_id, (sku, lines) in first.items()
    }
    rows = [
        Row(
            order=one,
            goods=begins.get(one.order_id, ""),
            standing=_standing(one, parts[one.order_id]),
            person=whose.get(one.identifier_id or 0),
            mark=mark(one.channel, t),
            place=names(one.location_id),
            total=_money(one.total_minor, one.currency, page),
        )
        for one in part.rows
    ]
    return page.render(
        "stock/orders.html", {"list": part, "rows": rows, "at_name": names(asked.at or None)}
    )


async def _people(
    conn: Connection,
    deps: guard.Deps,
    page: Page,
    found: Sequence[Order],
    parts: Mapping[UUID, Sequence[Fulfilment]],
    *,
    meets: bool = False,
) -> dict[int, people.Person]:
    """Names of those who ordered, for whom this person may see them; noted in the audit."""
    told = [
        (one.identifier_id, naming.places_of(one, parts.get(one.order_id, ()))) for one in found
    ]
    whose = await naming.shown(conn, deps.vault, page, told)
    await people.note(
        conn, page.who, list(whose.values()), action="orders.viewed", now=page.now, meets=meets
    )
    return whose


async def _require_mine(conn: Connection, page: Page, order_id: UUID) -> None:
    """Raises NoRight when this person's shops have nothing to do with the order, UnknownOrder."""
    order = await orders.get(conn, order_id)
    parts = await fulfilments.of_order(conn, order_id, now=page.now)
    naming.require_of(page.who, naming.places_of(order, parts))


@get("/stock/orders/{order_id:uuid}", right=Right.read_stock)
async def order_page(request: Asked, order_id: FromPath[UUID]) -> Response[str]:
    """One order: where it is, its lines, its money, and its story."""
    page, deps = page_of(request), guard.deps_of(request)
    async with db.transaction(deps.pool) as conn:
        order = await orders.get(conn, order_id)
        names = await named(request, conn, page.locale)
        parts = await fulfilments.of_order(conn, order_id, now=page.now)
        is_mine = naming.is_of(page.who, naming.places_of(order, parts))
        whose = await _people(conn, deps, page, [order], {order_id: parts}, meets=is_mine)
        skus = [line.sku for line in order.lines]
        skus += [line.sku for part in parts for line in part.lines]
        shown = await goods(conn, skus, page)
        paid = await payments.of_order(conn, order_id)
        view = {
            "order": order,
            "person": whose.get(order.identifier_id or 0),
            "customer_href": await naming.href(conn, page, order.identifier_id),
            "mark": mark(order.channel, page.words()),
            "place": names(order.location_id),
            "standing": _standing(order, parts),
            "parts": [_part(one, names, shown, page) for one in parts if not one.is_over],
            "lines": [_line(one, order, shown, names, page) for one in order.lines],
            "sums": _sums(order, page),
            "payments": [(one, _money(one.intended_minor, one.currency, page)) for one in paid],
            "story": await _story(conn, order, parts, paid, names, page),
            "may_act": page.who.may(Right.hand_over)
            and order.is_ours
            and (is_mine or not page.who.locations),
            "can_cancel": order.state == "placed" and any(x.open_qty for x in order.lines),
            "reasons": REASONS,
            "may_open": addressing.may_open(page, order, list(parts)),
            "openings": addressing.OPENINGS,
        }
    return page.render("stock/order.html", view)


def _standing(order: Order, parts: Sequence[Fulfilment]) -> str:
    """The word for the whole order; a told order without parts is only what was told."""
    if not order.is_ours and not parts:
        return "cancelled" if order.state == "cancelled" else "told"
    found = fulfilments.standing(parts, is_cancelled=order.state == "cancelled")
    is_sent = all(one.way == "ship" for one in parts if not one.is_over)
    # A carrier brings a parcel; only over a counter is something handed over.
    return f"{found}_sent" if is_sent and found in ("partly", "done") else found


def _part(one: Fulfilment, names: Named, shown: Mapping[str, Good], page: Page) -> Part:
    return Part(
        part=one,
        place=names(one.location_id),
        state=f"order.part_{one.state}",
        goods=[(shown[line.sku], line.qty) for line in one.lines],
        days=basket.span(one.arrives_from, one.arrives_to, page)
        if one.arrives_from and one.arrives_to
        else "",
    )


def _line(
    one: orders.Line, order: Order, shown: Mapping[str, Good], names: Named, page: Page
) -> Line:
    t = page.words()
    way = "" if one.method is None else t(f"cart.way_{one.method}", place=names(one.location_id))
    return Line(
        line_no=one.line_no,
        good=shown[one.sku],
        qty=one.qty,
        cancelled=one.cancelled_qty,
        way=way,
        amount=_money(one.amount_minor, order.currency, page),
        left=one.open_qty,
    )


def _money(amount: int | None, currency: str | None, page: Page) -> str:
    return "" if amount is None else page.shown().money(amount, currency or carts.CURRENCY)


def _sums(order: Order, page: Page) -> list[tuple[str, str]]:
    """What the total of an order is made of besides its lines: shipping, and tax by rate."""
    t, found = page.words(), list[tuple[str, str]]()
    if order.is_ours:
        found.append((t("order.shipping"), _money(order.shipping_minor, order.currency, page)))
    for tax in order.taxes:
        said = t("order.tax", rate=f"{float(tax.rate) * 100:g}%",
                 amount=_money(tax.amount_minor, order.currency, page))  # fmt: skip
        found.append((said, _money(tax.tax_minor, order.currency, page)))
    return found


async def _story(
    conn: Connection,
    order: Order,
    parts: Sequence[Fulfilment],
    paid: Sequence[Payment],
    names: Named,
    page: Page,
) -> list[Event]:
    """Everything that was told of the order, oldest first; each opens what told it."""
    t = page.words()
    story = [
        Event(
            at=order.placed_at,
            rank=PLACED,
            what=t("order.story_placed"),
            meta=mark(order.channel, t).word,
            href=f"/events/{order.event_id}",
        )
    ]
    for told in await orders.evidence_of(conn, order):
        what = t(f"order.story_told_{told.kind}" if told.kind in TOLD else "order.story_told")
        story.append(
            Event(at=told.occurred_at, rank=EVIDENCE, what=what, meta=mark(told.channel, t).word,
                  href=f"/events/{told.event_id}")
        )  # fmt: skip
    methods = {one.payment_id: one for one in paid}
    for step in await payments.steps_of(conn, order.order_id):
        payment = methods[step.payment_id]
        story.append(
            Event(
                at=step.at,
                rank=STEPS.get(step.kind, PAID_BACK),
                what=t(f"order.step_{step.kind}",
                       amount=_money(step.amount_minor, payment.currency, page)),
                meta=t(f"order.pay_{payment.method}"),
            )
        )  # fmt: skip
    for gone in await orders.cancels_of(conn, order.order_id):
        what = t("order.story_cancelled", n=gone.qty, line=gone.line_no)
        reason = t(f"order.reason_{gone.reason}") if gone.reason in REASONS else ""
        story.append(Event(at=gone.at, rank=CANCELLED, what=what, meta=reason))
    steps = await fulfilments.steps_of(conn, order.order_id)
    whence = {one.fulfilment_id: names(one.location_id) for one in parts}
    for moved in steps:
        state = t(f"order.part_{moved.state}")
        meta, why = whence.get(moved.fulfilment_id, ""), f"sending.why_{moved.reason}"
        if moved.reason and t.has(why):
            meta += ("　" if page.locale == "ja" else " · ") + t(why)
        story.append(Event(at=moved.at, rank=MOVED, what=state, meta=meta))
    return sorted(story, key=lambda one: (one.at, one.rank))


PLACED, EVIDENCE, INTENDED, AUTHORISED, CAPTURED, MOVED, CANCELLED, PAID_BACK = range(8)
"""Of one moment: an order is placed, to be paid, paid, on its way; cancelled, then paid back."""

STEPS = {"intended": INTENDED, "authorised": AUTHORISED, "captured": CAPTURED}

TOLD = ("placed", "updated", "cancelled", "refunded", "receipt")


@post("/stock/orders/{order_id:uuid}/cancellation", right=Right.hand_over)
async def cancel(request: Asked, order_id: FromPath[UUID]) -> Response[str]:
    """Cancel units of a line, or all that is still wanted."""
    page, form = page_of(request), await request.form()
    reason = str(form.get("reason") or "")
    line = str(form.get("line_no") or "")
    wanted = {_number(line): _number(str(form.get("qty") or "1"))} if line else None
    async with db.transaction(guard.deps_of(request).pool) as conn:
        await _require_mine(conn, page, order_id)
        await cancelling.cancel(
            conn,
            order_id,
            wanted,
            by=page.who.label,
            now=clock.now(),
            reason=reason if reason in REASONS else None,
        )
        await audit.note(conn, page.who, "order.cancelled", at=page.now, subject=str(order_id))
    return redirect(f"/stock/orders/{order_id}")


def _number(said: str) -> int:
    if not said.isdecimal() or len(said) > QTY_DIGITS:
        raise Invalid(errors="qty")
    return int(said)


@post("/stock/orders/payments/{payment_id:uuid}/capture", right=Right.hand_over)
async def capture(request: Asked, payment_id: FromPath[UUID]) -> Response[str]:
    """The till beside this screen took the money that was to be paid at the counter."""
    page = page_of(request)
    async with db.transaction(guard.deps_of(request).pool) as conn:
        done = await payments.take_at_counter(conn, payment_id, by=page.who.label, now=clock.now())
        await _require_mine(conn, page, done.payment.order_id)
        await audit.note(conn, page.who, "payment.captured", at=page.now, subject=str(payment_id))
    return redirect(f"/stock/orders/{done.payment.order_id}")
