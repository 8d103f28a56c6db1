"""What stands on a customer's page, gathered from each domain's face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from setten.console.customers.people import Person, person
from setten.console.page import Page
from setten.console.places import Named
from setten.console.stock.goods import Good
from setten.console.words import Words
from setten.customers.profiles import IdentifierShown, Profile
from setten.stock.explaining import Held
from setten.stock.holds import Hold
from setten.stock.locations import Location

ENDED_SHOWN = 4
"""Holds that are over, kept in sight: what she may still ask about."""

SHORT_MATTERS = timedelta(days=7)
"""A promise that fell short is the next step for this long, unless it was made good."""


class Clue(msgspec.Struct, frozen=True):
    """An identifier as the head of the page shows it."""

    channel: str
    sign: str
    word: str
    text: str


class Share(msgspec.Struct, frozen=True):
    """A channel's part of the purchases, as a piece of the bar. x and width of 230."""

    channel: str
    x: float
    width: float
    word: str
    n: int


class Bought(msgspec.Struct, frozen=True):
    """Purchases so far, by channel."""

    total: str
    n: int
    shares: list[Share]


class HoldLineShown(msgspec.Struct, frozen=True):
    """One line of a hold."""

    good: Good
    qty: int
    state: str


class HoldShown(msgspec.Struct, frozen=True, kw_only=True):
    """One hold on her page."""

    hold_id: UUID
    place: str
    location_id: str
    code: str
    state: str
    is_open: bool
    placed_by: str
    expires_at: datetime
    come_by: datetime
    """The last moment at which the place is open before the end; the end without hours."""
    ended_at: datetime | None
    lines: list[HoldLineShown]


# kind of identifier → (channel of the mark, icon, key of the words, one mark for all of them)
CLUES: dict[str, tuple[str, str, str, bool]] = {
    "loyalty_card": ("store", "store", "customer.card", False),
    "device_id": ("app", "app", "customer.devices", True),
    "anonymous_id": ("web", "web", "customer.browser", True),
    "line_id": ("line", "line", "customer.line", True),
    "whatsapp_id": ("line", "line", "customer.whatsapp", True),
    "email": ("mail", "mail", "", False),
    "phone": ("phone", "phone", "", False),
    "user_id": ("web", "customer", "customer.member", False),
}

BAR_WIDTH = 230.0


def who(profile: Profile, page: Page) -> Person:
    """Her name and reading."""
    return person(profile.customer_id, profile.traits, page.locale)


def clues(identifiers: Sequence[IdentifierShown], t: Words) -> list[Clue]:
    """Her identifiers, the strongest first; browsers and phones as one mark with their number."""
    found: list[Clue] = []
    for kind, (channel, sign, key, is_counted) in CLUES.items():
        mine = [one for one in identifiers if one.kind == kind]
        word = t(f"identifier.{kind}")
        if mine and is_counted:
            found.append(Clue(channel, sign, word, t(key, n=len(mine))))
        else:
            found += [
                Clue(channel, sign, word, t(key, value=one.value) if key else one.value)
                for one in mine
            ]
    return found


def revealed(identifiers: Sequence[IdentifierShown], t: Words) -> list[Clue]:
    """Each identifier whole, with its kind."""
    return [
        Clue(*CLUES.get(one.kind, ("other", "info", "", False))[:2],
             t(f"identifier.{one.kind}"), one.value)
        for one in identifiers
    ]  # fmt: skip


def bought(profile: Profile, marks: Mapping[str, tuple[str, str]], page: Page) -> Bought | None:
    """Purchases of her main currency, the bar cut by channel; None when there are none."""
    if not profile.purchases:
        return None
    currency = profile.purchases[0].currency
    mine = [one for one in profile.purchases if one.currency == currency]
    n = sum(one.n for one in mine)
    shares, x = list[Share](), 0.0
    for one in mine:
        kind, _ = marks.get(one.channel, ("other", "info"))
        width = BAR_WIDTH * one.n / n if n else 0.0
        word = page.words()(f"channel.{kind}")
        shares.append(Share(kind, round(x, 1), round(max(0.0, width - 1), 1), word, one.n))
        x += width
    total = page.shown().money(sum(one.total_minor for one in mine), currency)
    return Bought(total, n, shares)


def holds_shown(
    found: Sequence[Hold], shown: Mapping[str, Good], names: Named
) -> tuple[list[HoldShown], list[HoldShown]]:
    """(open ones, the newest of those that are over)."""
    rows = [_hold(one, shown, names) for one in found]
    return [r for r in rows if r.is_open], [r for r in rows if not r.is_open][:ENDED_SHOWN]


def _hold(hold: Hold, shown: Mapping[str, Good], names: Named) -> HoldShown:
    return HoldShown(
        hold_id=hold.hold_id,
        place=names(hold.location_id),
        location_id=hold.location_id,
        code=hold.code,
        state=hold.state,
        is_open=hold.is_open,
        placed_by=hold.placed_by,
        expires_at=hold.expires_at,
        come_by=come_by(hold, names.find(hold.location_id)),
        ended_at=hold.ended_at,
        lines=[HoldLineShown(shown[line.sku], line.qty, line.state) for line in hold.lines],
    )


def come_by(hold: Hold | Held, place: Location | None) -> datetime:
    """The last moment at which a hold can be collected: its end, or the last closing before it."""
    found = place.last_open(hold.placed_at, hold.expires_at) if place else None
    return found or hold.expires_at


def unmet_short(found: Sequence[Hold], now: datetime) -> tuple[Hold, str, int] | None:
    """The newest (hold, sku, qty) that fell short and has not been held again since."""
    for hold in found:
        ended = hold.ended_at or hold.placed_at
        if now - ended > SHORT_MATTERS:
            continue
        for line in hold.lines:
            if line.state == "short" and not _made_good(found, hold, line.sku):
                return hold, line.sku, line.qty
    return None


def _made_good(found: Sequence[Hold], short: Hold, sku: str) -> bool:
    return any(
        later.placed_at > short.placed_at
        and any(line.sku == sku and line.state != "short" for line in later.lines)
        for later in found
        if later.hold_id != short.hold_id
    )
