"""Every list of the console that is declared as one: each has a file (routes), and one test."""

from __future__ import annotations

from typing import Any

from setten.console.lists import ListOf
from setten.console.run import listed as run
from setten.console.stock import listed as stock

LISTS: tuple[ListOf[Any, Any], ...] = (
    run.AUDIT,
    run.STAFF,
    stock.CARTS,
    stock.ORDERS,
)
