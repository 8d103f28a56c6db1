"""Booking receipts, many at once: sort out, lock, decide, write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec

from setten.platform import db, ids
from setten.platform.db import Connection
from setten.stock import catalog, holds, ledger, locations, sets
from setten.stock.holds import Payable, Payment, Shortened
from setten.stock.ledger import Account, Balance, Entry, Key
from setten.stock.receipts import recording, rules
from setten.stock.receipts.model import UNITS_MAX, Receipt, Result
from setten.stock.receipts.recording import New
from setten.stock.receipts.rules import Promise, ReceiptKey

_Q = db.load(str(Path(__file__).with_name("store.py")))
# Which way units go when the receipt that moved them is corrected.
_TAKEN_BACK = (
    ("sold", Account.sold, Account.on_hand),
    ("returned", Account.on_hand, Account.returned),
)


async def book(
    conn: Connection, receipts: Sequence[Receipt], *, by: str, now: datetime
) -> list[Result]:
    """Book each receipt once, and answer what came of each, in order.

    States `receipt.recorded`; collects the holds that a receipt pays for; ends promises that it
    breaks as short. A refused receipt changes nothing and fails no other.
    """
    results: dict[int, Result] = {}
    fit = await _check(conn, receipts, results, now)
    known = await catalog.known(conn, [line.sku for _, one in fit for line in one.lines])
    new = await _sort_out(conn, fit, known, results, now)
    corrected = [one for one in new if one.replaces is not None]
    reversals = await _reversals(conn, corrected)
    balances = await _lock(conn, new, reversals)
    standing = await ledger.post(conn, reversals, balances=balances, now=now)
    balances |= standing
    booked = await _decide(conn, new, balances, results, now)
    await recording.set_aside(conn, [one for one in booked if one.replaces is not None])
    short = await _write(conn, booked, known, balances, by=by, now=now)
    for one in booked:
        results[one.index] = _result(one, known, short)
    return [results[index] for index in range(len(receipts))]


async def _check(
    conn: Connection, receipts: Sequence[Receipt], results: dict[int, Result], now: datetime
) -> list[tuple[int, Receipt]]:
    """Those that can be read; the others get their refusal."""
    clean = [one.location_id for one in receipts if "\x00" not in one.location_id]
    places = await locations.known(conn, clean)
    fit = []
    for index, one in enumerate(receipts):
        why = rules.check(one, now=now)
        if why is not None:
            results[index] = _refused(index, "bad_receipt", why)
        elif one.location_id not in places:
            results[index] = _refused(index, "unknown_location", one.location_id[:100])
        else:
            fit.append((index, one))
    return fit


def _refused(index: int, reason: str, why: str | None = None, **more: object) -> Result:
    return Result(index=index, status="refused", reason=reason, why=why, **more)  # type: ignore[arg-type]  # Result checks its own fields


async def _sort_out(
    conn: Connection,
    fit: Sequence[tuple[int, Receipt]],
    known: frozenset[str],
    results: dict[int, Result],
    now: datetime,
) -> list[New]:
    """The receipts that are new or correct another; the others were told before, or differ."""
    if not fit:
        return []
    await _Q.queue_up.all(conn, keys=[rules.lock_of(one) for _, one in fit])
    standing = await _standing(conn, [one for _, one in fit])
    made_of = await _made_of(conn, fit, known, now)
    new: list[New] = []
    for index, one in fit:
        content = rules.content_hash(one)
        before = standing.get(rules.key_of(one))
        if before is not None and before[1] == content:
            results[index] = Result(
                index=index, status="already", receipt_id=before[0], event_id=before[2] or None
            )
        elif (before[0] if before else None) != one.replaces:
            reason = "receipt_differs" if before else "unknown_receipt"
            results[index] = _refused(index, reason, receipt_id=before[0] if before else None)
        else:
            made = New(
                index=index,
                receipt=one,
                receipt_id=ids.uuid7(),
                content=content,
                moving=rules.moving(
                    one, known, made_of.at(min(one.at, now), (line.sku for line in one.lines))
                ),
                replaces=one.replaces,
            )
            new.append(made)
            standing[rules.key_of(one)] = (made.receipt_id, content, "")
    return new


async def _made_of(
    conn: Connection, fit: Sequence[tuple[int, Receipt]], known: frozenset[str], now: datetime
) -> sets.MadeOf:
    """What sets were made of when these were sold: tills tell late."""
    sold = [min(one.at, now) for _, one in fit]
    return await sets.made_of(conn, known, since=min(sold), until=max(sold))


async def _standing(
    conn: Connection, receipts: Sequence[Receipt]
) -> dict[ReceiptKey, tuple[UUID, UUID, str]]:
    rows = await _Q.standing.all(
        conn,
        location_ids=[one.location_id for one in receipts],
        business_days=[one.business_day for one in receipts],
        registers=[one.register for one in receipts],
        sequences=[one.sequence for one in receipts],
    )
    return {
        (r["location_id"], r["business_day"].isoformat(), r["register"], r["sequence"]): (
            r["receipt_id"],
            r["content_hash"],
            r["event_id"],
        )
        for r in rows
    }


async def _reversals(conn: Connection, corrected: Sequence[New]) -> list[Entry]:
    """Entries that put back what the corrected receipts had moved."""
    if not corrected:
        return []
    rows = await _Q.moved_lines.all(conn, receipt_ids=[one.replaces for one in corrected])
    if not rows:
        return []
    sold = [row["sold_at"] for row in rows]
    skus = [row["sku"] for row in rows]
    made_of = await sets.made_of(conn, skus, since=min(sold), until=max(sold))
    return [
        Entry(
            sku=sku,
            location_id=row["location_id"],
            source=source,
            target=target,
            qty=row[side] * each,
            cause="receipt_corrected",
            cause_id=row["receipt_id"],
        )
        for row in rows
        for sku, each in made_of.at(row["sold_at"], (row["sku"],))
        .get(row["sku"], {row["sku"]: 1})
        .items()
        for side, source, target in _TAKEN_BACK
        if row[side]
    ]


async def _lock(
    conn: Connection, new: Sequence[New], reversals: Sequence[Entry]
) -> dict[Key, Balance]:
    keys = {(sku, one.receipt.location_id) for one in new for sku in one.moving}
    keys |= {(entry.sku, entry.location_id) for entry in reversals}
    await ledger.ensure(conn, keys)
    return await ledger.lock(conn, keys)


async def _decide(
    conn: Connection,
    new: Sequence[New],
    balances: dict[Key, Balance],
    results: dict[int, Result],
    now: datetime,
) -> list[New]:
    """Plan one after the other; refuse what an asking till may not sell. Posts no entry."""
    await _free_what_ran_out(conn, new, balances, now)
    left = await _payable(conn, [one.receipt for one in new if one.moving], now)
    running = dict(balances)
    booked = []
    for one in new:
        mine = [p for p in left if _is_of(p, one.receipt)]
        promises = [promise for p in mine for promise in _promises(p)]
        one.plan = rules.plan(
            one.receipt,
            one.receipt_id,
            moving=one.moving,
            balances=running,
            promises=promises,
        )
        if one.plan.wanting:
            results[one.index] = _refused(
                one.index, "promised_to_another", wanting=one.plan.wanting
            )
            continue
        after = ledger.preview(running, one.plan.entries)
        if any(abs(row.on_hand) > UNITS_MAX for row in after.values()):
            results[one.index] = _refused(one.index, "too_many")
            continue
        left = _without(left, one.plan.paid)
        running |= after
        booked.append(one)
    return booked


async def _free_what_ran_out(
    conn: Connection, new: Sequence[New], balances: dict[Key, Balance], now: datetime
) -> None:
    wanted: dict[Key, int] = {}
    for one in new:
        for sku, (sold, _) in one.moving.items():
            key = (sku, one.receipt.location_id)
            wanted[key] = wanted.get(key, 0) + sold
    tight = {k for k, qty in wanted.items() if balances[k].on_hand < qty and balances[k].held}
    await holds.take_back_due(conn, tight, balances, now)


async def _payable(conn: Connection, receipts: Sequence[Receipt], now: datetime) -> list[Payable]:
    return await holds.payable(
        conn,
        location_ids=sorted({one.location_id for one in receipts}),
        identifier_ids=sorted({number for one in receipts for number in _owners(one)}),
        codes=sorted({one.hold_code for one in receipts if one.hold_code}),
        hold_ids=sorted({one.hold_id for one in receipts if one.hold_id}),
        now=now,
    )


def _owners(receipt: Receipt) -> frozenset[int]:
    own = () if receipt.identifier_id is None else (receipt.identifier_id,)
    return receipt.owner_ids | frozenset(own)


def _is_of(payable: Payable, receipt: Receipt) -> bool:
    hold = payable.hold
    return hold.location_id == receipt.location_id and (
        hold.identifier_id in _owners(receipt)
        or hold.hold_id == receipt.hold_id
        or (receipt.hold_code is not None and hold.code == receipt.hold_code)
    )


def _promises(payable: Payable) -> list[Promise]:
    gone = [(line.sku, line.location_id, line.qty, True) for line in payable.handed_over]
    held = [
        (line.sku, line.location_id, line.qty, False)
        for line in payable.hold.lines
        if line.is_open and payable.hold.is_open
    ]
    return [
        Promise(
            hold_id=payable.hold.hold_id, sku=sku, location_id=place, qty=qty, is_handed_over=over
        )
        for sku, place, qty, over in gone + held
    ]


def _without(left: Sequence[Payable], paid: Sequence[Promise]) -> list[Payable]:
    """What is still to be paid for, after a receipt paid for some lines."""
    done = {(one.hold_id, one.sku, one.location_id) for one in paid}
    if not done:
        return list(left)
    return [
        Payable(
            hold=msgspec.structs.replace(
                p.hold,
                lines=tuple(
                    line
                    for line in p.hold.lines
                    if (p.hold.hold_id, line.sku, line.location_id) not in done
                ),
            ),
            handed_over=tuple(
                line
                for line in p.handed_over
                if (p.hold.hold_id, line.sku, line.location_id) not in done
            ),
        )
        for p in left
    ]


async def _write(
    conn: Connection,
    booked: Sequence[New],
    known: frozenset[str],
    balances: Mapping[Key, Balance],
    *,
    by: str,
    now: datetime,
) -> list[Shortened]:
    if not booked:
        return []
    await recording.record(conn, booked, known, now=now)
    entries = [entry for one in booked for entry in one.plan.entries]
    after = await ledger.post(conn, entries, balances=balances, now=now)
    payments = [
        Payment(hold_id=p.hold_id, sku=p.sku, location_id=p.location_id, receipt_id=one.receipt_id)
        for one in booked
        for p in one.plan.paid
    ]
    await holds.pay(conn, payments, by=by, now=now)
    return await holds.shorten(conn, after, now=now)


def _result(one: New, known: frozenset[str], short: Sequence[Shortened]) -> Result:
    skus = set(one.moving)
    return Result(
        index=one.index,
        status="booked",
        receipt_id=one.receipt_id,
        unknown_skus=tuple(sorted({x.sku for x in one.receipt.lines if x.sku not in known})),
        collected=tuple(sorted({p.hold_id for p in one.plan.paid})),
        short=tuple(s for s in short if s.sku in skus and s.location_id == one.receipt.location_id),
        event_id=one.event_id,
    )
