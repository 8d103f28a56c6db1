"""Combining: one commit for many, and no stranger pays for a bad one."""

from __future__ import annotations

import asyncio
import gc
import uuid
import weakref
from datetime import timedelta

import asyncpg
import pytest

from setten.platform import clock, combine, db
from setten.platform.combine import Claim, Combiner, QueueFull
from setten.platform.errors import Conflict, Unavailable


class Refused(Conflict):
    """This one is refused."""

    code = "refused"


async def prepare(pool: db.Pool) -> None:
    async with pool.acquire() as conn:
        await conn.execute("create table asked (n integer primary key, xid xid8)")


async def write(conn: db.Connection, asked) -> list[object]:
    """Writes every number; a negative one is a bug that fails the statement as a whole."""
    if any(number < 0 for number in asked):
        raise ValueError("poison")
    await conn.executemany(
        "insert into asked values ($1, pg_current_xact_id())", [(number,) for number in asked]
    )
    return [number * 2 for number in asked]


async def rows(pool: db.Pool) -> list[int]:
    async with pool.acquire() as conn:
        return [row["n"] for row in await conn.fetch("select n from asked order by n")]


async def test_one_poisoned_request_among_200_fails_alone(pool):
    await prepare(pool)
    combiner: Combiner[int, int] = Combiner(pool, write)
    asked = [*range(100), -1, *range(100, 199)]
    answers = await asyncio.gather(*map(combiner.ask, asked), return_exceptions=True)
    assert len(asked) == 200
    assert isinstance(answers[100], ValueError)
    assert [a for a in answers if not isinstance(a, Exception)] == [n * 2 for n in range(199)]
    assert await rows(pool) == list(range(199))


async def test_who_was_alone_in_a_batch_that_the_database_took_back_is_tried_again(pool):
    await prepare(pool)
    tries: list[int] = []

    async def unlucky(conn: db.Connection, asked) -> list[object]:
        tries.append(len(asked))
        if len(tries) == 1:
            raise asyncpg.DeadlockDetectedError("deadlock detected")
        return await write(conn, asked)

    combiner: Combiner[int, int] = Combiner(pool, unlucky)
    assert await combiner.ask(3) == 6
    assert tries == [1, 1]
    assert await rows(pool) == [3]


async def test_requests_of_one_moment_share_a_transaction(pool):
    await prepare(pool)
    combiner: Combiner[int, int] = Combiner(pool, write)
    await asyncio.gather(*map(combiner.ask, range(150)))
    async with pool.acquire() as conn:
        transactions = await conn.fetchval("select count(distinct xid::text) from asked")
    assert transactions <= 3
    assert combiner.batches == transactions


async def test_a_batch_is_never_larger_than_its_limit(pool):
    await prepare(pool)
    sizes: list[int] = []

    async def handle(conn: db.Connection, asked) -> list[object]:
        sizes.append(len(asked))
        return await write(conn, asked)

    combiner: Combiner[int, int] = Combiner(pool, handle, batch_max=20, lanes=2)
    await asyncio.gather(*map(combiner.ask, range(130)))
    assert max(sizes) == 20
    assert await rows(pool) == list(range(130))


async def test_a_refusal_that_is_returned_leaves_the_others_committed(pool):
    await prepare(pool)

    async def handle(conn: db.Connection, asked) -> list[object]:
        taken = [number for number in asked if number % 10]
        await write(conn, taken)
        return [number if number % 10 else Refused(number=number) for number in asked]

    combiner: Combiner[int, int] = Combiner(pool, handle)
    answers = await asyncio.gather(*map(combiner.ask, range(30)), return_exceptions=True)
    refused = [a for a in answers if isinstance(a, Refused)]
    assert [one.facts["number"] for one in refused] == [0, 10, 20]
    assert len(await rows(pool)) == 27
    assert combiner.batches <= 2, "a refusal is no failure: nothing is run again"


async def test_a_refusal_is_gone_without_the_collector_once_it_was_told(pool):
    async def handle(conn: db.Connection, asked) -> list[object]:
        return [Refused() for _ in asked]

    combiner: Combiner[int, int] = Combiner(pool, handle)
    told: list[weakref.ref[Refused]] = []

    async def ask() -> None:
        try:
            await combiner.ask(1)
        except Refused as refusal:
            told.append(weakref.ref(refusal))

    gc.disable()
    try:
        for _ in range(3):
            await ask()
        async with asyncio.timeout(30):
            while any(one() is not None for one in told):  # noqa: ASYNC110 - nothing tells it
                await asyncio.sleep(0.01)
    finally:
        gc.enable()
    assert len(told) == 3


async def test_nobody_gets_an_answer_before_the_commit(pool):
    await prepare(pool)
    combiner: Combiner[int, int] = Combiner(pool, write)

    async def ask_and_look(number: int) -> bool:
        await combiner.ask(number)
        return number in await rows(pool)

    assert all(await asyncio.gather(*map(ask_and_look, range(20))))


async def test_a_full_queue_answers_at_once_instead_of_waiting(pool):
    await prepare(pool)
    combiner: Combiner[int, int] = Combiner(pool, write, queue_max=10)
    answers = await asyncio.gather(*map(combiner.ask, range(30)), return_exceptions=True)
    full = [answer for answer in answers if isinstance(answer, QueueFull)]
    assert full
    assert isinstance(full[0], Unavailable)
    assert len(await rows(pool)) == 30 - len(full)


async def test_a_request_that_comes_as_a_batch_ends_is_not_forgotten(pool):
    await prepare(pool)
    combiner: Combiner[int, int] = Combiner(pool, write)

    async def one_after_the_other(start: int) -> None:
        for number in range(start, start + 25):
            await asyncio.wait_for(combiner.ask(number), timeout=10)

    await asyncio.gather(*(one_after_the_other(lane * 100) for lane in range(4)))
    assert len(await rows(pool)) == 100


async def test_a_second_lane_begins_when_many_wait_and_ends_when_few_do(pool):
    sizes: list[int] = []
    begun: asyncio.Queue[asyncio.Event] = asyncio.Queue()

    async def slow(conn: db.Connection, asked) -> list[object]:
        sizes.append(len(asked))
        may_end = asyncio.Event()
        begun.put_nowait(may_end)
        await may_end.wait()
        return list(asked)

    combiner: Combiner[int, int] = Combiner(pool, slow, lanes=2, busy=3, is_transaction=False)
    async with asyncio.timeout(20):
        first = asyncio.ensure_future(combiner.ask(1))
        end_first = await begun.get()
        few = [asyncio.ensure_future(combiner.ask(n)) for n in (2, 3)]
        await asyncio.sleep(0.05)
        assert sizes == [1], "two waiting are not many"
        few.append(asyncio.ensure_future(combiner.ask(4)))
        end_second = await begun.get()
        assert sizes == [1, 3]
        late = asyncio.ensure_future(combiner.ask(5))
        await asyncio.sleep(0)
        end_second.set()
        assert await asyncio.gather(*few) == [2, 3, 4]
        await asyncio.sleep(0.05)
        assert sizes == [1, 3], "one waiting is left to the lane that runs"
        end_first.set()
        (await begun.get()).set()
        assert await asyncio.gather(first, late) == [1, 5]


async def test_a_third_lane_begins_when_twice_as_many_wait(pool):
    sizes: list[int] = []
    may_end = asyncio.Event()

    async def slow(conn: db.Connection, asked) -> list[object]:
        sizes.append(len(asked))
        await may_end.wait()
        return list(asked)

    combiner: Combiner[int, int] = Combiner(
        pool, slow, lanes=3, busy=2, batch_max=2, is_transaction=False
    )
    async with asyncio.timeout(20):
        asking = []
        steps = ((1, [1]), (2, [1, 2]), (3, [1, 2]), (1, [1, 2, 2]), (9, [1, 2, 2]))
        for waits, expected in steps:
            asking += [asyncio.ensure_future(combiner.ask(n)) for n in range(waits)]
            while len(sizes) < len(expected):  # noqa: ASYNC110 -- a lane waits for its connection
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
            assert sizes == expected
        may_end.set()
        assert len(await asyncio.gather(*asking)) == 16
    assert sum(sizes) == 16


@pytest.mark.parametrize("lanes", [2, 4])
async def test_with_lanes_and_a_threshold_every_request_is_answered(pool, lanes):
    async def same(conn: db.Connection, asked) -> list[object]:
        await asyncio.sleep(0)
        return list(asked)

    combiner: Combiner[int, int] = Combiner(
        pool, same, lanes=lanes, busy=7, batch_max=9, is_transaction=False
    )

    async def some(start: int) -> list[int]:
        return [await combiner.ask(start + n) for n in range(20)]

    async with asyncio.timeout(20):
        answers = await asyncio.gather(*(some(100 * n) for n in range(40)))
    assert answers == [[100 * n + m for m in range(20)] for n in range(40)]


async def test_a_caller_who_went_away_harms_nobody(pool):
    await prepare(pool)
    combiner: Combiner[int, int] = Combiner(pool, write)
    gone = asyncio.create_task(combiner.ask(1))
    stays = asyncio.create_task(combiner.ask(2))
    await asyncio.sleep(0)
    gone.cancel()
    assert await stays == 4


def claim(key: str = "k", body: bytes = b"{}") -> Claim:
    return Claim(combine.key_hash("key:1", "/holds", key), combine.request_hash(body))


async def take(pool: db.Pool, one: Claim, answer: bytes = b"done") -> combine.Outcome:
    async with db.transaction(pool) as conn:
        outcome = (await combine.claim(conn, [one]))[one.key]
        if outcome.is_new:
            await combine.remember(conn, [(one.key, 201, answer)])
        return outcome


async def test_a_key_used_again_gets_the_answer_that_was_given(pool):
    assert (await take(pool, claim())).is_new
    again = await take(pool, claim(), b"other")
    assert (again.is_new, again.status, again.answer) == (False, 201, b"done")


async def test_a_key_used_for_another_request_is_a_mismatch(pool):
    await take(pool, claim())
    assert (await take(pool, claim(body=b"[]"))).is_mismatch


def test_keys_of_two_callers_or_routes_do_not_meet():
    hashes = {
        combine.key_hash(actor, route, "k")
        for actor in ("key:1", "key:2")
        for route in ("/holds", "/receipts")
    }
    assert len(hashes) == 4


async def test_of_many_at_once_with_one_key_exactly_one_does_the_work(pool):
    outcomes = await asyncio.gather(*(take(pool, claim()) for _ in range(12)))
    assert [one.is_new for one in outcomes].count(True) == 1
    assert {one.answer for one in outcomes if not one.is_new} == {b"done"}


async def test_a_claim_whose_work_failed_is_free_again(pool):
    with pytest.raises(RuntimeError):  # noqa: PT012 - the transaction is the point
        async with db.transaction(pool) as conn:
            await combine.claim(conn, [claim()])
            raise RuntimeError
    assert (await take(pool, claim())).is_new


async def test_claims_are_forgotten_after_a_day_and_not_before(pool):
    await take(pool, claim())
    now = clock.now()
    async with db.transaction(pool) as conn:
        assert await combine.forget_old(conn, now=now + timedelta(hours=23)) == 0
        assert await combine.forget_old(conn, now=now + timedelta(hours=25)) == 1


async def test_what_is_kept_of_a_key_is_a_hash(pool):
    secret = f"taro@example.jp-{uuid.uuid4()}"
    await take(pool, claim(secret))
    async with pool.acquire() as conn:
        kept = await conn.fetchval("select c::text from combine.claims c")
    assert "taro" not in kept


async def test_heavy_requests_share_a_transaction_up_to_a_weight_and_a_giant_goes_alone(pool):
    met: list[list[int]] = []

    async def keep(conn: db.Connection, asked) -> list[object]:
        met.append(list(asked))
        return list(asked)

    combiner: Combiner[int, int] = Combiner(pool, keep, weigh=lambda size: size, weight_max=10)
    asked = [99, 4, 6, 1, 5, 5, 30, 2]
    assert await asyncio.gather(*map(combiner.ask, asked)) == asked
    assert met == [[99], [4, 6], [1, 5], [5], [30], [2]]
