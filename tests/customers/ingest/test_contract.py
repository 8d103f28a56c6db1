"""The wire contract: addresses, keys, bodies, limits, answers."""

from __future__ import annotations

import base64
import gzip
import json
import time
import zlib

import pytest

from setten.customers import ingest
from setten.platform import clock, db


async def test_a_batch_lands_in_the_log(client, track, events):
    reply = await client.batch(
        track(event="Order Completed", properties={"order_id": "O-1", "total": 1200}),
        track(type="page", name="Home"),
    )
    assert (reply.status, reply.body) == (200, b'{"success":true}')
    assert {e["name"] for e in await events()} == {"order.reported", "page.viewed"}


async def test_one_bad_event_becomes_a_dead_letter_and_fails_no_neighbour(
    client, track, events, letters
):
    reply = await client.batch(
        track(), track(userId=None), {"type": "nonsense", "userId": "u"}, track(event="")
    )
    assert reply.status == 200
    assert len(await events()) == 1
    assert [one["reason"] for one in await letters()] == [
        "no_identifier", "unknown_type", "event_name_missing",
    ]  # fmt: skip


CALLS = {
    "identify": {"traits": {"plan": "gold"}},
    "track": {"event": "Signed Up"},
    "page": {"name": "Home"},
    "screen": {"name": "Home"},
    "group": {"groupId": "g1"},
    "alias": {"previousId": "old"},
}


@pytest.mark.parametrize("address", ["/v1/{}", "/v1/{}/", "/ingest/v1/{}"])
async def test_every_call_is_taken_at_every_address(client, events, address):
    for call, fields in CALLS.items():
        for name in (call, call[0]):
            body = json.dumps({"userId": "u1", "writeKey": "WK", **fields}).encode()
            reply = await client.send("POST", address.format(name), body)
            assert (reply.status, reply.body) == (200, b'{"success":true}'), name
    kept = [e["body"]["type"] for e in await events()]
    assert sorted(kept) == sorted(2 * list(CALLS))


async def test_batches_have_three_names(client, track, events):
    for name in ("batch", "import", "b"):
        reply = await client.post(name, {"writeKey": "WK", "batch": [track()]})
        assert reply.status == 200
    assert len(await events()) == 3


async def test_the_key_may_stand_in_a_basic_header(client, track):
    for header in ("WK:", "WK", "WK:secret"):
        basic = base64.b64encode(header.encode()).decode()
        reply = await client.post("t", track(), {"Authorization": f"Basic {basic}"})
        assert reply.status == 200, header


async def test_a_bearer_token_needs_the_key_in_the_body(client, track):
    bearer = {"Authorization": "Bearer abc"}
    assert (await client.post("t", track(writeKey="WK"), bearer)).status == 200
    assert (await client.post("t", track(), bearer)).status == 401


async def test_no_key_an_unknown_key_and_a_revoked_source_are_401(client, track, pool, source):
    assert (await client.post("t", track())).status == 401
    assert (await client.post("t", track(writeKey="other"))).status == 401
    assert (await client.post("t", track(writeKey="W\x00K"))).status == 401
    async with db.transaction(pool) as conn:
        await ingest.sources.revoke(conn, source.source_id, now=clock.now())
    reply = await client.batch(track())
    assert reply.status == 401
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["code"] == "unknown_write_key"


async def test_a_rotated_key_goes_on_for_a_day(client, track, pool, source):
    async with db.transaction(pool) as conn:
        await ingest.sources.rotate(conn, source.source_id, write_key="NEW", now=clock.now())
    assert (await client.batch(track())).status == 200
    assert (await client.post("t", track(writeKey="NEW"))).status == 200
    later = clock.now() + ingest.sources.ROTATION * 2
    async with db.transaction(pool) as conn:
        assert set(await ingest.open_sources(conn, ["WK", "NEW"], now=later)) == {"NEW"}


async def test_bytes_decide_not_the_declared_type(client, track, events):
    body = json.dumps(track(writeKey="WK")).encode()
    for raw, headers in [
        (body, {"Content-Type": "text/plain"}),
        (gzip.compress(json.dumps(track(writeKey="WK")).encode()), {}),
        (json.dumps(track(writeKey="WK")).encode(), {"Content-Encoding": "gzip"}),
    ]:
        assert (await client.post("t", raw, headers)).status == 200
    assert len(await events()) == 3


async def test_a_gzip_bomb_is_refused_without_being_unpacked(client, letters):
    bomb = gzip.compress(b"0" * 100_000_000)
    began = time.perf_counter()
    reply = await client.post("batch", bomb, {"Content-Encoding": "gzip"})
    assert reply.status == 413
    assert reply.json()["code"] == "body_too_large"
    assert time.perf_counter() - began < 5
    many = gzip.compress(b" " * 400_000) * 10
    assert (await client.post("batch", many)).status == 413


NOT_A_BATCH = [
    b"", b"{", b"[]", b"null", b'"x"', b'{"batch":{}}', b'{"batch":null}', b"\xff\xfe",
    b"\x1f\x8b broken", gzip.compress(b'{"batch":[]}')[:-6], b"[" * 50_000,
]  # fmt: skip


async def test_what_is_not_json_of_a_batch_is_400(client):
    for body in NOT_A_BATCH:
        reply = await client.post("batch", body)
        assert (reply.status, reply.json()["code"]) == (400, "bad_body"), body[:20]
        assert reply.headers["access-control-allow-origin"] == "*"


async def test_the_limits_of_the_contract(client, track, letters, events):
    big = "x" * 33_000
    assert (await client.post("t", track(writeKey="WK", properties={"a": big}))).status == 400
    assert (await client.batch(*[{"a": 1}] * 2_501)).status == 400
    assert (await client.batch(*[track(properties={"a": "x" * 30_000})] * 18)).status == 400
    assert (await client.send("POST", "/v1/batch", b" " * 1_100_000)).status == 413
    assert (await client.batch(track(), track(properties={"a": big}))).status == 200
    assert [one["reason"] for one in await letters()] == ["event_too_large"]
    assert len(await events()) == 1


async def test_an_empty_batch_is_a_success(client):
    assert (await client.batch()).body == b'{"success":true}'


async def test_nulls_are_absent_and_unknown_keys_do_no_harm(client, events):
    reply = await client.batch(
        {
            "type": "track", "event": "X", "userId": "u1", "anonymousId": None, "context": None,
            "properties": None, "traits": None, "messageId": None, "timestamp": None,
            "_metadata": {"bundled": []}, "channel": "server", "version": 2,
        }
    )  # fmt: skip
    assert reply.status == 200
    [event] = await events()
    assert len(event["identifiers"]) == 1
    assert event["body"]["event"] == "X"


async def test_a_batchs_context_stands_under_each_events_own(client, track, events):
    await client.batch(
        track(event="A", context={"locale": "ja-JP"}),
        track(event="B"),
        context={"locale": "en-US", "timezone": "Asia/Tokyo"},
        integrations={"All": False},
    )
    first, second = sorted((e["body"] for e in await events()), key=lambda body: body["event"])
    assert first["context"] == {"locale": "ja-JP", "timezone": "Asia/Tokyo"}
    assert second["context"]["locale"] == "en-US"
    assert first["forward"] is False


async def test_a_preflight_reflects_the_headers_asked_for(client):
    reply = await client.send(
        "OPTIONS",
        "/v1/t",
        headers={
            "Origin": "https://shop.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,x-retry-count",
        },
    )
    assert (reply.status, reply.body) == (204, b"")
    assert reply.headers["access-control-allow-origin"] == "https://shop.example"
    assert reply.headers["access-control-allow-headers"] == "authorization,x-retry-count"
    assert "POST" in reply.headers["access-control-allow-methods"]
    assert int(reply.headers["access-control-max-age"]) > 0


async def test_answers_and_refusals_can_be_read_from_another_origin(client, track):
    origin = {"Origin": "https://shop.example"}
    for reply in [
        await client.post("t", track(writeKey="WK"), origin),
        await client.post("t", track(), origin),
        await client.post("t", b"{", origin),
        await client.post("nothing", b"{}", origin),
        await client.send("GET", "/v1/t", headers=origin),
    ]:
        assert reply.headers["access-control-allow-origin"] == "https://shop.example"
        assert reply.headers["access-control-expose-headers"] == "Retry-After"


async def test_unknown_calls_are_404_and_other_methods_405(client):
    assert (await client.post("nothing", b"{}")).status == 404
    assert (await client.send("GET", "/v1/batch")).status == 405
    assert (await client.send("PUT", "/v1/batch")).status == 405


async def test_a_source_with_origins_takes_from_those_pages_only(client, track, pool, source):
    async with db.transaction(pool) as conn:
        await ingest.sources.change(
            conn, source.source_id, origins=["https://Shop.example/"], rate_per_s=100
        )
    good, bad = {"Origin": "https://shop.example"}, {"Origin": "https://thief.example"}
    assert (await client.post("t", track(writeKey="WK"), good)).status == 200
    refused = await client.post("t", track(writeKey="WK"), bad)
    assert (refused.status, refused.json()["code"]) == (403, "origin_refused")
    assert (await client.post("t", track(writeKey="WK"))).status == 200  # a server has no origin


async def test_over_the_rate_is_429_with_retry_after(client, track, pool, source, events):
    async with db.transaction(pool) as conn:
        await ingest.sources.change(conn, source.source_id, origins=[], rate_per_s=1)
    replies = [await client.batch(*[track() for _ in range(500)]) for _ in range(7)]
    statuses = [reply.status for reply in replies]
    assert statuses[:5] == [200] * 5
    assert statuses[-1] == 429
    assert 1 <= int(replies[-1].headers["retry-after"]) <= 300
    assert len(await events()) == 500 * statuses.count(200)


def test_a_worker_gives_its_share_of_the_rate():
    buckets = ingest.Buckets(workers=2)
    take = {"rate_per_s": 10_000}
    assert buckets.take(1, 2_500, now_s=0.0, **take) == 0
    assert buckets.take(1, 2_500, now_s=0.0, **take) == 0
    assert buckets.take(1, 2_500, now_s=0.0, **take) == 1
    assert buckets.take(2, 1, now_s=0.0, **take) == 0  # another source has its own
    assert buckets.take(1, 1, now_s=1.0, **take) == 0


async def test_without_a_database_it_is_503_with_retry_after(client, track, pool):
    pool.terminate()
    reply = await client.batch(track())
    assert reply.status == 503
    assert int(reply.headers["retry-after"]) >= 1
    assert (await client.post("t", track(writeKey="WK"))).status == 503


async def test_deflate_is_not_gzip(client, track):
    assert (await client.post("t", zlib.compress(json.dumps(track()).encode()))).status == 400
