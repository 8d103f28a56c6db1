"""Zones, services, and what they offer for some goods."""

from __future__ import annotations

from datetime import date, datetime, time

import msgspec

from setten.platform.errors import Invalid, NotFound

ZONES_MAX = 200  # a call; a country has 47 prefectures and some islands
PREFIXES_MAX = 2_000  # of one zone
SERVICES_MAX = 1_000  # a call
LINES_MAX = 50  # of one question


class BadPostcode(Invalid):
    """This is not a postcode of seven digits."""

    code = "bad_postcode"


class UnknownZone(NotFound):
    """There is no such zone."""

    code = "unknown_zone"


class UnknownService(NotFound):
    """There is no such delivery service."""

    code = "unknown_delivery_service"


class Zone(msgspec.Struct, frozen=True, kw_only=True):
    """An area with one price: all postcodes that begin with one of the prefixes."""

    zone_id: str
    name_ja: str
    name_en: str
    prefixes: tuple[str, ...]


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """Carries goods from one place to one zone.

    cut_off: by the origin's clock. ship_days: mon … sun; a day on which the origin's hours say that
    it is closed is left out. lead_days: calendar days on the way. Money in minor units, tax
    included; free_from_minor: goods for this much travel free. carries: classes of goods.
    """

    service_id: str
    name_ja: str
    name_en: str
    origin: str
    zone_id: str
    cut_off: time
    ship_days: tuple[str, ...]
    lead_days_min: int
    lead_days_max: int
    fee_minor: int
    free_from_minor: int | None
    currency: str
    carries: tuple[str, ...]


class Wanted(msgspec.Struct, frozen=True):
    """Units of one sku that are to be brought to somebody."""

    sku: str
    qty: int


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """A way to bring all of it: ordered by `order_by`, it arrives between two days, inclusive."""

    service_id: str
    name_ja: str
    name_en: str
    origin: str
    order_by: datetime
    ships_on: date
    arrives_from: date
    arrives_to: date
    fee_minor: int
    currency: str


class Excluded(msgspec.Struct, frozen=True, kw_only=True):
    """Why a service cannot: not_enough_stock, not_carried (both with skus), paused (its place sends
    nothing at this moment) or not_shipping."""

    service_id: str
    origin: str
    reason: str
    skus: tuple[str, ...] = ()


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """What can be offered, soonest first. zone: None where nobody delivers."""

    zone: Zone | None
    options: tuple[Option, ...] = ()
    excluded: tuple[Excluded, ...] = ()
