"""API keys: random, shown once, kept as a hash. 256 random bits need no slow hash."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from datetime import datetime

import msgspec

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
    row = await db.together(conn, [keys_part(keys)], _Q.found)
    return keys_told(row["keys"], keys)


def keys_part(keys: Sequence[str]) -> db.Part:
    """`find_keys` as the part `auth_keys` of a statement."""
    return db.Part(_Q.find, {"hashes": [_hash(key) for key in set(keys)]})


def keys_told(found: str, keys: Sequence[str]) -> list[Actor | None]:
    """What that part found, as a list in JSON: one for each of `keys`, in order."""
    actors = {
        one.hash: Actor(kind="key", id=one.key_id, name=one.name, scope=one.scope)
        for one in _decode_keys(found)
    }
    by_key = {key: actors.get(_hash(key).hex()) for key in set(keys)}
    return [by_key[key] for key in keys]


class _Key(msgspec.Struct):
    hash: str
    key_id: str
    name: str
    scope: str


_decode_keys = msgspec.json.Decoder(list[_Key]).decode


async def revoke_key(conn: Connection, key_id: uuid.UUID, *, now: datetime) -> bool:
    """Take a key back at once; False when it was none or already revoked."""
    return await _Q.revoke.value(conn, key_id=key_id, now=now) is not None


async def list_keys(conn: Connection) -> list[db.Record]:
    """Keys, newest first: id, name, scope, when made, when revoked."""
    return await _Q.list.all(conn)
