"""What makes a stage change as it happens: purchases, and who turns out to be whom."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from setten.customers import identity, timeline
from setten.customers.lifecycle.model import NOWHERE
from setten.customers.lifecycle.reckoning import count_flows, forget_merged, reckon
from setten.facts.commerce import OrderCancelled
from setten.facts.customers import CustomerCreated, CustomerMerged, CustomerSplit, PurchaseMoved
from setten.facts.stock import OrderPlaced, ReceiptRecorded, ReturnMatched, ReturnRecorded
from setten.platform import clock
from setten.platform.db import Connection
from setten.platform.log import Reader, Row

logger = logging.getLogger(__name__)
READER = "lifecycle"
# The last one is told under the identifier that loses a purchase to another.
_PURCHASES = frozenset(
    {
        OrderPlaced.event_name,
        OrderCancelled.event_name,
        ReceiptRecorded.event_name,
        ReturnRecorded.event_name,
        ReturnMatched.event_name,
        PurchaseMoved.event_name,
    }
)
_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    CustomerMerged.event_name: msgspec.json.Decoder(CustomerMerged),
    CustomerSplit.event_name: msgspec.json.Decoder(CustomerSplit),
}
NAMES = _PURCHASES | _DECODERS.keys() | {CustomerCreated.event_name}


def readers(zone: ZoneInfo, now: Callable[[], datetime] = clock.now) -> list[Reader]:
    """The reader of this feature. It looks at purchases and customers as timeline and identity have
    written them, so it comes after both. zone: the business's. now: the clock.
    """
    after = (identity.READER, timeline.READER)
    return [Reader(READER, partial(_read, zone=zone, now=now), names=NAMES, after=after)]


async def _read(
    conn: Connection, rows: Sequence[Row], *, zone: ZoneInfo, now: Callable[[], datetime]
) -> None:
    at = now()
    merged, apart = _told(rows, CustomerMerged), _told(rows, CustomerSplit)
    came = [_day(row, zone) for row in rows if row.name == CustomerCreated.event_name]
    await count_flows(conn, [(day, (NOWHERE, "acquisition")) for day in came])
    await forget_merged(conn, {one.gone: _day(row, zone) for one, row in merged})
    buyers = await _buyers(conn, rows)
    await reckon(conn, buyers, cause="purchase", zone=zone, now=at)
    survivors = {one.customer_id for one, _ in merged} - buyers
    await reckon(conn, survivors, cause="merge", zone=zone, now=at)
    both = {person for one, _ in apart for person in (one.customer_id, one.apart)}
    await reckon(conn, both - survivors - buyers, cause="split", zone=zone, now=at)


def _day(row: Row, zone: ZoneInfo) -> date:
    """When it happened: what is read late is not news of today."""
    return row.occurred_at.astimezone(zone).date()


def _told(rows: Sequence[Row], fact: Any) -> list[tuple[Any, Row]]:
    """The facts of a kind, each with its row. One that cannot be read is passed over: the nightly
    walk mends it."""
    found = []
    for row in rows:
        if row.name != fact.event_name:
            continue
        try:
            found.append((_DECODERS[row.name].decode(row.body), row))
        except msgspec.DecodeError:
            logger.warning("event %s at position %d is no %s", row.event_id, row.position, row.name)
    return found


async def _buyers(conn: Connection, rows: Sequence[Row]) -> set[UUID]:
    """Whose purchases these are: of all identifiers, for a receipt may take over a web order."""
    numbers = {one for row in rows if row.name in _PURCHASES for one in row.identifiers}
    return set((await identity.customers_for(conn, numbers)).values())
