"""How long a row lasts, and what may be moved to make it last longer."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

PACE_DAYS = 28  # four whole weeks: each weekday counts the same
SHORT_DAYS = 7  # less does not last until the next weekly delivery
DEAD_AFTER_DAYS = 60
PAGE_MAX = 100


class Cover(msgspec.Struct, frozen=True, kw_only=True):
    """One row as the night found it. days: that it lasts; None where nothing is sold."""

    location_id: str
    sku: str
    promisable: int
    sold_28: int
    last_sold_on: date | None
    days: float | None
    is_dead: bool
    reckoned_at: datetime


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """Move units from one place to another, with what is expected of it.

    *_before and *_after: days that both places last; None where nothing is sold.
    """

    sku: str
    from_location: str
    to_location: str
    qty: int
    from_before: float | None
    from_after: float | None
    to_before: float | None
    to_after: float | None
