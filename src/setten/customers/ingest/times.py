"""The four times of an event. Clocks of clients are wrong; ours decides.

received: ours. sent: the client's clock when it sent. original: the client's clock when it
happened. occurred: original, corrected by how wrong the client's clock was when it sent.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec

from setten.platform.log import NO_DAY

# Clients also write dates without padding ("2015-2-02T00:30:12.984Z"), a space for the T, offsets
# without a colon, and more digits of a second than a datetime holds.
_LOOSE = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:[T ](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d+))?)?)?"
    r"\s*(Z|z|UTC|[+-]\d{2}:?\d{2}|[+-]\d{2})?"
)
# Nobody told a computer of anything before; zero values of some languages (year 1) lie there, and
# at the ends of what a datetime holds the database reads infinity, which no reader can compare.
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(9000, 1, 1, tzinfo=UTC)
_EPOCH_MS_FROM = 100_000_000_000  # larger numbers are milliseconds since 1970, smaller are seconds


class BadTime(ValueError):
    """Not a time."""


class Times(msgspec.Struct, frozen=True, gc=False):
    """When it happened (corrected), and what the client said. `day` is for deduplication."""

    occurred_at: datetime
    original_at: datetime | None
    sent_at: datetime | None
    day: date


def read(value: Any) -> datetime:
    """A moment as a client wrote it: ISO 8601 in any of its habits, or a number since 1970.

    Without an offset it is UTC. Raises BadTime, also for what no clock can have meant.
    """
    return _plausible(_read(value))


def _plausible(moment: datetime) -> datetime:
    if not _EARLIEST <= moment < _LATEST:
        raise BadTime
    return moment


def _read(value: Any) -> datetime:
    if isinstance(value, str):
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            found = _read_loosely(value)
        if found.tzinfo is UTC:
            return found
        if found.tzinfo is None:
            return found.replace(tzinfo=UTC)
        try:
            return found.astimezone(UTC)
        except OverflowError as cause:
            raise BadTime from cause
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadTime
    seconds = value / 1000 if value >= _EPOCH_MS_FROM else value
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError) as cause:
        raise BadTime from cause


def _read_loosely(text: str) -> datetime:
    found = _LOOSE.fullmatch(text.strip())
    if not found:
        raise BadTime
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        moment = datetime(
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int((fraction or "0")[:6].ljust(6, "0")),
            tzinfo=UTC,
        )
        return moment - _offset(zone)
    except (ValueError, OverflowError) as cause:
        raise BadTime from cause


def _offset(zone: str | None) -> timedelta:
    if not zone or zone in ("Z", "z", "UTC"):
        return timedelta()
    sign = -1 if zone[0] == "-" else 1
    digits = zone[1:].replace(":", "").ljust(4, "0")
    return sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))


def find(value: Any) -> datetime | None:
    """A moment, or None where none can be read: for the sending time, which is only a help."""
    if value is None:
        return None
    try:
        return read(value)
    except BadTime:
        return None


def correct(original: Any, sent_at: datetime | None, *, received_at: datetime) -> Times:
    """The times of one event: received - (sent - original), never in the future.

    Without a sending time the client's word is taken: servers report history that way.
    Raises BadTime when `original` is given and cannot be read.
    """
    if original is None:
        return Times(received_at, None, sent_at, NO_DAY)
    said_at = read(original)
    occurred_at = said_at
    if sent_at is not None:
        try:
            occurred_at = _plausible(received_at - (sent_at - said_at))
        except OverflowError as cause:
            raise BadTime from cause
    return Times(
        occurred_at if occurred_at < received_at else received_at,
        said_at,
        sent_at,
        _day(original, said_at),
    )


def _day(original: Any, said_at: datetime) -> date:
    # From the client's own text, not from the corrected time: a re-send repeats only the text.
    if original.__class__ is str and not original.endswith("Z"):
        try:
            return date.fromisoformat(original[:10])
        except ValueError:
            pass
    return said_at.date()
