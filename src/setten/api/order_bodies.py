"""What orders look like over JSON."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from setten.stock.orders import CancelledLine, Evidence, Order
from setten.stock.payments import Payment, Step


class TaxBody(msgspec.Struct, frozen=True):
    """What is taxed at one rate: price with tax, and the tax inside it, rounded once."""

    rate: float
    amount_minor: int
    tax_minor: int


class OrderLineBody(msgspec.Struct, frozen=True, kw_only=True):
    """A line as it was ordered. method: carry, pickup or ship; null where another system told."""

    line_no: int
    sku: str
    qty: int
    cancelled_qty: int
    unit_price_minor: int | None
    amount_minor: int | None
    tax_rate: float | None
    method: str | None
    location_id: str | None


class OrderBody(msgspec.Struct, frozen=True, kw_only=True):
    """One order. number: what people say. due_minor: for what is still wanted. Money with tax.

    system: "setten" for our own, else whose order it is. state: placed or cancelled.
    """

    order_id: UUID
    system: str
    number: str
    customer_id: UUID | None
    channel: str
    location_id: str | None
    state: str
    currency: str | None
    total_minor: int | None
    shipping_minor: int
    due_minor: int | None
    taxes: list[TaxBody]
    lines: list[OrderLineBody]
    placed_at: datetime


class PaymentBody(msgspec.Struct, frozen=True, kw_only=True):
    """One payment. state: intended, authorised, captured, refunded or voided."""

    payment_id: UUID
    method: str
    provider: str | None
    reference: str | None
    state: str
    currency: str
    intended_minor: int
    authorised_minor: int
    captured_minor: int
    refunded_minor: int


class StepBody(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a payment as it was told."""

    payment_id: UUID
    kind: str
    amount_minor: int
    reference: str | None
    at: datetime


class WholeOrderBody(msgspec.Struct, frozen=True, kw_only=True):
    """An order with all that belongs to it."""

    order: OrderBody
    hold_ids: list[UUID]
    payments: list[PaymentBody]
    steps: list[StepBody]
    cancelled: list[CancelledLine]
    evidence: list[Evidence]


class OrdersBody(msgspec.Struct, frozen=True):
    """Orders without their lines, newest first; `next_cursor` asks for older ones."""

    items: list[OrderBody]
    next_cursor: UUID | None


class TakenBackBody(msgspec.Struct, frozen=True, kw_only=True):
    """What was cancelled, and the payments that gave money back or are void."""

    order: OrderBody
    amount_minor: int
    refunds: list[PaymentBody]


def order_body(order: Order, customer_id: UUID | None) -> OrderBody:
    """An order for a caller; numbers of the vault stay inside."""
    return OrderBody(
        order_id=order.order_id,
        system=order.system,
        number=order.order_ref,
        customer_id=customer_id,
        channel=order.channel,
        location_id=order.location_id,
        state=order.state,
        currency=order.currency,
        total_minor=order.total_minor,
        shipping_minor=order.shipping_minor,
        due_minor=order.due_minor,
        taxes=[TaxBody(float(one.rate), one.amount_minor, one.tax_minor) for one in order.taxes],
        lines=[
            OrderLineBody(
                line_no=line.line_no,
                sku=line.sku,
                qty=line.qty,
                cancelled_qty=line.cancelled_qty,
                unit_price_minor=line.unit_price_minor,
                amount_minor=line.amount_minor,
                tax_rate=None if line.tax_rate is None else float(line.tax_rate),
                method=line.method,
                location_id=line.location_id,
            )
            for line in order.lines
        ],
        placed_at=order.placed_at,
    )


def payment_body(one: Payment) -> PaymentBody:
    """A payment for a caller."""
    return PaymentBody(
        payment_id=one.payment_id,
        method=one.method,
        provider=one.provider,
        reference=one.reference,
        state=one.state,
        currency=one.currency,
        intended_minor=one.intended_minor,
        authorised_minor=one.authorised_minor,
        captured_minor=one.captured_minor,
        refunded_minor=one.refunded_minor,
    )


def step_body(one: Step) -> StepBody:
    """A step for a caller."""
    return StepBody(
        payment_id=one.payment_id,
        kind=one.kind,
        amount_minor=one.amount_minor,
        reference=one.reference,
        at=one.at,
    )
