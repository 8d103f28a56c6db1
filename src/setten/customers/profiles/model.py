"""What a profile is made of."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from setten.facts.ids import CustomerId


class IdentifierShown(msgspec.Struct, frozen=True, kw_only=True):
    """An identifier for people. value: masked, or whole when it was revealed."""

    identifier_id: int
    kind: str
    value: str
    first_at: datetime


class BoughtThrough(msgspec.Struct, frozen=True, kw_only=True):
    """Purchases through one channel in one currency. n: sales; total_minor: less returns."""

    channel: str
    currency: str
    n: int
    total_minor: int


class Viewed(msgspec.Struct, frozen=True, kw_only=True):
    """A product looked at: when last, and how often among her newest views."""

    sku: str
    name: str | None
    variant: str | None
    product_id: str | None
    occurred_at: datetime
    n: int


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What of a profile is plain and short: for lists of many people."""

    last_at: datetime
    purchases: tuple[BoughtThrough, ...]
    home_location_id: str | None


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """One customer as all touchpoints see her.

    traits: public ones, and with `personal` the opened personal ones; the newest word of each.
    counters: events by name. home_location_id: the shop that is hers (`homing`).
    merged: ids that redirect here.
    """

    customer_id: CustomerId
    identifiers: tuple[IdentifierShown, ...]
    traits: dict[str, Any]
    first_at: datetime
    last_at: datetime | None
    counters: dict[str, int]
    purchases: tuple[BoughtThrough, ...]
    home_location_id: str | None
    last_viewed: tuple[Viewed, ...]
    merged: tuple[CustomerId, ...]

    @property
    def numbers(self) -> list[int]:
        """Her identifiers' numbers, strongest first: timelines, holds, notes stand under them."""
        return [one.identifier_id for one in self.identifiers]
