"""Of what was not understood, the phrase that comes nearest."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

# Below, two phrases have hardly more in common than particles.
_LEAST = 0.12


def nearest(text: str, phrases: Iterable[str]) -> str:
    """The phrase that shares the most pairs of letters with a text; "" when none comes near."""
    wanted = _pairs(text)
    found = max(phrases, key=lambda one: _likeness(wanted, _pairs(one)), default="")
    return found if _likeness(wanted, _pairs(found)) >= _LEAST else ""


def _pairs(text: str) -> frozenset[str]:
    even = "".join(unicodedata.normalize("NFKC", text).casefold().split())
    return frozenset(even[place : place + 2] for place in range(len(even) - 1))


def _likeness(one: frozenset[str], other: frozenset[str]) -> float:
    together = len(one | other)
    return len(one & other) / together if together else 0.0
