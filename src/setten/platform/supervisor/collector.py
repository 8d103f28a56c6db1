"""Python's collector of cycles in a process that lives long and makes many short-lived objects."""

from __future__ import annotations

import gc

# A batch of events makes thousands of short-lived objects and no cycles: with Python's own 700 the
# collector ran for every second event.
OBJECTS = 50_000


def settle_down() -> None:
    """Call when everything is imported and open: what is there now stays for good.

    The collector then looks at what came since, seldom, and never at the modules again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS, 20, 50)
