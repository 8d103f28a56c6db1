"""Where the chance of a test begins."""

from __future__ import annotations

import os
import random

CI_SEED = 984_772


def drawn() -> int:
    """A number to seed a test's own chance with: another at each run, for the test to tell.

    Where `CI` is set it is always the same, as Hypothesis has it there: a change is refused for
    what it did. `SETTEN_SEED` repeats a run.
    """
    chosen = os.environ.get("SETTEN_SEED")
    if chosen is not None:
        return int(chosen)
    return CI_SEED if os.environ.get("CI") else random.SystemRandom().randrange(10**6)
