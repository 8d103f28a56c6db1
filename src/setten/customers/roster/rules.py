"""Who is listed, and what of her. Plain functions."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from setten.customers.consent import MARKETING, Standing
from setten.customers.profiles import BoughtThrough

NAMELESS = frozenset({"anonymous_id", "device_id"})
"""Kinds of identifiers that are things, not people."""

PEAK_PER_S = 4_000
"""Lines a second that two processors have enough to do with."""

PEAK_CALM = 12
"""In a peak a list is late, and catches up afterwards."""


def is_known(kinds: Collection[str], *, has_bought: bool) -> bool:
    """Whether more is known of somebody than what browser or phone she came with."""
    return has_bought or not NAMELESS.issuperset(kinds)


def worth(bought: Sequence[BoughtThrough]) -> tuple[int, str]:
    """All that somebody bought, in the currency of most purchases; (0, "") for nothing."""
    sums: dict[str, tuple[int, int]] = {}
    for one in bought:
        n, total_minor = sums.get(one.currency, (0, 0))
        sums[one.currency] = (n + one.n, total_minor + one.total_minor)
    if not sums:
        return 0, ""
    currency = min(sums, key=lambda one: (-sums[one][0], one))
    return sums[currency][1], currency


def reach(standings: Sequence[Standing]) -> tuple[str, ...]:
    """The channels through which she may be written to."""
    return tuple(
        sorted(one.channel for one in standings if one.purpose == MARKETING and one.is_reachable)
    )


def pause(calm: float, *, lines: int, seconds: float) -> float:
    """How long to pause after a part of the work, as often as it took; longer where the log took
    so many lines in so many seconds that it is a peak of visitors."""
    return calm * PEAK_CALM if lines > PEAK_PER_S * seconds else calm
