"""Whose word counts, and what it changes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

from setten.stock.ledger import Key
from setten.stock.outside.model import QTY_MAX, Level


class Verdict(Enum):
    """What a telling is worth."""

    stale = auto()
    agreed = auto()
    booked = auto()
    changed_since = auto()
    disagreed = auto()


def check(level: Level) -> str | None:
    """Why a level cannot be read, as a code; None when it can."""
    if not 0 <= level.to <= QTY_MAX or not 0 <= (level.expected or 0) <= QTY_MAX:
        return "bad_qty"
    return "bad_sequence" if level.sequence < 0 else None


def judge(level: Level, *, ours: int, last: int | None, master: str | None, system: str) -> Verdict:
    """What to do with a level. ours: units there by our book; last: newest sequence of the system.

    A master that names what it changes from is refused when our book says otherwise by now: it
    looks again, and nobody's change is lost.
    """
    if last is not None and level.sequence <= last:
        return Verdict.stale
    if level.to == ours:
        return Verdict.agreed
    if master != system:
        return Verdict.disagreed
    if level.expected is not None and level.expected != ours:
        return Verdict.changed_since
    return Verdict.booked


def master_of(key: Key, masters: Mapping[tuple[str, str], str]) -> str | None:
    """The system whose word counts for a row; None when it is ours."""
    sku, place = key
    return masters.get((place, sku)) or masters.get((place, ""))
