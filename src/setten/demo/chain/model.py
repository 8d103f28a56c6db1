"""What there is in the demo's chain and what happens in it. Data only."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

import msgspec


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    """A shop. weekday, weekend: opening and closing clock. trade: customers against the average.

    hours: how busy it is by hour from midnight, where that is not as in a shop of goods.
    """

    location_id: str
    name_ja: str
    name_en: str
    lat: float
    lon: float
    weekday: tuple[str, str]
    weekend: tuple[str, str]
    region: str
    trade: float
    hours: tuple[float, ...] = ()


class Town(msgspec.Struct, frozen=True, array_like=True):
    """Where customers live: of one postcode, about at a point."""

    postcode: str
    prefecture: str
    city: str
    town: str
    lat: float
    lon: float


class Good(msgspec.Struct, frozen=True, kw_only=True):
    """One thing the chain sells. price in yen, tax included; seasons: spring to winter.

    weight: how often it is chosen. at_home: how likely it is in the basket of a new home. daily:
    filled up where it is sold each morning (dishes, seats, hours with an adviser), by no truck.
    """

    sku: str
    gtin: str
    product_id: str
    name_ja: str
    name_en: str
    attributes: dict[str, str]
    price: int
    weight: float
    is_large: bool
    at_home: float
    seasons: tuple[float, float, float, float]
    rain: float = 1.0
    daily: bool = False


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A customer as she truly is; which of it the chain was told stands in `told`.

    key: the truth's own name for her. kind: what moves her to buy. a day's chance to do something
    is visits_a_month / 30. cookies: her browsers, one of them maybe shared with another.
    """

    key: str
    family: str
    given: str
    family_kana: str
    given_kana: str
    is_woman: bool
    born: int
    shop: str
    town: Town
    street: str
    kind: str
    visits_a_month: float
    online: float
    joined: date
    told: dict[str, str]
    cookies: tuple[str, ...]
    household: str | None = None
    riddle: str | None = None
    opinion: dict[str, float] = {}
    tastes: dict[str, str] = {}


class Kind(StrEnum):
    """What happened."""

    opening = "opening"  # the first count of a place
    supply = "supply"  # goods from makers into the warehouse
    truck = "truck"  # leaves the warehouse for a shop, once a week
    arrival = "arrival"  # the same truck is counted in
    damage = "damage"
    counted = "count"
    sale = "sale"  # at a till
    refund = "refund"  # one unit of an earlier sale comes back over the desk
    till_refund = "till_refund"  # the same at a till, on a receipt of its own
    order = "order"  # online
    dispatch = "dispatch"  # what was ordered online leaves the warehouse
    bought = "bought"  # online, through the product's own checkout
    step = "step"  # its parcel is picked, packed, delivered
    sent = "sent"  # its parcel leaves the warehouse
    cart = "cart"  # a cart that is filled and left
    hold = "hold"  # put aside in a shop, paid for there by a later sale or never
    ready = "ready"  # what was put aside is fetched from the shelf
    kept = "kept"  # whoever reserved it came, and nothing is paid at a till
    event = "event"  # something told by a tag, an app, a mail …
    words = "words"  # somebody wrote or called; staff wrote it down


class Line(msgspec.Struct, frozen=True, array_like=True):
    """Units of one sku. amount: of the whole line after discount and coupon, yen, signed as qty."""

    sku: str
    qty: int
    amount: int = 0
    discount: int = 0
    coupon: int = 0


class Deed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened. who: the key of a person, None for a stranger.

    place: of stock; channel and source: where it was told. ref: its own number (receipt, order,
    truck); of: the ref of the sale that a refund is of. said: what an event carries.
    cause: why it happened, for the truth alone.
    """

    at: datetime
    kind: Kind
    ref: str = ""
    who: str | None = None
    place: str = ""
    lines: tuple[Line, ...] = ()
    source: str = ""
    cookie: str = ""
    of: str = ""
    said: dict[str, object] = {}
    register: str = ""
    tender: str = ""
    points: int = 0  # of what is paid, by points of the card
    coupon: str = ""
    cause: str = ""


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """One day of the chain: its deeds by time, and the regions where it rained."""

    day: date
    deeds: tuple[Deed, ...]
    rain: frozenset[str]
    sale: str | None
