"""Units of a hold go to another place: the promise stays, the shelf that keeps it changes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec

from setten.facts.stock import HoldMoved
from setten.platform import db, ids, log
from setten.platform.db import Connection
from setten.stock import allocations, ledger
from setten.stock.allocations import Given
from setten.stock.holds.ending import open_lines, state_of
from setten.stock.holds.locking import lock_open
from setten.stock.holds.model import Hold, NotEnoughStock, Short, UnknownLine
from setten.stock.holds.placing import take_back_due
from setten.stock.holds.reading import find_many
from setten.stock.ledger import Account, Balance, Entry, Key

_Q = db.load(str(Path(__file__).with_name("moving.py")))
_CODE_DIGITS = 9  # longer than any that is drawn first, so that it meets no other
WAYS_MAX = 1_000  # unrouted promises on one row that are looked at when it runs short


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """Units of a line from one place to another."""

    sku: str
    source: str
    target: str
    qty: int


class Moved(msgspec.Struct, frozen=True):
    """The hold after it, and the id of its `stock.hold_moved`; None when nothing moved."""

    hold: Hold
    event_id: str | None


async def move(
    conn: Connection,
    hold_id: UUID,
    moves: Sequence[Move],
    *,
    pin_to: str | None = None,
    gone: Mapping[Key, Account] | None = None,
    now: datetime,
) -> Moved:
    """Move units of unpicked lines, all or nothing; the promise is never let go in between.

    pin_to: where it is collected from now on. gone: rows whose moved units turned out not to be
    usable, and the account they go to. Raises UnknownHold, HoldEnded, UnknownLine, NotEnoughStock.
    """
    keys = {(one.sku, one.source) for one in moves} | {(one.sku, one.target) for one in moves}
    balances = await ledger.lock(conn, keys)
    hold = await lock_open(conn, hold_id, now)
    _check(hold, moves)
    await _must_fit(conn, moves, balances, now)
    await _give_back_shares(conn, hold_id, moves)
    await _write(conn, hold_id, moves, balances, gone or {}, now)
    if pin_to is not None and pin_to != hold.location_id:
        await _pin(conn, hold, pin_to)
    return await _tell(conn, hold, moves, now)


def _check(hold: Hold, moves: Sequence[Move]) -> None:
    """Moved units lie on unpicked lines, and go to no line that is over."""
    left = {(one.sku, one.location_id): one for one in hold.lines}
    wanted: dict[Key, int] = {}
    for one in moves:
        wanted[one.sku, one.source] = wanted.get((one.sku, one.source), 0) + one.qty
        there = left.get((one.sku, one.target))
        if there is not None and there.state != "held":
            raise UnknownLine(sku=one.sku[:100], location_id=one.target[:100])
    for (sku, place), qty in wanted.items():
        line = left.get((sku, place))
        if line is None or line.state != "held" or line.qty < qty:
            raise UnknownLine(sku=sku[:100], location_id=place[:100])


async def _must_fit(
    conn: Connection, moves: Sequence[Move], balances: dict[Key, Balance], now: datetime
) -> None:
    wanted: dict[Key, int] = {}
    for one in moves:
        wanted[one.sku, one.target] = wanted.get((one.sku, one.target), 0) + one.qty
    tight = {key for key, qty in wanted.items() if _free(balances, key) < qty}
    await take_back_due(conn, tight & balances.keys(), balances, now)
    short = [
        Short(sku=key[0], location_id=key[1], wanted=qty, available=max(0, _free(balances, key)))
        for key, qty in sorted(wanted.items())
        if _free(balances, key) < qty
    ]
    if short:
        raise NotEnoughStock(short=[msgspec.to_builtins(one) for one in short])


def _free(balances: Mapping[Key, Balance], key: Key) -> int:
    return balances[key].promisable if key in balances else 0


async def _give_back_shares(conn: Connection, hold_id: UUID, moves: Sequence[Move]) -> None:
    """What was its channel's own at a place stays there, and is the channel's again."""
    rows = await _Q.shares_of.all(conn, hold_id=hold_id)
    going: dict[Key, int] = {}
    for one in moves:
        going[one.sku, one.source] = going.get((one.sku, one.source), 0) + one.qty
    given = [
        Given(hold_id=hold_id, sku=row["sku"], location_id=row["location_id"], qty=back)
        for row in rows
        if (back := min(row["allocated"], going.get((row["sku"], row["location_id"]), 0)))
    ]
    await allocations.give_back(conn, given)


async def _write(
    conn: Connection,
    hold_id: UUID,
    moves: Sequence[Move],
    balances: Mapping[Key, Balance],
    gone: Mapping[Key, Account],
    now: datetime,
) -> None:
    entries = [entry for one in moves for entry in _entries(hold_id, one, gone)]
    await ledger.post(conn, entries, balances=balances, now=now)
    skus, qtys = [one.sku for one in moves], [one.qty for one in moves]
    await _Q.less_lines.run(
        conn, hold_id=hold_id, skus=skus, location_ids=[one.source for one in moves], qtys=qtys
    )
    await _Q.more_lines.run(
        conn, hold_id=hold_id, skus=skus, location_ids=[one.target for one in moves], qtys=qtys
    )


def _entries(hold_id: UUID, one: Move, gone: Mapping[Key, Account]) -> tuple[Entry, Entry]:
    away = Entry(
        sku=one.sku,
        location_id=one.source,
        source=Account.held,
        target=gone.get((one.sku, one.source), Account.on_hand),
        qty=one.qty,
        cause="hold_moved",
        cause_id=hold_id,
    )
    there = msgspec.structs.replace(
        away, location_id=one.target, source=Account.on_hand, target=Account.held
    )
    return away, there


async def _pin(conn: Connection, hold: Hold, place: str) -> None:
    """Collected there from now on; under another code only where somebody else has this one."""
    given = {"hold_id": hold.hold_id, "location_id": place}
    is_taken = await _Q.is_code_taken.value(conn, code=hold.code, **given)
    await _Q.pin.run(conn, code=ids.code(_CODE_DIGITS) if is_taken else hold.code, **given)
    await _Q.set_elsewhere.run(conn, **given)


async def _tell(conn: Connection, before: Hold, moves: Sequence[Move], now: datetime) -> Moved:
    hold = (await find_many(conn, [before.hold_id], now=now))[0]
    if not moves and hold.location_id == before.location_id:
        return Moved(hold, None)
    fact = HoldMoved(hold_id=hold.hold_id, lines=open_lines(hold), was=open_lines(before))
    entry = state_of(hold, fact, now)
    await log.state_all(conn, [entry])
    return Moved(hold, entry.event_id)


async def make_way(
    conn: Connection, balances: dict[Key, Balance], keys: Collection[Key], now: datetime
) -> None:
    """Where more is promised than is there: move what no place was named for, as far as it goes.

    Updates `balances`, the rows as the caller has locked them. Waits for no other row: what is
    locked by somebody else in this moment is passed over.
    """
    for sku, place in sorted(keys):
        rows = await _Q.movable.all(conn, sku=sku, location_id=place, now=now, most=WAYS_MAX)
        for row in rows:
            if min(balances[sku, place].held, -balances[sku, place].on_hand) <= 0:
                break
            room = await _Q.room_elsewhere.maybe(
                conn,
                sku=sku,
                qty=row["qty"],
                hold_id=row["hold_id"],
                location_ids=[one for one in row["location_ids"] if one != place],
            )
            if room is None:
                continue
            there = Move(sku=sku, source=place, target=room["location_id"], qty=row["qty"])
            await _move_away(conn, row["hold_id"], there, balances, Balance(**dict(room)), now)


async def _move_away(
    conn: Connection,
    hold_id: UUID,
    one: Move,
    balances: dict[Key, Balance],
    room: Balance,
    now: datetime,
) -> None:
    hold = await lock_open(conn, hold_id, now)
    if not any(
        (line.sku, line.location_id, line.state, line.qty) == (one.sku, one.source, "held", one.qty)
        for line in hold.lines
    ):
        return  # picked or given up in the last moment
    locked = {(one.sku, one.source): balances[one.sku, one.source], room.key: room}
    await _give_back_shares(conn, hold_id, [one])
    await _write(conn, hold_id, [one], locked, {}, now)
    balances |= await ledger.lock(conn, {(one.sku, one.source)})
    await _tell(conn, hold, [one], now)
