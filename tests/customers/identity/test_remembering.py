"""What the reader remembers of those it has met is never anything that is not so any more."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.customers.conftest import START, People
from tests.customers.identity.conftest import Hands
from tests.customers.identity.test_arrival import WHO, clear, history, partition
from tests.reading import caught_up, waited_for

from setten.customers import identity
from setten.customers.identity import remembering
from setten.platform import db

ASKED = "-- Unknown ones with nulls"  # how the question about identifiers begins
COOKIE, LOGIN = "anonymous_id:sofa-cookie", "user_id:ann"
LINKS = "select a, b, kind, event_id, occurred_at, verdict from customers.links order by a, b"
KNOWN = "select identifier_id, first_at, is_shared from customers.identifiers order by 1"


class Lasting:
    """A reader that lives on from batch to batch, and how often it asked who somebody is."""

    def __init__(self, people: People, pool: db.Pool) -> None:
        self.pool = pool  # of one connection
        [self.reader] = identity.readers(people.vault)
        self.asked = 0

    def note(self, query: Any) -> None:
        self.asked += query.query.startswith(ASKED)

    async def asks(self) -> int:
        """Let it read what has happened; how many times it asked for that."""
        before = self.asked
        await caught_up(self.reader, self.pool)
        return self.asked - before


@pytest.fixture
async def lasting(people: People, dsn: str) -> AsyncIterator[Lasting]:
    pool = await db.open_pool(dsn, size=1)
    found = Lasting(people, pool)
    async with pool.acquire() as conn:
        conn.add_query_logger(found.note)
    yield found
    pool.terminate()


@pytest.fixture
async def met(people: People, lasting: Lasting) -> Lasting:
    """A reader that remembers Ann with her browser and her login."""
    for minute in (1, 2):
        await people.happens(COOKIE, LOGIN, minute=minute)
        assert await lasting.asks() == 1
    await people.happens(COOKIE, LOGIN, minute=3)
    assert await lasting.asks() == 0
    return lasting


async def test_who_comes_again_is_not_asked_about(people, met):
    for minute in (3, 4, 50):
        await people.happens(COOKIE, LOGIN, minute=minute)
    assert await met.asks() == 0
    await people.happens(LOGIN, COOKIE, "email:ann@example.jp", minute=51)
    assert await met.asks() == 1, "not met with that address"
    assert await people.together(COOKIE, LOGIN, "email:ann@example.jp")


async def test_an_event_from_before_is_asked_about_and_is_the_evidence(people, pool, met):
    early = await people.happens(COOKIE, LOGIN, minute=0)
    assert await met.asks() == 1
    async with pool.acquire() as conn:
        assert [row["event_id"] for row in await conn.fetch(LINKS)] == [early]
        firsts = {row["first_at"].minute for row in await conn.fetch(KNOWN)}
    assert firsts == {0}


async def test_an_alias_of_those_who_are_known_is_one(people, pool, met):
    body = {"alias": {"previous": await people.number(COOKIE), "user": await people.number(LOGIN)}}
    await people.happens(COOKIE, LOGIN, minute=9, name="customer.aliased", body=body)
    assert await met.asks() == 1
    async with pool.acquire() as conn:
        assert [row["kind"] for row in await conn.fetch(LINKS)] == ["alias"]


async def test_who_was_deleted_by_another_process_is_met_anew(people, pool, met):
    async with db.transaction(pool) as conn:
        await conn.execute("delete from customers.links")
        await conn.execute("delete from customers.identifiers")
    await people.happens(COOKIE, LOGIN, minute=9)
    assert await met.asks() == 1
    assert await people.customer(COOKIE) is not None
    assert await people.together(COOKIE, LOGIN)


async def test_a_link_alone_that_was_deleted_is_made_again(people, pool, met):
    async with db.transaction(pool) as conn:
        await conn.execute("delete from customers.links")
    await people.happens(COOKIE, LOGIN, minute=9)
    assert await met.asks() == 1
    async with pool.acquire() as conn:
        assert len(await conn.fetch(LINKS)) == 1


async def test_tables_that_were_emptied_are_filled_again(people, pool, met):
    await clear(pool)
    await people.happens(COOKIE, LOGIN, minute=9)
    assert await met.asks() == 1
    assert await people.together(COOKIE, LOGIN)


async def test_a_split_and_its_undoing_between_two_batches_are_heard_of(people, met):
    hands = Hands(people)
    link = await hands.link(COOKIE, LOGIN)
    await hands.split((COOKIE, LOGIN))
    await people.happens(COOKIE, LOGIN, minute=9)
    assert await met.asks() == 1
    assert not await people.together(COOKIE, LOGIN), "evidence does not undo what a person decided"
    await hands.rejoin_links(await people.customer(COOKIE), [link.link_id])
    await people.happens(COOKIE, LOGIN, minute=10)
    assert await met.asks() == 1
    assert await people.together(COOKIE, LOGIN)


async def test_a_merge_by_hand_between_two_batches_is_heard_of(people, met):
    await people.happens("user_id:bo", minute=4)
    await met.asks()
    owners = [await people.customer(LOGIN), await people.customer("user_id:bo")]
    async with db.transaction(people.pool) as conn:
        await conn.execute(
            "insert into customers.identity_rules (kind, is_weak, most, shared_after, priority)"
            " values ('user_id', false, 3, 9, 1)"
        )
    await Hands(people).merge(*owners)
    await people.happens(COOKIE, LOGIN, minute=9)
    assert await met.asks() == 1
    assert await people.together(COOKIE, LOGIN, "user_id:bo")


async def test_everybody_resolved_anew_makes_it_ask_again(people, pool, met):
    assert await identity.rebuild(pool) == 0
    await people.happens(COOKIE, LOGIN, minute=9)
    assert await met.asks() == 1


async def test_who_deletes_in_the_midst_of_a_batch_waits_for_it_and_is_heard_of(people, pool, dsn):
    memory = remembering.Memory()
    other = await db.connect(dsn)
    async with db.transaction(pool) as conn:
        await memory.begin(conn)
        deleting = asyncio.create_task(other.execute("delete from customers.links"))
        await waited_for(conn)
        assert not deleting.done()
    await deleting
    memory._since[1,] = START  # as if learnt within that batch
    async with db.transaction(pool) as conn:
        await memory.begin(conn)
    assert not memory._since
    await other.close()


async def test_a_batch_that_came_to_nothing_leaves_nothing_behind(people, pool, lasting):
    await people.happens(COOKIE, LOGIN, minute=1)
    async with db.transaction(pool) as conn:
        await conn.execute("alter table customers.links add constraint none check (false)")
    with pytest.raises(Exception, match="none"):
        await lasting.asks()
    async with db.transaction(pool) as conn:
        await conn.execute("alter table customers.links drop constraint none")
    assert await lasting.asks() == 1
    assert await people.together(COOKIE, LOGIN)


async def test_what_is_kept_has_a_bound(people, lasting, monkeypatch):
    monkeypatch.setattr(remembering, "MET_MAX", 3)
    for number in range(9):
        for minute in (1, 2):
            await people.happens(f"user_id:u{number}", minute=minute)
            assert await lasting.asks() == 1
    await people.happens("user_id:u8", minute=3)
    assert await lasting.asks() == 0, "the last one is known still"
    await people.happens("user_id:u0", minute=3)
    assert await lasting.asks() == 1, "the first was let go"


async def _evidence(pool: db.Pool, numbers: dict[str, int]) -> tuple[Any, ...]:
    async with pool.acquire() as conn:
        links, known = await conn.fetch(LINKS), await conn.fetch(KNOWN)
    return await partition(pool, numbers), list(map(tuple, links)), list(map(tuple, known))


async def test_random_histories_come_to_the_same_with_a_memory_and_without(people, pool, lasting):
    """Late events, shared devices and limits, a few events at a time, one reader for them all."""
    numbers = {said: await people.number(said) for said in WHO}
    spared = 0
    for seed in range(6):
        entries, chance = history(seed, numbers), random.Random(seed)
        few = entries[:6]  # who comes again and again
        for number in range(40):
            again = chance.choice(few)
            made = {name: getattr(again, name) for name in again.__struct_fields__}
            made |= {"event_id": f"again-{number:03d}",
                     "occurred_at": chance.choice(entries).occurred_at}  # fmt: skip
            entries.append(type(again)(**made))
        found = []
        for has_memory in (True, False):
            await clear(pool)
            for start in range(0, len(entries), 5):
                await people.append(entries[start : start + 5])
                if has_memory:
                    spared += not await lasting.asks()
                else:
                    [reader] = identity.readers()
                    await caught_up(reader, pool)
            found.append(await _evidence(pool, numbers))
        assert found[0] == found[1]
    assert spared, "nothing was ever known"
