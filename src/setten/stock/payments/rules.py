"""What a payment's state allows, and how a refund goes back: plain decisions."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from setten.platform import vault
from setten.stock.payments.model import REFERENCE_LENGTH_MAX, BadPayment, Payment, PaymentRefused


def check_reference(reference: str | None) -> None:
    """Raises BadPayment for what is too long, or could be the number of a card."""
    if reference is None:
        return
    if not 1 <= len(reference) <= REFERENCE_LENGTH_MAX:
        raise BadPayment(why="reference")
    if vault.holds_card_number(reference):
        raise BadPayment(why="card_number")


def check_provider(provider: str | None) -> None:
    """Raises BadPayment where a card's number stands in the place of a name."""
    if provider is not None and vault.holds_card_number(provider):
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
