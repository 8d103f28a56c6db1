"""/healthz, /readyz and /metrics, and what they say when something is wrong."""

import asyncio
import shutil
import subprocess

import asyncpg
import httpx
import pytest
from litestar import Litestar, Request, get, post
from litestar.params import FromPath
from tests.conftest import no_lake

from setten.api import operations, problems, state
from setten.platform import db, settings
from setten.platform.db import disk


@get("/people/{person:str}")
async def person(person: FromPath[str]) -> str:
    return person


@pytest.fixture
async def client(pool, vault, tmp_path):
    found = settings.load({"data_dir": tmp_path}, environment={})
    app = Litestar(
        [*operations.handlers, person],
        dependencies={"deps": state.provide},
        exception_handlers=problems.HANDLERS,
        middleware=[operations.RequestMeasures()],
        openapi_config=None,
    )
    app.state.deps = state.Deps(settings=found, pool=pool, vault=vault, lake=no_lake())
    operations._disks.clear()
    # Not Litestar's test client: it runs the application in another loop than the pool's.
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://setten") as ready:
        yield ready


async def test_alive_needs_no_database(client, pool):
    pool.terminate()
    assert (await client.get("/healthz")).status_code == 200


async def test_ready_shows_the_oldest_writer_the_lags_and_the_queue(client, conn):
    await conn.execute("insert into log.cursors (reader) values ('timeline')")
    answer = await client.get("/readyz")
    assert answer.status_code == 200
    body = answer.json()
    assert body["ready"] is True
    assert body["reader_lag_s"] == {"timeline": 0.0}
    assert body["waiting_jobs"] == 0
    assert body["oldest_writer_s"] >= 0


async def test_a_lost_database_makes_it_unready_and_says_so(client, pool):
    pool.terminate()
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert [r["code"] for r in answer.json()["reasons"]] == ["database_unavailable"]


async def test_a_missing_migration_makes_it_unready(client, conn):
    await conn.execute("delete from public.migrations where name = $1", db.head())
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == [{"code": "migrations_pending", "detail": db.head()}]


async def test_a_full_disk_makes_it_unready(client, monkeypatch):
    monkeypatch.setattr(disk, "LOW_WATER_MB", 10**12)
    monkeypatch.setattr(disk, "LOW_WATER_SHARE", 2.0)
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"][0]["code"] == "disk_low"


async def test_an_old_writing_transaction_is_named(client, dsn, monkeypatch):
    monkeypatch.setattr(operations, "WRITER_AGE_S_MAX", 0.0)
    writer = await asyncpg.connect(dsn)
    async with writer.transaction():
        await writer.execute("select pg_current_xact_id()")
        answer = await client.get("/readyz")
    await writer.close()
    assert [w["code"] for w in answer.json()["warnings"]] == ["old_writer"]


async def test_requests_are_counted_by_route_and_never_by_path(client):
    await client.get("/people/hana@example.jp")
    text = (await client.get("/metrics")).text
    assert 'setten_http_requests_total{method="GET",route="/people/{person}",status="200"}' in text
    assert "hana" not in text


async def test_measures_are_hidden_from_what_came_through_a_proxy(client):
    answer = await client.get("/metrics", headers={"x-forwarded-for": "203.0.113.9"})
    assert answer.status_code == 404


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not here")
async def test_the_real_measures_pass_promtool(client):
    await client.get("/healthz")
    text = (await client.get("/metrics")).text
    checked = await asyncio.to_thread(
        subprocess.run,
        ["promtool", "check", "metrics"],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


async def test_who_goes_away_in_the_middle_of_its_words_is_no_bug_of_ours(client, caplog):
    app = client._transport.app

    @post("/words")
    async def words(request: Request) -> None:
        await request.body()

    app.register(words)
    messages = iter(
        [{"type": "http.request", "body": b"ab", "more_body": True}, {"type": "http.disconnect"}]
    )

    async def receive() -> dict:
        return next(messages)

    async def send(message: dict) -> None:
        pass

    scope = {"type": "http", "method": "POST", "path": "/words", "raw_path": b"/words",
             "query_string": b"", "headers": [(b"content-length", b"5")], "scheme": "http",
             "root_path": "", "http_version": "1.1", "client": None, "server": None,
             "state": {}}  # fmt: skip
    await app(scope, receive, send)
    assert "bug" not in caplog.text
