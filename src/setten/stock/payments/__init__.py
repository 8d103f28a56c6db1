"""Payments as intents: what is to be paid for an order, and how far that has come.

A provider or a till moves the money; here stands what it told. No card number passes through:
`reference` is the provider's own name for the payment, and one that looks like a card is refused.
"""

from setten.stock.payments.model import (
    KINDS,
    METHODS,
    REFERENCE_LENGTH_MAX,
    BadPayment,
    Payment,
    PaymentRefused,
    Recorded,
    Step,
    UnknownPayment,
)
from setten.stock.payments.rules import spread
from setten.stock.payments.service import (
    intend,
    lock_of_order,
    of_order,
    record,
    refund,
    steps_of,
    take_at_counter,
)
from setten.stock.payments.settling import (
    settle_by_receipt,
)

__all__ = [
    "BadPayment",
    "KINDS",
    "METHODS",
    "Payment",
    "PaymentRefused",
    "REFERENCE_LENGTH_MAX",
    "Recorded",
    "Step",
    "UnknownPayment",
    "intend",
    "lock_of_order",
    "of_order",
    "record",
    "refund",
    "settle_by_receipt",
    "spread",
    "steps_of",
    "take_at_counter",
]
