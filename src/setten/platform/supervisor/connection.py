"""One connection of a caller: uvicorn's reading of HTTP, with limits that it leaves to a proxy.

There may be no proxy. So a head has a size and a time, a body and an answer must move, a silent
connection ends, and there are as many connections as a process can serve. It runs in the event loop
itself: a server with threads of its own wakes three of them for each request (decision 24).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from setten.platform.supervisor.answering import Joined

# Address, cookies and headers of one request; browsers and proxies send a tenth of it.
HEAD_BYTES_MAX = 32 * 1024
HEADERS_MAX = 100
# Slow senders of headers hold a connection; not for ever.
HEAD_S_MAX = 15.0
# A body brings so much in such a time, and an answer is taken in it, or the connection ends. The
# worst of telephones does a hundred times as much.
BODY_BYTES_MIN = 1_024
STALL_S_MAX = 20.0
# Longer than the 60 s of common proxies: who reuses a connection should be the one to end it.
IDLE_S_MAX = 75
# Requests sent before the one in front was answered; each waits in memory. Browsers send none.
PIPELINE_MAX = 16
# Live pages keep one each. Beyond it a caller is told to come back, and costs nothing more.
CONNECTIONS_MAX = 4_000
# How many hosts a request names at least, by the versions that we speak.
_HOSTS_MIN = {"1.0": 0, "1.1": 1}
# When the process ends: for the first request of somebody who has only just connected.
FIRST_REQUEST_S_MAX = 1.0
_FULL_BODY = b'{"type":"about:blank","status":503,"code":"too_many_connections"}'
_FULL = b"\r\n".join(
    (
        b"HTTP/1.1 503 Service Unavailable",
        b"content-type: application/problem+json",
        b"content-length: %d" % len(_FULL_BODY),
        b"retry-after: 1",
        b"connection: close",
        b"",
        _FULL_BODY,
    )
)


class TooMuch(Exception):
    """More address and headers than anybody needs, or too many requests at once."""


class NoHost(Exception):
    """No version of HTTP that we speak, or none or several hosts where there must be one."""


class NoTunnel(Exception):
    """CONNECT: nobody is connected through us."""


class Connection(HttpToolsProtocol):
    """Reads requests and writes answers, one after the other."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_bytes = 0
        self._hosts = 0
        self._unread_bytes = 0
        self._body_bytes = 0
        self._is_in_head = True
        self._is_ending = False
        self._is_upgrade = False
        # One for what the caller sends, one for what it takes.
        self._sending: asyncio.TimerHandle | None = None
        self._taking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take it, unless there are too many; it must say something soon."""
        super().connection_made(transport)
        if len(self.connections) > CONNECTIONS_MAX:
            transport.write(_FULL)
            transport.close()
            return
        self._expect(HEAD_S_MAX, self._end)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing of it is left running."""
        self._expect_nothing()
        self._is_taken()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on. A request that came whole, as nearly all do, needs no timer."""
        if self.transport.is_closing():
            return
        self._unset_keepalive_if_required()
        self._feed(data)
        if self.transport.is_closing():
            return
        if self._is_in_head:
            # Also what the parser keeps to itself until a header is whole.
            self._unread_bytes += len(data)
            if self._unread_bytes > HEAD_BYTES_MAX:
                self._end()
            elif self._sending is None:
                self._expect(HEAD_S_MAX, self._end)
        elif self.cycle.more_body:
            self._body_bytes += len(data)
            if self._sending is None:
                self._expect_body()
        elif self._sending is not None:
            self._expect_nothing()

    def _feed(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")
        except httptools.HttpParserUpgrade as asked:
            # The parser takes all that follows such a head for another protocol, a body too: what
            # a stranger put into it would be read as the next request. We speak no other protocol,
            # so the same request is read again without that header, and its body as a body.
            head = self._head_without_upgrade()
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
            self._feed(head + data[asked.args[0] :])

    def _head_without_upgrade(self) -> bytes:
        version = self.parser.get_http_version().encode()
        lines = [self.parser.get_method() + b" " + self.url + b" HTTP/" + version]
        lines += [name + b": " + value for name, value in self.headers if name != b"upgrade"]
        return b"\r\n".join([*lines, b"", b""])

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self._is_in_head = True
        self._head_bytes = 0
        self._hosts = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A piece of the address."""
        self._weigh(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._weigh(len(name) + len(value))
        if len(self.headers) >= HEADERS_MAX:
            raise TooMuch
        self._hosts += len(name) == 4 and name.lower() == b"host"
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole: the request begins, or waits for the one in front."""
        # RFC 9112, 3.2: else two who read it could take it for two different places.
        version = self.parser.get_http_version()
        if self._hosts > 1 or version not in _HOSTS_MIN or self._hosts < _HOSTS_MIN[version]:
            raise NoHost
        self._is_upgrade = self.parser.should_upgrade()
        if self._is_upgrade:
            if self.parser.get_method() == b"CONNECT":
                raise NoTunnel
            return
        if len(self.pipeline) >= PIPELINE_MAX:
            raise TooMuch
        self._is_in_head = False
        self._unread_bytes = 0
        if self._sending is not None:
            self._expect_nothing()
        super().on_headers_complete()
        self.cycle.transport = Joined(self.transport, self.cycle)  # type: ignore[assignment]
        if self._is_ending:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """The request is whole, unless it is about to be read again."""
        if not self._is_upgrade:
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP; without a word while an answer is being written."""
        if self.transport.is_closing():
            return
        if self.cycle is None or (self.cycle.response_complete and not self.pipeline):
            super().send_400_response(msg)
            return
        self.pipeline.clear()
        self.cycle.disconnected = True  # else it goes on writing to what is closed
        self.cycle.message_event.set()
        self.transport.close()

    def shutdown(self) -> None:
        """The process ends: what was begun is finished, and who has just come may ask once."""
        self._is_ending = True
        if self.cycle is None and not self.transport.is_closing():
            self._expect(FIRST_REQUEST_S_MAX, self._end)
        else:
            super().shutdown()

    def pause_writing(self) -> None:
        """The caller does not take its answer: what makes it waits, and not for ever."""
        super().pause_writing()
        if self._taking is None:
            self._taking = self.loop.call_later(STALL_S_MAX, self._end)

    def resume_writing(self) -> None:
        """It does now."""
        self._is_taken()
        super().resume_writing()

    def _weigh(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > HEAD_BYTES_MAX:
            raise TooMuch

    def _expect(self, limit_s: float, otherwise: Callable[[], None]) -> None:
        self._expect_nothing()
        self._sending = self.loop.call_later(limit_s, otherwise)

    def _expect_nothing(self) -> None:
        if self._sending is not None:
            self._sending.cancel()
            self._sending = None

    def _expect_body(self) -> None:
        self._body_bytes = 0
        self._expect(STALL_S_MAX, self._look_at_body)

    def _look_at_body(self) -> None:
        # While we do not read, it is not the caller who is slow.
        if self._body_bytes < BODY_BYTES_MIN and not self.flow.read_paused:
            self._end()
        else:
            self._expect_body()

    def _is_taken(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

    def _end(self) -> None:
        # Not `close`, which first waits until the caller has taken what was written.
        self.transport.abort()
