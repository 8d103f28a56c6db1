"""The published tables as files that our imports read: headings and events, nothing counted.

Each is made the same, byte for byte, whenever it is made for the same year.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq

from setten.demo.real import rows
from setten.demo.real.year import Year

_encode = msgspec.json.Encoder().encode
TRAITS = ("age", "income", "home_ownership", "marital_status", "household_size",
           "household_comp", "kids_count")  # fmt: skip
_LIES = timedelta(days=28)
"""A shop has what it sold in so long and what it will sell; the tables tell of no stock."""
_SPARE = 2


def card(household: int) -> str:
    """A household's card, as the mapping of the tills writes it."""
    return f"HH-{household}"


def places(tables: Path, file: Path, _: Year) -> None:
    """Shops by their numbers; more is not told of them."""
    with file.open("w", encoding="utf-8", newline="") as out:
        write = csv.writer(out).writerow
        write(("location_id", "name", "name_en", "kind", "timezone"))
        for number in rows.shops(tables):
            write((number, f"{number}号店", f"Store {number}", "shop", "America/New_York"))


def goods(tables: Path, file: Path, _: Year) -> None:
    """Products as a list of items, at the price that stood on the shelf when one was sold last."""
    prices = rows.prices(tables)
    with file.open("w", encoding="utf-8", newline="") as out:
        write = csv.writer(out).writerow
        write(("sku", "name", "brand", "category", "size", "price", "department", "manufacturer"))
        for row in _rows(tables / "products.parquet"):
            name = row["product_type"] or row["product_category"] or row["department"]
            category, size = row["product_category"] or "", row["package_size"] or ""
            named = f"{_words(name)}, {size.lower()}" if size else _words(name)
            price = prices.get(row["product_id"])
            write((row["product_id"], named, row["brand"], category, size,
                   f"{price:.2f}" if price else "", row["department"],
                   row["manufacturer_id"]))  # fmt: skip


def households(tables: Path, file: Path, year: Year) -> None:
    """What households told of themselves, on the first day."""
    told_at = (datetime(2017, 1, 1) + year.moved).isoformat()  # noqa: DTZ001 - the shops' clocks
    with file.open("w", encoding="utf-8", newline="") as out:
        write = csv.writer(out).writerow
        write(("loyalty_card", "updated_at", *TRAITS))
        for row in _rows(tables / "demographics.parquet"):
            said = (row[name] or "" for name in TRAITS)
            write((card(row["household_id"]), told_at, *said))


def tills(tables: Path, file: Path, year: Year) -> None:
    """Lines of receipts that are past, on the clocks of the shops."""
    rows.write_tills(tables, file, moved=year.moved, until=year.local_until)


def stock(tables: Path, file: Path, year: Year) -> None:
    """What lies in shops, so that what is sold from now on is there."""
    since = year.local_until - _LIES
    with file.open("w", encoding="utf-8", newline="") as out:
        write = csv.writer(out).writerow
        write(("sku", "location_id", "qty"))
        for place, sku, sold in rows.sold_since(tables, moved=year.moved, since=since):
            write((sku, place, sold + _SPARE))


def letters(tables: Path, file: Path, year: Year) -> None:
    """Whom a campaign reached, on its first day."""
    _write(file, (one for one in letters_of(tables, year) if year.is_past(one[0])))


def redemptions(tables: Path, file: Path, year: Year) -> None:
    """Coupons that were given at a till."""
    _write(file, (one for one in redemptions_of(tables, year) if year.is_past(one[0])))


def _write(file: Path, told: Iterator[tuple[datetime, dict[str, Any]]]) -> None:
    with file.open("wb") as out:
        for _, event in told:
            out.write(_encode(event) + b"\n")


def letters_of(tables: Path, year: Year) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """Each letter with its moment, past or not."""
    campaigns = {
        row["campaign_id"]: (row["campaign_type"], row["start_date"], row["end_date"])
        for row in _rows(tables / "campaign_descriptions.parquet")
    }
    for row in _rows(tables / "campaigns.parquet"):
        kind, begin, end = campaigns[row["campaign_id"]]
        said = {"campaign_id": str(row["campaign_id"]), "kind": kind,
                "title": f"Campaign {row['campaign_id']} ({kind})",
                "until": year.on(end).date().isoformat()}  # fmt: skip
        name = f"campaign-{row['campaign_id']}-{row['household_id']}"
        at = year.on(begin)
        yield at, _event(name, "Message Delivered", row["household_id"], at, said)


def redemptions_of(tables: Path, year: Year) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """Each coupon that was given, with its moment, past or not."""
    met: dict[str, int] = {}
    for row in _rows(tables / "coupon_redemptions.parquet"):
        said = {"coupon_id": str(row["coupon_upc"]), "campaign_id": str(row["campaign_id"])}
        published = row["redemption_date"]
        name = f"coupon-{row['coupon_upc']}-{row['household_id']}-{published:%Y%m%d}"
        met[name] = met.get(name, 0) + 1  # one coupon twice on one day are two
        at = year.on(published)
        yield at, _event(f"{name}-{met[name]}", "Coupon Applied", row["household_id"], at, said)


def _event(
    name: str, event: str, household: int, at: datetime, said: dict[str, Any]
) -> dict[str, Any]:
    return {
        "messageId": f"completejourney-{name}",
        "type": "track",
        "event": event,
        "timestamp": at.isoformat(),
        "context": {"traits": {"loyalty_card": card(household)}},
        "properties": said,
    }


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    table = pq.ParquetFile(file)
    for batch in table.iter_batches():
        yield from batch.to_pylist()


def _words(name: str) -> str:
    """Names of the data are in capitals."""
    return name.capitalize()
