"""What the vault keeps, as rows for COPY: a fraction of what arrays of bytes cost the driver."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from setten.platform.vault import cipher

if TYPE_CHECKING:
    from setten.platform.vault.service import Trait

IDENTIFIERS = ("identifier_id", "token", "generation", "kind", "wrapped_key", "sealed")
TRAITS = ("identifier_id", "occurred_at", "field", "sealed")
TOKENS = ("token", "identifier_id", "field")
Kept = tuple[bytes, int, str, bytes, bytes]  # token, number, kind, wrapped key, sealed value
_identifier = struct.Struct("!hiqi16sih").pack
_trait = struct.Struct("!hiqiq").pack
_token = struct.Struct("!hi16siq").pack
_length = struct.Struct("!i").pack
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def identifiers(people: Iterable[Kept]) -> Iterator[bytes]:
    """In token order, so that two batches that meet the same new people queue, not lock."""
    for token, number, kind, wrapped, sealed in sorted(people):
        yield _identifier(6, 8, number, 16, token, 2, cipher.GENERATION)
        yield _text(kind.encode())
        yield _text(wrapped)
        yield _text(sealed)


def traits(told: Sequence[Trait], ciphers: Mapping[int, cipher.AESGCM]) -> Iterator[bytes]:
    """Each sealed under the cipher of its identifier."""
    for one, nonce in zip(told, cipher.nonces(len(told)), strict=True):
        number = one.identifier_id
        yield _trait(4, 8, number, 8, (one.occurred_at - _EPOCH) // _MICROSECOND)
        yield _text(one.field.encode())
        about = cipher.about(number, one.field)
        yield _text(cipher.seal(ciphers[number], cipher.encode(one.value), about, nonce))


def tokens(found: Iterable[tuple[bytes, int, str]]) -> Iterator[bytes]:
    """Search tokens: (token, number, field), each once."""
    for token, number, field in found:
        yield _token(3, 16, token, 8, number)
        yield _text(field.encode())


def _text(value: bytes) -> bytes:
    return _length(len(value)) + value
