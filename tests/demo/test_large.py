"""The very large business: laid down over sets, it is what verbs and readers would have left."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import MASTER_KEY

from setten import background
from setten.customers import identity, timeline
from setten.demo import large, seeding
from setten.demo.large import people
from setten.insight import touchpoints
from setten.platform import db, log, settings
from setten.platform.settings import Settings
from setten.platform.vault import Vault, normalise
from setten.stock import ledger, receipts

NOW = datetime(2026, 9, 16, 7, 20, tzinfo=UTC)
PART = 0.0001  # the smallest there is: 1,000 people, 20,000 events, 70,000 balances
PROJECTIONS = ("customers.timeline", "customers.counters", "customers.purchases",
               "customers.traits", "insight.touches", "insight.day_events",
               "insight.day_orders", "insight.newest")  # fmt: skip


def _settings(dsn: str, folder: Path) -> Settings:
    return settings.load(
        environment={
            "SETTEN_DATABASE_URL": dsn,
            "SETTEN_DATA_DIR": str(folder),
            "SETTEN_MASTER_KEY": base64.b64encode(MASTER_KEY).decode(),
            "SETTEN_TIMEZONE": "Asia/Tokyo",
        },
        demo=False,
    )


class Killed(Exception):
    pass


async def _load(found: Settings, *, until: str | None = None) -> list[tuple[str, int, int]]:
    """Lay one down; killed in the middle of a stage where one is named."""
    told: list[tuple[str, int, int]] = []

    def tell(stage: str, done: int, in_all: int) -> None:
        told.append((stage, done, in_all))
        if stage == until:
            raise Killed

    async with background.resources(found, size=1) as means:
        readers = [one.name for one in background.readers(means)]
    await large.lay_down(found, now=NOW, readers=readers, part=PART, progress=tell)
    return told


async def _contents(conn: db.Connection) -> dict[str, Any]:
    """Of each projection how many rows there are, and a sum over all that they say."""
    asked = "select count(*), sum(hashtextextended(p::text, 1)::numeric) from {} as p"
    return {one: tuple(await conn.fetchrow(asked.format(one))) for one in PROJECTIONS}


async def test_rebuilds_and_reconciliation_find_nothing_else_than_was_laid_down(
    dsn: str, tmp_path: Path
) -> None:
    found = _settings(dsn, tmp_path)
    told = await _load(found)
    pool = await db.open_pool(dsn)
    try:
        async with pool.acquire() as conn:
            laid = await _contents(conn)
            assert all(rows for rows, _ in laid.values())
            assert (await ledger.reconcile(conn)).is_clean
            assert await receipts.drifts(conn) == []

        assert await identity.rebuild(pool) == 0
        assert await timeline.rebuild(pool) == laid["customers.timeline"][0]
        await touchpoints.rebuild(pool, zone=found.zone)

        async with pool.acquire() as conn:
            assert await _contents(conn) == laid
    finally:
        pool.terminate()
    assert list(dict.fromkeys(stage for stage, _, _ in told)) == [
        "goods", "people", "past", "sums", "stages"]  # fmt: skip
    assert large.is_laid(tmp_path)


async def test_a_load_that_was_killed_goes_on_and_ends_the_same(dsn: str, tmp_path: Path) -> None:
    found = _settings(dsn, tmp_path)
    for stage in ("goods", "past"):
        with pytest.raises(Killed):
            await _load(found, until=stage)
        assert not large.is_laid(tmp_path)

    told = await _load(found)

    assert {stage for stage, _, _ in told} == {"past", "sums", "stages"}
    conn = await db.connect(dsn)
    try:
        assert (await ledger.reconcile(conn)).is_clean
        size = large.Size(begin=NOW.date(), part=PART)
        assert await conn.fetchval("select count(*) from stock.balances") == size.balances
        assert await conn.fetchval("select count(*) from customers.customers") == size.people
        assert await conn.fetchval(
            "select count(*) from log.events where name <> 'customer.stage_changed'"
        ) == size.events  # fmt: skip
        missing = await conn.fetch(
            "select conrelid::regclass from pg_constraint where not convalidated and contype = 'f'"
        )
        assert missing == []
    finally:
        await conn.close()


async def test_its_people_are_found_and_its_events_counted_once_like_any(
    dsn: str, tmp_path: Path
) -> None:
    await _load(_settings(dsn, tmp_path))
    vault = Vault(MASTER_KEY)
    pool = await db.open_pool(dsn)
    try:
        async with db.transaction(pool) as conn:
            member = 5
            card = normalise("loyalty_card", f"2900{member:08d}")
            assert await vault.find(conn, [card]) == {card: people.number("k", member)}
            family, given = people.name_of(member)
            named = await vault.search(conn, f"{family[0]} {given[0]}")
            assert people.number("u", member) in named
            values = await vault.values(conn, [people.number("e", member)])
            assert [one.value for one in values.values()] == [f"m{member:07d}@example.jp"]
            row = await conn.fetchrow("select event_id, occurred_at from log.events limit 1")
            day = row["occurred_at"].date()
            assert await log.claim(conn, [(day, row["event_id"])], on=day) == {}
            assert await log.find(conn, row["event_id"], today=day)
    finally:
        pool.terminate()


async def test_another_demo_is_left_as_it_is(dsn: str, tmp_path: Path) -> None:
    found = _settings(dsn, tmp_path)
    assert await seeding.seed(found, scale="small", now=NOW)

    with pytest.raises(large.Unfinished):
        await _load(found)

    assert not (tmp_path / large.FILE).exists()
