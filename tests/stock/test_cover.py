"""How long goods last, what lies dead, and what to move where."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.stock.conftest import NOW, Shop

from setten.platform import db
from setten.stock import cover, receipts
from setten.stock.cover import Cover, rules
from setten.stock.house_rules import HouseRules
from setten.stock.movements import Movement
from setten.stock.receipts import Receipt, ReceiptLine

ZONE = ZoneInfo("Asia/Tokyo")
TODAY = date(2026, 11, 22)


async def sold(
    shop: Shop, qty: int, *, days_ago: int, at: str = "ginza", sku: str = "mug",
    replaces: UUID | None = None,
) -> UUID:  # fmt: skip
    day = TODAY - timedelta(days=days_ago)
    told = Receipt(
        location_id=at, register="1", sequence=f"{sku}{days_ago}", business_day=day,
        at=datetime(day.year, day.month, day.day, 3, tzinfo=UTC), currency="JPY",
        lines=(ReceiptLine(sku=sku, qty=qty, amount_minor=100 * qty),), moves_stock=False,
        replaces=replaces,
    )  # fmt: skip
    async with db.transaction(shop.pool) as conn:
        (result,) = await receipts.book(conn, [told], by="till", now=NOW)
    assert result.status == "booked"
    assert result.receipt_id is not None
    return result.receipt_id


async def reckoned(shop: Shop, *places: str, now: datetime = NOW) -> None:
    async with db.transaction(shop.pool) as conn:
        for place in places or ("ginza", "ueno", "depot"):
            await cover.reckon(conn, place, now=now, zone=ZONE)


async def short(shop: Shop, at: str = "ginza") -> list[Cover]:
    async with shop.pool.acquire() as conn:
        return await cover.short_at(conn, at)


async def test_days_of_cover_come_from_four_weeks_of_sales(shop: Shop) -> None:
    await shop.receive("mug", 3)
    await sold(shop, 14, days_ago=3)
    await sold(shop, 14, days_ago=20)
    await sold(shop, 99, days_ago=40)
    await reckoned(shop)
    (row,) = await short(shop)
    assert (row.sku, row.sold_28, row.days) == ("mug", 28, 3.0)
    await shop.receive("mug", 30)
    await reckoned(shop, now=NOW + timedelta(seconds=1))
    assert await short(shop) == []


async def test_a_corrected_receipt_and_a_return_count_as_they_are(shop: Shop) -> None:
    await shop.receive("mug", 1)
    first = await sold(shop, 20, days_ago=3)
    await sold(shop, 8, days_ago=3, replaces=first)
    await sold(shop, -2, days_ago=2)
    await reckoned(shop)
    (row,) = await short(shop)
    assert row.sold_28 == 6


async def test_what_lies_unsold_for_sixty_days_is_dead_unless_it_has_just_come(
    shop: Shop,
) -> None:
    await shop.move(
        Movement(kind="count", sku="rug", location_id="ginza", qty=4),
        Movement(kind="receive", sku="sofa", location_id="ginza", qty=2),
        Movement(kind="count", sku="lamp", location_id="ginza", qty=2),
    )
    await sold(shop, 1, days_ago=30, sku="lamp")
    await reckoned(shop)
    async with shop.pool.acquire() as conn:
        dead = await cover.dead_at(conn, "ginza")
    assert [(row.sku, row.promisable) for row in dead] == [("rug", 4)]


async def test_a_move_is_proposed_with_what_is_expected_of_it(shop: Shop) -> None:
    await shop.receive("mug", 2)
    await shop.receive("mug", 40, at="depot")
    await shop.receive("mug", 9, at="ueno")
    await sold(shop, 28, days_ago=5)
    await sold(shop, 28, days_ago=5, at="ueno")
    await reckoned(shop)
    rows = await short(shop)
    async with shop.pool.acquire() as conn:
        made = await cover.proposals(conn, rows)
    one = made["mug"]
    assert (one.from_location, one.to_location, one.qty) == ("depot", "ginza", 12)
    assert (one.to_before, one.to_after, one.from_after) == (2.0, 14.0, None)


@given(
    promisable=st.integers(-5, 50), pace=st.integers(0, 90), there=st.integers(-5, 200),
    theirs=st.integers(0, 90),
)  # fmt: skip
def test_no_move_leaves_the_giver_short_nor_gives_more_than_is_needed(
    promisable: int, pace: int, there: int, theirs: int
) -> None:
    def row(place: str, units: int, sold_28: int) -> Cover:
        return Cover(
            location_id=place, sku="mug", promisable=units, sold_28=sold_28, last_sold_on=None,
            days=rules.lasts(units, sold_28), is_dead=False, reckoned_at=NOW,
        )  # fmt: skip

    made = rules.propose(row("a", promisable, pace), [row("b", there, theirs)], HouseRules())
    if made is None:
        return
    assert 0 < made.qty <= there
    assert made.from_after is None or made.from_after >= HouseRules().keep_days
    assert made.to_after is not None
    assert (max(0, promisable) + made.qty - 1) * 28 / pace < HouseRules().fill_days


async def test_a_large_place_is_worked_out_bit_by_bit_and_comes_out_the_same(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for sku in ("mug", "lamp", "rug", "sofa"):
        await shop.receive(sku, 2)
        await sold(shop, 14, days_ago=3, sku=sku)
    await reckoned(shop, "ginza")
    whole = await short(shop)
    assert len(whole) == 4
    for rows in (1, 2, 3, 4, 5):
        monkeypatch.setattr("setten.stock.cover.rules.ROWS_MAX", rows)
        await reckoned(shop, "ginza")
        assert await short(shop) == whole
    for one in ("ROWS_FIRST", "ROWS_MIN", "ROWS_MAX"):
        monkeypatch.setattr(f"setten.stock.cover.rules.{one}", 1)
    await cover.reckon_all(shop.pool, zone=ZONE)
    assert [one.sku for one in await short(shop)] == [one.sku for one in whole]


def test_a_slow_disk_is_asked_for_less_at_once_and_a_quick_one_for_more() -> None:
    rows = [rules.ROWS_FIRST]
    for took_s in (0.1, 0.1, 4.0, 1.25, 9.0, 0.5, 0.1, 0.1):
        rows.append(rules.rows_next(rows[-1], took_s))
    assert rows == [250, 500, 1000, 125, 50, 50, 50, 100, 200]
    assert rules.rows_next(rules.ROWS_MAX, 0.0) == rules.ROWS_MAX
    # A disk that suddenly gives a row in 5 ms: within a statement's 15 s, half a second next.
    assert rules.ROWS_MAX * 0.005 < 15
    assert rules.rows_next(rules.ROWS_MAX, rules.ROWS_MAX * 0.005) == 100


async def test_a_night_writes_only_what_changed_and_drops_what_is_gone(shop: Shop) -> None:
    for sku in ("mug", "sofa", "lamp"):
        await shop.receive(sku, 5)
    await sold(shop, 28, days_ago=3)
    await reckoned(shop)
    written = "select sku, xmin::text from stock.cover where location_id = 'ginza' order by sku"
    before = dict(await shop.pool.fetch(written))
    await shop.move(Movement(kind="receive", sku="sofa", location_id="ginza", qty=1),
                    Movement(kind="dispose", sku="lamp", location_id="ginza", qty=5,
                             reason="broken"),
                    Movement(kind="damage", sku="lamp", location_id="ginza", qty=5,
                             reason="broken"))  # fmt: skip
    await reckoned(shop, now=NOW + timedelta(days=1))
    after = dict(await shop.pool.fetch(written))
    assert after.keys() == {"mug", "sofa"}
    assert (after["mug"] == before["mug"], after["sofa"] == before["sofa"]) == (True, False)
    (row,) = await short(shop)
    assert row.reckoned_at == NOW + timedelta(days=1)


async def test_what_a_warehouse_sends_is_not_dead_though_no_till_sells_it(shop: Shop) -> None:
    long_ago = NOW - timedelta(days=90)
    for sku in ("mug", "sofa"):
        row = Movement(kind="receive", sku=sku, location_id="depot", qty=5)
        await shop.move(row, now=long_ago)
    away = Movement(kind="sell", sku="mug", location_id="depot", qty=1)
    await shop.move(away, now=NOW - timedelta(days=2))
    await reckoned(shop)
    async with shop.pool.acquire() as conn:
        assert [one.sku for one in await cover.dead_at(conn, "depot")] == ["sofa"]
