"""Combining: concurrent requests of one process share one transaction.

Naive transactions cost one fsync each; gathered, two hundred requests cost one. The handler gets
all requests of a moment at once; if it fails as a whole, each request is run again alone, so that
one bad request never fails a stranger. Idempotency keys are claimed here too.
"""

from setten.platform.combine.claims import (
    Claim,
    IdempotencyMismatch,
    Outcome,
    claim,
    forget_old,
    key_hash,
    remember,
    remembered,
    request_hash,
    unclaim,
)
from setten.platform.combine.combiner import Combiner, QueueFull

__all__ = [
    "Claim",
    "Combiner",
    "IdempotencyMismatch",
    "Outcome",
    "QueueFull",
    "claim",
    "forget_old",
    "key_hash",
    "remember",
    "remembered",
    "request_hash",
    "unclaim",
]
