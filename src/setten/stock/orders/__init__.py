"""Orders: those we take ourselves, and those that other systems of record tell.

Outsiders report, we state: a report of a system of record becomes an order, once, however often
and by whomever it is told; every other telling (a tag's, a receipt of it) is evidence beside it.
Our own are of system "setten"; `order_ref` is then the number that people say. An order has lines,
what they cost, and the holds that keep its promise; where each line comes from and how far it has
come is the fulfilment's to say.
"""

from setten.stock.orders.cancelling import cancel
from setten.stock.orders.model import (
    LINES_MAX,
    METHODS,
    OURS,
    BadOrder,
    Cancelled,
    CancelledLine,
    Evidence,
    Line,
    NewLine,
    NewOrder,
    NothingToCancel,
    Order,
    OrderCancelledAlready,
    Placed,
    UnknownOrder,
    UnknownOrderLine,
)
from setten.stock.orders.placing import place
from setten.stock.orders.reading import (
    PAGE_MAX,
    cancels_of,
    evidence_of,
    find_by_ref,
    find_said,
    get,
    goods_of,
    hold_at,
    holds_of,
    latest,
    lock,
    of_cart,
    of_holds,
    of_identifiers,
)
from setten.stock.orders.reporting import READER, readers
from setten.stock.pricing import TaxLine

__all__ = [
    "LINES_MAX",
    "METHODS",
    "OURS",
    "PAGE_MAX",
    "READER",
    "BadOrder",
    "Cancelled",
    "CancelledLine",
    "Evidence",
    "Line",
    "NewLine",
    "NewOrder",
    "NothingToCancel",
    "Order",
    "OrderCancelledAlready",
    "Placed",
    "TaxLine",
    "UnknownOrder",
    "UnknownOrderLine",
    "cancel",
    "cancels_of",
    "evidence_of",
    "find_by_ref",
    "find_said",
    "get",
    "goods_of",
    "hold_at",
    "holds_of",
    "latest",
    "lock",
    "of_cart",
    "of_holds",
    "of_identifiers",
    "place",
    "readers",
]
