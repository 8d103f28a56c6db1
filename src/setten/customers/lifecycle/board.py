"""The five stages at a glance: how many, who went where, what they are worth.

Sizes and values are counted by the clock and kept; flows are counted as they happen.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from setten.customers.lifecycle.model import (
    STAGES,
    Board,
    Flow,
    Size,
    Stage,
    Value,
)
from setten.customers.lifecycle.reckoning import Q
from setten.platform import db
from setten.platform.db import Connection, Pool

VALUE_DAYS = 365  # what somebody spent in a year says what she is worth, whatever the season
_PART = 20_000  # customers a statement: well under a second each


async def count_sizes(pool: Pool, *, now: datetime) -> None:
    """Count how many customers stand where, for the board; values too, before the first night."""
    async with db.transaction(pool) as conn:
        await Q.count_sizes.run(conn, now=now)
        sizes = await Q.sizes.all(conn)
        has_values = bool(await Q.values.all(conn))
    buyers = sum(row["customers"] for row in sizes if row["stage"] != "acquisition")
    # A large business that sold nothing for a year is asked each hour, not each minute.
    if not has_values and buyers and (buyers <= _PART or now.minute == 0):
        await count_values(pool, now=now)


async def count_values(pool: Pool, *, now: datetime) -> None:
    """Add up what the people of each stage have spent in the last year, for the board."""
    since = now - timedelta(days=VALUE_DAYS)
    sums: dict[tuple[Stage, str], tuple[int, int]] = {}
    after: UUID | None = UUID(int=0)
    while after is not None:
        async with db.transaction(pool) as conn:
            rows = await Q.spent.all(conn, after=after, since=since, most=_PART)
        for row in rows:
            if row["stage"] is not None:
                key = (row["stage"], row["currency"])
                buyers, total = sums.get(key, (0, 0))
                sums[key] = (buyers + row["buyers"], total + row["total_minor"])
        after = rows[0]["last"]
    async with db.transaction(pool) as conn:
        await Q.clear_values.run(conn)
        await Q.put_values.run(
            conn,
            stages=[stage for stage, _ in sums],
            currencies=[currency for _, currency in sums],
            buyers=[buyers for buyers, _ in sums.values()],
            totals=[total for _, total in sums.values()],
            now=now,
        )


async def board(conn: Connection, *, first_day: date, last_day: date) -> Board:
    """Sizes and values as last counted; flows from the first to the last day of the business."""
    sizes = {row["stage"]: row for row in await Q.sizes.all(conn)}
    flows = await Q.flows.all(conn, first_day=first_day, last_day=last_day)
    values = await Q.values.all(conn)
    return Board(
        sizes=tuple(
            Size(stage=one, customers=sizes[one]["customers"] if one in sizes else 0)
            for one in STAGES
        ),
        sizes_at=min((row["counted_at"] for row in sizes.values()), default=None),
        flows=tuple(Flow(**dict(row)) for row in flows),
        first_day=first_day,
        last_day=last_day,
        values=tuple(
            Value(
                stage=row["stage"],
                currency=row["currency"],
                buyers=row["buyers"],
                total_minor=row["total_minor"],
            )
            for row in values
        ),
        values_at=min((row["counted_at"] for row in values), default=None),
    )
