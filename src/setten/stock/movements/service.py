"""Booking movements, in the order told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeAlias
from uuid import UUID

import msgspec

from setten.facts.stock import StockMoved
from setten.platform import db, ids, log
from setten.platform.db import Connection
from setten.stock import catalog, holds, inbound, ledger, locations, sets
from setten.stock.ledger import Balance, Entry, Key
from setten.stock.movements import rules
from setten.stock.movements.model import Booked, Movement
from setten.stock.refusals import Refused
from setten.stock.sets import Parts

_Q = db.load(str(Path(__file__).with_name("store.py")))
_Ref: TypeAlias = tuple[str, str, str, str]
_Row: TypeAlias = tuple[UUID, Movement]


class _Sorted(msgspec.Struct):
    """Where each movement of a call went."""

    rows: list[_Row] = []
    entries: list[Entry] = []
    refused: list[Refused] = []
    already: int = 0


def _key(movement: Movement) -> Key:
    return movement.sku, movement.location_id


async def book(
    conn: Connection, movements: Sequence[Movement], *, by: str, now: datetime
) -> Booked:
    """Book those that can be true and answer the others with their reasons, by index.

    States `stock.moved` for each, and whatever becomes of promises that they break.
    """
    sortable: list[tuple[int, Movement]] = []
    sorted_out = _Sorted()
    known = await _known(conn, movements)
    parts = await sets.parts_of(conn, [m.sku for m in movements if "\x00" not in m.sku])
    for index, movement in enumerate(movements):
        why = rules.check(movement) or known.get(_key(movement))
        if why is None:
            sortable.append((index, movement))
        else:
            sorted_out.refused.append(_refusal(index, movement, why))
    keys = {key for _, m in sortable for key in _rows_of(m, parts)}
    balances, new = await _lock(conn, keys)
    told = await _told_before(conn, [m for _, m in sortable if m.ref is not None])
    _sort(sortable, told, parts, dict(balances), new, sorted_out)
    after = await ledger.post(conn, sorted_out.entries, balances=balances, now=now)
    event_id = await _write(conn, sorted_out.rows, by=by, now=now)
    short = await holds.shorten(conn, after, now=now)
    held = await inbound.arrived(conn, _arrivals(sorted_out.rows, parts), now=now)
    sorted_out.refused.sort(key=lambda one: one.index)
    return Booked(
        booked=len(sorted_out.rows),
        already=sorted_out.already,
        refused=tuple(sorted_out.refused),
        short=tuple(short),
        event_id=event_id,
        held=tuple(held),
    )


def _arrivals(rows: Sequence[_Row], parts: Parts) -> list[inbound.Arrived]:
    return [
        inbound.Arrived(sku=sku, location_id=m.location_id, qty=m.qty * units, ref=m.inbound_ref)
        for _, m in rows
        if m.kind == "receive"
        for sku, units in parts.get(m.sku, {m.sku: 1}).items()
    ]


def _rows_of(movement: Movement, parts: Parts) -> list[Key]:
    inside = parts.get(movement.sku, {movement.sku: 1})
    return [(sku, movement.location_id) for sku in inside]


def _refusal(index: int, movement: Movement, why: str) -> Refused:
    return Refused(
        index=index, key=f"{movement.sku[:100]}@{movement.location_id[:100]}", reason=why
    )


async def _known(conn: Connection, movements: Sequence[Movement]) -> dict[Key, str]:
    """Keys that cannot be booked because the sku or the place does not exist, and which."""
    clean = [m for m in movements if "\x00" not in m.sku + m.location_id]
    skus = await catalog.known(conn, [m.sku for m in clean])
    places = await locations.known(conn, [m.location_id for m in clean])
    return {
        _key(m): "unknown_item" if m.sku not in skus else "unknown_location"
        for m in movements
        if m.sku not in skus or m.location_id not in places
    }


async def _lock(conn: Connection, keys: set[Key]) -> tuple[dict[Key, Balance], frozenset[Key]]:
    """The rows, locked, made where absent; and those on which nothing was ever booked."""
    await ledger.ensure(conn, keys)
    balances = await ledger.lock(conn, keys)
    return balances, await ledger.untouched(conn, keys)


async def _told_before(conn: Connection, movements: Sequence[Movement]) -> dict[_Ref, int]:
    rows = await _Q.told_before.all(
        conn,
        refs=[m.ref for m in movements],
        kinds=[m.kind for m in movements],
        skus=[m.sku for m in movements],
        location_ids=[m.location_id for m in movements],
    )
    return {(r["ref"], r["kind"], r["sku"], r["location_id"]): r["qty"] for r in rows}


def _sort(
    sortable: Sequence[tuple[int, Movement]],
    told: dict[_Ref, int],
    parts: Parts,
    balances: dict[Key, Balance],
    new: frozenset[Key],
    out: _Sorted,
) -> None:
    """Decide one after the other: a later movement sees what an earlier one did."""
    touched: set[Key] = set()
    for index, movement in sortable:
        ref = (movement.ref or "", movement.kind, *_key(movement))
        if movement.ref is not None and ref in told:
            if told[ref] == movement.qty:
                out.already += 1
            else:
                out.refused.append(_refusal(index, movement, "ref_reused"))
            continue
        movement_id = ids.uuid7()
        entries = _entries(movement, movement_id, parts, balances, new - touched)
        if isinstance(entries, str):
            out.refused.append(_refusal(index, movement, entries))
            continue
        if movement.ref is not None:
            told[ref] = movement.qty
        touched |= set(_rows_of(movement, parts))
        out.rows.append((movement_id, movement))
        out.entries += entries
        balances |= ledger.preview(balances, entries)


def _entries(
    movement: Movement,
    movement_id: UUID,
    parts: Parts,
    balances: dict[Key, Balance],
    new: frozenset[Key],
) -> list[Entry] | str:
    """What it does to each row; or why it cannot be true of one of them, and so of none."""
    legs = rules.legs(movement, parts)
    if isinstance(legs, str):
        return legs
    entries = []
    for sku, units in legs:
        key = (sku, movement.location_id)
        moved = rules.transfer(movement, balances[key], qty=units, is_new=key in new)
        if isinstance(moved, str):
            return moved
        source, target, qty = moved
        if qty:
            entries.append(
                Entry(
                    sku=sku,
                    location_id=movement.location_id,
                    source=source,
                    target=target,
                    qty=qty,
                    cause=movement.kind,
                    cause_id=movement_id,
                )
            )
    return entries


async def _write(conn: Connection, rows: Sequence[_Row], *, by: str, now: datetime) -> str | None:
    if not rows:
        return None
    await _Q.insert.run(
        conn,
        actor=by,
        now=now,
        movement_ids=[movement_id for movement_id, _ in rows],
        kinds=[m.kind for _, m in rows],
        skus=[m.sku for _, m in rows],
        location_ids=[m.location_id for _, m in rows],
        qtys=[m.qty for _, m in rows],
        reasons=[m.reason for _, m in rows],
        reason_codes=[rules.reason_code(m.reason) for _, m in rows],
        refs=[m.ref for _, m in rows],
    )
    entries = [
        log.entry_for(
            StockMoved(
                movement_id=movement_id,
                kind=m.kind,
                sku=m.sku,
                location_id=m.location_id,
                qty=m.qty,
                reason=rules.reason_code(m.reason),
                ref=m.ref,
            ),
            at=now,
            location_id=m.location_id,
        )
        for movement_id, m in rows
    ]
    await log.state_all(conn, entries)
    return entries[-1].event_id
