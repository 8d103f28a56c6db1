"""The verbs of a payment: intended, moved on as told, given back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from uuid import UUID

from setten.facts.commerce import PaymentRecorded
from setten.platform import db, ids, log
from setten.platform.db import Connection
from setten.stock.payments import rules
from setten.stock.payments.model import (
    KINDS,
    METHODS,
    BadPayment,
    Payment,
    PaymentRefused,
    Recorded,
    Step,
    UnknownPayment,
)

_Q = db.load(str(Path(__file__).with_name("store.py")))


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
    rules.check_reference(reference)
    rules.check_provider(provider)
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
    rules.check_reference(reference)
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
    return await take(conn, payment, kind, amount_minor, reference, by, now)


async def take_at_counter(
    conn: Connection, payment_id: UUID, *, by: str, now: datetime
) -> Recorded:
    """Note that what was to be paid at the counter was paid there, all of it.

    Raises UnknownPayment, PaymentRefused when it was paid before or is paid another way.
    """
    row = await _Q.lock.maybe(conn, payment_id=payment_id)
    if row is None:
        raise UnknownPayment(payment_id=str(payment_id))
    payment = Payment(**dict(row))
    left = payment.intended_minor - payment.captured_minor
    if payment.method != "counter" or left < 1:
        raise PaymentRefused(kind="captured", left_minor=0)
    return await take(conn, payment, "captured", left, None, by, now)


async def take(
    conn: Connection,
    payment: Payment,
    kind: str,
    amount_minor: int,
    reference: str | None,
    by: str,
    now: datetime,
) -> Recorded:
    """A step of a locked payment."""
    new = rules.after(payment, kind, amount_minor)
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
    rules.check_reference(reference)
    if amount_minor < 1:
        raise BadPayment(why="amount")
    payments = await lock_of_order(conn, order_id)
    return [
        await take(conn, payment, "refunded", part, reference, by, now)
        for payment, part in rules.spread(payments, amount_minor)
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
