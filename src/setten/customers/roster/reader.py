"""What makes a row of the roster another: purchases, stages, consent, homes, and who is whom."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec

from setten.customers import consent, homes, identity, lifecycle, timeline
from setten.customers.roster.keeping import note
from setten.facts.commerce import OrderCancelled
from setten.facts.consent import ConsentGiven, ConsentWithdrawn, ReachFound, ReachLost
from setten.facts.customers import (
    CustomerCreated,
    CustomerMerged,
    CustomerSplit,
    HomeMoved,
    PurchaseMoved,
)
from setten.facts.lifecycle import CustomerStageChanged
from setten.facts.reported import CustomerIdentified
from setten.facts.stock import OrderPlaced, ReceiptRecorded, ReturnMatched, ReturnRecorded
from setten.platform.db import Connection
from setten.platform.log import Reader, Row

logger = logging.getLogger(__name__)
READER = "roster"
GATHER_S = 1.0
"""Nobody waits for a list: what one person does in a second is noted once."""

_BOTH: dict[str, msgspec.json.Decoder[Any]] = {
    CustomerMerged.event_name: msgspec.json.Decoder(CustomerMerged),
    CustomerSplit.event_name: msgspec.json.Decoder(CustomerSplit),
}
NAMES = frozenset(
    one.event_name
    for one in (
        ConsentGiven, ConsentWithdrawn, CustomerCreated, CustomerIdentified, CustomerMerged,
        CustomerSplit, CustomerStageChanged, HomeMoved, OrderCancelled, OrderPlaced, PurchaseMoved,
        ReachFound, ReachLost, ReceiptRecorded, ReturnMatched, ReturnRecorded,
    )
)  # fmt: skip


def readers() -> list[Reader]:
    """The reader of this feature: behind all whose rows are read. It only notes who is meant."""
    after = (identity.READER, timeline.READER, lifecycle.READER, consent.READER, homes.READER)
    return [Reader(READER, _read, names=NAMES, after=after, gather_s=GATHER_S)]


async def _read(conn: Connection, rows: Sequence[Row]) -> None:
    numbers = {one for row in rows for one in row.identifiers}
    owners = await identity.customers_for(conn, numbers)
    await note(conn, {*owners.values(), *_told(rows)})


def _told(rows: Iterable[Row]) -> set[UUID]:
    """Both of a merge and of a split. What cannot be read is passed over: the night mends it."""
    found: set[UUID] = set()
    for row in rows:
        if row.name not in _BOTH:
            continue
        try:
            fact = _BOTH[row.name].decode(row.body)
        except msgspec.DecodeError:
            logger.warning("event %s at position %d is no %s", row.event_id, row.position, row.name)
            continue
        found |= {fact.customer_id, getattr(fact, "gone", None) or fact.apart}
    return found
