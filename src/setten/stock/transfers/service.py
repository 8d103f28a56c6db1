"""Planning, shipping, counting in and closing transfers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec

from setten.facts.stock import GoodsLine, TransferClosed, TransferReceived, TransferShipped
from setten.platform import db, ids, log
from setten.platform.db import Connection
from setten.platform.log import Fact
from setten.stock import catalog, ledger, locations, tasks
from setten.stock.transfers import reading, rules
from setten.stock.transfers.model import (
    Arrival,
    Line,
    Plan,
    Transfer,
    TransferEnded,
    TransferRefUsed,
    TransferShort,
    TransferState,
    UnknownTransfer,
    UnknownTransferGoods,
)

_Q = db.load(str(Path(__file__).with_name("store.py")))


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer after something was done to it, and the id of the event that tells of it."""

    transfer: Transfer
    event_id: str | None


async def plan(conn: Connection, wanted: Plan, *, by: str, now: datetime) -> Transfer:
    """Write a transfer down; nothing moves yet. Told again under the same ref it is the same one.

    Raises BadTransfer, UnknownTransferGoods, TransferRefUsed.
    """
    if (refusal := rules.check(wanted)) is not None:
        raise refusal
    await _check_known(conn, wanted)
    transfer_id = ids.uuid7()
    made = await _Q.insert.value(
        conn,
        transfer_id=transfer_id,
        from_location=wanted.from_location,
        to_location=wanted.to_location,
        ref=wanted.ref,
        due_on=wanted.due_on,
        now=now,
        by=by,
    )
    if made is None:
        return await _same(conn, wanted)
    await _Q.insert_lines.run(
        conn,
        transfer_id=transfer_id,
        skus=list(wanted.lines),
        qtys=list(wanted.lines.values()),
    )
    return await reading.get(conn, transfer_id)


async def _check_known(conn: Connection, wanted: Plan) -> None:
    skus = [sku for sku in wanted.lines if "\x00" not in sku]
    places = [p for p in (wanted.from_location, wanted.to_location) if "\x00" not in p]
    bad_skus = set(wanted.lines) - await catalog.known(conn, skus)
    bad_places = {wanted.from_location, wanted.to_location} - await locations.known(conn, places)
    if bad_skus or bad_places:
        raise UnknownTransferGoods(skus=sorted(bad_skus), locations=sorted(bad_places))


async def _same(conn: Connection, wanted: Plan) -> Transfer:
    """The transfer that has this number already. Raises TransferRefUsed when it is another."""
    found = await reading.get(conn, await _Q.by_ref.value(conn, ref=wanted.ref))
    lines = {line.sku: line.qty for line in found.lines}
    ends = (found.from_location, found.to_location)
    if lines != wanted.lines or ends != (wanted.from_location, wanted.to_location):
        raise TransferRefUsed(ref=wanted.ref)
    return found


async def ship(conn: Connection, transfer_id: UUID, *, by: str, now: datetime) -> Done:
    """Send all of it on its way: only units that nobody was promised.

    Raises UnknownTransfer, TransferEnded, TransferShort.
    """
    seen = await reading.get(conn, transfer_id)
    keys = [(line.sku, seen.from_location) for line in seen.lines]
    await ledger.ensure(conn, keys)
    balances = await ledger.lock(conn, keys)
    transfer = await _lock(conn, transfer_id, TransferState.planned)
    short = [
        {
            "sku": line.sku,
            "wanted": line.qty,
            "available": max(0, balances[line.sku, transfer.from_location].on_hand),
        }
        for line in transfer.lines
        if balances[line.sku, transfer.from_location].on_hand < line.qty
    ]
    if short:
        raise TransferShort(short=short)
    await ledger.post(conn, rules.shipping(transfer), balances=balances, now=now)
    await _Q.set_shipped.run(conn, transfer_id=transfer_id, now=now, by=by)
    fact = TransferShipped(
        transfer_id=transfer_id,
        from_location=transfer.from_location,
        to_location=transfer.to_location,
        lines=_told(transfer, {line.sku: line.qty for line in transfer.lines}),
        due_on=transfer.due_on,
    )
    return await _done(conn, transfer_id, fact, transfer.from_location, now)


async def receive(
    conn: Connection, transfer_id: UUID, arrivals: Sequence[Arrival], *, by: str, now: datetime
) -> Done:
    """Count in what has come; the rest stays on the road. With the last unit it is received.

    More than the paper says is booked as surplus, damaged units go to quarantine.
    Raises BadTransfer, UnknownTransfer, TransferEnded, UnknownTransferGoods.
    """
    if (refusal := rules.check_arrivals(arrivals)) is not None:
        raise refusal
    seen = await reading.get(conn, transfer_id)
    lines = {line.sku: line for line in seen.lines}
    unknown = sorted({one.sku[:100] for one in arrivals} - lines.keys())
    if unknown:
        raise UnknownTransferGoods(skus=unknown, locations=[])
    keys = [(one.sku, seen.to_location) for one in arrivals]
    await ledger.ensure(conn, keys)
    balances = await ledger.lock(conn, keys)
    transfer = await _lock(conn, transfer_id, TransferState.shipped)
    before = {line.sku: line for line in transfer.lines}
    after = {one.sku: rules.counted_in(before[one.sku], one) for one in arrivals}
    entries = [
        entry
        for sku, line in after.items()
        for entry in rules.arriving(transfer, before[sku], line)
    ]
    await ledger.post(conn, entries, balances=balances, now=now)
    await _set_lines(conn, transfer_id, after.values())
    if not any(line.open for line in (before | after).values()):
        await _end(conn, transfer_id, TransferState.received, by=by, now=now)
    fact = TransferReceived(
        transfer_id=transfer_id,
        from_location=transfer.from_location,
        to_location=transfer.to_location,
        lines=_told(transfer, {one.sku: one.qty for one in arrivals}, transfer.to_location),
    )
    return await _done(conn, transfer_id, fact, transfer.to_location, now)


async def close(conn: Connection, transfer_id: UUID, *, by: str, now: datetime) -> Done:
    """Nothing more is awaited: what is open is booked as lost, and the sender gets a task.

    Raises UnknownTransfer, TransferEnded.
    """
    seen = await reading.get(conn, transfer_id)
    keys = [(line.sku, seen.from_location) for line in seen.lines]
    balances = await ledger.lock(conn, keys)
    transfer = await _lock(conn, transfer_id, TransferState.shipped)
    await ledger.post(conn, rules.losing(transfer), balances=balances, now=now)
    await _set_lines(conn, transfer_id, [rules.closed(line) for line in transfer.lines])
    await _end(conn, transfer_id, TransferState.closed, by=by, now=now)
    lost = {line.sku: line.open for line in transfer.lines if line.open}
    await tasks.open_many(conn, _missing(transfer, lost), now=now)
    fact = TransferClosed(
        transfer_id=transfer_id,
        from_location=transfer.from_location,
        to_location=transfer.to_location,
        lines=_told(transfer, lost),
    )
    return await _done(conn, transfer_id, fact, transfer.to_location, now)


async def cancel(conn: Connection, transfer_id: UUID, *, by: str, now: datetime) -> Done:
    """Give up a plan that has not left. Raises UnknownTransfer, TransferEnded."""
    await _lock(conn, transfer_id, TransferState.planned)
    await _Q.set_ended.run(
        conn, transfer_id=transfer_id, state=TransferState.cancelled.value, now=now, by=by
    )
    return Done(transfer=await reading.get(conn, transfer_id), event_id=None)


async def _lock(conn: Connection, transfer_id: UUID, state: TransferState) -> Transfer:
    found = await reading.read(conn, await _Q.lock.all(conn, transfer_id=transfer_id))
    if not found:
        raise UnknownTransfer(transfer_id=str(transfer_id))
    if found[0].state is not state:
        raise TransferEnded(transfer_id=str(transfer_id), state=found[0].state.value)
    return found[0]


async def _set_lines(conn: Connection, transfer_id: UUID, lines: Iterable[Line]) -> None:
    rows = list(lines)
    await _Q.set_lines.run(
        conn,
        transfer_id=transfer_id,
        skus=[line.sku for line in rows],
        receiveds=[line.received for line in rows],
        damageds=[line.damaged for line in rows],
        missings=[line.missing for line in rows],
        surpluses=[line.surplus for line in rows],
    )


async def _end(
    conn: Connection, transfer_id: UUID, state: TransferState, *, by: str, now: datetime
) -> None:
    await _Q.set_ended.run(conn, transfer_id=transfer_id, state=state.value, now=now, by=by)


def _missing(transfer: Transfer, lost: dict[str, int]) -> list[tasks.Opening]:
    return [
        tasks.Opening(
            kind="transfer_missing",
            location_id=transfer.from_location,
            sku=sku,
            qty=qty,
            about=transfer.transfer_id,
        )
        for sku, qty in lost.items()
    ]


def _told(transfer: Transfer, units: dict[str, int], place: str = "") -> tuple[GoodsLine, ...]:
    return tuple(
        GoodsLine(sku, place or transfer.from_location, qty) for sku, qty in sorted(units.items())
    )


async def _done(
    conn: Connection, transfer_id: UUID, fact: Fact, location_id: str, now: datetime
) -> Done:
    entry = log.entry_for(fact, at=now, location_id=location_id)
    await log.state_all(conn, [entry])
    return Done(transfer=await reading.get(conn, transfer_id), event_id=entry.event_id)
