"""Lines of a timeline, and what one event is when it is opened."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One line. summary: the few public values that draw it (sku, item, total_minor, …)."""

    event_id: str
    name: str
    occurred_at: datetime
    channel: str
    location_id: str | None
    identifier_id: int
    position: int
    purchase_key: str | None
    summary: dict[str, Any]


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Lines newest first. next_cursor: give it back for older ones; None at the end."""

    items: tuple[Item, ...]
    next_cursor: str | None


class Purchase(msgspec.Struct, frozen=True, kw_only=True):
    """One purchase, however many have told of it. A return has a negative total."""

    purchase_key: str
    event_id: str
    occurred_at: datetime
    channel: str
    location_id: str | None
    total_minor: int
    currency: str


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """The full record of an event. sealed: its personal part, when opened; None otherwise."""

    event_id: str
    name: str
    occurred_at: datetime
    received_at: datetime
    sent_at: datetime | None
    original_at: datetime | None
    source_id: int | None
    channel: str
    location_id: str | None
    identifiers: tuple[int, ...]
    body: dict[str, Any]
    has_sealed: bool
    sealed: dict[str, Any] | None
