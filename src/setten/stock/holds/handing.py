"""At the counter: handing over whole or in part, to whom, and taking a slip back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec

from setten.facts.stock import (
    GoodsLine,
    HoldCollected,
    HoldReopened,
    HoldUnready,
)
from setten.platform import db, ids, log
from setten.platform.db import Connection
from setten.stock import allocations, ledger, tasks
from setten.stock.allocations import Given
from setten.stock.holds import rules
from setten.stock.holds.ending import (
    COLLECTED,
    end_many,
    must_be_locked,
    open_lines,
    state_of,
)
from setten.stock.holds.locking import lock_open
from setten.stock.holds.model import BadHold, CannotReopen, Hold, HoldLine
from setten.stock.holds.picking import pick
from setten.stock.holds.reading import find_many, get
from setten.stock.holds.rules import Part
from setten.stock.ledger import Account, Balance, Entry, Key

_Q = db.load(str(Path(__file__).with_name("handing.py")))
_S = db.load(str(Path(__file__).with_name("store.py")))
REOPEN_WITHIN = timedelta(minutes=15)  # a slip is seen while its customer still stands there


class HandedOver(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. rest: the hold under which the rest waits on, if it does."""

    hold: Hold
    rest: Hold | None
    event_id: str


async def unpick(
    conn: Connection, hold_id: UUID, *, lines: Sequence[Key] | None = None, now: datetime
) -> Hold:
    """Take ticks back, of all lines when none are named; a ready hold is to be picked again.

    Twice changes nothing. Raises UnknownHold, HoldEnded.
    """
    hold = await lock_open(conn, hold_id, now)
    back = [one for one in hold.lines if one.state == "picked"]
    if lines is not None:
        back = [one for one in back if (one.sku, one.location_id) in set(lines)]
    if not back:
        return hold
    await _Q.unpick.run(
        conn,
        hold_id=hold_id,
        skus=[one.sku for one in back],
        location_ids=[one.location_id for one in back],
    )
    return await unready(conn, hold, now=now)


async def unready(conn: Connection, hold: Hold, *, now: datetime) -> Hold:
    """A locked hold of which something is to be picked again: no longer ready, and that is said."""
    if hold.state == "ready":
        await _Q.set_unready.run(conn, hold_id=hold.hold_id)
        fact = HoldUnready(hold_id=hold.hold_id, lines=open_lines(hold))
        await log.state_all(conn, [state_of(hold, fact, now)])
    return (await find_many(conn, [hold.hold_id], now=now))[0]


async def hand_over(
    conn: Connection,
    hold_id: UUID,
    *,
    by: str,
    now: datetime,
    taken: Sequence[GoodsLine] | None = None,
    keeps_rest: bool = False,
    sealed_id: int | None = None,
) -> HandedOver:
    """Hand over all of it, or `taken`; the rest is free again, or waits on under the same code.

    sealed_id: the name of who collects in the customer's stead (`seal_name`); None: whoever says
    the code, which the caller has checked. Raises UnknownHold, HoldEnded, BadHold.
    """
    before = await get(conn, hold_id, now=now)
    wanted = {(one.sku, one.location_id) for one in before.lines}
    balances = await ledger.lock(conn, wanted)
    hold = await lock_open(conn, hold_id, now)
    must_be_locked(balances, [hold])
    parts = rules.parts(hold.lines, open_lines(hold) if taken is None else taken)
    if isinstance(parts, BadHold):
        raise parts
    to_whom = "code" if sealed_id is None else "named"
    if not any(part.left for part in parts):
        ended = (await end_many(conn, [hold_id], COLLECTED, by=by, now=now, to_whom=to_whom))[0]
        await _note(conn, hold_id, by, to_whom, sealed_id, now)
        return HandedOver(hold=ended.hold, rest=None, event_id=ended.event_id)
    await ledger.post(conn, _entries(hold_id, parts, keeps_rest), balances=balances, now=now)
    shares = await shares_of(conn, hold_id)
    rest_id = await _split(conn, hold, parts, keeps_rest=keeps_rest, by=by, now=now)
    await settle_shares(conn, hold_id, [(p.line, p.left) for p in parts], shares, rest_id)
    await _note(conn, hold_id, by, to_whom, sealed_id, now)
    event_id = await _tell(conn, hold, parts, rest_id, to_whom, now)
    return HandedOver(
        hold=await get(conn, hold_id, now=now),
        rest=None if rest_id is None else await get(conn, rest_id, now=now),
        event_id=event_id,
    )


async def pick_and_hand_over(
    conn: Connection, hold_id: UUID, *, by: str, now: datetime
) -> HandedOver:
    """The same of all of it, where it may not have been picked: it was ready in between.

    Goods are locked before the hold, as by everybody: picking alone locks only the hold, and who
    came for the goods meanwhile would wait for it while it waits for them.
    Raises UnknownHold, HoldEnded, BadHold.
    """
    before = await get(conn, hold_id, now=now)
    await ledger.lock(conn, [(one.sku, one.location_id) for one in before.lines])
    await pick(conn, hold_id, now=now)
    return await hand_over(conn, hold_id, by=by, now=now)


async def _note(
    conn: Connection, hold_id: UUID, by: str, to_whom: str, sealed_id: int | None, now: datetime
) -> None:
    await _Q.note_hand_over.run(
        conn, hold_id=hold_id, by=by, to_whom=to_whom, sealed_id=sealed_id, now=now
    )


def _entries(hold_id: UUID, parts: Sequence[Part], keeps_rest: bool) -> list[Entry]:
    found = [(p.line, p.taken, Account.sold, "hold_collected") for p in parts if p.taken]
    if not keeps_rest:
        found += [(p.line, p.left, Account.on_hand, "hold_released") for p in parts if p.left]
    return moves(hold_id, found)


def moves(hold_id: UUID, found: Sequence[tuple[HoldLine, int, Account, str]]) -> list[Entry]:
    """Entries that take units of lines out of the held: (line, units, where to, cause)."""
    return [
        Entry(
            sku=line.sku,
            location_id=line.location_id,
            source=Account.held,
            target=target,
            qty=qty,
            cause=cause,
            cause_id=hold_id,
        )
        for line, qty, target, cause in found
    ]


async def shares_of(conn: Connection, hold_id: UUID) -> dict[Key, int]:
    """Units of each line of a hold that came from what is set aside for its channel: rarely any."""
    rows = await _Q.shares_of.all(conn, hold_id=hold_id)
    return {(row["sku"], row["location_id"]): row["allocated"] for row in rows}


async def settle_shares(
    conn: Connection,
    hold_id: UUID,
    freed: Sequence[tuple[HoldLine, int]],
    shares: Mapping[Key, int],
    rest_id: UUID | None = None,
) -> None:
    """Of freed units (line, units) what was the channel's own goes back to it first; or moves with
    the rest of the hold. Rows of stock are locked."""
    rows = []
    for line, qty in freed:
        mine = shares.get((line.sku, line.location_id), 0)
        if back := min(mine, qty):
            rows.append((line, back, mine - back))
    if not rows:
        return
    if rest_id is None:
        given = [Given(hold_id=hold_id, sku=line.sku, location_id=line.location_id, qty=back)
                 for line, back, _ in rows]  # fmt: skip
        await allocations.give_back(conn, given)
    kept = [(hold_id, line, left) for line, _, left in rows]
    kept += [(rest_id, line, back) for line, back, _ in rows if rest_id is not None]
    await _S.set_allocated.run(
        conn,
        hold_ids=[one for one, _, _ in kept],
        skus=[line.sku for _, line, _ in kept],
        location_ids=[line.location_id for _, line, _ in kept],
        qtys=[qty for _, _, qty in kept],
    )


async def _split(
    conn: Connection,
    hold: Hold,
    parts: Sequence[Part],
    *,
    keeps_rest: bool,
    by: str,
    now: datetime,
) -> UUID | None:
    """Write both halves; the id of the hold under which the rest waits on, if it does."""
    went = [p for p in parts if p.taken]
    left = [p for p in parts if p.left]
    await _Q.take_lines.run(
        conn,
        hold_id=hold.hold_id,
        skus=[p.line.sku for p in went],
        location_ids=[p.line.location_id for p in went],
        qtys=[p.taken for p in went],
    )
    whole = [p.line for p in left if not p.taken]
    skus, places = [one.sku for one in whole], [one.location_id for one in whole]
    write = _Q.drop_moved_lines if keeps_rest else _Q.release_lines
    await write.run(conn, hold_id=hold.hold_id, skus=skus, location_ids=places)
    await _S.end_holds.run(
        conn, hold_ids=[hold.hold_id], state=COLLECTED.state, now=now, ended_by=by
    )
    if keeps_rest:
        return await _keep_rest(conn, hold, left)
    picked = [put_back(hold, p, p.left) for p in left if p.line.state == "picked"]
    await tasks.open_many(conn, picked, now=now)
    return None


def put_back(hold: Hold, part: Part, qty: int) -> tasks.Opening:
    """Picked goods that nobody takes lie in a bag: somebody puts them back."""
    return tasks.Opening(
        kind="put_back",
        location_id=part.line.location_id,
        hold_id=hold.hold_id,
        sku=part.line.sku,
        qty=qty,
    )


async def _keep_rest(conn: Connection, hold: Hold, left: Sequence[Part]) -> UUID:
    rest_id = ids.uuid7()
    is_picked = all(p.line.state == "picked" for p in left)
    await _Q.insert_rest.run(
        conn, hold_id=hold.hold_id, rest_id=rest_id, state="ready" if is_picked else "held"
    )
    await _Q.keep_order.run(conn, hold_id=hold.hold_id, rest_id=rest_id)
    await _Q.insert_rest_lines.run(
        conn,
        rest_id=rest_id,
        skus=[p.line.sku for p in left],
        location_ids=[p.line.location_id for p in left],
        qtys=[p.left for p in left],
        states=[p.line.state for p in left],
    )
    return rest_id


async def _tell(
    conn: Connection,
    hold: Hold,
    parts: Sequence[Part],
    rest_id: UUID | None,
    to_whom: str,
    now: datetime,
) -> str:
    left = tuple(GoodsLine(p.line.sku, p.line.location_id, p.left) for p in parts if p.left)
    fact = HoldCollected(
        hold_id=hold.hold_id,
        lines=tuple(GoodsLine(p.line.sku, p.line.location_id, p.taken) for p in parts if p.taken),
        to_whom=to_whom,
        released=() if rest_id else left,
        rest_hold_id=rest_id,
    )
    entry = state_of(hold, fact, now)
    await log.state_all(conn, [entry])
    return entry.event_id


async def reopen(conn: Connection, hold_id: UUID, *, now: datetime) -> HandedOver:
    """Take a hand-over back: the goods lie in their bag again and wait for their customer.

    What was released beside it stays free. Within REOPEN_WITHIN, while no receipt has paid for it.
    Raises UnknownHold, CannotReopen.
    """
    before = await get(conn, hold_id, now=now)
    balances = await ledger.lock(conn, [(one.sku, one.location_id) for one in before.lines])
    await _S.lock_holds.all(conn, hold_ids=[hold_id])
    hold = await get(conn, hold_id, now=now)
    lines = await _Q.collected_lines.all(conn, hold_id=hold_id)
    why = await _why_not(conn, hold, lines, now)
    if why is not None:
        raise CannotReopen(why=why)
    await _post_reopening(conn, hold, lines, balances, now)
    await _Q.reopen_lines.run(conn, hold_id=hold_id)
    await _Q.reopen.run(conn, hold_id=hold_id, now=now, least_until=now + REOPEN_WITHIN)
    await _Q.forget_hand_over.run(conn, hold_id=hold_id)
    again = await get(conn, hold_id, now=now)
    entry = state_of(again, HoldReopened(hold_id=hold_id, lines=open_lines(again)), now)
    await log.state_all(conn, [entry])
    return HandedOver(hold=again, rest=None, event_id=entry.event_id)


def may_still_reopen(hold: Hold, now: datetime) -> bool:
    """Whether a hand-over is so fresh that it may be a slip."""
    ended = hold.ended_at
    return hold.state == "collected" and ended is not None and now - ended <= REOPEN_WITHIN


async def _why_not(
    conn: Connection, hold: Hold, lines: Sequence[db.Record], now: datetime
) -> str | None:
    """Why a hand-over cannot be taken back, or None."""
    if hold.state != "collected" or hold.ended_at is None:
        return "state"
    if now - hold.ended_at > REOPEN_WITHIN:
        return "late"
    if any(one["receipt_id"] is not None for one in lines):
        return "paid"
    taken = await _Q.is_code_taken.value(conn, code=hold.code, location_id=hold.location_id)
    return "code_taken" if taken else None


async def _post_reopening(
    conn: Connection,
    hold: Hold,
    lines: Sequence[db.Record],
    balances: dict[Key, Balance],
    now: datetime,
) -> None:
    entries = [
        Entry(
            sku=one["sku"],
            location_id=one["location_id"],
            source=Account.sold,
            target=Account.held,
            qty=one["qty"],
            cause="hold_reopened",
            cause_id=hold.hold_id,
        )
        for one in lines
    ]
    await ledger.post(conn, entries, balances=balances, now=now)
