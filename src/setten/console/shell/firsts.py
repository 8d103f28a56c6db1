"""What somebody looks at first in the morning: by what they answer for, never by the role's name.

Who runs the machinery sees whether it keeps up; who answers for personal data, what was opened; who
makes segments, who came and went; all who may open events, where promises failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

import msgspec

from setten.console.page import Page
from setten.console.shell import strips
from setten.console.words import Words
from setten.customers import segments
from setten.customers.segments import Moved
from setten.facts import commerce, consent, stock
from setten.insight import touchpoints
from setten.operations import checkup
from setten.operations.checkup import State
from setten.platform import audit
from setten.platform.auth import Right
from setten.platform.db import Connection

A_WEEK = timedelta(days=7)
SEGMENTS_SHOWN = 5
SEEN_MAX = 99
"""Of one deed in a day nobody reads a larger number; the audit has all of them."""

FAILED = tuple(
    one.event_name
    for one in (
        stock.HoldShort,
        stock.PreorderShort,
        stock.PreorderMoved,
        stock.FulfilmentLate,
        commerce.OrderCancelled,
        stock.ReturnRecorded,
        consent.ConsentWithdrawn,
        consent.ReachLost,
    )
)
"""What a customer had hoped for otherwise: broken promises first."""

SEEN = (
    "customer.opened",
    "identifiers.revealed",
    "address.opened",
    "customers.found",
    "pace.exceeded",
    "segment.exported",
    "purchases.exported",
    "customer.merged",
    "customer.split",
)
"""Deeds that whoever answers for personal data asks about: opened, searched, taken away, joined."""
UNUSUAL = frozenset({"pace.exceeded"})


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """What failed in a week, beside the week before. change: "" where that tells nothing."""

    name: str
    n: int
    before: int
    change: str


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A deed with personal data and how often it was done today; n is SEEN_MAX + 1 for more."""

    action: str
    word: str
    n: int
    is_unusual: bool


class Runs(msgspec.Struct, frozen=True, kw_only=True):
    """One check of the machinery. found: a figure; href: where it opens."""

    what: str
    found: str
    state: State
    href: str


async def firsts(
    conn: Connection, page: Page, week: Mapping[str, int], day: date
) -> dict[str, object]:
    """The parts of the day's page that only some see; None for what this person does not.

    week: how often each event happened in the seven days up to `day`.
    """
    who = page.who
    may_open = who.may(Right.read_customers) or who.may(Right.read_data)
    return {
        "failed": await _failed(conn, week, day) if may_open else None,
        "runs": await _runs(conn, page) if who.may(Right.manage_sources) else None,
        "seen": await _seen(conn, page) if who.may(Right.read_audit) else None,
        "passages": await _passages(conn, page) if who.may(Right.manage_segments) else None,
    }


async def _failed(conn: Connection, week: Mapping[str, int], day: date) -> list[Failure]:
    before = await touchpoints.events(
        conn, first_day=day - 2 * A_WEEK + timedelta(days=1), last_day=day - A_WEEK
    )
    return failed(week, before)


def failed(week: Mapping[str, int], before: Mapping[str, int]) -> list[Failure]:
    """What failed in one of two weeks, in the order of FAILED."""
    return [
        Failure(name=name, n=n, before=then, change=strips.change(n, then))
        for name in FAILED
        for n, then in [(week.get(name, 0), before.get(name, 0))]
        if n or then
    ]


async def _passages(conn: Connection, page: Page) -> tuple[Moved, ...]:
    begin = (page.now - A_WEEK).replace(minute=0, second=0, microsecond=0)
    return await segments.moved(conn, since=begin, most=SEGMENTS_SHOWN)


async def _seen(conn: Connection, page: Page) -> list[Seen]:
    counted = await audit.counted(conn, SEEN, since=_morning(page), most=SEEN_MAX + 1)
    t = page.words()
    return [
        Seen(action=one, word=_deed(one, t), n=counted[one], is_unusual=one in UNUSUAL)
        for one in SEEN
        if counted.get(one)
    ]


def _deed(action: str, t: Words) -> str:
    key = f"deed.{action.replace('.', '_')}"
    return t(key) if t.has(key) else action


def _morning(page: Page) -> datetime:
    return page.shown().now.replace(hour=0, minute=0, second=0, microsecond=0)


async def _runs(conn: Connection, page: Page) -> list[Runs]:
    t, f = page.words(), page.shown()
    found = [
        Runs(what=t(f"first.run_{one.name.replace(' ', '_')}"), state=one.state,
             found=checkup.shown(one, page.locale), href="/run/doctor")
        for one in await checkup.pulse(conn, now=page.now)
    ]  # fmt: skip
    for one in await checkup.quiet(conn, now=page.now):
        found.append(
            Runs(what=t("first.quiet", name=one.name), found=f.ago(one.last_at), state="look",
                 href=f"/run/data?source={one.source_id}#sources")
        )  # fmt: skip
    return found
