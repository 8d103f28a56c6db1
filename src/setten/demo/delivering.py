"""Who delivers for the demo shop: zones over all of Japan, parcels and furniture from one place."""

from __future__ import annotations

import tomllib
from datetime import datetime, time
from pathlib import Path

import msgspec

from setten.platform.db import Connection
from setten.stock import delivery
from setten.stock.delivery import Service, Zone
from setten.stock.hours import WEEKDAYS

ORIGIN = "warehouse"
LARGE = "large"
FREE_FROM = 11_000  # what a basket must be worth for its parcel to travel free, yen
_NAMES = {
    "parcel": ("宅配便", "Parcel"),
    "furniture": ("家具便（開梱・設置）", "Furniture, set up"),
}


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """A zone of the demo. parcel, furniture: fee in yen, days on the way; None: not there."""

    zone_id: str
    name_ja: str
    name_en: str
    prefixes: tuple[str, ...]
    parcel: tuple[int, int, int] | None = None
    furniture: tuple[int, int, int] | None = None


class _Areas(msgspec.Struct, frozen=True):
    zones: list[Area]


def load() -> list[Area]:
    """The areas, as the file tells them."""
    text = Path(__file__).with_name("delivery.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), _Areas).zones


async def seed(conn: Connection, *, now: datetime) -> None:
    """Keep all areas and their services. The places must be there."""
    areas = load()
    zones = [
        Zone(zone_id=a.zone_id, name_ja=a.name_ja, name_en=a.name_en, prefixes=a.prefixes)
        for a in areas
    ]
    refused = await delivery.put_zones(conn, zones, now=now)
    refused += await delivery.put_services(
        conn, [one for area in areas for one in services(area)], now=now
    )
    assert not refused, refused


def services(area: Area) -> list[Service]:
    """What goes there: parcels on every day, furniture on working days."""
    offered = {"parcel": area.parcel, "furniture": area.furniture}
    return [_service(area, name, *terms) for name, terms in offered.items() if terms]


def _service(area: Area, name: str, fee: int, soonest: int, latest: int) -> Service:
    is_parcel = name == "parcel"
    return Service(
        service_id=f"{name}-{area.zone_id}",
        name_ja=_NAMES[name][0],
        name_en=_NAMES[name][1],
        origin=ORIGIN,
        zone_id=area.zone_id,
        cut_off=time(15 if is_parcel else 12),
        ship_days=WEEKDAYS if is_parcel else WEEKDAYS[:5],
        lead_days_min=soonest,
        lead_days_max=latest,
        fee_minor=fee,
        free_from_minor=FREE_FROM if is_parcel else None,
        currency="JPY",
        carries=("parcel",) if is_parcel else ("parcel", LARGE),
    )
