"""Ingest: what outsiders report becomes events of the log.

`take` checks the sender, reads each event, moves personal data to the vault and appends; a bad
event becomes a dead letter (`letters`) that can be mended and replayed. `sources` are who may
send. It knows no rule of any other domain.
"""

from setten.customers.ingest import letters, sources
from setten.customers.ingest.counting import Counter, readers
from setten.customers.ingest.counting import since as counters_since
from setten.customers.ingest.model import (
    BATCH_BYTES_MAX,
    BATCH_EVENTS_MAX,
    BODY_BYTES_MAX,
    EVENT_BYTES_MAX,
    BadBody,
    BadEvent,
    BatchTooLarge,
    BodyTooLarge,
    Delivery,
    EventTooLarge,
    Letter,
    OriginRefused,
    Said,
    Source,
    StillBad,
    Taken,
    TooManyEvents,
    UnknownWriteKey,
    WriteKey,
)
from setten.customers.ingest.names import ALIASES, FACTS, SPEC
from setten.customers.ingest.rates import Buckets
from setten.customers.ingest.service import keep_refused, take, take_rows
from setten.customers.ingest.store import open_sources
from setten.customers.ingest.times import find as find_time

__all__ = [
    "ALIASES",
    "BATCH_BYTES_MAX",
    "BATCH_EVENTS_MAX",
    "BODY_BYTES_MAX",
    "EVENT_BYTES_MAX",
    "FACTS",
    "SPEC",
    "BadBody",
    "BadEvent",
    "BatchTooLarge",
    "BodyTooLarge",
    "Buckets",
    "Counter",
    "Delivery",
    "EventTooLarge",
    "Letter",
    "OriginRefused",
    "Said",
    "Source",
    "StillBad",
    "Taken",
    "TooManyEvents",
    "UnknownWriteKey",
    "WriteKey",
    "counters_since",
    "find_time",
    "keep_refused",
    "letters",
    "open_sources",
    "readers",
    "sources",
    "take",
    "take_rows",
]
