"""Ten thousand links and one more: set aside, listed, and mended by a person."""

from __future__ import annotations

import pytest
from tests.customers.identity.conftest import NOW, STAFF

from setten.customers import identity
from setten.customers.identity.model import LINKS_MAX
from setten.platform import db

ROBOT, ANN = "user_id:robot", "user_id:ann"


async def robot(people, count: int) -> None:
    """A program that shows a new cookie with every visit, as the database keeps it."""
    await people.happens(ROBOT, "anonymous_id:first", minute=0)
    await people.read()
    number, owner = await people.number(ROBOT), await people.customer(ROBOT)
    async with people.pool.acquire() as conn:
        await conn.execute(
            "insert into customers.identifiers"
            " (identifier_id, kind, customer_id, born_as, first_at)"
            " select n, 'anonymous_id', $1, gen_random_uuid(), '2026-11-01'"
            " from generate_series(1, $2::int) n", owner, count,
        )  # fmt: skip
        await conn.execute(
            "insert into customers.links (a, b, kind, event_id, occurred_at)"
            " select n, $1, 'event', 'visit-' || n, '2026-11-01'"
            " from generate_series(1, $2::int) n", number, count,
        )  # fmt: skip


async def test_beyond_the_limit_nobody_is_moved_and_everybody_else_goes_on(people, hands):
    await robot(people, LINKS_MAX)
    owner = await people.customer(ROBOT)
    await people.happens(ROBOT, "anonymous_id:late", minute=1)
    await people.happens(ANN, "anonymous_id:ann", minute=1)
    await people.read()
    assert await people.together(ANN, "anonymous_id:ann")
    assert not await people.together(ROBOT, "anonymous_id:late")
    async with people.pool.acquire() as conn:
        [hub] = await identity.quarantines(conn)
        first, *_ = await identity.links_of(conn, owner)
    assert hub.identifier_id == await people.number(ROBOT)
    with pytest.raises(identity.ComponentQuarantined):
        await hands.split_links(owner, [first.link_id])


async def test_blocking_the_value_that_holds_it_together_mends_it(people):
    await robot(people, LINKS_MAX)
    await people.happens(ROBOT, "anonymous_id:late", minute=1)
    await people.read()
    async with db.transaction(people.pool) as conn:
        asked = identity.Asked(block=[("user_id", "robot")])
        change = await identity.propose(
            conn, people.vault, STAFF, asked, reason="機械", now=NOW
        )  # fmt: skip
    await identity.work(people.pool, people.vault)
    async with db.transaction(people.pool) as conn:
        await identity.apply(conn, STAFF, change.change_id, now=NOW)
    await identity.work(people.pool, people.vault)
    async with people.pool.acquire() as conn:
        assert await identity.quarantines(conn) == ()
        done = await identity.change(conn, change.change_id)
    assert done.split >= LINKS_MAX
    await people.happens(ANN, "anonymous_id:late", minute=2)
    await people.read()
    assert await people.together(ANN, "anonymous_id:late")
    assert not await people.together("anonymous_id:first", ROBOT)


async def test_what_holds_an_outgrown_customer_together_is_named_masked(people):
    await robot(people, LINKS_MAX)
    await people.happens(ROBOT, "anonymous_id:late", minute=1)
    await people.happens(ANN, "anonymous_id:ann", minute=1)
    await people.read()
    owner = await people.customer(ROBOT)
    async with people.pool.acquire() as conn:
        [one] = await identity.outgrown(conn, people.vault, customer_id=owner)
        [hub] = await identity.hubs(conn, people.vault, owner)
        ann = await people.customer(ANN)
        assert await identity.outgrown(conn, people.vault, customer_id=ann) == ()
        assert await identity.outgrown(conn, people.vault) == (one,)
    assert (one.kind, one.customer_id, one.value) == ("user_id", owner, "••obot")
    assert hub.identifier_id == one.identifier_id == await people.number(ROBOT)
    assert hub.links > LINKS_MAX, "and a cookie of one link is no hub"
