"""Who is whom, from events through the log."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from setten.customers import identity
from setten.platform import db


async def test_two_cookies_and_one_card_become_one_person(people):
    await people.happens("anonymous_id:phone-cookie", minute=1)
    await people.happens("anonymous_id:desk-cookie", minute=2)
    await people.happens("anonymous_id:phone-cookie", "loyalty_card:4417", minute=3)
    await people.happens("anonymous_id:desk-cookie", "loyalty_card:4417", minute=4)
    await people.read()
    assert await people.together(
        "anonymous_id:phone-cookie", "anonymous_id:desk-cookie", "loyalty_card:4417"
    )


async def test_the_survivor_is_whom_we_met_first_and_the_other_id_redirects(people, pool):
    await people.happens("anonymous_id:old", minute=1)
    await people.happens("user_id:ann", minute=2)
    await people.read()
    old, ann = await people.customer("anonymous_id:old"), await people.customer("user_id:ann")
    await people.happens("anonymous_id:old", "user_id:ann", minute=3)
    await people.read()
    assert await people.customer("user_id:ann") == old
    async with pool.acquire() as conn:
        assert await identity.current(conn, ann) == old
        assert await identity.merged_into(conn, old) == (ann,)
    assert await people.facts("customer.merged") == [{"customer_id": str(old), "gone": str(ann)}]


async def test_a_second_sign_in_on_one_browser_does_not_take_the_first_ones_past(people):
    await people.happens("anonymous_id:tablet", minute=1)
    await people.happens("anonymous_id:tablet", "user_id:ann", minute=2)
    await people.happens("anonymous_id:tablet", "user_id:bo", minute=3)
    await people.read()
    assert await people.together("anonymous_id:tablet", "user_id:ann")
    assert not await people.together("user_id:ann", "user_id:bo")


async def test_the_first_sign_in_wins_also_when_it_arrives_last(people):
    await people.happens("anonymous_id:tablet", "user_id:bo", minute=3)
    await people.read()
    assert await people.together("anonymous_id:tablet", "user_id:bo")
    await people.happens("anonymous_id:tablet", "user_id:ann", minute=2)
    await people.read()
    assert await people.together("anonymous_id:tablet", "user_id:ann")
    assert not await people.together("user_id:ann", "user_id:bo")


async def test_cards_typed_on_a_shops_tablet_stay_different_people(people):
    for number in range(1, 5):
        await people.happens("device_id:tablet", f"loyalty_card:70{number}", minute=number)
    await people.read()
    cards = {await people.customer(f"loyalty_card:70{number}") for number in range(1, 5)}
    assert len(cards) == 4


async def test_a_device_that_meets_too_many_people_stands_with_none_of_them(people):
    for number in range(12):
        await people.happens("device_id:kiosk", f"user_id:u{number}", minute=number)
        await people.read()
    owners = [await people.customer(f"user_id:u{number}") for number in range(12)]
    assert await people.customer("device_id:kiosk") not in owners
    assert len(set(owners)) == 12
    [split] = await people.facts("customer.split")
    assert str(owners[0]) in split.values()


async def test_an_alias_joins_a_cookie_to_its_user_also_when_it_comes_before_identify(people):
    previous, user = await people.number("anonymous_id:old"), await people.number("user_id:ann")
    body = {"type": "alias", "alias": {"previous": previous, "user": user}}
    await people.happens("anonymous_id:other", "user_id:ann", minute=5, name="customer.aliased",
                         body=body)  # fmt: skip
    await people.happens("anonymous_id:other", "user_id:ann", minute=4, name="customer.identified")
    await people.happens("anonymous_id:old", minute=1)
    await people.read()
    assert await people.together("anonymous_id:old", "anonymous_id:other", "user_id:ann")


async def test_an_alias_of_two_users_obeys_the_limit(people):
    bo, ann = await people.number("user_id:bo"), await people.number("user_id:ann")
    body = {"type": "alias", "alias": {"previous": bo, "user": ann}}
    await people.happens("user_id:bo", minute=1)
    await people.happens("user_id:ann", minute=2, name="customer.aliased", body=body)
    await people.read()
    assert not await people.together("user_id:ann", "user_id:bo")


async def test_more_mail_addresses_than_a_person_has_are_refused_with_a_reason(people, pool):
    for number in range(7):
        await people.happens("user_id:ann", f"email:a{number}@example.jp", minute=number)
    await people.read()
    ann = await people.customer("user_id:ann")
    async with pool.acquire() as conn:
        links = await identity.links_of(conn, ann)
    assert [link.refusal for link in links].count("limit") == 2
    assert len(await people.numbers("user_id:ann")) == 6


async def test_reading_the_same_again_changes_nothing(people, pool):
    await people.happens("anonymous_id:a", "user_id:ann", minute=1)
    await people.read()
    async with pool.acquire() as conn:
        before = await conn.fetch("select * from customers.identifiers order by 1")
        await conn.execute(
            "update log.cursors set xid = '0', position = 0 where reader = 'identity'"
        )
    await people.read()
    async with pool.acquire() as conn:
        assert await conn.fetch("select * from customers.identifiers order by 1") == before
    assert len(await people.facts("customer.created")) == 1


async def test_a_batch_that_fails_half_way_leaves_nothing_and_comes_again(people, pool):
    await people.happens("anonymous_id:a", "user_id:ann", minute=1)
    [reader] = identity.readers()
    async with db.transaction(pool) as conn:
        await conn.execute("alter table customers.links add constraint none check (false)")
    with pytest.raises(asyncpg.CheckViolationError):
        await reader.step(pool)
    async with db.transaction(pool) as conn:
        assert await conn.fetchval("select count(*) from customers.identifiers") == 0
        await conn.execute("alter table customers.links drop constraint none")
    await people.read()
    assert await people.together("anonymous_id:a", "user_id:ann")


async def test_level_is_only_who_has_read_what_an_older_transaction_held_back(people, pool):
    """So is every test of customers: what is stated is known when `read` answers."""

    async def ends_later(older: asyncpg.pool.PoolConnectionProxy) -> None:
        async with older.transaction():
            await older.fetchval("select pg_current_xact_id()::text")
            begun.set()
            await may_end.wait()

    begun, may_end = asyncio.Event(), asyncio.Event()
    async with pool.acquire() as older, asyncio.TaskGroup() as tasks:
        tasks.create_task(ends_later(older))
        await begun.wait()
        await people.happens("user_id:ann", "email:ann@example.jp")
        [reader] = identity.readers(people.vault)
        await reader.catch_up(pool)
        assert await people.customer("user_id:ann") is None, "held back: the row may not be passed"
        asyncio.get_running_loop().call_later(0.1, may_end.set)
        await people.read()
        assert await people.together("user_id:ann", "email:ann@example.jp")
        assert await people.customer("user_id:ann") is not None


async def test_an_older_visit_that_arrives_late_tears_nobody_from_her_customer(people, pool):
    await people.happens("anonymous_id:a", minute=1)
    await people.happens("anonymous_id:a", "user_id:ann", minute=5)
    await people.read()
    owner = await people.customer("user_id:ann")
    await people.happens("user_id:ann", minute=3)  # alone, and before all we knew of this id
    await people.read()
    assert await people.together("anonymous_id:a", "user_id:ann")
    assert await people.customer("user_id:ann") == owner
    assert await people.facts("customer.split") == []
