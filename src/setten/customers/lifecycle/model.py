"""What a stage is, and what it is worked out from."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec

from setten.customers.lifecycle.rhythm import Rhythm
from setten.facts.ids import CustomerId
from setten.platform.errors import Invalid

Stage = Literal["acquisition", "trial", "loyalty", "retention", "recovery"]
STAGES: tuple[Stage, ...] = ("acquisition", "trial", "loyalty", "retention", "recovery")
# For flows: where those come from who were not there, and go who were merged into another.
NOWHERE = "none"

LOYAL_FROM_MAX = 100  # purchases; a shop where loyalty begins later has no loyal people
GAPS_MAX = 100.0


class BadThresholds(Invalid):
    """These thresholds contradict each other."""

    code = "bad_stage_thresholds"


class Thresholds(msgspec.Struct, frozen=True, kw_only=True):
    """Where one stage ends and the next begins, for this business.

    loyal_from: days with a purchase from which on somebody is loyal. slow_p, lost_p: chance of
    being active below which somebody is slowing, lost. slow_gaps, lost_gaps: usual gaps of silence
    after which it is so whatever the chance says.
    """

    loyal_from: int = 3
    slow_p: float = 0.5
    slow_gaps: float = 2.0
    lost_p: float = 0.2
    lost_gaps: float = 6.0

    def check(self) -> None:
        """Raises BadThresholds, naming the fields."""
        wrong = []
        if not 2 <= self.loyal_from <= LOYAL_FROM_MAX:
            wrong.append("loyal_from")
        if not 0 < self.lost_p < self.slow_p < 1:
            wrong += ["slow_p", "lost_p"]
        if not 1 <= self.slow_gaps < self.lost_gaps <= GAPS_MAX:
            wrong += ["slow_gaps", "lost_gaps"]
        if wrong:
            raise BadThresholds(fields=", ".join(wrong))


class Business(msgspec.Struct, frozen=True, kw_only=True):
    """How people buy here. usual_gap_days: between two purchases of those who come back."""

    rhythm: Rhythm
    usual_gap_days: float
    thresholds: Thresholds


class History(msgspec.Struct, frozen=True):
    """What somebody has bought: on how many days, first and last. Returns do not count."""

    days: int
    first_at: datetime
    last_at: datetime


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """When somebody will be slowing, and lost, if she does not buy again before."""

    usual_gap_days: float
    slow_at: datetime
    lost_at: datetime


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a customer stands at a moment.

    since: when she entered the stage; None for one who has not bought yet, like the rest but
    `days`. days: with a purchase. p_active: chance that she still buys here.
    """

    customer_id: CustomerId
    stage: Stage
    days: int = 0
    since: datetime | None = None
    last_at: datetime | None = None
    usual_gap_days: float | None = None
    p_active: float | None = None
    slow_at: datetime | None = None
    lost_at: datetime | None = None


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A stage as it was last written."""

    customer_id: UUID
    stage: Stage
    since: datetime
    days: int
    first_at: datetime
    last_at: datetime
    usual_gap_days: float
    slow_at: datetime
    lost_at: datetime


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What a fresh look at a customer makes different. kept: as it is from now on; None when she
    has bought nothing (any more). was: the stage before; None when there was none to leave.
    """

    customer_id: UUID
    was: Stage
    stage: Stage
    at: datetime
    cause: str
    kept: Kept | None


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """How many customers stand in a stage."""

    stage: Stage
    customers: int


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """How many went from one stage to another; NOWHERE for those who began or were merged."""

    was: str
    stage: str
    customers: int


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """What the people of a stage have spent in the last year, less returns, by currency."""

    stage: Stage
    currency: str
    buyers: int
    total_minor: int


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """The five stages at a glance. sizes_at, values_at: when they were counted; None: not yet."""

    sizes: tuple[Size, ...]
    sizes_at: datetime | None
    flows: tuple[Flow, ...]
    first_day: date
    last_day: date
    values: tuple[Value, ...]
    values_at: datetime | None
