"""What becomes of an event: its fact, its times, its identifiers, its sealed part."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from tests.reading import caught_up

from setten.customers import ingest
from setten.customers.ingest import times
from setten.facts import commerce, reported
from setten.platform import clock, db, log
from setten.platform.vault import normalise

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-21T21:56:38.857+00:00", datetime(2026, 11, 21, 21, 56, 38, 857000, UTC)),
        ("2026-11-21T21:56:38.857123Z", datetime(2026, 11, 21, 21, 56, 38, 857123, UTC)),
        ("2015-2-02T00:30:12.984Z", datetime(2015, 2, 2, 0, 30, 12, 984000, UTC)),
        ("2026-11-21T21:56:38+0900", datetime(2026, 11, 21, 12, 56, 38, 0, UTC)),
        ("2026-11-21 21:56", datetime(2026, 11, 21, 21, 56, 0, 0, UTC)),
        ("2026-11-21", datetime(2026, 11, 21, tzinfo=UTC)),
        ("2026-11-21T21:56:38.857123456Z", datetime(2026, 11, 21, 21, 56, 38, 857123, UTC)),
        (1795298199377, datetime(2026, 11, 21, 21, 56, 39, 377000, UTC)),
    ],
)
def test_times_are_read_in_the_habits_of_clients(text, moment):
    assert times.read(text) == moment


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "9" * 400, True, 1.5, {}, 10**30])
def test_other_things_are_no_times(text):
    with pytest.raises(times.BadTime):
        times.read(text)


def test_a_wrong_clock_is_corrected_by_how_wrong_it_was_when_it_sent():
    said, sent = "2026-11-22T15:00:00Z", datetime(2026, 11, 22, 15, 0, 10, tzinfo=UTC)
    found = times.correct(said, sent, received_at=NOW)
    assert found.occurred_at == NOW - timedelta(seconds=10)
    assert found.original_at == datetime(2026, 11, 22, 15, tzinfo=UTC)
    assert found.sent_at == sent


def test_the_future_is_clamped_and_history_of_a_server_is_taken_at_its_word():
    assert times.correct("2030-01-01T00:00:00Z", None, received_at=NOW).occurred_at == NOW
    past = times.correct("2019-01-01T00:00:00Z", None, received_at=NOW)
    assert past.occurred_at == datetime(2019, 1, 1, tzinfo=UTC)


def test_the_day_for_deduplication_is_the_clients_own_text():
    late = times.correct("2026-11-21T23:59:59-08:00", NOW, received_at=NOW)
    assert late.day == date(2026, 11, 21)
    assert times.correct(None, NOW, received_at=NOW).day == log.NO_DAY


async def test_a_resent_batch_counts_once_a_day_later_too(client, track, events):
    batch = [track(), track(properties={"email": "a@example.jp"})]
    for sent_at in ("2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"):
        assert (await client.batch(*batch, sentAt=sent_at)).status == 200
    assert len(await events()) == 2


async def test_a_resend_leaves_no_orphaned_envelope(client, track, pool):
    event = track(context={"ip": "192.0.2.7"})
    for _ in range(3):
        await client.batch(event, event)
    assert await pool.fetchval("select count(*) from vault.envelopes") == 1


async def test_a_bad_event_does_not_use_up_its_message_id(client, track, events, letters):
    event = track(userId=None)
    await client.batch(event)
    await client.batch({**event, "userId": "u9"})
    assert len(await letters()) == 1
    assert [e["event_id"] for e in await events()] == [event["messageId"]]


async def test_a_bad_event_sent_again_and_again_leaves_one_letter(client, track, letters):
    event = track(userId=None)
    for _ in range(3):
        await client.batch(event)
    assert len(await letters()) == 1


async def test_a_message_id_that_names_a_person_becomes_a_keyed_hash(client, track, events):
    event = track(messageId="order-hana@example.jp")
    await client.batch(event)
    await client.batch(event)
    [kept] = await events()
    assert kept["event_id"].startswith("h-")
    assert "hana" not in kept["event_id"]


async def test_identifiers_are_found_where_the_spec_puts_them(client, track, events, pool, vault):
    await client.batch(
        track(
            type="identify",
            userId=17,
            anonymousId="a-1",
            traits={
                "email": " Hana@Example.JP ",
                "phone": "０９０−１２３４−５６７８",
                "loyaltyCard": "12-34",
            },
            context={
                "device": {"id": "d-1"},
                "externalIds": [
                    {"id": "L1", "type": "line_id", "collection": "users", "encoding": "none"},
                    {"id": "zz", "type": "email", "collection": "users", "encoding": "sha256"},
                    {"id": "acct", "type": "user_id", "collection": "accounts"},
                ],
            },
        )
    )
    [event] = await events()
    async with db.transaction(pool) as conn:
        values = await vault.values(conn, event["identifiers"])
    assert [(values[n].kind, values[n].value) for n in event["identifiers"]] == [
        ("user_id", "17"), ("loyalty_card", "1234"), ("line_id", "L1"),
        ("email", "hana@example.jp"), ("phone", "+819012345678"),
        ("device_id", "d-1"), ("anonymous_id", "a-1"),
    ]  # fmt: skip


async def test_identifiers_that_stand_for_nobody_are_dropped_and_noted(client, track, events):
    await client.batch(
        track(userId="null", anonymousId="a-1", context={"traits": {"email": "x"}}),
    )
    [event] = await events()
    assert len(event["identifiers"]) == 1
    assert event["body"]["unusable"] == ["user_id", "email"]


async def test_the_mail_address_of_a_group_is_not_a_members(client, track, events):
    await client.batch(
        track(type="group", groupId="g1", traits={"email": "info@firm.example", "seats": 3})
    )
    [event] = await events()
    assert len(event["identifiers"]) == 1
    assert event["body"]["traits"] == {"seats": 3}


@pytest.mark.parametrize(
    ("previous", "anonymous", "kind"),
    [
        ("a-1", "a-1", "anonymous_id"),
        ("old-user", "a-1", "user_id"),
        ("3f2b8c1e-0d4a-4b6f-9c7d-1a2b3c4d5e6f", None, "anonymous_id"),
        ("old-user", None, "user_id"),
    ],
)
async def test_an_alias_carries_both_numbers(
    client, events, pool, vault, previous, anonymous, kind
):
    await client.post(
        "a",
        {"userId": "u1", "previousId": previous, "anonymousId": anonymous, "writeKey": "WK"},
    )
    [event] = await events()
    async with db.transaction(pool) as conn:
        wanted = [normalise("user_id", "u1"), normalise(kind, previous)]
        numbers = await vault.find(conn, wanted)
    assert event["body"]["alias"] == {
        "user": numbers[wanted[0]],
        "previous": numbers[wanted[1]],
    }
    assert event["identifiers"][:2] == [numbers[wanted[0]], numbers[wanted[1]]]


async def test_an_order_is_reported_in_minor_units_of_its_currency(client, track, events):
    products = [{"sku": "S1", "price": 19.99, "quantity": 2}, {"sku": "S2", "price": "0.005"}]
    await client.batch(
        track(
            event="Completed Order",
            properties={"order_id": 17, "total": 40.0, "currency": "usd", "products": products},
        ),
        track(event="Order Completed", properties={"order_id": "J1", "total": 1200}),
    )
    found = {e["body"]["order_id"]: msgspec.convert(e["body"], commerce.OrderReported)
             for e in await events()}  # fmt: skip
    assert (found["17"].total_minor, found["17"].currency) == (4000, "USD")
    assert [item.price_minor for item in found["17"].items] == [1999, 1]
    assert (found["J1"].total_minor, found["J1"].currency) == (1200, "JPY")
    assert (found["J1"].system, found["J1"].is_record, found["J1"].action) == (
        "web", False, "placed",
    )  # fmt: skip


async def test_absurd_amounts_are_no_amounts(client, track, events):
    raw = json.dumps(track(event="Order Completed", properties={"order_id": "1"}))
    raw = raw.replace('"order_id": "1"', '"order_id":"1","total":1e999999999,"tax":-1e-99999')
    await client.post("batch", b'{"writeKey":"WK","batch":[' + raw.encode() + b"]}")
    [event] = await events()
    assert "total_minor" not in event["body"]


async def test_an_order_without_an_id_can_never_be_found_again(client, track, letters):
    await client.batch(track(event="Order Completed", properties={"total": 5}))
    assert [one["reason"] for one in await letters()] == ["order_id_missing"]


async def test_unknown_names_are_kept_as_custom_events(client, track, events):
    await client.batch(track(event="Sofa Sat Upon", properties={"minutes": 3}))
    [event] = await events()
    assert (event["name"], event["body"]["event"]) == ("custom.event", "Sofa Sat Upon")
    assert event["body"]["properties"] == {"minutes": 3}


async def test_new_preferences_must_be_in_a_consent_event(client, track, events, letters):
    event = "Segment Consent Preference Updated"
    await client.batch(
        track(event=event),
        track(event=event, context={"consent": {"categoryPreferences": {"Advertising": True}}}),
    )
    assert [one["reason"] for one in await letters()] == ["consent_missing"]
    [kept] = await events()
    assert kept["body"]["consent"] == {"Advertising": True}


async def test_traits_of_an_identify_call_can_be_opened_and_found(client, track, pool, vault):
    said = {"lastName": "山田", "plan": "gold", "address": {"city": "渋谷"}}
    await client.batch(track(type="identify", traits=said))
    async with db.transaction(pool) as conn:
        numbers = await vault.search(conn, "山田")
        traits = {t.field: t.value for t in await vault.traits(conn, numbers)}
    assert traits == {"last_name": "山田", "address": {"city": "渋谷"}}


async def test_the_connections_address_is_taken_for_browsers_only(client, track, pool, vault):
    await client.post("t", track(writeKey="WK"))
    assert await pool.fetchval("select count(*) from vault.envelopes") == 0
    await client.post("t", track(writeKey="WK"), {"Origin": "https://shop.example"})
    async with db.transaction(pool) as conn:
        [sealed_id] = [r["sealed_id"] for r in await conn.fetch("select * from vault.envelopes")]
        opened = await vault.open(conn, [sealed_id])
    assert opened[sealed_id].values == {"context.ip": "203.0.113.9"}


ODD = [
    {"event": "X\x00Y", "messageId": "m\x00"}, {"properties": {"a": "\x00"}},
    {"properties": {"location_id": "L\x00"}}, {"userId": "u\x00"}, {"event": "\ud800"},
    {"properties": []}, {"traits": "x", "type": "identify"}, {"messageId": ["x"]},
    {"messageId": "m" * 100}, {"timestamp": "soon"}, {"timestamp": []}, {"context": "x"},
    {"event": "e" * 201}, {"type": "group", "groupId": None}, {"type": "alias"},
    {"type": None}, {"type": 5}, {"properties": {"n": 10**400}},
]  # fmt: skip


async def test_no_odd_event_fails_its_neighbours(client, track, events, letters):
    for number, odd in enumerate(ODD):
        good = [track(messageId=f"good-{number}-{side}") for side in ("a", "b")]
        reply = await client.batch(good[0], track(**odd), good[1])
        assert reply.status == 200, odd
        kept = {e["event_id"] for e in await events()}
        assert {one["messageId"] for one in good} <= kept, odd
        assert len(kept) + len(await letters()) == 3 * (number + 1), odd


async def test_half_an_emoji_and_nan_fail_nobody(client, track, events):
    good = json.dumps(track(messageId="good"))
    odd = json.dumps(track(messageId="odd", event="Cut \ud83d", properties={"n": float("nan")}))
    whole = f'{{"writeKey":"WK","batch":[{good},{odd}]}}'
    assert (await client.post("batch", whole.encode())).status == 200
    kept = {e["event_id"]: e["body"] for e in await events()}
    assert kept["odd"]["event"] == "Cut \ufffd"
    assert (await client.post("t", track(writeKey="WK", event="\ude00 x"))).status == 200


def fixtures() -> Path | None:
    given = os.environ.get("SETTEN_TEST_DATA")
    folder = Path(given) if given else Path(__file__).parents[4] / "shared" / "data"
    found = folder / "fixtures_segment_spec"
    return found if found.exists() else None


async def test_every_payload_of_the_published_spec_is_taken(client, events, letters):
    folder = fixtures()
    if folder is None:
        pytest.skip("no published payloads here: set SETTEN_TEST_DATA to read them")
    sent = 0
    for path in sorted(folder.glob("*.payloads.json")):
        for payload in json.loads(path.read_text()):
            if isinstance(payload, dict) and payload.get("type"):
                payload.pop("messageId", None)
                payload.setdefault("anonymousId", "spec")
                assert (await client.batch(payload)).status == 200
                sent += 1
    calls = json.loads((folder / "analytics_js_calls.json").read_text())
    for call in calls:
        if call["call"] == "track" and isinstance(call["args"][0], str):
            name, properties = call["args"][0], (call["args"][1:] or [{}])[0]
            event = {"type": "track", "event": name, "properties": properties, "userId": "u"}
            assert (await client.batch(event)).status == 200
            sent += 1
    assert sent > 60
    bad = {one["reason"] for one in await letters()}
    assert bad <= {"group_id_missing", "alias_without_ids", "event_name_missing"}, bad
    assert len(await events()) + len(await letters()) == sent


def test_every_fact_reads_back_as_itself():
    for fact in ingest.FACTS:
        needed = {"alias": reported.Alias(1, 2)} if fact is reported.CustomerAliased else {}
        if fact is commerce.OrderReported:
            needed = {"order_id": "O"}
        one = fact(type="track", system="web", properties={"a": 1}, **needed)
        assert msgspec.json.decode(msgspec.json.encode(one), type=fact) == one


async def test_counters_follow_the_log(client, track, pool, source):
    await client.batch(track(), track(), track(type="page"))
    for reader in ingest.readers():
        await caught_up(reader, pool)
    async with db.transaction(pool) as conn:
        since = clock.now() - timedelta(hours=2)
        found = await ingest.counters_since(conn, [source.source_id], since)
    assert {one.name: one.events for one in found} == {"product.viewed": 2, "page.viewed": 1}
