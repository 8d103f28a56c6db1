"""The chain from day to day: who comes, looks, buys, brings back, writes. No I/O.

Each day draws from a number of its own, so a world of more days begins as one of fewer.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

import msgspec

from setten.demo.chain import browsing, calendar, catalogue, favours, ordering, people, shopping
from setten.demo.chain.browsing import Session
from setten.demo.chain.business import Business, load
from setten.demo.chain.calendar import RAIN_WEB
from setten.demo.chain.chance import dice
from setten.demo.chain.letters import Letters, Plans
from setten.demo.chain.model import Day, Deed, Kind, Line, Person, Shop
from setten.demo.chain.promises import Promises
from setten.demo.chain.returning import Returns, with_number
from setten.demo.chain.stockroom import Stockroom

_BUYS_IN_SHOP = 0.62
_TILLS = ("01", "02")  # as they stand on a receipt
_STRANGER_BUYS = 0.02
_WITH_ACCOUNT, _WITHOUT = 1.35, 0.4  # who has an account orders more easily
_LEAVES_FOR_FEE = 0.5  # of those who see a fee and came to look
_COMES_AFTER_LOOKING = 0.2
_TALK_DAYS = (1.5, 1.15, 1.0, 0.95, 1.0, 0.75, 0.65)  # after the weekend people write
_CAUSES, _CAUSE_SHARES = ("need", "passing", "ad", "social", "flyer"), (46, 26, 11, 7, 10)
_SCREEN_CAUSES, _SCREEN_SHARES = ("passing", "need", "ad", "social"), (38, 28, 22, 12)


class Chain:
    """A world. `days` lives it, once.

    count: people we know. size: strangers against an ordinary chain. holds_from: the day from which
    things can be put aside in shops.
    """

    def __init__(
        self, seed: str, begin: date, *, business: Business | None = None, count: int | None = None,
        size: float = 1.0, holds_from: date | None = None,
    ) -> None:  # fmt: skip
        self.seed, self.begin = seed, begin
        self.business = business or load()
        self._many = count or self.business.people
        self._holds_from = holds_from or begin
        self._mornings: dict[date, list[Deed]] = defaultdict(list)
        self.people = people.everybody(self.business, seed, self._many, begin)
        self.room = Stockroom(self.business, seed, begin)
        self._by_key = {one.key: one for one in self.people}
        self._size = size
        self._plans: Plans = defaultdict(list)
        self._letters = Letters(self.business, self.people, self._plans)
        self._carried: dict[date, list[tuple[Person, Deed]]] = defaultdict(list)
        self._returns = Returns(self.business)
        self._promises = Promises(self.business, self.room, self._mornings)
        self._orders = 240_000
        self._tills: dict[str, int] = defaultdict(int)

    def person(self, key: str) -> Person:
        """Somebody by the truth's own name."""
        return self._by_key[key]

    def days(self, count: int) -> Iterator[Day]:
        """Live so many days from the first."""
        for day in calendar.days(self.begin, count):
            yield self._live(day)

    def _live(self, day: date) -> Day:
        rng = dice(self.seed, day)
        rain = frozenset(
            region for region in sorted({shop.region for shop in self.business.shops})
            if calendar.rains(self.seed, region, day)
        )  # fmt: skip
        before = list(self.room.first_counts(day)) if day == self.begin else []
        if day.weekday() == 0 and day != self.begin:
            before += self.room.supply(day)
        before += self.room.trucks(day)
        before += self.room.mornings(day) if day != self.begin else []
        later = [
            *self._newcomers(day),
            *self._in_shops(rng, day, rain),
            *self._mornings.pop(day, []),
            *self._handed_over(rng, day),
            *self._collected(rng, day),
            *self._own_people(rng, day, rain),
            *self._holds(rng, day),
            *self._strangers(rng, day, rain),
            *self._letters.on(rng, day),
            *self._talks(rng, day),
        ]
        later += self.room.losses(day) if day.weekday() == 6 else []
        later += self._returns.on(rng, day, self.room)
        self._tills.clear()
        deeds = sorted([*before, *later], key=lambda deed: deed.at)
        found = calendar.sale_on(day)
        return Day(
            day=day, deeds=self._numbered(deeds), rain=rain, sale=found[0] if found else None
        )

    def _share(self) -> float:
        """Of the whole business, as far as what its own people do goes."""
        return min(1.0, self._size * len(self.people) / self.business.people)

    def _wish(self, rng: random.Random, one: Person, day: date) -> str:
        return shopping.wish(self.business, rng, one.kind, day, tastes=one.tastes).sku

    def _numbered(self, deeds: Sequence[Deed]) -> tuple[Deed, ...]:
        """Receipts get the numbers of their till, orders the shop's, in the order of time."""
        orders = {}
        for deed in deeds:
            if deed.kind is Kind.order:
                self._orders += 1
                orders[deed.ref] = f"W-{self._orders}"
        return tuple(self._with_number(deed, orders) for deed in deeds)

    def _with_number(self, deed: Deed, orders: Mapping[str, str]) -> Deed:
        if deed.kind in (Kind.sale, Kind.till_refund):
            till = f"{deed.place}/{deed.register}"
            self._tills[till] += 1
            sold = with_number(deed, self._tills[till])
            self._returns.printed(sold)
            return sold
        said = str(deed.said.get("ref", deed.ref))
        if said not in orders:
            return deed
        told = {**deed.said, "ref": orders[said]} if deed.said else deed.said
        return msgspec.structs.replace(deed, said=told, ref=orders[said] if deed.ref else "")

    # -- shops ---------------------------------------------------------------------------------

    def _in_shops(self, rng: random.Random, day: date, rain: frozenset[str]) -> Iterator[Deed]:
        """Strangers who buy at tills."""
        for shop in self.business.shops:
            is_wet = shop.region in rain
            mean = (
                self.business.strangers
                * self._size
                * shop.trade
                * calendar.shop_factor(day, rain=is_wet)
            )
            for number in range(max(0, round(rng.gauss(mean, mean**0.5)))):
                at = calendar.in_shop(rng, shop, day)
                lines = shopping.basket(
                    self.business, rng, self.room, "stranger", day, shop.location_id, is_wet=is_wet
                )
                if lines:
                    cause = (
                        "sale"
                        if any(line.discount for line in lines)
                        else rng.choices(_CAUSES, _CAUSE_SHARES)[0]
                    )
                    ref = f"{day:%y%m%d}-{shop.location_id}-{number}"
                    yield self._sale(rng, shop, at, lines, None, cause, ref)

    def _sale(
        self, rng: random.Random, shop: Shop, at: datetime, lines: tuple[Line, ...],
        who: Person | None, cause: str, ref: str,
    ) -> Deed:  # fmt: skip
        total = sum(line.amount for line in lines)
        sold = Deed(
            at=at, kind=Kind.sale, ref=ref, who=who.key if who else None,
            place=shop.location_id, lines=lines, register=_TILLS[rng.choice((1, 1, 2)) - 1],
            tender=shopping.tender(rng, total), cause=cause,
        )  # fmt: skip
        if who and self.business.has_sales:
            sold = favours.used(sold, who)
        self._returns.consider(rng, sold)
        return sold

    # -- people we know ------------------------------------------------------------------------

    def _newcomers(self, day: date) -> Iterator[Deed]:
        """Those who take a card today; and on the first morning, all who had one before."""
        for one in self.people:
            if one.joined == day or (day == self.begin and one.joined < day):
                at = calendar.clock(day, "06:00")
                if one.joined == day:
                    shop = self.business.shop(one.shop)
                    at = calendar.in_shop(dice(self.seed, "join", one.key), shop, day)
                yield Deed(
                    at=at, kind=Kind.event, source="members", who=one.key, place=one.shop,
                    said={"what": "joined", "on": one.joined.isoformat()}, cause="joined",
                )  # fmt: skip

    def _own_people(self, rng: random.Random, day: date, rain: frozenset[str]) -> Iterator[Deed]:
        shops = {shop.location_id: shop for shop in self.business.shops}
        for key, interests, cause in self._plans.pop(day, []):
            one = self._by_key[key]
            yield from self._visit(rng, one, shops[one.shop], day, interests, cause)
        for one in self.people:
            if one.joined > day:
                continue
            shop = shops[one.shop]
            is_wet = shop.region in rain
            chance = one.visits_a_month / 30
            habit = self.business.kinds[one.kind]
            draw = 1.6 if habit.waits_for_sales and calendar.sale_on(day) else 1.0
            if rng.random() < chance * one.online * calendar.web_factor(day, rain=is_wet) * draw:
                yield from self._sit_down(
                    rng, one, day, rng.choices(_SCREEN_CAUSES, _SCREEN_SHARES)[0]
                )
            if (
                rng.random()
                < chance * (1 - one.online) * calendar.shop_factor(day, rain=is_wet) * draw
            ):
                cause = rng.choices(_CAUSES, _CAUSE_SHARES)[0]
                yield from self._visit(rng, one, shop, day, (), cause)

    def _visit(
        self, rng: random.Random, one: Person, shop: Shop, day: date,
        interests: tuple[str, ...], cause: str,
    ) -> Iterator[Deed]:  # fmt: skip
        at = calendar.in_shop(rng, shop, day)
        if "user_id" in one.told and rng.random() < 0.22:  # reads a shelf label with the app
            good = interests[0] if interests else self._wish(rng, one, day)
            yield Deed(
                at=at - timedelta(minutes=rng.randint(2, 25), seconds=rng.randrange(60)),
                kind=Kind.event, source="shelf", who=one.key, cookie=one.cookies[0],
                place=shop.location_id, said={"what": "shelf", "sku": good}, cause=cause,
            )  # fmt: skip
        elif cause == "flyer" and rng.random() < 0.5:  # and the code on the flyer
            yield Deed(
                at=at - timedelta(hours=rng.randint(1, 5), minutes=rng.randrange(60)),
                kind=Kind.event, source="flyer", who=one.key, cookie=one.cookies[0],
                said={"what": "flyer", "campaign": f"{day:%Y-%m} 折込"}, cause=cause,
            )  # fmt: skip
        yield from self._acts(rng, one, shop, at)
        if not self.business.has_tills:
            return
        if rng.random() > (0.8 if interests else _BUYS_IN_SHOP):
            return
        lines = shopping.basket(
            self.business, rng, self.room, one.kind, day, shop.location_id,
            wanted=interests[:2], tastes=one.tastes,
        )  # fmt: skip
        if not lines:
            return
        yield self._sale(rng, shop, at, lines, one, cause, f"{day:%y%m%d}-{one.key}-{at:%H%M}")
        if "user_id" in one.told and rng.random() < 0.05:
            later = at + timedelta(days=0, hours=rng.uniform(1.5, 3))
            if later.date() == day:
                yield browsing.review(self.business, rng, one, later, lines[0].sku)

    def _acts(self, rng: random.Random, one: Person, shop: Shop, at: datetime) -> Iterator[Deed]:
        """What people do in this business's shops alone; whoever serves them writes it down."""
        for number, act in enumerate(self.business.acts):
            if act.where == "shop" and rng.random() < act.chance:
                begun = at - timedelta(minutes=act.before - 3 * number, seconds=rng.randrange(60))
                begun = min(at, max(begun, calendar.opening(shop, at.date())[0]))
                yield Deed(
                    at=begun, kind=Kind.event, source="members", who=one.key, cause=act.name,
                    said={"what": "act", "name": act.name, "title": rng.choice(act.titles)},
                    place=shop.location_id,
                )  # fmt: skip

    def _sit_down(self, rng: random.Random, one: Person, day: date, cause: str) -> Iterator[Deed]:
        at = calendar.on_screen(rng, day)
        cookie = one.cookies[0] if rng.random() < 0.7 else one.cookies[1]
        session = Session(self.business, rng, one, cookie, at, cause)
        yield from session.arrive()
        yield from session.look(one.kind, ())
        for act in self.business.acts:
            if act.where == "screen" and rng.random() < act.chance:
                yield session.deed("act", name=act.name, title=rng.choice(act.titles))
        wants = tuple(good.sku for good in session.seen[-2:])
        ease = _WITH_ACCOUNT if "user_id" in one.told else _WITHOUT
        if rng.random() < self.business.kinds[one.kind].buys * ease:
            yield from self._buy(rng, session, one, day, wants)
        elif rng.random() < _COMES_AFTER_LOOKING:
            self._plans[day + timedelta(days=rng.randint(1, 6))].append(
                (one.key, wants[-1:], cause)
            )

    def _buy(
        self, rng: random.Random, session: Session, one: Person | None, day: date,
        wants: tuple[str, ...],
    ) -> Iterator[Deed]:  # fmt: skip
        """Fill a cart at a screen; order it, or leave it when the fee is seen.

        Of old, another system took orders; since some days our own checkout does.
        """
        if not self.business.has_tills:
            return
        kind = one.kind if one else shopping.STRANGER
        is_ours = self.business.sends and day >= self._holds_from
        place = catalogue.WAREHOUSE if is_ours else catalogue.ONLINE
        lines = shopping.basket(
            self.business, rng, self.room, kind, day, place, wanted=wants[-1:],
            tastes=one.tastes if one else {}, is_whole=is_ours,
        )  # fmt: skip
        if not lines:
            return
        yield from session.fill_cart(lines)
        minds = kind == shopping.STRANGER or self.business.kinds[kind].minds_fee
        cost = browsing.fee(self.business, lines)
        is_left = bool(cost) and rng.random() < _LEAVES_FOR_FEE * minds
        carries = (
            not is_left
            and is_ours
            and one
            and ordering.sees_first(self.business, rng, one, lines, cost)
        )
        if is_left or carries:
            self.room.put(place, lines)
            if is_ours:
                yield (left := session.left(lines, "fee" if is_left else "sees_first"))
                if one and carries and not is_left:
                    self._carried[day + timedelta(days=rng.randint(1, 3))].append((one, left))
            return
        ref = f"{session.at:%y%m%d%H%M%S}-{rng.getrandbits(40):x}"
        if not is_ours:
            yield from session.order(lines, ref)
            return
        order = ordering.bought(self.business, rng, session, one, lines, ref)
        yield order
        yield from self._sent(rng, order)

    def _holds(self, rng: random.Random, day: date) -> Iterator[Deed]:
        """Some reserve on a screen and pay in the shop within days; some never come."""
        if day < self._holds_from:
            return
        known = [one for one in self.people if one.joined <= day]
        mean = self.business.holds * self._share() * calendar.web_factor(day, rain=False)
        for _ in range(round(mean)):
            yield from self._promises.ask(
                rng, rng.choice(known), day, lambda held, qty: self._snatched(rng, held, qty)
            )

    def _snatched(self, rng: random.Random, held: Deed, qty: int) -> Deed:
        """A stranger carries to the till what was promised some minutes ago."""
        at = held.at + timedelta(minutes=rng.triangular(2, 9, 4))
        price = self.business.by_sku[held.lines[0].sku].price
        lines = (Line(held.lines[0].sku, qty, price * qty),)
        shop = self.business.shop(held.place)
        sold = self._sale(rng, shop, at, lines, None, "passing", f"T-{held.ref}")
        return msgspec.structs.replace(sold, of=held.ref)

    def _handed_over(self, rng: random.Random, day: date) -> Iterator[Deed]:
        """Carts that were left at a screen and are ordered at a counter, by the code she shows."""
        for one, left in self._carried.pop(day, []):
            taken = [
                line for line in left.lines
                if self.room.take(line.sku, catalogue.WAREHOUSE, line.qty)
            ]  # fmt: skip
            if len(taken) < len(left.lines):  # sold out meanwhile
                self.room.put(catalogue.WAREHOUSE, taken)
                continue
            at = calendar.in_shop(rng, self.business.shop(one.shop), day)
            order = ordering.at_counter(one, left, at, f"C-{at:%y%m%d%H%M%S}-{one.key}")
            yield order
            yield from self._sent(rng, order)

    def _sent(self, rng: random.Random, order: Deed) -> Iterator[Deed]:
        """The steps of its parcel: those of today, and the others on their mornings."""
        for step in ordering.steps(self.business, rng, order):
            if step.at.date() == order.at.date():
                yield step
            else:
                self._mornings[step.at.date()].append(step)

    def _collected(self, rng: random.Random, day: date) -> Iterator[Deed]:
        for held, shop, at in self._promises.due(rng, day):
            if not self.business.has_tills:
                yield msgspec.structs.replace(held, kind=Kind.kept, at=at)
                continue
            one = self._by_key[str(held.who)]
            sold = self._sale(rng, shop, at, held.lines, one, "held", f"S-{held.ref}")
            yield msgspec.structs.replace(sold, of=held.ref)

    # -- strangers, letters, talks -------------------------------------------------------------

    def _strangers(self, rng: random.Random, day: date, rain: frozenset[str]) -> Iterator[Deed]:
        wet = 1 + (RAIN_WEB - 1) * len(rain) / 7
        mean = self.business.screens * self._size * calendar.web_factor(day, rain=False) * wet
        for _ in range(max(0, round(rng.gauss(mean, mean**0.5)))):
            cookie = f"{rng.getrandbits(32):08x}-{rng.getrandbits(32):08x}"
            cause = rng.choices(_SCREEN_CAUSES, (30, 22, 33, 15))[0]
            session = Session(self.business, rng, None, cookie, calendar.on_screen(rng, day), cause)
            yield from session.arrive()
            if rng.random() < 0.3:  # gone again after the first page
                continue
            yield from session.look("stranger", ())
            if rng.random() < _STRANGER_BUYS:
                wants = tuple(good.sku for good in session.seen[-1:])
                yield from self._buy(rng, session, None, day, wants)

    def _talks(self, rng: random.Random, day: date) -> Iterator[Deed]:
        known = [one for one in self.people if one.joined <= day]
        mean = self.business.talks * self._share() * _TALK_DAYS[day.weekday()]
        for _ in range(max(0, round(rng.gauss(mean, mean**0.5)))):
            one = rng.choice(known)
            sku = self._wish(rng, one, day)
            at = calendar.clock(day, "10:05") + timedelta(minutes=rng.triangular(0, 560, 140))
            yield from browsing.talk(self.business, rng, one, at, sku, one.shop)
