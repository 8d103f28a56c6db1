"""Goods that come back without receipt or order: read in, valued, approved, taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.params import FromQuery

from setten.console import guard
from setten.console.customers import people
from setten.console.customers.people import Person
from setten.console.page import Asked, Page, page_of
from setten.console.places import named
from setten.console.shell.sign_in import redirect
from setten.console.stock import approving, instead
from setten.console.stock.goods import Good, goods
from setten.customers import identity
from setten.platform import audit, auth, clock, combine, db, errors, ids
from setten.platform.auth import Actor, Right
from setten.platform.combine import Claim
from setten.platform.db import Connection
from setten.platform.errors import Conflict, Invalid, TooMany
from setten.stock import catalog, pricing, returns
from setten.stock.catalog import Item
from setten.stock.returns import CONDITIONS, LINES_MAX, REASONS, Back, NewReturn

FIELD_MAX = 300
QTY_DIGITS = 4


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """Something that comes back."""

    good: Good
    qty: int
    condition: str
    each: str
    amount_minor: int


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the form. lines: (sku, units, condition)."""

    at: str
    customer: UUID | None
    lines: Sequence[tuple[str, int, str]]
    said: dict[str, str]


@get("/stock/returns/unproven", right=Right.take_returns)
async def start(
    request: Asked, at: FromQuery[str], customer: FromQuery[UUID | None] = None
) -> Response[str]:
    """An empty form, with the limits."""
    page = page_of(request)
    auth.require_location(page.who, at)
    form = Form(at=at, customer=customer, lines=(), said={"press": ids.token()})
    return await _page(request, page, form)


async def _page(
    request: Asked, page: Page, form: Form, *, wrong: str = "", status: int = 200
) -> Response[str]:
    """The form. wrong: a sentence."""
    deps = guard.deps_of(request)
    async with db.transaction(deps.pool) as conn:
        names = await named(request, conn, page.locale)
        items = await catalog.find_many(conn, [sku for sku, _, _ in form.lines])
        shown = await goods(conn, list(items), page)
        rule = await returns.policy(conn)
        person = await _person(conn, page, deps, form.customer)
    lines = [_line(one, items, shown, page) for one in form.lines if one[0] in items]
    total = sum(one.amount_minor for one in lines)
    currency = next((items[sku].currency for sku, _, _ in form.lines if sku in items), None)
    view = {
        "at": form.at,
        "at_name": names(form.at),
        "customer": form.customer,
        "person": person,
        "lines": lines,
        "total": total,
        "over": max(0, total - rule.unproven_max_minor),
        "currency": currency or "JPY",
        "rule": rule,
        "said": form.said,
        "conditions": CONDITIONS,
        "reasons": REASONS,
        "instead": instead.FIELDS,
        "may_decide": approving.may_decide(page.who, form.at),
        "wrong": wrong,
    }
    return page.render("stock/returns_unproven.html", view, status=status)


async def _person(
    conn: Connection, page: Page, deps: guard.Deps, customer: UUID | None
) -> Person | None:
    if customer is None:
        return None
    auth.require(page.who, Right.read_customers)
    found = await people.by_id(conn, deps.vault, [customer], page.locale)
    await people.note(conn, page.who, list(found.values()), action="return.for", now=page.now)
    return next(iter(found.values()), None)


def _line(
    one: tuple[str, int, str], items: Mapping[str, Item], shown: Mapping[str, Good], page: Page
) -> Line:
    sku, qty, condition = one
    item = items[sku]
    each = pricing.with_tax(
        item.price_minor or 0, item.tax_rate or pricing.STANDARD_RATE,
        is_included=item.tax_included,
    )  # fmt: skip
    price = page.shown().money(each, item.currency or "JPY")
    return Line(good=shown[sku], qty=qty, condition=condition, each=price, amount_minor=each * qty)


@post("/stock/returns/unproven", status_code=200, right=Right.take_returns)
async def go_on(request: Asked) -> Response[str]:
    """One thing more comes back, or all of it is taken."""
    page, sent = page_of(request), await request.form()
    form = _sent(sent)
    auth.require_location(page.who, form.at)
    if sent.get("do") != "take":
        return await _add(request, page, form, str(sent.get("add") or ""))
    wrong, decider = await _decider(request, page, form, str(sent.get("password") or ""))
    if decider is None or wrong:
        return await _page(request, page, form, wrong=page.words()(f"returns.{wrong}"), status=422)
    try:
        return await _take(request, page, sent, form, decider)
    except Conflict as refusal:
        title, detail = errors.say(refusal.code, page.locale, refusal.facts)
        return await _page(request, page, form, wrong=f"{title} {detail}", status=409)


def _sent(sent: FormMultiDict) -> Form:
    customer = str(sent.get("customer") or "")
    names = ["press", "reason", "why", "login"]
    names += [name for pair in instead.FIELDS for name in pair]
    said = {one: str(sent.get(one) or "").replace("\x00", "").strip()[:FIELD_MAX] for one in names}
    typed = zip(sent.getall("sku", []), sent.getall("qty", []), sent.getall("condition", []),
                strict=False)  # fmt: skip
    lines = []
    for sku, qty, condition in typed:
        units = str(qty).strip() or "0"
        if not units.isdecimal() or len(units) > QTY_DIGITS or str(condition) not in CONDITIONS:
            raise Invalid(errors="qty")
        if int(units):
            lines.append((str(sku).replace("\x00", "")[:100], int(units), str(condition)))
    try:
        whose = UUID(customer) if customer else None
    except ValueError as cause:
        raise Invalid(errors="customer") from cause
    return Form(at=str(sent.get("at") or ""), customer=whose, lines=lines[:LINES_MAX], said=said)


async def _add(request: Asked, page: Page, form: Form, typed: str) -> Response[str]:
    """The form with one unit more of what was scanned or typed; empty: only valued anew."""
    typed = typed.replace("\x00", "").strip()[:FIELD_MAX]
    if not typed:
        return await _page(request, page, form)
    async with guard.deps_of(request).pool.acquire() as conn:
        sku = (await catalog.skus_of(conn, [typed])).get(typed, typed)
        item = (await catalog.find_many(conn, [sku])).get(sku)
    if item is None or item.price_minor is None:
        wrong = page.words()("returns.unknown_good")
        return await _page(request, page, form, wrong=wrong, status=422)
    lines = list(form.lines)
    at = next((n for n, one in enumerate(lines) if one[0] == sku), None)
    if at is None:
        lines.append((sku, 1, CONDITIONS[0]))
    else:
        lines[at] = (sku, lines[at][1] + 1, lines[at][2])
    return await _page(request, page, msgspec.structs.replace(form, lines=lines))


async def _decider(
    request: Asked, page: Page, form: Form, password: str
) -> tuple[str, Actor | None]:
    """Who decides, or the word that says why nobody does."""
    if not form.lines:
        return "nothing", None
    if not form.said["why"]:
        return "why_missing", None
    if approving.may_decide(page.who, form.at):
        return "", page.who
    try:
        who = await approving.approver(request, form.said["login"], password)
    except auth.BadCredentials:
        return "approve_wrong", None
    except TooMany:
        return "approve_wait", None
    return ("", who) if approving.may_decide(who, form.at) else ("approve_may_not", None)


async def _take(
    request: Asked, page: Page, sent: FormMultiDict, form: Form, decider: Actor
) -> Response[str]:
    """Take it, in the name of who stands at the counter, approved by who decided."""
    now = clock.now()
    key = combine.key_hash(page.who.label, "returns page", form.said["press"][:100])
    claim = Claim(key, combine.request_hash(b""))
    async with db.transaction(guard.deps_of(request).pool) as conn:
        before = (await combine.claim(conn, [claim]))[claim.key]
        if not before.is_new:
            return redirect(f"/stock/returns/{before.answer.decode()}?taken=1")
        owners = await _owners(conn, form.customer)
        new = NewReturn(
            location_id=form.at,
            lines=tuple(Back(sku=sku, qty=qty, condition=how) for sku, qty, how in form.lines),
            reason=form.said["reason"],
            by=page.who.label,
            identifier_id=min(owners) if owners else None,
            owner_ids=frozenset(owners),
            override_reason=form.said["why"],
            exchange=await instead.exchange_of(conn, sent, form.at),
        )
        done = await returns.take(conn, new, may_decide=True, now=now)
        subject = str(done.done.return_id)
        await audit.note(conn, page.who, "return.taken", at=now, subject=subject)
        await audit.note(conn, decider, "return.approved", at=now, subject=subject)
        await combine.remember(conn, [(claim.key, 201, subject.encode())])
    return redirect(f"/stock/returns/{subject}?taken=1")


async def _owners(conn: Connection, customer: UUID | None) -> set[int]:
    """All identifiers of who brings it: returns are counted by person."""
    if customer is None:
        return set()
    nodes = await identity.identifiers_of(conn, await identity.current(conn, customer))
    return {node.identifier_id for node in nodes}
