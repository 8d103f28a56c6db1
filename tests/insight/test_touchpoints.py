"""The day in sums: touches by channel and quarter hour, events by name, orders as placed."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from setten.customers import identity, timeline
from setten.insight import touchpoints
from setten.platform import clock
from tests.customers.conftest import START, People
from tests.reading import caught_up

TOKYO = ZoneInfo("Asia/Tokyo")
DAY = date(2026, 11, 1)  # START is 18:00 there


@pytest.fixture
def people(pool, vault):
    return People(pool, vault)


async def catch_up(pool, zone: ZoneInfo = TOKYO) -> None:
    for reader in touchpoints.readers(zone):
        await caught_up(reader, pool)


async def strips(pool, day: date = DAY) -> dict[str, dict[int, int]]:
    async with pool.acquire() as conn:
        found = await touchpoints.strips(conn, day)
    return {one.channel: {s: n for s, n in enumerate(one.slots) if n} for one in found}


async def sums(pool) -> list[list[tuple[object, ...]]]:
    async with pool.acquire() as conn:
        return [
            [tuple(row) for row in await conn.fetch(f"select * from insight.{table} order by 1, 2")]
            for table in ("touches", "day_events", "day_orders", "newest")
        ]


async def test_touches_stand_in_the_quarter_hour_of_the_business(people, pool):
    await people.happens("user_id:ann", minute=0)
    await people.happens("user_id:ann", minute=14)
    await people.happens("user_id:bo", minute=15, channel="app")
    await people.happens("user_id:bo", minute=6 * 60)  # past midnight in Tokyo
    await catch_up(pool)
    assert await strips(pool) == {"web": {72: 2}, "app": {73: 1}}
    assert await strips(pool, DAY + timedelta(days=1)) == {"web": {0: 1}}


async def test_what_we_conclude_is_no_touch_but_is_counted_by_name(people, pool):
    await people.happens("user_id:ann", "anonymous_id:a", minute=1)
    for reader in (*identity.readers(people.vault), *timeline.readers()):
        await caught_up(reader, pool)
    await catch_up(pool)
    assert await strips(pool) == {"web": {72: 1}}
    today = clock.now().astimezone(TOKYO).date()
    async with pool.acquire() as conn:
        found = await touchpoints.events(conn, first_day=DAY, last_day=max(DAY, today))
    assert found == {"page.viewed": 1, "customer.created": 1}


async def test_a_note_is_a_touch_when_it_holds_her_own_words(people, pool):
    for voice in ("customer", "staff"):
        await people.happens("user_id:ann", name="note.written", channel="chat",
                             body={"note_id": "1", "voice": voice})  # fmt: skip
    await catch_up(pool)
    assert await strips(pool) == {"chat": {72: 1}}


async def test_orders_add_up_by_channel_and_currency(people, pool):
    for total, currency in ((500, "JPY"), (700, "JPY"), (900, "USD"), (None, None)):
        await people.happens("user_id:ann", name="order.placed", channel="online", body={
            "order_id": str(uuid.uuid4()), "system": "shop", "order_ref": str(total),
            "total_minor": total, "currency": currency, "lines": [],
        })  # fmt: skip
    await people.happens("user_id:ann", name="order.placed", body={"total_minor": "much"})
    await catch_up(pool)
    async with pool.acquire() as conn:
        found = await touchpoints.orders(conn, [DAY])
    assert [(one.currency, one.orders, one.total_minor) for one in found] == [
        ("JPY", 2, 1_200), ("", 1, 0), ("USD", 1, 900),
    ]  # fmt: skip


async def test_the_newest_events_behind_a_number_are_found_and_nothing_else(people, pool):
    first = await people.happens("user_id:ann", minute=1)
    await people.happens("user_id:ann", minute=2, channel="app")
    second = await people.happens("user_id:ann", minute=3, channel="Web", location_id="kobe")
    await people.happens("user_id:ann", minute=4, name="customer.created")
    await people.happens("user_id:ann", minute=-1)
    await people.happens("user_id:ann", minute=60)
    sold = await people.happens(minute=5, name="receipt.recorded", channel="pos")

    async def found(**asked) -> list[str]:
        async with pool.acquire() as conn:
            rows = await touchpoints.latest(
                conn, begin=START, until=START + timedelta(hours=1), **asked
            )
        return [one.event_id for one in rows]

    assert await found(names=touchpoints.TOUCHES, channels=["web"]) == [second, first]
    assert await found(names=["page.viewed"], location_id="kobe") == [second]
    assert await found(names=["receipt.recorded"]) == [sold], "also where nobody said who it was"


@pytest.mark.parametrize(
    ("name", "body", "own"),
    [
        ("custom.event", {"event": "Gift wrapped"}, "Gift wrapped"),
        ("custom.event", {"event": "x" * 500}, "x" * touchpoints.OWN_NAME_MAX),
        ("custom.event", {"event": "a\x00b"}, "a\x00b"),
        ("custom.event", {"event": 7}, ""),
        ("custom.event", {}, ""),
        ("page.viewed", {"event": "Gift wrapped"}, ""),
    ],
)
async def test_an_event_of_ones_own_is_listed_by_its_own_name(people, pool, name, body, own):
    await people.happens("user_id:ann", name=name, body=body)
    async with pool.acquire() as conn:
        [found] = await touchpoints.latest(
            conn, names=[name], begin=START, until=START + timedelta(hours=1)
        )
    assert found.own_name == own


async def test_a_rebuild_comes_to_the_same_and_counts_nothing_twice(people, pool, monkeypatch):
    monkeypatch.setattr(touchpoints, "_CHUNK", 7)
    for number in range(30):
        await people.happens(f"user_id:u{number % 4}", minute=number * 31,
                             channel=("web", "app", "store")[number % 3])  # fmt: skip
    await catch_up(pool)
    before = await sums(pool)
    for number in range(5):
        await people.happens("user_id:late", minute=number)
    told: list[int] = []
    assert await touchpoints.rebuild(pool, zone=TOKYO, progress=told.append) == 30
    assert told == [7, 14, 21, 28]
    assert await sums(pool) == before, "what the live reader has still to count is left to it"
    await catch_up(pool)
    after = await sums(pool)
    assert sum(row[3] for row in after[0]) == 35
    await touchpoints.rebuild(pool, zone=TOKYO)
    assert await sums(pool) == after


async def test_after_a_move_to_another_zone_a_rebuild_gives_the_days_of_that_zone(people, pool):
    await people.happens("user_id:ann", minute=6 * 60)
    await catch_up(pool)
    assert await strips(pool, START.date() + timedelta(days=1)) == {"web": {0: 1}}
    await touchpoints.rebuild(pool, zone=ZoneInfo("UTC"))
    assert await strips(pool, START.date()) == {"web": {60: 1}}


async def latest(pool, **asked) -> list[str]:
    asked.setdefault("names", touchpoints.TOUCHES)
    async with pool.acquire() as conn:
        rows = await touchpoints.latest(
            conn, begin=START, until=START + timedelta(hours=1), **asked
        )
    return [one.event_id for one in rows]


async def test_a_quiet_touch_is_found_behind_whatever_filled_the_log_since(
    people, pool, monkeypatch
):
    monkeypatch.setattr(touchpoints, "FRESH_MAX", 3)
    early = await people.happens("user_id:ann", minute=1)
    for number in range(10):
        await people.happens(f"user_id:u{number}", minute=2, name="customer.created")
    await catch_up(pool)
    late = await people.happens("user_id:ann", minute=3)
    assert await latest(pool, most=9) == [late, early], "also what no reader has passed yet"
    assert await latest(pool, most=1) == [late]
    await catch_up(pool)
    assert await latest(pool, most=9) == [late, early], "and nothing twice when one has"


async def test_of_many_the_newest_are_kept_and_a_quiet_channel_beside_a_loud_one(
    people, pool, monkeypatch
):
    monkeypatch.setattr(touchpoints, "LATEST_MAX", 3)
    quiet = await people.happens("user_id:bo", minute=1, channel="mail")
    loud = [await people.happens("user_id:ann", minute=2 + number) for number in range(8)]
    await catch_up(pool)
    more = [await people.happens("user_id:ann", minute=20 + number) for number in range(2)]
    await catch_up(pool)
    assert await latest(pool, channels=["mail"]) == [quiet]
    assert await latest(pool, channels=["web"]) == [*reversed(more), loud[-1]]


async def test_receipts_of_a_place_are_found_beside_those_of_busier_ones(people, pool, monkeypatch):
    monkeypatch.setattr(touchpoints, "LATEST_MAX", 2)
    sale = {"name": "receipt.recorded", "channel": "store"}
    here = await people.happens(minute=1, location_id="kobe", **sale)
    for number in range(5):
        await people.happens(minute=2 + number, location_id="osaka", **sale)
    await catch_up(pool)
    assert await latest(pool, names=["receipt.recorded"], location_id="kobe") == [here]
    assert await latest(pool, names=["receipt.recorded"], location_id="nara") == []


async def test_what_came_before_the_day_is_not_of_the_day(people, pool):
    await people.happens("user_id:ann", minute=-1)
    await people.happens("user_id:ann", minute=60)
    of_day = await people.happens("user_id:ann", minute=0)
    await catch_up(pool)
    assert await latest(pool) == [of_day]


async def test_what_came_last_but_happened_before_does_not_hide_the_day(people, pool):
    today = [await people.happens("user_id:ann", minute=number) for number in range(3)]
    for number in range(12):
        await people.happens("user_id:bo", minute=-60 - number, name="product.viewed")
    await catch_up(pool)
    assert await latest(pool, most=3) == [*reversed(today)]
