"""The five stages at a glance: how many, who went where, what they are worth.

Sizes and values are counted by the clock and kept; flows are counted as they happen.
"""

from __future__ import annotations

from collections.abc import Sequence
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
# Customers a statement. Each of them is some rows anywhere on the disk: of 20,000 a cold one needed
# more than the 15 s of a statement, of a million people.
_PART = 2_000
FEW = 20_000  # buyers whose values are added up by day too
# Counting a million takes the database more than a second. Above this, sizes may be some minutes
# old; the page says of when they are.
LARGE = 200_000
COUNTED_EVERY = timedelta(minutes=10)


async def count_sizes(pool: Pool, *, now: datetime) -> None:
    """Count how many customers stand where, for the board; values too, before the first night and
    of few."""
    async with db.transaction(pool) as conn:
        if _is_fresh(await Q.sizes.all(conn), now):
            return
        await Q.count_sizes.run(conn, now=now)
        sizes = await Q.sizes.all(conn)
        values = await Q.values.all(conn)
    if _is_turn_of_values(sizes, values, now):
        await count_values(pool, now=now)


def _is_turn_of_values(
    sizes: Sequence[db.Record], values: Sequence[db.Record], now: datetime
) -> bool:
    """Values of few are never much older than their sizes: else, while files come in, what people
    spent would stand until night at the stage they had at first. A large business that sold
    nothing for a year is asked each hour, not at each turn."""
    buyers = sum(row["customers"] for row in sizes if row["stage"] != "acquisition")
    if values:
        age: timedelta = now - min(row["counted_at"] for row in values)
        return buyers <= FEW and age >= COUNTED_EVERY
    turn = COUNTED_EVERY if _are_many(sizes) else timedelta(minutes=1)
    return bool(buyers) and (buyers <= FEW or timedelta(minutes=now.minute) < turn)


def _are_many(sizes: Sequence[db.Record]) -> bool:
    customers: int = sum(row["customers"] for row in sizes)
    return customers >= LARGE


def _is_fresh(sizes: Sequence[db.Record], now: datetime) -> bool:
    """Whether so many were counted so lately that it can wait."""
    return _are_many(sizes) and now - min(row["counted_at"] for row in sizes) < COUNTED_EVERY


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
