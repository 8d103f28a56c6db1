"""Dead letters: seen, opened with a trace, mended, replayed, discarded."""

from __future__ import annotations

import json
import uuid

import pytest

from setten.customers import ingest
from setten.customers.ingest.model import LetterEnded, LetterNotFound, StillBad
from setten.platform import clock, db
from setten.platform.auth import Actor


@pytest.fixture
def actor() -> Actor:
    return Actor(kind="key", id=str(uuid.uuid4()), name="test", scope="server")


async def only(pool):
    async with db.transaction(pool) as conn:
        [letter] = await ingest.letters.page(conn)
    return letter


async def test_a_letter_is_listed_with_its_reason_and_never_its_words(client, track, pool):
    await client.batch(track(timestamp="soon", properties={"note": "MARK"}))
    letter = await only(pool)
    assert (letter.reason, letter.field) == ("bad_timestamp", "timestamp")
    assert "MARK" not in repr(letter)
    row = await pool.fetchrow("select * from log.dead_letters")
    assert b"MARK" not in row["sealed"]


async def test_opening_a_letter_is_audited(client, track, pool, vault, actor):
    await client.batch(track(timestamp="soon", event="Mine"))
    letter = await only(pool)
    async with db.transaction(pool) as conn:
        _, raw = await ingest.letters.open_(
            conn, vault, letter.dead_letter_id, actor=actor, now=clock.now()
        )
    assert json.loads(raw)["event"] == "Mine"
    noted = await pool.fetchrow("select * from audit.entries")
    assert noted["action"] == "dead_letter.opened"


async def test_a_mended_event_goes_the_normal_way_with_its_own_times(
    client, track, pool, vault, actor, events
):
    event = track(userId=None, timestamp="2026-11-20T10:00:00Z")
    await client.batch(event)
    letter = await only(pool)
    async with db.transaction(pool) as conn:
        event_id = await ingest.letters.replay(
            conn, vault, letter.dead_letter_id, actor=actor, now=clock.now(),
            mended=json.dumps({**event, "userId": "u5"}),
        )  # fmt: skip
    [kept] = await events()
    assert kept["event_id"] == event_id == event["messageId"]
    assert kept["occurred_at"].isoformat() == "2026-11-20T10:00:00+00:00"
    assert kept["source_id"] is not None
    row = await pool.fetchrow("select * from log.dead_letters")
    assert (row["ending"], row["sealed"]) == ("replayed", b"")


async def test_what_is_still_bad_stays_and_says_why(client, track, pool, vault, actor):
    await client.batch(track(userId=None))
    letter = await only(pool)
    with pytest.raises(StillBad) as refused:
        async with db.transaction(pool) as conn:
            await ingest.letters.replay(
                conn, vault, letter.dead_letter_id, actor=actor, now=clock.now()
            )
    assert refused.value.facts["reason"] == "no_identifier"
    assert (await only(pool)).ended_at is None


async def test_a_discarded_letter_keeps_nothing(client, track, pool, vault, actor):
    await client.batch(track(userId=None))
    letter = await only(pool)
    async with db.transaction(pool) as conn:
        await ingest.letters.discard(
            conn, vault, letter.dead_letter_id, actor=actor, now=clock.now()
        )
        assert await ingest.letters.count(conn) == 0
        assert await ingest.letters.page(conn) == []
        [ended] = await ingest.letters.page(conn, is_ended=True)
        assert ended.ending == "discarded"
        with pytest.raises(LetterEnded):
            await ingest.letters.open_(
                conn, vault, letter.dead_letter_id, actor=actor, now=clock.now()
            )


async def test_bytes_that_are_no_text_can_be_replayed_once_mended(
    client, pool, vault, actor, events
):
    body = b'{"writeKey":"WK","batch":[{"type":"track","event":"\xff","userId":"u"}]}'
    assert (await client.post("batch", body)).status == 200
    letter = await only(pool)
    assert letter.reason == "not_json"
    async with db.transaction(pool) as conn:
        await ingest.letters.replay(
            conn, vault, letter.dead_letter_id, actor=actor, now=clock.now(),
            mended='{"type":"track","event":"E","userId":"u"}',
        )  # fmt: skip
    assert len(await events()) == 1


async def test_a_letter_that_is_not_there(pool, vault, actor):
    async with db.transaction(pool) as conn:
        with pytest.raises(LetterNotFound):
            await ingest.letters.discard(conn, vault, 1, actor=actor, now=clock.now())
