"""Sealing and tokens. AES-256-GCM with random nonces; keyed hashes by HMAC-SHA-256."""

from __future__ import annotations

import os
import uuid

import msgspec
from asyncpg.pgproto.pgproto import UUID  # equal to uuid.UUID, and made five times faster
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

GENERATION = 1  # of the master key
KEY_BYTES = 32
_NONCE_BYTES = 12
# Amounts stay numbers as they were written.
encode = msgspec.json.Encoder(decimal_format="number").encode


def derive(master: bytes, purpose: str) -> bytes:
    """A key for one purpose, so that no key serves two."""
    return HKDFExpand(SHA256(), KEY_BYTES, purpose.encode()).derive(master)


def keyed(key: bytes) -> HMAC:
    """A keyed hash set up once: to copy it costs a third of setting it up for each token."""
    return HMAC(key, SHA256())


def nonces(count: int) -> list[bytes]:
    """Random nonces drawn together: a call for each costs as much as a cipher."""
    drawn = os.urandom(_NONCE_BYTES * count)
    return [drawn[at : at + _NONCE_BYTES] for at in range(0, len(drawn), _NONCE_BYTES)]


def keys(count: int) -> list[bytes]:
    """Random keys, drawn together."""
    drawn = os.urandom(KEY_BYTES * count)
    return [drawn[at : at + KEY_BYTES] for at in range(0, len(drawn), KEY_BYTES)]


def seal(key: bytes | AESGCM, plain: bytes, about: bytes, nonce: bytes | None = None) -> bytes:
    """Nonce and ciphertext; `about` binds it to its owner, so that rows cannot be swapped.

    A key that seals many things is given as AESGCM: to set one up costs as much as to use it.
    nonce: one of `nonces`, used once.
    """
    nonce = nonce or os.urandom(_NONCE_BYTES)
    cipher = AESGCM(key) if isinstance(key, bytes) else key
    return nonce + cipher.encrypt(nonce, plain, about)


def unseal(key: bytes | AESGCM, sealed: bytes, about: bytes) -> bytes:
    """The plain text. Raises InvalidTag for another key, owner or a changed byte."""
    cipher = AESGCM(key) if isinstance(key, bytes) else key
    return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], about)


def about(number: int, field: str = "") -> bytes:
    """What binds a sealed value to its identifier, and a trait to its field."""
    return f"{number}/{field}".encode()


def digest(keyed: HMAC, *parts: str) -> bytes:
    """A keyed hash of the parts: equal for equal input, meaningless without the key. 16 bytes."""
    mac = keyed.copy()
    mac.update("\x00".join(parts).encode())
    return mac.finalize()[:16]


def token(keyed: HMAC, *parts: str) -> uuid.UUID:
    """`digest` as the database keeps it."""
    found: uuid.UUID = UUID(digest(keyed, *parts))
    return found


__all__ = [
    "AESGCM",
    "GENERATION",
    "KEY_BYTES",
    "InvalidTag",
    "about",
    "derive",
    "digest",
    "encode",
    "keyed",
    "keys",
    "nonces",
    "seal",
    "token",
    "unseal",
]
