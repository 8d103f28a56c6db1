"""Payments as intents: what is to be paid for an order, and how far that has come.

A provider or a till moves the money; here stands what it told. No card number passes through:
`reference` is the provider's own name for the payment, and one that looks like a card is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from setten.facts.commerce import PaymentRecorded
from setten.platform import db, ids, log
from setten.platform.db import Connection
from setten.platform.errors import Conflict, NotFound

_Q = db.load(__file__)
METHODS = ("card", "wallet", "transfer", "on_delivery", "counter", "voucher", "other")
"""counter: whatever the till takes. on_delivery: who brings it takes it."""

KINDS = ("intended", "authorised", "captured", "refunded", "reversed", "voided", "failed")
REFERENCE_LENGTH_MAX = 100
TILL = "system:till"
_CARD_LIKE = re.compile(r"(?<!\d)(?:\d[ -]?){12,18}\d(?!\d)")


class UnknownPayment(NotFound):
    """There is no such payment."""

    code = "unknown_payment"


class BadPayment(Conflict):
    """This cannot be a payment, or a step of one. facts: why."""

    code = "bad_payment"


class PaymentRefused(Conflict):
    """The payment's state does not allow this step. facts: kind, left_minor."""

    code = "payment_refused"


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """One payment of an order; sums in minor units of `currency`."""

    payment_id: UUID
    order_id: UUID
    method: str
    provider: str | None
    reference: str | None
    currency: str
    intended_minor: int
    authorised_minor: int = 0
    captured_minor: int = 0
    refunded_minor: int = 0
    is_voided: bool = False
    made_at: datetime

    @property
    def state(self) -> str:
        """intended, authorised, captured, refunded (all of it) or voided."""
        if self.is_voided:
            return "voided"
        if self.captured_minor:
            return "refunded" if self.refunded_minor == self.captured_minor else "captured"
        return "authorised" if self.authorised_minor else "intended"

    @property
    def kept_minor(self) -> int:
        """What was taken and not given back."""
        return self.captured_minor - self.refunded_minor


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a payment, as it was told."""

    payment_id: UUID
    kind: str
    amount_minor: int
    reference: str | None
    made_by: str
    at: datetime


class Recorded(msgspec.Struct, frozen=True):
    """A payment after a step. event_id: None when the same step was told before."""

    payment: Payment
    event_id: str | None


def check_reference(reference: str | None) -> None:
    """Raises BadPayment for what is too long, or could be the number of a card."""
    if reference is None:
        return
    if not 1 <= len(reference) <= REFERENCE_LENGTH_MAX:
        raise BadPayment(why="reference")
    for found in _CARD_LIKE.findall(reference):
        digits = re.sub(r"\D", "", found)
        if ids.check_digit(digits[:-1]) == digits[-1]:
            raise BadPayment(why="card_number")


def after(payment: Payment, kind: str, amount_minor: int) -> Payment:
    """The payment after a step. Raises PaymentRefused when its state does not allow it.

    An authorisation is not needed before a capture: tills and transfers have none.
    """
    left = {
        "authorised": payment.intended_minor - payment.authorised_minor,
        "captured": payment.intended_minor - payment.captured_minor,
        "refunded": payment.kept_minor,
        "reversed": payment.kept_minor,
    }.get(kind, payment.intended_minor)
    is_taken = payment.captured_minor > 0
    if amount_minor > left or (kind == "voided" and is_taken) or _is_over(payment, kind):
        raise PaymentRefused(kind=kind, left_minor=max(0, left))
    change = msgspec.structs.replace
    if kind == "authorised":
        return change(payment, authorised_minor=payment.authorised_minor + amount_minor)
    if kind == "captured":
        return change(payment, captured_minor=payment.captured_minor + amount_minor)
    if kind == "refunded":
        return change(payment, refunded_minor=payment.refunded_minor + amount_minor)
    if kind == "reversed":
        return change(payment, captured_minor=payment.captured_minor - amount_minor)
    return change(payment, is_voided=True) if kind == "voided" else payment


def _is_over(payment: Payment, kind: str) -> bool:
    return payment.is_voided and kind != "failed"


def spread(payments: Sequence[Payment], amount_minor: int) -> list[tuple[Payment, int]]:
    """How a refund goes back the way the money came: the youngest payment first.

    Raises PaymentRefused when less was taken.
    """
    left, found = amount_minor, []
    for payment in sorted(payments, key=lambda one: one.payment_id, reverse=True):
        part = min(left, payment.kept_minor)
        if part > 0:
            found.append((payment, part))
            left -= part
    if left > 0:
        raise PaymentRefused(kind="refunded", left_minor=amount_minor - left)
    return found


async def intend(
    conn: Connection,
    order_id: UUID,
    *,
    method: str,
    amount_minor: int,
    currency: str,
    by: str,
    now: datetime,
    provider: str | None = None,
    reference: str | None = None,
) -> Payment:
    """Note that so much is to be paid this way. Raises BadPayment."""
    check_reference(reference)
    if method not in METHODS or amount_minor < 1:
        raise BadPayment(why="method" if amount_minor >= 1 else "amount")
    payment = Payment(
        payment_id=ids.uuid7(),
        order_id=order_id,
        method=method,
        provider=provider,
        reference=reference,
        currency=currency,
        intended_minor=amount_minor,
        made_at=now,
    )
    await _Q.insert.run(
        conn,
        payment_id=payment.payment_id,
        order_id=order_id,
        method=method,
        provider=provider,
        reference=reference,
        currency=currency,
        amount=amount_minor,
        now=now,
    )
    await _step(conn, payment, "intended", amount_minor, None, by, now)
    return payment


async def record(
    conn: Connection,
    payment_id: UUID,
    kind: str,
    amount_minor: int,
    *,
    by: str,
    now: datetime,
    reference: str | None = None,
) -> Recorded:
    """Note a step that a provider or till told, once by its reference; states `payment.recorded`.

    kind: authorised, captured, refunded, reversed (a capture that was none), voided or failed.
    Raises UnknownPayment, BadPayment, PaymentRefused.
    """
    check_reference(reference)
    if kind not in KINDS[1:] or amount_minor < 1:
        raise BadPayment(why="kind" if amount_minor >= 1 else "amount")
    row = await _Q.lock.maybe(conn, payment_id=payment_id)
    if row is None:
        raise UnknownPayment(payment_id=str(payment_id))
    payment = Payment(**dict(row))
    if reference is not None and await _Q.step_by_reference.maybe(
        conn, payment_id=payment_id, kind=kind, reference=reference
    ):
        return Recorded(payment, None)
    return await _take(conn, payment, kind, amount_minor, reference, by, now)


async def _take(
    conn: Connection,
    payment: Payment,
    kind: str,
    amount_minor: int,
    reference: str | None,
    by: str,
    now: datetime,
) -> Recorded:
    """A step of a locked payment."""
    new = after(payment, kind, amount_minor)
    await _step(conn, payment, kind, amount_minor, reference, by, now)
    await _Q.set_sums.run(
        conn,
        payment_id=new.payment_id,
        authorised=new.authorised_minor,
        captured=new.captured_minor,
        refunded=new.refunded_minor,
        is_voided=new.is_voided,
    )
    fact = PaymentRecorded(
        payment_id=new.payment_id,
        order_id=new.order_id,
        kind=kind,
        method=new.method,
        amount_minor=amount_minor,
        currency=new.currency,
    )
    return Recorded(new, await log.state(conn, fact, at=now))


async def _step(
    conn: Connection,
    payment: Payment,
    kind: str,
    amount_minor: int,
    reference: str | None,
    by: str,
    now: datetime,
) -> None:
    await _Q.insert_step.maybe(
        conn,
        step_id=ids.uuid7(),
        payment_id=payment.payment_id,
        kind=kind,
        amount=amount_minor,
        reference=reference,
        by=by,
        now=now,
    )


async def refund(
    conn: Connection,
    order_id: UUID,
    amount_minor: int,
    *,
    by: str,
    now: datetime,
    reference: str | None = None,
) -> list[Recorded]:
    """Give money back the way it came: the youngest payment of the order first.

    Raises PaymentRefused when less was taken than is to go back, BadPayment.
    """
    check_reference(reference)
    if amount_minor < 1:
        raise BadPayment(why="amount")
    payments = await lock_of_order(conn, order_id)
    return [
        await _take(conn, payment, "refunded", part, reference, by, now)
        for payment, part in spread(payments, amount_minor)
    ]


async def lock_of_order(conn: Connection, order_id: UUID) -> list[Payment]:
    """Payments of an order, oldest first; nobody else moves them until the transaction ends."""
    rows = await _Q.lock_of_order.all(conn, order_id=order_id)
    return [Payment(**dict(row)) for row in rows]


async def of_order(conn: Connection, order_id: UUID) -> list[Payment]:
    """Payments of an order, oldest first."""
    rows = await _Q.of_order.all(conn, order_id=order_id)
    return [Payment(**dict(row)) for row in rows]


async def steps_of(conn: Connection, order_id: UUID) -> list[Step]:
    """Every step of an order's payments, oldest first."""
    rows = await _Q.steps_of.all(conn, order_id=order_id)
    return [Step(**dict(row)) for row in rows]


async def settle_by_receipt(
    conn: Connection,
    order_id: UUID,
    *,
    receipt_id: UUID,
    replaces: UUID | None,
    amount_minor: int,
    currency: str,
    now: datetime,
) -> None:
    """Note what a till took for an order: on the payment meant for the counter, once a receipt.

    A corrected receipt takes back what the one before it said; one that gives money back (below
    zero) is a refund. amount_minor: signed.
    """
    payments = await lock_of_order(conn, order_id)
    told = await _Q.steps_of.all(conn, order_id=order_id)
    if any(step["reference"] == str(receipt_id) for step in told):
        return
    kept = {payment.payment_id: payment for payment in payments}
    for step in told:
        if (step["kind"], step["reference"]) == ("captured", str(replaces)):
            payment = kept[step["payment_id"]]
            part = min(step["amount_minor"], payment.kept_minor)
            made = await _take(conn, payment, "reversed", part, str(receipt_id), TILL, now)
            kept[payment.payment_id] = made.payment
    if amount_minor < 0:
        await _refund_at_till(conn, list(kept.values()), -amount_minor, str(receipt_id), now)
    elif amount_minor > 0:
        await _capture_at_till(
            conn, order_id, list(kept.values()), amount_minor, currency, str(receipt_id), now
        )


async def _refund_at_till(
    conn: Connection, payments: Sequence[Payment], amount_minor: int, reference: str, now: datetime
) -> None:
    """The drawer may give back no more than we know to have been taken; more is the till's own."""
    most = min(amount_minor, sum(payment.kept_minor for payment in payments))
    for payment, part in spread(payments, most):
        await _take(conn, payment, "refunded", part, reference, TILL, now)


async def _capture_at_till(
    conn: Connection,
    order_id: UUID,
    payments: Sequence[Payment],
    amount_minor: int,
    currency: str,
    reference: str,
    now: datetime,
) -> None:
    left = amount_minor
    for payment in payments:
        room = payment.intended_minor - payment.captured_minor
        if payment.method == "counter" and not payment.is_voided and min(room, left) > 0:
            part = min(room, left)
            await _take(conn, payment, "captured", part, reference, TILL, now)
            left -= part
    if left > 0:  # nobody meant to pay it here, or more was taken: it was taken all the same
        payment = await intend(
            conn,
            order_id,
            method="counter",
            amount_minor=left,
            currency=currency,
            by=TILL,
            now=now,
        )
        await _take(conn, payment, "captured", left, reference, TILL, now)
