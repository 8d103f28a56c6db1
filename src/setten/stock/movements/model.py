"""Movements as they are told."""

from __future__ import annotations

from uuid import UUID

import msgspec

from setten.stock.holds import Shortened
from setten.stock.refusals import Refused

KINDS = ("receive", "sell", "return", "adjust", "count", "transfer_out", "transfer_in", "damage",
         "quarantine", "unquarantine", "dispose")  # fmt: skip
# Why something is not as it should be. Other words are kept as they were said, under `other`.
REASONS = ("broken", "expired", "stolen", "lost", "found", "miscounted", "wrong_item", "recall",
           "sample", "own_use", "soiled", "other")  # fmt: skip
MOVEMENTS_MAX = 1_000  # a call
QTY_MAX = 1_000_000  # units in one movement
BALANCE_MAX = 1_000_000_000  # units on one row; keeps sums inside 32 bits
TEXT_LENGTH_MAX = 200


class Movement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One movement. qty: units; for adjust signed, for count what was counted (promised ones too).

    reason: one of REASONS, or words of one's own; must be there for what takes goods out of sale.
    ref: the teller's own name for it; told again with the same ref it changes nothing.
    inbound_ref: of a receipt of goods, the order of ours that they belong to.
    """

    kind: str
    sku: str
    location_id: str
    qty: int
    reason: str | None = None
    ref: str | None = None
    inbound_ref: str | None = None


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a call. already: told before under the same ref. held: for those who waited."""

    booked: int
    already: int
    refused: tuple[Refused, ...]
    short: tuple[Shortened, ...]
    event_id: str | None
    held: tuple[UUID, ...] = ()
