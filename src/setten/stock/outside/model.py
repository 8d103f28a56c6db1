"""Levels that outside systems tell, and what becomes of them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from setten.platform.errors import Conflict, Invalid, NotFound
from setten.stock.holds import Shortened
from setten.stock.refusals import Refused

LEVELS_MAX = 1_000  # a call
MASTERS_MAX = 1_000
QTY_MAX = 1_000_000
PAGE_MAX = 100

Outcome = Literal["theirs", "ours"]


class UnknownDisagreement(NotFound):
    """There is no such disagreement."""

    code = "unknown_disagreement"


class DisagreementEnded(Conflict):
    """Somebody decided already, or the numbers met again. facts: outcome."""

    code = "disagreement_ended"


class BadOutcome(Invalid):
    """Decide for theirs or ours."""

    code = "bad_outcome"


class Master(msgspec.Struct, frozen=True, kw_only=True):
    """Whose word counts: system for a place, or for one sku there. system None: ours."""

    location_id: str
    system: str | None
    sku: str = ""


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """What a system says lies somewhere: units that are physically there.

    sequence: grows with each telling of the system; what is not newer changes nothing.
    expected: the number it changes from, by compare and set; None: a plain snapshot.
    """

    sku: str
    location_id: str
    to: int
    sequence: int
    expected: int | None = None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a call. stale: older than what the system said before. agreed: nothing differed.
    booked: the master's word was booked. disagreed: shown for somebody to decide."""

    agreed: int
    booked: int
    disagreed: int
    stale: int
    refused: tuple[Refused, ...]
    short: tuple[Shortened, ...]


class Disagreement(msgspec.Struct, frozen=True, kw_only=True):
    """Where an outside system and we say different things. Units physically there."""

    disagreement_id: UUID
    system: str
    sku: str
    location_id: str
    ours: int
    theirs: int
    first_at: datetime
    last_at: datetime
    ended_at: datetime | None = None
    ended_by: str | None = None
    outcome: str | None = None
