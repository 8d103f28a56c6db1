"""From the bytes of an ingest request to a delivery. Bytes decide, never the declared type."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from litestar.types import Receive

from setten.customers.ingest import (
    BATCH_BYTES_MAX,
    BATCH_EVENTS_MAX,
    BODY_BYTES_MAX,
    EVENT_BYTES_MAX,
    BadBody,
    BatchTooLarge,
    BodyTooLarge,
    EventTooLarge,
    Said,
)

# A body that is too large is read to its end, up to here, so that the client gets our answer
# instead of a broken pipe.
_DRAIN_BYTES_MAX = 32 * 1024 * 1024
_GZIP = b"\x1f\x8b"
_WRITE_KEY_LENGTH_MAX = 100


class Batch(msgspec.Struct):
    """A batch body; its events stay bytes until each is read by itself."""

    batch: list[msgspec.Raw]
    writeKey: Any = None
    sentAt: Any = None
    context: Any = None
    integrations: Any = None


class Single(msgspec.Struct):
    """What the edge needs of a single event."""

    writeKey: Any = None
    sentAt: Any = None


# A string, or a number that JSON does not have.
_CARELESS = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b', re.DOTALL)
_ESCAPES = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.",
    re.DOTALL,
)
Body = TypeVar("Body")
_batch = msgspec.json.Decoder(Batch).decode
_single = msgspec.json.Decoder(Single).decode


async def read(receive: Receive, announced: bytes = b"") -> bytes:
    """The whole body as sent. Raises BodyTooLarge beyond BODY_BYTES_MAX.

    announced: its Content-Length. What has come whole needs no second message that says so: each
    costs a single event a fifth of its time.
    """
    message: Any = await receive()
    if message["type"] == "http.request":
        whole: bytes = message.get("body", b"")
        if not message.get("more_body") or (announced and b"%d" % len(whole) == announced):
            return _checked(whole)
    parts: list[bytes] = []
    size = 0
    while message["type"] == "http.request":
        part: bytes = message.get("body", b"")
        size += len(part)
        if size <= BODY_BYTES_MAX:
            parts.append(part)
        if not message.get("more_body") or size > _DRAIN_BYTES_MAX:
            break
        message = await receive()
    if size > BODY_BYTES_MAX:
        raise BodyTooLarge(bytes_max=BODY_BYTES_MAX)
    return b"".join(parts)


def _checked(body: bytes) -> bytes:
    if len(body) > BODY_BYTES_MAX:
        raise BodyTooLarge(bytes_max=BODY_BYTES_MAX)
    return body


def unpack(body: bytes) -> bytes:
    """The body without gzip, whatever its headers say. Raises BodyTooLarge, BadBody.

    Never unpacks more than BODY_BYTES_MAX, so a bomb costs no more than an honest body.
    """
    if not body.startswith(_GZIP):
        return body
    parts: list[bytes] = []
    left = BODY_BYTES_MAX + 1
    rest = body
    while rest.startswith(_GZIP):  # a gzip file may have several members
        member = zlib.decompressobj(16 + zlib.MAX_WBITS)
        try:
            part = member.decompress(rest, left)
        except zlib.error as cause:
            raise BadBody(why="gzip") from cause
        parts.append(part)
        left -= len(part)
        if left <= 0:
            raise BodyTooLarge(bytes_max=BODY_BYTES_MAX)
        if not member.eof:
            raise BadBody(why="gzip")
        rest = member.unused_data
    return b"".join(parts)


def parse_batch(body: bytes) -> Batch:
    """A batch body. Raises BadBody, BatchTooLarge."""
    if len(body) > BATCH_BYTES_MAX:
        raise BatchTooLarge(bytes_max=BATCH_BYTES_MAX, events_max=BATCH_EVENTS_MAX)
    found = _parse(_batch, body)
    if len(found.batch) > BATCH_EVENTS_MAX:
        raise BatchTooLarge(bytes_max=BATCH_BYTES_MAX, events_max=BATCH_EVENTS_MAX)
    return found


def parse_single(body: bytes) -> Single:
    """What the edge needs of a single event's body. Raises BadBody, EventTooLarge."""
    if len(body) > EVENT_BYTES_MAX:
        raise EventTooLarge(bytes_max=EVENT_BYTES_MAX)
    return _parse(_single, body)


def _parse(decode: Callable[[bytes], Body], body: bytes) -> Body:
    try:
        return decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as cause:
        raise BadBody(why="json") from cause


def mend(body: bytes) -> bytes:
    """The body with what two careless writers of JSON leave in it made JSON.

    Half a surrogate pair, from a text cut in the middle of an emoji, becomes U+FFFD; NaN and
    Infinity become null. Without this one such value would fail its whole batch.
    """
    return _CARELESS.sub(_mend_one, body)


def _mend_one(found: re.Match[bytes]) -> bytes:
    text = found.group()
    if not text.startswith(b'"'):
        return b"null"
    return _ESCAPES.sub(_mend_escape, text) if b"\\u" in text else text


def _mend_escape(found: re.Match[bytes]) -> bytes:
    text = found.group()
    is_half = len(text) == 6 and text[2:3] in b"dD" and text[3:4] in b"89abcdefABCDEF"
    return b"\\ufffd" if is_half else text


def events(batch: Batch) -> tuple[Said, ...]:
    """The events of a batch, each with its own bytes."""
    return tuple(Said(bytes(raw)) for raw in batch.batch)


def object_or_none(value: Any) -> dict[str, Any] | None:
    """A batch's context or integrations; what is no object says nothing."""
    return value if isinstance(value, dict) and value else None


def write_key(authorization: str, in_body: Any) -> str:
    """The write key: Basic (with or without the colon), else the body's; "" when there is none.

    A Bearer token is another system's login and says nothing here: then the body must have it.
    """
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            key = base64.b64decode(rest.strip() + "==").decode("ascii").partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            key = ""
        if key:
            return _sane(key)
    return _sane(in_body) if isinstance(in_body, str) else ""


def _sane(key: str) -> str:
    return key if is_key(key) else ""


def is_key(text: str) -> bool:
    """Whether this can be a write key at all; what cannot is not even looked up."""
    return len(text) <= _WRITE_KEY_LENGTH_MAX and text.isprintable()
