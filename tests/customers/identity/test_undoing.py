"""Splitting and putting together again gives the same rows, after random histories."""

from __future__ import annotations

import asyncio
import random
import sys
import uuid
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.customers.timeline.test_timeline import order

from setten.customers import identity

WHO = (
    *(f"user_id:u{n}" for n in range(3)),
    *(f"loyalty_card:88{n}" for n in range(3)),
    *(f"email:m{n}@example.jp" for n in range(4)),
    *(f"device_id:d{n}" for n in range(2)),
    *(f"anonymous_id:a{n}" for n in range(5)),
)
EXAMPLES, EXAMPLES_LONG = 20, 300


async def live(people, chance: random.Random) -> None:
    """Some weeks of a few people: views, traits, purchases, on every channel."""
    async with people.pool.acquire() as conn:
        await conn.execute(
            "truncate log.events, log.seen, log.cursors, customers.links, customers.identifiers,"
            " customers.customers, customers.link_decisions, customers.timeline,"
            " customers.counters, customers.purchases, customers.traits"
        )
    for _ in range(chance.randrange(8, 24)):
        who = [WHO[n] for n in sorted(chance.sample(range(len(WHO)), chance.choice((1, 2, 2, 3))))]
        name, body = chance.choice(
            [
                ("page.viewed", {"type": "page", "path": f"/{chance.randrange(99)}"}),
                ("product.viewed", {"type": "track", "item": {"sku": f"S{chance.randrange(4)}"}}),
                ("customer.identified",
                 {"type": "identify", "traits": {"tier": f"t{chance.randrange(5)}"}}),
                ("order.placed", order(uuid.UUID(int=chance.getrandbits(99)).hex, 500)),
            ]
        )  # fmt: skip
        await people.happens(*who, minute=chance.randrange(40), name=name, body=body,
                             channel=chance.choice(("web", "store", "app")))  # fmt: skip
        if chance.random() < 0.2:
            await people.read()
    await people.read()


def by_members(everybody: dict[Any, Any]) -> set[frozenset[int]]:
    return {
        frozenset(one["identifier_id"] for one in whole["profile"]["identifiers"])
        for whole in everybody.values()
    }


def rows_of(everybody: dict[Any, Any]) -> dict[frozenset[int], Any]:
    """Everybody's rows, whatever their ids are."""
    rows = {}
    for whole in everybody.values():
        profile = {k: v for k, v in whole["profile"].items() if k != "customer_id"}
        members = frozenset(one["identifier_id"] for one in profile["identifiers"])
        rows[members] = whole | {"profile": profile}
    return rows


async def check_ids(people, before: dict[Any, Any], after: dict[Any, Any]) -> None:
    """Every id leads to whom it led to. A bystander's may redirect: hers was lent meanwhile."""
    for customer_id, whole in before.items():
        async with people.pool.acquire() as conn:
            living = await identity.current(conn, customer_id)
        assert after[living]["profile"]["identifiers"] == whole["profile"]["identifiers"]


def all_lines(everybody: dict[Any, Any]) -> Counter[tuple[int, str]]:
    return Counter(
        (line["identifier_id"], line["event_id"])
        for whole in everybody.values()
        for line in whole["timeline"]
    )


def check_both(before: dict[Any, Any], after: dict[Any, Any]) -> None:
    """Everybody has exactly the rows of their identifiers, and nobody is blank."""
    assert all_lines(after) == all_lines(before)
    for whole in after.values():
        numbers = {one["identifier_id"] for one in whole["profile"]["identifiers"]}
        assert numbers
        assert {line["identifier_id"] for line in whole["timeline"]} <= numbers
        assert sum(whole["profile"]["counters"].values()) == len(whole["timeline"])
        assert sum(whole["counts"].values()) == len(whole["timeline"])
    bought = [sum(len(one["purchases"]) for one in found.values()) for found in (before, after)]
    assert bought[0] == bought[1]


async def pick(people, hands, chance: random.Random) -> tuple[Any, list[identity.LinkShown]]:
    """A customer with counted links, and one or two of them."""
    said = list(WHO)
    chance.shuffle(said)
    for one in said:
        owner = await people.customer(one)
        counted = [x for x in await hands.links(one) if x.state == "counted"] if owner else []
        if counted:
            return owner, chance.sample(counted, min(len(counted), chance.choice((1, 1, 2))))
    return None, []


@pytest.fixture(scope="module")
def reached() -> Counter[str]:
    return Counter()


@settings(
    max_examples=EXAMPLES_LONG if "--long" in sys.argv else EXAMPLES, deadline=None, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(chance=st.randoms(use_true_random=True))
async def test_splitting_and_putting_together_again_gives_the_same_rows(
    people, hands, reached, chance
):
    await live(people, chance)
    owner, links = await pick(people, hands, chance)
    if not links:
        return
    before, asked = await hands.everybody(), [link.link_id for link in links]
    decided = await hands.split_links(owner, asked)
    await people.read()
    after = await hands.everybody()
    check_both(before, after)
    assert await identity.rebuild(people.pool) == 0
    reached["splits"] += 1
    reached["customers after a split"] += len(decided.customers)
    was = next(part for part in by_members(before) if links[0].a in part)
    pieces = [part for part in by_members(after) if not part.isdisjoint(was)]
    if len(pieces) == 2 and all(part <= was for part in pieces):
        # Nobody else has gained by it: merging by hand undoes it whole.
        owners = {await people.owner(min(part)) for part in pieces}
        await hands.merge(owner, *(owners - {owner}))
        reached["undone by merging"] += 1
    else:
        await hands.rejoin_links(owner, asked)
        reached["undone by giving back"] += 1
    await people.read()
    end = await hands.everybody()
    assert rows_of(end) == rows_of(before)
    assert owner in end, "she is who she was"
    await check_ids(people, before, end)
    assert await identity.rebuild(people.pool) == 0


def test_both_ways_of_undoing_were_reached(reached, capsys):
    with capsys.disabled():
        sys.stdout.write(f"\nundoing reached: {dict(sorted(reached.items()))}\n")
    assert reached["undone by merging"]


async def test_deciding_beside_the_live_reader_loses_nothing(people, hands):
    """Events, splits and merges at the same moment: as if one had come after the other."""
    chance = random.Random(11)
    await live(people, chance)
    done = 0

    async def decide() -> int:
        owner, links = await pick(people, hands, chance)
        try:
            if links:
                decided = await hands.split_links(owner, [links[0].link_id])
                if len(decided.customers) == 2 and chance.random() < 0.5:
                    await hands.merge(*decided.customers)
        except (identity.LinkNotFound, identity.MergeBreaksLimit, identity.AlreadyOne):
            return 0  # somebody's evidence came first
        return 1 if links else 0

    for _ in range(12):
        who = [WHO[n] for n in sorted(chance.sample(range(len(WHO)), 2))]
        await people.happens(*who, minute=chance.randrange(40))
        _, decided = await asyncio.gather(people.read(), decide())
        done += decided
    await people.read()
    assert done
    assert await identity.rebuild(people.pool) == 0
    async with people.pool.acquire() as conn:
        together = await conn.fetchval(
            "select count(*) from customers.links l"
            " join customers.identifiers a on a.identifier_id = l.a"
            " join customers.identifiers b on b.identifier_id = l.b"
            " where l.verdict = 'parted' and a.customer_id = b.customer_id"
        )
        missing = await conn.fetch(
            "select name, event_id from log.events e where cardinality(identifiers) > 0"
            " and name not in ('customer.created', 'customer.split') and not exists"
            " (select from customers.timeline t where t.event_id = e.event_id)"
        )
    assert (together, missing) == (0, [])
