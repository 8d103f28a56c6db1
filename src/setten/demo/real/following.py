"""The rest of the year, told over the public HTTP API when it happens, until the year is over."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from setten.customers import ingest
from setten.demo import growing, telling
from setten.demo.real import files, rows
from setten.demo.real.bringing import MAIL, STORE, SYSTEM_NAME, keep, kept, tables
from setten.demo.real.year import ZONE, Year
from setten.demo.telling import Client
from setten.platform import db
from setten.platform.db import Pool
from setten.platform.settings import Settings

REGISTER = "1"  # the data names none, as in the mapping of the tills
Deed: TypeAlias = tuple[datetime, Callable[[Client], None]]


async def client(settings: Settings, *, now: datetime) -> Client:
    """A client like any other, with a key of its own; the one of the start before ends."""
    pool = await db.open_pool(str(settings.database_url), size=1)
    try:
        return Client(
            settings.base_url, await growing.server_key(pool, now=now), await _write_keys(pool)
        )
    finally:
        pool.terminate()


async def _write_keys(pool: Pool) -> dict[str, str]:
    """The write keys of the sources that the files came by, by channel."""
    async with pool.acquire() as conn:
        listed = await ingest.sources.list_all(conn)
    found = {one.name: keys[-1].write_key for one, keys in listed if keys}
    named = {channel: f"import events {SYSTEM_NAME} {channel}" for channel in (MAIL, STORE)}
    return {channel: found[name] for channel, name in named.items() if name in found}


def follow(
    folder: Path, found: Client, stop: threading.Event, *, source: Path | None = None
) -> None:
    """Tell what happens from where it was told, when it happens, until stopped or over.

    Raises RealDataMissing where the published tables have gone.
    """
    state = kept(folder)
    if state is None or state.year is None or state.told_until is None:
        return
    for at, tell in ahead(source or tables(), state.year, state.told_until):
        if not telling.wait(at, stop):
            return
        telling.patiently(partial(tell, found), stop)
        if stop.is_set():
            return
        state = keep(folder, msgspec.structs.replace(state, told_until=at))


def ahead(source: Path, year: Year, since: datetime) -> Iterator[Deed]:
    """What is not earlier than a moment, in the order of time. What is told twice counts once."""
    events = [
        (at, partial(_report, channel=channel, event=event))
        for channel, told in (
            (MAIL, files.letters_of(source, year)),
            (STORE, files.redemptions_of(source, year)),
        )
        for at, event in told
        if at >= since
    ]
    events.sort(key=itemgetter(0))
    return heapq.merge(_receipts(source, year, since), events, key=itemgetter(0))


def _receipts(source: Path, year: Year, since: datetime) -> Iterator[Deed]:
    local = since.astimezone(ZONE).replace(tzinfo=None)
    for basket in rows.baskets_since(source, moved=year.moved, since=local):
        at = basket[0][rows.AT].replace(tzinfo=ZONE)
        yield at, partial(_sell, body=receipt(basket, at))


def receipt(basket: list[dict[str, Any]], at: datetime) -> dict[str, Any]:
    """A basket as its till posts it."""
    first = basket[0]
    return {
        "location_id": str(first["store_id"]),
        "register": REGISTER,
        "sequence": str(first["basket_id"]),
        "business_day": at.date().isoformat(),
        "at": at.isoformat(),
        "currency": "USD",
        "lines": [
            {"sku": str(row["product_id"]), "qty": row["quantity"],
             "amount": _cents(row["sales_value"]), "discount": _cents(row["retail_disc"]),
             "coupon": _cents(row["coupon_disc"]) + _cents(row["coupon_match_disc"])}
            for row in basket
        ],
        "loyalty_card": files.card(first["household_id"]),
    }  # fmt: skip


def _cents(dollars: float) -> int:
    return round(dollars * 100)


def _sell(found: Client, body: dict[str, Any]) -> None:
    found.call("POST", "/receipts", {"receipts": [body]})


def _report(found: Client, channel: str, event: dict[str, Any]) -> None:
    found.batch(channel, event)
