"""Who may set up what: one's own place with the right to approve, the whole chain from above it."""

from __future__ import annotations

from setten.platform.auth import Actor, NoRight, Right


def may_change(who: Actor, location_id: str) -> bool:
    """Whether this person decides for the place."""
    return who.may(Right.approve_stock) and who.may_at(location_id)


def may_change_all(who: Actor) -> bool:
    """Whether this person decides for the chain: those who work for single shops do not."""
    return who.may(Right.approve_stock) and not who.locations


def require_at(who: Actor, location_id: str) -> None:
    """Raises NoRight unless this person decides for the place."""
    if not may_change(who, location_id):
        raise NoRight(right=Right.approve_stock.value)


def require_all(who: Actor) -> None:
    """Raises NoRight unless this person decides for the chain."""
    if not may_change_all(who):
        raise NoRight(right=Right.approve_stock.value)
