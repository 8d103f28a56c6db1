"""Whom staff met in their work: then a person's page opens without asking for a reason again.

A meeting is of one member of staff and one customer, and lasts a working day.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from setten.platform import db
from setten.platform.auth.model import Actor
from setten.platform.db import Connection

_Q = db.load(__file__)
LASTS = timedelta(hours=12)
"""A shift and what is left over of it."""


async def meet(
    conn: Connection, actor: Actor, customer_ids: Collection[UUID], *, now: datetime
) -> None:
    """These people stood before this actor now."""
    if customer_ids:
        await _Q.meet.run(
            conn,
            actor=actor.label,
            # In one order, so that two pages of one person never wait for each other.
            customer_ids=sorted(set(customer_ids)),
            until=now + LASTS,
            # One that has most of its time left is not written anew with each look at a list.
            stale=now + LASTS / 2,
        )


async def has_met(conn: Connection, actor: Actor, customer_id: UUID, *, now: datetime) -> bool:
    """Whether this actor met the customer within LASTS."""
    found = await _Q.has_met.value(conn, actor=actor.label, customer_id=customer_id, now=now)
    return bool(found)


async def met_of(
    conn: Connection, actor: Actor, customer_ids: Collection[UUID], *, now: datetime
) -> frozenset[UUID]:
    """Those of the customers whom this actor met within LASTS."""
    if not customer_ids:
        return frozenset()
    rows = await _Q.met_of.all(
        conn, actor=actor.label, customer_ids=sorted(set(customer_ids)), now=now
    )
    return frozenset(row["customer_id"] for row in rows)


async def forget(conn: Connection, *, now: datetime) -> None:
    """Drop the meetings that are over."""
    await _Q.forget.run(conn, now=now)
