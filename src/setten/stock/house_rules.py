"""What a business decides of its own stock: how long goods wait, what needs a second person.

Asked at each use, so a change holds at once in every process. Rules of returning stand with the
returns, thresholds of stages with the life cycle.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from setten.platform import db
from setten.platform.db import Connection
from setten.platform.errors import Conflict, Invalid

_Q = db.load(__file__)
HOURS_MAX = 30 * 24  # stock that waits longer is not for sale
UNITS_MAX = 10_000
MINOR_MAX = 10**12
DAYS_MAX = 365
CHANGES_SHOWN = 10


class BadHouseRules(Invalid):
    """These cannot be the house rules. facts: fields."""

    code = "bad_house_rules"


class HouseRulesChanged(Conflict):
    """Somebody changed the house rules since they were shown."""

    code = "house_rules_changed"


class HouseRules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules; the defaults hold until somebody changes one.

    hold_hours: a hold made by staff waits so long, and extend_hours from the press that lets it
    wait longer. hold_units_max: of one item in one hold made by staff on a page. carry_hours,
    pickup_hours: ordered goods wait for the till beside them, for their customer. cart_left_hours:
    untouched for so long a cart counts as left. count_units_free, count_value_free_minor: a count
    that differs by more needs a second person. fill_days, keep_days: a proposed move fills up to so
    many days of sales, and leaves so many to who gives. version: 0 before the first change.
    """

    hold_hours: int = 48
    extend_hours: int = 72
    hold_units_max: int = UNITS_MAX
    carry_hours: int = 2
    pickup_hours: int = 7 * 24
    cart_left_hours: int = 1
    count_units_free: int = 2
    count_value_free_minor: int = 10_000
    fill_days: int = 14
    keep_days: int = 28
    version: int = 0


NAMES: tuple[str, ...] = tuple(one for one in HouseRules.__struct_fields__ if one != "version")
BOUNDS: Mapping[str, tuple[int, int]] = {
    "hold_hours": (1, HOURS_MAX),
    "extend_hours": (1, HOURS_MAX),
    "hold_units_max": (1, UNITS_MAX),
    "carry_hours": (1, HOURS_MAX),
    "pickup_hours": (1, HOURS_MAX),
    "cart_left_hours": (1, HOURS_MAX),
    "count_units_free": (0, UNITS_MAX),
    "count_value_free_minor": (0, MINOR_MAX),
    "fill_days": (1, DAYS_MAX),
    "keep_days": (1, DAYS_MAX),
}
"""The least and the most of each rule, both included."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody changed rules: what each was and is. reason: sealed."""

    moved: dict[str, tuple[int, int]]
    reason: bytes
    by: str
    at: datetime


async def current(conn: Connection) -> HouseRules:
    """What holds now."""
    row = await _Q.current.maybe(conn)
    return HouseRules() if row is None else HouseRules(**dict(row))


async def put(
    conn: Connection, asked: HouseRules, *, reason: bytes, by: str, now: datetime
) -> list[str]:
    """Make these the rules from now on; the names of those that differ, none when nothing does.

    asked: its version is that of the rules it was made from. reason: sealed by the caller.
    Raises BadHouseRules, HouseRulesChanged.
    """
    check(asked)
    await _Q.lock.value(conn)
    old = await current(conn)
    if old.version != asked.version:
        raise HouseRulesChanged()
    changed = [one for one in NAMES if getattr(old, one) != getattr(asked, one)]
    if changed:
        values = {one: getattr(asked, one) for one in NAMES}
        await _Q.put.run(conn, **values, reason=reason, by=by, now=now)
    return changed


def check(asked: HouseRules) -> None:
    """Raises BadHouseRules, naming the rules that are out of their bounds."""
    wrong = [
        name for name, (least, most) in BOUNDS.items() if not least <= getattr(asked, name) <= most
    ]
    if wrong:
        raise BadHouseRules(fields=", ".join(wrong))


async def changes(conn: Connection) -> list[Change]:
    """The last changes, newest first, up to CHANGES_SHOWN."""
    rows = await _Q.newest.all(conn, most=CHANGES_SHOWN + 1)
    before = [{name: row[name] for name in NAMES} for row in rows]
    if len(rows) <= CHANGES_SHOWN:  # the first change of all was made from the defaults
        before.append(msgspec.structs.asdict(HouseRules()))
    return [
        Change(
            moved={one: (was[one], row[one]) for one in NAMES if was[one] != row[one]},
            reason=row["reason"],
            by=row["set_by"],
            at=row["set_at"],
        )
        for row, was in zip(rows, before[1:], strict=False)
    ]
