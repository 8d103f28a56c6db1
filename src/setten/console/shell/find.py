"""The finder: one field for a customer, a hold, an item. What was typed is kept nowhere."""

from __future__ import annotations

import asyncio
import unicodedata
from datetime import timedelta
from urllib.parse import quote

import msgspec
from litestar import Response, get, post

from setten.console import guard, paces
from setten.console.customers import people
from setten.console.customers.people import Person
from setten.console.customers.view import come_by
from setten.console.page import STAFF, Asked, Page, page_of
from setten.console.places import Named, named
from setten.console.stock import naming
from setten.console.stock.goods import goods
from setten.customers import identity, profiles
from setten.customers.identity import Found
from setten.platform import audit, db
from setten.platform.auth import Right
from setten.stock import catalog, fulfilments, holds, orders, receipts

SAID_MAX = 100
SAID_MIN = 2
"""Letters that narrow anything down. One kanji does: 林, 森 and 原 are whole family names."""

CUSTOMERS_SHOWN = 8
ITEMS_SHOWN = 12  # one thing in all its colours and sizes: the stock sheet has the rest
PURCHASES_SHOWN = 5
LOOK_BACK = timedelta(days=400)
"""Receipts are looked for a year back and a month: their numbers begin anew."""

FIRST_LOOK = "SOFA-V2-GRN"
"""What only the demo has whose people a visitor may look for."""

CODE_DIGITS = range(4, 10)
"""Pickup codes have six digits, longer ones where a place has very many."""


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that fits: where it opens, what it is."""

    kind: str
    icon: str
    href: str
    title: str
    meta: str
    is_exact: bool


@get("/find", right=STAFF)
async def find_page(request: Asked) -> Response[str]:
    """The finder as a page: for thumbs and scanners."""
    return page_of(request).render("shell/find.html", {"is_demo": await is_demo(request)})


@post("/find", right=STAFF)
async def find(request: Asked) -> Response[str]:
    """What fits, by kind, exact matches first."""
    page, form, pool = page_of(request), await request.form(), guard.deps_of(request).pool
    # The key that leads to this field is typed into it by who stands in it already.
    said = unicodedata.normalize("NFKC", str(form.get("q") or "")).strip(" /")[:SAID_MAX]
    if not said and page.is_partial:
        return page.render("parts/nothing.html")
    is_enough = len(said) >= SAID_MIN or _is_kanji(said)
    if is_enough and page.who.may(Right.read_customers):
        await paces.take(pool, page, paces.ASKED)
    hits = await _hits(request, page, said) if is_enough else []
    if not hits and _is_code(said):
        await paces.take(pool, page, paces.MISSED)
    view = {"found": hits, "q": said, "is_short": not is_enough, "is_demo": await is_demo(request)}
    return page.render("shell/found.html" if page.is_partial else "shell/find.html", view)


async def is_demo(request: Asked) -> bool:
    """Whether the people of the demo's first look are in here: a visitor is told their names.

    Another business's demo, or a very large one, has others.
    """
    deps = guard.deps_of(request)
    if not deps.settings.demo:
        return False
    async with deps.pool.acquire() as conn:
        return bool(await catalog.known(conn, [FIRST_LOOK]))


def _is_kanji(said: str) -> bool:
    return len(said) == 1 and unicodedata.name(said, "").startswith("CJK ")


def _is_code(said: str) -> bool:
    return said.isdecimal() and len(said) in CODE_DIGITS


async def _hits(request: Asked, page: Page, said: str) -> list[Hit]:
    """Every kind is asked at once, each on a connection of its own."""
    asked = []
    if page.who.may(Right.hand_over) and _is_code(said):
        asked.append(_holds(request, page, said))
    if page.who.may(Right.read_customers):
        asked.append(_customers(request, page, said))
    if page.who.may(Right.read_customers) and len(said) >= SAID_MIN and _is_number(said):
        asked.append(_purchases(request, page, said))
    if page.who.may(Right.read_stock) and len(said) >= SAID_MIN:
        asked.append(_items(request, page, said))
    found = [hit for hits in await asyncio.gather(*asked) for hit in hits]
    return sorted(found, key=lambda hit: not hit.is_exact)


async def _holds(request: Asked, page: Page, said: str) -> list[Hit]:
    deps, t, f = guard.deps_of(request), page.words(), page.shown()
    async with db.transaction(deps.pool) as conn:
        found = await holds.find_by_code(conn, said, now=page.now)
        names = await named(request, conn, page.locale)
        told = [(one.identifier_id, {one.location_id}) for one in found]
        who = await naming.found(conn, deps.vault, page, told, action="hold.found")
    return [
        Hit(
            kind="hold",
            icon="hold",
            href=f"/stock/holds/{hold.hold_id}",
            title=_joined(
                page, t("holds.code", code=hold.code), _named(who, hold.identifier_id, page)
            ),
            meta=_joined(
                page,
                names(hold.location_id),
                t(f"holds.state_{hold.state}"),
                t("near.until_only", closes=f.until(come_by(hold, names.find(hold.location_id)))),
            ),
            is_exact=True,
        )
        for hold in found
    ]


def _is_number(said: str) -> bool:
    """Numbers of orders and receipts have digits in them: names are not looked for among them."""
    return any(letter.isdigit() for letter in said)


async def _purchases(request: Asked, page: Page, said: str) -> list[Hit]:
    """Orders and receipts of this number, each opening into its event."""
    deps = guard.deps_of(request)
    since = page.shown().now.date() - LOOK_BACK
    async with db.transaction(deps.pool) as conn:
        placed = (await orders.find_said(conn, said))[:PURCHASES_SHOWN]
        sold = await receipts.find_said(conn, said, since=since, near=page.shop)
        names = await named(request, conn, page.locale)
        parts = await fulfilments.of_orders(conn, [one.order_id for one in placed], now=page.now)
        told = [(one.identifier_id, naming.places_of(one, parts[one.order_id])) for one in placed]
        told += [(one.identifier_id, {one.location_id}) for one in sold]
        who = await naming.found(conn, deps.vault, page, told, action="purchase.found")
    return [_order(one, who, page) for one in placed] + [
        _receipt(one, who, names, page) for one in sold
    ]


def _order(one: orders.Order, who: dict[int, Person], page: Page) -> Hit:
    t, f = page.words(), page.shown()
    money = f.money(one.total_minor, one.currency or "JPY")
    return Hit(
        kind="order",
        icon="cart",
        href=f"/stock/orders/{one.order_id}",
        title=t("find.order_of", number=one.order_ref),
        meta=_joined(page, f.moment(one.placed_at), money, _named(who, one.identifier_id, page)),
        is_exact=True,
    )


def _receipt(one: receipts.Recorded, who: dict[int, Person], names: Named, page: Page) -> Hit:
    t, f = page.words(), page.shown()
    return Hit(
        kind="receipt",
        icon="receipt",
        href=f"/events/{quote(one.event_id, safe='')}",
        title=t("find.receipt_of", number=f"{one.register}-{one.sequence}"),
        meta=_joined(page, names(one.location_id), f.moment(one.occurred_at),
                     f.money(one.total_minor, one.currency), _named(who, one.identifier_id, page)),
        is_exact=True,
    )  # fmt: skip


def _named(who: dict[int, Person], number: int | None, page: Page) -> str:
    person = who.get(number) if number is not None else None
    return polite(person.name, page) if person and person.name else ""


def polite(name: str, page: Page) -> str:
    """A customer's name is never bare in Japanese."""
    return f"{name} 様" if page.locale == "ja" else name


async def _customers(request: Asked, page: Page, said: str) -> list[Hit]:
    deps = guard.deps_of(request)
    async with deps.pool.acquire() as conn:
        found = (await identity.find_by(conn, deps.vault, said))[:CUSTOMERS_SHOWN]
    await paces.take_found(deps.pool, page, found)
    async with db.transaction(deps.pool) as conn:
        shown = await profiles.get_many(conn, deps.vault, [one.customer_id for one in found])
        subjects = [str(one.customer_id) for one in found]
        await audit.note_all(
            conn, page.who, "customers.found", at=page.now, subjects=subjects, fields=("name",)
        )
        if people.opens_one_by_one(page.who):  # a name is no card: anybody can say one
            sure = [one.customer_id for one in found if one.by != "search"]
            await audit.meet(conn, page.who, sure, now=page.now)
    by_id = {profile.customer_id: profile for profile in shown}
    return [_customer(page, one, by_id[one.customer_id]) for one in found
            if one.customer_id in by_id]  # fmt: skip


def _customer(page: Page, found: Found, profile: profiles.Profile) -> Hit:
    t, f = page.words(), page.shown()
    name = people.name_from(profile.traits, page.locale)
    masked = next((i.value for i in profile.identifiers if i.kind == found.by), "")
    by = "" if found.by == "search" else f"{t(f'identifier.{found.by}')} {masked}".strip()
    seen = t("find.last_seen", when=f.ago(profile.last_at)) if profile.last_at else ""
    reading = people.reading_from(profile.traits)
    return Hit(
        kind="customer",
        icon="customer",
        href=f"/customers/{profile.customer_id}",
        title=polite(name, page) if name else t("find.unnamed"),
        meta=_joined(page, reading, by, seen),
        is_exact=found.by != "search",
    )


async def _items(request: Asked, page: Page, said: str) -> list[Hit]:
    async with guard.deps_of(request).pool.acquire() as conn:
        found = await catalog.search(conn, said, limit=ITEMS_SHOWN)
        shown = await goods(conn, [item.sku for item in found], page)
    return [
        Hit(
            kind="item",
            icon="stock",
            href=shown[item.sku].href,
            title=shown[item.sku].name,
            meta=_joined(page, shown[item.sku].meta, shown[item.sku].price),
            is_exact=said in (item.sku, item.gtin_written),
        )
        for item in found
    ]


def _joined(page: Page, *parts: str) -> str:
    gap = "　" if page.locale == "ja" else " · "
    return gap.join(part for part in parts if part)
