"""When a process that ended is started again."""

from __future__ import annotations

DELAY_S_MAX = 30.0
# A process that ran this long was healthy; its end starts the count anew.
STEADY_S = 60.0


def restart_delay_s(failures: int) -> float:
    """Seconds to wait before the next start: at once after the first end, then 1, 2, 4 … 30."""
    assert failures >= 1
    return 0.0 if failures == 1 else min(DELAY_S_MAX, 2.0 ** (failures - 2))


def failures_after(failures: int, *, lived_s: float) -> int:
    """The count after one more end."""
    return 1 if lived_s >= STEADY_S else failures + 1
