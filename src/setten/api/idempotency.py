"""`Idempotency-Key` for writes that are not combined: the same key answers the same words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.params import HeaderParameter

from setten.platform import combine, db
from setten.platform.auth import Actor
from setten.platform.combine import Claim, IdempotencyMismatch
from setten.platform.db import Connection, Pool
from setten.platform.errors import Invalid

KEY_LENGTH_MAX = 200
# How a handler takes the header: `key: idempotency.Key = None`.
Key = Annotated[str | None, HeaderParameter(name="Idempotency-Key", max_length=KEY_LENGTH_MAX)]
Work = Callable[[Connection], Awaitable[tuple[int, Any, str | None]]]


class BadIdempotencyKey(Invalid):
    """The Idempotency-Key is missing, empty or too long."""

    code = "bad_idempotency_key"


def claim_for(actor: Actor, route: str, key: str | None, body: bytes) -> Claim:
    """The claim of a request. Raises BadIdempotencyKey."""
    if not key or len(key) > KEY_LENGTH_MAX:
        raise BadIdempotencyKey(length_max=KEY_LENGTH_MAX)
    return Claim(combine.key_hash(actor.label, route, key), combine.request_hash(body))


async def once(pool: Pool, claim: Claim, work: Work) -> Response[Any]:
    """Run `work(conn)` → (status, answer, event id) once per key; later calls get its answer.

    A refusal raised by `work` rolls all back, the key included: it may be tried again.
    Raises IdempotencyMismatch when the key stood for another request.
    """
    async with db.transaction(pool) as conn:
        outcome = (await combine.claim(conn, [claim]))[claim.key]
        if outcome.is_mismatch:
            raise IdempotencyMismatch()
        if outcome.is_new:
            status, answer, event_id = await work(conn)
            stored = msgspec.json.encode({"body": answer, "event": event_id})
            await combine.remember(conn, [(claim.key, status, stored)])
        else:
            status, stored = outcome.status, outcome.answer
    return replay(status, stored)


class _Stored(msgspec.Struct):
    body: msgspec.Raw
    event: str | None = None


def replay(status: int, stored: bytes) -> Response[Any]:
    """The response for a stored answer."""
    kept = msgspec.json.decode(stored, type=_Stored)
    headers = {"Setten-Event": kept.event} if kept.event else {}
    return Response(
        bytes(kept.body), status_code=status, media_type="application/json", headers=headers
    )
