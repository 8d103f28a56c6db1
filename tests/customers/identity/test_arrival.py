"""Random histories through the real log, in other orders and other batches: the same people."""

from __future__ import annotations

import json
import random
from datetime import timedelta

import pytest
from tests.customers.conftest import START
from tests.reading import caught_up

from setten.customers import identity
from setten.platform import clock, log

WHO = (
    *(f"user_id:u{n}" for n in range(4)),
    *(f"email:m{n}@example.jp" for n in range(5)),
    *(f"loyalty_card:88{n}" for n in range(4)),
    *(f"anonymous_id:a{n}" for n in range(6)),
    *(f"device_id:d{n}" for n in range(2)),
)


def history(seed: int, numbers: dict[str, int]) -> list[log.Entry]:
    """Some events of a few people, strongest identifier first; two thirds carry more than one."""
    chance = random.Random(seed)
    entries = []
    for count in range(60):
        picked = sorted(chance.sample(range(len(WHO)), chance.choice((1, 2, 2, 3))))
        entries.append(
            log.Entry(
                event_id=f"h{count:03d}",
                day=START.date(),
                name="page.viewed",
                occurred_at=START + timedelta(minutes=chance.randrange(40)),
                received_at=clock.now(),
                channel="web",
                identifiers=tuple(numbers[WHO[index]] for index in picked),
                body=json.dumps({}),
            )
        )
    return entries


async def partition(pool, numbers) -> set[frozenset[int]]:
    async with pool.acquire() as conn:
        owners = await identity.customers_for(conn, list(numbers.values()))
    parts: dict[object, set[int]] = {}
    for number, owner in owners.items():
        parts.setdefault(owner, set()).add(number)
    return {frozenset(part) for part in parts.values()}


async def clear(pool) -> None:
    async with pool.acquire() as conn:
        await conn.execute(
            "truncate log.events, log.seen, log.cursors, customers.links, customers.identifiers,"
            " customers.customers"
        )


async def set_rule(pool, kind: str, rule: identity.Rule) -> None:
    """As a change of the rules leaves it behind."""
    async with pool.acquire() as conn:
        await conn.execute(
            "insert into customers.identity_rules (kind, is_weak, most, shared_after, priority)"
            " values ($1, $2, $3, $4, $5) on conflict (kind) do update set most = excluded.most,"
            " shared_after = excluded.shared_after",
            kind, rule.is_weak, rule.most, rule.shared_after, rule.priority,
        )  # fmt: skip


async def tighten(pool) -> None:
    """Rules that random histories run into at every turn."""
    for kind, rule in identity.DEFAULTS.items():
        few = identity.Rule(rule.is_weak, min(rule.most, 2), 2 if rule.is_weak else 3)
        await set_rule(pool, kind, few)


@pytest.mark.parametrize("seed", range(8))
async def test_any_order_and_any_batches_give_the_same_people(people, pool, seed):
    if seed % 2:
        await tighten(pool)
    numbers = {said: await people.number(said) for said in WHO}
    entries = history(seed, numbers)
    chance = random.Random(seed * 31 + 1)
    found = []
    for size in (60, 1, 7):
        await clear(pool)
        for start in range(0, len(entries), size):
            await people.append(entries[start : start + size])
            [reader] = identity.readers()
            await caught_up(reader, pool)
        found.append(await partition(pool, numbers))
        chance.shuffle(entries)
    assert found[0] == found[1] == found[2]
    assert any(len(part) > 1 for part in found[0])


async def test_a_batch_that_touches_too_much_is_settled_in_parts_and_comes_to_the_same(
    people, pool, monkeypatch
):
    numbers = {said: await people.number(said) for said in WHO}
    entries = history(3, numbers)
    found = []
    for gathered_max in (40_000, 2):
        monkeypatch.setattr("setten.customers.identity.model.GATHERED_MAX", gathered_max)
        await clear(pool)
        for part in (entries[:30], entries[30:]):
            await people.append(part)
            [reader] = identity.readers()
            await caught_up(reader, pool)
        found.append(await partition(pool, numbers))
    assert found[0] == found[1]


async def test_links_keep_the_earliest_evidence_whatever_comes_first(people, pool):
    await people.happens("user_id:ann", "anonymous_id:a", minute=9, event_id="late")
    await people.read()
    await people.happens("user_id:ann", "anonymous_id:a", minute=1, event_id="early")
    await people.read()
    async with pool.acquire() as conn:
        [link] = await identity.links_of(conn, await people.customer("user_id:ann"))
    assert link.evidence == "early"


async def test_an_overgrown_component_is_set_aside_and_holds_up_nobody(people, pool, monkeypatch):
    monkeypatch.setattr("setten.customers.identity.model.LINKS_MAX", 5)
    for number in range(8):
        await people.happens("user_id:robot", f"anonymous_id:c{number}", minute=number)
        await people.read()
    await people.happens("user_id:ann", "anonymous_id:a", minute=9)
    await people.read()
    assert await people.together("user_id:ann", "anonymous_id:a")
    async with pool.acquire() as conn:
        assert await identity.quarantines(conn)
        links = await identity.links_of(conn, await people.customer("user_id:robot"))
    assert {link.refusal for link in links} & {"quarantined", "shared"}


@pytest.mark.parametrize("seed", [1, 4])
async def test_resolving_everybody_anew_changes_nobody(people, pool, seed):
    if seed % 2:
        await tighten(pool)
    numbers = {said: await people.number(said) for said in WHO}
    await people.append(history(seed, numbers))
    await people.read()
    async with pool.acquire() as conn:
        before = await conn.fetch("select * from customers.identifiers order by 1")
    assert await identity.rebuild(pool) == 0
    async with pool.acquire() as conn:
        assert await conn.fetch("select * from customers.identifiers order by 1") == before


async def test_a_rule_that_changes_applies_to_the_past_and_back_again(people, pool):
    for number in range(4):
        await people.happens("user_id:ann", f"email:m{number}@example.jp", minute=number)
    await people.read()
    owner = await people.customer("user_id:ann")
    assert len(await people.numbers("user_id:ann")) == 5
    await set_rule(pool, "email", identity.Rule(False, 2, 20))
    assert await identity.rebuild(pool) == 2
    assert len(await people.numbers("user_id:ann")) == 3
    await set_rule(pool, "email", identity.Rule(False, 5, 20))
    await identity.rebuild(pool)
    assert len(await people.numbers("user_id:ann")) == 5
    assert await people.customer("user_id:ann") == owner
