"""What a release may be, and where a ticket stands at a moment."""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta

from setten.stock.releases.model import GOODS_MAX, PER_MINUTE_MAX, Release, Standing, Ticket

_ID = re.compile(r"[a-z0-9][a-z0-9_]{0,30}")
_PER_PERSON_MAX = 1_000
_TURN_MINUTES_MAX = 24 * 60
_LASTS_MAX = timedelta(days=60)
_UNITS_MAX = 1_000_000


def check(release: Release) -> str | None:
    """Why it cannot be kept, as a code; None when it can."""
    if not _ID.fullmatch(release.release_id):
        return "bad_release_id"
    if not all(0 < len(one.strip()) <= 200 and "\x00" not in one
               for one in (release.name_ja, release.name_en)):  # fmt: skip
        return "bad_name"
    first = release.members_from or release.opens_at
    is_ordered = first <= release.opens_at < release.ends_at
    if not is_ordered or first == release.ends_at or release.members_from == release.opens_at:
        return "bad_times"
    if release.ends_at - first > _LASTS_MAX:
        return "bad_times"
    if not (
        1 <= release.per_person <= _PER_PERSON_MAX
        and 1 <= release.per_minute <= PER_MINUTE_MAX
        and 1 <= release.turn_minutes <= _TURN_MINUTES_MAX
    ):
        return "bad_limits"
    if not 1 <= len(release.goods) <= GOODS_MAX or any(
        not 1 <= one.qty <= _UNITS_MAX for one in release.goods
    ):
        return "bad_goods"
    return None


def standing(release: Release, ticket: Ticket, now: datetime) -> Standing:
    """Where a ticket stands. One whose opening has passed must have its turn assigned."""
    left = max(0, release.per_person - ticket.taken)
    if now >= release.ends_at:
        return Standing(phase="over", ahead=0, until=None, left=0)
    opening = release.opening(is_member=ticket.is_member)
    if ticket.turn_at is None:
        return Standing(phase="before", ahead=0, until=opening, left=left)
    if now < ticket.turn_at:
        ahead = math.ceil((ticket.turn_at - now) / release.step)
        return Standing(phase="line", ahead=ahead, until=ticket.turn_at, left=left)
    ends = min(ticket.turn_at + timedelta(minutes=release.turn_minutes), release.ends_at)
    if now < ends:
        return Standing(phase="turn", ahead=0, until=ends, left=left)
    return Standing(phase="passed", ahead=0, until=None, left=0)
