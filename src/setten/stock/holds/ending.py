"""How a hold ends: collected, released, expired. Once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from setten.facts.stock import (
    GoodsLine,
    HoldChanged,
    HoldCollected,
    HoldExpired,
    HoldReleased,
)
from setten.platform import db, log
from setten.platform.db import Connection
from setten.platform.errors import Unavailable
from setten.stock import allocations, ledger, tasks
from setten.stock.holds.model import SHIPMENT, Hold, HoldEnded, UnknownHold
from setten.stock.holds.reading import holds_from
from setten.stock.ledger import Account, Balance, Entry, Key

_Q = db.load(str(Path(__file__).with_name("store.py")))
COUNTER = "store"  # the channel where a shop hands over, wherever it was asked for
TIDY_MAX = 500  # a transaction; the log's readers wait for no longer one


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """What an ending does to state and stock, and the fact that tells of it."""

    state: str
    target: Account
    fact: type[Any]  # a HoldChanged; their constructors differ in optional fields


COLLECTED = Ending(state="collected", target=Account.sold, fact=HoldCollected)
RELEASED = Ending(state="released", target=Account.on_hand, fact=HoldReleased)
EXPIRED = Ending(state="expired", target=Account.on_hand, fact=HoldExpired)


class Ended(msgspec.Struct, frozen=True):
    """A hold after its end, and the id of the event that tells of it."""

    hold: Hold
    event_id: str


async def release(conn: Connection, hold_id: UUID, *, by: str, now: datetime) -> Ended:
    """Give it up; its units are free again. Raises UnknownHold, HoldEnded."""
    return await _end_one(conn, hold_id, RELEASED, by=by, now=now)


async def collect(
    conn: Connection, hold_id: UUID, *, by: str, now: datetime, receipt_id: UUID | None = None
) -> Ended:
    """Hand over what is there of it. The caller has checked the code.

    receipt_id: of the receipt that pays for it, when the till does the handing over.
    Raises UnknownHold, HoldEnded.
    """
    return await _end_one(conn, hold_id, COLLECTED, by=by, now=now, receipt_id=receipt_id)


async def tidy(conn: Connection, *, now: datetime, most: int = TIDY_MAX) -> int:
    """Book up to `most` holds that have run out, and answer how many. For a job."""
    rows = await _Q.due.all(conn, now=now, most=min(most, TIDY_MAX))
    due = [row["hold_id"] for row in rows]
    ended = await end_many(conn, due, EXPIRED, by="system:setten", now=now)
    return len(ended)


async def _end_one(
    conn: Connection,
    hold_id: UUID,
    ending: Ending,
    *,
    by: str,
    now: datetime,
    receipt_id: UUID | None = None,
) -> Ended:
    ended = await end_many(conn, [hold_id], ending, by=by, now=now, receipt_id=receipt_id)
    if ended:
        return ended[0]
    rows = await _Q.by_ids.all(conn, hold_ids=[hold_id])
    if not rows:
        raise UnknownHold(hold_id=str(hold_id))
    hold = holds_from(rows, [], now=now)[0]
    raise HoldEnded(hold_id=str(hold_id), state=hold.state)


async def end_many(
    conn: Connection,
    hold_ids: Sequence[UUID],
    ending: Ending,
    *,
    by: str,
    now: datetime,
    receipt_id: UUID | None = None,
    to_whom: str = "code",
) -> list[Ended]:
    """End those that can end so: the open ones; those run out only by expiring."""
    if not hold_ids:
        return []
    keys = await _Q.open_keys.all(conn, hold_ids=list(hold_ids))
    balances = await ledger.lock(conn, [(row["sku"], row["location_id"]) for row in keys])
    rows = await _Q.lock_holds.all(conn, hold_ids=list(hold_ids))
    able = [
        row
        for row in rows
        if row["ended_at"] is None and (row["expires_at"] <= now) == (ending is EXPIRED)
    ]
    if not able:
        return []
    able_ids = [row["hold_id"] for row in able]
    holds = holds_from(able, await _Q.lines_of.all(conn, hold_ids=able_ids), now=now)
    must_be_locked(balances, holds)
    ended = await _Q.end_lines.all(
        conn, hold_ids=able_ids, state=ending.state, receipt_id=receipt_id
    )
    if ending.target is Account.on_hand:
        await allocations.give_back(conn, allocations.given_in(ended))
    await ledger.post(conn, _entries(holds, ending), balances=balances, now=now)
    await _Q.end_holds.run(conn, hold_ids=able_ids, state=ending.state, now=now, ended_by=by)
    await tasks.open_many(conn, _put_backs(holds, ending), now=now)
    told = {"receipt_id": receipt_id, "to_whom": to_whom} if ending is COLLECTED else {}
    return await _state(conn, holds, ending, by=by, now=now, told=told)


def must_be_locked(balances: Mapping[Key, Balance], holds: Sequence[Hold]) -> None:
    """Other goods may have come into a hold between the look at its lines and its lock: rows of
    stock are locked first, so the caller has to begin again. Raises Unavailable."""
    if any(
        line.is_open and (line.sku, line.location_id) not in balances
        for hold in holds
        for line in hold.lines
    ):
        raise Unavailable()


def _entries(holds: Sequence[Hold], ending: Ending) -> list[Entry]:
    return [
        Entry(
            sku=line.sku,
            location_id=line.location_id,
            source=Account.held,
            target=ending.target,
            qty=line.qty,
            cause=f"hold_{ending.state}",
            cause_id=hold.hold_id,
        )
        for hold in holds
        for line in hold.lines
        if line.is_open
    ]


def _put_backs(holds: Sequence[Hold], ending: Ending) -> list[tasks.Opening]:
    """Picked goods of a hold that nobody collects lie in a bag: somebody must put them back."""
    if ending.target is not Account.on_hand:
        return []
    return [
        tasks.Opening(
            kind="put_back",
            location_id=line.location_id,
            hold_id=hold.hold_id,
            sku=line.sku,
            qty=line.qty,
        )
        for hold in holds
        for line in hold.lines
        if line.state == "picked"
    ]


async def _state(
    conn: Connection,
    holds: Sequence[Hold],
    ending: Ending,
    *,
    by: str,
    now: datetime,
    told: Mapping[str, Any],
) -> list[Ended]:
    entries = []
    for hold in holds:
        fact: HoldChanged = ending.fact(hold_id=hold.hold_id, lines=_told(hold, ending), **told)
        entries.append(state_of(hold, fact, now))
    await log.state_all(conn, entries)
    return [
        Ended(_after(hold, ending, by, now), entry.event_id)
        for hold, entry in zip(holds, entries, strict=True)
    ]


def _after(hold: Hold, ending: Ending, by: str, now: datetime) -> Hold:
    lines = tuple(
        msgspec.structs.replace(line, state=ending.state) if line.is_open else line
        for line in hold.lines
    )
    return msgspec.structs.replace(hold, state=ending.state, ended_at=now, ended_by=by, lines=lines)


def _told(hold: Hold, ending: Ending) -> tuple[GoodsLine, ...]:
    # Lines that somebody else was given before the expiry was booked have expired with it.
    return tuple(
        GoodsLine(line.sku, line.location_id, line.qty)
        for line in hold.lines
        if line.is_open or (ending is EXPIRED and line.state == "expired")
    )


def open_lines(hold: Hold) -> tuple[GoodsLine, ...]:
    """Its lines with units still on them, as facts carry them."""
    return tuple(
        GoodsLine(line.sku, line.location_id, line.qty) for line in hold.lines if line.is_open
    )


def state_of(hold: Hold, fact: HoldChanged, now: datetime) -> log.Entry:
    """A fact about a hold, with its purpose, under the identifier that it was placed for.

    On the hold's channel; a hand-over on that of the counter, where its customer stands.
    """
    is_met = isinstance(fact, HoldCollected) and hold.purpose != SHIPMENT
    return log.entry_for(
        msgspec.structs.replace(fact, purpose=hold.purpose),
        at=now,
        identifiers=() if hold.identifier_id is None else (hold.identifier_id,),
        channel=COUNTER if is_met else hold.channel,
        location_id=hold.location_id,
    )
