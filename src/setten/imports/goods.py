"""Items, places and levels of stock. What a file does not say stays as it is."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from setten.imports import converting
from setten.imports.kind import Kind, Setup, Taken
from setten.imports.mapping import MONEY, Field
from setten.imports.model import CHANGED, NEW, SAME, BadRow, Outcome, Values, refused
from setten.platform.db import Connection
from setten.stock import catalog, ledger, locations, movements, sets
from setten.stock.catalog import Item
from setten.stock.hours import WEEKDAYS
from setten.stock.ledger import Key
from setten.stock.locations import Location
from setten.stock.movements import Movement

SEEN_MAX = 2_000_000  # levels that are known again, in some 130 MB; beyond, the last counts
ATTRIBUTES = ("brand", "category", "colour", "size")
_KINDS = {"shop": "shop", "store": "shop", "店": "shop", "店舗": "shop", "直営店": "shop",
          "warehouse": "warehouse", "depot": "warehouse", "倉庫": "warehouse",
          "物流センター": "warehouse", "online": "online", "ec": "online", "web": "online",
          "オンライン": "online", "通販": "online", "ネット": "online"}  # fmt: skip
_DAYS = dict(zip("月火水木金土日", WEEKDAYS, strict=True)) | {day: day for day in WEEKDAYS}


class Items(Kind):
    """What is sold, one sku a row. Other columns become attributes where the mapping names them."""

    name = "items"
    rows_a_commit = catalog.ITEMS_MAX
    keeps_more = True
    fields = (
        Field("sku", "code", must=True),
        Field("name"),
        Field("name_en"),
        Field("gtin", "code"),
        Field("product_id", "code"),
        Field("price", MONEY),
        Field("tax_rate", "rate"),
        Field("tax_included", "yes_no"),
        *(Field(one) for one in ATTRIBUTES),
    )

    def read(self, row: Values) -> dict[str, Any]:
        """A row as the fields of an item that it says."""
        found = self.reader.read(row)
        said: dict[str, Any] = {"sku": found["sku"]}
        for ours, theirs in (("name", "name_ja"), ("name_en", "name_en"), ("gtin", "gtin_written"),
                             ("product_id", "product_id"), ("tax_rate", "tax_rate"),
                             ("tax_included", "tax_included")):  # fmt: skip
            if ours in found:
                said[theirs] = found[ours]
        if "price" in found:
            said["price_minor"] = found["price"]
            said["currency"] = self.setup.columns.currency.upper()
        more = self.reader.more(row) | {one: found[one] for one in ATTRIBUTES if one in found}
        if more:
            said["attributes"] = more
        return said

    async def take(
        self, conn: Connection, rows: Sequence[dict[str, Any]], *, now: datetime
    ) -> Taken:
        """Make or change items; the last of several rows of one sku counts."""
        known = await catalog.find_many(conn, [row["sku"][:200] for row in rows if _is_clean(row)])
        standing = dict(known)
        outcomes: list[Outcome] = []
        wanted: list[tuple[int, Item]] = []
        for index, row in enumerate(rows):
            before = standing.get(row["sku"])
            item = _item(before, row)
            outcomes.append(NEW if before is None else SAME if item == before else CHANGED)
            if item != before:
                wanted.append((index, item))
                if catalog.check(item) is None:
                    standing[item.sku] = item
        away = await catalog.put(conn, [item for _, item in wanted], now=now)
        for one in away:
            outcomes[wanted[one.index][0]] = refused(one.reason)
        return Taken(outcomes)


def _is_clean(row: dict[str, Any]) -> bool:
    return "\x00" not in row["sku"]


def _item(before: Item | None, row: dict[str, Any]) -> Item:
    said = dict(row)
    if "gtin_written" in said:
        said["gtin"] = catalog.gtin14(said["gtin_written"])
    if before is None:
        name = row.get("name_ja") or row.get("name_en") or row["sku"]
        return Item(**{"name_ja": name, "name_en": name, **said})
    if "attributes" in said:
        said["attributes"] = before.attributes | said["attributes"]
    return msgspec.structs.replace(before, **said)


class Locations(Kind):
    """Shops, warehouses, the online shop, one a row."""

    name = "locations"
    rows_a_commit = locations.LOCATIONS_MAX
    fields = (
        Field("location_id", "code", must=True),
        Field("name"),
        Field("name_en"),
        Field("kind", "code"),
        Field("lat", "code"),
        Field("lon", "code"),
        Field("timezone", "code"),
        Field("hours", "code"),
        Field("closed_on", "code"),
    )

    def read(self, row: Values) -> dict[str, Any]:
        """A row as the fields of a place that it says."""
        found = self.reader.read(row)
        said: dict[str, Any] = {"location_id": found["location_id"]}
        said |= {key: found[key] for key in ("timezone", "name_en") if key in found}
        if "name" in found:
            said["name_ja"] = found["name"]
        if "kind" in found:
            said["kind"] = _KINDS.get(found["kind"].casefold(), found["kind"])
        for key in ("lat", "lon"):
            if key in found:
                try:
                    said[key] = float(found[key])
                except ValueError:
                    raise BadRow("bad_value", key) from None
        if "hours" in found:
            said["hours"] = hours_of(found["hours"], found.get("closed_on", ""))
        return said

    async def take(
        self, conn: Connection, rows: Sequence[dict[str, Any]], *, now: datetime
    ) -> Taken:
        """Make or change places."""
        clean = [row["location_id"] for row in rows if "\x00" not in row["location_id"]]
        standing = dict(await locations.find_many(conn, clean))
        outcomes: list[Outcome] = []
        wanted: list[tuple[int, Location]] = []
        for index, row in enumerate(rows):
            before = standing.get(row["location_id"])
            place = _place(before, row)
            outcomes.append(NEW if before is None else SAME if place == before else CHANGED)
            if place != before:
                wanted.append((index, place))
                if locations.check(place) is None:
                    standing[place.location_id] = place
        for one in await locations.put(conn, [place for _, place in wanted], now=now):
            outcomes[wanted[one.index][0]] = refused(one.reason)
        return Taken(outcomes)


def _place(before: Location | None, row: dict[str, Any]) -> Location:
    if before is not None:
        return msgspec.structs.replace(before, **row)
    name = row.get("name_ja") or row.get("name_en") or row["location_id"]
    return Location(**{"kind": "shop", "name_ja": name, "name_en": name, **row})


def hours_of(text: str, closed_on: str) -> dict[str, Any]:
    """Opening hours as people write them: "10:00-20:00", closed on "水" or "wed, thu".

    Hours that differ by day are JSON, as the server API takes them. Raises BadRow.
    """
    if text.startswith("{"):
        try:
            found = msgspec.json.decode(text)
        except msgspec.DecodeError:
            raise BadRow("bad_hours") from None
        return found if isinstance(found, dict) else {"": None}
    opens, dash, closes = text.replace("〜", "-").replace("~", "-").replace("–", "-").partition("-")
    if not dash:
        raise BadRow("bad_hours")
    span = [_clock(opens), _clock(closes)]
    closed = _closed(closed_on)
    return {day: [span] for day in WEEKDAYS if day not in closed}


def _clock(text: str) -> str:
    hour, colon, minute = text.strip().partition(":")
    if not (colon and hour.isdecimal() and minute.isdecimal()):
        raise BadRow("bad_hours")
    return f"{int(hour):02}:{minute}"


def _closed(text: str) -> set[str]:
    said = converting.narrow(text).casefold().replace("曜日", "").replace("曜", "")
    words = said.replace("、", ",").replace("・", ",").replace("/", ",").split(",")
    days = {word.strip()[:3] if word.isascii() else word.strip() for word in words} - {"", "なし"}
    strange = {day for day in days if day not in _DAYS}
    if strange - {"無休", "年中無休", "non"}:
        raise BadRow("bad_value", "closed_on")
    return {_DAYS[day] for day in days if day in _DAYS}


class Level(msgspec.Struct, frozen=True):
    """What lies in a place. was: what it must be now for this to be set; None whatever it is."""

    sku: str | None
    gtin: str | None
    location_id: str
    qty: int
    was: int | None


class Stock(Kind):
    """Levels of stock, one item of one place a row: compared under lock, and set by a count."""

    name = "stock"
    rows_a_commit = movements.MOVEMENTS_MAX
    is_set_once = True
    fields = (
        Field("sku", "code"),
        Field("gtin", "code"),
        Field("location_id", "code", must=True),
        Field("qty", "whole", must=True),
        Field("was", "whole"),
    )

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self._seen: set[int] = set()

    def read(self, row: Values) -> Level:
        """A row as a level. Of two of one item and place in a file the first counts."""
        found = self.reader.read(row)
        if "sku" not in found and "gtin" not in found:
            raise BadRow("empty", "sku")
        if self._is_again(hash((found.get("sku"), found.get("gtin"), found["location_id"]))):
            raise BadRow("twice")
        return Level(
            found.get("sku"), found.get("gtin"), found["location_id"], found["qty"],
            found.get("was"),
        )  # fmt: skip

    def pass_over(self, row: Values) -> None:
        """Remember which level a row set that an earlier run took in."""
        with contextlib.suppress(BadRow):
            self.read(row)

    def _is_again(self, known: int) -> bool:
        if known in self._seen:
            return True
        if len(self._seen) < SEEN_MAX:
            self._seen.add(known)
        return False

    async def take(self, conn: Connection, rows: Sequence[Level], *, now: datetime) -> Taken:
        """Set what differs; each is a count in the ledger, so every number still opens."""
        by_gtin = await catalog.skus_of(conn, [one.gtin for one in rows if one.gtin])
        keys = [(one.sku or by_gtin.get(one.gtin or "", ""), one.location_id) for one in rows]
        clean = [key for key in keys if "\x00" not in key[0] + key[1]]
        skus = await catalog.known(conn, [sku for sku, _ in clean])
        places = await locations.known(conn, [place for _, place in clean])
        parts = await sets.parts_of(conn, sorted(skus))
        outcomes = _sorted_out(keys, skus, places, frozenset(parts))
        wanted = {key for key, why in zip(keys, outcomes, strict=True) if why is None}
        await ledger.ensure(conn, wanted)
        balances = await ledger.lock(conn, wanted)
        untouched = await ledger.untouched(conn, wanted)
        counted: list[tuple[int, Movement]] = []
        for index, (row, key) in enumerate(zip(rows, keys, strict=True)):
            if outcomes[index] is not None:
                continue
            there = balances[key].physical
            if row.was is not None and row.was != there:
                outcomes[index] = refused("stock_differs")
            elif row.qty == there:
                outcomes[index] = SAME
            else:
                outcomes[index] = NEW if key in untouched else CHANGED
                move = Movement(kind="count", sku=key[0], location_id=key[1], qty=row.qty)
                counted.append((index, move))
        booked = await movements.book(
            conn, [move for _, move in counted], by=self.setup.options.by, now=now
        )
        for one in booked.refused:
            outcomes[counted[one.index][0]] = refused(one.reason)
        return Taken([one or SAME for one in outcomes], {"made_short": len(booked.short)})


def _sorted_out(
    keys: Sequence[Key], skus: frozenset[str], places: frozenset[str], made_up: frozenset[str]
) -> list[Outcome | None]:
    """Which rows cannot be, before anything is locked. made_up: sets, that lie nowhere."""
    seen: set[Key] = set()
    outcomes: list[Outcome | None] = []
    for key in keys:
        why = None
        if key[0] not in skus:
            why = refused("unknown_item")
        elif key[1] not in places:
            why = refused("unknown_location")
        elif key[0] in made_up:
            why = refused("is_a_set")
        elif key in seen:
            why = refused("twice")
        seen.add(key)
        outcomes.append(why)
    return outcomes
