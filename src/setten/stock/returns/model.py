"""Purchases as what may come back of them, returns, and the refusals of taking one."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import msgspec

from setten.facts.stock import GoodsLine
from setten.platform.errors import Conflict, Denied, Invalid, NotFound
from setten.stock.holds import Placed
from setten.stock.pricing import TaxLine

CONDITIONS = ("resaleable", "damaged", "unusable")
REASONS = ("changed_mind", "wrong_size", "faulty", "wrong_item", "gift", "other")
LINES_MAX = 200
QTY_MAX = 10_000
TEXT_LENGTH_MAX = 200
DAYS_MAX = 3650


class BadReturn(Conflict):
    """This cannot be a return. facts: why."""

    code = "bad_return"


class BadPolicy(Invalid):
    """These cannot be the rules of returning. facts: why."""

    code = "bad_return_policy"


class PolicyChanged(Conflict):
    """Somebody changed the rules of returning since they were shown."""

    code = "return_policy_changed"


class UnknownReturn(NotFound):
    """There is no such return."""

    code = "unknown_return"


class UnknownPurchase(NotFound):
    """Nothing was bought under this number."""

    code = "unknown_purchase"


class MoreThanSold(Conflict):
    """More would come back than was sold and did not come back. facts: lines with can_return."""

    code = "more_than_sold"


class ReturnTooLate(Conflict):
    """Too long after the purchase. facts: days, bought_at."""

    code = "return_too_late"


class TooManyReturns(Conflict):
    """This customer returned very often. facts: returns, days."""

    code = "too_many_returns"


class ProofNeeded(Conflict):
    """Without proof of purchase this is worth too much. facts: max_minor."""

    code = "proof_needed"


class MayNotDecide(Denied):
    """A return beyond the rules is for somebody who may decide so, and says why."""

    code = "may_not_decide"


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a set that a line sold. units: in one set; qty: in the whole line; amount_minor:
    its share of the line's money; the rest as of a line."""

    sku: str
    units: int
    qty: int
    amount_minor: int
    can_return: int
    came_back: int
    amount_back: int


class Sold(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a purchase. amount_minor: for the whole line; can_return: units that may still come
    back; amount_back: what was paid back of it before; pieces: of a set, what may come back of it
    instead of the whole."""

    line_no: int
    sku: str
    qty: int
    amount_minor: int
    tax_rate: Decimal | None
    can_return: int
    came_back: int = 0
    amount_back: int = 0
    pieces: tuple[Piece, ...] = ()


class Tendered(msgspec.Struct, frozen=True):
    """A way of payment and how much went that way, minor units."""

    kind: str
    amount_minor: int


class Purchase(msgspec.Struct, frozen=True, kw_only=True):
    """What was bought together. root: one key for an order and the receipts of it.

    tenders: how a till was paid; an order's payments are kept by `payments`.
    """

    root: str
    order_id: UUID | None
    receipt_id: UUID | None
    number: str
    bought_at: datetime
    location_id: str | None
    identifier_id: int | None
    currency: str
    tax_included: bool
    lines: tuple[Sold, ...]
    tenders: tuple[Tendered, ...] = ()
    order_system: str | None = None
    order_ref: str | None = None


class Back(msgspec.Struct, frozen=True, kw_only=True):
    """Units that come back: of a line of the purchase, or without proof by sku. part: only this
    part of the set that the line sold."""

    qty: int
    condition: str
    line_no: int | None = None
    sku: str | None = None
    part: str | None = None


class NewReturn(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody brings back to a place.

    purchase: None without proof. owner_ids: all identifiers of its customer, to count their
    returns. override_reason: why beyond the rules. exchange: goods taken instead, held at once.
    """

    location_id: str
    lines: tuple[Back, ...]
    reason: str
    by: str
    purchase: Purchase | None = None
    identifier_id: int | None = None
    owner_ids: frozenset[int] = frozenset()
    override_reason: str | None = None
    exchange: tuple[GoodsLine, ...] = ()
    channel: str = "store"


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of returning. Amounts in minor units of the shop's currency.

    reason: sealed, None where a program set them. version: of the rules as they were read.
    """

    days: int
    per_customer_max: int
    per_customer_days: int
    unproven_max_minor: int
    set_by: str = ""
    set_at: datetime | None = None
    reason: bytes | None = None
    version: int = 0


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a return. amount_minor: what had been paid for these units."""

    line_no: int
    sold_line: int | None
    sku: str
    qty: int
    condition: str
    amount_minor: int
    tax_rate: Decimal | None


class Return(msgspec.Struct, frozen=True, kw_only=True):
    """A return as it is kept.

    total_minor: what had been paid for the goods, tax included. refunds: how it went back; less
    than the total when goods were taken instead, or something was never paid.
    """

    return_id: UUID
    return_no: str
    location_id: str
    at: datetime
    taken_by: str
    order_id: UUID | None
    receipt_id: UUID | None
    identifier_id: int | None
    reason: str
    currency: str
    total_minor: int
    tax: tuple[TaxLine, ...]
    refunds: tuple[Tendered, ...]
    override_reason: str | None
    exchange_hold_id: UUID | None
    exchange_minor: int
    event_id: str
    lines: tuple[Line, ...] = ()

    @property
    def to_pay_minor(self) -> int:
        """What the customer still pays for dearer goods taken instead."""
        return max(0, self.exchange_minor - self.total_minor)


class NotThatPurchase(Conflict):
    """What a till took back was not of this purchase. facts: why (not_sold, before, other_currency,
    more_than_sold, more_money)."""

    code = "not_that_purchase"


class UnknownTillReturn(NotFound):
    """Nothing came back so at a till, or its purchase is known by now."""

    code = "unknown_till_return"


class TillReturn(msgspec.Struct, frozen=True, kw_only=True):
    """Units of a sku that a till took back. amount_minor: what it gave back for them, above zero.

    said_*: the receipt that the till named, if any. state: open, matched, closed or void. why: why
    the purchase is not known (see `rules.WHYS`), None before the first look.
    """

    receipt_id: UUID
    sku: str
    location_id: str
    at: datetime
    qty: int
    amount_minor: int
    currency: str
    said_location: str | None
    said_register: str | None
    said_sequence: str | None
    said_day: date | None
    state: str
    why: str | None
    root: str | None
    identifier_id: int | None
    how: str | None
    decided_at: datetime | None
    decided_by: str | None
    note: str | None


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A new return, and the hold of what was taken instead."""

    done: Return
    exchange: Placed | None = None
