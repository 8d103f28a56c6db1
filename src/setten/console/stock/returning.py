"""Returns at the counter: find the purchase, take back what comes, give the money as it came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from urllib.parse import quote, urlencode
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath, FromQuery

from setten.console import guard, lists, places
from setten.console.page import Asked, Page, page_of
from setten.console.places import named
from setten.console.shell.sign_in import redirect
from setten.console.stock import instead
from setten.console.stock.goods import Good, goods
from setten.console.stock.listed_floor import RETURNS, PlaceFilter
from setten.customers import identity
from setten.platform import audit, auth, clock, combine, db, errors, ids
from setten.platform.auth import Right
from setten.platform.combine import Claim
from setten.platform.db import Connection
from setten.platform.errors import Conflict, Invalid, SettenError
from setten.stock import locations, returns
from setten.stock.returns import CONDITIONS, REASONS, Back, NewReturn, Purchase, Return

QTY_DIGITS = 5
TYPED_MAX = 300


class Bought(msgspec.Struct, frozen=True, kw_only=True):
    """A purchase to choose from."""

    href: str
    number: str
    at: datetime
    place: str
    first: Good
    lines: int


class BackLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a purchase, or a part of a set in it, with what may come back of it.

    key: names its fields in the form.
    """

    key: str
    good: Good
    qty: int
    can_return: int
    amount: str
    is_part: bool = False


@get("/stock/returns", right=Right.take_returns)
async def start(request: Asked, customer: FromQuery[UUID | None] = None) -> Response[str]:
    """Where a return begins: by receipt, by order, or from a customer's page."""
    page = page_of(request)
    at = lists.look(RETURNS, request).asked.at or page.shop or ""
    if not at:
        return await _choose(request, page)
    return page.render("stock/returns.html", await _start(request, page, at, customer))


async def _choose(request: Asked, page: Page) -> Response[str]:
    async with guard.deps_of(request).pool.acquire() as conn:
        every = await locations.list_all(conn)
    shops = [(p.location_id, places.name_of(p, page.locale)) for p in every if p.kind == "shop"]
    return page.render("stock/returns_choose.html", {"shops": shops})


async def _start(
    request: Asked,
    page: Page,
    at: str,
    customer: UUID | None,
    *,
    wrong: SettenError | None = None,
    said: Mapping[str, str] | None = None,
) -> dict[str, object]:
    look = lists.look(RETURNS, request)
    look = msgspec.structs.replace(look, asked=PlaceFilter(at=at))
    async with db.transaction(guard.deps_of(request).pool) as conn:
        names = await named(request, conn, page.locale)
        found: list[Purchase] = []
        if customer is not None:
            auth.require(page.who, Right.read_customers)
            numbers = await identity.identifiers_of(conn, await identity.current(conn, customer))
            ids = [one.identifier_id for one in numbers]
            found = await returns.of_customer(conn, ids, now=page.now)
            await audit.note(conn, page.who, "purchases.viewed", at=page.now, customer_id=customer)
        part = await lists.part(conn, look)
        skus = {line.sku for one in found for line in one.lines}
        skus |= {line.sku for one in part.rows for line in one.lines}
        shown = await goods(conn, skus, page)
        every = await locations.list_all(conn)
        waiting = await returns.matching.count_open(conn, at)
    words = page.words()
    return {
        "at": at,
        "at_name": names(at),
        "is_mine": page.who.may_at(at),
        "customer": customer,
        "found": [_bought(one, at, customer, shown, names) for one in found],
        "list": part,
        "latest": [(one, shown[one.lines[0].sku]) for one in part.rows if one.lines],
        "shops": [(p.location_id, places.name_of(p, page.locale)) for p in every],
        "wrong": words("returns.not_found") if wrong else "",
        "said": said or {},
        "waiting": waiting,
    }


def _bought(
    one: Purchase,
    at: str,
    customer: UUID | None,
    shown: Mapping[str, Good],
    names: places.Named,
) -> Bought:
    return Bought(
        href=_address(one, at, customer),
        number=one.number,
        at=one.bought_at,
        place=names(one.location_id),
        first=shown[one.lines[0].sku],
        lines=len(one.lines),
    )


def _address(one: Purchase, at: str, customer: UUID | None) -> str:
    which = {"receipt": one.receipt_id} if one.receipt_id else {"order": one.order_id}
    asked = {"at": at, **which} | ({"customer": customer} if customer else {})
    return f"/stock/returns/purchase?{urlencode(asked)}"


@post("/stock/returns/finding", right=Right.take_returns)
async def find(request: Asked) -> Response[str]:
    """By what is printed on a receipt, or by the number of an order."""
    page, form = page_of(request), await request.form()
    said = {key: str(form.get(key) or "").replace("\x00", "").strip()[:100]
            for key in ("at", "order", "location_id", "register", "sequence", "day")}  # fmt: skip
    try:
        async with guard.deps_of(request).pool.acquire() as conn:
            found = await _found(conn, said, clock.now())
    except returns.UnknownPurchase as wrong:
        view = await _start(request, page, said["at"], None, wrong=wrong, said=said)
        return page.render("stock/returns.html", view, status=404)
    return redirect(_address(found, said["at"], None))


async def _found(conn: Connection, said: Mapping[str, str], now: datetime) -> Purchase:
    if said["order"]:
        return await returns.by_order_number(conn, said["order"])
    return await printed(conn, said, now)


async def printed(conn: Connection, said: Mapping[str, str], now: datetime) -> Purchase:
    """The purchase of the receipt whose numbers somebody typed. Raises Invalid, NotFound.

    Without a register the number may be as pages show it: `2-0042`.
    """
    register, sequence = said["register"], said["sequence"]
    if not register:
        register, _, sequence = (part.strip() for part in sequence.rpartition("-"))
    return await returns.by_receipt_number(
        conn,
        location_id=said["location_id"],
        register=register,
        sequence=sequence,
        business_day=_day(said["day"]),
        now=now,
    )


def _day(said: str) -> date | None:
    if not said:
        return None
    try:
        return date.fromisoformat(said)
    except ValueError as cause:
        raise Invalid(errors="day") from cause


async def _purchase(conn: Connection, order: UUID | None, receipt: UUID | None) -> Purchase:
    if receipt is not None:
        return await returns.by_receipt(conn, receipt)
    if order is None:
        raise returns.UnknownPurchase()
    return await returns.by_order(conn, order)


@get("/stock/returns/purchase", right=Right.take_returns)
async def purchase(
    request: Asked,
    at: FromQuery[str],
    order: FromQuery[UUID | None] = None,
    receipt: FromQuery[UUID | None] = None,
    customer: FromQuery[UUID | None] = None,
) -> Response[str]:
    """One purchase: what of it comes back, in which condition, and why."""
    page = page_of(request)
    async with guard.deps_of(request).pool.acquire() as conn:
        found = await _purchase(conn, order, receipt)
    return await _bought_page(request, page, at, customer, found)


async def _bought_page(
    request: Asked,
    page: Page,
    at: str,
    customer: UUID | None,
    found: Purchase,
    *,
    said: Mapping[str, str] | None = None,
    refusal: Conflict | None = None,
) -> Response[str]:
    """The form of one purchase; refused, with what was typed and why."""
    async with guard.deps_of(request).pool.acquire() as conn:
        names = await named(request, conn, page.locale)
        skus = [one.sku for line in found.lines for _, one in _fields(line)]
        shown = await goods(conn, skus, page)
        rule = await returns.policy(conn)
    lines = _lines(page, found, shown)
    view = {
        "at": at,
        "at_name": names(at),
        "is_mine": page.who.may_at(at),
        "bought": found,
        "place": names(found.location_id),
        "customer": customer,
        "lines": lines,
        "can_return": any(one.can_return for one in lines),
        "conditions": CONDITIONS,
        "reasons": REASONS,
        "rule": rule,
        "press": ids.token(),
        "is_late": (page.now - found.bought_at).days >= rule.days,
        "may_decide": page.who.may(Right.decide_returns),
        "said": said or {},
        "instead": instead.FIELDS,
        "refusal": errors.say(refusal.code, page.locale, refusal.facts) if refusal else None,
    }
    status = 409 if refusal else 200
    return page.render("stock/returns_purchase.html", view, status=status)


def _lines(page: Page, found: Purchase, shown: Mapping[str, Good]) -> list[BackLine]:
    """Each line, and under one that is a set its parts: they may come back one by one."""
    money = page.shown().money
    return [
        BackLine(
            key=key,
            good=shown[one.sku],
            qty=one.qty,
            can_return=one.can_return,
            amount=money(one.amount_minor, found.currency),
            is_part=one is not line,
        )
        for line in found.lines
        for key, one in _fields(line)
    ]


def _fields(line: returns.Sold) -> list[tuple[str, returns.Sold | returns.Piece]]:
    """A line and its parts, each under the name of its fields."""
    parts = [(f"{line.line_no}-{at}", part) for at, part in enumerate(line.pieces)]
    return [(str(line.line_no), line), *parts]


@post("/stock/returns", right=Right.take_returns)
async def take(request: Asked) -> Response[str]:
    """Take back what the form says; a press twice is one return."""
    page, form = page_of(request), await request.form()
    at = str(form.get("at") or "")
    auth.require_location(page.who, at)
    claim = _claim(page, str(form.get("press") or ""))
    order, receipt = _uuid(form.get("order")), _uuid(form.get("receipt"))
    customer = _uuid(form.get("customer"))
    try:
        return await _take(request, page, form, at, claim)
    except Conflict as refusal:
        async with guard.deps_of(request).pool.acquire() as conn:
            found = await _purchase(conn, order, receipt)
        said = {key: str(value)[:TYPED_MAX] for key, value in form.items()}
        return await _bought_page(request, page, at, customer, found, said=said, refusal=refusal)


async def _take(
    request: Asked, page: Page, form: FormMultiDict, at: str, claim: Claim
) -> Response[str]:
    now = clock.now()
    async with db.transaction(guard.deps_of(request).pool) as conn:
        before = (await combine.claim(conn, [claim]))[claim.key]
        if not before.is_new:
            return redirect(f"/stock/returns/{before.answer.decode()}?taken=1")
        found = await _purchase(conn, _uuid(form.get("order")), _uuid(form.get("receipt")))
        brought = await _brought(conn, _uuid(form.get("customer")), found)
        new = NewReturn(
            location_id=at,
            lines=tuple(_backs(found, form)),
            reason=str(form.get("reason") or ""),
            by=page.who.label,
            purchase=found,
            identifier_id=min(brought) if brought else None,
            owner_ids=frozenset(brought),
            override_reason=str(form.get("why") or "").strip() or None,
            exchange=await instead.exchange_of(conn, form, at),
        )
        done = await returns.take(conn, new, may_decide=page.who.may(Right.decide_returns), now=now)
        await audit.note(conn, page.who, "return.taken", at=now, subject=str(done.done.return_id))
        await combine.remember(conn, [(claim.key, 201, str(done.done.return_id).encode())])
    return redirect(f"/stock/returns/{done.done.return_id}?taken=1")


def _claim(page: Page, press: str) -> Claim:
    """A form carries a name of its own: pressed twice, it is one return."""
    if not press:
        raise Invalid(errors="press")
    key = combine.key_hash(page.who.label, "returns page", press[:100])
    return Claim(key, combine.request_hash(b""))


def _uuid(said: object) -> UUID | None:
    if not said:
        return None
    try:
        return UUID(str(said))
    except ValueError as cause:
        raise Invalid(errors="id") from cause


def _backs(found: Purchase, form: Mapping[str, object]) -> list[Back]:
    backs = []
    fields = [(line, key, one) for line in found.lines for key, one in _fields(line)]
    for line, key, one in fields:
        said = str(form.get(f"qty-{key}") or "0")
        if not said.isdecimal() or len(said) > QTY_DIGITS:
            raise Invalid(errors="qty")
        if int(said):
            condition = str(form.get(f"condition-{key}") or "")
            part = None if one is line else one.sku
            backs.append(Back(line_no=line.line_no, qty=int(said), condition=condition, part=part))
    return backs


async def _brought(conn: Connection, customer: UUID | None, found: Purchase) -> set[int]:
    """All identifiers of who brings it, else of who bought it: returns are counted by person."""
    if customer is None and found.identifier_id is not None:
        whose = await identity.customers_for(conn, [found.identifier_id])
        customer = whose.get(found.identifier_id)
    if customer is None:
        return set()
    nodes = await identity.identifiers_of(conn, await identity.current(conn, customer))
    return {node.identifier_id for node in nodes}


@get("/stock/returns/{return_id:uuid}", right=Right.take_returns)
async def done(
    request: Asked, return_id: FromPath[UUID], taken: FromQuery[str] = ""
) -> Response[str]:
    """What came back, what to do with it, and how the money goes."""
    page = page_of(request)
    async with guard.deps_of(request).pool.acquire() as conn:
        found = await returns.get(conn, return_id)
        names = await named(request, conn, page.locale)
        shown = await goods(conn, [line.sku for line in found.lines], page)
        exchange = await instead.held(conn, found, page.now)
    view = {
        "done": found,
        "place": names(found.location_id),
        "goods": shown,
        "refunds": _refunds(page, found),
        "tax": [(one.rate, one) for one in found.tax],
        "taken": bool(taken),
        "exchange": exchange,
        "back_to": f"/stock/returns?at={quote(found.location_id)}",
    }
    return page.render("stock/returns_done.html", view)


def _refunds(page: Page, found: Return) -> Sequence[tuple[str, str]]:
    t, money = page.words(), page.shown().money
    return [
        (
            t(f"returns.way_{one.kind}") if t.has(f"returns.way_{one.kind}") else one.kind,
            money(one.amount_minor, found.currency),
        )
        for one in found.refunds
    ]
