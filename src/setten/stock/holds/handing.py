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
    HoldReduced,
    HoldReleased,
    HoldReopened,
    HoldUnready,
)
from setten.platform import db, ids, log
from setten.platform.db import Connection
from setten.platform.vault import Sealed, Vault
from setten.stock import allocations, ledger, tasks
from setten.stock.holds import rules
from setten.stock.holds.ending import (
    COLLECTED,
    RELEASED,
    Ended,
    end_many,
    must_be_locked,
    open_lines,
    state_of,
)
from setten.stock.holds.model import BadHold, CannotReopen, Hold, HoldLine, NobodyToName
from setten.stock.holds.picking import lock_open, settle_ready
from setten.stock.holds.reading import find_many, get
from setten.stock.holds.rules import Part
from setten.stock.ledger import Account, Balance, Entry, Key

_Q = db.load(str(Path(__file__).with_name("handing.py")))
_S = db.load(str(Path(__file__).with_name("store.py")))
NAME_LENGTH_MAX = 100
REOPEN_WITHIN = timedelta(minutes=15)  # a slip is seen while its customer still stands there


class HandedOver(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. rest: the hold under which the rest waits on, if it does."""

    hold: Hold
    rest: Hold | None
    event_id: str


class HandOver(msgspec.Struct, frozen=True, kw_only=True):
    """How a hold was handed over. to_whom: code or named; then sealed_id opens the name."""

    at: datetime
    by: str
    to_whom: str
    sealed_id: int | None


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
    rest_id = await _split(conn, hold, parts, keeps_rest=keeps_rest, by=by, now=now)
    await _note(conn, hold_id, by, to_whom, sealed_id, now)
    event_id = await _tell(conn, hold, parts, rest_id, to_whom, now)
    return HandedOver(
        hold=await get(conn, hold_id, now=now),
        rest=None if rest_id is None else await get(conn, rest_id, now=now),
        event_id=event_id,
    )


async def _note(
    conn: Connection, hold_id: UUID, by: str, to_whom: str, sealed_id: int | None, now: datetime
) -> None:
    await _Q.note_hand_over.run(
        conn, hold_id=hold_id, by=by, to_whom=to_whom, sealed_id=sealed_id, now=now
    )


async def give_back(
    conn: Connection, hold_id: UUID, lines: Sequence[GoodsLine], *, by: str, now: datetime
) -> Ended:
    """Some of it is no longer wanted: those units are free again; with the last it is released.

    Raises UnknownHold, HoldEnded, BadHold.
    """
    before = await get(conn, hold_id, now=now)
    balances = await ledger.lock(conn, [(one.sku, one.location_id) for one in before.lines])
    hold = await lock_open(conn, hold_id, now)
    must_be_locked(balances, [hold])
    parts = rules.parts(hold.lines, lines)
    if isinstance(parts, BadHold):
        raise parts
    if not any(part.left for part in parts):
        return (await end_many(conn, [hold_id], RELEASED, by=by, now=now))[0]
    moves = [(p.line, p.taken, Account.on_hand, "hold_released") for p in parts if p.taken]
    await ledger.post(conn, _moves(hold_id, moves), balances=balances, now=now)
    await _shrink(conn, hold, parts, now)
    gone = tuple(GoodsLine(p.line.sku, p.line.location_id, p.taken) for p in parts if p.taken)
    entry = state_of(hold, HoldReduced(hold_id=hold_id, lines=gone), now)
    await log.state_all(conn, [entry])
    return Ended(await settle_ready(conn, hold_id, now=now), entry.event_id)


async def withdraw(
    conn: Connection, hold_id: UUID, *, gone: Mapping[str, Account], by: str, now: datetime
) -> Ended:
    """Give up a hold of which some goods turned out not to be usable: those go to an account by
    sku (shrinkage, quarantine), the others are free again. Raises UnknownHold, HoldEnded.
    """
    before = await get(conn, hold_id, now=now)
    balances = await ledger.lock(conn, [(one.sku, one.location_id) for one in before.lines])
    hold = await lock_open(conn, hold_id, now)
    must_be_locked(balances, [hold])
    open_ones = [one for one in hold.lines if one.is_open]
    moves = [
        (one, one.qty, gone.get(one.sku, Account.on_hand), "hold_released") for one in open_ones
    ]
    await ledger.post(conn, _moves(hold_id, moves), balances=balances, now=now)
    ended = await _S.end_lines.all(conn, hold_ids=[hold_id], state=RELEASED.state, receipt_id=None)
    await allocations.give_back(conn, allocations.given_in(ended))
    await _S.end_holds.run(conn, hold_ids=[hold_id], state=RELEASED.state, now=now, ended_by=by)
    back = [Part(one, one.qty, 0) for one in open_ones
            if one.state == "picked" and one.sku not in gone]  # fmt: skip
    await tasks.open_many(conn, [_put_back(hold, one, one.taken) for one in back], now=now)
    entry = state_of(hold, HoldReleased(hold_id=hold_id, lines=open_lines(hold)), now)
    await log.state_all(conn, [entry])
    return Ended(await get(conn, hold_id, now=now), entry.event_id)


async def _shrink(conn: Connection, hold: Hold, parts: Sequence[Part], now: datetime) -> None:
    whole = [p.line for p in parts if p.taken and not p.left]
    less = [p for p in parts if p.taken and p.left]
    await _Q.release_lines.run(
        conn,
        hold_id=hold.hold_id,
        skus=[one.sku for one in whole],
        location_ids=[one.location_id for one in whole],
    )
    await _Q.shrink_lines.run(
        conn,
        hold_id=hold.hold_id,
        skus=[p.line.sku for p in less],
        location_ids=[p.line.location_id for p in less],
        qtys=[p.left for p in less],
    )
    picked = [p for p in parts if p.taken and p.line.state == "picked"]
    openings = [_put_back(hold, p, p.taken) for p in picked]
    await tasks.open_many(conn, openings, now=now)


def _entries(hold_id: UUID, parts: Sequence[Part], keeps_rest: bool) -> list[Entry]:
    moves = [(p.line, p.taken, Account.sold, "hold_collected") for p in parts if p.taken]
    if not keeps_rest:
        moves += [(p.line, p.left, Account.on_hand, "hold_released") for p in parts if p.left]
    return _moves(hold_id, moves)


def _moves(hold_id: UUID, moves: Sequence[tuple[HoldLine, int, Account, str]]) -> list[Entry]:
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
        for line, qty, target, cause in moves
    ]


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
    picked = [_put_back(hold, p, p.left) for p in left if p.line.state == "picked"]
    await tasks.open_many(conn, picked, now=now)
    return None


def _put_back(hold: Hold, part: Part, qty: int) -> tasks.Opening:
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


async def hand_over_of(conn: Connection, hold_id: UUID) -> HandOver | None:
    """How a hold was handed over at the counter; None when it was not, or by the till alone."""
    row = await _Q.hand_over_of.maybe(conn, hold_id=hold_id)
    return None if row is None else HandOver(**dict(row))


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


async def seal_name(conn: Connection, vault: Vault, hold: Hold, name: str) -> int:
    """Seal the name of who collects for a hold's customer. Raises NobodyToName, BadHold."""
    plain = " ".join(name.split())
    if not plain or len(plain) > NAME_LENGTH_MAX or "\x00" in plain:
        raise BadHold(why="name", length_max=NAME_LENGTH_MAX)
    if hold.identifier_id is None:
        raise NobodyToName()
    return (await vault.seal(conn, [Sealed(hold.identifier_id, {"collector": plain})]))[0]


async def name_collector(
    conn: Connection, vault: Vault, hold_id: UUID, *, name: str, now: datetime
) -> Hold:
    """The customer says beforehand who will collect for them.

    Raises UnknownHold, HoldEnded, NobodyToName, BadHold.
    """
    hold = await lock_open(conn, hold_id, now)
    sealed_id = await seal_name(conn, vault, hold, name)
    await _Q.name_collector.run(conn, hold_id=hold_id, sealed_id=sealed_id)
    return hold


async def collectors_of(
    conn: Connection, vault: Vault, hold_ids: Sequence[UUID]
) -> dict[UUID, tuple[int, str]]:
    """(sealed_id, name) of who may collect in the customer's stead. The caller audits."""
    rows = await _Q.collectors_of.all(conn, hold_ids=list(hold_ids))
    opened = await vault.open(conn, [row["collector_id"] for row in rows])
    return {
        row["hold_id"]: (row["collector_id"], str(opened[row["collector_id"]].values["collector"]))
        for row in rows
        if row["collector_id"] in opened
    }
