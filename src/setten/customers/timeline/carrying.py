"""Events of the log as lines of the timeline, from the bytes of one COPY to the bytes of another.

A rebuild carries millions. Times, numbers and words go over as they come; only the body is looked
into, and a whole row is made only of what may tell a purchase or a trait.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import msgspec

from setten.customers.timeline import rules
from setten.customers.timeline.reader import COLUMNS, Telling
from setten.platform import db
from setten.platform.log import Cursor, Row

# As `copied` in rebuilding.sql answers them, and then the columns that are made here.
ORDER = ("arrived_on", "position", "occurred_at", "xid", "identifier_id", "event_id", "name",
         "channel", "location_id", "purchase_key", "summary")  # fmt: skip
assert set(ORDER) == set(COLUMNS)
_COUNT = len(ORDER).to_bytes(2, "big")
# Five columns that are never null and always as long, each behind its length.
_fixed = struct.Struct("!4xi4xq4xq4xq4xq").unpack_from
_FIXED_BYTES = 4 + 4 + 4 * (4 + 8)
_length = struct.Struct("!i").unpack_from
_LENGTH_BYTES = 4
_COUNT_BYTES = 2
_WORDS = 5  # event, name, channel, location, body
_DAYS, _EPOCH = date(2000, 1, 1).toordinal(), datetime(2000, 1, 1, tzinfo=UTC)
_FACTS = {name.encode() for name in rules.FACTS}
_encode = msgspec.json.Encoder().encode


class Chunk:
    """A piece of the log as COPY brought it.

    told: the events that tell a purchase or a trait, of the lines that were read. here: where the
    piece before it ended.
    """

    def __init__(self, raw: bytes, here: Cursor) -> None:
        self._raw = raw
        self._rows = list(_rows(raw))
        self.told: list[Telling] = []
        self.here = here
        self.end = self._end() if self._rows else here

    def __len__(self) -> int:
        return len(self._rows)

    def lines(self) -> Iterator[bytes]:
        """The rows of the lines, for `db.copy_rows` with the columns of ORDER; to be read once."""
        raw = self._raw
        for row, *ends in self._rows:
            name = raw[ends[1] + _LENGTH_BYTES : ends[2]]
            body = raw[ends[4] + _LENGTH_BYTES : ends[5]]
            key = self._purchase_key(row, ends) if name in _FACTS else None
            yield b"".join((_COUNT, raw[row : ends[4]], _text(key), _text(_summary(body))))

    def _end(self) -> Cursor:
        day, position, _, xid, _ = _fixed(self._raw, self._rows[-1][0])
        return Cursor(xid, position, max(self.here.arrived_on, date.fromordinal(_DAYS + day)))

    def _purchase_key(self, row: int, ends: list[int]) -> bytes | None:
        """Of an event that is a fact by its name, which is noted."""
        event = self._row(row, ends)
        fact = rules.fact_of(event)
        self.told.append((event, fact))
        key = None if fact is None else rules.purchase_key(fact)
        return None if key is None else key.encode()

    def _row(self, row: int, ends: list[int]) -> Row:
        day, position, micros, xid, identifier_id = _fixed(self._raw, row)
        words = [self._raw[begin + _LENGTH_BYTES : end].decode() for begin, end in pairwise(ends)]
        at = _EPOCH + timedelta(microseconds=micros)
        return Row(
            xid=xid,
            position=position,
            arrived_on=date.fromordinal(_DAYS + day),
            event_id=words[0],
            name=words[1],
            occurred_at=at,
            received_at=at,  # of what is told nobody asks when it came
            sent_at=None,
            original_at=None,
            source_id=None,
            channel=words[2],
            location_id=words[3] or None,
            identifiers=(identifier_id,),
            sealed_id=None,
            body=words[4],
        )


def _rows(raw: bytes) -> Iterator[list[int]]:
    """Of each row where it begins, where its fixed columns end, and where each word ends."""
    at = len(db.HEADER)
    while (row := at + _COUNT_BYTES) < len(raw):
        at = row + _FIXED_BYTES
        found = [row, at]
        for _ in range(_WORDS):
            at += _LENGTH_BYTES + max(0, _length(raw, at)[0])
            found.append(at)
        yield found


def _summary(body: bytes) -> bytes:
    return _encode(rules.summary(body))


def _text(value: bytes | None) -> bytes:
    return db.NULL if value is None else len(value).to_bytes(_LENGTH_BYTES, "big") + value
