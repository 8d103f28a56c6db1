"""Goods on their way between our own places: planned, shipped, received in parts, closed.

The number on the paper names a transfer, so that it is booked once. What leaves is on the road
(`in_transit`) until somebody at the other end counts it in; what never arrives is booked as lost
when the paper is closed, and both ends hear of it.
"""

from setten.stock.transfers.model import (
    LINES_MAX,
    PAGE_MAX,
    Arrival,
    BadTransfer,
    Line,
    Plan,
    Transfer,
    TransferEnded,
    TransferRefUsed,
    TransferShort,
    TransferState,
    UnknownTransfer,
    UnknownTransferGoods,
)
from setten.stock.transfers.reading import Due, coming, due, get, going
from setten.stock.transfers.service import Done, cancel, close, plan, receive, ship

__all__ = [
    "LINES_MAX",
    "PAGE_MAX",
    "Arrival",
    "Done",
    "BadTransfer",
    "Due",
    "Line",
    "Plan",
    "Transfer",
    "TransferEnded",
    "TransferRefUsed",
    "TransferShort",
    "TransferState",
    "UnknownTransfer",
    "UnknownTransferGoods",
    "cancel",
    "close",
    "coming",
    "due",
    "get",
    "going",
    "plan",
    "receive",
    "ship",
]
