"""API keys: random, shown once, kept as a hash. 256 random bits need no slow hash."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from datetime import datetime

from setten.platform import db, ids
from setten.platform.auth.model import SCOPES, Actor
from setten.platform.db import Connection
from setten.platform.errors import Invalid

_Q = db.load(__file__)
PREFIX = "sk_"  # lets secret scanners find a leaked key


class UnknownScope(Invalid):
    """There is no such scope."""

    code = "unknown_scope"


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


async def create_key(conn: Connection, *, scope: str, name: str, now: datetime) -> str:
    """Make a key and answer it; it can never be shown again. Raises UnknownScope."""
    if scope not in SCOPES:
        raise UnknownScope(scope=scope[:40], scopes=", ".join(SCOPES))
    key = f"{PREFIX}{scope}_{ids.token()}"
    await _Q.insert.run(
        conn, key_id=ids.uuid7(), name=name[:100], scope=scope, hash=_hash(key), now=now
    )
    return key


async def find_key(conn: Connection, key: str) -> Actor | None:
    """The program that a key stands for; None for a key that is unknown or revoked."""
    return (await find_keys(conn, [key]))[0]


async def find_keys(conn: Connection, keys: Sequence[str]) -> list[Actor | None]:
    """As `find_key`, for many at once, in order."""
    hashes = [_hash(key) for key in keys]
    rows = await _Q.find.all(conn, hashes=list(set(hashes)))
    found = {
        row["hash"]: Actor(kind="key", id=str(row["key_id"]), name=row["name"], scope=row["scope"])
        for row in rows
    }
    return [found.get(hashed) for hashed in hashes]


async def revoke_key(conn: Connection, key_id: uuid.UUID, *, now: datetime) -> bool:
    """Take a key back at once; False when it was none or already revoked."""
    return await _Q.revoke.value(conn, key_id=key_id, now=now) is not None


async def list_keys(conn: Connection) -> list[db.Record]:
    """Keys, newest first: id, name, scope, when made, when revoked."""
    return await _Q.list.all(conn)
