"""House rules: what a business decides of its stock, in force at once, kept with their history."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from tests.stock.conftest import NOW

from setten.platform import db
from setten.platform.db import Connection, Pool
from setten.stock import house_rules
from setten.stock.house_rules import BOUNDS, NAMES, BadHouseRules, HouseRules, HouseRulesChanged

WHY = b"sealed"


async def put(conn: Connection, **changed: int) -> list[str]:
    asked = msgspec.structs.replace(await house_rules.current(conn), **changed)
    return await house_rules.put(conn, asked, reason=WHY, by="staff:1", now=NOW)


async def test_before_anybody_changes_one_the_defaults_hold(conn: Connection) -> None:
    assert await house_rules.current(conn) == HouseRules()
    assert await house_rules.changes(conn) == []


async def test_a_change_holds_for_whoever_asks_next_and_is_told_with_what_it_was(
    conn: Connection,
) -> None:
    assert await put(conn, hold_hours=24, count_units_free=0) == ["hold_hours", "count_units_free"]
    assert await put(conn, hold_hours=36) == ["hold_hours"]
    assert (await house_rules.current(conn)).hold_hours == 36
    later, first = await house_rules.changes(conn)
    assert later.moved == {"hold_hours": (24, 36)}
    assert first.moved == {"hold_hours": (48, 24), "count_units_free": (2, 0)}
    assert first.reason == WHY


async def test_what_changes_nothing_leaves_no_trace(conn: Connection) -> None:
    assert await put(conn) == []
    assert await house_rules.changes(conn) == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("end", [0, 1])
async def test_the_bounds_are_kept_and_the_database_agrees_with_them(
    conn: Connection, name: str, end: int
) -> None:
    bound = BOUNDS[name][end]
    default = getattr(HouseRules(), name)
    assert await put(conn, **{name: bound}) == ([name] if bound != default else [])
    with pytest.raises(BadHouseRules) as refused:
        await put(conn, **{name: bound + (1 if end else -1)})
    assert refused.value.facts["fields"] == name


async def test_of_two_who_change_the_same_rules_the_second_is_told(pool: Pool) -> None:
    async def change(hours: int) -> str:
        async with db.transaction(pool) as conn:
            asked = HouseRules(hold_hours=hours)
            try:
                await house_rules.put(conn, asked, reason=WHY, by="staff:1", now=NOW)
            except HouseRulesChanged:
                return "changed"
        return "kept"

    told = await asyncio.gather(change(10), change(20))
    assert sorted(told) == ["changed", "kept"]


async def test_the_history_is_bounded_and_its_oldest_line_still_says_what_it_was(
    conn: Connection,
) -> None:
    for n in range(house_rules.CHANGES_SHOWN + 2):
        await put(conn, hold_hours=100 + n)
    told = await house_rules.changes(conn)
    assert len(told) == house_rules.CHANGES_SHOWN
    assert told[-1].moved == {"hold_hours": (101, 102)}
