"""The chain from day to day: who comes, looks, buys, brings back, writes. No I/O.

Each day draws from a number of its own, so a world of more days begins as one of fewer.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

import msgspec

from setten.demo.chain import browsing, calendar, catalogue, people, shopping
from setten.demo.chain.browsing import Session
from setten.demo.chain.calendar import RAIN_WEB
from setten.demo.chain.chance import dice
from setten.demo.chain.model import Day, Deed, Kind, Line, Person, Shop
from setten.demo.chain.returning import Returns, with_number
from setten.demo.chain.stockroom import RECEIPTS_A_DAY, Stockroom

PEOPLE = 3_000
STRANGERS_ON_SCREENS = 170.0  # sessions of nobody we know, on an average day
_TALKS_A_DAY = 7
_BUYS_IN_SHOP = 0.62
_BUYS_ON_SCREEN = {
    "everyday": 0.34,
    "tableware": 0.3,
    "new_home": 0.38,
    "gift": 0.42,
    "bargain": 0.26,
    "looker": 0.05,
}
_STRANGER_BUYS = 0.06
_LEAVES_FOR_FEE = 0.5  # of those who see a fee and came to look
_COMES_AFTER_LOOKING = 0.2
_HOLDS_A_DAY, _COLLECTED, _HOLD_LINES, HOLD_DAYS = 22, 0.8, 2, 3
# source, identifier it is sent to, weekday and clock of sending, share that opens it.
_LETTERS = (("mail", "email", 3, "10:00", 0.26), ("line", "line_id", 4, "18:00", 0.42))
_OPENED = (0.60, 0.20, 0.12, 0.08)  # of these, on the day, and on each of the days after
_FOLLOWS_LETTER, _COMES_FOR_LETTER = 0.07, 0.02
_CAUSES, _CAUSE_SHARES = ("need", "passing", "ad", "social", "flyer"), (46, 26, 11, 7, 10)
_SCREEN_CAUSES, _SCREEN_SHARES = ("passing", "need", "ad", "social"), (38, 28, 22, 12)


class Chain:
    """A world. `days` lives it, once.

    count: people we know. size: strangers against an ordinary chain. holds_from: the day from which
    things can be put aside in shops.
    """

    def __init__(
        self, seed: str, begin: date, *, count: int = PEOPLE, size: float = 1.0,
        holds_from: date | None = None,
    ) -> None:  # fmt: skip
        self.seed, self.begin = seed, begin
        self._holds_from = holds_from or begin
        self._held: dict[date, list[Deed]] = defaultdict(list)
        self._mornings: dict[date, list[Deed]] = defaultdict(list)
        self.people = people.everybody(seed, count, begin)
        self.room = Stockroom(seed, begin)
        self._by_key = {one.key: one for one in self.people}
        self._size = size
        self._plans: dict[date, list[tuple[str, tuple[str, ...], str]]] = defaultdict(list)
        self._returns = Returns()
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
            region for region in sorted({shop.region for shop in catalogue.shops()})
            if calendar.rains(self.seed, region, day)
        )  # fmt: skip
        before = list(self.room.first_counts(day)) if day == self.begin else []
        if day.weekday() == 0 and day != self.begin:
            before += self.room.supply(day)
        before += self.room.trucks(day)
        later = [
            *self._newcomers(day),
            *self._in_shops(rng, day, rain),
            *self._mornings.pop(day, []),
            *self._collected(rng, day),
            *self._own_people(rng, day, rain),
            *self._holds(rng, day),
            *self._strangers(rng, day, rain),
            *self._letters(rng, day),
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

    def _numbered(self, deeds: Sequence[Deed]) -> tuple[Deed, ...]:
        """Receipts get the numbers of their till, orders the shop's, in the order of time."""
        orders = {}
        for deed in deeds:
            if deed.kind is Kind.order:
                self._orders += 1
                orders[deed.ref] = f"W-{self._orders}"
        return tuple(self._with_number(deed, orders) for deed in deeds)

    def _with_number(self, deed: Deed, orders: Mapping[str, str]) -> Deed:
        if deed.kind is Kind.sale:
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
        for shop in catalogue.shops():
            is_wet = shop.region in rain
            mean = RECEIPTS_A_DAY * self._size * shop.trade * calendar.shop_factor(day, rain=is_wet)
            for number in range(max(0, round(rng.gauss(mean, mean**0.5)))):
                at = calendar.in_shop(rng, shop, day)
                lines = shopping.basket(
                    rng, self.room, "stranger", day, shop.location_id, is_wet=is_wet
                )
                if lines:
                    cause = (
                        "sale"
                        if any(line.discount for line in lines)
                        else rng.choices(_CAUSES, _CAUSE_SHARES)[0]
                    )
                    yield self._sale(
                        rng,
                        shop,
                        at,
                        lines,
                        None,
                        cause,
                        f"{day:%y%m%d}-{shop.location_id}-{number}",
                    )

    def _sale(
        self, rng: random.Random, shop: Shop, at: datetime, lines: tuple[Line, ...],
        who: Person | None, cause: str, ref: str,
    ) -> Deed:  # fmt: skip
        total = sum(line.amount for line in lines)
        sold = Deed(
            at=at, kind=Kind.sale, ref=ref, who=who.key if who else None,
            place=shop.location_id, lines=lines, register=str(rng.choice((1, 1, 2))),
            tender=shopping.tender(rng, total), cause=cause,
        )  # fmt: skip
        self._returns.consider(rng, sold)
        return sold

    # -- people we know ------------------------------------------------------------------------

    def _newcomers(self, day: date) -> Iterator[Deed]:
        """Those who take a card today; and on the first morning, all who had one before."""
        for one in self.people:
            if one.joined == day or (day == self.begin and one.joined < day):
                at = calendar.clock(day, "06:00")
                if one.joined == day:
                    shop = next(s for s in catalogue.shops() if s.location_id == one.shop)
                    at = calendar.in_shop(dice(self.seed, "join", one.key), shop, day)
                yield Deed(
                    at=at, kind=Kind.event, source="members", who=one.key, place=one.shop,
                    said={"what": "joined", "on": one.joined.isoformat()}, cause="joined",
                )  # fmt: skip

    def _own_people(self, rng: random.Random, day: date, rain: frozenset[str]) -> Iterator[Deed]:
        shops = {shop.location_id: shop for shop in catalogue.shops()}
        for key, interests, cause in self._plans.pop(day, []):
            one = self._by_key[key]
            yield from self._visit(rng, one, shops[one.shop], day, interests, cause)
        for one in self.people:
            if one.joined > day:
                continue
            shop = shops[one.shop]
            is_wet = shop.region in rain
            chance = one.visits_a_month / 30
            draw = 1.6 if one.kind == "bargain" and calendar.sale_on(day) else 1.0
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
            good = interests[0] if interests else shopping.wish(rng, one.kind, day).sku
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
        if rng.random() > (0.8 if interests else _BUYS_IN_SHOP):
            return
        lines = shopping.basket(
            rng, self.room, one.kind, day, shop.location_id, wanted=interests[:2]
        )
        if not lines:
            return
        yield self._sale(rng, shop, at, lines, one, cause, f"{day:%y%m%d}-{one.key}-{at:%H%M}")
        if "user_id" in one.told and rng.random() < 0.05:
            later = at + timedelta(days=0, hours=rng.uniform(1.5, 3))
            if later.date() == day:
                yield browsing.review(rng, one, later, lines[0].sku)

    def _sit_down(self, rng: random.Random, one: Person, day: date, cause: str) -> Iterator[Deed]:
        at = calendar.on_screen(rng, day)
        cookie = one.cookies[0] if rng.random() < 0.7 else one.cookies[1]
        session = Session(rng, one, cookie, at, cause)
        yield from session.arrive()
        yield from session.look(one.kind, ())
        wants = tuple(good.sku for good in session.seen[-2:])
        if rng.random() < _BUYS_ON_SCREEN[one.kind]:
            yield from self._buy(rng, session, one, day, wants)
        elif rng.random() < _COMES_AFTER_LOOKING:
            self._plans[day + timedelta(days=rng.randint(1, 6))].append(
                (one.key, wants[-1:], cause)
            )

    def _buy(
        self, rng: random.Random, session: Session, one: Person | None, day: date,
        wants: tuple[str, ...],
    ) -> Iterator[Deed]:  # fmt: skip
        kind = one.kind if one else "stranger"
        lines = shopping.basket(rng, self.room, kind, day, catalogue.ONLINE, wanted=wants[-1:])
        if not lines:
            return
        yield from session.fill_cart(lines)
        if browsing.fee(lines) and rng.random() < _LEAVES_FOR_FEE * (
            kind in ("bargain", "looker", "everyday")
        ):
            self.room.put(catalogue.ONLINE, lines)
            return
        yield from session.order(lines, f"{session.at:%y%m%d%H%M%S}-{rng.getrandbits(40):x}")

    def _holds(self, rng: random.Random, day: date) -> Iterator[Deed]:
        """Some reserve on a screen and pay in the shop within days; some never come."""
        if day < self._holds_from:
            return
        known = [one for one in self.people if one.joined <= day]
        mean = _HOLDS_A_DAY * min(1.0, self._size * len(self.people) / PEOPLE)
        for _ in range(round(mean * calendar.web_factor(day, rain=False))):
            one = rng.choice(known)
            wanted = shopping.basket(rng, self.room, one.kind, day, one.shop)
            lines = wanted[:_HOLD_LINES]
            self.room.put(one.shop, wanted[_HOLD_LINES:])
            if not lines:
                continue
            at = calendar.on_screen(rng, day)
            source = rng.choice(("web", "web", "app", "chat", "phone"))
            ref = f"H-{day:%y%m%d}-{one.key}"
            held = Deed(
                at=at, kind=Kind.hold, ref=ref, who=one.key, place=one.shop, lines=lines,
                source=source, cause="need",
            )  # fmt: skip
            yield held
            yield from self._fetched(rng, held)
            comes = rng.random() < _COLLECTED
            later = day + timedelta(days=rng.randint(1, HOLD_DAYS - 1) if comes else HOLD_DAYS + 1)
            self._held[later].append(held)

    def _fetched(self, rng: random.Random, held: Deed) -> Iterator[Deed]:
        """Staff fetch it soon after, or when the shop opens; what comes late waits for tomorrow."""
        shop = next(one for one in catalogue.shops() if one.location_id == held.place)
        opens, closes = calendar.opening(shop, held.at.date())
        at = max(held.at, opens) + timedelta(minutes=rng.triangular(4, 75, 14))
        if at < closes:
            yield msgspec.structs.replace(held, kind=Kind.ready, at=at)
        else:
            opens += timedelta(days=1, minutes=rng.triangular(5, 40, 15))
            self._mornings[opens.date()].append(
                msgspec.structs.replace(held, kind=Kind.ready, at=opens)
            )

    def _collected(self, rng: random.Random, day: date) -> Iterator[Deed]:
        shops = {shop.location_id: shop for shop in catalogue.shops()}
        for held in self._held.pop(day, []):
            if held.at.date() < day - timedelta(days=HOLD_DAYS):  # never came: free again
                self.room.put(held.place, held.lines)
                continue
            at = calendar.in_shop(rng, shops[held.place], day)
            one = self._by_key[str(held.who)]
            sold = self._sale(rng, shops[held.place], at, held.lines, one, "held", f"S-{held.ref}")
            yield msgspec.structs.replace(sold, of=held.ref)

    # -- strangers, letters, talks -------------------------------------------------------------

    def _strangers(self, rng: random.Random, day: date, rain: frozenset[str]) -> Iterator[Deed]:
        wet = 1 + (RAIN_WEB - 1) * len(rain) / 7
        mean = STRANGERS_ON_SCREENS * self._size * calendar.web_factor(day, rain=False) * wet
        for _ in range(max(0, round(rng.gauss(mean, mean**0.5)))):
            cookie = f"{rng.getrandbits(32):08x}-{rng.getrandbits(32):08x}"
            cause = rng.choices(_SCREEN_CAUSES, (30, 22, 33, 15))[0]
            session = Session(rng, None, cookie, calendar.on_screen(rng, day), cause)
            yield from session.arrive()
            if rng.random() < 0.3:  # gone again after the first page
                continue
            yield from session.look("stranger", ())
            if rng.random() < _STRANGER_BUYS:
                wants = tuple(good.sku for good in session.seen[-1:])
                yield from self._buy(rng, session, None, day, wants)

    def _letters(self, rng: random.Random, day: date) -> Iterator[Deed]:
        """On Thursdays a mail, on Fridays a message: some open it then, some in the days after."""
        for source, field, weekday, clock, share in _LETTERS:
            later = (day.weekday() - weekday) % 7
            if later >= len(_OPENED):
                continue
            written = day - timedelta(days=later)
            titles = browsing.words()["letters"][source]
            title = titles[written.toordinal() // 7 % len(titles)]
            for one in self.people:
                if field not in one.told or one.joined > written:
                    continue
                if rng.random() < share * _OPENED[later]:
                    sent = calendar.clock(day, clock)
                    at = sent + timedelta(minutes=rng.expovariate(1 / 95))
                    if later or at.date() != day:
                        at = calendar.on_screen(rng, day)
                    yield from self._open(rng, one, source, at, title)

    def _open(
        self, rng: random.Random, one: Person, source: str, at: datetime, title: str
    ) -> Iterator[Deed]:
        """Read a letter; a few come for it, to a screen at once or to the shop in some days."""
        yield Deed(
            at=at, kind=Kind.event, source=source, who=one.key,
            said={"what": "opened", "title": title}, cause=source,
        )  # fmt: skip
        if rng.random() < _FOLLOWS_LETTER:
            session = Session(rng, one, one.cookies[0], at + timedelta(seconds=20), source)
            yield from session.arrive()
            yield from session.look(one.kind, ())
        elif rng.random() < _COMES_FOR_LETTER:
            day = at.date() + timedelta(days=rng.randint(1, 4))
            self._plans[day].append((one.key, (), source))

    def _talks(self, rng: random.Random, day: date) -> Iterator[Deed]:
        known = [one for one in self.people if one.joined <= day]
        for _ in range(round(_TALKS_A_DAY * min(1.0, self._size * len(self.people) / PEOPLE))):
            one = rng.choice(known)
            sku = shopping.wish(rng, one.kind, day).sku
            at = calendar.clock(day, "10:05") + timedelta(minutes=rng.triangular(0, 560, 300))
            yield from browsing.talk(rng, one, at, sku, one.shop)
