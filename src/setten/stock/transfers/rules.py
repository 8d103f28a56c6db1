"""What arrives, what is lost, and which accounts that touches."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from setten.stock.ledger import Account, Entry
from setten.stock.transfers.model import (
    LINES_MAX,
    QTY_MAX,
    REF_LENGTH_MAX,
    Arrival,
    BadTransfer,
    Line,
    Plan,
    Transfer,
)


def check(plan: Plan) -> BadTransfer | None:
    """Why this cannot be a transfer at all, or None."""
    if plan.from_location == plan.to_location:
        return BadTransfer(why="to_location")
    if not 1 <= len(plan.lines) <= LINES_MAX:
        return BadTransfer(why="lines")
    if any(not 1 <= qty <= QTY_MAX for qty in plan.lines.values()):
        return BadTransfer(why="qty")
    if plan.ref is not None and not 1 <= len(plan.ref.strip()) <= REF_LENGTH_MAX:
        return BadTransfer(why="ref")
    return None


def check_arrivals(arrivals: Sequence[Arrival]) -> BadTransfer | None:
    """Why these cannot be counted in, or None."""
    if not 1 <= len(arrivals) <= LINES_MAX:
        return BadTransfer(why="lines")
    if len({one.sku for one in arrivals}) < len(arrivals):
        return BadTransfer(why="sku")
    if any(not 1 <= one.qty <= QTY_MAX or not 0 <= one.damaged <= one.qty for one in arrivals):
        return BadTransfer(why="qty")
    return None


def counted_in(line: Line, arrival: Arrival) -> Line:
    """The line after an arrival; what exceeds the paper is surplus."""
    expected = min(arrival.qty, line.open)
    return msgspec.structs.replace(
        line,
        received=line.received + expected,
        damaged=line.damaged + arrival.damaged,
        surplus=line.surplus + arrival.qty - expected,
    )


def closed(line: Line) -> Line:
    """The line when nothing more is awaited: what is open is missing."""
    return msgspec.structs.replace(line, missing=line.missing + line.open)


def shipping(transfer: Transfer) -> list[Entry]:
    """Out of the place it leaves, onto the road."""
    return [
        _entry(transfer, line.sku, transfer.from_location, Account.on_hand, Account.in_transit,
               line.qty, "transfer_out")
        for line in transfer.lines
    ]  # fmt: skip


def arriving(transfer: Transfer, before: Line, after: Line) -> list[Entry]:
    """Off the road into the other place; what is damaged on into quarantine."""
    place = transfer.to_location
    moves = [
        (Account.in_transit, Account.on_hand, after.received - before.received, "transfer_in"),
        (Account.shrinkage, Account.on_hand, after.surplus - before.surplus, "transfer_surplus"),
        (Account.on_hand, Account.quarantine, after.damaged - before.damaged, "transfer_damaged"),
    ]
    return [
        _entry(transfer, after.sku, place, source, target, qty, cause)
        for source, target, qty, cause in moves
        if qty
    ]


def losing(transfer: Transfer) -> list[Entry]:
    """Lost on the road: it left one place and came to none."""
    return [
        _entry(transfer, line.sku, transfer.from_location, Account.in_transit, Account.shrinkage,
               line.open, "transfer_missing")
        for line in transfer.lines
        if line.open
    ]  # fmt: skip


def _entry(
    transfer: Transfer,
    sku: str,
    place: str,
    source: Account,
    target: Account,
    qty: int,
    cause: str,
) -> Entry:
    transfer_id: UUID = transfer.transfer_id
    return Entry(
        sku=sku,
        location_id=place,
        source=source,
        target=target,
        qty=qty,
        cause=cause,
        cause_id=transfer_id,
    )
