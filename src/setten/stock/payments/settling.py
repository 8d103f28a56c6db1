"""What a till's receipt says of an order's payments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from setten.platform.db import Connection
from setten.stock.payments import rules
from setten.stock.payments.model import TILL, Payment
from setten.stock.payments.service import intend, lock_of_order, steps_of, take


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
    told = await steps_of(conn, order_id)
    if any(step.reference == str(receipt_id) for step in told):
        return
    kept = {payment.payment_id: payment for payment in payments}
    for step in told:
        if (step.kind, step.reference) == ("captured", str(replaces)):
            payment = kept[step.payment_id]
            part = min(step.amount_minor, payment.kept_minor)
            made = await take(conn, payment, "reversed", part, str(receipt_id), TILL, now)
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
    for payment, part in rules.spread(payments, most):
        await take(conn, payment, "refunded", part, reference, TILL, now)


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
            await take(conn, payment, "captured", part, reference, TILL, now)
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
        await take(conn, payment, "captured", left, reference, TILL, now)
