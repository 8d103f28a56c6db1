"""What a movement does to a row of stock, and when it cannot be true."""

from __future__ import annotations

from setten.platform import vault
from setten.stock.ledger import Account, Balance
from setten.stock.movements.model import (
    BALANCE_MAX,
    KINDS,
    QTY_MAX,
    REASONS,
    TEXT_LENGTH_MAX,
    Movement,
)
from setten.stock.sets import Parts

# Where units of a kind come from and go to. adjust and count depend on the sign.
_ROUTES = {
    "receive": (Account.supplier, Account.on_hand),
    "return": (Account.returned, Account.on_hand),
    "sell": (Account.on_hand, Account.sold),
    "transfer_out": (Account.on_hand, Account.in_transit),
    "transfer_in": (Account.in_transit, Account.on_hand),
    "damage": (Account.on_hand, Account.shrinkage),
    "quarantine": (Account.on_hand, Account.quarantine),
    "unquarantine": (Account.quarantine, Account.on_hand),
    "dispose": (Account.quarantine, Account.shrinkage),
}
# What takes goods out of sale, or makes them appear, says why.
_NEEDS_REASON = frozenset({"adjust", "damage", "quarantine", "dispose"})
# A set lies nowhere under its own name: only its parts can be counted.
_NOT_FOR_SETS = frozenset({"count", "adjust"})


def check(movement: Movement) -> str | None:
    """Why a movement cannot be read, as a code; None when it can."""
    if movement.kind not in KINDS:
        return "unknown_kind"
    least = {"adjust": -QTY_MAX, "count": 0}.get(movement.kind, 1)
    if not least <= movement.qty <= QTY_MAX or (movement.kind == "adjust" and not movement.qty):
        return "bad_qty"
    if movement.kind in _NEEDS_REASON and not (movement.reason or "").strip():
        return "reason_missing"
    texts = (movement.reason or "", movement.ref or "", movement.inbound_ref or "")
    if any(len(text) > TEXT_LENGTH_MAX or "\x00" in text for text in texts):
        return "bad_text"
    if vault.holds_card_number(movement.reason or ""):
        return "card_number"  # somebody typed it at a till; a ref is of other systems, and long
    if movement.ref is not None and not movement.ref.strip():
        return "bad_text"
    return None


def reason_code(reason: str | None) -> str | None:
    """The reason as a word that can be added up; None when there is none."""
    said = (reason or "").strip()
    if not said:
        return None
    return said if said in REASONS else "other"


def legs(movement: Movement, parts: Parts) -> list[tuple[str, int]] | str:
    """(sku, qty) that really move: the parts of a set, or the thing itself; or why it cannot be."""
    inside = parts.get(movement.sku)
    if inside is None:
        return [(movement.sku, movement.qty)]
    if movement.kind in _NOT_FOR_SETS:
        return "is_a_set"
    return [(part, movement.qty * units) for part, units in inside.items()]


def transfer(
    movement: Movement, balance: Balance, *, qty: int, is_new: bool
) -> tuple[Account, Account, int] | str:
    """(from, to, qty) of a checked movement, or why it cannot be true. qty is 0 when a count fits.

    qty: units of this row, as asked. is_new: nothing was ever booked on this row, so that a first
    count opens it.
    """
    if movement.kind in ("adjust", "count"):
        differs = qty - (balance.physical if movement.kind == "count" else 0)
        other = Account.opening if is_new and movement.kind == "count" else Account.shrinkage
        route = (other, Account.on_hand) if differs > 0 else (Account.on_hand, other)
        qty = abs(differs)
    else:
        route = _ROUTES[movement.kind]
    if movement.kind != "count" and route[0] is Account.on_hand and qty > balance.physical:
        return "not_enough_there"
    if route[0] is Account.quarantine and qty > balance.quarantine:
        return "not_enough_in_quarantine"
    if route[1] is Account.on_hand and balance.on_hand + qty > BALANCE_MAX:
        return "too_many"
    return (*route, qty)
