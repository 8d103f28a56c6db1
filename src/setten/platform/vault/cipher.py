"""Sealing and tokens. AES-256-GCM with random nonces; keyed hashes by HMAC-SHA-256."""

from __future__ import annotations

import hmac
import os
import uuid

from asyncpg.pgproto.pgproto import UUID  # equal to uuid.UUID, and made five times faster
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

KEY_BYTES = 32
_NONCE_BYTES = 12


def derive(master: bytes, purpose: str) -> bytes:
    """A key for one purpose, so that no key serves two."""
    return HKDFExpand(SHA256(), KEY_BYTES, purpose.encode()).derive(master)


def seal(key: bytes | AESGCM, plain: bytes, about: bytes) -> bytes:
    """Nonce and ciphertext; `about` binds it to its owner, so that rows cannot be swapped.

    A key that seals many things is given as AESGCM: to set one up costs as much as to use it.
    """
    nonce = os.urandom(_NONCE_BYTES)
    cipher = AESGCM(key) if isinstance(key, bytes) else key
    return nonce + cipher.encrypt(nonce, plain, about)


def unseal(key: bytes | AESGCM, sealed: bytes, about: bytes) -> bytes:
    """The plain text. Raises InvalidTag for another key, owner or a changed byte."""
    cipher = AESGCM(key) if isinstance(key, bytes) else key
    return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], about)


def token(key: bytes, *parts: str) -> uuid.UUID:
    """A keyed hash of the parts: equal for equal input, meaningless without the key."""
    text = "\x00".join(parts)
    found: uuid.UUID = UUID(hmac.digest(key, text.encode(), "sha256")[:16])
    return found


__all__ = ["AESGCM", "KEY_BYTES", "InvalidTag", "derive", "seal", "token", "unseal"]
