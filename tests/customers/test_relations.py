"""Relations beside the links: they follow people through merges and splits, and never merge."""

from __future__ import annotations

import asyncio

import pytest

from setten.customers import identity, relations
from setten.platform import db
from tests.customers.identity.conftest import NOW, STAFF, Hands

ANN, BO, MAIL, COOKIE = "user_id:ann", "user_id:bo", "email:m@example.jp", "anonymous_id:pc"


@pytest.fixture
def hands(people):
    return Hands(people)


@pytest.fixture
async def two(people):
    await people.happens(ANN, COOKIE, minute=1)
    await people.happens(BO, minute=2)
    await people.happens(MAIL, minute=3)
    await people.read()


async def relate(people, one, other, kind="referrer") -> relations.Made:
    async with db.transaction(people.pool) as conn:
        return await relations.relate(
            conn, people.vault, STAFF, customer_id=await people.customer(one),
            other=await people.customer(other), kind=kind, reason="紹介", now=NOW,
        )  # fmt: skip


async def roles(people, said) -> list[tuple[str, object]]:
    async with people.pool.acquire() as conn:
        found = await relations.of(conn, await people.customer(said))
    return [(one.role, one.other) for one in found]


async def test_both_sides_see_it_each_from_their_own(people, two):
    await relate(people, ANN, BO)
    assert await roles(people, ANN) == [("refers", await people.customer(BO))]
    assert await roles(people, BO) == [("was_referred", await people.customer(ANN))]
    assert await roles(people, MAIL) == []


async def test_a_relation_never_merges(people, two):
    for kind in ("household", "gift_giver", "referrer"):
        await relate(people, ANN, MAIL, kind)
    await people.read()
    assert not await people.together(ANN, MAIL)
    assert len(await people.facts("relation.made")) == 3
    assert await identity.rebuild(people.pool) == 0


async def test_it_follows_a_merge_is_silent_within_one_and_comes_back_with_a_split(
    people, hands, two
):
    await relate(people, ANN, MAIL)
    await hands.merge(await people.customer(BO), await people.customer(MAIL))
    assert await roles(people, ANN) == [("refers", await people.customer(BO))]
    await hands.split((BO, MAIL))
    assert await roles(people, BO) == []
    await hands.merge(await people.customer(ANN), await people.customer(MAIL))
    assert await roles(people, ANN) == []
    await hands.split((ANN, MAIL))
    assert await roles(people, ANN) == [("refers", await people.customer(MAIL))]


async def test_the_same_relation_is_not_written_twice_whoever_says_it(people, two):
    await relate(people, ANN, BO, "household")
    with pytest.raises(relations.RelatedAlready):
        await relate(people, BO, ANN, "household")
    await relate(people, ANN, BO, "gift_giver")
    await relate(people, BO, ANN, "gift_giver")  # they give to each other
    assert len(await roles(people, ANN)) == 3


async def test_many_who_write_the_same_at_once_write_it_once(people, two):
    said = [relate(people, ANN, BO) for _ in range(6)]
    answers = await asyncio.gather(*said, return_exceptions=True)
    assert sum(isinstance(one, relations.Made) for one in answers) == 1
    assert sum(isinstance(one, relations.RelatedAlready) for one in answers) == 5
    assert len(await roles(people, ANN)) == 1


async def test_nobody_is_related_to_herself_or_to_nobody(people, two):
    with pytest.raises(relations.RelatedToOneself):
        await relate(people, ANN, COOKIE)
    with pytest.raises(identity.CustomerNotFound):
        await relate(people, ANN, "user_id:nobody")


async def test_an_ended_relation_is_told_and_not_shown(people, two):
    made = await relate(people, ANN, BO)
    who = await people.customer(MAIL)
    async with db.transaction(people.pool) as conn:
        with pytest.raises(relations.RelationNotFound):
            await relations.end(
                conn, people.vault, STAFF, customer_id=who, now=NOW, reason=None,
                relation_id=made.relation.relation_id,
            )  # fmt: skip
        await relations.end(
            conn, people.vault, STAFF, customer_id=await people.customer(BO), now=NOW, reason="?",
            relation_id=made.relation.relation_id,
        )  # fmt: skip
    assert await roles(people, ANN) == []
    [told] = await people.facts("relation.ended")
    assert told["relation_id"] == str(made.relation.relation_id)
    await relate(people, ANN, BO)
