"""How often one member of staff does what nobody does often, by the minute and by the day.

People who work are never near these limits; who copies out a register is, and it goes on record.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import msgspec

from setten.platform import db
from setten.platform.audit import service
from setten.platform.auth.model import Actor
from setten.platform.db import Connection
from setten.platform.errors import TooMany

_Q = db.load(__file__)
_KEPT = timedelta(days=2)


class TooOften(TooMany):
    """This actor did it too often. facts: minutes to wait, retry_after_s."""

    code = "too_often"


class Pace(msgspec.Struct, frozen=True):
    """How often something may be done. what: as the record names it."""

    what: str
    per_minute: int
    per_day: int


async def count(
    conn: Connection, actor: Actor, pace: Pace, *, times: int = 1, now: datetime, today: date
) -> TooOften | None:
    """Count it, and answer the refusal when it is too often; whoever commits raises it then.

    today: by the clock of who works. The first time beyond a limit is noted as `pace.exceeded`.
    """
    row = await _Q.count.one(
        conn, actor=actor.label, what=pace.what, times=times, day=today, now=now
    )
    is_over_day, is_over_minute = row["in_day"] > pace.per_day, row["in_minute"] > pace.per_minute
    if not is_over_day and not is_over_minute:
        return None
    is_first = (row["in_day"] - times <= pace.per_day) if is_over_day else (
        row["in_minute"] - times <= pace.per_minute
    )  # fmt: skip
    if is_first:
        await service.note(
            conn, actor, "pace.exceeded", at=now, subject=pace.what,
            reason="day" if is_over_day else "minute",
        )  # fmt: skip
    wait_s = 3600 if is_over_day else 60 - now.second
    return TooOften(minutes=max(1, wait_s // 60), retry_after_s=wait_s)


async def forget(conn: Connection, *, now: datetime) -> None:
    """Drop what counts no more."""
    await _Q.forget.run(conn, before=now - _KEPT)
