"""Counting shelves: blind, while selling goes on, and booked as differences.

Whoever counts does not see what the book says. In the moment a number is given, the book's is noted
under the same lock; what is booked later is the difference of the two, so that what was sold in
between is not lost. A large difference waits for somebody else with the right to look at it.
"""

from setten.stock.counts.model import (
    LINES_MAX,
    PAGE_MAX,
    QTY_MAX,
    BadCount,
    Count,
    CountEnded,
    CountState,
    NothingCounted,
    NothingToCount,
    SameCounter,
    Sheet,
    SheetLine,
    UnknownCount,
    UnknownCountGoods,
)
from setten.stock.counts.reading import blind, counts_at, get, waiting_at
from setten.stock.counts.service import approve, cancel, give, open_sheet, send_back, submit
from setten.stock.counts.settling import settle, settle_all

__all__ = [
    "LINES_MAX",
    "PAGE_MAX",
    "QTY_MAX",
    "BadCount",
    "Count",
    "CountEnded",
    "CountState",
    "NothingCounted",
    "NothingToCount",
    "SameCounter",
    "Sheet",
    "SheetLine",
    "UnknownCount",
    "UnknownCountGoods",
    "approve",
    "blind",
    "cancel",
    "counts_at",
    "get",
    "give",
    "open_sheet",
    "send_back",
    "settle",
    "settle_all",
    "submit",
    "waiting_at",
]
