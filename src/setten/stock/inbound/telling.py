"""What becomes of preorders, as rows and as facts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

from setten.facts.stock import GoodsLine, PreorderKept, PreorderMoved, PreorderShort
from setten.platform import db, log
from setten.platform.db import Connection
from setten.platform.log import Fact
from setten.stock import tasks
from setten.stock.holds import Placed
from setten.stock.inbound.model import Due, Preorder, PreorderState

_Q = db.load(str(Path(__file__).with_name("store.py")))


def lines(one: Preorder) -> tuple[GoodsLine, ...]:
    """Its goods, as facts carry them."""
    return (GoodsLine(one.sku, one.location_id, one.qty),)


def entry(one: Preorder, fact: Fact, now: datetime) -> log.Entry:
    """A fact about a preorder, under the identifier that it was placed for."""
    return log.entry_for(
        fact,
        at=now,
        identifiers=() if one.identifier_id is None else (one.identifier_id,),
        channel=one.channel,
        location_id=one.location_id,
    )


async def finish(
    conn: Connection,
    ended: Sequence[tuple[Preorder, PreorderState, UUID | None]],
    *,
    now: datetime,
) -> None:
    """Write how preorders ended."""
    await _Q.finish.run(
        conn,
        now=now,
        preorder_ids=[one.preorder_id for one, _, _ in ended],
        states=[state.value for _, state, _ in ended],
        hold_ids=[hold_id for _, _, hold_id in ended],
    )


async def move(conn: Connection, moved: Sequence[tuple[Preorder, Due]], *, now: datetime) -> None:
    """Write and tell on which day, and from which delivery, they come now."""
    if not moved:
        return
    await _Q.move.run(
        conn,
        preorder_ids=[one.preorder_id for one, _ in moved],
        inbound_ids=[due.inbound_id for _, due in moved],
        due_ons=[due.due_on for _, due in moved],
    )
    told = [
        entry(
            one,
            PreorderMoved(
                preorder_id=one.preorder_id, lines=lines(one), due_on=due.due_on, was=one.due_on
            ),
            now,
        )
        for one, due in moved
        if due.due_on != one.due_on
    ]
    await log.state_all(conn, told)


async def fall_short(conn: Connection, short: Sequence[Preorder], *, now: datetime) -> None:
    """They will not come: the place gets a task, and the customer can be told."""
    if not short:
        return
    await finish(conn, [(one, PreorderState.short, None) for one in short], now=now)
    await tasks.open_many(
        conn,
        [
            tasks.Opening(
                kind="preorder_short", location_id=one.location_id, sku=one.sku, qty=one.qty,
                about=one.preorder_id,
            )
            for one in short
        ],
        now=now,
    )  # fmt: skip
    facts = [
        entry(one, PreorderShort(preorder_id=one.preorder_id, lines=lines(one)), now)
        for one in short
    ]
    await log.state_all(conn, facts)


async def keep(conn: Connection, kept: Sequence[tuple[Preorder, Placed]], *, now: datetime) -> None:
    """The goods are here and held."""
    if not kept:
        return
    await finish(conn, [(one, PreorderState.held, placed.hold_id) for one, placed in kept], now=now)
    facts = [
        entry(
            one,
            PreorderKept(preorder_id=one.preorder_id, lines=lines(one), hold_id=placed.hold_id),
            now,
        )
        for one, placed in kept
    ]
    await log.state_all(conn, facts)
