"""What is posted to ingest is answered before the framework, and read no longer than it is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from setten.api import ingest as ingest_api
from setten.api import ingest_body as bodies
from setten.customers import ingest


def sender(*parts: bytes) -> tuple[Any, list[bytes]]:
    """A `receive` that gives the parts, and then says that there is no more."""
    left = [*parts, b""]

    async def receive() -> Any:
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    return receive, left


async def test_a_body_that_came_whole_is_not_waited_for_again():
    receive, left = sender(b"12345")
    assert await bodies.read(receive, b"5") == b"12345"
    assert left == [b""]


@pytest.mark.parametrize("announced", [b"", b"5", b"7", b"9", b"-1", b"five", b"00007"])
async def test_whatever_length_was_announced_all_that_comes_is_read(announced):
    receive, left = sender(b"1234", b"", b"567")
    assert await bodies.read(receive, announced) == b"1234567"
    assert left == []


async def test_an_announced_length_does_not_open_the_door_wider():
    size = ingest.BODY_BYTES_MAX + 1
    receive, _ = sender(b"x" * size)
    with pytest.raises(ingest.BodyTooLarge):
        await bodies.read(receive, str(size).encode())


@pytest.mark.parametrize(
    ("method", "path", "is_ours"),
    [
        ("POST", "/v1/batch", True),
        ("POST", "/analytics-next/v1/t", True),
        ("POST", "/v1/no-such-call", True),
        ("GET", "/v1/projects/WK/settings", False),
        ("OPTIONS", "/v1/batch", False),
        ("POST", "/v1", False),
        ("POST", "/v12/batch", False),
        ("POST", "/api/v1/stock/holds", False),
    ],
)
async def test_only_what_is_posted_below_our_addresses_passes_by_the_framework(
    front, method, path, is_ours
):
    asked: list[str] = []

    async def framework(scope: Any, receive: Any, send: Any) -> None:
        asked.append(scope["path"])

    class App:
        class state:
            ingest = front

    async def send(message: Any) -> None:
        pass

    scope = {"type": "http", "method": method, "path": path, "headers": [], "litestar_app": App}
    receive, _ = sender(b"{}")
    await ingest_api.before(framework)(scope, receive, send)
    assert asked == ([] if is_ours else [path])


async def test_batches_that_come_at_once_share_transactions_and_answer_for_themselves(
    client, front, track, events
):
    good = [client.batch(*(track() for _ in range(20))) for _ in range(24)]
    bad = client.send("POST", "/v1/batch", b'{"batch":[],"writeKey":"nobody"}')
    replies = await asyncio.gather(*good, bad)
    assert [reply.status for reply in replies] == [200] * 24 + [401]
    assert len(await events()) == 480
    assert front._batches.batches < 20
