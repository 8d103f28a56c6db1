"""How long goods last: what runs short, what lies dead, and what to move where.

The pace is what four weeks sold, from sums by day that receipts keep. A job works it out for every
row at night; pages read what it found and count nothing.
"""

from setten.stock.cover.model import (
    DEAD_AFTER_DAYS,
    PACE_DAYS,
    PAGE_MAX,
    SHORT_DAYS,
    Cover,
    Proposal,
)
from setten.stock.cover.service import dead_at, proposals, reckon, reckon_all, short_at

__all__ = [
    "DEAD_AFTER_DAYS",
    "PACE_DAYS",
    "PAGE_MAX",
    "SHORT_DAYS",
    "Cover",
    "Proposal",
    "dead_at",
    "proposals",
    "reckon",
    "reckon_all",
    "short_at",
]
