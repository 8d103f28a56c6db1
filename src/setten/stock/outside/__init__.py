"""Outside systems that keep stock too: a till's own, a shop system, a warehouse.

A place (or one sku there) has one master. What the master says is booked as a difference, never
written over: by compare and set when it names the number it changes from, and only when it is newer
than what it said before. What others say is compared and, where it differs, shown until somebody
decides.
"""

from setten.stock.outside.model import (
    LEVELS_MAX,
    MASTERS_MAX,
    PAGE_MAX,
    QTY_MAX,
    BadOutcome,
    Disagreement,
    DisagreementEnded,
    Level,
    Master,
    Outcome,
    Told,
    UnknownDisagreement,
)
from setten.stock.outside.service import decide, masters, open_at, put_masters, tell

__all__ = [
    "LEVELS_MAX",
    "MASTERS_MAX",
    "PAGE_MAX",
    "QTY_MAX",
    "BadOutcome",
    "Disagreement",
    "DisagreementEnded",
    "Level",
    "Master",
    "Outcome",
    "Told",
    "UnknownDisagreement",
    "decide",
    "masters",
    "open_at",
    "put_masters",
    "tell",
]
