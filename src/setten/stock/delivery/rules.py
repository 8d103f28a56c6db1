"""What a zone and a service may be, and when something arrives."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from setten.stock.catalog import Item
from setten.stock.delivery.model import (
    PREFIXES_MAX,
    BadPostcode,
    Excluded,
    Option,
    Service,
    Wanted,
    Zone,
)
from setten.stock.hours import WEEKDAYS
from setten.stock.locations import Location

# Of an item's attributes: who may carry it. Whatever says nothing is a parcel.
CLASS = "delivery_class"
PARCEL = "parcel"
SHIPS_WITHIN_DAYS = 21  # New Year's holidays are over by then; later is no promise
LEAD_DAYS_MAX = 60
_DIGITS = 7
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,59}")
_PREFIX = re.compile(r"[0-9]{1,7}")
_CLASS_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_MONEY_MAX = 2**53


def postcode(said: str) -> str:
    """Seven digits out of what people write: 〒１８０−０００４, 180-0004. Raises BadPostcode."""
    plain = re.sub(r"[\s〒ー−‐‑–—-]", "", unicodedata.normalize("NFKC", said[:40]))
    if not re.fullmatch(rf"[0-9]{{{_DIGITS}}}", plain):
        raise BadPostcode()
    return plain


def prefixes_of(code: str) -> list[str]:
    """Every beginning of a postcode."""
    return [code[:length] for length in range(1, len(code) + 1)]


def check_zone(zone: Zone) -> str | None:
    """Why a zone cannot be kept, as a code; None when it can."""
    if not _ID.fullmatch(zone.zone_id):
        return "bad_zone_id"
    if not _is_name(zone.name_ja) or not _is_name(zone.name_en):
        return "bad_name"
    if not 1 <= len(zone.prefixes) <= PREFIXES_MAX:
        return "bad_prefixes"
    return None if all(_PREFIX.fullmatch(one) for one in zone.prefixes) else "bad_prefixes"


def check_service(service: Service) -> str | None:
    """Why a service cannot be kept, as a code; None when it can."""
    if not _ID.fullmatch(service.service_id):
        return "bad_service_id"
    if not _is_name(service.name_ja) or not _is_name(service.name_en):
        return "bad_name"
    if not service.ship_days or not set(service.ship_days) <= set(WEEKDAYS):
        return "bad_ship_days"
    if not 0 <= service.lead_days_min <= service.lead_days_max <= LEAD_DAYS_MAX:
        return "bad_lead_days"
    if not 0 <= service.fee_minor < _MONEY_MAX or not 0 <= (service.free_from_minor or 0) < 2**53:
        return "bad_fee"
    if not _CURRENCY.fullmatch(service.currency):
        return "bad_currency"
    if not service.carries or not all(_CLASS_NAME.fullmatch(one) for one in service.carries):
        return "bad_carries"
    return None


def _is_name(text: str) -> bool:
    return 0 < len(text.strip()) <= 200 and "\x00" not in text


def taken_twice(zones: Sequence[Zone]) -> set[str]:
    """Prefixes that more than one of the zones wants."""
    counts = Counter(prefix for zone in zones for prefix in set(zone.prefixes))
    return {prefix for prefix, count in counts.items() if count > 1}


def lacking(wanted: Sequence[Wanted], here: Mapping[str, int]) -> tuple[str, ...]:
    """Skus of which there are fewer than wanted. here: promisable units by sku."""
    return tuple(line.sku for line in wanted if here.get(line.sku, 0) < line.qty)


def not_carried(service: Service, items: Sequence[Item]) -> tuple[str, ...]:
    """Skus that this service does not take."""
    carried = set(service.carries)
    return tuple(one.sku for one in items if one.attributes.get(CLASS, PARCEL) not in carried)


def option(
    service: Service, origin: Location, *, subtotal_minor: int | None, now: datetime
) -> Option | Excluded:
    """When it would arrive and what it costs. subtotal_minor: of the goods; None: not known."""
    zone = ZoneInfo(origin.timezone)
    ships_on = _ships_on(service, origin, now.astimezone(zone))
    if ships_on is None:
        return Excluded(service_id=service.service_id, origin=service.origin, reason="not_shipping")
    return Option(
        service_id=service.service_id,
        name_ja=service.name_ja,
        name_en=service.name_en,
        origin=service.origin,
        order_by=datetime.combine(ships_on, service.cut_off, zone).astimezone(UTC),
        ships_on=ships_on,
        arrives_from=ships_on + timedelta(days=service.lead_days_min),
        arrives_to=ships_on + timedelta(days=service.lead_days_max),
        fee_minor=fee_minor(service, subtotal_minor),
        currency=service.currency,
    )


def _ships_on(service: Service, origin: Location, local: datetime) -> date | None:
    closed = origin.hours.get("days", {})
    first = 0 if local.time() < service.cut_off else 1
    for offset in range(first, SHIPS_WITHIN_DAYS + 1):
        day = local.date() + timedelta(days=offset)
        if WEEKDAYS[day.weekday()] in service.ship_days and closed.get(day.isoformat()) != []:
            return day
    return None


def fee_minor(service: Service, subtotal_minor: int | None) -> int:
    """What it costs; nothing when the goods are worth enough."""
    free_from = service.free_from_minor
    if free_from is not None and subtotal_minor is not None and subtotal_minor >= free_from:
        return 0
    return service.fee_minor
