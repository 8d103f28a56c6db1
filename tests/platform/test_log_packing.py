"""Batches go into the log by COPY: what is read back is what was given, to the microsecond."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, date, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from setten.platform import db, log
from setten.platform.log import packing

DAY = date(2026, 11, 1)
MOMENTS = st.integers(0, 32_000_000_000).map(lambda s: datetime.fromtimestamp(s, UTC)) | st.just(
    datetime(2026, 11, 1, 9, 0, 0, 123_457, tzinfo=UTC)
)
TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=30)
ENTRIES = st.builds(
    log.Entry,
    event_id=st.uuids().map(str),
    day=st.just(DAY),
    name=TEXTS.filter(bool),
    occurred_at=MOMENTS,
    received_at=st.just(datetime(2026, 11, 1, 9, 0, 0, 1, tzinfo=UTC)),
    channel=TEXTS,
    identifiers=st.lists(st.integers(1, 2**63 - 1), max_size=3).map(tuple),
    body=TEXTS.map(lambda text: msgspec.json.encode({"語": text}).decode()),
    sent_at=st.none() | MOMENTS,
    original_at=st.none() | MOMENTS,
    source_id=st.none() | st.integers(1, 2**31 - 1),
    location_id=st.none() | TEXTS,
    sealed_id=st.none() | st.integers(1, 2**63 - 1),
)


def some(count: int) -> list[log.Entry]:
    return [
        msgspec.structs.replace(ENTRIES.example(), event_id=f"e{number}") for number in range(count)
    ]


async def rows(conn: db.Connection) -> list[log.Row]:
    return sorted(await log.latest(conn), key=lambda row: row.event_id)


async def bring(conn: db.Connection, *entries: log.Entry) -> dict[str, int]:
    places = await log.claim(
        conn, [(one.day, one.event_id) for one in entries], on=entries[0].received_at.date()
    )
    await log.write(conn, [one for one in entries if one.event_id in places], places)
    return places


@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
async def test_a_batch_reads_back_as_the_same_entries_brought_one_by_one_do(pool):
    entries = some(60)
    async with db.transaction(pool) as conn:
        await bring(conn, *entries)
        batch = await rows(conn)
        await conn.execute("truncate log.events, log.seen")
        for one in entries:
            await log.append(conn, [one])
        singly = await rows(conn)
    same = [msgspec.structs.replace(row, xid=0, position=0) for row in batch]
    assert same == [msgspec.structs.replace(row, xid=0, position=0) for row in singly]
    assert len(same) == 60


@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
async def test_what_was_claimed_before_is_not_claimed_again_and_can_be_found(pool):
    first, second, third = some(3)
    async with db.transaction(pool) as conn:
        assert set(await bring(conn, first, second)) == {first.event_id, second.event_id}
    async with db.transaction(pool) as conn:
        places = await bring(conn, first, third)
        assert set(places) == {third.event_id}
        found = await log.find(conn, third.event_id, today=DAY)
        assert found is not None
        row = await log.event_at(conn, found)
    assert row is not None
    assert row.event_id == third.event_id
    assert row.position == places[third.event_id]


@pytest.mark.parametrize("count", [5, 200])
async def test_a_crowd_in_which_some_are_known_or_came_elsewhere_claims_only_the_rest(pool, count):
    days = [log.NO_DAY, date(1999, 12, 31), DAY]
    wanted = [(days[number % 3], f"e{number}") for number in range(count)]
    async with db.transaction(pool) as conn:
        first = await log.claim(conn, wanted[::2], on=DAY)
        assert set(first) == {event_id for _, event_id in wanted[::2]}
        again = await log.claim(conn, wanted, on=DAY)
        assert set(again) == {event_id for _, event_id in wanted[1::2]}
        assert await log.claim(conn, wanted, on=DAY) == {}
        kept = {
            (row["day"], row["hash"]): row["position"]
            for row in await conn.fetch("select day, hash, position from log.seen")
        }
    assert kept == {
        (day, log.hash_id(event_id)): (first | again)[event_id] for day, event_id in wanted
    }


async def test_two_crowds_with_the_same_ids_in_any_order_claim_each_once(pool):
    days = [log.NO_DAY, DAY]
    wanted = [(days[number % 2], f"e{number}") for number in range(300)]
    rng = random.Random(5)

    async def bring_some() -> set[str]:
        mine = rng.sample(wanted, 200)
        async with db.transaction(pool) as conn:
            return set(await log.claim(conn, mine, on=DAY))

    found = await asyncio.gather(*(bring_some() for _ in range(12)))
    everything = [event_id for claimed in found for event_id in claimed]
    assert len(everything) == len(set(everything))


@given(st.lists(st.tuples(st.dates(), st.uuids().map(str)), unique=True, max_size=20))
def test_claims_are_packed_in_the_order_of_day_and_hash(wanted):
    rows = packing.pack_seen([(day, said, 1) for day, said in wanted], DAY)
    found = [(int.from_bytes(row[6:10], "big", signed=True), row[14:30]) for row in rows]
    assert found == sorted(found)
    assert {digest for _, digest in found} == {log.hash_id(said).bytes for _, said in wanted}


async def test_nothing_claimed_writes_nothing(pool):
    async with db.transaction(pool) as conn:
        assert await log.claim(conn, [], on=DAY) == {}
        await log.write(conn, [], {})
        assert await conn.fetchval("select count(*) from log.events") == 0


@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
async def test_an_event_on_the_day_after_the_last_partition_still_has_a_place(pool):
    entry = msgspec.structs.replace(ENTRIES.example(), received_at=datetime(2099, 1, 1, tzinfo=UTC))
    async with db.transaction(pool) as conn:
        await bring(conn, entry)
        assert await conn.fetchval("select arrived_on from log.events") == date(2099, 1, 1)


@given(st.lists(ENTRIES, max_size=4))
def test_every_entry_packs_as_many_columns_as_are_named(entries):
    packed = b"".join((db.copying.HEADER, *packing.pack(enumerate(entries, 1)), db.copying.TRAILER))
    at, found = len(db.copying.HEADER), 0
    while (columns := int.from_bytes(packed[at : at + 2], "big", signed=True)) >= 0:
        assert columns == len(packing.COLUMNS)
        at, found = at + 2, found + 1
        for _ in range(columns):
            length = int.from_bytes(packed[at : at + 4], "big", signed=True)
            at += 4 + max(0, length)
    assert found == len(entries)
    assert at + 2 == len(packed)
