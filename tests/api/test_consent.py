"""Consent over HTTP against the wired application."""

from __future__ import annotations

from tests.api.test_customers import LOOKUP, asked, client, key, people
from tests.reading import caught_up

from setten.customers import consent, identity

__all__ = ["client", "people"]
ANN = "email:ann@example.jp"


async def address(client, people) -> str:
    await people.happens(ANN)
    await people.read()
    return f"/api/v1/customers/{await people.customer(ANN)}/consent"


def yes(**more: object) -> dict[str, object]:
    return {"consents": [{"channel": "email", "state": "granted", **more}]}


async def test_what_is_said_stands_at_once_and_is_kept_with_its_evidence(client, people):
    url = await address(client, people)
    said = await client.put(url, json=yes(text_version="form-7", evidence="ticked the box"))
    assert said.status_code == 200
    stands = said.json()["consent"]["marketing"]["email"]
    assert (stands["state"], stands["source"], stands["is_reachable"]) == ("granted", "api", True)
    found = (await client.get(url)).json()
    assert found["consent"] == said.json()["consent"]
    [entry] = found["entries"]
    assert entry["text_version"] == "form-7"
    assert entry["event_id"] == said.headers["Setten-Event"]
    assert "ticked" not in str(found)


async def test_a_look_up_tells_what_she_allows(client, people, pool):
    url = await address(client, people)
    said = await client.put(url, json=yes())
    for reader in (*identity.readers(people.vault), *consent.readers(after=(identity.READER,))):
        await caught_up(reader, pool)
    found = (await client.post(LOOKUP, json=asked(ANN))).json()
    assert found["consent"]["marketing"]["email"]["state"] == "granted"
    assert said.headers["Setten-Event"]


async def test_what_cannot_be_is_refused_with_a_code(client, people):
    url = await address(client, people)
    for bad in ({"consents": []}, yes(channel="pigeon"), yes(purpose="A b"), yes(surplus=1), {}):
        assert (await client.put(url, json=bad)).status_code in (400, 422), bad
    late = await client.put(url, json=yes(at="2999-01-01T00:00:00Z"))
    assert (late.status_code, late.json()["code"]) == (422, "bad_consent")
    assert (await client.get(url)).json()["entries"] == []


async def test_strangers_and_public_keys_say_nothing_for_others(client, people, pool):
    url = await address(client, people)
    client.headers["Authorization"] = f"Bearer {await key(pool, 'public')}"
    assert (await client.put(url, json=yes())).status_code == 403
    assert (await client.get(url)).status_code == 403
    client.headers["Authorization"] = "Bearer nothing"
    assert (await client.put(url, json=yes())).status_code == 401


async def test_an_unknown_customer_is_not_found(client, people):
    url = "/api/v1/customers/00000000-0000-7000-8000-000000000000/consent"
    assert (await client.get(url)).status_code == 404
    assert (await client.put(url, json=yes())).status_code == 404
