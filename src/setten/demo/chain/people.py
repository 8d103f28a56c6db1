"""Three thousand people who buy at the chain: who they are, and what they told of themselves."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import jaconv
import msgspec

from setten.demo.chain.business import Business
from setten.demo.chain.chance import dice
from setten.demo.chain.model import Person, Town

_NAME = tuple[str, str]
_DECADES = (("old", 1970), ("mid", 1980), ("80s", 1990), ("young", 9999))
_MAIL_HOSTS = ("example.jp", "mail.example.jp", "home.example.jp", "example.com", "example.net")
_VISITS_MAX = 8.0  # a month: nobody lives in a shop
_LAPSED = 0.27  # came once, and hardly comes any more
_TOWN_CHOICES = (0.30, 0.22, 0.18, 0.14, 0.10, 0.06)
OPENED = date(2017, 4, 14)  # when the chain began its cards


@cache
def _names() -> dict[str, tuple[tuple[_NAME, ...], tuple[int, ...]]]:
    told = tomllib.loads(Path(__file__).with_name("names.toml").read_text(encoding="utf-8"))
    found = {}
    for key, text in told.items():
        rows = [one.split() for one in text.strip().replace("\n", "|").split("|")]
        found[key] = (
            tuple((row[0], row[1]) for row in rows),
            tuple(int(row[2]) for row in rows),
        )
    return found


def _choose(rng: random.Random, which: str) -> _NAME:
    names, weights = _names()[which]
    return rng.choices(names, weights)[0]


def everybody(business: Business, seed: str, count: int, begin: date) -> tuple[Person, ...]:
    """So many people as they were on a day; the same seed and day always the same people."""
    rng = dice(seed, "people")
    found: list[Person] = []
    while len(found) < count:
        found.append(_person(business, rng, len(found), begin))
        if len(found) < count and rng.random() < 0.06:
            found.append(_partner(business, rng, found[-1], len(found), begin))
    return tuple(_with_riddles(rng, _with_own_mail(found)))


def guest(business: Business, rng: random.Random) -> Person:
    """Somebody who buys once, without an account."""
    return _person(business, rng, rng.randrange(900_000, 999_999), OPENED)


def colleagues(
    business: Business, seed: str, locale: str = "ja"
) -> list[tuple[str, str, str, str]]:
    """Who works in the shops: (login, name, role, shop), a manager and two associates each."""
    rng = dice(seed, "colleagues")
    found = []
    for shop in business.shops:
        for number, role in enumerate(("shop_manager", "associate", "associate")):
            which = rng.choice(("women_mid", "women_young", "men_mid", "men_young"))
            family, given = _choose(rng, "family"), _choose(rng, which)
            name = f"{family[0]} {given[0]}"
            if locale == "en":
                name = f"{_latin(given[1]).title()} {_latin(family[1]).title()}"
            login = f"{shop.location_id}-{'manager' if number == 0 else number}"
            found.append((login, name, role, shop.location_id))
    return found


def _with_own_mail(found: Sequence[Person]) -> list[Person]:
    """No two have one address by chance."""
    taken: set[str] = set()
    people = []
    for number, one in enumerate(found):
        mail = one.told.get("email")
        if mail in taken:
            name, _, host = str(mail).partition("@")
            mail = f"{name}.{number}@{host}"
            one = _changed(one, told={**one.told, "email": mail})
        if mail:
            taken.add(mail)
        people.append(one)
    return people


def _person(
    business: Business, rng: random.Random, number: int, begin: date, *, home: Person | None = None
) -> Person:
    kinds = business.kinds
    kind = rng.choices(list(kinds), [habit.share for habit in kinds.values()])[0]
    habit = kinds[kind]
    youngest, oldest = habit.ages
    is_woman = rng.random() < (0.64 if home is None else 0.3)
    age = min(
        oldest,
        max(youngest, int(rng.triangular(youngest, oldest + 4, (youngest * 2 + oldest) / 3))),
    )
    born = begin.year - age
    decade = next(name for name, until in _DECADES if born < until)
    family = _choose(rng, "family") if home is None else (home.family, home.family_kana)
    given = _choose(rng, f"{'women' if is_woman else 'men'}_{decade}")
    shop, town, street = (
        _home(business, rng) if home is None else (home.shop, home.town, home.street)
    )
    is_lapsed = rng.random() < _LAPSED
    return Person(
        key=f"p{number + 1:04d}",
        family=family[0],
        given=given[0],
        family_kana=family[1],
        given_kana=given[1],
        is_woman=is_woman,
        born=born,
        shop=shop,
        town=town,
        street=street,
        kind=kind,
        visits_a_month=min(_VISITS_MAX, habit.visits * rng.lognormvariate(-0.32, 0.8))
        * (0.05 if is_lapsed else 1.0),
        online=min(0.97, max(0.02, rng.gauss(habit.online + (0.12 if age < 35 else -0.1), 0.15))),
        joined=_joined(rng, begin, is_new=habit.furnishes),
        told=_told(rng, number, family, given, age, town, street),
        cookies=tuple(f"{number * 2 + n:08x}-{rng.getrandbits(32):08x}" for n in range(2)),
        opinion=_opinion(rng),
        tastes=_tastes(business, rng),
    )  # fmt: skip


def _partner(
    business: Business, rng: random.Random, one: Person, number: int, begin: date
) -> Person:
    found = _person(business, rng, number, begin, home=one)
    return _changed(found, household=f"h-{one.key}")


def _home(business: Business, rng: random.Random) -> tuple[str, Town, str]:
    shops = business.shops
    shop = rng.choices(shops, [one.trade for one in shops])[0].location_id
    towns = business.towns[shop]
    town = rng.choices(towns, _TOWN_CHOICES[: len(towns)])[0]
    street = f"{rng.randint(1, 5)}-{rng.randint(1, 28)}-{rng.randint(1, 19)}"
    if rng.random() < 0.45:
        street += f"-{rng.randint(1, 14)}0{rng.randint(1, 8)}"
    return shop, town, street


def _joined(rng: random.Random, begin: date, *, is_new: bool) -> date:
    """Most came over the years; some in the months that are told."""
    if rng.random() < (0.30 if is_new else 0.14):
        return begin + timedelta(days=rng.randrange(0, 92))
    span = (begin - OPENED).days
    return begin - timedelta(days=1 + int(span * rng.random() ** 1.6))


def _told(
    rng: random.Random, number: int, family: _NAME, given: _NAME, age: int, town: Town, street: str
) -> dict[str, str]:
    """What the chain knows: by what each gave, never all of it."""
    found = {"name": f"{family[0]} {given[0]}", "name_kana": f"{family[1]} {given[1]}"}
    likes_screens = 1.15 if age < 45 else 0.85 if age < 65 else 0.55
    found["loyalty_card"] = (
        f"2100 {1000 + number // 100:04d} {number % 100:02d}{rng.randrange(100):02d}"
    )
    if rng.random() < 0.82 * min(1.0, likes_screens):
        found["email"] = _mail(rng, family[1], given[1], age)
    if rng.random() < 0.78:
        found["phone"] = (
            f"0{rng.choice((7, 9, 9, 9))}0-0{(number * 617 + 203) % 1000:03d}"
            f"-{rng.randrange(10_000):04d}"
        )
    if rng.random() < 0.33 * likes_screens:
        found["line_id"] = f"U{rng.getrandbits(128):032x}"
    if "email" in found and rng.random() < 0.62 * likes_screens:
        found["user_id"] = f"u-{20_000 + number}"
    if rng.random() < 0.8:
        found["postal_code"] = town.postcode
        found["address"] = f"{town.prefecture} {town.city} {town.town} {street}"
    return found


def _latin(kana: str) -> str:
    return str(jaconv.kana2alphabet(jaconv.kata2hira(kana)))


def _mail(rng: random.Random, family: str, given: str, age: int) -> str:
    a, b = _latin(family), _latin(given)
    number = rng.choice(
        [
            "",
            "",
            f"{rng.randrange(100):02d}",
            f"{rng.randrange(1, 13):02d}{rng.randrange(1, 29):02d}",
        ]
    )
    shape = rng.choice(
        [
            f"{b}.{a}",
            f"{a}.{b}",
            f"{a}{b[:1]}",
            f"{b}_{a}",
            f"{a}-{b}",
            f"{b}{(126 - age) % 100:02d}",
        ]
    )
    return f"{shape}{number}@{rng.choices(_MAIL_HOSTS, (5, 3, 2, 1, 1))[0]}"


def _tastes(business: Business, rng: random.Random) -> dict[str, str]:
    """What she prefers, by attribute of goods; not everybody does."""
    found = {}
    for name, taste in business.tastes.items():
        liked = rng.choices(taste.values, [share for *_, share in taste.values])[0][0]
        if rng.random() < taste.share:
            found[name] = liked
    return found


def _opinion(rng: random.Random) -> dict[str, float]:
    """What somebody truly thinks, from 0 to 1; no system ever learns it."""
    topics = ("goods", "price", "staff", "delivery", "site")
    mood = rng.gauss(0.0, 0.1)
    return {one: round(min(1.0, max(0.0, rng.gauss(0.66, 0.17) + mood)), 2) for one in topics}


def _changed(one: Person, **what: object) -> Person:
    return msgspec.structs.replace(one, **what)


def _with_riddles(rng: random.Random, found: Sequence[Person]) -> list[Person]:
    """What makes it hard to know who is who: a shared tablet, a mail mistyped, a card lost."""
    people = list(found)
    for number, one in enumerate(people):
        if one.household and rng.random() < 0.5:
            partner = people[number - 1]
            tablet = (partner.cookies[0], partner.cookies[1])
            people[number] = _changed(
                one, cookies=(one.cookies[0], tablet[1]), riddle="shared_tablet"
            )
        elif "email" in one.told and rng.random() < 0.012:
            name, _, host = one.told["email"].partition("@")
            told = {**one.told, "email_mistyped": f"{name[:-1]}@{host}"}
            people[number] = _changed(one, told=told, riddle="mistyped_mail")
        elif rng.random() < 0.015:
            card = f"2100 {7000 + number // 100:04d} {number % 100:02d}{rng.randrange(100):02d}"
            people[number] = _changed(
                one, told={**one.told, "second_card": card}, riddle="lost_card"
            )
    return people
