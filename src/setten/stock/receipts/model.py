"""Receipts as tills tell them, and what came of them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import msgspec

from setten.platform.errors import Conflict, Invalid, NotFound
from setten.stock.holds import Shortened

RECEIPTS_MAX = 1_000  # a call
LINES_MAX = 1_000  # a receipt; the longest real one in our grocery data has under 200
TENDERS_MAX = 20
COUPONS_MAX = 50
NAME_LENGTH_MAX = 64  # of register, sequence, coupon, tender kind
MINOR_MAX = 10**12  # money on one line or tender, minor units
UNITS_MAX = 1_000_000_000  # on one row of stock, or below zero: sums stay inside 32 bits
QTY_MAX = 100_000  # units on a line; fuel and deposits are sold in small units


class PromisedToAnother(Conflict):
    """Selling this would take what another customer was promised. facts: short."""

    code = "promised_to_another"


class ReceiptDiffers(Conflict):
    """This place, register, sequence and day has another receipt. facts: receipt_id."""

    code = "receipt_differs"


class BadReceipt(Invalid):
    """The receipt cannot be used. facts: why."""

    code = "bad_receipt"


class UnknownReceipt(NotFound):
    """There is no such receipt."""

    code = "unknown_receipt"


class ReceiptLine(msgspec.Struct, frozen=True, kw_only=True):
    """qty: units, below zero for a return. amount_minor: taken for the whole line after discounts,
    signed as qty. discount_minor and coupon_minor say how much was taken off."""

    sku: str
    qty: int
    amount_minor: int
    discount_minor: int = 0
    coupon_minor: int = 0
    tax_rate: Decimal | None = None


class Tender(msgspec.Struct, frozen=True):
    """How it was paid: the kind (cash, card, points …) and how much. Never a card's number."""

    kind: str
    amount_minor: int


class Tax(msgspec.Struct, frozen=True):
    """Tax of one rate on the receipt."""

    rate: Decimal
    amount_minor: int


class Printed(msgspec.Struct, frozen=True, kw_only=True):
    """What is printed on a receipt; without the day the newest of that number is meant."""

    location_id: str
    register: str
    sequence: str
    business_day: date | None = None


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """One receipt. `at`: when it was sold, with a zone. mode: ask or tell.

    identifier_id: the number of its loyalty card; owner_ids: all numbers of that card's owner.
    hold_code, hold_id: the hold that it pays for. replaces: the receipt it corrects. returned_from:
    the receipt on which what comes back was bought.
    moves_stock: false for history, whose goods left long before the first count.
    """

    location_id: str
    register: str
    sequence: str
    business_day: date
    at: datetime
    currency: str
    lines: tuple[ReceiptLine, ...]
    mode: str = "tell"
    channel: str = "store"
    tax_included: bool = True
    tenders: tuple[Tender, ...] = ()
    tax: tuple[Tax, ...] = ()
    coupons: tuple[str, ...] = ()
    identifier_id: int | None = None
    owner_ids: frozenset[int] = frozenset()
    hold_code: str | None = None
    hold_id: UUID | None = None
    order_system: str | None = None
    order_ref: str | None = None
    replaces: UUID | None = None
    returned_from: Printed | None = None
    moves_stock: bool = True

    @property
    def total_minor(self) -> int:
        """What the till took for the lines, minor units, signed."""
        return sum(line.amount_minor for line in self.lines)


class Result(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What came of one receipt of a call. status: booked, already or refused.

    reason: a code, when refused. unknown_skus: kept, but they moved no stock. short: promises that
    it broke. wanting: what an asking till may not sell, as (sku, units short).
    """

    index: int
    status: str
    receipt_id: UUID | None = None
    reason: str | None = None
    why: str | None = None
    unknown_skus: tuple[str, ...] = ()
    collected: tuple[UUID, ...] = ()
    short: tuple[Shortened, ...] = ()
    wanting: tuple[tuple[str, int], ...] = ()
    event_id: str | None = None


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt as it is kept."""

    receipt_id: UUID
    location_id: str
    register: str
    sequence: str
    business_day: date
    occurred_at: datetime
    mode: str
    channel: str
    identifier_id: int | None
    total_minor: int
    currency: str
    tax_included: bool
    line_count: int
    coupons: tuple[str, ...]
    order_system: str | None
    order_ref: str | None
    event_id: str
    replaced_by: UUID | None
    lines: tuple[ReceiptLine, ...] = ()


class DayTotal(msgspec.Struct, frozen=True, kw_only=True):
    """What the tills of a place took on a business day, in minor units of one currency."""

    location_id: str
    business_day: date
    currency: str
    receipts: int
    lines: int
    total_minor: int


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """What tills took in one currency."""

    currency: str
    receipts: int
    lines: int
    total_minor: int
    locations: int
    first_day: date
    last_day: date
