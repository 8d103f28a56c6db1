"""A bare route answers as the framework's own would: the same refusals, in the same order."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from prometheus_client import REGISTRY
from tests.conftest import MASTER_KEY

from setten import app as wiring
from setten.platform import auth, clock, db, settings

LINE = {"sku": "green-sofa", "location_id": "ginza", "qty": 1}
GOOD = {"lines": [LINE]}
TOO_LARGE = b" " * (wiring.BODY_BYTES_MAX + 1)


class Asker:
    """Posts holds as bytes, with headers as they are given."""

    def __init__(self, app: Any, keys: dict[str, str]) -> None:
        transport = httpx.ASGITransport(app)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://setten")
        self.keys = keys
        self._count = 0

    async def __call__(
        self, body: Any = GOOD, *, scope: str = "server", **headers: str | None
    ) -> httpx.Response:
        self._count += 1
        given = {
            "authorization": f"Bearer {self.keys[scope]}",
            "idempotency-key": f"k{self._count}",
        } | {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post(
            "/api/v1/stock/holds",
            content=body if isinstance(body, bytes) else msgspec.json.encode(body),
            headers=[(k, v.encode("latin-1")) for k, v in given.items() if v is not None],
        )

    async def refused(self, *args: Any, **given: Any) -> tuple[int, str]:
        answer = await self(*args, **given)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["cache-control"] == "no-store"
        problem = answer.json()
        assert problem["status"] == answer.status_code
        assert problem["instance"] == "/api/v1/stock/holds"
        return answer.status_code, problem["code"]


@pytest.fixture
async def ask(pool, dsn, vault, tmp_path) -> AsyncIterator[Asker]:
    """The application as it is served, one sku with 500 units at one place, a key of each scope."""
    found = settings.load(
        {"data_dir": tmp_path, "database_url": dsn},
        environment={"SETTEN_MASTER_KEY": b64encode(MASTER_KEY).decode()},
    )
    async with db.transaction(pool) as conn:
        await conn.execute(
            "insert into stock.locations"
            " (location_id, name_ja, name_en, kind, timezone, updated_at)"
            " values ('ginza', '銀座店', 'Ginza', 'shop', 'Asia/Tokyo', now())"
        )
        await conn.execute(
            "insert into stock.items (sku, name_ja, name_en, updated_at)"
            " values ('green-sofa', '緑のソファ', 'Green sofa', now())"
        )
        await conn.execute(
            "insert into stock.balances (sku, location_id, on_hand)"
            " values ('green-sofa', 'ginza', 500)"
        )
        keys = {
            scope: await auth.create_key(conn, scope=scope, name=scope, now=clock.now())
            for scope in auth.SCOPES
        }
    app = wiring.create_web(found)
    async with wiring.resources(found, size=4) as deps:
        app.state.deps = deps
        yield Asker(app, keys)


async def test_a_hold_is_answered_whole_with_the_event_that_tells_of_it(ask, conn):
    answer = await ask()
    assert (answer.status_code, answer.headers["content-type"]) == (201, "application/json")
    assert set(answer.json()) == {"hold_id", "lines", "expires_at", "code"}
    told = await conn.fetchval(
        "select name from log.events where event_id = $1", answer.headers["setten-event"]
    )
    assert told == "stock.held"


async def test_bodies_that_do_not_fit_are_refused_with_the_place_in_them(ask):
    async def wrong(body: Any) -> tuple[int, str, str]:
        problem = (await ask(body)).json()
        return problem["status"], problem["code"], problem["errors"][0]["key"]

    assert await wrong({}) == (422, "invalid", "")
    assert await wrong(b"") == (422, "invalid", "")
    assert await wrong(b"null") == (422, "invalid", "")
    assert await wrong(b"[" * 100_000) == (422, "invalid", "")
    assert await wrong(GOOD | {"x": 1}) == (422, "invalid", "x")
    assert await wrong(GOOD | {"ttl_s": "60"}) == (422, "invalid", "ttl_s")
    assert await wrong(GOOD | {"ttl_s": 60.5}) == (422, "invalid", "ttl_s")
    assert await wrong(GOOD | {"customer_id": "1"}) == (422, "invalid", "customer_id")
    assert await wrong({"lines": [LINE | {"sku": "x" * 101}]}) == (422, "invalid", "lines[0].sku")
    assert await wrong({"lines": [LINE | {"sku": "a\x00b"}]}) == (422, "invalid", "")


async def test_bytes_that_are_no_json_are_malformed(ask):
    for body in (b"{", b"\xff\xfe", b'{"lines": [{"sku": "\\ud800"}]}'):
        assert await ask.refused(body) == (400, "malformed")
    assert await ask.refused(content_length="x") == (400, "malformed")


async def test_too_much_is_refused_whether_announced_or_found(ask):
    async def unannounced() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b" " * 2**20

    assert await ask.refused(TOO_LARGE) == (413, "too_large")
    assert await ask.refused(content_length="99999999") == (413, "too_large")
    answer = await ask.client.post(
        "/api/v1/stock/holds",
        content=unannounced(),
        headers={"authorization": f"Bearer {ask.keys['server']}"},
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_a_body_in_pieces_is_read_whole(ask):
    async def pieces() -> AsyncIterator[bytes]:
        for byte in msgspec.json.encode(GOOD):
            yield bytes([byte])

    headers = {"authorization": f"Bearer {ask.keys['server']}", "idempotency-key": "pieces"}
    answer = await ask.client.post("/api/v1/stock/holds", content=pieces(), headers=headers)
    assert answer.status_code == 201


async def test_the_bytes_decide_and_not_their_declared_type(ask):
    for kind in ("text/plain", "application/x-www-form-urlencoded", ";;;", None):
        assert (await ask(content_type=kind)).status_code == 201
    assert (await ask(GOOD | {"ttl_s": 60.0})).status_code == 201


async def test_strangers_are_told_that_they_are_strangers_and_nothing_else(ask):
    wrong: list[Any] = [b"{", {}, b"", TOO_LARGE, GOOD | {"customer_id": "1"}]
    for body in (*wrong, GOOD):
        for stranger in (None, "", "Bearer", "Bearer x", "Bearer \xe9", "Basic eDo=", "x"):
            assert await ask.refused(body, authorization=stranger) == (401, "unauthenticated")
        assert await ask.refused(body, scope="public") == (403, "wrong_scope")
    assert (await ask(authorization=None)).headers["www-authenticate"] == "Bearer"
    assert await ask.refused(idempotency_key=None, scope="public") == (403, "wrong_scope")
    nobody = GOOD | {"customer_id": "018f0000-0000-7000-8000-000000000000"}
    assert await ask.refused(nobody, scope="public") == (403, "wrong_scope")
    assert await ask.refused(nobody, authorization="Bearer x") == (401, "unauthenticated")
    assert await ask.refused(nobody, idempotency_key=None) == (422, "bad_idempotency_key")
    assert await ask.refused(nobody) == (404, "customer_not_found")


async def test_a_key_taken_back_reaches_nothing_from_that_moment(ask, pool):
    assert (await ask(scope="agent")).status_code == 201
    async with db.transaction(pool) as conn:
        [key_id] = [row["key_id"] for row in await auth.list_keys(conn) if row["name"] == "agent"]
        await auth.revoke_key(conn, key_id, now=clock.now())
    assert await ask.refused(scope="agent") == (401, "unauthenticated")


async def test_the_word_bearer_may_be_written_in_any_way(ask):
    assert (await ask(authorization=f"bEARER  {ask.keys['server']}")).status_code == 201


async def test_one_key_stands_for_one_request_of_one_caller(ask):
    one, again = [await ask(idempotency_key="same") for _ in range(2)]
    assert one.json() == again.json()
    assert one.headers["setten-event"] == again.headers["setten-event"]
    other = {"lines": [LINE | {"qty": 2}]}
    assert await ask.refused(other, idempotency_key="same") == (409, "idempotency_key_reused")
    assert (await ask(idempotency_key="same", scope="agent")).json() != one.json()


async def test_a_write_needs_a_key_of_its_own(ask):
    for missing in (None, ""):
        assert await ask.refused(idempotency_key=missing) == (422, "bad_idempotency_key")
    assert await ask.refused(idempotency_key="k" * 201) == (422, "invalid")
    assert (await ask(idempotency_key="k" * 200)).status_code == 201
    assert (await ask(idempotency_key="\xe9")).status_code == 201


async def test_who_comes_together_gets_each_his_own_answer(ask):
    """Good, poor, unknown and unwelcome callers of one moment share a transaction."""
    poor = {"lines": [LINE | {"qty": 501}]}
    nowhere = {"lines": [LINE | {"location_id": "x"}]}
    answers = await asyncio.gather(
        ask(), ask(poor), ask(poor, scope="agent"), ask(nowhere), ask(scope="public"),
        ask(authorization="Bearer x"), ask(idempotency_key=None), ask(b"{"), ask(),
    )  # fmt: skip
    codes = [answer.json()["code"] for answer in answers]
    assert codes[1:8] == [
        "not_enough_stock", "not_enough_stock", "unknown_goods", "wrong_scope", "unauthenticated",
        "bad_idempotency_key", "malformed",
    ]  # fmt: skip
    assert [answers[0].status_code, answers[8].status_code] == [201, 201]
    place = {"sku": "green-sofa", "location_id": "ginza", "wanted": 501}
    assert answers[1].json()["short"][0].keys() == place.keys() | {"available"}
    assert answers[2].json()["short"] == [place | {"band": "plenty"}]


async def test_a_bare_route_is_found_and_counted_however_its_address_ends(ask):
    def counted(status: int) -> float:
        labels = {"route": "/api/v1/stock/holds", "method": "POST", "status": str(status)}
        return REGISTRY.get_sample_value("setten_http_requests_total", labels) or 0

    before = counted(201), counted(422)
    headers = {"authorization": f"Bearer {ask.keys['server']}", "idempotency-key": "slash"}
    for end in ("", "/", "?x=1"):
        answer = await ask.client.post(f"/api/v1/stock/holds{end}", json=GOOD, headers=headers)
        assert answer.status_code == 201
    assert await ask.refused({}) == (422, "invalid")
    assert (counted(201), counted(422)) == (before[0] + 3, before[1] + 1)


async def test_an_unknown_field_is_named_with_those_that_there_are(ask):
    wrong = (await ask(GOOD | {"ttl": 5})).json()["errors"][0]
    assert wrong["key"] == "ttl"
    assert "ttl_s" in wrong["message"]
    lines = [GOOD["lines"][0] | {"price": 1}]
    wrong = (await ask(GOOD | {"lines": lines})).json()["errors"][0]
    assert wrong["key"] == "lines[0].price"
    assert "sku, location_id, qty" in wrong["message"]


async def test_every_call_says_in_a_line_of_its_own_what_it_does(ask):
    described = (await ask.client.get("/api/openapi.json")).json()
    lines = [
        operation["summary"]
        for item in described["paths"].values()
        for method, operation in item.items()
        if method in ("get", "put", "post", "delete", "patch")
    ]
    assert len(lines) > 1
    assert all(" " in line for line in lines)
    assert len(set(lines)) == len(lines)


async def test_problems_speak_the_language_that_is_asked_for(ask):
    answer = await ask(GOOD | {"x": 1}, accept_language="ja")
    assert answer.headers["content-language"] == "ja"
    assert answer.json()["title"] == "内容を使えません"


async def test_a_bare_route_is_described_with_its_body_its_answer_and_its_header(ask):
    described = (await ask.client.get("/api/openapi.json")).json()
    operation = described["paths"]["/api/v1/stock/holds"]["post"]
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    answer = operation["responses"]["201"]["content"]["application/json"]["schema"]
    assert body["$ref"].endswith("HoldIn")
    assert answer["$ref"].endswith("PlacedBody")
    assert [one["name"] for one in operation["parameters"]] == ["Idempotency-Key"]


async def test_other_methods_of_the_address_are_refused_as_everywhere(ask):
    for method in ("GET", "PUT", "DELETE"):
        answer = await ask.client.request(method, "/api/v1/stock/holds")
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    answer = await ask.client.options("/api/v1/stock/holds")
    assert (answer.status_code, answer.headers["allow"]) == (204, "OPTIONS, POST")
