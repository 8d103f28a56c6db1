"""The time, asked for at the edges only; everything below takes `now` as an argument."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, UTC."""
    return datetime.now(UTC)
