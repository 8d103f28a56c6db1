"""Rows of the log and the refusals a reader of it may meet."""

from __future__ import annotations

import hashlib
import uuid
from datetime import date, datetime
from typing import ClassVar

import msgspec
from asyncpg.pgproto.pgproto import UUID  # equal to uuid.UUID, and made five times faster

from setten.platform.errors import Conflict, Unavailable

# A message without a timestamp of its own is deduplicated under this day for ever.
NO_DAY = date(1970, 1, 1)


class Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of the facts that domains state. `event_name` is published and never changes meaning."""

    event_name: ClassVar[str]


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One event on its way into the log.

    event_id: the client's messageId. day: from the client's own timestamp text, or NO_DAY.
    identifiers: numbers of the vault, strongest first. body: JSON without personal data.
    """

    event_id: str
    day: date
    name: str
    occurred_at: datetime
    received_at: datetime
    channel: str
    identifiers: tuple[int, ...]
    body: str
    sent_at: datetime | None = None
    original_at: datetime | None = None
    source_id: int | None = None
    location_id: str | None = None
    sealed_id: int | None = None


class Row(msgspec.Struct, frozen=True):
    """One event as a reader gets it. Its fields stand in the order of the columns of `read`.

    sent_at, original_at: by the sender's clock; told by `event_at` and `latest`, not to readers.
    """

    xid: int
    position: int
    arrived_on: date
    event_id: str
    name: str
    occurred_at: datetime
    received_at: datetime
    source_id: int | None
    channel: str
    location_id: str | None
    identifiers: tuple[int, ...]
    sealed_id: int | None
    body: str
    sent_at: datetime | None = None
    original_at: datetime | None = None


class Cursor(msgspec.Struct, frozen=True, order=True):
    """How far a reader has come. Ordered by (xid, position)."""

    xid: int
    position: int
    arrived_on: date


class EventNotSeen(Unavailable):
    """The event named in `after` is not in this view yet."""

    code = "event_not_seen"


class EventRefused(Conflict):
    """The event named in `after` was kept as a dead letter."""

    code = "event_refused"


def digest_of(event_id: str) -> bytes:
    """The 16 bytes under which `log.seen` knows an event id."""
    return hashlib.blake2b(event_id.encode(), digest_size=16).digest()


def hash_id(event_id: str) -> uuid.UUID:
    """`digest_of` as the database keeps it."""
    found: uuid.UUID = UUID(digest_of(event_id))
    return found
