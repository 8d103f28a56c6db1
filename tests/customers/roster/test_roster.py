"""The list of everybody: who is in it, what keeps each row true, and how it is read."""

from __future__ import annotations

import itertools
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from tests.customers.conftest import START
from tests.reading import caught_up

from setten.customers import consent, homes, identity, lifecycle, roster
from setten.customers.consent import Said
from setten.customers.roster import Sought, keeping, rules
from setten.platform import auth, clock, db, log
from setten.platform.vault import Trait

ZONE = ZoneInfo("Asia/Tokyo")
ACTOR = auth.Actor(kind="system", id="setten", name="Setten", role="admin")
ANN, BO, COOKIE = "email:ann@example.com", "loyalty_card:4711", "anonymous_id:c1"
DAY = 24 * 60


class Roster:
    """A hand for these tests: people do things, all readers come along, rows are looked at."""

    def __init__(self, people, vault):
        self.people, self.pool, self.vault = people, people.pool, vault
        self._count = itertools.count(1)

    async def buys(self, *who, day=0, total=1_000, currency="JPY", at="ginza"):
        body = {"receipt_id": str(UUID(int=next(self._count))), "total_minor": total,
                "currency": currency}  # fmt: skip
        await self.people.happens(
            *who, minute=day * DAY, name="receipt.recorded", body=body, location_id=at
        )

    async def allows(self, who, state="granted", channel="email", purpose="marketing"):
        numbers = await self.people.numbers(who)
        said = Said(purpose=purpose, channel=channel, state=state, at=START)
        async with db.transaction(self.pool) as conn:
            await consent.say(
                conn, self.vault, ACTOR, numbers=numbers, said=[said], source="api", now=clock.now()
            )

    async def read(self):
        await self.people.read()
        others = [
            *consent.readers(after=(identity.READER,)),
            *homes.readers(self.vault),
            *lifecycle.readers(ZONE),
        ]
        for reader in (*others, *roster.readers()):
            await caught_up(reader, self.pool)
        await roster.work(self.pool, calm=0)

    async def rows(self, **sought):
        async with self.pool.acquire() as conn:
            return await roster.listed(conn, Sought(**sought), most=100)

    async def row(self, said):
        customer = await self.people.customer(said)
        return {one.customer_id: one for one in await self.rows()}.get(customer)

    async def forget(self):
        async with db.transaction(self.pool) as conn:
            await conn.execute("truncate customers.roster")


@pytest.fixture
async def book(people, vault, pool):
    await roster.work(pool, calm=0)  # the first, which began with the table
    return Roster(people, vault)


async def test_a_browser_is_nobody_until_more_is_known_of_it(book):
    await book.people.happens(COOKIE)
    await book.read()
    assert await book.rows() == []
    await book.people.happens(COOKIE, ANN, minute=1, name="customer.identified")
    await book.read()
    assert [one.customer_id for one in await book.rows()] == [await book.people.customer(ANN)]


async def test_a_browser_that_bought_is_somebody(book):
    await book.buys(COOKIE)
    await book.read()
    row = await book.row(COOKIE)
    assert (row.location_id, row.total_minor, row.currency) == ("ginza", 1_000, "JPY")
    async with book.pool.acquire() as conn:
        kept = await conn.fetchval("select stage from customers.stages")
    assert row.stage == kept != "acquisition"


async def test_a_row_adds_up_what_she_bought_in_the_currency_she_buys_in_most(book):
    await book.buys(ANN, day=0, total=3_000)
    await book.buys(ANN, day=1, total=-500)
    await book.buys(ANN, day=1, total=700)
    await book.buys(ANN, day=2, total=99_999, currency="USD")
    await book.read()
    row = await book.row(ANN)
    assert (row.total_minor, row.currency) == (3_200, "JPY")
    assert row.last_at == START + timedelta(days=2)


async def test_reach_follows_what_she_says_and_where_it_arrives(book):
    await book.people.happens(ANN, BO)
    await book.read()
    await book.allows(ANN)
    await book.allows(ANN, channel="sms")
    await book.allows(ANN, channel="line", purpose="service")
    await book.read()
    assert (await book.row(ANN)).channels == ("email",), "she has no number and no LINE"
    assert len(await book.rows(channel="email")) == 1
    await book.allows(ANN, "withdrawn")
    await book.read()
    assert (await book.row(ANN)).channels == ()


async def test_a_shop_that_she_named_is_hers(book):
    await book.people.happens(ANN)
    await book.read()
    number = await book.people.number(ANN)
    async with db.transaction(book.pool) as conn:
        await book.vault.put_traits(conn, [Trait(number, "x", 1, START)])
    await book.people.happens(
        ANN, minute=1, name="customer.identified", body={"traits": {"home_store": "kobe"}}
    )
    await book.read()
    assert (await book.row(ANN)).location_id == "kobe"


async def test_two_who_are_one_have_one_row_and_two_again_after_a_split(book, vault):
    await book.buys(ANN, day=0, total=1_000)
    await book.buys(BO, day=1, total=200)
    await book.read()
    assert sorted(one.total_minor for one in await book.rows()) == [200, 1_000]
    await book.people.happens(ANN, BO, minute=3 * DAY)
    await book.read()
    [both] = await book.rows()
    assert both.total_minor == 1_200
    async with db.transaction(book.pool) as conn:
        [link] = await identity.links_of(conn, both.customer_id)
        await identity.split(
            conn, vault, ACTOR, customer_id=both.customer_id, links=[link.link_id],
            reason="two people", now=clock.now(),
        )  # fmt: skip
    await book.read()
    assert sorted(one.total_minor for one in await book.rows()) == [200, 1_000]


async def test_a_visit_moves_the_last_touch_by_night_only(book, pool):
    await book.people.happens(ANN, name="customer.identified")
    await book.read()
    await book.people.happens(ANN, minute=5)
    await book.read()
    assert (await book.row(ANN)).last_at == START
    assert (await book.row(ANN)).last_at == START, "no walk is under way"
    await roster.begin_walk(pool)
    await roster.work(pool, calm=0)
    assert (await book.row(ANN)).last_at == START + timedelta(minutes=5)


async def test_what_the_clock_does_about_her_is_no_touch_of_hers(book, pool):
    await book.people.happens(ANN, name="customer.identified")
    await book.people.happens(ANN, minute=9, name="stock.hold_expired")
    await book.read()
    await roster.begin_walk(pool)
    await roster.work(pool, calm=0)
    assert (await book.row(ANN)).last_at == START


async def test_a_walk_lists_who_came_before_and_forgets_who_is_nobody(book, pool, monkeypatch):
    monkeypatch.setattr(keeping, "PART", 2)
    monkeypatch.setattr(keeping, "AT_ONCE", 2)
    monkeypatch.setattr(keeping, "LOOKED_AT", 3)
    for n in range(7):
        await book.people.happens(f"user_id:u{n}", f"anonymous_id:a{n}", minute=n)
    await book.people.happens(COOKIE)
    await book.read()
    before = await book.rows()
    assert len(before) == 7
    await book.forget()
    async with db.transaction(pool) as conn:
        await conn.execute(
            "insert into customers.roster select gen_random_uuid(), 'trial', null, now(), 1, 'JPY',"
            " '{}' from generate_series(1, 5)"
        )
    await roster.begin_walk(pool)
    await roster.work(pool, calm=0)
    assert await book.rows() == before


async def test_everybody_is_written_anew_as_they_stood(book, pool):
    await book.buys(ANN, total=3_000)
    await book.buys(BO, day=1)
    await book.read()
    await book.allows(ANN)
    await book.read()
    before = await book.rows()
    await book.forget()
    looked: list[int] = []
    assert await roster.list_everybody(pool, progress=looked.append) == 2
    assert await book.rows() == before
    assert looked == [2]


async def test_who_is_noted_again_while_her_row_is_worked_out_stays_due(book, pool):
    await book.people.happens(ANN, name="customer.identified")
    await book.read()
    customer = await book.people.customer(ANN)
    async with db.transaction(pool) as conn:
        await keeping.note(conn, [customer])
        [was] = await keeping.Q.due.all(conn, most=9)
        await keeping.note(conn, [customer])
        await keeping.Q.done.run(conn, customer_ids=[customer], noteds=[was["noted"]])
        [still] = await keeping.Q.due.all(conn, most=9)
    assert (still["customer_id"], still["noted"] > was["noted"]) == (customer, True)
    await roster.work(pool, calm=0)
    async with pool.acquire() as conn:
        assert await keeping.Q.due.all(conn, most=9) == []


async def test_reading_the_same_events_again_changes_nothing(book, pool):
    await book.buys(ANN, total=3_000)
    await book.read()
    before = await book.rows()
    async with db.transaction(pool) as conn:
        await conn.execute(
            "update log.cursors set xid = '0', position = 0, arrived_on = '-infinity'"
            " where reader = 'roster'"
        )
    await book.read()
    assert await book.rows() == before


async def fill(pool, many: int) -> None:
    """Rows of their own, many of one moment and one sum."""
    async with db.transaction(pool) as conn:
        await conn.execute(
            """
            insert into customers.roster
            select ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid,
                   (array['trial', 'loyalty', 'recovery'])[1 + n % 3],
                   (array['ginza', 'kobe', null])[1 + n % 4 % 3],
                   $1::timestamptz + make_interval(hours => n / 5), n / 7 * 100 - 200, 'JPY',
                   case when n % 2 = 0 then array['email'] when n % 5 = 0 then array['line', 'sms']
                        else '{}' end
              from generate_series(1, $2) n
            """,
            START,
            many,
        )


SOUGHT = [
    {},
    {"stage": "loyalty"},
    {"location_id": "kobe"},
    {"channel": "sms"},
    {"stage": "trial", "location_id": "ginza", "channel": "email"},
    {"from_at": START + timedelta(hours=2), "until_at": START + timedelta(hours=9)},
    {"least_minor": 300},
    {"stage": "recovery", "least_minor": 0, "until_at": START + timedelta(hours=12)},
]


def by_last(one):
    return one.last_at, one.customer_id


def by_total(one):
    return one.total_minor, one.customer_id


def fits(one, sought):
    return (
        sought.get("stage") in (None, one.stage)
        and sought.get("location_id") in (None, one.location_id)
        and (sought.get("channel") is None or sought["channel"] in one.channels)
        and one.last_at >= sought.get("from_at", one.last_at)
        and (sought.get("until_at") is None or one.last_at < sought["until_at"])
        and one.total_minor >= sought.get("least_minor", one.total_minor)
    )


async def test_pages_tell_of_everybody_once_in_order(pool):
    await fill(pool, 83)
    async with pool.acquire() as conn:
        everybody = await roster.listed(conn, Sought(), most=1_000)
        assert len(everybody) == 83
        for sought, place, rising in itertools.product(SOUGHT, (by_last, by_total), (False, True)):
            found, past = [], None
            while part := await roster.listed(
                conn, Sought(**sought), most=6, by_total=place is by_total, rising=rising, past=past
            ):
                found += part
                past = place(part[-1])
            wanted = [one for one in everybody if fits(one, sought)]
            assert wanted, sought
            assert found == sorted(wanted, key=place, reverse=not rising), sought


async def test_amounts_are_asked_for_in_the_currency_of_the_business(pool, book):
    async with pool.acquire() as conn:
        assert await roster.currency(conn) == "JPY"
    await book.buys(ANN, total=5_000, currency="USD")
    await book.read()
    async with pool.acquire() as conn:
        assert await roster.currency(conn) == "USD"


@pytest.mark.parametrize(("lines", "pause"), [(0, 4.0), (40_000, 4.0), (40_001, 48.0)])
def test_in_a_peak_of_visitors_the_list_waits_longer(lines, pause):
    assert rules.pause(4.0, lines=lines, seconds=10.0) == pause


async def test_the_log_tells_how_many_lines_it_took(book, pool):
    async with pool.acquire() as conn:
        before = await log.written(conn)
        for minute in range(3):
            await book.people.happens(ANN, minute=minute)
        assert await log.written(conn) >= before + 3
