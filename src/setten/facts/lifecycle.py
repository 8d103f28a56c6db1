"""What customers.lifecycle states: where a customer stands. Ids and numbers, nothing personal."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from setten.platform.log import Fact


class CustomerStageChanged(Fact, frozen=True, kw_only=True):
    """A customer entered another stage of the life cycle.

    cause: purchase, silence, merge, split or reckoning (other thresholds, another fit).
    p_active: the chance that the customer still buys here. usual_gap_days: between purchases.
    """

    event_name: ClassVar[str] = "customer.stage_changed"
    customer_id: UUID
    stage: str
    was: str
    cause: str
    p_active: float | None = None
    usual_gap_days: float | None = None
