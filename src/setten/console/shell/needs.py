"""What waits for somebody's hand today: promises first, then the work of their place, then ours."""

from __future__ import annotations

import msgspec

from setten.console.page import Page
from setten.console.stock.queue import pick_by
from setten.customers import identity, ingest
from setten.operations import beginning
from setten.platform import log
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.stock import (
    counts,
    cover,
    fulfilments,
    holds,
    locations,
    outside,
    returns,
    tasks,
    transfers,
)

COUNTED_MAX = 99
"""Nobody reads a larger number beside a task; the page behind has all of them."""

LOOKED_AT_MAX = 20
"""Holds that are looked at for the first that is due: the queue has the oldest first."""


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """Something that waits for a hand. is_late: it is a promise at risk."""

    what: str
    meta: str
    n: int
    href: str
    is_late: bool = False


async def needs(conn: Connection, page: Page) -> list[Need]:
    """What waits for this person's hand, promises first."""
    found = await _needs_of_shop(conn, page)
    t = page.words()
    if page.who.may(Right.manage_identity):
        if outgrown := len(await identity.quarantines(conn)):
            found.append(Need(what=t("today.need_outgrown"), meta=t("today.need_outgrown_meta"),
                              n=outgrown, href="/run/identity"))  # fmt: skip
        waiting = [one for one in await identity.changes(conn) if one.state == "counted"]
        if waiting:
            found.append(Need(what=t("today.need_rules"), meta=t("today.need_rules_meta"),
                              n=len(waiting), href="/run/identity"))  # fmt: skip
    if page.who.may(Right.manage_sources):
        stands = await beginning.look(conn)
        undone = [step for step in beginning.STEPS if step not in stands.done]
        if undone:
            found.append(Need(what=t("start.title"), meta=t("start.lead"), n=len(undone),
                              href="/run/start"))  # fmt: skip
    if page.may_run:
        if letters := await ingest.letters.count(conn):
            found.append(Need(what=t("today.need_letters"), meta=t("today.need_letters_meta"),
                              n=letters, href="/run/data/letters"))  # fmt: skip
        if aside := await log.set_aside(conn):
            found.append(Need(what=t("today.need_aside"), meta=t("today.need_aside_meta"),
                              n=aside, href="/run/data"))  # fmt: skip
    return found


async def _needs_of_shop(conn: Connection, page: Page) -> list[Need]:
    if page.shop is None or not page.who.may(Right.hand_over):
        return []
    t, f, found = page.words(), page.shown(), list[Need]()
    place = page.shop_name or page.shop
    if late := len(await tasks.list_open(conn, page.shop, limit=COUNTED_MAX)):
        found.append(Need(what=t("today.need_tasks"), meta=t("today.need_tasks_meta", place=place),
                          n=late, href="/stock/pickup", is_late=True))  # fmt: skip
    counted = await holds.count_open(conn, page.shop, now=page.now)
    if counted["held"]:
        waiting = await holds.queue(
            conn, page.shop, now=page.now, state="held", limit=LOOKED_AT_MAX
        )
        there = await locations.get(conn, page.shop)
        due = min(pick_by(one, there) for one in waiting)
        meta = t("today.need_pick_meta", until=f.until(due), place=place)
        found.append(Need(what=t("today.need_pick"), meta=meta, n=counted["held"],
                          href="/stock/pickup", is_late=due <= page.now))  # fmt: skip
    if parcels := len(await fulfilments.queue(conn, page.shop, now=page.now, limit=COUNTED_MAX)):
        found.append(Need(what=t("today.need_send"), meta=place, n=parcels,
                          href="/stock/sending"))  # fmt: skip
    if counted["ready"]:
        meta = t("today.need_ready_meta", place=place)
        found.append(Need(what=t("today.need_ready"), meta=meta, n=counted["ready"],
                          href="/stock/pickup"))  # fmt: skip
    return found + await _needs_of_stock(conn, page, page.shop, place)


async def _needs_of_stock(conn: Connection, page: Page, shop: str, place: str) -> list[Need]:
    """Goods on their way to a place, goods that do not last, numbers that others tell otherwise."""
    t, found = page.words(), list[Need]()
    if coming := await transfers.coming(conn, shop, limit=COUNTED_MAX):
        today = page.shown().now.date()
        over = sum(1 for one in coming if one.due_on is not None and one.due_on < today)
        meta = t("first.overdue", place=place, n=over) if over else place
        found.append(Need(what=t("today.need_coming"), meta=meta, n=len(coming),
                          href="/stock/transfers", is_late=over > 0))  # fmt: skip
    if short := len(await cover.short_at(conn, shop, limit=COUNTED_MAX)):
        found.append(Need(what=t("today.need_short"), meta=t("today.need_short_meta", place=place),
                          n=short, href="/stock/cover"))  # fmt: skip
    may_decide = page.who.may(Right.decide_returns)
    if may_decide and (tills := await returns.matching.count_open(conn, shop)):
        found.append(Need(what=t("first.tills"), meta=t("first.tills_meta", place=place),
                          n=tills, href="/stock/returns/tills"))  # fmt: skip
    if page.who.may(Right.approve_stock):
        if waiting := await counts.waiting_at(conn, shop):
            found.append(Need(what=t("first.counts"), meta=place, n=waiting,
                              href="/stock/counts"))  # fmt: skip
        told = await outside.open_at(conn, shop, limit=COUNTED_MAX)
        if told:
            found.append(Need(what=t("today.need_differ"), meta=place, n=len(told),
                              href="/stock/disagreements"))  # fmt: skip
    return found
