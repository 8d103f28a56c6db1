"""The movements of one balance: in shop words, with what was left after each."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urlencode

import msgspec
from litestar import Response, get

from setten.console import guard, lists
from setten.console.lists import Column, Filter, ListOf, Look, Order, Word
from setten.console.page import Asked, Page
from setten.console.places import named
from setten.console.stock.goods import goods
from setten.console.words import Words
from setten.platform import db
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.stock import ledger
from setten.stock.ledger import Posted


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the ledger as staff read it. left: None where the list is read from the past."""

    entry_id: int
    at: datetime
    word: str
    cause: str
    cause_href: str
    effect: int
    left: int | None


class Moved(msgspec.Struct, frozen=True):
    """An entry, and what could be promised after it; None where nobody can know."""

    entry: Posted
    left: int | None


class BalanceFilter(Filter, frozen=True, kw_only=True):
    """An item at a place."""

    sku: Word = ""
    at: Word = ""


async def _moved(conn: Connection, look: Look[BalanceFilter, Moved]) -> list[Moved]:
    key = (look.asked.sku, look.asked.at)
    found = await ledger.entries_of(
        conn,
        key,
        before=look.after[0] if look.after else None,
        limit=look.most,
        oldest_first=not look.falls,
    )
    if not look.falls:
        return [Moved(one, None) for one in found]
    if look.after:
        return with_left(found, look.after[1])
    rows = await ledger.balances_among(conn, [key[0]], [key[1]])
    return with_left(found, rows[0].promisable if rows else 0)


def with_left(newest_first: Iterable[Posted], left: int) -> list[Moved]:
    """Entries with what was left after each, reckoned back from what is left after the first."""
    found = []
    for one in newest_first:
        found.append(Moved(one, left))
        left -= effect_of(one)
    return found


def _after(one: Moved) -> int:
    """What was left before an entry, so after the one that follows it in the list."""
    return 0 if one.left is None else one.left - effect_of(one.entry)


MOVEMENTS = ListOf[BalanceFilter, Moved](
    name="movements",
    audit="movements.exported",
    path="/stock/ledger",
    file="/stock/ledger.csv",
    right=Right.read_stock,
    filters=BalanceFilter,
    sort="-at",
    fetch=_moved,
    ident=lambda one: str(one.entry.entry_id),
    at_once=ledger.ENTRIES_PAGE_MAX - 1,
    columns=(
        Column(name="entry_id", told=lambda one, _: one.entry.entry_id),
        Column(
            name="at",
            word="item.time",
            told=lambda one, _: one.entry.at.isoformat(),
            order=Order(lambda one: (one.entry.entry_id, _after(one)), (int, int)),
            falls=True,
        ),
        Column(name="from", word="item.move", told=lambda one, _: one.entry.source),
        Column(name="to", told=lambda one, _: one.entry.target),
        Column(name="units", told=lambda one, _: one.entry.qty),
        Column(
            name="on_hand",
            word="item.qty",
            style="num",
            told=lambda one, _: effect_of(one.entry),
        ),
        Column(name="left", word="item.left", style="num", told=lambda one, _: one.left),
        Column(name="cause", told=lambda one, _: one.entry.cause),
        Column(name="cause_id", told=lambda one, _: one.entry.cause_id),
    ),
)


def address(sku: str, at: str) -> str:
    """The list of an item's movements at a place."""
    return f"{MOVEMENTS.path}?{urlencode({'sku': sku, 'at': at})}"


@get(MOVEMENTS.path, right=Right.read_stock)
async def movements_page(request: Asked) -> Response[str]:
    """All that ever moved of an item at a place."""
    look = lists.look(MOVEMENTS, request)
    page, sku = look.page, look.asked.sku
    async with db.transaction(guard.deps_of(request).pool) as conn:
        part = await lists.part(conn, look)
        names = await named(request, conn, page.locale)
        shown = await goods(conn, [sku], page)
    view = {
        "list": part,
        "lines": [line(one, page) for one in part.rows],
        "good": shown[sku],
        "at_name": names(look.asked.at),
    }
    return page.render("stock/ledger.html", view)


def effect_of(entry: Posted) -> int:
    """By how much a movement changed what is on hand."""
    return {entry.source: -entry.qty, entry.target: entry.qty}.get("on_hand", 0)


def line(one: Moved, page: Page) -> Line:
    """An entry as a page shows it."""
    entry = one.entry
    return Line(
        entry_id=entry.entry_id,
        at=entry.at,
        word=move_word(entry, page.words()),
        cause=str(entry.cause_id)[-6:],
        cause_href=f"/stock/holds/{entry.cause_id}" if entry.cause == "hold" else "",
        effect=effect_of(entry),
        left=one.left,
    )


MOVES = {
    ("opening", "on_hand"): "opening",
    ("supplier", "on_hand"): "supplier",
    ("on_hand", "sold"): "sold",
    ("held", "sold"): "collected",
    ("sold", "on_hand"): "returned",
    ("returned", "on_hand"): "returned",
    ("on_hand", "shrinkage"): "shrinkage_out",
    ("shrinkage", "on_hand"): "shrinkage_in",
    ("on_hand", "in_transit"): "transfer_out",
    ("in_transit", "on_hand"): "transfer_in",
    ("on_hand", "held"): "held",
    ("held", "on_hand"): "unheld",
    ("on_hand", "quarantine"): "quarantine_in",
    ("returned", "quarantine"): "returned_aside",
    ("supplier", "quarantine"): "quarantine_in",
    ("in_transit", "quarantine"): "quarantine_in",
    ("returned", "shrinkage"): "returned_gone",
    ("quarantine", "shrinkage"): "quarantine_gone",
    ("in_transit", "shrinkage"): "lost",
    ("held", "in_transit"): "transfer_out",
    ("held", "quarantine"): "quarantine_in",
    ("held", "shrinkage"): "shrinkage_out",
    ("quarantine", "on_hand"): "quarantine_out",
}


def move_word(entry: Posted, t: Words) -> str:
    """A movement in shop words; one we have no word for names its accounts."""
    known = MOVES.get((entry.source, entry.target))
    if known:
        return t(f"move.{known}")
    return t("move.other", source=entry.source, target=entry.target)
