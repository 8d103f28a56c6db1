"""Which delivery keeps which promise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import msgspec

from setten.stock.inbound.model import QTY_MAX, REF_LENGTH_MAX, Delivery, Due, Preorder


def check(one: Delivery) -> str | None:
    """Why a delivery cannot be kept, as a code; None when it can."""
    if not 1 <= len(one.ref.strip()) <= REF_LENGTH_MAX or "\x00" in one.ref:
        return "bad_ref"
    if not 0 <= one.qty <= QTY_MAX:
        return "bad_qty"
    if one.cap is not None and not 0 <= one.cap <= QTY_MAX:
        return "bad_cap"
    return None


def choose(dues: Iterable[Due], *, qty: int, by: date | None) -> Due | None:
    """The earliest delivery that has room for all of it and comes in time."""
    able = [one for one in dues if one.room >= qty and (by is None or one.due_on <= by)]
    return min(able, key=lambda one: (one.due_on, one.inbound_id), default=None)


def unkept(due: Due, waiting: Sequence[Preorder]) -> list[Preorder]:
    """The youngest promises that a delivery can no longer keep. waiting: oldest first."""
    over = due.promised - min(due.cap, due.outstanding)
    found: list[Preorder] = []
    for one in reversed(waiting):
        if over <= 0:
            break
        found.append(one)
        over -= one.qty
    return found


def served(waiting: Sequence[Preorder], units: int) -> list[tuple[Preorder, int]]:
    """Whom the units that came are held for, and how many: oldest first.

    Of the last one perhaps only a part: what came for her is not sold to others meanwhile.
    """
    found = []
    for one in waiting:
        taken = min(one.qty, units)
        if taken <= 0:
            break
        found.append((one, taken))
        units -= taken
    return found


def counted_in(dues: Sequence[Due], units: int) -> list[Due]:
    """The deliveries after units came, the one due first filled first; changed ones only."""
    changed = []
    for one in dues:
        taken = min(units, one.outstanding)
        if taken > 0:
            changed.append(msgspec.structs.replace(one, received=one.received + taken))
            units -= taken
    return changed
