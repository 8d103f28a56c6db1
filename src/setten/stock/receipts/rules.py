"""What a receipt is, and what it does to stock and promises."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from uuid import UUID

import msgspec

from setten.stock.ledger import Account, Balance, Entry, Key
from setten.stock.receipts.model import (
    COUPONS_MAX,
    LINES_MAX,
    MINOR_MAX,
    NAME_LENGTH_MAX,
    QTY_MAX,
    TENDERS_MAX,
    Receipt,
)
from setten.stock.sets import Parts

ReceiptKey: TypeAlias = tuple[str, str, str, str]
_CURRENCY = re.compile(r"[A-Z]{3}")
_TENDER = re.compile(r"[a-z][a-z0-9_]{0,29}")
# Older is a zero value of some language, or an infinity of the database.
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=1)  # a till's clock may be wrong, and days begin in the east


def key_of(receipt: Receipt) -> ReceiptKey:
    """(location_id, business_day, register, sequence)."""
    return (
        receipt.location_id,
        receipt.business_day.isoformat(),
        receipt.register,
        receipt.sequence,
    )


def lock_of(receipt: Receipt) -> int:
    """A 63-bit number for the receipt's key, to queue two tellings of one receipt."""
    text = "\x00".join(key_of(receipt))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


def content_hash(receipt: Receipt) -> UUID:
    """What was sold, to tell a re-sent receipt from another: not how it came to us."""
    told = (
        key_of(receipt), receipt.at, receipt.currency, receipt.lines, receipt.tenders, receipt.tax,
        receipt.coupons, receipt.identifier_id, receipt.order_system, receipt.order_ref,
    )  # fmt: skip
    if receipt.returned_from is not None:
        return _hashed((*told, receipt.returned_from))
    return _hashed(told)


def _hashed(told: object) -> UUID:
    return UUID(bytes=hashlib.blake2b(msgspec.json.encode(told), digest_size=16).digest())


def taken_back(receipt: Receipt) -> dict[str, tuple[int, int]]:
    """Units and money (both above zero) that came back of each sku, where nobody knows yet of which
    purchase: without an order, and without a card unless the till named the receipt.

    A line and its opposite on one receipt are a slip of the finger, and nothing came back.
    """
    by_card = receipt.identifier_id is not None and receipt.returned_from is None
    if by_card or receipt.order_ref is not None or not receipt.moves_stock:
        return {}
    sums: dict[str, tuple[int, int]] = {}
    for line in receipt.lines:
        qty, amount = sums.get(line.sku, (0, 0))
        sums[line.sku] = (qty + line.qty, amount + line.amount_minor)
    return {sku: (-qty, max(0, -amount)) for sku, (qty, amount) in sums.items() if qty < 0}


def paid_back_by(receipt: Receipt) -> str:
    """The way by which most of the money went back; cash where the till does not say."""
    back = [one for one in receipt.tenders if one.amount_minor < 0]
    return min(back, key=lambda one: one.amount_minor).kind if back else "cash"


def check(receipt: Receipt, *, now: datetime) -> str | None:
    """Which part cannot be used; None when all can."""
    names = (receipt.register, receipt.sequence, *receipt.coupons)
    if any(not 1 <= len(name) <= NAME_LENGTH_MAX or "\x00" in name for name in names):
        return "register, sequence or coupons"
    if receipt.at.tzinfo is None:
        return "at without a zone"
    if receipt.at > now + _AHEAD or receipt.business_day > (now + _AHEAD).date():
        return "at or business_day in the future"
    if receipt.at < _EARLIEST or receipt.business_day < _EARLIEST.date():
        return "at or business_day before 1970"
    if receipt.mode not in ("ask", "tell"):
        return "mode"
    if not _CURRENCY.fullmatch(receipt.currency):
        return "currency"
    if (receipt.order_system is None) != (receipt.order_ref is None):
        return "order"
    if (said := receipt.returned_from) is not None:
        words = (said.location_id, said.register, said.sequence)
        if any(not 1 <= len(word) <= NAME_LENGTH_MAX or "\x00" in word for word in words):
            return "returned_from"
    return _check_parts(receipt)


def _check_parts(receipt: Receipt) -> str | None:
    if not 1 <= len(receipt.lines) <= LINES_MAX:
        return "lines"
    for line in receipt.lines:
        if not 1 <= len(line.sku) <= 100 or "\x00" in line.sku:
            return "sku"
        if abs(line.qty) > QTY_MAX:
            return "qty"
        money = (line.amount_minor, line.discount_minor, line.coupon_minor)
        if any(abs(minor) > MINOR_MAX for minor in money):
            return "amount"
        if line.tax_rate is not None and not 0 <= line.tax_rate < 1:
            return "tax_rate"
    if len(receipt.tenders) > TENDERS_MAX or len(receipt.coupons) > COUPONS_MAX:
        return "tenders or coupons"
    for tender in receipt.tenders:
        if not _TENDER.fullmatch(tender.kind) or abs(tender.amount_minor) > MINOR_MAX:
            return "tenders"
    if len(receipt.tax) > TENDERS_MAX or any(abs(t.amount_minor) > MINOR_MAX for t in receipt.tax):
        return "tax"
    return None


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """A hold line that a receipt may pay for. is_handed_over: the goods left already, by code."""

    hold_id: UUID
    sku: str
    location_id: str
    qty: int
    is_handed_over: bool


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a receipt does: entries, and the promises it pays for; or what it may not take."""

    entries: tuple[Entry, ...] = ()
    paid: tuple[Promise, ...] = ()
    wanting: tuple[tuple[str, int], ...] = ()


def plan(
    receipt: Receipt,
    receipt_id: UUID,
    *,
    moving: Mapping[str, tuple[int, int]],
    balances: Mapping[Key, Balance],
    promises: Sequence[Promise],
) -> Plan:
    """Where the units of a receipt come from and go to.

    moving: units (sold, returned) by sku, of goods that we know. promises: those of its buyer.
    Goods handed over by code were booked then; goods still held are taken from the hold, and what
    is left of that line is free again; only the rest comes from the shelf.
    """
    entries: list[Entry] = []
    paid: list[Promise] = []
    wanting: list[tuple[str, int]] = []
    for sku, (sold, returned) in moving.items():
        if returned:
            entries.append(
                _entry(receipt, receipt_id, sku, Account.returned, Account.on_hand, returned)
            )
        rest, released, mine = sold, 0, 0
        for promise in promises:
            if promise.sku != sku or rest <= 0 or promise.location_id != receipt.location_id:
                continue
            if promise.is_handed_over and promise.qty > rest:
                continue
            paid.append(promise)
            taken = min(rest, promise.qty)
            rest -= taken
            if not promise.is_handed_over:
                mine += promise.qty
                released += promise.qty - taken
                entries += _from_hold(receipt, receipt_id, promise, taken)
        balance = balances[sku, receipt.location_id]
        if rest:
            entries.append(_entry(receipt, receipt_id, sku, Account.on_hand, Account.sold, rest))
        lacking = min(rest - balance.on_hand - returned - released, balance.held - mine)
        if lacking > 0 and rest:
            wanting.append((sku, min(lacking, rest)))
    if receipt.mode == "ask" and wanting:
        return Plan(wanting=tuple(wanting))
    return Plan(entries=tuple(entries), paid=tuple(paid))


def _from_hold(receipt: Receipt, receipt_id: UUID, promise: Promise, taken: int) -> list[Entry]:
    sku = promise.sku
    entries = [_entry(receipt, receipt_id, sku, Account.held, Account.sold, taken)]
    if promise.qty > taken:
        left = promise.qty - taken
        entries.append(_entry(receipt, receipt_id, sku, Account.held, Account.on_hand, left))
    return entries


def _entry(
    receipt: Receipt, receipt_id: UUID, sku: str, source: Account, target: Account, qty: int
) -> Entry:
    return Entry(
        sku=sku,
        location_id=receipt.location_id,
        source=source,
        target=target,
        qty=qty,
        cause="receipt",
        cause_id=receipt_id,
    )


def moving(receipt: Receipt, known: frozenset[str], parts: Parts) -> dict[str, tuple[int, int]]:
    """Units (sold, returned) by sku, of the goods we know; of a set, of its parts."""
    units: dict[str, tuple[int, int]] = {}
    if not receipt.moves_stock:
        return units
    for line in receipt.lines:
        if line.sku not in known or not line.qty:
            continue
        for sku, each in parts.get(line.sku, {line.sku: 1}).items():
            sold, returned = units.get(sku, (0, 0))
            qty = line.qty * each
            units[sku] = (sold + max(0, qty), returned + max(0, -qty))
    return units
