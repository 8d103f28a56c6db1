"""What the reader remembers never differs from what it would read."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from tests import seeds
from tests.customers.conftest import START, People
from tests.customers.identity.conftest import Hands
from tests.customers.segments.conftest import TOKYO, Shop, did, no
from tests.customers.segments.random_shop import condition, happen
from tests.customers.timeline.test_timeline import order
from tests.reading import caught_up

from setten.customers import identity, lifecycle, segments, timeline
from setten.customers.segments import evaluating, memory, sorts, state
from setten.customers.segments.memory import Memory
from setten.platform import clock, db
from setten.platform.errors import Conflict
from setten.platform.log import Reader

ROUNDS = 14


class Killed(Exception):
    """The process ended before its transaction was committed."""


def reader_of(shop: Shop, kept: Memory, *, killed: bool = False, most: int = 2_000) -> Reader:
    """The reader of segments, which takes so many events at once and may die at the end of one."""
    found = segments.readers(TOKYO, now=shop.clock, memory=kept)
    plain = next(one for one in found if one.name == segments.READER)

    async def handle(conn: Any, rows: Any) -> None:
        await plain._handle(conn, rows)
        if killed:
            raise Killed()

    return Reader(plain.name, handle, after=(identity.READER, timeline.READER), most=most)


async def assert_true(shop: Shop, kept: Memory) -> None:
    """Each customer who is remembered is as she would be read now."""
    async with db.transaction(shop.pool) as conn:
        await evaluating.begin(conn, kept, calendar=TOKYO, now=shop.now)
        known = [one for one in await _everybody(conn) if one in kept]
        if known:
            fresh = Memory()
            fresh.mean(kept.segments, kept.needs)
            fresh.take(await evaluating._read(conn, known, fresh))
            ours, theirs = kept.recall(known), fresh.recall(known)
            assert ours.state.strongest == theirs.state.strongest
            assert np.array_equal(ours.belonged, theirs.belonged)
            assert np.array_equal(ours.armed, theirs.armed)
            assert _lines(ours) == _lines(theirs)
            assert _fields(ours) == _fields(theirs)
        numbers = list(kept.owners._known)
        assert await kept.owners.of(conn, numbers) == await identity.customers_for(conn, numbers)
        kept.leave()


async def _everybody(conn: db.Connection) -> list[Any]:
    rows = await conn.fetch("select customer_id from customers.customers order by 1")
    return [row["customer_id"] for row in rows]


def _lines(known: memory.Known) -> list[tuple[Any, ...]]:
    frame = known.state.frame
    tests = sorted(frame._decided, key=repr)
    told = [frame.fulfilling(test).tolist() for test in tests]
    figures = [frame.integers[name] for name in sorted(frame.integers)]
    columns = [f for one in figures for f in (one.values.tolist(), one.known.tolist())]
    return sorted(
        zip(frame.rows.tolist(), frame.ats.tolist(), known.state.positions.tolist(),
            *told, *columns, strict=True)
    )  # fmt: skip


def _fields(known: memory.Known) -> dict[str, list[Any]]:
    fields = known.state.frame.fields
    return {name: [column.values[code] for code in column.codes] for name, column in fields.items()}


async def step_some(shop: Shop, chance: random.Random, kept: Memory) -> None:
    """Let each reader take some events, at its own speed; now and then one dies."""
    people = shop.people
    for reader in (*identity.readers(people.vault), *timeline.readers()):
        for _ in range(chance.randrange(1, 4)):
            await Reader(reader.name, reader._handle, most=chance.choice([3, 9, 40])).step(
                shop.pool
            )
    for one in lifecycle.readers(TOKYO.zone, now=shop.clock):
        await one.step(shop.pool)
    for _ in range(chance.randrange(3)):
        killed = chance.random() < 0.25
        with suppress(Killed):
            await reader_of(shop, kept, killed=killed, most=chance.choice([4, 30])).step(shop.pool)


async def disturb(shop: Shop, chance: random.Random, kept: Memory, hands: Hands) -> str:
    """Something that what is remembered has to survive; answers what."""
    what = chance.choice(
        ["part", "rebuild", "again", "another", "define", "wake", "identity", "fill", "none"]
    )
    if what == "part":
        await _part(shop, chance, hands)
    elif what == "rebuild":
        await timeline.rebuild(shop.pool)
    elif what == "again":
        async with shop.pool.acquire() as conn:
            await conn.execute(
                "update log.cursors set xid = '0', position = 0 where reader = 'segments'"
            )
    elif what == "another":
        await reader_of(shop, Memory(), most=10).step(shop.pool)
    elif what == "define":
        await shop.define(f"More {chance.random()}", condition(chance, []))
    elif what == "wake":
        shop.minute += 60
        await segments.wake(shop.pool, calendar=TOKYO, now=shop.clock, memory=kept)
    elif what == "identity":
        await identity.rebuild(shop.pool)
    elif what == "fill":
        await segments.fill(shop.pool, calendar=TOKYO, now=shop.clock, memory=kept)
    return what


async def _part(shop: Shop, chance: random.Random, hands: Hands) -> None:
    who = f"user_id:u{chance.randrange(9)}"
    owner = await shop.people.customer(who)
    links = [link.link_id for link in await hands.links(who)] if owner else []
    if links:
        with suppress(Conflict):  # taken back before
            await hands.split_links(owner, [chance.choice(links)])


async def test_whatever_happens_in_between_it_is_as_if_read_anew(shop, people: People, monkeypatch):
    seed = seeds.drawn()
    chance = random.Random(seed)
    monkeypatch.setattr(sorts, "SORTS_KEPT", chance.choice([3, sorts.SORTS_KEPT]))
    # Half of the month lies ahead. Facts must arrive within a day of now: readers look no further.
    shop.minute = (clock.now() - START).total_seconds() / 60
    names: list[str] = []
    for number in range(12):
        await shop.define(f"S{number}", condition(chance, names))
        names.append(f"S{number}")
    kept, hands, met = Memory(), Hands(people), []
    for _ in range(ROUNDS):
        await happen(people, chance, chance.randrange(2, 9))
        await step_some(shop, chance, kept)
        met.append(await disturb(shop, chance, kept, hands))
    for _ in range(4):
        for one in (*identity.readers(people.vault), *timeline.readers(),
                    *lifecycle.readers(TOKYO.zone, now=shop.clock)):  # fmt: skip
            await caught_up(one, shop.pool)
        await caught_up(reader_of(shop, kept), shop.pool)
    told = f"seed {seed}, {met}"
    await assert_true(shop, kept)
    await segments.fill(shop.pool, calendar=TOKYO, now=shop.clock, memory=kept)
    await segments.wake(shop.pool, calendar=TOKYO, now=shop.clock, memory=kept)
    assert await shop.look_at_all() == 0, told


@pytest.fixture
async def lookers(shop: Shop, people: People) -> tuple[int, Memory]:
    """A segment of who has looked twice; Ann, who is remembered, has looked once."""
    looked = await shop.define("Lookers", did("product.viewed", times=2))
    kept = Memory()
    await people.happens("user_id:ann", minute=1, name="product.viewed")
    await people.read()
    await caught_up(reader_of(shop, kept), shop.pool)
    assert await people.customer("user_id:ann") in kept
    return looked, kept


async def test_who_is_remembered_enters_without_being_read_again(shop, people, lookers, pool):
    looked, kept = lookers
    await people.happens("user_id:ann", minute=2, name="product.viewed")
    await people.read()
    # What is not read cannot be missed.
    await pool.execute("delete from customers.timeline")
    await caught_up(reader_of(shop, kept), pool)
    assert await shop.is_in("user_id:ann", looked)


async def test_a_process_that_died_before_its_commit_leaves_nothing_behind(shop, people, lookers):
    looked, kept = lookers
    await people.happens("user_id:ann", minute=2, name="product.viewed")
    await people.read()
    with pytest.raises(Killed):
        await reader_of(shop, kept, killed=True).step(shop.pool)
    assert not await shop.is_in("user_id:ann", looked)
    await caught_up(reader_of(shop, kept), shop.pool)
    assert await shop.is_in("user_id:ann", looked)
    assert len(await people.facts("memberships.changed")) == 1


async def test_what_another_process_wrote_is_seen_and_not_written_again(shop, people, lookers):
    _, kept = lookers
    other = Memory()
    await people.happens("user_id:ann", minute=2, name="product.viewed")
    await people.read()
    await caught_up(reader_of(shop, other), shop.pool)
    await people.happens("user_id:ann", minute=3, name="product.viewed")
    await people.read()
    await caught_up(reader_of(shop, kept), shop.pool)
    assert len(await people.facts("memberships.changed")) == 1
    await assert_true(shop, kept)


async def test_an_event_that_comes_a_second_time_counts_once(shop, people, lookers, pool):
    looked, kept = lookers
    await pool.execute("update log.cursors set xid = '0', position = 0 where reader = 'segments'")
    await caught_up(reader_of(shop, kept), pool)
    assert await shop.inside(looked) == set()
    await assert_true(shop, kept)


async def test_an_event_that_the_timeline_could_not_take_is_no_line_here_either(
    shop, people, lookers, pool
):
    looked, kept = lookers
    await people.happens("user_id:ann", minute=2, name="product.viewed", event_id="odd")
    for reader in identity.readers(people.vault):
        await caught_up(reader, pool)

    async def chokes(conn: Any, rows: Any) -> None:
        if any(row.event_id == "odd" for row in rows):
            raise ValueError("indigestible")

    await Reader(timeline.READER, chokes).step_past_poison(pool)
    await caught_up(reader_of(shop, kept), pool)
    assert await shop.inside(looked) == set()
    await assert_true(shop, kept)


async def test_a_purchase_is_read_again_since_only_the_timeline_knows_which_teller_counts(
    shop, people, lookers
):
    buyers = await shop.define("Buyers", did("purchase"))
    _, kept = lookers
    await people.happens("user_id:ann", minute=2, name="order.placed", body=order("1001"))
    await people.read()
    await caught_up(reader_of(shop, kept), shop.pool)
    assert await shop.is_in("user_id:ann", buyers)
    await assert_true(shop, kept)


async def test_who_has_not_come_for_long_is_forgotten_first(shop, people, monkeypatch):
    monkeypatch.setattr(memory, "CUSTOMERS_KEPT", 8)
    await shop.define("Away", no(did("page.viewed", days=3)))
    kept = Memory()
    for number in range(10):
        await people.happens(f"user_id:u{number}", minute=number)
        await people.read()
        await caught_up(reader_of(shop, kept), shop.pool)
    assert 0 < len(kept) <= 8
    assert await people.customer("user_id:u9") in kept
    assert await people.customer("user_id:u0") not in kept
    await assert_true(shop, kept)
    assert await shop.look_at_all() == 0


async def test_lines_that_no_condition_is_about_are_not_kept(shop, people, lookers):
    _, kept = lookers
    before = kept._bytes
    for minute in range(3, 9):
        await people.happens("user_id:ann", minute=minute)
    await people.read()
    await caught_up(reader_of(shop, kept), shop.pool)
    assert kept._bytes == before
    async with shop.pool.acquire() as conn:
        whose = await people.customer("user_id:ann")
        found = await state.fetch(conn, [whose], kept.needs)
    assert len(found.positions) == 1
