"""Working stages out and writing down what has changed, for many customers at once.

A stage is always worked out from all that a customer has bought, so it does not matter who asks:
the reader after a purchase or a merge, the clock when silence has lasted, the nightly walk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from setten.customers.lifecycle import rules
from setten.customers.lifecycle.model import (
    NOWHERE,
    Business,
    Change,
    History,
    Kept,
    Outlook,
    Thresholds,
)
from setten.customers.lifecycle.rhythm import Rhythm
from setten.facts.lifecycle import CustomerStageChanged
from setten.platform import db, log
from setten.platform.db import Connection, Record
from setten.platform.vault import KINDS

Q = db.load(str(Path(__file__).with_name("store.py")))
Step = tuple[str, str]
_P_DECIMALS, _GAP_DECIMALS = 3, 1


async def business(conn: Connection) -> Business:
    """How people buy here, and the thresholds, as they are now."""
    return business_of(await Q.business.one(conn))


def business_of(row: Record | Mapping[str, Any]) -> Business:
    """How people buy here, from a row that has it among its columns."""
    return Business(
        rhythm=Rhythm(r=row["r"], alpha=row["alpha"], a=row["a"], b=row["b"]),
        usual_gap_days=row["usual_here"],
        thresholds=Thresholds(
            loyal_from=row["loyal_from"],
            slow_p=row["slow_p"],
            slow_gaps=row["slow_gaps"],
            lost_p=row["lost_p"],
            lost_gaps=row["lost_gaps"],
        ),
    )


async def reckon(
    conn: Connection,
    customer_ids: Collection[UUID],
    *,
    cause: str,
    zone: ZoneInfo,
    now: datetime,
) -> int:
    """Look at customers anew, state what has changed, and answer how many changed their stage.

    cause: of the changes, for the fact. zone: the business's, for its days. Who is merged away is
    passed over. Nothing is written for those of whom nothing is new.
    """
    if not customer_ids:
        return 0
    await Q.lock.run(conn)
    rows = await Q.living.all(conn, customer_ids=list(customer_ids), strength=list(KINDS))
    numbers = {row["customer_id"]: row["identifier_id"] for row in rows}
    here = await business(conn)
    found = await _histories(conn, numbers, here, zone)
    kept = await kept_of(conn, numbers)
    changes = [
        change
        for one in numbers
        if (change := rules.look(
            one, kept.get(one), found.get(one), thresholds=here.thresholds, now=now, cause=cause
        ))
    ]  # fmt: skip
    moved = [change for change in changes if change.stage != change.was]
    await _write(conn, changes, now=now)
    await _state(conn, moved, numbers, here, now=now)
    await count_flows(
        conn, ((one.at.astimezone(zone).date(), (one.was, one.stage)) for one in moved)
    )
    return len(moved)


async def _histories(
    conn: Connection, customer_ids: Iterable[UUID], here: Business, zone: ZoneInfo
) -> dict[UUID, tuple[History, Outlook]]:
    rows = await Q.histories.all(conn, customer_ids=list(customer_ids), timezone=zone.key)
    told = [History(row["days"], row["first_at"], row["last_at"]) for row in rows]
    return {
        row["customer_id"]: pair
        for row, pair in zip(rows, zip(told, rules.outlooks(told, here), strict=True), strict=True)
    }


async def kept_of(conn: Connection, customer_ids: Iterable[UUID]) -> dict[UUID, Kept]:
    """Stages as they were last written; who has not bought is absent."""
    rows = await Q.kept.all(conn, customer_ids=list(customer_ids))
    return {row["customer_id"]: Kept(**dict(row)) for row in rows}


async def _write(conn: Connection, changes: Sequence[Change], *, now: datetime) -> None:
    fresh = [change.kept for change in changes if change.kept is not None]
    if fresh:
        await Q.put.run(
            conn,
            customer_ids=[one.customer_id for one in fresh],
            stages=[one.stage for one in fresh],
            sinces=[one.since for one in fresh],
            days=[one.days for one in fresh],
            first_ats=[one.first_at for one in fresh],
            last_ats=[one.last_at for one in fresh],
            usual_gaps=[one.usual_gap_days for one in fresh],
            slow_ats=[one.slow_at for one in fresh],
            lost_ats=[one.lost_at for one in fresh],
            due_ats=[rules.next_at(now, slow_at=one.slow_at, lost_at=one.lost_at) for one in fresh],
        )
    if gone := [change.customer_id for change in changes if change.kept is None]:
        await Q.drop.all(conn, customer_ids=gone)


async def _state(
    conn: Connection,
    moved: Sequence[Change],
    numbers: dict[UUID, int],
    here: Business,
    *,
    now: datetime,
) -> None:
    """State each change under the customer's strongest identifier, when it took effect."""
    bought = [one.kept for one in moved if one.kept is not None]
    told = [History(one.days, one.first_at, one.last_at) for one in bought]
    sure = dict(
        zip(
            (one.customer_id for one in bought),
            rules.chances(told, here, now=now),
            strict=True,
        )
    )
    await log.state_all(
        conn,
        [
            # It took effect then and is stated now: readers go by arrival.
            msgspec.structs.replace(
                log.entry_for(
                    _fact(one, sure.get(one.customer_id)),
                    at=one.at,
                    identifiers=(numbers[one.customer_id],),
                ),
                received_at=now,
            )
            for one in moved
        ],
    )


def _fact(change: Change, p: float | None) -> CustomerStageChanged:
    told: dict[str, Any] = {}
    if change.kept is not None and p is not None:
        told = {
            "p_active": round(p, _P_DECIMALS),
            "usual_gap_days": round(change.kept.usual_gap_days, _GAP_DECIMALS),
        }
    return CustomerStageChanged(
        customer_id=change.customer_id,
        stage=change.stage,
        was=change.was,
        cause=change.cause,
        **told,
    )


async def count_flows(conn: Connection, steps: Iterable[tuple[date, Step]]) -> None:
    """Add to the flows: (day of the business, (stage before, stage after)) for each customer."""
    counted = Counter(steps)
    if not counted:
        return
    keys = sorted(counted)
    await Q.flow.run(
        conn,
        days=[day for day, _ in keys],
        wases=[was for _, (was, _) in keys],
        stages=[stage for _, (_, stage) in keys],
        ns=[counted[key] for key in keys],
    )


async def forget_merged(conn: Connection, gone: Mapping[UUID, date]) -> None:
    """Customers who became part of others stand in no stage of their own any more.

    gone: the day of the business on which each did.
    """
    if not gone:
        return
    await Q.lock.run(conn)
    rows = await Q.drop.all(conn, customer_ids=list(gone))
    was = {row["customer_id"]: row["stage"] for row in rows}
    await count_flows(
        conn, ((day, (was.get(one, "acquisition"), NOWHERE)) for one, day in gone.items())
    )
