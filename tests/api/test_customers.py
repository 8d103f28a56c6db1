"""The customers' part of the server API, over HTTP against the wired application."""

from __future__ import annotations

import asyncio
import base64
import threading
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from litestar.testing import AsyncTestClient
from tests.conftest import MASTER_KEY
from tests.customers.conftest import START, People
from tests.reading import caught_up

from setten import app
from setten.customers import consent, homes, identity, lifecycle, segments, timeline
from setten.customers.segments.memory import Memory
from setten.platform import audit, auth, clock, db
from setten.platform import settings as settings_module
from setten.platform.auth.model import SYSTEM
from setten.platform.expressions import Calendar
from setten.platform.vault import Vault

ZONE = ZoneInfo("Asia/Tokyo")


@pytest.fixture
def people(pool, vault) -> People:
    return People(pool, vault)


@pytest.fixture
async def client(dsn, pool, vault, tmp_path) -> AsyncIterator[AsyncTestClient]:
    """A client with a key of scope `server`; `client.headers` may be changed."""
    settings = settings_module.load(
        environment={
            "SETTEN_DATABASE_URL": dsn,
            "SETTEN_DATA_DIR": str(tmp_path),
            "SETTEN_MASTER_KEY": base64.b64encode(MASTER_KEY).decode(),
        }
    )
    async with AsyncTestClient(app.create_web(settings)) as made:
        made.headers["Authorization"] = f"Bearer {await key(pool, 'server')}"
        yield made


async def key(pool: db.Pool, scope: str) -> str:
    async with db.transaction(pool) as conn:
        return await auth.create_key(conn, scope=scope, name="test", now=clock.now())


def asked(*said: str, after: str | None = None) -> dict[str, object]:
    pairs = [one.partition(":") for one in said]
    return {"identifiers": [{"kind": k, "value": v} for k, _, v in pairs], "after": after}


LOOKUP = "/api/v1/customers/lookup"


async def test_a_customer_is_found_by_any_of_her_identifiers(client, people):
    await people.happens("email:hanako@example.jp", "loyalty_card:4417")
    await people.read()
    by_mail = await client.post(LOOKUP, json=asked("email:Hanako@example.jp"))
    assert by_mail.status_code == 200
    found = by_mail.json()
    assert [one["value"] for one in found["identifiers"]] == ["4417", "hanako@example.jp"]
    by_card = await client.post(LOOKUP, json=asked("loyalty_card:44 17"))
    assert by_card.json()["customer_id"] == found["customer_id"]


async def test_nobody_is_a_404_with_a_code(client):
    answer = await client.post(LOOKUP, json=asked("email:nobody@example.jp"))
    assert (answer.status_code, answer.json()["code"]) == (404, "customer_not_found")


async def test_a_kind_that_is_none_is_refused_without_repeating_the_value(client):
    answer = await client.post(LOOKUP, json=asked("shoe_size:taro@example.jp"))
    assert answer.status_code == 422
    assert "taro" not in answer.text


async def test_identifiers_of_two_people_are_a_conflict(client, people):
    await people.happens("user_id:ann")
    await people.happens("user_id:bo")
    await people.read()
    answer = await client.post(LOOKUP, json=asked("user_id:ann", "user_id:bo"))
    assert (answer.status_code, answer.json()["code"]) == (409, "identifiers_disagree")


async def read_elsewhere(dsn: str) -> None:
    """The background process's part, in a loop of its own: the test client blocks ours."""
    await asyncio.sleep(0.2)
    pool = await db.open_pool(dsn, size=2)
    for reader in (
        *identity.readers(),
        *timeline.readers(),
        *lifecycle.readers(ZONE),
        *consent.readers(after=(identity.READER,)),
        *segments.readers(Calendar(ZONE), memory=Memory()),
        *homes.readers(Vault(MASTER_KEY)),
    ):
        await caught_up(reader, pool)
    pool.terminate()


async def test_a_read_waits_for_the_event_that_it_names(client, people, dsn, monkeypatch):
    # On a busy machine these readers may begin later than a caller waits.
    monkeypatch.setattr("setten.platform.log.service.wait_for.__kwdefaults__", {"timeout_s": 60.0})
    event_id = await people.happens("user_id:ann")
    background = threading.Thread(target=lambda: asyncio.run(read_elsewhere(dsn)))
    background.start()
    answer = await client.post(LOOKUP, json=asked("user_id:ann", after=event_id))
    background.join()
    assert answer.status_code == 200
    assert answer.json()["counters"] == {"page.viewed": 1}


async def test_an_event_that_does_not_come_is_a_503_to_try_again(client, people, monkeypatch):
    monkeypatch.setattr("setten.platform.log.service.wait_for.__kwdefaults__", {"timeout_s": 0.05})
    answer = await client.post(LOOKUP, json=asked("user_id:ann", after="never"))
    assert (answer.status_code, answer.json()["code"]) == (503, "event_not_seen")
    assert answer.headers["Retry-After"] == "1"


async def test_a_timeline_is_paged_newest_first(client, people):
    for minute in range(3):
        await people.happens("user_id:ann", minute=minute, event_id=f"e{minute}")
    await people.read()
    address = f"/api/v1/customers/{await people.customer('user_id:ann')}/timeline"
    first = (await client.get(address, params={"limit": 2})).json()
    assert [item["event_id"] for item in first["items"]] == ["e2", "e1"]
    rest = (await client.get(address, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [item["event_id"] for item in rest["items"]] == ["e0"]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "cursor=", "cursor=nonsense"])
async def test_a_page_that_cannot_be_is_refused(client, people, query):
    await people.happens("user_id:ann")
    await people.read()
    ann = await people.customer("user_id:ann")
    answer = await client.get(f"/api/v1/customers/{ann}/timeline?{query}")
    assert answer.status_code == 422


async def test_links_show_their_evidence(client, people):
    event_id = await people.happens("user_id:ann", "anonymous_id:a")
    await people.read()
    ann = await people.customer("user_id:ann")
    [link] = (await client.get(f"/api/v1/customers/{ann}/links")).json()["links"]
    assert link["evidence"] == event_id
    assert {link["a"]["kind"], link["b"]["kind"]} == {"user_id", "anonymous_id"}
    assert link["refusal"] is None


async def test_a_merge_by_hand_keeps_the_one_named_and_redirects_the_other(client, people, pool):
    await people.happens("loyalty_card:4417", minute=1)
    await people.happens("user_id:ann", minute=2)
    await people.read()
    card, ann = await people.customer("loyalty_card:4417"), await people.customer("user_id:ann")
    body = {"into": str(ann), "from": str(card), "reason": "カードを窓口で確認"}
    answer = await client.post("/api/v1/customers/merge", json=body)
    assert answer.status_code == 200
    assert answer.json()["customer_id"] == str(ann)
    assert answer.json()["merged"] == [str(card)]
    after = await client.get(
        f"/api/v1/customers/{card}", params={"after": answer.headers["Setten-Event"]}
    )
    assert after.status_code in (200, 503)
    async with pool.acquire() as conn:
        noted = await conn.fetchrow("select * from audit.entries where action = 'customer.merged'")
        kept = await conn.fetchval("select string_agg(sealed::text, '') from vault.envelopes")
    assert noted["customer_id"] == ann
    assert noted["reason_sealed_id"] is not None
    assert "窓口" not in kept


async def test_a_merge_over_a_limit_is_refused_and_changes_nothing(client, people):
    await people.happens("user_id:ann")
    await people.happens("user_id:bo")
    await people.read()
    ann, bo = await people.customer("user_id:ann"), await people.customer("user_id:bo")
    body = {"into": str(ann), "from": str(bo), "reason": "same"}
    answer = await client.post("/api/v1/customers/merge", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "merge_breaks_limit")
    assert await people.customer("user_id:bo") == bo


async def test_a_merge_of_one_with_itself_is_refused(client, people):
    await people.happens("user_id:ann")
    await people.read()
    ann = str(await people.customer("user_id:ann"))
    answer = await client.post(
        "/api/v1/customers/merge", json={"into": ann, "from": ann, "reason": "x"}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "already_one_customer")


async def test_later_evidence_respects_a_merge_by_hand(client, people):
    await people.happens("loyalty_card:4417", minute=1)
    await people.happens("anonymous_id:a", minute=2)
    await people.read()
    card, cookie = (
        await people.customer("loyalty_card:4417"),
        await people.customer("anonymous_id:a"),
    )
    body = {"into": str(card), "from": str(cookie), "reason": "in the shop"}
    assert (await client.post("/api/v1/customers/merge", json=body)).status_code == 200
    await people.happens("anonymous_id:a", "loyalty_card:9999", minute=0)
    await people.read()
    assert await people.together("loyalty_card:4417", "anonymous_id:a")
    assert not await people.together("loyalty_card:9999", "anonymous_id:a")


@pytest.mark.parametrize("scope", ["public", "agent"])
async def test_a_key_reaches_no_further_than_its_scope(client, people, pool, scope):
    await people.happens("email:hanako@example.jp")
    await people.read()
    client.headers["Authorization"] = f"Bearer {await key(pool, scope)}"
    answer = await client.post(LOOKUP, json=asked("email:hanako@example.jp"))
    assert answer.status_code == (403 if scope == "public" else 200)
    assert "hanako@example.jp" not in answer.text
    merged = await client.post(
        "/api/v1/customers/merge",
        json={"into": str(uuid.uuid4()), "from": str(uuid.uuid4()), "reason": "x"},
    )
    assert merged.status_code == 403


async def test_without_a_key_nothing_is_said(client):
    del client.headers["Authorization"]
    answer = await client.get(f"/api/v1/customers/{uuid.uuid4()}")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_every_view_is_audited_with_fields_and_without_values(client, people, pool):
    await people.happens("email:hanako@example.jp")
    await people.read()
    await client.post(LOOKUP, json=asked("email:hanako@example.jp"))
    async with pool.acquire() as conn:
        [noted] = await conn.fetch("select * from audit.entries")
    assert noted["action"] == "customer.viewed"
    assert noted["fields"] == ["email"]
    assert noted["actor"].startswith("key:")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"identifiers": []},
        {"identifiers": [{"kind": "email"}]},
        {"identifiers": [{"kind": "email", "value": 7}]},
        {"identifiers": [{"kind": "email", "value": "a@b.jp"}], "extra": 1},
        {"identifiers": [{"kind": "email", "value": "a@b.jp"}] * 21},
        [],
        None,
    ],
)
async def test_a_lookup_that_makes_no_sense_is_refused(client, body):
    answer = await client.post(LOOKUP, json=body)
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_the_readers_that_after_waits_for_are_wired():
    from setten.api.customers import READERS

    wired = (
        *identity.readers(),
        *timeline.readers(),
        *lifecycle.readers(ZONE),
        *consent.readers(after=(identity.READER,)),
        *homes.readers(Vault(MASTER_KEY)),
    )
    looking = {reader.name for reader in segments.readers(Calendar(ZONE))}
    assert segments.READER in looking
    assert {*(reader.name for reader in wired), segments.READER} == set(READERS)


async def test_a_customer_has_a_stage_and_a_sentence_that_says_why(client, people, pool):
    await people.happens("user_id:ann")
    body = {"receipt_id": str(uuid.uuid4()), "total_minor": 900, "currency": "JPY"}
    minute = (clock.now() - START) / timedelta(minutes=1)
    await people.happens("user_id:bo", minute=minute, name="receipt.recorded", body=body)
    await people.read()
    for reader in lifecycle.readers(ZONE):
        await caught_up(reader, pool)
    ann = (await client.post(LOOKUP, json=asked("user_id:ann"))).json()
    bo = (await client.post(LOOKUP, json=asked("user_id:bo"))).json()
    assert (ann["stage"], bo["stage"]) == ("acquisition", "trial")
    assert ann["stage_sentence"]["en"] == "Has not bought anything yet."
    assert "お買い上げは1回" in bo["stage_sentence"]["ja"]


async def test_a_customer_has_the_segments_that_she_is_in(client, people, pool):
    await people.happens("user_id:ann")
    await people.happens("user_id:bo")
    await people.read()
    ann = (await client.post(LOOKUP, json=asked("user_id:ann"))).json()
    assert ann["segments"] == []
    async with db.transaction(pool) as conn:
        lookers = await segments.define(
            conn, "Lookers", {"kind": "did", "match": {"events": ["product.viewed"]}},
            actor=SYSTEM, now=clock.now(),
        )  # fmt: skip
    await people.happens("user_id:ann", minute=1, name="product.viewed")
    await people.read()
    for reader in segments.readers(Calendar(ZONE), memory=Memory()):
        await caught_up(reader, pool)
    ann = (await client.post(LOOKUP, json=asked("user_id:ann"))).json()
    bo = (await client.post(LOOKUP, json=asked("user_id:bo"))).json()
    assert ann["segments"] == [{"segment_id": lookers, "name": "Lookers", "version": 1}]
    assert bo["segments"] == []
    async with db.transaction(pool) as conn:
        await segments.retire(conn, lookers, actor=SYSTEM, now=clock.now())
    ann = (await client.get(f"/api/v1/customers/{ann['customer_id']}")).json()
    assert ann["segments"] == [], "it is no more, before anybody has been let go of it"


async def test_look_ups_of_one_moment_get_their_own_answers(client, people, pool):
    names = [f"user_id:p{n}" for n in range(20)]
    for name in names:
        await people.happens(name)
    await people.read()
    agent = {"Authorization": f"Bearer {await key(pool, 'agent')}"}
    stranger = {"Authorization": "Bearer sk_server_nobody"}
    answers = await asyncio.gather(
        *(client.post(LOOKUP, json=asked(name)) for name in names),
        *(client.post(LOOKUP, json=asked(name), headers=agent) for name in names),
        client.post(LOOKUP, json=asked("user_id:nobody")),
        client.post(LOOKUP, json=asked(names[0], names[1])),
        client.post(LOOKUP, json=asked(names[0]), headers=stranger),
    )
    whole, masked, refused = answers[:20], answers[20:40], answers[40:]
    seen = [answer.json()["identifiers"][0]["value"] for answer in whole]
    assert seen == [name.partition(":")[2] for name in names]
    assert all("•" in answer.json()["identifiers"][0]["value"] for answer in masked)
    assert [a.json()["customer_id"] for a in masked] == [a.json()["customer_id"] for a in whole]
    assert [answer.json()["code"] for answer in refused] == [
        "customer_not_found",
        "identifiers_disagree",
        "unauthenticated",
    ]


async def test_every_view_of_a_moment_is_audited_under_whoever_saw_it(client, people, pool):
    await people.happens("user_id:ann", "email:ann@example.jp")
    await people.read()
    owner = await people.customer("user_id:ann")
    await asyncio.gather(
        *(client.post(LOOKUP, json=asked("user_id:ann")) for _ in range(3)),
        client.get(f"/api/v1/customers/{owner}"),
        client.post(LOOKUP, json=asked("user_id:ann"), headers={"Authorization": "Bearer no"}),
    )
    async with pool.acquire() as conn:
        noted = await audit.of_customer(conn, owner)
    assert [one.action for one in noted] == ["customer.viewed"] * 4
    assert {one.fields for one in noted} == {("email", "user_id")}
    assert all(one.actor.startswith("key") for one in noted)


async def test_a_stranger_does_not_learn_by_waiting_whether_an_event_was_seen(client):
    answer = await client.post(
        LOOKUP, json=asked("user_id:ann", after="some-event"), headers={"Authorization": "Bearer x"}
    )
    assert answer.status_code == 401


async def test_a_look_up_is_described_without_a_key_for_repeats(client):
    described = (await client.get("/api/openapi.json")).json()
    operation = described["paths"][LOOKUP]["post"]
    assert "Idempotency-Key" not in str(operation.get("parameters"))
    assert "CustomerBody" in str(operation["responses"]["200"])
