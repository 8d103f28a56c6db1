"""A row of the roster, and what is looked for in it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from setten.customers.lifecycle import Stage
from setten.facts.ids import CustomerId

PAGE_MAX = 1_001  # rows read at once: a thousand of a file, and one more that tells of the next


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A customer as lists show her.

    location_id: the shop that is hers. last_at: her last touch, a mere visit as of last night.
    total_minor: all she bought, less returns, in the currency she buys in most. channels: through
    which she agreed to be written to, and it arrives.
    """

    customer_id: CustomerId
    stage: Stage
    location_id: str | None
    last_at: datetime
    total_minor: int
    currency: str
    channels: tuple[str, ...]


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a list shows; None: it does not matter. least_minor: of what she bought in all."""

    stage: str | None = None
    location_id: str | None = None
    channel: str | None = None
    from_at: datetime | None = None
    until_at: datetime | None = None
    least_minor: int | None = None
