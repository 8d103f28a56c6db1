"""No list reads a growing table to its end, nor puts one in order: every order and filter that is
offered is walked in an index, from the place of the last row.

Each statement of a list is planned with all else forbidden: what still reads or sorts a whole table
then has no index to do otherwise, whatever the tables hold. Which index serves what is kept in
`list_plans.txt`, to be read like code; `SETTEN_WRITE_PLANS=1` writes it anew.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from setten.console.listed import LISTS
from setten.console.lists import ListOf, Look
from setten.console.page import Page
from setten.customers import segments
from setten.platform import db
from setten.platform.auth.model import SYSTEM

KEPT = Path(__file__).with_name("list_plans.txt")
NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
DAY = date(2026, 11, 20)
ID = UUID(int=7)
AFTER: dict[type, Any] = {
    datetime: NOW, date: DAY, UUID: ID, str: "k", int: 7, float: 0.5, bool: True,
}  # fmt: skip

# Tables that are as long as the business is large: places, staff, keys, zones, groups of customers,
# releases and systems are some hundreds at most, and read whole.
SHORT = frozenset((
    "accounts", "cover_nights", "delivery_prefixes", "delivery_services", "delivery_zones", "keys",
    "lists", "locations", "releases", "release_goods", "runs", "segments", "sources", "staff",
    "staff_locations", "write_keys", "house_rules", "set_parts", "sending_places",
))  # fmt: skip

# What a link may ask of each list, alone and together; a list that is not here has no filters.
ASKED: dict[str, tuple[dict[str, Any], ...]] = {
    "aside": ({"at": "x"},),
    "audit": (
        {}, {"by": "staff:x"}, {"what": "event.viewed"}, {"customer": ID}, {"since": DAY},
        {"until": DAY},
    ),
    "carts": ({}, {"left": True}),
    "counts": ({"at": "x"},),
    "cover-dead": ({"at": "x"},),
    "cover-short": ({"at": "x"},),
    "dead-letters": ({}, {"only": "ended"}, {"source": 7}, {"only": "ended", "source": 7}),
    "customers": (
        {}, {"stage": "trial"}, {"home": "x"}, {"reach": "email"}, {"since": DAY, "until": DAY},
        {"spent": 1}, {"stage": "trial", "home": "x", "reach": "email"},
    ),
    "disagreements": ({}, {"at": "x"}),
    "display": ({"at": "x"},),
    "due": ({"at": "x"},),
    "events": ({}, {"on": DAY}),
    "holds": ({"at": "x"}, {"at": "x", "only": "collected"}, {"at": "x", "sku": "y"}),
    "imports": ({}, {"only": "items"}),
    "keys": ({"only": "open"},),
    "movements": ({"sku": "x", "at": "y"},),
    "orders": ({}, {"at": "x"}, {"only": "placed"}, {"at": "x", "only": "placed"},
               {"number": "A-1"}),
    "places": ({"q": "x", "kind": "shop"},),
    "preorders": ({"at": "x"}, {"sku": "x"}, {"at": "x", "sku": "y"}),
    "regional-holds": ({}, {"id": "x"}),
    "releases": ({}, {"q": "x"}, {"phase": "open"}),
    "returns": ({"at": "x"},),
    "segment-lists": ({"q": "x"},),
    "segments": ({"q": "x"},),
    "sources": ({"q": "x", "only": "open"},),
    "staff": ({"q": "x", "role": "agent", "at": "y"},),
    "stage": ({}, {"since": DAY, "until": DAY}),
    "stock": ({}, {"q": "mug"}, {"q": "4901234567894"}),
    "tasks": ({}, {"at": "x"}, {"kind": "put_back"}, {"at": "x", "kind": "put_back"}),
    "till-returns": ({"at": "x"},),
    "transfers-coming": ({"at": "x", "ended": False}, {"at": "x", "ended": True}),
    "transfers-going": ({"at": "x", "ended": False}, {"at": "x", "ended": True}),
    "zones": ({"q": "x"},),
}  # fmt: skip

# What is put in order or read in other ways, and why that stays small.
MEANT = {
    "audit customer": {"walks customers_pkey from its beginning"},  # who became her: a handful
    "carts": {"sorts cart_lines"},  # the lines of each cart of the page
    "carts left": {"sorts cart_lines"},
    "orders number": {"walks orders_placed from its beginning"},  # of one number: a handful
    "purchases": {"sorts identifiers", "sorts purchases"},  # of one person
}

MADE = """
insert into customers.customers (customer_id, created_at)
  values ('00000000-0000-0000-0000-000000000007', now());
insert into customers.identifiers (identifier_id, kind, customer_id, born_as, first_at)
  values (7, 'user_id', '00000000-0000-0000-0000-000000000007', gen_random_uuid(), now());
"""
"""Whose purchases are asked for."""

READS = re.compile(r"(\s|--[^\n]*\n)*(select|with)\b")
"""Not what begins or ends a piece of a transaction."""

DAYS = re.compile(r"(?<=events_)\d{8}")
"""In the name of a partition: which days there are differs each day."""

FORBIDDEN = ("enable_seqscan", "enable_sort", "enable_bitmapscan", "enable_incremental_sort")


def cases() -> Iterator[tuple[ListOf[Any, Any], str, bool, dict[str, Any], tuple[Any, ...] | None]]:
    """Every order of every list, both ways, with every filter, at its beginning and further on."""
    for of in LISTS:
        for column in of.columns:
            if column.order is None:
                continue
            for falls in (False, True):
                for asked in ASKED.get(of.name, ({},)):
                    places = [None]
                    if not of.is_whole:
                        places.append(tuple(AFTER[kind] for kind in column.order.kinds))
                    for after in places:
                        yield of, column.name, falls, asked, after


def test_every_filter_that_a_list_offers_is_asked_here() -> None:
    missing = {
        of.name: unasked
        for of in LISTS
        if (
            unasked := set(of.filters.__struct_fields__)
            - {name for asked in ASKED.get(of.name, ()) for name in asked}
        )
    }
    assert missing == {}


@pytest.fixture
async def said(dsn: str) -> AsyncIterator[tuple[Any, list[tuple[str, tuple[Any, ...]]]]]:
    """A connection, and what it was asked."""
    conn = await db.connect(dsn, statement_timeout="0")
    heard: list[tuple[str, tuple[Any, ...]]] = []
    conn.add_query_logger(lambda record: heard.append((record.query, tuple(record.args or ()))))
    try:
        yield conn, heard
    finally:
        await conn.close()


def look(
    of: ListOf[Any, Any], column: str, falls: bool, asked: Mapping[str, Any], after: Any
) -> Look[Any, Any]:
    page = Page(
        actor=SYSTEM, locale="ja", theme="", path="/", csrf="", now=NOW, zone="Asia/Tokyo",
        is_partial=False,
    )  # fmt: skip
    ids = {"segment_id": 1, "stage": "recovery", "customer_id": ID}
    return Look(
        of=of, page=page, asked=of.filters(**asked), by=of.column(column), falls=falls, ids=ids,
        after=after, most=51,
    )  # fmt: skip


def nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


async def planned(conn: Any, statement: str, args: tuple[Any, ...]) -> list[Mapping[str, Any]]:
    told = await conn.fetchval(f"explain (format json) {statement}", *args)
    return list(nodes(json.loads(told)[0]["Plan"]))


def table_of(node: Mapping[str, Any]) -> str:
    return str(node.get("Relation Name", ""))


def wrong_with(found: list[Mapping[str, Any]]) -> list[str]:
    """What of a plan grows with the business."""
    slow = []
    for node in found:
        table = table_of(node)
        if node["Node Type"] == "Seq Scan" and table not in SHORT:
            slow.append(f"reads all of {table}")
        if "Index" in node["Node Type"] and table not in SHORT and "Index Cond" not in node:
            slow.append(f"walks {node['Index Name']} from its beginning")
    return slow


def sorted_of(found: list[Mapping[str, Any]]) -> list[str]:
    """Growing tables whose rows are put in order."""
    return sorted(
        {
            table_of(under)
            for node in found
            if node["Node Type"] in ("Sort", "Incremental Sort")
            for under in nodes(node)
            if table_of(under) and table_of(under) not in SHORT
        }
    )


def told(of: ListOf[Any, Any], column: str, falls: bool, asked: Mapping[str, Any]) -> str:
    return " ".join((of.name, ("-" if falls else "") + column, *sorted(asked)))


async def test_every_order_and_filter_walks_an_index(
    said: tuple[Any, list[tuple[str, tuple[Any, ...]]]],
) -> None:
    conn, heard = said
    await conn.execute(MADE)
    assert await segments.define(conn, "x", {"kind": "reachable", "channel": "email"},
                                 actor=SYSTEM, now=NOW) == 1  # fmt: skip
    for one in FORBIDDEN:
        await conn.execute(f"set {one} = off")
    plans: dict[str, set[str]] = {}
    slow: dict[str, set[str]] = {}
    for of, column, falls, asked, after in cases():
        await asyncio.sleep(0)  # the driver tells of a statement a turn later: of our `explain`,
        heard.clear()
        await of.fetch(conn, look(of, column, falls, asked, after))
        await asyncio.sleep(0)  # and of what the list has asked
        name = told(of, column, falls, asked)
        for statement, args in list(heard):
            if not READS.match(statement):
                continue
            found = await planned(conn, statement, args)
            growing = [one for one in found if table_of(one) not in SHORT]
            walked = {
                DAYS.sub("of_a_day", one["Index Name"]) for one in growing if "Index Name" in one
            }
            plans.setdefault(name, set()).update(walked)
            wrong = {*wrong_with(found), *(f"sorts {one}" for one in sorted_of(found))}
            wrong -= MEANT.get(" ".join((of.name, *sorted(asked))), set())
            if wrong:
                slow.setdefault(name, set()).update(wrong)
    assert not slow, "\n".join(f"{name}: {', '.join(sorted(slow[name]))}" for name in slow)
    text = "".join(f"{name}: {', '.join(sorted(plans[name])) or '-'}\n" for name in sorted(plans))
    if os.environ.get("SETTEN_WRITE_PLANS"):
        KEPT.write_text(text)
    assert text == KEPT.read_text(), "read the difference, then SETTEN_WRITE_PLANS=1"
