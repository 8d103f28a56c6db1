"""What is due of an item at a place, to whom it is promised, and what is set aside for channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from setten.console import guard
from setten.console.chain import fields, rights
from setten.console.chain.places import channel_word
from setten.console.customers import people
from setten.console.customers.people import Person
from setten.console.page import Asked, Page, page_of
from setten.console.places import named
from setten.console.shell.sign_in import redirect
from setten.console.stock import naming
from setten.console.stock.goods import good
from setten.console.stock.holding import waiting
from setten.console.words import all_words
from setten.customers import identity
from setten.platform import audit, auth, clock, db
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.platform.errors import Invalid
from setten.platform.vault import Vault
from setten.stock import allocations, catalog, house_rules, inbound, locations
from setten.stock.allocations import Allocation
from setten.stock.inbound import Delivery, Due, Preorder, Wish

WAITING_SHOWN = 60
"""Promises named on the page, the oldest first; the sum beside each delivery counts all."""

DUE_SHOWN = 30
FIELD_MAX = 100
NAMES = ("ref", "qty", "due_on", "cap", "channel", "aside", "until")
CHANNELS = ("web", "app", "store", "line", "chat", "phone")
"""Channels that are offered; another one may be typed."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A promise against what is due, and whose it is, for those who may see it."""

    preorder: Preorder
    person: Person | None
    via: str


class Coming(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery with the promises that wait for it."""

    due: Due
    is_late: bool
    waiting: list[Waiting]


class Aside(msgspec.Struct, frozen=True, kw_only=True):
    """Units set aside for a channel. by_release: they are a release's, and changed there."""

    allocation: Allocation
    word: str
    by_release: bool


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is due or set aside of an item at a place."""

    coming: list[Coming]
    aside: list[Aside]
    is_cut: bool
    may_change: bool
    room: int
    """Units of what is due that may still be promised."""


async def panel(conn: Connection, page: Page, vault: Vault, sku: str, at: str) -> Panel:
    """What stands beside an item: read by everybody, names by who may see customers."""
    dues = (await inbound.due(conn, [sku], [at]))[:DUE_SHOWN]
    ids = [one.inbound_id for one in dues]
    waiting = await inbound.waiting_on(conn, ids, limit=WAITING_SHOWN + 1) if dues else []
    whose = await _whose(conn, page, vault, waiting[:WAITING_SHOWN])
    left = (await allocations.left(conn, [(sku, at)])).values()
    t, today = page.words(), page.shown().now.date()
    return Panel(
        coming=[
            Coming(
                due=one,
                is_late=one.due_on < today,
                waiting=[_waiting(p, whose, page) for p in waiting[:WAITING_SHOWN]
                         if p.inbound_id == one.inbound_id],
            )
            for one in dues
        ],
        aside=[Aside(allocation=one, word=channel_word(one.channel, t),
                     by_release=one.channel.startswith("release_")) for one in left],
        is_cut=len(waiting) > WAITING_SHOWN,
        may_change=rights.may_change(page.who, at),
        room=max((one.room for one in dues), default=0),
    )  # fmt: skip


async def _whose(
    conn: Connection, page: Page, vault: Vault, waiting: Sequence[Preorder]
) -> Mapping[int, Person]:
    told = [(one.identifier_id, [one.location_id]) for one in waiting]
    whose = await naming.shown(conn, vault, page, told)
    await people.note(conn, page.who, list(whose.values()), action="preorders.viewed", now=page.now)
    return whose


def _waiting(one: Preorder, whose: Mapping[int, Person], page: Page) -> Waiting:
    return Waiting(
        preorder=one,
        person=whose.get(one.identifier_id or 0),
        via=channel_word(one.channel, page.words()),
    )


@get("/stock/promises", right=Right.read_stock)
async def promises(
    request: Asked, sku: FromQuery[str], at: FromQuery[str], said: FromQuery[str] = ""
) -> Response[str]:
    """All of it on a page of its own, with the forms of those who may change it."""
    page = page_of(request)
    return await _page(request, page, sku, at, said=said)


async def _page(
    request: Asked,
    page: Page,
    sku: str,
    at: str,
    *,
    said: str = "",
    typed: Mapping[str, str] | None = None,
    wrong: Mapping[str, str] | None = None,
) -> Response[str]:
    deps = guard.deps_of(request)
    async with db.transaction(deps.pool) as conn:
        item = await catalog.get(conn, sku.replace("\x00", ""))
        place = await locations.get(conn, at.replace("\x00", ""))
        names = await named(request, conn, page.locale)
        shown = await panel(conn, page, deps.vault, item.sku, place.location_id)
        whom = await _person(conn, page, deps.vault, request.query_params.get("for", ""))
        rule = await house_rules.current(conn)
    view = {
        "good": good(item, page),
        "panel": shown,
        "at": place.location_id,
        "at_name": names(place.location_id),
        "waits": waiting(rule.pickup_hours, page),
        "whom": whom,
        "said": said if f"promise.said_{said}" in all_words() else "",
        "typed": dict.fromkeys(NAMES, "") | dict(typed or {}),
        "wrong": {
            name: page.words()(f"promise.wrong_{why}") for name, why in (wrong or {}).items()
        },
        "channels": [(one, channel_word(one, page.words())) for one in CHANNELS],
    }
    return page.render("stock/promises.html", view, status=422 if wrong else 200)


async def _person(conn: Connection, page: Page, vault: Vault, said: str) -> Person | None:
    """The customer that a preorder would be for."""
    if not said or not page.who.may(Right.read_customers):
        return None
    try:
        found = await people.by_id(conn, vault, [UUID(said)], page.locale)
    except ValueError:
        return None
    await people.note(conn, page.who, list(found.values()), action="item.viewed_for", now=page.now)
    return next(iter(found.values()), None)


class Typed(msgspec.Struct, frozen=True):
    """A form of this page: what it is about, and what was typed."""

    sku: str
    at: str
    said: dict[str, str]

    def back(self, said: str) -> str:
        """Where the page leads after it was kept."""
        asked = {"sku": self.sku, "at": self.at, "said": said}
        return f"/stock/promises?{urlencode(asked)}"


async def _typed(request: Asked) -> Typed:
    form = await request.form()
    said = {name: str(form.get(name) or "").replace("\x00", "").strip()[:FIELD_MAX]
            for name in (*NAMES, "sku", "at", "for")}  # fmt: skip
    return Typed(said["sku"], said["at"], said)


@post("/stock/promises/due", right=Right.approve_stock)
async def tell_due(request: Asked) -> Response[str]:
    """Say what is due and how much of it may be promised before; 0 takes it back."""
    page, typed, now = page_of(request), await _typed(request), clock.now()
    rights.require_at(page.who, typed.at)
    read = _delivery(typed)
    if isinstance(read, dict):
        return await _page(request, page, typed.sku, typed.at, typed=typed.said, wrong=read)
    async with db.transaction(guard.deps_of(request).pool) as conn:
        refused = await inbound.put(conn, [read], now=now)
        if not refused:
            await audit.note(conn, page.who, "inbound.changed", at=now, subject=read.ref)
    if refused:
        wrong = {"ref": f"due_{refused[0].reason}"}
        return await _page(request, page, typed.sku, typed.at, typed=typed.said, wrong=wrong)
    return redirect(typed.back("due"))


def _delivery(typed: Typed) -> Delivery | dict[str, str]:
    said, wrong = typed.said, dict[str, str]()
    qty = fields.whole(said["qty"], 0, inbound.QTY_MAX)
    cap = fields.whole(said["cap"], 0, inbound.QTY_MAX) if said["cap"] else None
    due_on = fields.day(said["due_on"])
    if not said["ref"]:
        wrong["ref"] = "ref"
    if qty is None:
        wrong["qty"] = "qty"
    if due_on is None:
        wrong["due_on"] = "due_on"
    if said["cap"] and cap is None:
        wrong["cap"] = "cap"
    if wrong or qty is None or due_on is None:
        return wrong
    return Delivery(
        ref=said["ref"], sku=typed.sku, location_id=typed.at, qty=qty, due_on=due_on, cap=cap
    )


@post("/stock/promises/aside", right=Right.approve_stock)
async def set_aside(request: Asked) -> Response[str]:
    """Set units aside for a channel; 0 gives them to everybody."""
    page, typed, now = page_of(request), await _typed(request), clock.now()
    rights.require_at(page.who, typed.at)
    read = _allocation(typed, ZoneInfo(page.zone), now)
    if isinstance(read, dict):
        return await _page(request, page, typed.sku, typed.at, typed=typed.said, wrong=read)
    async with db.transaction(guard.deps_of(request).pool) as conn:
        refused = await allocations.put(conn, [read], now=now)
        if not refused:
            await audit.note(conn, page.who, "allocation.changed", at=now, subject=typed.sku)
    if refused:
        wrong = {"channel": f"aside_{refused[0].reason}"}
        return await _page(request, page, typed.sku, typed.at, typed=typed.said, wrong=wrong)
    return redirect(typed.back("aside"))


def _allocation(typed: Typed, zone: ZoneInfo, now: datetime) -> Allocation | dict[str, str]:
    """Set aside until the end of a day, on this page's clock."""
    said, wrong = typed.said, dict[str, str]()
    qty = fields.whole(said["aside"], 0, allocations.QTY_MAX)
    day = fields.day(said["until"]) if said["until"] else None
    until = None if day is None else datetime.combine(day + timedelta(days=1), time(), zone)
    if qty is None:
        wrong["aside"] = "qty"
    if said["channel"].startswith("release_"):
        wrong["channel"] = "release"
    if said["until"] and (until is None or until <= now):
        wrong["until"] = "until"
    if wrong or qty is None:
        return wrong
    return Allocation(
        sku=typed.sku, location_id=typed.at, channel=said["channel"].lower(), qty=qty, until=until
    )


@post("/stock/promises/preorder", right=Right.hold)
async def preorder(request: Asked) -> Response[str]:
    """Promise units of what is due to a customer, or to somebody whom nobody knows."""
    page, typed, now = page_of(request), await _typed(request), clock.now()
    qty = fields.whole(typed.said["qty"], 1, 10_000)
    if qty is None:
        wrong = {"preorder": "preorder"}
        return await _page(request, page, typed.sku, typed.at, wrong=wrong)
    try:
        async with db.transaction(guard.deps_of(request).pool) as conn:
            number = await _number(conn, page, typed.said["for"])
            wish = Wish(
                sku=typed.sku, location_id=typed.at, qty=qty, by=page.who.label, channel="console",
                identifier_id=number,
            )  # fmt: skip
            made, _ = await inbound.place(conn, wish, now=now)
            await audit.note(
                conn, page.who, "preorder.placed", at=now, subject=str(made.preorder_id)
            )
    except inbound.NothingDue:
        wrong = {"preorder": "nothing_due"}
        return await _page(request, page, typed.sku, typed.at, wrong=wrong)
    return redirect(typed.back("preorder"))


async def _number(conn: Connection, page: Page, said: str) -> int | None:
    if not said:
        return None
    auth.require(page.who, Right.read_customers)
    try:
        customer = await identity.current(conn, UUID(said))
    except ValueError as cause:
        raise Invalid(errors="for") from cause
    return await identity.identifier_for(conn, customer)


@post("/stock/promises/{preorder_id:uuid}/cancellation", right=Right.hold)
async def cancel(request: Asked, preorder_id: FromPath[UUID]) -> Response[str]:
    """Give a preorder up: by whoever placed it, or who works at its place."""
    page, now = page_of(request), clock.now()
    async with db.transaction(guard.deps_of(request).pool) as conn:
        found = await inbound.get(conn, preorder_id)
        if not page.may_change(found.location_id, found.placed_by):
            raise auth.NoRight(right="location")
        await inbound.cancel(conn, preorder_id, now=now)
        await audit.note(conn, page.who, "preorder.cancelled", at=now, subject=str(preorder_id))
    return redirect(Typed(found.sku, found.location_id, {}).back("cancelled"))
