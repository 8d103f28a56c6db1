"""The chain in a real database: what the product adds up is what happened in the world."""

from __future__ import annotations

import base64
import json
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

from tests.conftest import MASTER_KEY

from setten import demo
from setten.demo import growing
from setten.demo.chain import Deed, Kind
from setten.demo.world import JAPAN
from setten.platform import business, db, settings
from setten.platform.settings import Settings
from setten.stock import ledger, receipts

NOW = datetime(2026, 9, 16, 16, 20, tzinfo=JAPAN)
DAYS = 3
SIZE = 0.06


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


def _deeds(folder: Path, until: datetime) -> list[Deed]:
    story = growing.opened(folder)
    assert story is not None
    days = (until.date() - story.state.begin).days + 1
    return [deed for day in story.chain.days(days) for deed in day.deeds if deed.at <= until]


async def _sums(dsn: str) -> dict[str, int]:
    conn = await db.connect(dsn)
    try:
        async with conn.transaction():
            assert (await ledger.reconcile(conn)).is_clean
        return {
            "receipts": await conn.fetchval(
                "select count(*) from stock.receipts where moved_stock"
            ),
            "yen": await conn.fetchval(
                "select sum(total_minor)::bigint from stock.receipts where moved_stock"
            ),
            "units": await conn.fetchval("select sum(on_hand + held) from stock.balances"),
            "below_zero": await conn.fetchval(
                "select count(*) from stock.balances where on_hand < 0"
            ),
            "returns": await conn.fetchval("select count(*) from stock.returns"),
            "notes": await conn.fetchval("select count(*) from engagement.notes"),
        }
    finally:
        await conn.close()


def _true_sums(deeds: list[Deed]) -> dict[str, int]:
    units: Counter[Kind] = Counter()
    for deed in deeds:
        units[deed.kind] += sum(line.qty for line in deed.lines)
    returned = [deed for deed in deeds if deed.kind is Kind.refund]
    fine = sum(deed.said["condition"] == "resaleable" for deed in returned)
    came = units[Kind.opening] + units[Kind.supply] + fine
    went = units[Kind.sale] + units[Kind.till_refund] + units[Kind.dispatch] + units[Kind.sent]
    lost = units[Kind.damage] + units[Kind.counted]
    on_road = units[Kind.truck] - units[Kind.arrival]
    tills = [deed for deed in deeds if deed.kind in (Kind.sale, Kind.till_refund)]
    return {
        "receipts": len(tills),
        "yen": sum(line.amount for deed in tills for line in deed.lines),
        "units": came - went - lost - on_road,
        "notes": sum(deed.kind is Kind.words for deed in deeds),
        "returns": len(returned),
    }


async def test_what_the_product_adds_up_is_what_happened(dsn: str, tmp_path: Path) -> None:
    found = _settings(dsn, tmp_path)
    told: list[tuple[int, int]] = []

    assert await demo.grow(
        found, now=NOW, days=DAYS, size=SIZE, progress=lambda n, m: told.append((n, m))
    )

    sums, true = await _sums(dsn), _true_sums(_deeds(tmp_path, NOW))
    assert {key: sums[key] for key in true} == true
    assert true["receipts"] > 30
    assert sums["below_zero"] == 0
    assert told[-1] == (DAYS + 1, DAYS + 1)


async def test_pages_that_staff_work_on_have_something_on_them(dsn: str, tmp_path: Path) -> None:
    await demo.grow(_settings(dsn, tmp_path), now=NOW, days=3, size=SIZE * 4)

    conn = await db.connect(dsn)
    try:
        own = await conn.fetch("select distinct way from stock.fulfilments")
        assert {row["way"] for row in own} == {"ship"}
        assert not await conn.fetchval("select count(*) from auth.staff where signed_in_at is null")
        assert not await conn.fetchval(
            "select count(*) from auth.staff where signed_in_at > $1", NOW
        )
        assert (await business.read(conn)).name == "暮らしの道具店"
        writers = await conn.fetch("select distinct by_id, by_name from engagement.notes")
        assert writers
        assert all(row["by_id"].startswith("staff:") for row in writers)
        assert await conn.fetchval("select count(*) from customers.segments") == 5
        assert await conn.fetchval("select count(*) from stock.release_tickets") > 20
        assert await conn.fetchval("select count(*) from log.dead_letters") == 3
        sheets = await conn.fetch("select state, count(*) as n from stock.counts group by 1")
        assert {row["state"]: row["n"] for row in sheets} == {"booked": 2, "waiting": 2}
    finally:
        await conn.close()


# Readers that are level look back as far as the day before what they have read.
ARRIVED_UNSEEN = """
select distinct name
  from (select name, arrived_on, max(arrived_on) over (order by xid, position) as reached
          from log.events) as told
 where arrived_on < reached - 1
"""


async def test_nothing_is_told_behind_the_backs_of_readers(dsn: str, tmp_path: Path) -> None:
    await demo.grow(_settings(dsn, tmp_path), now=NOW, days=4, size=SIZE)
    conn = await db.connect(dsn)
    try:
        assert await conn.fetch(ARRIVED_UNSEEN) == []
    finally:
        await conn.close()


async def test_a_smaller_business_lives_in_the_product_too(dsn: str, tmp_path: Path) -> None:
    story = await demo.grow(_settings(dsn, tmp_path), now=NOW, days=2, size=0.3, name="bank")
    assert story is not None
    again = growing.opened(tmp_path)
    assert again is not None
    assert again.chain.business.business_id == "bank"
    conn = await db.connect(dsn)
    try:
        assert await conn.fetchval("select count(*) from stock.receipts") == 0
        assert await conn.fetchval("select count(*) from stock.items where gtin is null") == 12
        names = {row["name_ja"] for row in await conn.fetch("select * from stock.locations")}
        assert {"銀座支店", "仙台一番町支店"} <= names
        async with conn.transaction():
            assert (await ledger.reconcile(conn)).is_clean
    finally:
        await conn.close()


async def test_a_demo_that_slept_has_the_time_behind_it_when_it_is_back(
    dsn: str, tmp_path: Path
) -> None:
    found = _settings(dsn, tmp_path)
    await demo.grow(found, now=NOW, days=1, size=SIZE)
    first = await _sums(dsn)

    story = await demo.grow(found, now=NOW, days=1, size=SIZE)

    assert story is not None
    assert await _sums(dsn) == first
    ahead = story.ahead()
    assert next(ahead).at > NOW

    later = NOW + timedelta(days=1, hours=2)
    await demo.grow(found, now=later, days=1, size=SIZE)
    sums, true = await _sums(dsn), _true_sums(_deeds(tmp_path, later))
    assert {key: sums[key] for key in true} == true
    assert sums["receipts"] > first["receipts"]


async def test_the_truth_lies_beside_the_product_and_not_in_it(dsn: str, tmp_path: Path) -> None:
    await demo.grow(_settings(dsn, tmp_path), now=NOW, days=1, size=SIZE)

    people = [json.loads(line) for line in (tmp_path / "truth/people.jsonl").open()]
    causes = [json.loads(line) for line in (tmp_path / "truth/causes.jsonl").open()]
    assert len(people) == round(3000 * SIZE)
    assert all(one["opinion"] and one["told"]["loyalty_card"] for one in people)
    assert {"sale"} <= {one["kind"] for one in causes} <= {"sale", "bought", "refund"}
    assert all(one["cause"] for one in causes)


async def test_a_demo_of_an_older_world_stands_still(dsn: str, tmp_path: Path) -> None:
    found = _settings(dsn, tmp_path)
    await demo.grow(found, now=NOW, days=1, size=SIZE)
    first = await _sums(dsn)
    kept = tmp_path / growing.FILE
    kept.write_text(kept.read_text().replace(f'"world":{growing.WORLD}', '"world":1'))

    assert await demo.grow(found, now=NOW + timedelta(days=1), days=1, size=SIZE) is None
    assert await _sums(dsn) == first


async def test_another_demo_is_left_as_it_is(dsn: str, tmp_path: Path) -> None:
    found = _settings(dsn, tmp_path)
    assert await demo.seed(found, scale="small", now=NOW)

    assert await demo.grow(found, now=NOW, days=1, size=SIZE) is None

    conn = await db.connect(dsn)
    try:
        assert len(await receipts.totals(conn)) == 1
        assert await conn.fetchval("select count(*) from stock.locations") == 4
    finally:
        await conn.close()
