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
        row = _identifier(6, 8, number, 16, token, 2, cipher.GENERATION)
        yield row + _text(kind.encode()) + _text(wrapped) + _text(sealed)


def traits(told: Sequence[Trait], ciphers: Mapping[int, cipher.AESGCM]) -> list[bytes]:
    """Each sealed under the cipher of its identifier."""
    at: datetime | None = None
    micros = 0
    fields: dict[str, tuple[bytes, bytes]] = {}
    parts: list[bytes] = []
    for one, nonce in zip(told, cipher.nonces(len(told)), strict=True):
        number, field = one.identifier_id, one.field
        if one.occurred_at is not at:
            at = one.occurred_at
            micros = (at - _EPOCH) // _MICROSECOND
        known = fields.get(field)
        if known is None:
            raw = field.encode()
            known = fields[field] = raw, _text(raw)
        about = b"%d/%b" % (number, known[0])  # as cipher.about makes it
        sealed = ciphers[number].encrypt(nonce, cipher.encode(one.value), about)
        head = _trait(4, 8, number, 8, micros) + known[1] + _length(len(nonce) + len(sealed))
        parts += (head, nonce, sealed)
    return parts


def tokens(found: Iterable[tuple[bytes, int, str]]) -> Iterator[bytes]:
    """Search tokens: (token, number, field), each once."""
    fields: dict[str, bytes] = {}
    for token, number, field in found:
        said = fields.get(field) or fields.setdefault(field, _text(field.encode()))
        yield _token(3, 16, token, 8, number) + said


def _text(value: bytes) -> bytes:
    return _length(len(value)) + value
