"""Entries of the log as PostgreSQL's binary COPY reads them."""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from setten.platform.db import NULL
from setten.platform.log.model import Entry, digest_of

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
SEEN = ("day", "hash", "position", "arrived_on")
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL = date(2000, 1, 1).toordinal()
_MICROSECOND = timedelta(microseconds=1)
_INT8_OID = 20
_usual = struct.Struct("!hiiiqiqiqiqiqii").pack  # all columns up to the source
_ours = struct.Struct("!hiiiqiqiqiii").pack  # the same of a fact of ours, without the last three
_claim = struct.Struct("!hiii16siqii").pack
_BEFORE_EPOCH = struct.pack("!hii", 4, 4, -(2**31))
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


def pack(entries: Iterable[tuple[int, Entry]]) -> list[bytes]:
    """Positions and entries as rows for `db.copy_rows`, with COLUMNS.

    Each arrives on the day of its `received_at`.
    """
    parts: list[bytes] = []
    said = _Said()
    received_at = sent_at = None
    day = received = sent = 0
    for position, entry in entries:
        if entry.received_at is not received_at:
            received_at = entry.received_at
            day = received_at.toordinal() - _EPOCH_ORDINAL
            received = _micros(received_at)
        if entry.sent_at is not sent_at:
            sent_at = entry.sent_at
            sent = 0 if sent_at is None else _micros(sent_at)
        if sent_at is None and entry.original_at is None and entry.source_id is None:
            at = received if entry.occurred_at is received_at else _micros(entry.occurred_at)
            head = _ours(len(COLUMNS), 4, day, 8, position, 8, received, 8, at, -1, -1, -1)
        elif sent_at is None or entry.original_at is None or entry.source_id is None:
            head = _rare(position, entry, day)
        else:
            head = _usual(
                len(COLUMNS), 4, day, 8, position, 8, received, 8, _micros(entry.occurred_at),
                8, sent, 8, _micros(entry.original_at), 4, entry.source_id,
            )  # fmt: skip
        event_id, body = entry.event_id.encode(), entry.body.encode()
        parts += (
            head,
            NULL if entry.sealed_id is None else _int8(8, entry.sealed_id),
            _array(entry.identifiers),
            _length(len(event_id)),
            event_id,
            said[entry.name],
            said[entry.channel],
            said[entry.location_id],
            _length(len(body)),
            body,
        )
    return parts


def pack_seen(claims: Iterable[tuple[date, str, int]], on: date) -> list[bytes]:
    """Claims (day, event id, position) as rows for `db.copy_rows`, with SEEN.

    In the order of (day, hash), so that two batches with the same ids queue instead of locking.
    on: the day of arrival.
    """
    arrived = on.toordinal() - _EPOCH_ORDINAL
    rows = [
        _claim(4, 4, day.toordinal() - _EPOCH_ORDINAL, 16, digest_of(said), 8, position, 4, arrived)
        for day, said, position in claims
    ]
    rows.sort()
    # As bytes, days before 2000 sort behind all others.
    early = bisect_left(rows, _BEFORE_EPOCH)
    return rows[early:] + rows[:early]


def _rare(position: int, entry: Entry, day: int) -> bytes:
    """The columns up to the source of an entry that lacks some of them."""
    return b"".join(
        (
            _first(len(COLUMNS), 4, day),
            _int8(8, position),
            _moment(entry.received_at),
            _moment(entry.occurred_at),
            _moment(entry.sent_at),
            _moment(entry.original_at),
            NULL if entry.source_id is None else _int4(4, entry.source_id),
        )
    )


def _text(text: str | None) -> bytes:
    if text is None:
        return NULL
    raw = text.encode()
    return _length(len(raw)) + raw


def _moment(moment: datetime | None) -> bytes:
    return NULL if moment is None else _int8(8, _micros(moment))


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _array(numbers: tuple[int, ...]) -> bytes:
    # dimensions, whether there are nulls, type; per dimension length and lower bound; the elements
    if len(numbers) == 1:
        return _one(32, 1, 0, _INT8_OID, 1, 1, 8, numbers[0])
    if not numbers:
        return _length(12) + struct.pack("!iii", 0, 0, _INT8_OID)
    lead = struct.pack("!iiiiii", 20 + 12 * len(numbers), 1, 0, _INT8_OID, len(numbers), 1)
    return lead + b"".join([_int8(8, number) for number in numbers])
