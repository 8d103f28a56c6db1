"""What was read before need not be read again: pages, goods and libraries come byte for byte again.

Only what holds nothing personal is remembered, so that erasing somebody never has to look here.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
# A shop's pages and goods that are looked at much. One entry takes about a kilobyte, so a process
# gives some 30 MB for each of its four memories at the most.
ENTRIES_MAX = 15_000
BYTES_MAX = 1_000  # longer parts hardly come again as they are


class Memory(Generic[Key, Value]):
    """Up to twice `most` entries in two generations: what was not asked for in one is forgotten."""

    __slots__ = ("_most", "_old", "_young")

    def __init__(self, most: int = ENTRIES_MAX) -> None:
        self._most = most
        self._young: dict[Key, Value] = {}
        self._old: dict[Key, Value] = {}

    def get(self, key: Key) -> Value | None:
        """What was kept under `key`, or None."""
        found = self._young.get(key)
        if found is None:
            found = self._old.get(key)
            if found is not None:
                self.put(key, found)
        return found

    def put(self, key: Key, value: Value) -> None:
        """Keep `value` under `key`."""
        if len(self._young) >= self._most:
            self._old, self._young = self._young, {}
        self._young[key] = value
