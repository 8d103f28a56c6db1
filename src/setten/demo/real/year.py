"""The published year, moved by whole weeks so that it ends soon: weekdays stay, today has sales.

What lies behind the moment of the first start comes in as files; the rest is told when it happens.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

TIMEZONE = "America/New_York"
ZONE = ZoneInfo(TIMEZONE)
ENDS = date(2017, 12, 31)  # as published
AHEAD = timedelta(days=14)  # at least so long something happens after the first start
_NOON = timedelta(hours=12)  # of a day that has no hour


class Year(msgspec.Struct, frozen=True):
    """days: that it is moved by. until: what is earlier comes in as files, the rest is told."""

    days: int
    until: datetime

    @property
    def moved(self) -> timedelta:
        """What is added to a published moment."""
        return timedelta(days=self.days)

    @property
    def local_until(self) -> datetime:
        """The same on the clocks of the shops, without a zone."""
        return self.until.astimezone(ZONE).replace(tzinfo=None)

    def on(self, day: datetime) -> datetime:
        """Noon of a published day, in the demo."""
        return datetime(day.year, day.month, day.day, tzinfo=ZONE) + self.moved + _NOON

    def is_past(self, at: datetime) -> bool:
        """Whether it comes in as a file."""
        return at < self.until


def moved_to(now: datetime) -> Year:
    """The year of a demo that starts now: its last day is a Sunday, as published, in AHEAD or up
    to six days later."""
    last = now.astimezone(ZONE).date() + AHEAD
    last += timedelta(days=(ENDS.weekday() - last.weekday()) % 7)
    return Year(days=(last - ENDS).days, until=now)
