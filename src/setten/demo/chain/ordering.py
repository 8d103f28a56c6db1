"""Orders through the business's own checkout: to which door, how paid, when its parcel goes on."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from setten.demo.chain import calendar, people
from setten.demo.chain.browsing import Session
from setten.demo.chain.business import Business
from setten.demo.chain.catalogue import WAREHOUSE
from setten.demo.chain.model import Deed, Kind, Line, Person

CUT_OFF_HOUR = 14  # what comes in later leaves on the next day
_LATE, _LATE_DAYS = 0.05, 2
_SEES_FIRST = 0.2  # of those who would order what is large or sent for nothing
_PAYS = (("card", "captured", 71), ("wallet", "captured", 17), ("transfer", "intended", 5),
         ("on_delivery", "intended", 7))  # fmt: skip


def bought(
    business: Business, rng: random.Random, session: Session, who: Person | None,
    lines: tuple[Line, ...], ref: str,
) -> Deed:  # fmt: skip
    """The order itself. said: the address in the product's words, and how it is paid."""
    method, state, _ = rng.choices(_PAYS, [share for *_, share in _PAYS])[0]
    address = _address(who or people.guest(business, rng))
    return Deed(
        at=session.at, kind=Kind.bought, ref=ref, who=who.key if who else None,
        cookie=session.cookie, place=WAREHOUSE, lines=lines, source=session.source,
        said={"address": address, "pay": method, "paid": state}, cause=session.cause,
    )  # fmt: skip


def sees_first(
    business: Business, rng: random.Random, who: Person, lines: tuple[Line, ...], fee: int
) -> bool:
    """Whether she wants to touch it in her shop before she orders it there, by the code of her
    cart: what is sent for nothing, or by the furniture's own service."""
    is_large = any(business.by_sku[line.sku].is_large for line in lines)
    if "user_id" not in who.told or (fee and not is_large):
        return False
    return rng.random() < _SEES_FIRST


def at_counter(who: Person, left: Deed, at: datetime, ref: str) -> Deed:
    """A cart that was left at a screen, ordered at the counter of her shop by its code."""
    said: dict[str, object] = {
        "address": _address(who),
        "pay": "card",
        "paid": "captured",
        "shown_at": who.shop,
    }
    return Deed(
        at=at, kind=Kind.bought, ref=ref, who=who.key, cookie=left.cookie, place=WAREHOUSE,
        lines=left.lines, source="store", said=said, cause=left.cause,
    )  # fmt: skip


def _address(who: Person) -> dict[str, str]:
    return {
        "name": f"{who.family} {who.given}", "postcode": who.town.postcode,
        "region": who.town.prefecture, "city": who.town.city,
        "street": f"{who.town.town} {who.street}", "phone": who.told.get("phone", ""),
    }  # fmt: skip


def steps(business: Business, rng: random.Random, order: Deed) -> Iterator[Deed]:
    """How its parcel is picked, packed, sent and delivered, on this day or later ones."""
    is_large = any(business.by_sku[line.sku].is_large for line in order.lines)
    leaves = _leaves(rng, order.at, is_large=is_large)
    days = rng.choice((1, 1, 2)) + is_large
    arrives = calendar.clock(leaves.date() + timedelta(days=days), "09:00") + timedelta(
        minutes=rng.triangular(0, 690, 260)
    )
    for step, at in (
        ("picked", leaves - timedelta(minutes=rng.triangular(70, 160, 100))),
        ("packed", leaves - timedelta(minutes=rng.triangular(15, 60, 30))),
        ("shipped", leaves),
        ("delivered", arrives),
    ):
        kind = Kind.sent if step == "shipped" else Kind.step
        yield msgspec.structs.replace(
            order, at=at, kind=kind, said={"step": step, "number": _number(order)}, cause=""
        )


def _leaves(rng: random.Random, at: datetime, *, is_large: bool) -> datetime:
    day = at.date()
    if at.hour >= CUT_OFF_HOUR:
        day += timedelta(days=1)
    if rng.random() < _LATE:
        day += timedelta(days=_LATE_DAYS)
    while is_large and day.weekday() >= calendar.HOLIDAY:
        day += timedelta(days=1)
    return calendar.clock(day, "17:10") + timedelta(minutes=rng.triangular(0, 50, 20))


def _number(order: Deed) -> str:
    """What stands on the parcel: twelve digits, as carriers write them."""
    digits = f"{random.Random(order.ref).randrange(10**10):010d}"  # noqa: S311 - a story
    return f"49{digits[:2]}-{digits[2:6]}-{digits[6:]}"
