"""Payments, their steps, and the refusals a caller may meet."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from setten.platform.errors import Conflict, NotFound

METHODS = ("card", "wallet", "transfer", "on_delivery", "counter", "voucher", "other")
"""counter: whatever the till takes. on_delivery: who brings it takes it."""

KINDS = ("intended", "authorised", "captured", "refunded", "reversed", "voided", "failed")
REFERENCE_LENGTH_MAX = 100
TILL = "system:till"


class UnknownPayment(NotFound):
    """There is no such payment."""

    code = "unknown_payment"


class BadPayment(Conflict):
    """This cannot be a payment, or a step of one. facts: why."""

    code = "bad_payment"


class PaymentRefused(Conflict):
    """The payment's state does not allow this step. facts: kind, left_minor."""

    code = "payment_refused"


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """One payment of an order; sums in minor units of `currency`."""

    payment_id: UUID
    order_id: UUID
    method: str
    provider: str | None
    reference: str | None
    currency: str
    intended_minor: int
    authorised_minor: int = 0
    captured_minor: int = 0
    refunded_minor: int = 0
    is_voided: bool = False
    made_at: datetime

    @property
    def state(self) -> str:
        """intended, authorised, captured, refunded (all of it) or voided."""
        if self.is_voided:
            return "voided"
        if self.captured_minor:
            return "refunded" if self.refunded_minor == self.captured_minor else "captured"
        return "authorised" if self.authorised_minor else "intended"

    @property
    def kept_minor(self) -> int:
        """What was taken and not given back."""
        return self.captured_minor - self.refunded_minor


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a payment, as it was told."""

    payment_id: UUID
    kind: str
    amount_minor: int
    reference: str | None
    made_by: str
    at: datetime


class Recorded(msgspec.Struct, frozen=True):
    """A payment after a step. event_id: None when the same step was told before."""

    payment: Payment
    event_id: str | None
