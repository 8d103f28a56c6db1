"""Today: what happens, what it brought, what needs a hand. Every number opens into its events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import msgspec
from litestar import Response, get
from litestar.params import FromQuery

from setten.console import guard
from setten.console.customers.channels import MARKS, Mark, mark
from setten.console.page import STAFF, Asked, Page, page_of
from setten.console.places import Named, named
from setten.console.run import tables
from setten.console.shell import firsts, needs, strips
from setten.console.words import Words, all_words
from setten.customers import lifecycle
from setten.customers.lifecycle import NOWHERE
from setten.facts.engagement import NoteWritten
from setten.insight import touchpoints
from setten.insight.touchpoints import TOUCHES
from setten.platform import auth, log
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.stock import receipts
from setten.stock.receipts import DayTotal

A_DAY = timedelta(days=1)
WEEK = timedelta(days=7)
PLACES_SHOWN = 8
ARRIVED_SHOWN = 6
ARRIVED_WITHIN = timedelta(days=1)
MOVES_SHOWN = 5
SALES = (Right.read_data, Right.hand_over)
"""Who opens the day's sales: who reads the business's figures, and who stands in a shop."""

COUNTING_S = 15
"""Behind by more than this, the figures are said to be on their way: a moment's delay is not."""

_HELD, _COLLECTED, _SHORT = "stock.held", "stock.hold_collected", "stock.hold_short"
_ENDED = (_COLLECTED, "stock.hold_released", "stock.hold_expired", _SHORT)


class Sold(msgspec.Struct, frozen=True, kw_only=True):
    """What a place's tills took on the day, beside the same weekday a week before (whole)."""

    location_id: str
    name: str
    receipts: int
    total_minor: int
    before_minor: int
    currency: str
    is_mine: bool


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a list."""

    event_id: str
    word: str
    place: str
    mark: Mark
    touch: touchpoints.Touch


@get("/", right=STAFF)
async def today(request: Asked, view: FromQuery[str] = "") -> Response[str]:
    """The first thing people see."""
    page = page_of(request)
    return page.render("shell/today.html", await _today(request, page, view))


@get("/today/live", right=STAFF)
async def today_live(request: Asked, view: FromQuery[str] = "") -> Response[str]:
    """The same a minute later, into the page that stands open."""
    page = guard.at_this_moment(page_of(request))
    return page.render("shell/today_body.html", await _today(request, page, view))


async def _today(request: Asked, page: Page, view: str) -> dict[str, object]:
    deps = guard.deps_of(request)
    here = page.shown().now
    day = here.date()
    async with deps.pool.acquire() as conn:
        names = await named(request, conn, page.locale)
        found = await touchpoints.strips_of(conn, [day, day - WEEK])
        week = await touchpoints.events(conn, first_day=day - WEEK + A_DAY, last_day=day)
        shown: dict[str, object] = await _stock(conn, day, week)
        shown |= await _sales(conn, page, names, day)
        shown |= await _customers(conn, page, day)
        shown |= await _arrived(conn, page)
        shown["is_counting"] = await log.lag_of(conn, touchpoints.READER) > COUNTING_S
        shown["needs"] = await needs.needs(conn, page)
        shown |= await firsts.firsts(conn, page, week, day)
    slot = (here.hour * 60 + here.minute) // 15
    drawing = strips.drawn(found[day], found[day - WEEK], slot=slot, t=page.words())
    shown |= {
        "drawing": drawing,
        "is_table": view == "table",
        "week_ago": day - WEEK,
        "shops": len(names.shops()),
        "may_open": _may_open(page),
        "may_stock": page.who.may(Right.read_stock),
    }
    return shown


def _may_open(page: Page) -> bool:
    """Events are opened by who may see people or the machinery."""
    return page.who.may(Right.read_customers) or page.who.may(Right.read_data)


async def _stock(conn: Connection, day: date, week: Mapping[str, int]) -> dict[str, object]:
    """Promises made today, and kept over a week: of a morning's two nothing can be said."""
    now = await touchpoints.events(conn, first_day=day, last_day=day)
    ended = sum(week.get(name, 0) for name in _ENDED)
    return {
        "held": now.get(_HELD, 0),
        "collected": now.get(_COLLECTED, 0),
        "short": now.get(_SHORT, 0),
        "ended": ended,
        "kept": 1 - week.get(_SHORT, 0) / ended if ended else None,
        "short_week": week.get(_SHORT, 0),
        "notes": now.get(NoteWritten.event_name, 0),
    }


async def _sales(conn: Connection, page: Page, names: Named, day: date) -> dict[str, object]:
    """What tills took: of all places, or of one's own for those who work in one."""
    if not page.who.may(Right.read_data) and page.shop is None:
        return {"sold": None}
    only = None if page.who.may(Right.read_data) else page.shop
    totals = await receipts.by_day(conn, [day, day - WEEK], location_id=only)
    rows = sold(totals, day, names, places=_places(names, only), mine=page.shop)
    placed = await touchpoints.orders(conn, [day]) if only is None else ()
    return {
        "sold": rows[:PLACES_SHOWN],
        "sold_more": max(0, len(rows) - PLACES_SHOWN),
        "sold_totals": _by_currency([(one.currency, one.total_minor) for one in rows]),
        "before_totals": _by_currency([(one.currency, one.before_minor) for one in rows]),
        "receipts_n": sum(one.receipts for one in rows),
        "orders_n": sum(one.orders for one in placed),
        "orders_totals": _by_currency(
            [(one.currency, one.total_minor) for one in placed], usual=_usual(totals)
        ),
        "has_orders": only is None,
    }


def sold(
    totals: Sequence[DayTotal], day: date, names: Named, *, places: Sequence[str], mine: str | None
) -> list[Sold]:
    """Places side by side with a week ago, one's own first, then the most.

    places: those that stand there also when nothing was sold.
    """
    keys = {(one.location_id, one.currency) for one in totals}
    quiet = {one for one in places if one not in {place for place, _ in keys}}
    usual = _usual(totals)
    keys |= {(place, usual) for place in quiet}
    of = {(one.location_id, one.currency, one.business_day): one for one in totals}
    rows = []
    for location_id, currency in keys:
        now = of.get((location_id, currency, day))
        before = of.get((location_id, currency, day - WEEK))
        rows.append(
            Sold(
                location_id=location_id,
                name=names(location_id),
                receipts=now.receipts if now else 0,
                total_minor=now.total_minor if now else 0,
                before_minor=before.total_minor if before else 0,
                currency=currency,
                is_mine=location_id == mine,
            )
        )
    return sorted(
        rows,
        key=lambda one: (not one.is_mine, -one.total_minor, -one.before_minor, one.location_id),
    )


def _usual(totals: Sequence[DayTotal]) -> str:
    """The currency of most receipts, for places that took nothing; yen where nobody did."""
    receipts_n: dict[str, int] = {}
    for one in totals:
        receipts_n[one.currency] = receipts_n.get(one.currency, 0) + one.receipts
    return max(receipts_n, key=lambda name: (receipts_n[name], name), default="JPY")


def _places(names: Named, only: str | None) -> list[str]:
    return [only] if only else [shop.location_id for shop in names.shops()]


def _by_currency(
    amounts: Sequence[tuple[str, int]], *, usual: str = "JPY"
) -> list[tuple[int, str]]:
    """(sum, currency), the largest sum first; nothing of the usual currency when there is none."""
    sums: dict[str, int] = {}
    for currency, minor in amounts:
        sums[currency] = sums.get(currency, 0) + minor
    found = [(minor, currency) for currency, minor in sums.items() if currency]
    return sorted(found, reverse=True) or [(0, usual)]


async def _customers(conn: Connection, page: Page, day: date) -> dict[str, object]:
    """Who came, who moved: flows of the life cycle, counted as they happen."""
    if not _may_open(page):
        return {"flows": None}
    now = await lifecycle.board(conn, first_day=day, last_day=day)
    week = await lifecycle.board(conn, first_day=day - WEEK + A_DAY, last_day=day)
    counted = {(one.was, one.stage): one.customers for one in now.flows}
    moves = [one for one in week.flows if NOWHERE not in (one.was, one.stage)]
    return {
        "flows": True,
        "new_customers": counted.get((NOWHERE, "acquisition"), 0),
        "merged": sum(n for (_, stage), n in counted.items() if stage == NOWHERE),
        "loyal": sum(n for (_, stage), n in counted.items() if stage == "loyalty"),
        "leaving": sum(
            n for (was, stage), n in counted.items()
            if stage in ("retention", "recovery") and was != stage
        ),
        "moves": sorted(moves, key=lambda one: -one.customers)[:MOVES_SHOWN],
        "stage_names": {name: words[page.locale] for name, words in lifecycle.NAMES.items()},
    }  # fmt: skip


async def _arrived(conn: Connection, page: Page) -> dict[str, object]:
    """The freshest events, for those who look after the machinery."""
    if not page.may_run:
        return {"arrived": None}
    # What people did: what we conclude of it would fill the list after every rule that is changed.
    rows = await touchpoints.latest(
        conn, names=sorted(TOUCHES), begin=page.now - ARRIVED_WITHIN, until=page.now,
        most=ARRIVED_SHOWN,
    )  # fmt: skip
    t = page.words()
    return {
        "arrived": [(row, mark(row.channel, t, event=row.name),
                     _called(row.own_name, t) or word_of(row.name, page))
                    for row in rows],
    }  # fmt: skip


def _called(own_name: str | None, t: Words) -> str | None:
    """An event of a sender's own, by our words where many senders use its name; else as it is."""
    known = all_words().get(f"custom.{(own_name or '').lower()}")
    return own_name if known is None or "{" in known[t.locale] else known[t.locale]


def word_of(name: str, page: Page) -> str:
    """An event as a list names it; one without a word of ours by its own name."""
    t = page.words()
    return t(f"happened.{name}") if t.has(f"happened.{name}") else name


@get("/today/events", right=(Right.read_customers, Right.read_data))
async def events(
    request: Asked,
    channel: FromQuery[str] = "",
    name: FromQuery[str] = "",
    place: FromQuery[str] = "",
    days: FromQuery[int] = 1,
) -> Response[str]:
    """The events behind a number of today or of 7 days: of a channel, of a name, of a place."""
    page = page_of(request)
    if not page.who.may(Right.read_data):
        auth.require(page.who, Right.read_customers)
    morning = page.shown().now.replace(hour=0, minute=0, second=0, microsecond=0)
    is_week = days == WEEK.days
    async with guard.deps_of(request).pool.acquire() as conn:
        names = await named(request, conn, page.locale)
        found = await touchpoints.latest(
            conn,
            begin=morning - WEEK + A_DAY if is_week else morning,
            until=morning + A_DAY,
            channels=[one for one, (kind, _) in MARKS.items() if kind == channel] or None,
            names=[name] if name else sorted(TOUCHES),
            location_id=place or None,
        )
    t = page.words()
    rows = [
        Happened(
            event_id=one.event_id,
            word=_called(one.own_name, t) or word_of(one.name, page),
            touch=one,
            place=names(one.location_id),
            mark=mark(one.channel, t, event=one.name),
        )
        for one in found
    ]
    parts = [t(f"channel.{channel}") if t.has(f"channel.{channel}") else "",
             word_of(name, page) if name else "", names(place or None)]  # fmt: skip
    shown = {"rows": rows, "parts": [one for one in parts if one],
             "most": touchpoints.LATEST_MAX, "is_week": is_week}  # fmt: skip
    return page.render("shell/today_events.html", shown)


@get("/today/sales", right=SALES)
async def sales(request: Asked) -> Response[str]:
    """Every place's day beside the same weekday a week before; of staff of a shop, their own."""
    page, rows, day = await _all_sales(request)
    return page.render("shell/today_sales.html", {"sold": rows, "week_ago": day - WEEK})


@get("/today/sales.csv", right=SALES)
async def sales_csv(request: Asked) -> Response[str]:
    """The same to take away."""
    _, rows, day = await _all_sales(request)
    head = ("location_id", "name", "currency", "receipts", str(day), str(day - WEEK))
    return tables.as_csv(
        "sales", head,
        [(one.location_id, one.name, one.currency, one.receipts, one.total_minor,
          one.before_minor) for one in rows],
    )  # fmt: skip


async def _all_sales(request: Asked) -> tuple[Page, list[Sold], date]:
    page = page_of(request)
    only = None
    if not page.who.may(Right.read_data):
        if page.shop is None:
            auth.require(page.who, Right.read_data)
        only = page.shop
    day = page.shown().now.date()
    async with guard.deps_of(request).pool.acquire() as conn:
        names = await named(request, conn, page.locale)
        totals = await receipts.by_day(conn, [day, day - WEEK], location_id=only)
    rows = sold(totals, day, names, places=_places(names, only), mine=page.shop)
    return page, rows, day
