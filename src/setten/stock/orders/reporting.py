"""What outsiders tell of orders, read from the log.

A report of a system of record becomes an order, once; every other telling is evidence beside it.
A report that names an order of ours is evidence too, whoever tells it; and a till's receipt that
names one pays for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import msgspec

from setten.facts.commerce import OrderReported
from setten.facts.stock import OrderPlaced, ReceiptRecorded, SoldLine
from setten.platform import clock, db, ids, log
from setten.platform.db import Connection
from setten.platform.log import Reader, Row
from setten.stock import payments
from setten.stock.orders.model import LINES_MAX, OURS, Evidence

_Q = db.load(str(Path(__file__).with_name("store.py")))
READER = "orders"
_QTY_MAX = 1_000_000
_order_body = msgspec.json.Decoder(OrderReported).decode
_receipt_body = msgspec.json.Decoder(ReceiptRecorded).decode


class _New(msgspec.Struct, frozen=True):
    """A report that may become an order."""

    row: Row
    body: OrderReported
    order_id: UUID
    entry: log.Entry


def readers() -> list[Reader]:
    """The reader that makes orders out of reports."""
    names = frozenset({OrderReported.event_name, ReceiptRecorded.event_name})
    return [Reader(READER, _read, names=names)]


async def _read(conn: Connection, rows: Sequence[Row]) -> None:
    records: dict[tuple[str, str], _New] = {}
    evidence: list[Evidence] = []
    paid: list[tuple[Row, ReceiptRecorded]] = []
    told: list[tuple[Row, OrderReported]] = []
    for row in rows:
        if row.name == ReceiptRecorded.event_name:
            receipt = _receipt_body(row.body)
            evidence += _of_receipt(row, receipt)
            if receipt.order_system == OURS:
                paid.append((row, receipt))
        else:
            told.append((row, _order_body(row.body)))
    own = await _own(conn, [body.order_id for _, body in told])
    for row, body in told:
        key = (body.system, body.order_id)
        is_new = body.is_record and body.action == "placed" and body.order_id not in own
        if is_new and key not in records:
            records[key] = _new(row, body)
        else:
            evidence.append(_telling(row, body.system, body.order_id, body.action))
    repeated = await _place(conn, list(records.values()))
    evidence += [_telling(n.row, n.body.system, n.body.order_id, "placed") for n in repeated]
    await _keep_evidence(conn, evidence)
    await _pay(conn, paid)


async def _own(conn: Connection, order_refs: Sequence[str]) -> dict[str, UUID]:
    """Which of these numbers are orders of ours."""
    if not order_refs:
        return {}
    rows = await _Q.own_numbers.all(conn, order_refs=sorted(set(order_refs)))
    return {row["order_ref"]: row["order_id"] for row in rows}


async def _pay(conn: Connection, paid: Sequence[tuple[Row, ReceiptRecorded]]) -> None:
    """A till took money for orders of ours."""
    own = await _own(conn, [receipt.order_ref or "" for _, receipt in paid])
    for row, receipt in paid:
        order_id = own.get(receipt.order_ref or "")
        if order_id is not None:
            await payments.settle_by_receipt(
                conn,
                order_id,
                receipt_id=receipt.receipt_id,
                replaces=receipt.replaces,
                amount_minor=receipt.total_minor,
                currency=receipt.currency,
                now=row.received_at,
            )


def _of_receipt(row: Row, body: ReceiptRecorded) -> list[Evidence]:
    if body.order_ref is None:
        return []
    return [_telling(row, body.order_system, body.order_ref, "receipt")]


def _telling(row: Row, system: str | None, order_ref: str, kind: str) -> Evidence:
    return Evidence(
        event_id=row.event_id,
        system=system,
        order_ref=order_ref,
        kind=kind,
        channel=row.channel,
        occurred_at=row.occurred_at,
    )


def _new(row: Row, body: OrderReported) -> _New:
    order_id = ids.uuid7()
    fact = OrderPlaced(
        order_id=order_id,
        system=body.system,
        order_ref=body.order_id,
        lines=_lines(body),
        total_minor=body.total_minor,
        currency=body.currency,
    )
    entry = log.entry_for(
        fact,
        at=row.occurred_at,
        identifiers=row.identifiers,
        channel=row.channel,
        location_id=row.location_id,
    )
    # Placed then, stated now: readers go by arrival.
    return _New(row, body, order_id, msgspec.structs.replace(entry, received_at=clock.now()))


def _lines(body: OrderReported) -> tuple[SoldLine, ...]:
    """Lines as told; a product without a sku goes by its product id."""
    found = []
    for item in body.items[:LINES_MAX]:
        name = item.sku or item.product_id
        qty = 1 if item.quantity is None else item.quantity
        if name and 0 < qty <= _QTY_MAX:
            amount = None if item.price_minor is None else item.price_minor * qty
            found.append(SoldLine(name, qty, amount))
    return tuple(found)


async def _place(conn: Connection, new: Sequence[_New]) -> list[_New]:
    """Keep and state those that are orders for the first time; answer the others."""
    if not new:
        return []
    rows = await _Q.insert.all(
        conn,
        order_ids=[n.order_id for n in new],
        systems=[n.body.system for n in new],
        order_refs=[n.body.order_id for n in new],
        identifier_ids=[n.row.identifiers[0] if n.row.identifiers else None for n in new],
        channels=[n.row.channel for n in new],
        totals=[n.body.total_minor for n in new],
        currencies=[n.body.currency for n in new],
        placed_ats=[n.row.occurred_at for n in new],
        event_ids=[n.entry.event_id for n in new],
    )
    first = {row["order_id"] for row in rows}
    placed = [n for n in new if n.order_id in first]
    lines = [
        (n.order_id, number, line)
        for n in placed
        for number, line in enumerate(_lines(n.body), start=1)
    ]
    await _Q.insert_lines.run(
        conn,
        order_ids=[order_id for order_id, _, _ in lines],
        line_nos=[number for _, number, _ in lines],
        skus=[line.sku for _, _, line in lines],
        qtys=[line.qty for _, _, line in lines],
        amounts=[line.amount_minor for _, _, line in lines],
    )
    await log.state_all(conn, [n.entry for n in placed])
    return [n for n in new if n.order_id not in first]


async def _keep_evidence(conn: Connection, evidence: Sequence[Evidence]) -> None:
    if evidence:
        await _Q.insert_evidence.run(
            conn,
            event_ids=[e.event_id for e in evidence],
            systems=[e.system for e in evidence],
            order_refs=[e.order_ref for e in evidence],
            kinds=[e.kind for e in evidence],
            channels=[e.channel for e in evidence],
            occurred_ats=[e.occurred_at for e in evidence],
        )
