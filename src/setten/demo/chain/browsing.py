"""What people do on screens: sessions, letters that are opened, reviews. Each deed is an event."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from setten.demo.chain import calendar, catalogue
from setten.demo.chain.business import Business
from setten.demo.chain.model import Deed, Good, Kind, Line, Person
from setten.demo.chain.shopping import suits, wish

DISPATCHED = "23:58"  # what was ordered on a day leaves in its last truck
PARCEL_FEE, FURNITURE_FEE, FREE_FROM = 880, 3300, 11_000
_LIKED = 0.7  # of other colours and sizes that are looked at
_STRANGER_VIEWS = (34, 27, 18, 11, 6, 4)
_OWN_VIEWS = (12, 22, 24, 19, 14, 9)
_UNANSWERED, _WRITES_AGAIN, _CLOSES = 0.04, 0.4, 0.6


class Session:
    """One sitting at a screen. Deeds come out in the order of time."""

    def __init__(
        self, business: Business, rng: random.Random, who: Person | None, cookie: str,
        at: datetime, cause: str,
    ) -> None:  # fmt: skip
        self._business = business
        self._rng = rng
        self._who = who
        self._cookie = cookie
        self._at = at
        self._cause = cause
        self.source = self._choose_source()
        self.seen: list[Good] = []

    def _choose_source(self) -> str:
        likes_app = self._who is not None and "user_id" in self._who.told
        shares = (34, 51, 48 if likes_app else 0)
        return self._rng.choices(("web", "phone", "app"), shares)[0]

    @property
    def cookie(self) -> str:
        """Whose browser it is."""
        return self._cookie

    @property
    def cause(self) -> str:
        """Why she came."""
        return self._cause

    @property
    def at(self) -> datetime:
        """Where in time the session is."""
        return self._at

    def deed(self, what: str, **said: object) -> Deed:
        """One event now; the next is some seconds later."""
        done = self._event(self.source, what, said)
        later = self._at + timedelta(seconds=self._rng.lognormvariate(3.3, 0.8) + 2)
        self._at = min(later, calendar.clock(self._at.date(), calendar.MIDNIGHT))
        return done

    def _event(self, source: str, what: str, said: dict[str, object]) -> Deed:
        return Deed(
            at=self._at, kind=Kind.event, source=source, cookie=self._cookie,
            who=self._who.key if self._who else None, said={"what": what, **said},
            cause=self._cause,
        )  # fmt: skip

    def arrive(self) -> Iterator[Deed]:
        """How she came: by an advertisement, a letter, a friend's post, or straight."""
        entry = self._business.words
        if self._cause == "ad":
            yield self._event(
                "ads", "ad", {"campaign": self._rng.choice(entry["ads"]["campaigns"])}
            )
            self._at += timedelta(seconds=2)
        elif self._cause == "social":
            shown = wish(self._business, self._rng, "gift", self._at.date())
            yield self._event("social", "post", {"sku": shown.sku})
            self._at += timedelta(seconds=3)
        if self.source == "app":
            yield self.deed(
                "screen", title=self._rng.choice(("ホーム", "新着", "お気に入り", "会員証"))
            )
        elif self._cause in ("need", "passing") and self._rng.random() < 0.55:
            path, title = entry["pages"]["top"]
            yield self.deed("page", path=path, title=title, cause=self._cause)
        else:
            path, title = self._rng.choice(entry["pages"]["lists"])
            yield self.deed("page", path=path, title=title, cause=self._cause)

    def look(self, kind: str, interests: tuple[str, ...]) -> Iterator[Deed]:
        """Search and look at goods; those of interest first, then what is like them."""
        rng = self._rng
        if self._who and "user_id" in self._who.told and rng.random() < 0.3:
            yield self.deed("sign_in")
        if rng.random() < 0.24:
            yield self.deed("search", query=rng.choice(self._business.words["searches"]["words"]))
        views = 1 + rng.choices(range(6), _OWN_VIEWS if self._who else _STRANGER_VIEWS)[0]
        for number in range(views):
            good = self._next(kind, interests, number)
            self.seen.append(good)
            yield self.deed("view", sku=good.sku)
            if rng.random() < 0.06:
                yield self.deed("stores", sku=good.sku)
            elif self._who and rng.random() < 0.04:
                yield self.deed("wish", sku=good.sku)

    def _next(self, kind: str, interests: tuple[str, ...], number: int) -> Good:
        goods = self._business.by_sku
        tastes = self._who.tastes if self._who else {}
        if number < len(interests):
            return goods[interests[number]]
        if self.seen and self._rng.random() < 0.45:  # another colour or size of the last one
            last = self.seen[-1]
            same = [
                one for one in goods.values()
                if one.product_id == last.product_id and one.sku != last.sku
            ] or [last]  # fmt: skip
            liked = [one for one in same if suits(one, tastes)]
            return self._rng.choice(liked if liked and self._rng.random() < _LIKED else same)
        return wish(self._business, self._rng, kind, self._at.date(), tastes=tastes)

    def fill_cart(self, lines: tuple[Line, ...]) -> Iterator[Deed]:
        """Put things in the cart and look at it; what it costs to send is seen here."""
        for line in lines:
            yield self.deed("add", sku=line.sku, qty=line.qty)
        yield self.deed("cart", lines=[[line.sku, line.qty] for line in lines])
        yield self.deed(
            "checkout", fee=fee(self._business, lines), lines=[[one.sku, one.qty] for one in lines]
        )

    def left(self, lines: tuple[Line, ...], cause: str) -> Deed:
        """The cart as it stays behind in the shop."""
        return Deed(
            at=self._at, kind=Kind.cart, who=self._who.key if self._who else None,
            cookie=self._cookie, source=self.source, lines=lines, cause=cause,
        )  # fmt: skip

    def order(self, lines: tuple[Line, ...], ref: str) -> Iterator[Deed]:
        """Order it: told by the tag, and by the shop's server a second later."""
        if self._who and "user_id" in self._who.told:
            yield self.deed("sign_in")
        told: dict[str, object] = {
            "ref": ref,
            "fee": fee(self._business, lines),
            "lines": [[line.sku, line.qty, line.amount] for line in lines],
        }
        yield self._event(self.source, "order", told)
        self._at += timedelta(seconds=1.4)
        yield Deed(
            at=self._at, kind=Kind.order, ref=ref, who=self._who.key if self._who else None,
            lines=lines, source="shop", cookie=self._cookie,
            said={"what": "order", **told}, cause=self._cause,
        )  # fmt: skip
        yield Deed(
            at=calendar.clock(self._at.date(), DISPATCHED), kind=Kind.dispatch, ref=ref,
            place=catalogue.ONLINE, lines=lines,
        )  # fmt: skip


def fee(business: Business, lines: tuple[Line, ...]) -> int:
    """What it costs to send: furniture by its own service, parcels free from a sum."""
    if not business.sends:
        return 0
    goods = business.by_sku
    parcels = [line for line in lines if not goods[line.sku].is_large]
    large = FURNITURE_FEE if len(parcels) < len(lines) else 0
    if not parcels or sum(line.amount for line in parcels) >= FREE_FROM:
        return large
    return large + PARCEL_FEE


def talk(
    business: Business, rng: random.Random, who: Person, at: datetime, sku: str, place: str
) -> list[Deed]:
    """Somebody writes or calls, and staff note what they did; some write again, few in vain."""
    talks = business.words["talks"]
    topic = rng.choices(talks, [one["weight"] for one in talks])[0]
    channel = rng.choices(
        ("chat", "phone", "line", "mail"), (42, 30, 16 if "line_id" in who.told else 0, 20)
    )[0]
    shop = business.shop(place)
    item = business.by_sku[sku].name_ja.split(" ")[0]
    found, latest = [], calendar.clock(at.date(), calendar.LAST_LOOK)
    for voice, text in _turns(business, rng, topic, is_written=channel != "phone"):
        said = text.format(item=item, place=shop.name_ja)
        found.append(
            Deed(
                at=at, kind=Kind.words, who=who.key, source=channel,
                said={"voice": voice, "text": said}, cause=topic["topic"],
            )
        )  # fmt: skip
        pause = rng.lognormvariate(2.2 if voice == "customer" else 1.4, 0.7)
        at = min(latest, at + timedelta(minutes=pause))
    return found


def _turns(
    business: Business, rng: random.Random, topic: dict[str, Any], *, is_written: bool
) -> Iterator[tuple[str, str]]:
    """Who says what: asked and answered, and sometimes on from there."""
    more = business.words["closing"]
    yield "customer", rng.choice(topic["customer"])
    if rng.random() < _UNANSWERED:
        return
    yield "staff", rng.choice(topic["staff"])
    if is_written and rng.random() < _WRITES_AGAIN:
        yield "customer", rng.choice(more["customer"])
        if rng.random() < _CLOSES:
            yield "staff", rng.choice(more["staff"])


def review(business: Business, rng: random.Random, who: Person, at: datetime, sku: str) -> Deed:
    """Somebody writes what she says of a thing, which is kinder than what she thinks."""
    thinks = who.opinion.get("goods", 0.6) + 0.12 + rng.gauss(0, 0.12)
    stars = max(1, min(5, round(1 + thinks * 4.4)))
    text = rng.choice(
        business.words["reviews"]["good" if stars >= 4 else "fair" if stars == 3 else "poor"]
    )
    return Deed(
        at=at, kind=Kind.event, source="web", cookie=who.cookies[0], who=who.key,
        said={"what": "review", "sku": sku, "stars": stars, "text": text}, cause="review",
    )  # fmt: skip
