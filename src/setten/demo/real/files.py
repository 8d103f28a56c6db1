"""The published tables as files that our imports read: headings and events, nothing counted."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pyarrow.parquet as pq

ZONE = ZoneInfo("America/New_York")
_NOON = timedelta(hours=12)  # of a day that has no hour
_encode = msgspec.json.Encoder().encode
TRAITS = ("age", "income", "home_ownership", "marital_status", "household_size",
           "household_comp", "kids_count")  # fmt: skip


def card(household: int) -> str:
    """A household's card, as the mapping of the tills writes it."""
    return f"HH-{household}"


def goods(tables: Path, file: Path) -> None:
    """Products as a list of items."""
    with file.open("w", encoding="utf-8", newline="") as out:
        write = csv.writer(out).writerow
        write(("sku", "name", "brand", "category", "size", "department", "manufacturer"))
        for row in _rows(tables / "products.parquet"):
            name = row["product_type"] or row["product_category"] or row["department"]
            category, size = row["product_category"] or "", row["package_size"] or ""
            write((row["product_id"], _words(name), row["brand"], category, size,
                   row["department"], row["manufacturer_id"]))  # fmt: skip


def households(tables: Path, file: Path) -> None:
    """What households told of themselves."""
    with file.open("w", encoding="utf-8", newline="") as out:
        write = csv.writer(out).writerow
        write(("loyalty_card", "updated_at", *TRAITS))
        for row in _rows(tables / "demographics.parquet"):
            said = (row[name] or "" for name in TRAITS)
            write((card(row["household_id"]), "2017-01-01T00:00:00", *said))


def letters(tables: Path, file: Path) -> None:
    """Whom a campaign reached, on its first day."""
    campaigns = {
        row["campaign_id"]: (row["campaign_type"], _day(row["start_date"]), _day(row["end_date"]))
        for row in _rows(tables / "campaign_descriptions.parquet")
    }
    with file.open("wb") as out:
        for row in _rows(tables / "campaigns.parquet"):
            kind, begin, end = campaigns[row["campaign_id"]]
            said = {"campaign_id": str(row["campaign_id"]), "kind": kind,
                    "until": end.date().isoformat()}  # fmt: skip
            name = f"campaign-{row['campaign_id']}-{row['household_id']}"
            out.write(_event(name, "Campaign Received", row["household_id"], begin, said))


def redemptions(tables: Path, file: Path) -> None:
    """Coupons that were given at a till."""
    met: dict[str, int] = {}
    with file.open("wb") as out:
        for row in _rows(tables / "coupon_redemptions.parquet"):
            said = {"coupon_id": str(row["coupon_upc"]), "campaign_id": str(row["campaign_id"])}
            at = _day(row["redemption_date"])
            name = f"coupon-{row['coupon_upc']}-{row['household_id']}-{at:%Y%m%d}"
            met[name] = met.get(name, 0) + 1  # one coupon twice on one day are two
            number = f"{name}-{met[name]}"
            out.write(_event(number, "Coupon Applied", row["household_id"], at, said))


def _event(name: str, event: str, household: int, at: datetime, said: dict[str, Any]) -> bytes:
    told = {
        "messageId": f"completejourney-{name}",
        "type": "track",
        "event": event,
        "timestamp": at.isoformat(),
        "context": {"traits": {"loyalty_card": card(household)}},
        "properties": said,
    }
    return _encode(told) + b"\n"


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    table = pq.ParquetFile(file)
    for batch in table.iter_batches():
        yield from batch.to_pylist()


def _day(at: datetime) -> datetime:
    return datetime(at.year, at.month, at.day, tzinfo=ZONE) + _NOON


def _words(name: str) -> str:
    """Names of the data are in capitals."""
    return name.capitalize()
