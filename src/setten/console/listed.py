"""Every list of the console that is declared as one: each has a file (routes), and one test."""

from __future__ import annotations

from typing import Any

from setten.console.chain import releases
from setten.console.lists import ListOf
from setten.console.run import listed as run
from setten.console.segments import listed as segments
from setten.console.stock import listed as stock
from setten.console.stock import listed_floor as floor

LISTS: tuple[ListOf[Any, Any], ...] = (
    floor.COMING,
    floor.COUNTS,
    floor.DISAGREEMENTS,
    floor.GOING,
    floor.RETURNS,
    releases.RELEASES,
    run.AUDIT,
    run.KEYS,
    run.STAFF,
    segments.MEMBERS,
    segments.SEGMENTS,
    stock.CARTS,
    stock.ORDERS,
)
