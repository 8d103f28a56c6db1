"""Entries as PostgreSQL's binary COPY reads them.

A batch that is written this way costs the database half of what rows from arrays cost, and spares
the driver a look at every element.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from setten.platform.log.model import Entry

# In the order in which `pack` writes them.
COLUMNS = (
    "arrived_on",
    "position",
    "received_at",
    "occurred_at",
    "sent_at",
    "original_at",
    "source_id",
    "sealed_id",
    "identifiers",
    "event_id",
    "name",
    "channel",
    "location_id",
    "body",
)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(2000, 1, 1)
_MICROSECOND = timedelta(microseconds=1)
_INT8_OID = 20
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"
_first = struct.Struct("!hii").pack  # number of columns, and the day
_int4 = struct.Struct("!ii").pack
_int8 = struct.Struct("!iq").pack
_length = struct.Struct("!i").pack
_one = struct.Struct("!iiiiiiiq").pack  # the array of one number, which most events have


class _Said(dict[str | None, bytes]):
    """The few words that a batch says over and over, packed once."""

    def __missing__(self, text: str | None) -> bytes:
        self[text] = packed = _text(text)
        return packed


def pack(entries: Iterable[tuple[int, Entry]]) -> bytes:
    """Positions and entries as the rows of one COPY (binary) with COLUMNS.

    Each arrives on the day of its `received_at`.
    """
    parts = [_HEADER]
    said = _Said()
    received_at = sent_at = None
    first = received = b""
    sent = _NULL
    for position, entry in entries:
        if entry.received_at is not received_at:
            received_at = entry.received_at
            first = _first(len(COLUMNS), 4, (received_at.date() - _EPOCH_DAY).days)
            received = _moment(received_at)
        if entry.sent_at is not sent_at:
            sent_at = entry.sent_at
            sent = _moment(sent_at)
        event_id, body = entry.event_id.encode(), entry.body.encode()
        parts += (
            first,
            _int8(8, position),
            received,
            _moment(entry.occurred_at),
            sent,
            _moment(entry.original_at),
            _NULL if entry.source_id is None else _int4(4, entry.source_id),
            _NULL if entry.sealed_id is None else _int8(8, entry.sealed_id),
            _array(entry.identifiers),
            _length(len(event_id)),
            event_id,
            said[entry.name],
            said[entry.channel],
            said[entry.location_id],
            _length(len(body)),
            body,
        )
    parts.append(_TRAILER)
    return b"".join(parts)


def _text(text: str | None) -> bytes:
    if text is None:
        return _NULL
    raw = text.encode()
    return _length(len(raw)) + raw


def _moment(moment: datetime | None) -> bytes:
    return _NULL if moment is None else _int8(8, (moment - _EPOCH) // _MICROSECOND)


def _array(numbers: tuple[int, ...]) -> bytes:
    # dimensions, whether there are nulls, type; per dimension length and lower bound; the elements
    if len(numbers) == 1:
        return _one(32, 1, 0, _INT8_OID, 1, 1, 8, numbers[0])
    if not numbers:
        return _length(12) + struct.pack("!iii", 0, 0, _INT8_OID)
    lead = struct.pack("!iiiiii", 20 + 12 * len(numbers), 1, 0, _INT8_OID, len(numbers), 1)
    return lead + b"".join([_int8(8, number) for number in numbers])
