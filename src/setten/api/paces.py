"""How often one sender may do what costs us something and them nothing: per address and process."""

from __future__ import annotations

import math

SENDERS_MAX = 20_000  # kept in mind at once: some megabytes


class Pace:
    """Token buckets by sender. A full bucket lets `burst` through at once, then `per_minute`.

    Sizes and times of one process, so losing them loses nothing.
    """

    def __init__(self, *, per_minute: int, burst: int) -> None:
        self._rate_s = per_minute / 60
        self._burst = float(burst)
        self._levels: dict[str, tuple[float, float]] = {}

    def take(self, sender: str, now_s: float) -> int:
        """Count one; 0 when it may, else after how many seconds to come back. now_s: monotonic."""
        level, at_s = self._levels.pop(sender, (self._burst, now_s))
        level = min(self._burst, level + (now_s - at_s) * self._rate_s)
        is_let = level >= 1
        self._levels[sender] = (level - 1 if is_let else level, now_s)
        if len(self._levels) > SENDERS_MAX:  # whoever was longest away has a full bucket again
            del self._levels[next(iter(self._levels))]
        return 0 if is_let else max(1, math.ceil((1 - level) / self._rate_s))
