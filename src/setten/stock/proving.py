"""The nightly proof: every balance by its ledger, every sum of receipts by the receipts.

A difference is told at once: a task at the place and a fact, with the movements that may explain
it. It is never mended in silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from setten.facts.stock import StockDrifted
from setten.platform import clock, db, ids, log
from setten.platform.db import Connection, Pool
from setten.stock import ledger, receipts, tasks
from setten.stock.ledger import Drift

_Q = db.load(__file__)
KIND = "stock_drifts"
EXPLAINED_BY = 20  # newest movements that a fact names: a night has fewer on one row
TOLD_MAX = 200  # rows a night; more says the same: something writes balances beside the ledger


async def prove_all(pool: Pool) -> None:
    """Prove everything and tell of what differs. For a job."""
    async with db.connection(pool) as conn:  # no transaction around: each piece is one of its own
        proof = await ledger.reconcile(conn)
        money = await receipts.drifts(conn)
    async with db.transaction(pool) as conn:
        await tell(conn, proof.drifts, now=clock.now())
        await _tell_money(conn, money, now=clock.now())


async def tell(conn: Connection, drifts: Sequence[Drift], *, now: datetime) -> int:
    """Open a task and state `stock.drifted` for each row that is not told of yet; answers how many.

    Raises nothing: a difference is news, not a failure.
    """
    known = {(row["sku"], row["location_id"]) for row in await _Q.told.all(conn)}
    new = [one for one in drifts if (one.sku, one.location_id) not in known][:TOLD_MAX]
    await tasks.open_many(
        conn,
        [
            tasks.Opening(
                kind=KIND, location_id=one.location_id, sku=one.sku,
                qty=one.balance - one.proven,
            )
            for one in new
        ],
        now=now,
    )  # fmt: skip
    facts = [await _fact(conn, one, now) for one in new]
    await log.state_all(conn, facts)
    return len(new)


async def _fact(conn: Connection, one: Drift, now: datetime) -> log.Entry:
    entries = await ledger.entries_of(conn, (one.sku, one.location_id), limit=EXPLAINED_BY)
    fact = StockDrifted(
        drift_id=ids.uuid7(),
        what=one.what,
        sku=one.sku,
        location_id=one.location_id,
        balance=one.balance,
        proven=one.proven,
        entries=tuple(entry.entry_id for entry in entries),
    )
    return log.entry_for(fact, at=now, location_id=one.location_id)


async def _tell_money(conn: Connection, money: Sequence[Drift], *, now: datetime) -> None:
    facts = [
        log.entry_for(
            StockDrifted(
                drift_id=ids.uuid7(),
                what=one.what,
                location_id=one.location_id,
                balance=one.balance,
                proven=one.proven,
            ),
            at=now,
            location_id=one.location_id,
        )
        for one in money[:TOLD_MAX]
    ]
    await log.state_all(conn, facts)
