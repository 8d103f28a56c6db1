"""How many, in words: what customers, agents and feeds may know of a number."""

from __future__ import annotations

from enum import StrEnum


class Band(StrEnum):
    """From many to nothing."""

    plenty = "plenty"
    some = "some"
    few = "few"
    none = "none"


# Least number of promisable units for each band. Three or fewer is worth telling a customer who
# would travel for it; at ten a shop does not run out in an ordinary day.
THRESHOLDS: tuple[tuple[int, Band], ...] = ((10, Band.plenty), (4, Band.some), (1, Band.few))


def band_of(available: int) -> Band:
    """The band of a number of promisable units."""
    return next((band for least, band in THRESHOLDS if available >= least), Band.none)
