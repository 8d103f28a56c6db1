"""What is said about holds, as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from setten.facts.stock import GoodsLine
from setten.stock import holds
from setten.stock.holds import LINES_MAX, TTL_S_DEFAULT, TTL_S_MAX

ID_LENGTH_MAX = 100
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=ID_LENGTH_MAX)]
Ttl = Annotated[int, msgspec.Meta(ge=1, le=TTL_S_MAX)]


class PlacedBody(msgspec.Struct, frozen=True, kw_only=True):
    """A new hold. `code` is what its customer says at the counter."""

    hold_id: UUID
    lines: tuple[GoodsLine, ...]
    expires_at: datetime
    code: str


class HoldBody(msgspec.Struct, frozen=True, kw_only=True):
    """One hold. state: held, ready, collected, released, expired or short.

    alternative: for a short one, the nearest place that could promise its goods at that moment.
    lasts_until: how far it is extended, at most, while its customer is active; null: not by that.
    """

    hold_id: UUID
    customer_id: UUID | None
    location_id: str
    code: str
    purpose: str
    channel: str
    state: str
    lines: tuple[holds.HoldLine, ...]
    placed_at: datetime
    expires_at: datetime
    ready_at: datetime | None
    ended_at: datetime | None
    alternative: str | None
    lasts_until: datetime | None = None


class HoldsBody(msgspec.Struct, frozen=True):
    """Holds; `next_cursor` asks for more."""

    items: list[HoldBody]
    next_cursor: str | None


class Collect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code that the customer says."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=20)]


class Extend(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds from now."""

    ttl_s: Ttl = TTL_S_DEFAULT


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a hold."""

    sku: Id
    location_id: Id


class Pick(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Lines that were picked; null for all."""

    lines: Annotated[list[Row], msgspec.Meta(max_length=LINES_MAX)] | None = None
