"""Combining: one transaction for many, and no stranger pays for another's mistake."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence

import pytest

from setten.platform import combine, db
from setten.platform.combine import Claim, Combiner, QueueFull
from setten.platform.errors import Conflict, Unavailable


class Taken(Conflict):
    code = "taken"


@pytest.fixture
async def kept(pool: db.Pool) -> None:
    await pool.execute("create table kept (number integer primary key check (number <> 13))")


async def insert(conn: db.Connection, asked: Sequence[int]) -> Sequence[int | Exception]:
    await conn.execute("insert into kept select unnest($1::integer[])", list(asked))
    return list(asked)


async def ask_all(combiner: Combiner[int, int], numbers: Sequence[int]) -> list[object]:
    return await asyncio.gather(*(combiner.ask(n) for n in numbers), return_exceptions=True)


@pytest.mark.usefixtures("kept")
async def test_one_poisoned_request_among_200_fails_alone(pool: db.Pool) -> None:
    combiner: Combiner[int, int] = Combiner(pool, insert)
    answers = await ask_all(combiner, range(200))
    refused = [n for n, answer in enumerate(answers) if isinstance(answer, Exception)]
    assert refused == [13]
    rows = await pool.fetch("select number from kept")
    assert {row["number"] for row in rows} == set(range(200)) - {13}


@pytest.mark.usefixtures("kept")
async def test_requests_of_one_moment_share_transactions(pool: db.Pool) -> None:
    combiner: Combiner[int, int] = Combiner(pool, insert)
    await ask_all(combiner, range(100, 500))
    assert combiner.asked == 400
    assert combiner.batches <= 5


@pytest.mark.usefixtures("kept")
async def test_a_refusal_that_is_returned_lets_the_batch_commit(pool: db.Pool) -> None:
    async def odd_only(conn: db.Connection, asked: Sequence[int]) -> Sequence[int | Exception]:
        odd = [n for n in asked if n % 2]
        await conn.execute("insert into kept select unnest($1::integer[])", odd)
        return [n if n % 2 else Taken(number=n) for n in asked]

    combiner: Combiner[int, int] = Combiner(pool, odd_only)
    answers = await ask_all(combiner, range(20, 40))
    refused = [a for a in answers if isinstance(a, Taken)]
    assert sorted(error.facts["number"] for error in refused) == list(range(20, 40, 2))
    assert len({id(error) for error in refused}) == 10
    assert await pool.fetchval("select count(*) from kept") == 10


@pytest.mark.usefixtures("kept")
async def test_requests_that_come_in_waves_are_never_forgotten(pool: db.Pool) -> None:
    # A wake-up lost between "queue empty" and "lane free" would leave one of these waiting.
    combiner: Combiner[int, int] = Combiner(pool, insert, lanes=2, batch_max=3)

    async def caller(start: int) -> None:
        for n in range(start, start + 40):
            await combiner.ask(n)

    starts = range(1000, 9000, 1000)
    await asyncio.wait_for(asyncio.gather(*map(caller, starts)), timeout=60)
    assert await pool.fetchval("select count(*) from kept") == 40 * len(starts)


@pytest.mark.usefixtures("kept")
async def test_a_full_queue_refuses_at_once(pool: db.Pool) -> None:
    combiner: Combiner[int, int] = Combiner(pool, insert, queue_max=5)
    answers = await ask_all(combiner, range(50, 60))
    assert [type(a) for a in answers].count(QueueFull) == 5


@pytest.mark.usefixtures("kept")
async def test_a_caller_who_goes_away_does_not_hurt_the_others(pool: db.Pool) -> None:
    combiner: Combiner[int, int] = Combiner(pool, insert)
    tasks = [asyncio.create_task(combiner.ask(n)) for n in range(70, 90)]
    await asyncio.sleep(0)
    tasks[3].cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert sum(isinstance(a, int) for a in answers) == 19


@pytest.mark.usefixtures("kept")
async def test_a_lost_database_is_said_to_everyone_and_not_tried_again(pool: db.Pool) -> None:
    tries = 0

    async def lost(conn: db.Connection, asked: Sequence[int]) -> Sequence[int | Exception]:
        nonlocal tries
        tries += 1
        raise Unavailable()

    combiner: Combiner[int, int] = Combiner(pool, lost)
    answers = await ask_all(combiner, range(30))
    assert all(isinstance(a, Unavailable) for a in answers)
    assert tries == 1


def a_claim(key: str, body: bytes = b"{}") -> Claim:
    return Claim(combine.key_hash("key:1", "route", key), combine.request_hash(body))


async def test_a_key_answers_the_same_words_again_and_refuses_another_request(
    pool: db.Pool,
) -> None:
    first = a_claim("k")
    async with db.transaction(pool) as conn:
        assert (await combine.claim(conn, [first]))[first.key].is_new
        await combine.remember(conn, [(first.key, 201, b"made")])
    async with db.transaction(pool) as conn:
        again = (await combine.claim(conn, [first]))[first.key]
        other = (await combine.claim(conn, [a_claim("k", b"else")]))[first.key]
    assert (again.is_new, again.status, again.answer) == (False, 201, b"made")
    assert other.is_mismatch


async def test_a_key_is_free_again_when_its_work_was_rolled_back(pool: db.Pool) -> None:
    one = a_claim("r")
    with pytest.raises(RuntimeError):
        async with db.transaction(pool) as conn:
            await combine.claim(conn, [one])
            raise RuntimeError
    async with db.transaction(pool) as conn:
        assert (await combine.claim(conn, [one]))[one.key].is_new


async def test_of_many_claims_of_one_key_at_once_exactly_one_is_new(pool: db.Pool) -> None:
    one = a_claim("race")

    async def try_it() -> bool:
        async with db.transaction(pool) as conn:
            outcome = (await combine.claim(conn, [one]))[one.key]
            if outcome.is_new:
                await combine.remember(conn, [(one.key, 200, b"x")])
            return outcome.is_new

    assert sum(await asyncio.gather(*(try_it() for _ in range(16)))) == 1


def test_a_key_of_another_caller_or_route_is_another_key() -> None:
    same = combine.key_hash("key:1", "a", "k")
    assert same != combine.key_hash("key:2", "a", "k")
    assert same != combine.key_hash("key:1", "b", "k")
    assert isinstance(same, uuid.UUID)
