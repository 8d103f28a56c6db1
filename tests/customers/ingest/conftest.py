"""A front to ingest on a database of the test's own, spoken to as a server would."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.conftest import no_lake

from setten.api import ingest as ingest_api
from setten.api.state import Deps
from setten.customers import ingest
from setten.platform import clock, db, ids
from setten.platform import settings as settings_module
from setten.platform.vault import Vault


class Reply(msgspec.Struct):
    """One answer of the server."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Sends requests straight into the ASGI application."""

    def __init__(self, front: ingest_api.Front, write_key: str) -> None:
        self._front = front
        self.write_key = write_key

    async def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        sent: list[Any] = []
        chunks = [body[at : at + 65536] for at in range(0, len(body), 65536)] or [b""]

        async def receive() -> Any:
            chunk = chunks.pop(0) if chunks else b""
            return {"type": "http.request", "body": chunk, "more_body": bool(chunks)}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "client": ("203.0.113.9", 4000),
            "headers": [(k.lower().encode(), v.encode()) for k, v in (headers or {}).items()],
        }
        await ingest_api.serve(self._front, scope, receive, send)
        found = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
        return Reply(sent[0]["status"], found, sent[1]["body"])

    async def post(self, call: str, body: Any, headers: Mapping[str, str] | None = None) -> Reply:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.send("POST", f"/v1/{call}", raw, headers)

    async def batch(self, *events: dict[str, Any], **rest: Any) -> Reply:
        return await self.post("batch", {"batch": events, "writeKey": self.write_key, **rest})


@pytest.fixture
async def source(pool: db.Pool) -> ingest.Source:
    async with db.transaction(pool) as conn:
        return await ingest.sources.create(
            conn, name="shop tag", channel="web", write_key="WK", now=clock.now()
        )


@pytest.fixture
async def front(
    pool: db.Pool, vault: Vault, source: ingest.Source, tmp_path: Path, master_key: bytes
) -> ingest_api.Front:
    settings = settings_module.load(
        {"data_dir": str(tmp_path), "workers": 1}, environment={}, demo=False
    )
    settings = msgspec.structs.replace(settings, master_key=master_key)
    return ingest_api.Front(Deps(settings=settings, pool=pool, vault=vault, lake=no_lake()))


@pytest.fixture
def client(front: ingest_api.Front) -> Client:
    return Client(front, "WK")


@pytest.fixture
def events(pool: db.Pool) -> Any:
    """Everything in the log, oldest first, with its body decoded."""

    async def fetch() -> list[dict[str, Any]]:
        rows = await pool.fetch("select * from log.events order by position")
        return [{**dict(row), "body": json.loads(row["body"])} for row in rows]

    return fetch


@pytest.fixture
def letters(pool: db.Pool) -> Any:
    """Every dead letter, oldest first."""

    async def fetch() -> list[dict[str, Any]]:
        rows = await pool.fetch("select * from log.dead_letters order by dead_letter_id")
        return [dict(row) for row in rows]

    return fetch


@pytest.fixture
def track() -> Any:
    """A plausible event; give what matters to the test."""

    def make(**fields: Any) -> dict[str, Any]:
        return {
            "type": "track",
            "event": "Product Viewed",
            "userId": "u1",
            "messageId": str(ids.uuid7()),
            "timestamp": clock.now().isoformat(),
            "properties": {},
            **fields,
        }

    return make
