"""The rebuild comes to the same by another way."""

from __future__ import annotations

import asyncio
import itertools
import random
import uuid

from tests.customers.timeline.test_timeline import VIEWED, order, receipt

from setten.customers import identity, timeline
from setten.customers.timeline import rebuilding
from setten.platform import db

TABLES = {
    "timeline": "identifier_id, occurred_at, position",
    "counters": "identifier_id, name, channel, day",
    "purchases": "purchase_key",
    "traits": "identifier_id, field",
}


async def contents(pool) -> dict[str, list[tuple[object, ...]]]:
    async with pool.acquire() as conn:
        return {
            table: [
                tuple(row)
                for row in await conn.fetch(f"select * from customers.{table} order by {order_by}")
            ]
            for table, order_by in TABLES.items()
        }


async def a_month(people) -> None:
    chance = random.Random(7)
    receipts = [receipt(chance.randrange(100, 9_000)) for _ in range(12)]
    for count in range(150):
        who = [f"user_id:u{chance.randrange(5)}"]
        if chance.random() < 0.5:
            who.append(f"anonymous_id:a{chance.randrange(9)}")
        ref = f"{chance.randrange(8)}"
        name, body = chance.choice(
            [
                ("page.viewed", {"type": "page", "path": f"/p/{count}", "title": "x" * 300}),
                ("product.viewed", VIEWED),
                ("customer.identified", {"type": "identify", "traits": {"tier": f"t{count}"}}),
                ("order.reported", {"type": "track", "order_id": ref, "system": "shop"}),
                ("order.placed", order(ref, chance.randrange(100, 9_000))),
                ("order.placed", {"nonsense": 1}),
                ("order.cancelled", {"system": "shop", "order_ref": ref, "is_whole": True}),
                ("order.cancelled", {"system": "shop", "order_ref": ref, "is_whole": "yes"}),
                ("receipt.recorded", chance.choice(receipts)),
                ("receipt.recorded", receipt(500, order_system="shop", order_ref=ref)),
                ("receipt.recorded", receipt(7, replaces=receipts[count % 12]["receipt_id"])),
                ("receipt.recorded", {"receipt_id": str(uuid.uuid4()), "total_minor": "much"}),
                ("custom.event", {"type": "track", "event": "nul \u0000 in it"}),
            ]
        )
        await people.happens(*who, minute=chance.randrange(20_000), name=name, body=body,
                             channel=chance.choice(("web", "store", "app")))  # fmt: skip


async def test_a_rebuild_equals_what_the_reader_made_step_by_step(people, pool, monkeypatch):
    monkeypatch.setattr("setten.customers.timeline.rebuilding.CHUNK", 40)
    monkeypatch.setattr("setten.customers.timeline.rebuilding.LAST_CHUNK_MAX", 10)
    await a_month(people)
    await people.read()
    before = await contents(pool)
    assert all(before.values())
    told: list[int] = []
    assert await timeline.rebuild(pool, progress=told.append) >= 150
    assert await contents(pool) == before
    assert told[:2] == [40, 80]


async def test_the_live_reader_goes_on_after_a_rebuild_and_a_second_one_works(people, pool):
    await people.happens("user_id:ann", minute=1)
    await people.read()
    await timeline.rebuild(pool)
    await people.happens("user_id:ann", minute=2)
    await people.read()
    assert await timeline.rebuild(pool) > 0
    assert len((await contents(pool))["timeline"]) == 2


async def test_words_and_places_go_over_as_they_are_and_what_is_nobodys_makes_no_line(
    people, pool, monkeypatch
):
    monkeypatch.setattr("setten.customers.timeline.rebuilding.CHUNK", 2)
    before_1970 = -60 * 24 * 365 * 80
    for minute, location_id in enumerate((None, "銀座", "x" * 64)):
        await people.happens("user_id:ann", minute=minute, name=f"見た-{minute}",
                             event_id="é" * 50 + str(minute), location_id=location_id,
                             body={"title": "ソファ\n\\", "path": "/é"})  # fmt: skip
    await people.happens(minute=3)
    await people.happens("user_id:ann", minute=before_1970, name="order.placed",
                         body=order("昔", 700), location_id="銀座")  # fmt: skip
    await people.read()
    before = await contents(pool)
    assert len(before["timeline"]) == 4
    assert before["purchases"]
    await timeline.rebuild(pool)
    assert await contents(pool) == before


async def test_what_the_reader_has_not_passed_is_left_to_it(people, pool):
    await people.happens("user_id:ann", minute=1)
    await people.read()
    await people.happens("user_id:ann", minute=2)
    await timeline.rebuild(pool)
    assert len((await contents(pool))["timeline"]) == 1
    await people.read()
    assert len((await contents(pool))["timeline"]) == 2


async def test_a_rebuild_of_an_empty_house_is_empty(pool):
    assert await timeline.rebuild(pool) == 0


async def test_a_rebuild_of_identity_tells_how_far_it_is_and_changes_nobody(people, pool):
    await people.happens("anonymous_id:a", "user_id:ann", minute=1)
    await people.happens("anonymous_id:b", "user_id:bo", minute=1)
    await people.read()
    told: list[int] = []
    assert await identity.rebuild(pool, progress=told.append) == 0
    assert told == [2]


async def test_what_comes_while_a_rebuild_goes_on_is_in_it(people, pool, monkeypatch):
    monkeypatch.setattr("setten.customers.timeline.rebuilding.CHUNK", 4)
    monkeypatch.setattr("setten.customers.timeline.rebuilding.LAST_CHUNK_MAX", 1)
    await a_month(people)
    await people.read()
    stop = asyncio.Event()

    async def goes_on() -> None:
        while not stop.is_set():
            ref = str(next(refs))
            await people.happens("user_id:ann", minute=1, name="order.placed", body=order(ref))
            await people.read()

    refs = itertools.count(5_000)
    going = asyncio.create_task(goes_on())
    await timeline.rebuild(pool)
    stop.set()
    await going
    await people.read()
    before = await contents(pool)
    await timeline.rebuild(pool)
    assert await contents(pool) == before


async def test_indexes_are_called_as_before(people, pool):
    asked = "select indexdef from pg_indexes where tablename = 'timeline' order by 1"
    before = await pool.fetch(asked)
    await people.happens("user_id:ann", minute=1)
    await people.read()
    for _ in range(2):
        await timeline.rebuild(pool)
        assert await pool.fetch(asked) == before


async def test_whoever_reads_for_long_holds_a_rebuild_up_and_does_not_end_it(
    people, pool, dsn, monkeypatch
):
    """A backup, or a question of minutes: indexes and the swap wait for it."""
    monkeypatch.setattr(rebuilding, "SWAP_PAUSE_S", 0.05)
    await a_month(people)
    await people.read()
    before = await contents(pool)
    impatient = await db.open_pool(dsn, size=3, lock_timeout="200ms")
    swaps = 0
    finish, count_lines = rebuilding._finish, rebuilding._count_lines
    reading = await pool.acquire()

    async def begin() -> None:
        await reading.execute("begin isolation level repeatable read")
        await reading.fetch("select from customers.timeline limit 1")

    async def counted(*given) -> None:
        await begin()  # from here on somebody reads what is to be swapped away
        await count_lines(*given)

    async def finishes(*given) -> int:
        nonlocal swaps
        swaps += 1
        if swaps == 3:
            await reading.execute("rollback")
        return await finish(*given)

    monkeypatch.setattr(rebuilding, "_count_lines", counted)
    monkeypatch.setattr(rebuilding, "_finish", finishes)
    try:
        await begin()
        going = asyncio.create_task(timeline.rebuild(impatient))
        await asyncio.sleep(0.8)
        assert not going.done(), "an index waits for whoever reads since before"
        await reading.execute("rollback")
        await going
    finally:
        await pool.release(reading)
        impatient.terminate()
    assert swaps >= 3, "not before nobody reads it; the server's own upkeep may be in its way too"
    assert await contents(pool) == before
