"""Events that come together or meet in the database do each other no harm."""

from __future__ import annotations

import asyncio
import random

import pytest

# Stands for whatever PostgreSQL may one day refuse that our checks let by.
POISON = """
create function log.poison() returns trigger language plpgsql as $$
begin
  if new.event_id like 'poison%' then
    raise exception 'no' using errcode = '22023';
  end if;
  return new;
end $$;
create trigger poison before insert on log.events for each row execute function log.poison();
"""


@pytest.fixture
async def poisoned(pool):
    await pool.execute(POISON)


async def test_what_the_database_refuses_fails_nobody_else_in_its_batch(
    poisoned, client, track, events, letters
):
    batch = [track(messageId=f"good-{n}") for n in range(5)]
    reply = await client.batch(*batch[:2], track(messageId="poison-1"), *batch[2:])
    assert reply.status == 200
    assert {e["event_id"] for e in await events()} == {f"good-{n}" for n in range(5)}
    assert [one["reason"] for one in await letters()] == ["refused_by_database"]


async def test_what_the_database_refuses_fails_nobody_gathered_with_it(
    poisoned, client, track, events, letters
):
    replies = await asyncio.gather(
        *(
            client.post("t", track(messageId=f"{name}-{n}", writeKey="WK"))
            for n in range(30)
            for name in ("good", *(["poison"] if n == 7 else []))
        )
    )
    assert {reply.status for reply in replies} == {200}
    assert len(await events()) == 30
    assert len(await letters()) == 1


async def test_a_stranger_with_a_wrong_key_is_refused_alone(client, track, events):
    keys = ["WK", "wrong"] * 20
    replies = await asyncio.gather(*(client.post("t", track(writeKey=key)) for key in keys))
    assert [reply.status for reply in replies] == [200, 401] * 20
    assert len(await events()) == 20


async def test_batches_about_the_same_people_in_any_order_all_arrive_once(
    client, track, events, pool
):
    rng = random.Random(7)
    said = [
        track(
            type="identify", messageId=f"m-{n}", userId=f"u-{n % 11}", anonymousId=f"a-{n % 17}",
            traits={"email": f"p{n % 13}@example.jp", "name": f"花{n}"},
        )
        for n in range(60)
    ]  # fmt: skip
    replies = await asyncio.gather(*(client.batch(*rng.sample(said, 40)) for _ in range(24)))
    assert {reply.status for reply in replies} == {200}
    sent_once = {e["event_id"] for e in await events()}
    assert len(sent_once) == len(await events()) <= 60
    assert await pool.fetchval("select count(*) from vault.identifiers") == 11 + 17 + 13
    assert await pool.fetchval("select count(*) from vault.envelopes") == len(sent_once)


async def test_single_events_share_transactions(client, track, front, events):
    await asyncio.gather(*(client.post("t", track(writeKey="WK")) for _ in range(300)))
    assert len(await events()) == 300
    assert front._singles.batches < 100
