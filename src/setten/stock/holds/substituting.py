"""Other goods instead of those promised, when their customer agrees."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec

from setten.facts.stock import GoodsLine, HoldSubstituted
from setten.platform import db, log
from setten.platform.db import Connection
from setten.platform.money import MINOR_MAX
from setten.stock import ledger, tasks
from setten.stock.holds.ending import state_of
from setten.stock.holds.handing import HandedOver, settle_shares, shares_of, unready
from setten.stock.holds.locking import lock_open
from setten.stock.holds.model import (
    QTY_MAX,
    BadHold,
    CannotSubstitute,
    Hold,
    HoldLine,
    NotEnoughStock,
    Short,
    UnknownLine,
)
from setten.stock.holds.placing import take_back_due
from setten.stock.ledger import Account, Balance, Entry, Key

_Q = db.load(str(Path(__file__).with_name("handing.py")))
AGREED_HOW = ("counter", "phone", "chat", "line", "mail", "web")


class Swap(msgspec.Struct, frozen=True, kw_only=True):
    """`by_sku` in place of the line's goods, at the same place.

    qty: units of the new goods; the line's when None. price_minor: what one costs this customer.
    agreed_how, agreed_with: how the customer said yes, and to whom of us. is_missing: the first
    goods are not there, and are booked as missing.
    """

    sku: str
    location_id: str
    by_sku: str
    price_minor: int
    agreed_how: str
    agreed_with: str
    qty: int | None = None
    currency: str = "JPY"
    is_missing: bool = False


class Substitution(msgspec.Struct, frozen=True, kw_only=True):
    """A substitution as it is kept."""

    hold_id: UUID
    location_id: str
    was_sku: str
    sku: str
    qty: int
    price_minor: int
    currency: str
    agreed_how: str
    agreed_with: str
    at: datetime


async def substitute(conn: Connection, hold_id: UUID, swap: Swap, *, now: datetime) -> HandedOver:
    """Take other goods into a hold instead of a line; all or nothing.

    The old goods are free again (or missing), the new ones are promised and to be picked.
    Raises UnknownHold, HoldEnded, UnknownLine, CannotSubstitute, NotEnoughStock, BadHold.
    """
    _check(swap)
    old_key, new_key = (swap.sku, swap.location_id), (swap.by_sku, swap.location_id)
    balances = await ledger.lock(conn, {old_key, new_key})
    hold = await lock_open(conn, hold_id, now)
    line = _line(hold, old_key)
    there = _line_or_none(hold, new_key)
    if there is not None and not there.is_open:
        raise CannotSubstitute(why="line_over")
    qty = line.qty if swap.qty is None else swap.qty
    await _must_be_free(conn, balances, new_key, qty, now)
    await ledger.post(conn, _entries(hold_id, line, swap, qty), balances=balances, now=now)
    if not swap.is_missing:
        shares = await shares_of(conn, hold_id)
        await settle_shares(conn, hold_id, [(line, line.qty)], shares)
    state = "short" if swap.is_missing else "released"
    await _Q.end_line.run(conn, hold_id=hold_id, sku=old_key[0], location_id=old_key[1],
                          state=state)  # fmt: skip
    await _Q.add_line.run(conn, hold_id=hold_id, sku=new_key[0], location_id=new_key[1], qty=qty)
    await _note(conn, hold_id, swap, qty, now)
    if line.state == "picked" and not swap.is_missing:
        await tasks.open_many(conn, [_put_back(hold_id, line)], now=now)
    event_id = await _tell(conn, hold, line, swap, qty, now)
    return HandedOver(hold=await unready(conn, hold, now=now), rest=None, event_id=event_id)


def _check(swap: Swap) -> None:
    if swap.sku == swap.by_sku:
        raise CannotSubstitute(why="same_goods")
    if swap.qty is not None and not 1 <= swap.qty <= QTY_MAX:
        raise BadHold(why="qty", qty_max=QTY_MAX)
    if not 0 <= swap.price_minor < MINOR_MAX:
        raise BadHold(why="price")
    if swap.agreed_how not in AGREED_HOW or not swap.agreed_with:
        raise BadHold(why="agreed")


def _line_or_none(hold: Hold, key: Key) -> HoldLine | None:
    return next((one for one in hold.lines if (one.sku, one.location_id) == key), None)


def _line(hold: Hold, key: Key) -> HoldLine:
    line = _line_or_none(hold, key)
    if line is None or not line.is_open:
        raise UnknownLine(sku=key[0][:100], location_id=key[1][:100])
    return line


async def _must_be_free(
    conn: Connection, balances: dict[Key, Balance], key: Key, qty: int, now: datetime
) -> None:
    free = balances[key].promisable if key in balances else 0
    if free < qty and key in balances and await take_back_due(conn, {key}, balances, now):
        free = balances[key].promisable
    if free < qty:
        short = Short(sku=key[0], location_id=key[1], wanted=qty, available=max(0, free))
        raise NotEnoughStock(short=[msgspec.to_builtins(short)])


def _entries(hold_id: UUID, line: HoldLine, swap: Swap, qty: int) -> list[Entry]:
    target = Account.shrinkage if swap.is_missing else Account.on_hand
    moves = [(line.sku, Account.held, target, line.qty)]
    moves += [(swap.by_sku, Account.on_hand, Account.held, qty)]
    return [
        Entry(
            sku=sku,
            location_id=swap.location_id,
            source=source,
            target=goes_to,
            qty=units,
            cause="hold_substituted",
            cause_id=hold_id,
        )
        for sku, source, goes_to, units in moves
    ]


def _put_back(hold_id: UUID, line: HoldLine) -> tasks.Opening:
    return tasks.Opening(
        kind="put_back",
        location_id=line.location_id,
        hold_id=hold_id,
        sku=line.sku,
        qty=line.qty,
    )


async def _note(conn: Connection, hold_id: UUID, swap: Swap, qty: int, now: datetime) -> None:
    await _Q.note_substitution.run(
        conn,
        hold_id=hold_id,
        location_id=swap.location_id,
        was_sku=swap.sku,
        sku=swap.by_sku,
        qty=qty,
        price_minor=swap.price_minor,
        currency=swap.currency,
        agreed_how=swap.agreed_how,
        agreed_with=swap.agreed_with,
        now=now,
    )


async def _tell(
    conn: Connection, hold: Hold, line: HoldLine, swap: Swap, qty: int, now: datetime
) -> str:
    fact = HoldSubstituted(
        hold_id=hold.hold_id,
        lines=(GoodsLine(swap.by_sku, swap.location_id, qty),),
        was=(GoodsLine(line.sku, line.location_id, line.qty),),
        is_missing=swap.is_missing,
        price_minor=swap.price_minor,
        currency=swap.currency,
        agreed_how=swap.agreed_how,
    )
    entry = state_of(hold, fact, now)
    await log.state_all(conn, [entry])
    return entry.event_id


async def substitutions_of(conn: Connection, hold: Hold) -> list[Substitution]:
    """What was taken instead of what, in a hold, oldest first."""
    rows = await _Q.substitutions_of.all(conn, hold_ids=[hold.hold_id])
    return [Substitution(**dict(row)) for row in rows]
