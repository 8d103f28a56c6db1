"""The next step with a customer: one proposal, with the reasons that lead to it.

A promise that fell short comes first; then what she keeps looking at and nobody holds for her.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from setten.console.customers.nearby import Near
from setten.console.customers.view import unmet_short
from setten.console.page import Page
from setten.console.places import Named
from setten.console.stock.goods import goods
from setten.console.words import Words
from setten.customers.profiles import Profile, Viewed
from setten.platform.db import Connection
from setten.stock import availability, ledger
from setten.stock.holds import Hold

FRESH_INTEREST = timedelta(days=14)
"""What she looked at longer ago is not what she wants now."""


class Reason(msgspec.Struct, frozen=True):
    """A fact behind the proposal, and where it opens."""

    text: str
    href: str = ""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One deed. Without a place it cannot be done by a press: it is told, and why."""

    deed: str
    reasons: list[Reason]
    is_urgent: bool
    sku: str = ""
    location_id: str = ""
    act: str = ""
    qty: int = 1
    instead_of: str = ""


async def next_step(
    conn: Connection,
    page: Page,
    names: Named,
    profile: Profile,
    found: Sequence[Hold],
    near: Near | None,
) -> Step | None:
    """The proposal of this moment, or None: nothing to do is an answer too."""
    short = unmet_short(found, page.now)
    if short is not None:
        return await _instead(conn, page, names, *short)
    return _looked_at(page, profile, found, near)


async def _instead(
    conn: Connection, page: Page, names: Named, hold: Hold, sku: str, qty: int
) -> Step:
    t, f = page.words(), page.shown()
    good = (await goods(conn, [sku], page))[sku]
    when = f.ago(hold.ended_at or hold.placed_at)
    reasons = [
        Reason(
            t("next.why_short", place=names(hold.location_id), item=good.name, when=when),
            f"/stock/holds/{hold.hold_id}",
        )
    ]
    other = await availability.nearest_other(conn, sku, hold.location_id, qty=qty, now=page.now)
    if other is None:
        return Step(
            deed=t("next.nowhere", item=good.name),
            reasons=[*reasons, Reason(t("next.nowhere_act"), good.href)],
            is_urgent=True,
        )
    count = await _count(conn, sku, other)
    place = names(other)
    reasons.append(
        Reason(t("next.why_alternative", place=place, n=count), f"{good.href}?at={other}")
    )
    reasons.append(Reason(t("next.why_code", code=hold.code)))
    return Step(
        deed=t("next.instead", place=place, item=good.name),
        reasons=reasons,
        is_urgent=True,
        sku=sku,
        location_id=other,
        act=t("next.instead_act", place=place),
        qty=qty,
        instead_of=str(hold.hold_id),
    )


async def _count(conn: Connection, sku: str, location_id: str) -> int:
    rows = await ledger.balances_of(conn, [sku])
    return next((max(0, r.promisable) for r in rows if r.location_id == location_id), 0)


def _looked_at(
    page: Page, profile: Profile, found: Sequence[Hold], near: Near | None
) -> Step | None:
    viewed = next((v for v in profile.last_viewed if near and v.sku == near.good.sku), None)
    best = near.best if near else None
    if viewed is None or near is None or best is None or not page.may_hold:
        return None
    if page.now - viewed.occurred_at > FRESH_INTEREST or _is_held(found, viewed.sku):
        return None
    t, f = page.words(), page.shown()
    at = f"{near.good.href}?at={best.location_id}"
    return Step(
        deed=t("next.hold_looked", place=best.name, item=near.good.name),
        reasons=[
            Reason(_look(viewed, t, f.ago(viewed.occurred_at))),
            Reason(t("next.why_place", place=best.name, n=best.count), at),
            Reason(t("next.why_no_hold")),
        ],
        is_urgent=False,
        sku=near.good.sku,
        location_id=best.location_id,
        act=t("near.hold_here", place=best.name),
    )


def _look(viewed: Viewed, t: Words, when: str) -> str:
    if viewed.n > 1:
        return t("next.why_looks", n=viewed.n, when=when)
    return t("next.why_last_look", when=when)


def _is_held(found: Sequence[Hold], sku: str) -> bool:
    return any(hold.is_open and any(line.sku == sku for line in hold.lines) for hold in found)
