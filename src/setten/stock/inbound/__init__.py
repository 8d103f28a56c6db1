"""What is due, and promises against it: preorders and backorders.

A supplier's order says what comes where on which day, and how much of it may be promised before. A
preorder takes of that, never more than is due. When goods come they are held for those who waited,
first come first served, before anybody else can take them; when the day slips or less comes, each
promise moves to the next delivery that has room, or falls short, and a fact tells of it.
"""

from setten.stock.inbound.model import (
    INBOUND_MAX,
    PAGE_MAX,
    QTY_MAX,
    Arrived,
    BadPreorder,
    Delivery,
    Due,
    NothingDue,
    Preorder,
    PreorderEnded,
    PreorderState,
    UnknownPreorder,
    Wish,
)
from setten.stock.inbound.reading import due, get, of_identifiers, open_at, waiting, waiting_on
from setten.stock.inbound.service import arrived, cancel, place, put

__all__ = [
    "INBOUND_MAX",
    "PAGE_MAX",
    "QTY_MAX",
    "Arrived",
    "BadPreorder",
    "Delivery",
    "Due",
    "NothingDue",
    "Preorder",
    "PreorderEnded",
    "PreorderState",
    "UnknownPreorder",
    "Wish",
    "arrived",
    "cancel",
    "due",
    "get",
    "of_identifiers",
    "open_at",
    "place",
    "put",
    "waiting",
    "waiting_on",
]
