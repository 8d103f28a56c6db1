"""Receipts as rows and as facts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec

from setten.facts.stock import ReceiptRecorded, SoldLine
from setten.platform import db, log
from setten.platform.db import Connection
from setten.stock.receipts.model import Receipt
from setten.stock.receipts.rules import Plan, paid_back_by, taken_back

_Q = db.load(str(Path(__file__).with_name("store.py")))


class New(msgspec.Struct, kw_only=True):
    """A receipt that is to be booked."""

    index: int
    receipt: Receipt
    receipt_id: UUID
    content: UUID
    moving: dict[str, tuple[int, int]]
    replaces: UUID | None
    plan: Plan = Plan()
    event_id: str = ""


async def set_aside(conn: Connection, corrected: Sequence[New]) -> None:
    """Let corrected receipts step aside: their keys are free, their money no longer counts."""
    if corrected:
        old = [one.replaces for one in corrected]
        await _Q.take_totals.run(conn, receipt_ids=old)
        await _Q.take_sales.run(conn, receipt_ids=old)
        await _Q.void_taken_back.run(conn, receipt_ids=old)
        await _Q.replace.run(
            conn, receipt_ids=old, replaced_bys=[one.receipt_id for one in corrected]
        )


async def record(
    conn: Connection, booked: Sequence[New], known: frozenset[str], *, now: datetime
) -> None:
    """Keep receipts with their lines and sums, and state `receipt.recorded` for each."""
    facts = [_fact(one, now) for one in booked]
    for one, fact in zip(booked, facts, strict=True):
        one.event_id = fact.event_id
    await _insert(conn, booked, known, now)
    await _note_taken_back(conn, booked, now)
    await log.state_all(conn, facts)


def _fact(one: New, now: datetime) -> log.Entry:
    receipt = one.receipt
    entry = log.entry_for(
        ReceiptRecorded(
            receipt_id=one.receipt_id,
            location_id=receipt.location_id,
            register=receipt.register,
            sequence=receipt.sequence,
            business_day=receipt.business_day,
            lines=tuple(SoldLine(x.sku, x.qty, x.amount_minor) for x in receipt.lines),
            total_minor=receipt.total_minor,
            currency=receipt.currency,
            order_system=receipt.order_system,
            order_ref=receipt.order_ref,
            replaces=one.replaces,
        ),
        at=receipt.at,
        identifiers=() if receipt.identifier_id is None else (receipt.identifier_id,),
        channel=receipt.channel,
        location_id=receipt.location_id,
    )
    # Sold then, told now: readers go by arrival.
    return msgspec.structs.replace(entry, received_at=now)


async def _insert(
    conn: Connection, booked: Sequence[New], known: frozenset[str], now: datetime
) -> None:
    rows = [one.receipt for one in booked]
    receipt_ids = [one.receipt_id for one in booked]
    await _Q.insert.run(
        conn,
        now=now,
        receipt_ids=receipt_ids,
        location_ids=[r.location_id for r in rows],
        registers=[r.register for r in rows],
        sequences=[r.sequence for r in rows],
        business_days=[r.business_day for r in rows],
        occurred_ats=[r.at for r in rows],
        modes=[r.mode for r in rows],
        channels=[r.channel for r in rows],
        identifier_ids=[r.identifier_id for r in rows],
        totals=[r.total_minor for r in rows],
        currencies=[r.currency for r in rows],
        tax_includeds=[r.tax_included for r in rows],
        line_counts=[len(r.lines) for r in rows],
        tenders=[msgspec.json.encode(r.tenders).decode() for r in rows],
        taxes=[msgspec.json.encode(r.tax).decode() for r in rows],
        coupons=[_array(r.coupons) for r in rows],
        order_systems=[r.order_system for r in rows],
        order_refs=[r.order_ref for r in rows],
        content_hashes=[one.content for one in booked],
        moved_stocks=[r.moves_stock for r in rows],
        event_ids=[one.event_id for one in booked],
    )
    lines = [
        (one.receipt_id, number, line)
        for one in booked
        for number, line in enumerate(one.receipt.lines)
    ]
    await _Q.insert_lines.run(
        conn,
        receipt_ids=[receipt_id for receipt_id, _, _ in lines],
        line_nos=[number for _, number, _ in lines],
        skus=[line.sku for _, _, line in lines],
        qtys=[line.qty for _, _, line in lines],
        amounts=[line.amount_minor for _, _, line in lines],
        discounts=[line.discount_minor for _, _, line in lines],
        coupons=[line.coupon_minor for _, _, line in lines],
        tax_rates=[line.tax_rate for _, _, line in lines],
        unknowns=[line.sku not in known for _, _, line in lines],
    )
    await _Q.add_totals.run(conn, receipt_ids=receipt_ids)
    await _Q.add_sales.run(conn, receipt_ids=receipt_ids)


async def _note_taken_back(conn: Connection, booked: Sequence[New], now: datetime) -> None:
    """What came back at a till, to be looked at: of which purchase was it?"""
    rows = [
        (one, sku, qty, amount)
        for one in booked
        for sku, (qty, amount) in taken_back(one.receipt).items()
    ]
    if not rows:
        return
    said = [one.receipt.returned_from for one, _, _, _ in rows]
    await _Q.note_taken_back.run(
        conn,
        now=now,
        receipt_ids=[one.receipt_id for one, _, _, _ in rows],
        skus=[sku for _, sku, _, _ in rows],
        location_ids=[one.receipt.location_id for one, _, _, _ in rows],
        ats=[one.receipt.at for one, _, _, _ in rows],
        qtys=[qty for _, _, qty, _ in rows],
        amounts=[amount for _, _, _, amount in rows],
        currencies=[one.receipt.currency for one, _, _, _ in rows],
        tenders=[paid_back_by(one.receipt) for one, _, _, _ in rows],
        said_locations=[one.location_id if one else None for one in said],
        said_registers=[one.register if one else None for one in said],
        said_sequences=[one.sequence if one else None for one in said],
        said_days=[one.business_day if one else None for one in said],
    )


def _array(texts: Sequence[str]) -> str:
    """A PostgreSQL array literal; arrays of arrays must be of one length there."""
    quoted = ('"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' for text in texts)
    return "{" + ",".join(quoted) + "}"
