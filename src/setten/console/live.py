"""Open lines to pages: what is new reaches a page without a reload.

A line asks the database about once a second with a small indexed question, and says something only
when the answer differs. A line ends soon after its session does, or when its person has other
rights than the page was drawn with. It is no use of the session: an unwatched screen falls asleep.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable

from litestar.response import ServerSentEvent
from litestar.response.sse import ServerSentEventMessage

from setten.console import guard
from setten.console.page import HEADERS, Asked, page_of
from setten.platform import auth, clock, draining
from setten.platform.errors import Unavailable

EVERY_S = 0.7
"""Between two questions: at once, for a person; nothing, for the database."""

LINE_LASTS_S = 600.0
SESSION_ASKED_EVERY_S = 3.0
"""So soon a line ends after its person was signed out or disabled."""

PING_S = 15.0
"""A comment this often keeps proxies from closing a quiet line."""

LINES_MAX = 200
"""Open lines of one worker; each costs about two small queries a second."""

RETRY_MS = 2_000

Ask = Callable[[], Awaitable[list[tuple[str, str]]]]
"""Answers (event, html) pairs that are new since it was last asked."""

_open = {"lines": 0}


class TooManyLines(Unavailable):
    """All lines of this worker are taken; the page works without, and tries again."""

    code = "too_many_lines"


def line(request: Asked, ask: Ask) -> ServerSentEvent:
    """An event stream that says what `ask` answers. Raises TooManyLines."""
    if _open["lines"] >= LINES_MAX:
        raise TooManyLines(retry_after_s=10)
    return ServerSentEvent(
        _say(request, ask),
        retry_duration=RETRY_MS,
        headers={**HEADERS, "X-Accel-Buffering": "no"},
    )


async def _say(request: Asked, ask: Ask) -> AsyncGenerator[ServerSentEventMessage, None]:
    _open["lines"] += 1
    began = pinged = looked = time.monotonic()
    try:
        yield ServerSentEventMessage(comment="open", retry=RETRY_MS)
        while not draining.has_begun() and time.monotonic() - began < LINE_LASTS_S:
            if time.monotonic() - looked > SESSION_ASKED_EVERY_S:
                looked = time.monotonic()
                if not await _may_go_on(request):
                    return
            for event, html in await ask():
                yield ServerSentEventMessage(event=event, data=html)
            if time.monotonic() - pinged > PING_S:
                pinged = time.monotonic()
                yield ServerSentEventMessage(comment="still here")
            await asyncio.sleep(EVERY_S)
    finally:
        _open["lines"] -= 1


async def _may_go_on(request: Asked) -> bool:
    async with guard.deps_of(request).pool.acquire() as conn:
        token = guard.session_token(request) or ""
        now_is = await auth.find_session(conn, token, now=clock.now(), is_use=False)
    return now_is == page_of(request).actor
