"""Idempotency keys: claimed before the work, answered from memory afterwards, kept 24 hours."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from asyncpg.pgproto.pgproto import UUID  # equal to uuid.UUID, and made five times faster

from setten.platform import db
from setten.platform.db import Connection
from setten.platform.errors import Conflict

_Q = db.load(__file__)
KEPT = timedelta(hours=24)


class IdempotencyMismatch(Conflict):
    """This Idempotency-Key was used for another request."""

    code = "idempotency_key_reused"


class Claim(msgspec.Struct, frozen=True):
    """A key with the request it stands for, both hashed."""

    key: uuid.UUID
    request: uuid.UUID


class Outcome(msgspec.Struct, frozen=True):
    """What became of a claim: `is_new`, or the answer given before, or `is_mismatch`."""

    is_new: bool = False
    is_mismatch: bool = False
    status: int = 0
    answer: bytes = b""


def key_hash(actor: str, route: str, key: str) -> uuid.UUID:
    """A key belongs to its caller and its route; nobody can replay another's."""
    text = "\x00".join((actor, route, key))
    return _hashed(text.encode())


def request_hash(body: bytes) -> uuid.UUID:
    """What the request said."""
    return _hashed(body)


def _hashed(said: bytes) -> uuid.UUID:
    found: uuid.UUID = UUID(hashlib.blake2b(said, digest_size=16).digest())
    return found


async def claim(conn: Connection, claims: Sequence[Claim]) -> dict[uuid.UUID, Outcome]:
    """Claim each key for this transaction. Waits for a claim that another transaction holds.

    Within one call the first of two equal keys is new; give the second its answer yourself.
    """
    if not claims:
        return {}
    first: dict[uuid.UUID, Claim] = {}
    for one in claims:
        first.setdefault(one.key, one)
    rows = await _Q.claim.all(
        conn, keys=db.uuids(first), requests=db.uuids(c.request for c in first.values())
    )
    found = {row["key_hash"]: Outcome(is_new=True) for row in rows}
    known = [key for key in first if key not in found]
    if known:
        for row in await _Q.answered.all(conn, keys=known):
            found[row["key_hash"]] = _outcome(row, first[row["key_hash"]])
    return found


def _outcome(row: db.Record, asked: Claim) -> Outcome:
    if row["request_hash"] != asked.request:
        return Outcome(is_mismatch=True)
    return Outcome(status=row["status"] or 0, answer=row["answer"] or b"")


async def remember(conn: Connection, answers: Sequence[tuple[uuid.UUID, int, bytes]]) -> None:
    """Keep (key, status, body) of claimed keys, in the transaction that did the work."""
    if answers:
        await db.together(conn, [remembered(answers)], _Q.done)


def remembered(answers: Sequence[tuple[uuid.UUID, int, bytes]]) -> db.Part:
    """`remember` as a part of the statement that does the work."""
    return db.Part(
        _Q.remembered,
        {
            "keys": db.uuids(a[0] for a in answers),
            "statuses": db.numbers(a[1] for a in answers),
            "answers": [a[2] for a in answers],
        },
    )


async def unclaim(conn: Connection, keys: Sequence[uuid.UUID]) -> None:
    """Give back keys claimed in this transaction whose request was refused, for another try."""
    if keys:
        await _Q.unclaim.run(conn, keys=list(keys))


async def forget_old(conn: Connection, *, now: datetime) -> int:
    """Drop claims past their 24 hours; a job calls this hourly."""
    return await _Q.forget_old.run(conn, before=now - KEPT)
