"""Things put aside in shops: asked for on a screen, fetched from the shelf, paid for or not."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

import msgspec

from setten.demo.chain import calendar, shopping
from setten.demo.chain.business import Business
from setten.demo.chain.model import Deed, Kind, Person, Shop
from setten.demo.chain.stockroom import Stockroom

HOLD_DAYS = 3
_COLLECTED, _HOLD_LINES = 0.8, 2
_SOURCES = ("web", "web", "app", "chat", "phone")
_ANSWERED = frozenset(("chat", "phone"))  # where staff take it down, while the shop is open
_FEW = 2  # small pieces beside the one put aside: a till may take all of them
_SNATCHED = 0.5  # of those that are among so few, before they are fetched from the shelf
Snatch = Callable[[Deed, int], Deed]


def lasts_s(business: Business, held: Deed) -> int:
    """How long it lies there: until its shop closes on the last day, in seconds.

    In a place that is none of the business's own: whole days.
    """
    shop = next((one for one in business.shops if one.location_id == held.place), None)
    if shop is None:
        return HOLD_DAYS * 86_400
    _, closes = calendar.opening(shop, held.at.date() + timedelta(days=HOLD_DAYS))
    return math.ceil((closes - held.at).total_seconds())


class Promises:
    """What lies aside until somebody comes for it. mornings: deeds of days to come."""

    def __init__(
        self, business: Business, room: Stockroom, mornings: dict[date, list[Deed]]
    ) -> None:
        self._business = business
        self._room = room
        self._mornings = mornings
        self._held: dict[date, list[Deed]] = defaultdict(list)

    def ask(self, rng: random.Random, one: Person, day: date, snatch: Snatch) -> Iterator[Deed]:
        """Somebody reserves what her shop has; nothing where it has none of it.

        snatch: what a till sold, with the piece that was put aside among it, before staff fetched
        it: the promise falls short, and nobody comes for it.
        """
        wanted = shopping.basket(
            self._business, rng, self._room, one.kind, day, one.shop, tastes=one.tastes
        )
        lines = wanted[:_HOLD_LINES]
        self._room.put(one.shop, wanted[_HOLD_LINES:])
        if not lines:
            return
        source = rng.choice(_SOURCES)
        at = calendar.on_screen(rng, day)
        if source in _ANSWERED:
            at = calendar.in_shop(rng, self._business.shop(one.shop), day)
        held = Deed(
            at=at, kind=Kind.hold, ref=f"H-{at:%y%m%d%H%M%S}-{one.key}",
            who=one.key, place=one.shop, lines=lines, source=source, cause="need",
        )  # fmt: skip
        yield held
        if (qty := self._left(rng, held)) is not None:
            yield snatch(held, qty)
            return
        yield from self._fetched(rng, held)
        comes = rng.random() < _COLLECTED
        later = day + timedelta(days=rng.randint(1, HOLD_DAYS - 1) if comes else HOLD_DAYS + 1)
        self._held[later].append(held)

    def _left(self, rng: random.Random, held: Deed) -> int | None:
        """How many a till sells of what was put aside and all beside it; None where it does not."""
        opens, closes = calendar.opening(self._business.shop(held.place), held.at.date())
        is_seen = opens < held.at < closes - timedelta(hours=1) and self._business.has_tills
        if not is_seen or len(held.lines) > 1 or held.lines[0].qty > 1:
            return None
        sku = held.lines[0].sku
        beside = self._room.free(sku, held.place)
        few = 0 if self._business.by_sku[sku].is_large else _FEW
        if beside > few or rng.random() > _SNATCHED:
            return None
        if beside:
            self._room.take(sku, held.place, beside)
        return beside + 1

    def _fetched(self, rng: random.Random, held: Deed) -> Iterator[Deed]:
        """Staff fetch it soon after, or when the shop opens; what comes late waits for tomorrow."""
        opens, closes = calendar.opening(self._business.shop(held.place), held.at.date())
        at = max(held.at, opens) + timedelta(minutes=rng.triangular(4, 75, 14))
        if at < closes:
            yield msgspec.structs.replace(held, kind=Kind.ready, at=at)
        else:
            opens += timedelta(days=1, minutes=rng.triangular(5, 40, 15))
            self._mornings[opens.date()].append(
                msgspec.structs.replace(held, kind=Kind.ready, at=opens)
            )

    def due(self, rng: random.Random, day: date) -> Iterator[tuple[Deed, Shop, datetime]]:
        """What is paid for on a day, where and when; what nobody came for is free again."""
        for held in self._held.pop(day, []):
            if held.at.date() < day - timedelta(days=HOLD_DAYS):
                self._room.put(held.place, held.lines)
                continue
            shop = self._business.shop(held.place)
            yield held, shop, calendar.in_shop(rng, shop, day)
