"""Stages as they are kept: from the log's facts, by silence, through merges and splits."""

import itertools
import uuid
from datetime import timedelta
from importlib import import_module
from zoneinfo import ZoneInfo

import pytest
from tests.customers.conftest import START
from tests.reading import caught_up

from setten.customers import identity, lifecycle
from setten.customers.lifecycle import Thresholds
from setten.platform import auth, clock, db
from setten.platform.auth import NoRight

ZONE = ZoneInfo("Asia/Tokyo")
DAY = 24 * 60
ACTOR = auth.Actor(kind="system", id="setten", name="Setten", role="admin")
MARKETER = auth.Actor(kind="staff", id="m", name="Mika", role="marketer")
CLERK = auth.Actor(kind="staff", id="c", name="Ken", role="associate")


class Shop:
    """A hand for these tests: people buy, days pass, the reader and the clock do their work."""

    def __init__(self, people):
        self.people, self.pool = people, people.pool
        self.day = 0.0
        self._count = itertools.count(1)

    def now(self):
        return START + timedelta(days=self.day)

    async def buys(self, *who, day, total=1_000, replaces=None, receipt=None, order=None):
        receipt = receipt or uuid.UUID(int=next(self._count))
        body = {"receipt_id": str(receipt), "total_minor": total, "currency": "JPY"}
        if replaces:
            body["replaces"] = str(replaces)
        if order:
            body |= {"order_system": "shop", "order_ref": order}
        await self.people.happens(*who, minute=day * DAY, name="receipt.recorded", body=body)
        return receipt

    async def read(self, day):
        self.day = day
        await self.people.read()
        for reader in lifecycle.readers(ZONE, self.now):
            await caught_up(reader, self.pool)

    async def wake(self, day):
        self.day = day
        return await lifecycle.wake(self.pool, zone=ZONE, now=self.now)

    async def standing(self, said):
        customer = await self.people.customer(said)
        async with self.pool.acquire() as conn:
            return (await lifecycle.standings(conn, [customer], now=self.now()))[customer]

    async def changes(self):
        return [
            (one["was"], one["stage"], one["cause"])
            for one in await self.people.facts("customer.stage_changed")
        ]

    async def flows(self):
        async with self.pool.acquire() as conn:
            found = await lifecycle.board(
                conn, first_day=START.date(), last_day=(START + timedelta(days=9_999)).date()
            )
        return {(one.was, one.stage): one.customers for one in found.flows}


@pytest.fixture
def shop(people):
    return Shop(people)


async def test_who_has_not_bought_is_in_acquisition_without_a_row(shop):
    await shop.people.happens("email:ann@example.com")
    await shop.read(0)
    assert (await shop.standing("email:ann@example.com")).stage == "acquisition"
    assert await shop.changes() == []
    assert await shop.flows() == {("none", "acquisition"): 1}


def today():
    """In days since START: what is stated then is read, since readers look back to yesterday."""
    return (clock.now() - START).days


async def test_purchases_lead_from_trial_to_loyalty_and_are_facts_on_the_timeline(shop):
    last = today()
    for day in (last - 20, last - 10, last):
        await shop.buys("email:ann@example.com", day=day)
        await shop.read(day)
    assert await shop.changes() == [
        ("acquisition", "trial", "purchase"),
        ("trial", "loyalty", "purchase"),
    ]
    await shop.people.read()
    async with shop.pool.acquire() as conn:
        at = await conn.fetchval(
            "select max(occurred_at) from customers.timeline where name = 'customer.stage_changed'"
        )
    assert at == START + timedelta(days=last)
    found = await shop.standing("email:ann@example.com")
    assert (found.stage, found.days, found.since) == ("loyalty", 3, START + timedelta(days=last))
    assert 0.5 < found.p_active < 1


async def test_two_purchases_on_one_day_of_the_business_are_one_visit(shop):
    await shop.buys("email:ann@example.com", day=0)  # 18:00 in Tokyo
    await shop.buys("email:ann@example.com", day=0.2)
    await shop.buys("email:ann@example.com", day=0.3)  # past midnight there
    await shop.read(1)
    assert (await shop.standing("email:ann@example.com")).days == 2


async def test_one_purchase_told_three_times_counts_once(shop):
    order = {"system": "shop", "order_ref": "A-1", "total_minor": 900, "currency": "JPY"}
    report = {"system": "shop", "order_id": "A-1", "action": "placed", "type": "track"}
    await shop.people.happens("email:ann@example.com", name="order.reported", body=report)
    await shop.people.happens("email:ann@example.com", name="order.placed", body=order)
    await shop.read(0)
    await shop.buys("email:ann@example.com", day=3, order="A-1")
    await shop.read(3)
    assert (await shop.standing("email:ann@example.com")).days == 1


async def test_a_return_and_a_voided_receipt_are_no_purchases(shop):
    await shop.buys("email:ann@example.com", day=0)
    await shop.buys("email:ann@example.com", day=3, total=-1_000)
    wrong = await shop.buys("email:ann@example.com", day=5)
    await shop.read(5)
    assert (await shop.standing("email:ann@example.com")).days == 2
    await shop.buys("email:ann@example.com", day=5, total=0, replaces=wrong)
    await shop.read(6)
    assert (await shop.standing("email:ann@example.com")).days == 1


async def test_who_has_all_purchases_voided_is_in_acquisition_again(shop):
    wrong = await shop.buys("email:ann@example.com", day=0)
    await shop.read(0)
    await shop.buys("email:ann@example.com", day=1, total=0, replaces=wrong)
    await shop.read(1)
    assert (await shop.standing("email:ann@example.com")).stage == "acquisition"
    assert (await shop.changes())[-1] == ("trial", "acquisition", "purchase")


async def test_silence_changes_a_stage_with_no_event_at_all(shop):
    for day in (0, 10, 20):
        await shop.buys("email:ann@example.com", day=day)
    await shop.read(20)
    due = (await shop.standing("email:ann@example.com")).slow_at
    days = (due - START) / timedelta(days=1)
    assert await shop.wake(days - 0.001) == 0
    assert await shop.wake(days) == 1
    assert await shop.wake(days) == 0
    assert (await shop.changes())[-1] == ("loyalty", "retention", "silence")
    assert await shop.wake(days + 1_000) == 1
    assert (await shop.changes())[-1] == ("retention", "recovery", "silence")
    assert await shop.wake(days + 9_000) == 0


async def test_a_purchase_in_time_moves_the_wake_up_and_one_too_late_wins_back(shop):
    for day in (0, 10, 20):
        await shop.buys("email:ann@example.com", day=day)
    await shop.read(20)
    await shop.buys("email:ann@example.com", day=35)
    await shop.read(35)
    assert await shop.wake(44) == 0
    assert await shop.wake(400) == 1
    await shop.buys("email:ann@example.com", day=401)
    await shop.read(401)
    assert (await shop.changes())[-1] == ("recovery", "loyalty", "purchase")


async def test_a_read_does_not_wait_for_the_clock(shop):
    await shop.buys("email:ann@example.com", day=0)
    await shop.read(0)
    shop.day = 900
    found = await shop.standing("email:ann@example.com")
    assert found.stage == "recovery"
    assert found.since == found.lost_at


async def test_a_merge_adds_both_histories_and_leaves_nobody_behind(shop, vault):
    last = today()
    for day, who in ((last - 20, "ann"), (last - 10, "ann"), (last, "nan")):
        await shop.buys(f"email:{who}@example.com", day=day)
    await shop.read(last)
    ann, nan = [await shop.people.customer(f"email:{one}@example.com") for one in ("ann", "nan")]
    async with db.transaction(shop.pool) as conn:
        await identity.merge(conn, vault, ACTOR, into=ann, gone=nan, reason="same", now=shop.now())
    await shop.read(last + 1)
    assert (await shop.standing("email:nan@example.com")).stage == "loyalty"
    assert (await shop.changes())[-1] == ("trial", "loyalty", "merge")
    async with shop.pool.acquire() as conn:
        assert await conn.fetchval("select count(*) from customers.stages") == 1
    assert (await shop.flows())[("trial", "none")] == 1


async def test_who_loses_a_purchase_to_another_stands_where_she_would_without_it(shop):
    """Her order, under her address; its receipt under his card: the till's word counts."""
    told = {"system": "shop", "order_ref": "A-1", "total_minor": 900, "currency": "JPY"}
    await shop.people.happens("email:ann@example.com", name="order.placed", body=told)
    await shop.read(0)
    assert (await shop.standing("email:ann@example.com")).stage == "trial"
    await shop.buys("loyalty_card:4417", day=1, order="A-1")
    await shop.read(1)
    await shop.read(1)  # the fact that tells of it comes after the receipt
    assert (await shop.standing("loyalty_card:4417")).stage == "trial"
    assert (await shop.standing("email:ann@example.com")).stage == "acquisition"
    [moved] = await shop.people.facts("purchase.moved")
    assert moved["purchase_key"] == "order:shop:A-1"
    assert await shop.people.owner(moved["was"]) == await shop.people.customer(
        "email:ann@example.com"
    )


async def test_a_receipt_corrected_under_another_card_is_no_purchase_of_the_first(shop):
    first = await shop.buys("loyalty_card:1", day=0)
    await shop.read(0)
    await shop.buys("loyalty_card:2", day=0, replaces=first)
    await shop.read(1)
    await shop.read(1)
    assert (await shop.standing("loyalty_card:1")).stage == "acquisition"
    assert (await shop.standing("loyalty_card:2")).stage == "trial"


async def test_a_split_gives_each_their_own_stage(shop):
    await shop.buys("anonymous_id:tablet", "user_id:ann", day=5)
    for day in (6, 7):
        await shop.buys("anonymous_id:tablet", day=day)
    await shop.read(7)
    assert (await shop.standing("user_id:ann")).stage == "loyalty"
    # Bo was on that tablet first, so it never was Ann's.
    await shop.people.happens("anonymous_id:tablet", "user_id:bo", minute=-60)
    await shop.read(8)
    assert (await shop.standing("user_id:bo")).days == 2
    assert (await shop.standing("user_id:ann")).days == 1
    assert (await shop.standing("user_id:ann")).stage == "trial"


async def test_everybody_reckoned_anew_comes_out_the_same(shop):
    for number in range(30):
        for day in range(0, 5 * (number % 7) + 1, 5):
            await shop.buys(f"email:p{number}@example.com", day=day)
    await shop.read(60)
    await shop.wake(60)
    told = len(await shop.changes())
    query = (
        "select customer_id, stage, since, days, slow_at, lost_at, due_at"
        " from customers.stages order by customer_id"
    )
    async with shop.pool.acquire() as conn:
        before = await conn.fetch(query)
    assert await lifecycle.reckon_everybody(shop.pool, zone=ZONE, now=shop.now) == 0
    async with shop.pool.acquire() as conn:
        assert await conn.fetch(query) == before
        await conn.execute("truncate customers.stages")
    await lifecycle.reckon_everybody(shop.pool, zone=ZONE, now=shop.now)
    async with shop.pool.acquire() as conn:
        again = await conn.fetch(query)
    assert [tuple(row)[:2] + tuple(row)[3:] for row in again] == [
        tuple(row)[:2] + tuple(row)[3:] for row in before
    ]
    assert len(await shop.changes()) == told + len(before)


async def test_other_thresholds_reach_everybody_in_the_background(shop):
    for day in (0, 10):
        await shop.buys("email:ann@example.com", day=day)
    await shop.read(10)
    async with db.transaction(shop.pool) as conn:
        with pytest.raises(NoRight):
            await lifecycle.change_thresholds(conn, CLERK, Thresholds(), now=shop.now())
        with pytest.raises(lifecycle.BadThresholds):
            await lifecycle.change_thresholds(
                conn, MARKETER, Thresholds(loyal_from=1), now=shop.now()
            )
        await lifecycle.change_thresholds(conn, MARKETER, Thresholds(loyal_from=2), now=shop.now())
    assert await shop.wake(11) == 1
    assert (await shop.changes())[-1] == ("trial", "loyalty", "reckoning")


async def test_a_walk_that_was_interrupted_goes_on(shop, monkeypatch):
    monkeypatch.setattr(lifecycle.waking, "PART", 2)
    for number in range(5):
        for day in (0, 10):
            await shop.buys(f"email:p{number}@example.com", day=day)
    await shop.read(10)
    async with db.transaction(shop.pool) as conn:
        await lifecycle.change_thresholds(conn, MARKETER, Thresholds(loyal_from=2), now=shop.now())
    shop.day = 11
    await lifecycle.waking._walk_part(shop.pool, zone=ZONE, at=shop.now())
    assert len(await shop.changes()) == 5 + 2
    assert await shop.wake(11) == 3
    assert await shop.wake(11) == 0


async def test_the_board_tells_size_flows_and_value_by_stage(shop):
    await shop.people.happens("email:looks@example.com")
    for day in (0, 10, 20):
        await shop.buys("email:ann@example.com", day=day, total=3_000)
    await shop.buys("email:ann@example.com", day=20, total=-500)
    await shop.buys("email:bo@example.com", day=19, total=700)
    await shop.read(20)
    # Values come with the sizes until the first night has counted them.
    await lifecycle.count_sizes(shop.pool, now=shop.now())
    async with shop.pool.acquire() as conn:
        found = await lifecycle.board(
            conn, first_day=START.date(), last_day=(START + timedelta(days=30)).date()
        )
        later = await lifecycle.board(
            conn,
            first_day=(START + timedelta(days=31)).date(),
            last_day=(START + timedelta(days=60)).date(),
        )
    assert {one.stage: one.customers for one in found.sizes} == {
        "acquisition": 1, "trial": 1, "loyalty": 1, "retention": 0, "recovery": 0,
    }  # fmt: skip
    assert {(one.stage, one.currency): (one.buyers, one.total_minor) for one in found.values} == {
        ("loyalty", "JPY"): (1, 8_500),
        ("trial", "JPY"): (1, 700),
    }
    assert ("acquisition", "trial") in {(one.was, one.stage) for one in found.flows}
    assert later.flows == ()
    assert found.sizes_at == shop.now()


async def test_what_few_have_spent_is_added_up_again_within_ten_minutes(shop):
    async def worth(minutes: float) -> int:
        await lifecycle.count_sizes(shop.pool, now=shop.now() + timedelta(minutes=minutes))
        async with shop.pool.acquire() as conn:
            found = await lifecycle.board(conn, first_day=START.date(), last_day=START.date())
        return sum(one.total_minor for one in found.values)

    await shop.buys("email:ann@example.com", day=20, total=3_000)
    await shop.read(20)
    assert await worth(0) == 3_000
    await shop.buys("email:bo@example.com", day=20, total=700)
    await shop.read(20)
    assert await worth(9) == 3_000
    assert await worth(10) == 3_700


async def test_many_are_counted_every_ten_minutes_and_few_at_each_turn(shop, monkeypatch):
    async def counted(minutes: float) -> tuple[int, float]:
        now = shop.now() + timedelta(minutes=minutes)
        await lifecycle.count_sizes(shop.pool, now=now)
        async with shop.pool.acquire() as conn:
            found = await lifecycle.board(conn, first_day=START.date(), last_day=START.date())
        assert found.sizes_at is not None
        at = (found.sizes_at - shop.now()) / timedelta(minutes=1)
        return sum(one.customers for one in found.sizes), at

    await shop.people.happens("email:ann@example.com")
    await shop.read(1)
    assert await counted(0) == (1, 0)
    await shop.people.happens("email:bo@example.com")
    await shop.read(1)
    assert await counted(1) == (2, 1)
    monkeypatch.setattr(import_module("setten.customers.lifecycle.board"), "LARGE", 2)
    await shop.people.happens("email:cy@example.com")
    await shop.read(1)
    assert await counted(10.5) == (2, 1)
    assert await counted(11) == (3, 11)


async def test_the_people_of_a_stage_are_listed_newest_first_by_pages(shop):
    for number in range(5):
        await shop.buys(f"email:p{number}@example.com", day=number)
    await shop.read(5)
    async with shop.pool.acquire() as conn:
        first = await lifecycle.people(conn, "trial", most=3)
        rest = await lifecycle.people(conn, "trial", before=first[-1], most=3)
    assert len(first + rest) == len({one.customer_id for one in first + rest}) == 5
    assert [one.since for one in first + rest] == sorted(
        (one.since for one in first + rest), reverse=True
    )


async def test_a_stage_does_not_run_ahead_of_what_identity_and_timeline_have_read(shop):
    await shop.buys("email:ann@example.com", day=0)
    for reader in lifecycle.readers(ZONE, shop.now):
        await caught_up(reader, shop.pool)
    await shop.read(0)
    assert (await shop.standing("email:ann@example.com")).stage == "trial"
