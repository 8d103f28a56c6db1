"""What tills sold. Each receipt is booked once, by place, register, sequence and business day.

A till that is online may ask first, and is refused what another customer was promised; one that
tells is always booked, because the goods have left: then the youngest unpicked promise becomes
short, in the same transaction. A receipt that belongs to a hold collects it.
"""

from setten.stock.receipts.model import (
    LINES_MAX,
    RECEIPTS_MAX,
    BadReceipt,
    DayTotal,
    Printed,
    PromisedToAnother,
    Receipt,
    ReceiptDiffers,
    ReceiptLine,
    Recorded,
    Result,
    Tax,
    Tender,
    Total,
    UnknownReceipt,
)
from setten.stock.receipts.reading import by_day, drifts, find_said, get, of_identifiers, totals
from setten.stock.receipts.rules import key_of
from setten.stock.receipts.service import book

__all__ = [
    "LINES_MAX",
    "RECEIPTS_MAX",
    "BadReceipt",
    "DayTotal",
    "Printed",
    "PromisedToAnother",
    "Receipt",
    "ReceiptDiffers",
    "ReceiptLine",
    "Recorded",
    "Result",
    "Tax",
    "Tender",
    "Total",
    "UnknownReceipt",
    "book",
    "by_day",
    "drifts",
    "find_said",
    "get",
    "key_of",
    "of_identifiers",
    "totals",
]
