"""What a change makes of a cart: plain decisions on locked rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import msgspec

from setten.stock.carts.model import (
    CHANGES_MAX,
    LINES_MAX,
    METHODS,
    QTY_MAX,
    Add,
    BadCartChange,
    Cart,
    CartFull,
    Change,
    Line,
    LineChanged,
    Part,
    Remove,
    Row,
    SetMethod,
    SetQty,
)

Key: TypeAlias = tuple[UUID, str]
Rows: TypeAlias = Mapping[Key, Row]


def check(changes: Sequence[Change]) -> BadCartChange | None:
    """Why these cannot be done to any cart, or None."""
    if not 1 <= len(changes) <= CHANGES_MAX:
        return BadCartChange(why="changes", changes_max=CHANGES_MAX)
    for one in changes:
        if isinstance(one, Add) and not (one.qty and abs(one.qty) <= QTY_MAX):
            return BadCartChange(why="qty", qty_max=QTY_MAX)
        if isinstance(one, SetQty) and not 0 <= one.qty <= QTY_MAX:
            return BadCartChange(why="qty", qty_max=QTY_MAX)
        if isinstance(one, Add | SetMethod) and not _is_way(one.method, one.location_id):
            return BadCartChange(why="method")
    return None


def _is_way(method: str, location_id: str | None) -> bool:
    return method in METHODS and (method == "ship") == (location_id is None)


def merged(rows: Rows) -> tuple[Line, ...]:
    """The lines of a customer over all parts of her cart, in the order they were put in.

    Of two ways for one line, the one named last counts.
    """
    by_sku: dict[str, list[Row]] = {}
    for row in rows.values():
        by_sku.setdefault(row.sku, []).append(row)
    lines = []
    for sku, parts in by_sku.items():
        qty = sum(row.qty for row in parts)
        if qty == 0:
            continue
        there = sorted((row for row in parts if row.qty), key=lambda row: row.added_at)
        way = max(there, key=lambda row: (row.touched_at, row.cart_id))
        lines.append(
            Line(
                sku=sku,
                qty=qty,
                version=version_of(parts),
                method=way.method,
                location_id=way.location_id,
                channels=tuple(dict.fromkeys(row.channel for row in there)),
                added_at=there[0].added_at,
                touched_at=way.touched_at,
            )
        )
    return tuple(sorted(lines, key=lambda line: (line.added_at, line.sku)))


def version_of(rows: Sequence[Row]) -> int:
    """Rises with every change of any of the rows: none is ever deleted."""
    return sum(row.version for row in rows)


def apply(
    rows: Rows, changes: Sequence[Change], *, into: UUID, channel: str, now: datetime
) -> dict[Key, Row]:
    """All rows as they are after the changes, done one after the other.

    into: the part that new units go to. Raises LineChanged, CartFull.
    """
    after = dict(rows)
    for one in changes:
        if isinstance(one, Add):
            after |= _add(after, one, into, channel, now)
        elif isinstance(one, SetQty):
            after |= _set(after, one, into, channel, now)
        elif isinstance(one, Remove):
            after |= _fewer(after, one.sku, _qty(after, one.sku), now)
        else:
            after |= _way(after, one, now)
    lines = [line for line in merged(after) if line.qty]
    if len(lines) > LINES_MAX or any(line.qty > QTY_MAX for line in lines):
        raise CartFull(lines_max=LINES_MAX, qty_max=QTY_MAX)
    return after


def _of(rows: Rows, sku: str) -> list[Row]:
    return [row for row in rows.values() if row.sku == sku]


def _qty(rows: Rows, sku: str) -> int:
    return sum(row.qty for row in _of(rows, sku))


def _add(rows: Rows, one: Add, into: UUID, channel: str, now: datetime) -> dict[Key, Row]:
    if one.qty < 0:
        return _fewer(rows, one.sku, -one.qty, now)
    there = [row for row in _of(rows, one.sku) if row.qty]
    way = max(there, key=lambda row: (row.touched_at, row.cart_id), default=None)
    mine = rows.get((into, one.sku))
    new = Row(
        cart_id=into,
        sku=one.sku,
        qty=(mine.qty if mine else 0) + one.qty,
        version=(mine.version if mine else 0) + 1,
        method=way.method if way else one.method,
        location_id=way.location_id if way else one.location_id,
        channel=mine.channel if mine and mine.qty else channel,
        added_at=mine.added_at if mine and mine.qty else now,
        touched_at=now,
    )
    return {(into, one.sku): new}


def _fewer(rows: Rows, sku: str, qty: int, now: datetime) -> dict[Key, Row]:
    """Take units out, those put in last first; never below zero."""
    found: dict[Key, Row] = {}
    left = qty
    for row in sorted(_of(rows, sku), key=lambda row: row.added_at, reverse=True):
        part = min(left, row.qty)
        if part:
            found[row.cart_id, sku] = msgspec.structs.replace(
                row, qty=row.qty - part, version=row.version + 1, touched_at=now
            )
            left -= part
    return found


def _set(rows: Rows, one: SetQty, into: UUID, channel: str, now: datetime) -> dict[Key, Row]:
    there = _qty(rows, one.sku)
    version = version_of(_of(rows, one.sku))
    if version != one.version:
        raise LineChanged(sku=one.sku, qty=there, version=version)
    if one.qty < there:
        return _fewer(rows, one.sku, there - one.qty, now)
    if one.qty == there:
        return {}
    return _add(rows, Add(sku=one.sku, qty=one.qty - there), into, channel, now)


def _way(rows: Rows, one: SetMethod, now: datetime) -> dict[Key, Row]:
    return {
        (row.cart_id, row.sku): msgspec.structs.replace(
            row,
            method=one.method,
            location_id=one.location_id,
            version=row.version + 1,
            touched_at=now,
        )
        for row in _of(rows, one.sku)
        if row.qty and (row.method, row.location_id) != (one.method, one.location_id)
    }


def action_of(changes: Sequence[Change]) -> str:
    """The word for a change in `cart.changed`: that of the first."""
    first = changes[0]
    if isinstance(first, Add):
        return "added" if first.qty > 0 else "removed"
    if isinstance(first, SetQty):
        return "set"
    return "removed" if isinstance(first, Remove) else "method"


def cart_from(parts: Sequence[Part], rows: Rows) -> Cart:
    """A customer's cart from its open parts, oldest first."""
    first = parts[0]
    return Cart(
        cart_id=first.cart_id,
        identifier_id=first.identifier_id,
        part_ids=tuple(part.cart_id for part in parts),
        channel=first.channel,
        opened_at=first.opened_at,
        touched_at=max(part.touched_at for part in parts),
        version=version_of(list(rows.values())),
        lines=merged(rows),
    )
