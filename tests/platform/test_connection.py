"""What one web process says to a bare socket: limits, order, and an end that answers first."""

from __future__ import annotations

import asyncio
import gc
import socket
import weakref
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from setten.platform.supervisor import connection, web

GET = b"GET /echo HTTP/1.1\r\nHost: x\r\n\r\n"
LONG_S = 30  # a busy machine is slow, not wrong


class Mark:
    """Is there as long as the request that it was put to."""


class App:
    """Answers with what it was sent; what a path does is in its first word."""

    def __init__(self) -> None:
        self.made = 0  # bytes of the endless answer
        self.seen: list[bytes] = []
        self.kept: list[weakref.ref[Mark]] = []  # one for each request that was read
        self.is_told = asyncio.Event()  # what a live answer waits for after its head

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "lifespan":
            for word in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{word}.complete"})
            return
        if scope["path"] == "/endless":
            await self._endless(receive, send)
            return
        if scope["path"] in ("/large", "/broken", "/live"):
            await self._begun(scope["path"], send)
            return
        if scope["path"] == "/early":
            await _answer(send, b"no", 413)
            return
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body, more = body + message["body"], message["more_body"]
        scope["mark"] = mark = Mark()
        self.kept.append(weakref.ref(mark))
        if scope["path"] == "/slow":
            await asyncio.sleep(0.3)
        self.seen.append(body)
        said = b"%s %s?%s %s" % (scope["method"].encode(), scope["path"].encode(),
                                 scope["query_string"], body)  # fmt: skip
        await _answer(send, said)

    async def _endless(self, receive, send) -> None:
        await receive()
        gone = asyncio.create_task(receive())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while not gone.done():  # what is sent to nobody is not kept, and does not count
            await send({"type": "http.response.body", "body": bytes(10_000), "more_body": True})
            self.made += 10_000
            assert self.made < 100_000_000, "nobody told it to wait"

    async def _begun(self, path: str, send) -> None:
        size = [] if path == "/live" else [(b"content-length", b"300000")]
        await send({"type": "http.response.start", "status": 200, "headers": size})
        if path == "/broken":
            raise RuntimeError("the body cannot be made")
        if path == "/live":
            await self.is_told.wait()
        for _ in range(3):
            await send({"type": "http.response.body", "body": bytes(100_000), "more_body": True})
        await send({"type": "http.response.body"})


async def _answer(send, body: bytes, status: int = 200) -> None:
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class House:
    def __init__(self, app: App) -> None:
        self.app = app
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(64)
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self.server = web._server(app)

    async def __aenter__(self) -> House:
        self.serving = asyncio.create_task(self.server.serve(sockets=[self._listener]))
        await until(lambda: self.server.started)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.should_exit = True
        await self.serving

    async def say(self, *pieces: bytes, pause_s: float = 0.0, limit_s: float = 5.0) -> bytes:
        """Send, and answer all that comes until the other side is silent or gone."""
        async with self.line() as (reader, writer):
            with suppress(ConnectionError):
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(pause_s)
            return await heard(reader, limit_s)

    @asynccontextmanager
    async def line(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield reader, writer
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


async def until(fits: Callable[[], bool], limit_s: float = LONG_S) -> None:
    async with asyncio.timeout(limit_s):
        while not fits():  # noqa: ASYNC110 - the server says it in no other way
            await asyncio.sleep(0.01)


async def heard(reader: asyncio.StreamReader, limit_s: float = 5.0) -> bytes:
    got = b""
    with suppress(TimeoutError, ConnectionError):
        while piece := await asyncio.wait_for(reader.read(65536), limit_s):
            got += piece
            limit_s = 0.5
    return got


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with House(App()) as open_house:
        yield open_house


async def test_an_answer_names_no_server_and_has_a_date(house):
    head = (await house.say(GET)).lower()
    assert head.startswith(b"http/1.1 200 ok\r\n")
    assert b"\r\ndate: " in head
    assert b"\r\nserver:" not in head


@pytest.mark.parametrize("size", [connection.HEAD_BYTES_MAX, 10 * connection.HEAD_BYTES_MAX])
@pytest.mark.parametrize("where", ["line", "header", "name"])
async def test_a_head_beyond_its_size_is_refused(house, size, where):
    long = b"a" * size
    head = {
        "line": b"GET /%b HTTP/1.1\r\nHost: x\r\n\r\n" % long,
        "header": b"GET / HTTP/1.1\r\nHost: x\r\nA: %b\r\n\r\n" % long,
        "name": b"GET / HTTP/1.1\r\nHost: x\r\n%b: a\r\n\r\n" % long,
    }[where]
    answer = await house.say(head)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")
    assert house.app.seen == []
    assert (await house.say(GET)).startswith(b"HTTP/1.1 200 ")


async def test_a_head_that_never_ends_is_not_read_for_ever(house):
    async def pour(writer: asyncio.StreamWriter) -> None:
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nA: ")
        for _ in range(10_000):
            writer.write(b"a" * 10_000)
            await writer.drain()

    async with house.line() as (_, writer):
        with pytest.raises(ConnectionError):
            await pour(writer)


async def test_a_hundred_headers_are_enough(house):
    more = b"".join(b"A%d: a\r\n" % n for n in range(connection.HEADERS_MAX))
    answer = await house.say(b"GET / HTTP/1.1\r\nHost: x\r\n" + more + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("piece", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nA: "])
async def test_who_says_nothing_or_half_a_head_is_not_waited_for(monkeypatch, piece):
    monkeypatch.setattr(connection, "HEAD_S_MAX", 0.2)
    async with House(App()) as house, house.line() as (reader, writer):
        writer.write(piece)
        async with asyncio.timeout(LONG_S):
            with suppress(ConnectionError):
                assert await reader.read() == b""
        assert not house.server.server_state.connections


async def test_a_head_that_drips_has_no_more_time_than_one_that_stops(monkeypatch):
    monkeypatch.setattr(connection, "HEAD_S_MAX", 0.4)

    async def drip(writer: asyncio.StreamWriter) -> None:
        for byte in b"GET /echo HTTP/1.1\r\nHost: x\r\nAccept: everything\r\n" * 5:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.02)

    async with House(App()) as house, house.line() as (_, writer), asyncio.timeout(LONG_S):
        with pytest.raises(ConnectionError):
            await drip(writer)


async def test_a_body_that_hardly_moves_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(connection, "STALL_S_MAX", 0.2)
    async with House(App()) as house, house.line() as (reader, writer):
        writer.write(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        async with asyncio.timeout(LONG_S):
            with suppress(ConnectionError):
                while not reader.at_eof():
                    writer.write(b"a")
                    await writer.drain()
                    with suppress(TimeoutError):
                        await asyncio.wait_for(reader.read(1), 0.05)
        assert house.app.seen == []


async def test_a_slow_body_that_moves_is_taken(monkeypatch):
    monkeypatch.setattr(connection, "STALL_S_MAX", 0.8)
    monkeypatch.setattr(connection, "BODY_BYTES_MIN", 3)
    async with House(App()) as house:
        head = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\n"
        # Longer in all than a body may stand still; a busy machine's pauses fit in between.
        answer = await house.say(head, *[b"abc"] * 10, pause_s=0.12)
    assert answer.endswith(b"POST /echo? " + b"abc" * 10)


async def test_an_idle_connection_ends(monkeypatch):
    async with House(App()) as house:
        house.server.config.timeout_keep_alive = 0.1
        async with house.line() as (reader, writer), asyncio.timeout(LONG_S):
            writer.write(GET)
            assert (await reader.read()).startswith(b"HTTP/1.1 200 ")


async def test_beyond_the_limit_of_connections_a_caller_is_told_to_come_back(monkeypatch):
    monkeypatch.setattr(connection, "CONNECTIONS_MAX", 2)
    async with House(App()) as house:
        async with house.line() as (one, writer), house.line():
            await until(lambda: len(house.server.server_state.connections) == 2)
            answer = await house.say(GET)
            assert answer.startswith(b"HTTP/1.1 503 ")
            assert b"retry-after: 1\r\n" in answer
            writer.write(GET)
            assert (await heard(one)).startswith(b"HTTP/1.1 200 ")
        await until(lambda: not house.server.server_state.connections)
        assert (await house.say(GET)).startswith(b"HTTP/1.1 200 ")


SMUGGLED = b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /echo HTTP/1.1\r\nHost: x\r\n"
ODD = {
    "two lengths of a kind": POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "a length and chunks": POST + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n"
    + SMUGGLED,
    "chunks and a length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n"
    + SMUGGLED,
    "chunks that are none": POST + b"Transfer-Encoding: xchunked\r\n\r\n" + SMUGGLED,
    "chunked, then something": POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n" + SMUGGLED,
    "a size that is none": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
    "a chunk too long": POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n",
    "a huge size": POST + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nhello",
    "a negative length": POST + b"Content-Length: -1\r\n\r\n",
    "a length with a sign": POST + b"Content-Length: +5\r\n\r\nhello",
    "a space before the colon": POST + b"Content-Length : 5\r\n\r\nhello",
    "a folded header": b"POST /echo HTTP/1.1\r\nHost: x\r\nA: b\r\n\tContent-Length: 5\r\n\r\n\0",
    "a NUL in a header": b"GET /echo HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n",
    "a bare return": b"GET /echo HTTP/1.1\r\nHost: x\rContent-Length: 5\r\n\r\nhello",
    "another protocol": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no host": b"GET /echo HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /echo HTTP/1.1\r\nHost: x\r\nhost: y\r\n\r\n",
    "two hosts of an old client": b"GET /echo HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n",
    "no host, and an upgrade": b"GET /echo HTTP/1.1\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    "HTTP/0.9": b"GET /echo\r\n\r\n",
    "HTTP/1.2": b"GET /echo HTTP/1.2\r\nHost: x\r\n\r\n",
    "no protocol": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    "an address that is none": b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("said", ODD.values(), ids=ODD)
async def test_what_two_could_read_differently_is_refused_and_nothing_hides_in_it(house, said):
    answer = await house.say(said)
    assert b"smuggled" not in answer
    assert b" 200 " not in answer
    assert (await house.say(GET)).startswith(b"HTTP/1.1 200 ")


async def test_chunks_come_as_one_body(house):
    chunks = (b"5\r\nhello\r\n", b"6;x=y\r\n world\r\n", b"0\r\nTrailer: t\r\n\r\n")
    answer = await house.say(POST + b"Transfer-Encoding: chunked\r\n\r\n", *chunks, pause_s=0.02)
    assert answer.endswith(b"POST /echo? hello world")


async def test_requests_sent_at_once_are_answered_in_their_order(house):
    paths = [b"/slow?1", b"/echo?2", b"/slow?3", b"/echo?4"]
    answer = await house.say(
        b"".join(b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % path for path in paths)
    )
    assert answer.count(b"HTTP/1.1 200 ") == 4
    places = [answer.index(b"GET " + path) for path in paths]
    assert places == sorted(places)


async def test_too_many_requests_at_once_are_not_kept(house):
    many = b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n" * 2_000
    await house.say(many)
    assert len(house.app.seen) <= connection.PIPELINE_MAX + 2


async def test_nonsense_behind_a_request_is_not_answered_in_the_middle_of_its_answer(house):
    answer = await house.say(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n\0\0nonsense\r\n\r\n")
    assert b" 400 " not in answer


async def test_who_does_not_read_its_answer_makes_us_keep_little_and_is_left(monkeypatch):
    monkeypatch.setattr(connection, "STALL_S_MAX", 0.5)
    async with House(App()) as house, house.line() as (_, writer):
        writer.transport.pause_reading()
        writer.write(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        await until(lambda: house.app.made)
        await until(lambda: not house.server.server_state.connections)
        assert house.app.made < 20_000_000, "what the kernel takes, and no more"


async def test_a_refusal_comes_before_the_end_of_the_body(house):
    answer = await house.say(
        b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + b"a" * 1_000
    )
    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_who_asks_before_sending_is_told_to_go_on(house):
    async with house.line() as (reader, writer):
        writer.write(POST + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")) == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"hello")
        assert (await heard(reader)).endswith(b"POST /echo? hello")


async def test_a_long_answer_comes_whole_behind_its_head(house):
    head, _, body = (await house.say(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")).partition(
        b"\r\n\r\n"
    )
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert body == bytes(300_000)


async def test_a_live_answer_begins_before_it_has_anything_to_say(house):
    async with house.line() as (reader, writer):
        writer.write(b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK")
        house.app.is_told.set()
        assert len(await heard(reader)) > 300_000


async def test_an_answer_that_cannot_be_finished_ends_its_connection(house):
    async with house.line() as (reader, writer):
        writer.write(b"GET /broken HTTP/1.1\r\nHost: x\r\n\r\n")
        told = await reader.read()
    assert told.partition(b"\r\n\r\n")[2] == b""


async def test_a_head_alone_has_no_body_and_the_next_request_is_understood(house):
    answer = await house.say(b"HEAD /echo HTTP/1.1\r\nHost: x\r\n\r\n", GET, pause_s=0.1)
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert b"HEAD /echo" not in answer
    assert b"GET /echo? " in answer


async def test_an_upgrade_that_we_do_not_know_is_answered_like_any_other(house):
    asked = b"GET /echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    assert (await house.say(asked)).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("to", [b"websocket", b"h2c", b"anything"])
@pytest.mark.parametrize("is_split", [True, False])
async def test_the_body_of_who_asks_for_an_upgrade_is_a_body_and_never_a_request(
    house, to, is_split
):
    body = b"GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"
    head = (b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nConnection: Upgrade\r\n"
            b"Upgrade: %s\r\n\r\n" % (len(body), to))  # fmt: skip
    pieces = (head, body + GET) if is_split else (head + body + GET,)
    answer = await house.say(*pieces, pause_s=0.1)
    assert b"POST /echo? " + body in answer
    assert answer.endswith(b"GET /echo? ")
    assert house.app.seen == [body, b""]


async def test_chunks_of_who_asks_for_an_upgrade_are_read_as_chunks(house):
    head = (b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
            b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
            b"HTTP2-Settings: AAM\r\n\r\n")  # fmt: skip
    answer = await house.say(head, b"3\r\nabc\r\n0\r\n\r\n" + GET, pause_s=0.1)
    assert b"POST /echo? abc" in answer
    assert answer.endswith(b"GET /echo? ")


async def test_nobody_is_connected_through_us(house):
    asked = b"CONNECT inside.example:443 HTTP/1.1\r\nHost: inside.example:443\r\n\r\n"
    assert (await house.say(asked)).startswith(b"HTTP/1.1 400 ")


async def test_an_old_client_is_answered_and_left(house):
    async with house.line() as (reader, writer), asyncio.timeout(LONG_S):
        writer.write(b"GET /echo HTTP/1.0\r\n\r\n")
        assert (await reader.read()).endswith(b"GET /echo? ")


async def test_at_the_end_what_was_asked_is_answered_and_who_has_just_come_may_ask():
    async with House(App()) as house, house.line() as slow, house.line() as new:
        slow[1].write(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(0.1)
        house.server.should_exit = True
        await asyncio.sleep(0.25)
        new[1].write(GET)
        for answer in (await heard(slow[0]), await heard(new[0])):
            assert answer.startswith(b"HTTP/1.1 200 ")
            assert b"connection: close" in answer
        await asyncio.wait_for(house.serving, LONG_S)


async def test_at_the_end_an_idle_connection_and_half_a_head_hold_nothing_up():
    async with House(App()) as house, house.line() as idle, house.line() as half:
        idle[1].write(GET)
        await heard(idle[0])
        half[1].write(b"GET / HT")
        await asyncio.sleep(0.05)
        house.server.should_exit = True
        await asyncio.wait_for(house.serving, LONG_S)


async def test_answered_requests_are_gone_without_the_collector(house):
    gc.disable()
    try:
        async with house.line() as (reader, writer):
            for _ in range(20):
                writer.write(GET)
                await reader.readuntil(b"GET /echo? ")
            # The last may still be underway here.
            await until(lambda: sum(mark() is not None for mark in house.app.kept) <= 1)
        assert len(house.app.kept) == 20
    finally:
        gc.enable()
