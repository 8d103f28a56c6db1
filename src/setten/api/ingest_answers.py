"""Answers of ingest: readable from any origin, also when they refuse."""

from __future__ import annotations

import re

import msgspec
from litestar.types import Send

from setten.api import problems
from setten.customers import ingest
from setten.platform import errors, metrics
from setten.platform.errors import SettenError, Unavailable

SUCCESS = b'{"success":true}'
PREFLIGHT_AGE_S = b"7200"  # the longest that Chromium keeps one
_JSON = b"application/json"
_HEADER_NAMES = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~, \-]{0,1000}")
_requests = metrics.counter("ingest_requests", "Requests to ingest.", ["status"])
_taken = _requests.labels("200")


class NoSuchCall(errors.NotFound):
    """There is no such ingest call."""

    code = "no_such_call"


class WrongMethod(errors.Invalid):
    """The address takes another method."""

    code = "method_not_allowed"


class Answer(msgspec.Struct, frozen=True):
    """Status, body and its type, and headers beside those that every answer has."""

    status: int
    body: bytes = b""
    type: bytes = _JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()


OK = Answer(200, SUCCESS)


def preflight(headers: dict[bytes, bytes]) -> Answer:
    """Whatever a browser asks to send, it may: the key decides, not the page's headers."""
    asked = headers.get(b"access-control-request-headers", b"")
    reflected = asked if _HEADER_NAMES.fullmatch(asked) else b""
    return Answer(
        204,
        headers=(
            (b"access-control-allow-methods", b"POST, GET, OPTIONS"),
            (b"access-control-allow-headers", reflected or b"content-type, authorization"),
            (b"access-control-max-age", PREFLIGHT_AGE_S),
        ),
    )


def problem(error: SettenError, headers: dict[bytes, bytes]) -> Answer:
    """A refusal as problem+json, in the language the request asks for."""
    locale = "ja" if headers.get(b"accept-language", b"")[:2].lower() == b"ja" else "en"
    status = _status(error)
    title, detail = errors.say(error.code, locale, error.facts)
    body = {
        "type": f"urn:setten:error:{error.code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": error.code,
        **error.facts,
    }
    own = [(b"content-language", locale.encode())]
    if isinstance(error, Unavailable):
        own.append((b"retry-after", str(error.retry_after_s).encode()))
    if status == 405:
        own.append((b"allow", b"POST, OPTIONS"))
    return Answer(status, msgspec.json.encode(body), problems.MEDIA_TYPE.encode(), tuple(own))


def bug() -> Answer:
    """Our fault: every client comes again after a 500, so its events are not lost."""
    title, detail = errors.say("error", "en")
    body = {
        "type": "urn:setten:error:error",
        "title": title,
        "status": 500,
        "detail": detail,
        "code": "error",
    }
    return Answer(500, msgspec.json.encode(body), problems.MEDIA_TYPE.encode())


def _status(error: SettenError) -> int:
    """As the clients know them: what cannot be used is 400, and only 429 and 503 come again."""
    if isinstance(error, WrongMethod):
        return 405
    if isinstance(error, ingest.BodyTooLarge):
        return 413
    if isinstance(error, errors.Invalid):
        return 400
    return problems.status_of(error)


async def send(out: Send, answer: Answer, origin: bytes, *, is_head: bool) -> None:
    """Send an answer so that a page of `origin` can read it."""
    headers = [
        (b"content-length", str(len(answer.body)).encode()),
        (b"access-control-allow-origin", origin or b"*"),
        (b"access-control-expose-headers", b"Retry-After"),
        (b"vary", b"Origin"),
        *answer.headers,
    ]
    if answer.status != 204:
        headers.append((b"content-type", answer.type))
    (_taken if answer.status == 200 else _requests.labels(str(answer.status))).inc()
    await out({"type": "http.response.start", "status": answer.status, "headers": headers})
    await out(
        {
            "type": "http.response.body",
            "body": b"" if is_head else answer.body,
            "more_body": False,
        }
    )
