"""The places one can work for, by name: asked on every page, so kept for a moment per process."""

from __future__ import annotations

from datetime import datetime, timedelta

from setten.platform.db import Pool
from setten.stock import locations

STALE_AFTER = timedelta(seconds=15)
"""A new shop may take this long to appear in the bar; nothing is decided by this list."""

_kept: dict[int, tuple[datetime, dict[str, str]]] = {}


async def names(pool: Pool, *, now: datetime) -> dict[str, str]:
    """Location id → name, shops first. At most STALE_AFTER old."""
    held = _kept.get(id(pool))
    if held and now - held[0] < STALE_AFTER:
        return held[1]
    async with pool.acquire() as conn:
        found = {place.location_id: place.name for place in await locations.list_all(conn)}
    _kept.clear()
    _kept[id(pool)] = (now, found)
    return found
