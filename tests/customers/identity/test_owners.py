"""Whose an identifier is, remembered by a process that asks with each batch, is whose it is now."""

from __future__ import annotations

from typing import Any

import pytest
from tests.customers.conftest import People
from tests.customers.identity.conftest import Hands
from tests.customers.identity.test_arrival import clear
from tests.reading import caught_up

from setten.customers import identity
from setten.customers.identity import owners as remembered
from setten.platform import db

COOKIE, LOGIN, CARD = "anonymous_id:sofa-cookie", "user_id:ann", "loyalty_card:4417"


class Asking:
    """One who remembers, beside the one reader that says who is whom."""

    def __init__(self, people: People) -> None:
        self.people, self.owners = people, identity.Owners()
        [self.reader] = identity.readers(people.vault)

    async def reads(self) -> None:
        await caught_up(self.reader, self.people.pool)

    async def says(self) -> dict[str, Any]:
        """Whose each of the three is, asked twice: once to learn it, once by heart."""
        numbers = {said: await self.people.number(said) for said in (COOKIE, LOGIN, CARD)}
        async with self.people.pool.acquire() as conn:
            learnt = await self.owners.of(conn, list(numbers.values()))
            assert await self.owners.of(conn, list(numbers.values())) == learnt
            assert learnt == await identity.customers_for(conn, list(numbers.values()))
        return {said: learnt.get(number) for said, number in numbers.items()}


@pytest.fixture
async def asking(people: People) -> Asking:
    """Three strangers, of whom one remembers who they are."""
    found = Asking(people)
    for minute, said in enumerate((COOKIE, LOGIN, CARD)):
        await people.happens(said, minute=minute)
    await found.reads()
    assert len(set((await found.says()).values()) - {None}) == 3
    return found


async def test_who_signs_in_is_one_at_once(people, asking):
    await people.happens(COOKIE, LOGIN, minute=9)
    await asking.reads()
    said = await asking.says()
    assert said[COOKIE] == said[LOGIN] != said[CARD]


async def test_what_is_taken_back_is_apart_at_once_and_together_again(people, asking):
    await people.happens(COOKIE, LOGIN, minute=9)
    await asking.reads()
    await asking.says()
    hands = Hands(people)
    link = (await hands.link(COOKIE, LOGIN)).link_id
    await hands.split((COOKIE, LOGIN))
    apart = await asking.says()
    assert apart[COOKIE] != apart[LOGIN]
    await hands.rejoin_links(apart[COOKIE], [link])
    again = await asking.says()
    assert again[COOKIE] == again[LOGIN]


async def test_a_rule_that_parts_people_is_heard_of(people, pool, asking):
    await people.happens(LOGIN, CARD, minute=9)
    await people.happens(LOGIN, "loyalty_card:5528", minute=10)
    await asking.reads()
    assert (await asking.says())[LOGIN] == (await asking.says())[CARD]
    async with db.transaction(pool) as conn:
        await conn.execute(
            "insert into customers.identity_rules (kind, is_weak, most, shared_after, priority)"
            " values ('loyalty_card', false, 1, 9, 1)"
        )
    assert await identity.rebuild(pool) > 0
    await asking.says()
    assert await people.customer("loyalty_card:5528") != await people.customer(LOGIN)


async def test_whoever_moves_them_is_heard(people, pool, asking):
    """Also who writes the table without a word of the reader's."""
    said = await asking.says()
    async with db.transaction(pool) as conn:
        await conn.execute(
            "update customers.identifiers set customer_id = $1 where customer_id = $2",
            said[LOGIN], said[COOKIE],
        )  # fmt: skip
    assert (await asking.says())[COOKIE] == said[LOGIN]


async def test_a_move_that_was_not_committed_is_none(people, pool, asking):
    said = await asking.says()
    transaction = (conn := await pool.acquire()).transaction()
    await transaction.start()
    await conn.execute("update customers.identifiers set customer_id = $1", said[LOGIN])
    assert await asking.says() == said
    await transaction.rollback()
    await pool.release(conn)
    assert await asking.says() == said


async def test_who_was_deleted_is_nobodys(people, pool, asking):
    await pool.execute("delete from customers.links")
    number = await people.number(CARD)
    await pool.execute("delete from customers.identifiers where identifier_id = $1", number)
    assert (await asking.says())[CARD] is None
    await clear(pool)
    assert set((await asking.says()).values()) == {None}


async def test_who_has_missed_moves_begins_anew(people, pool, asking):
    said = await asking.says()
    await pool.execute("update customers.identifiers set customer_id = $1", said[LOGIN])
    await pool.execute("delete from customers.identity_moves")
    await pool.execute(
        "update customers.identifiers set customer_id = $1 where identifier_id = $2",
        said[CARD], await people.number(CARD),
    )  # fmt: skip
    now = await asking.says()
    assert now[COOKIE] == said[LOGIN]
    assert now[CARD] == said[CARD]


async def test_old_moves_are_let_go(people, pool, asking):
    said = await asking.says()
    await pool.execute("update customers.identifiers set customer_id = $1", said[LOGIN])
    await pool.execute("alter table customers.identity_moves alter move_id restart with 20000")
    await pool.execute("update customers.identifiers set customer_id = $1", said[CARD])
    assert await pool.fetchval("select array_agg(move_id) from customers.identity_moves") == [20000]
    assert set((await asking.says()).values()) == {said[CARD]}


async def test_what_is_kept_has_a_bound(people, asking, monkeypatch):
    monkeypatch.setattr(remembered, "KEPT_MAX", 2)
    for _ in range(3):
        await asking.says()
        assert len(asking.owners._known) <= 3


async def test_what_changes_no_owner_is_no_move(people, pool, asking):
    for minute in range(20, 24):
        await people.happens(COOKIE, minute=minute)
        await people.happens(f"anonymous_id:new-{minute}", minute=minute)
        await asking.reads()
    assert await pool.fetchval("select count(*) from customers.identity_moves") == 0
