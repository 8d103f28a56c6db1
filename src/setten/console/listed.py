"""Every list of the console that is declared as one: each has a file (routes), and one test."""

from __future__ import annotations

from typing import Any

from setten.console.chain import listed as chain
from setten.console.chain import regional, releases
from setten.console.customers import listed as customers
from setten.console.lists import ListOf
from setten.console.run import listed as run
from setten.console.run import listed_data as data
from setten.console.segments import listed as segments
from setten.console.stock import chores, moved, preordered
from setten.console.stock import listed as stock
from setten.console.stock import listed_floor as floor
from setten.console.stock import listed_goods as goods

LISTS: tuple[ListOf[Any, Any], ...] = (
    chain.ASIDE,
    chain.DISPLAY,
    chain.DUE,
    chain.PLACES,
    chain.ZONES,
    customers.PURCHASES,
    customers.ROSTER,
    customers.STAGE,
    chores.TASKS,
    data.EVENTS,
    data.LETTERS,
    data.RUNS,
    data.SOURCES,
    floor.COMING,
    floor.COUNTS,
    floor.DISAGREEMENTS,
    floor.GOING,
    floor.RETURNS,
    floor.TILL_RETURNS,
    goods.DEAD,
    goods.HOLDS,
    goods.ITEMS,
    goods.SHORT,
    moved.MOVEMENTS,
    preordered.PREORDERS,
    regional.REGIONAL,
    releases.RELEASES,
    run.AUDIT,
    run.KEYS,
    run.STAFF,
    segments.BROUGHT,
    segments.MEMBERS,
    segments.SEGMENTS,
    stock.CARTS,
    stock.ORDERS,
)
