"""Which shop is somebody's own: the one she named, the one she buys at, or the one near her home.

A move of home moves it: what she said or did before counts only while that shop is still near.
Plain functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

# Traits in which clients say which shop is hers.
FIELDS = ("home_location_id", "home_location", "home_store", "home_shop")
# Nobody goes on to shop from farther than this after a move, where another shop is nearer.
USED_KM = 10
# Beyond, a shop is not hers only because no other is nearer.
REACH_KM = 50


class Bought(msgspec.Struct, frozen=True):
    """Purchases at one place. n_since: those since she lives where she does."""

    location_id: str | None
    n: int
    last_at: datetime | None
    n_since: int = 0


class Lives(msgspec.Struct, frozen=True):
    """Where somebody lives, in degrees; has_moved: whether she lived elsewhere before `since`."""

    lat: float
    lon: float
    since: datetime
    has_moved: bool


class Habit(msgspec.Struct, frozen=True):
    """The shop that is hers by what she said and did, if any. is_kept: wherever she lives."""

    location_id: str | None
    is_kept: bool


def habit(
    traits: Mapping[str, Any],
    said_ats: Mapping[str, datetime],
    bought: Sequence[Bought],
    lives: Lives | None,
) -> Habit:
    """The newest shop she named, else that of most purchases; of both, first those since a move."""
    said = max(
        (field for field in FIELDS if isinstance(traits.get(field), str)),
        key=lambda field: said_ats[field].timestamp() if field in said_ats else 0.0,
        default=None,
    )
    named = None if said is None else str(traits[said])
    if lives is None or not lives.has_moved:
        place = named or _most(bought, lambda one: one.n)
        return Habit(place, place is not None)
    if said is not None and said in said_ats and said_ats[said] >= lives.since:
        return Habit(named, True)
    if place := _most(bought, lambda one: one.n_since):
        return Habit(place, True)
    return Habit(named or _most(bought, lambda one: one.n), False)


def _most(bought: Sequence[Bought], count: Any) -> str | None:
    """The place of most purchases; of equal ones the last, then the first by id."""
    times: dict[str, tuple[int, datetime]] = {}
    for one in bought:
        if one.location_id is not None and one.last_at is not None and count(one):
            n, last_at = times.get(one.location_id, (0, one.last_at))
            times[one.location_id] = (n + count(one), max(last_at, one.last_at))
    by_id = sorted(times)
    return max(by_id, key=times.__getitem__, default=None)
