"""Finding what was bought, and what came back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec

from setten.platform import db
from setten.platform.db import Connection
from setten.stock import catalog, holds, orders, sets
from setten.stock.orders import Order
from setten.stock.pricing import TaxLine
from setten.stock.returns import pieces, rules, tills
from setten.stock.returns.model import (
    Line,
    Policy,
    Purchase,
    Return,
    Sold,
    Tendered,
    UnknownPurchase,
    UnknownReturn,
)
from setten.stock.returns.pieces import Came, SoldRow

_Q = db.load(str(Path(__file__).with_name("store.py")))
PAGE_MAX = 200
LOOK_BACK = timedelta(days=400)  # receipts are looked for a year back and a month
PURCHASES_MAX = 20  # of one customer at the counter: the rest is found by its number
_decode_tenders = msgspec.json.Decoder(tuple[Tendered, ...]).decode
_decode_taxes = msgspec.json.Decoder(tuple[TaxLine, ...]).decode


async def by_order(conn: Connection, order_id: UUID) -> Purchase:
    """An order as what may come back of it. Raises UnknownPurchase."""
    try:
        order = await orders.get(conn, order_id)
    except orders.UnknownOrder as cause:
        raise UnknownPurchase() from cause
    root = _root(order.system, order.order_ref)
    told = await _Q.sold_for_order.all(conn, system=order.system, order_ref=order.order_ref)
    sold: list[SoldRow] = [
        (one.line_no, one.sku, one.open_qty, _open_amount(one), one.tax_rate) for one in order.lines
    ]
    # What a till took back of the order by itself came back too, if on no line that we know.
    back: list[Came] = [(None, row["sku"], row["back"], 0) for row in told if row["back"]]
    back += await tills.taken_back(
        conn,
        order.identifier_id,
        [one.sku for one in order.lines],
        purchase=order_id,
        bought_at=order.placed_at,
    )
    return Purchase(
        root=root,
        order_id=order.order_id,
        receipt_id=None,
        number=order.order_ref,
        bought_at=order.placed_at,
        location_id=order.location_id,
        identifier_id=order.identifier_id,
        currency=order.currency or "JPY",
        tax_included=order.tax_included,
        lines=await _left(
            conn,
            sold,
            [*back, *await _came_back(conn, root)],
            order.placed_at,
            held=await _not_yet_out(conn, order),
        ),
        order_system=order.system,
        order_ref=order.order_ref,
    )


async def _not_yet_out(conn: Connection, order: Order) -> list[Came]:
    """Units that still lie in a hold of the order: those are cancelled, not returned."""
    held: dict[str, int] = {}
    for hold_id in await orders.holds_of(conn, order.order_id):
        hold = await holds.get(conn, hold_id, now=order.placed_at)
        for one in hold.lines:
            if one.is_open:
                held[one.sku] = held.get(one.sku, 0) + one.qty
    skus = [line.sku for line in order.lines] if held else []
    parts = await sets.made_of_at(conn, skus, order.placed_at)
    # A set is out when all of its parts are.
    of_sets: list[Came] = [
        (None, sku, max(-(-held.get(part, 0) // units) for part, units in made_of.items()), 0)
        for sku, made_of in parts.items()
    ]
    return [(None, sku, qty, 0) for sku, qty in held.items()] + of_sets


def _open_amount(line: orders.Line) -> int:
    """What the units that are still wanted cost; 0 where another system did not say."""
    if line.unit_price_minor is not None:
        return line.unit_price_minor * line.open_qty
    return (line.amount_minor or 0) * line.open_qty // max(1, line.qty)


def _root(system: str, order_ref: str) -> str:
    return f"order:{system}:{order_ref}"


async def _came_back(conn: Connection, root: str) -> list[Came]:
    rows = await _Q.came_back.all(conn, root=root)
    return [(row["sold_line"], row["sku"], row["qty"], row["amount_minor"]) for row in rows]


async def by_receipt(conn: Connection, receipt_id: UUID) -> Purchase:
    """A receipt as what may come back of it; one that pays for an order of ours is that order.

    Raises UnknownPurchase.
    """
    row = await _Q.receipt_by_id.maybe(conn, receipt_id=receipt_id)
    if row is None:
        raise UnknownPurchase()
    order = await _order_of(conn, row)
    if order is not None and order.is_ours:
        return await by_order(conn, order.order_id)
    root = _receipt_root(row)
    rows = await _Q.receipt_lines.all(conn, receipt_id=receipt_id)
    sold = [(r["line_no"], r["sku"], r["qty"], r["amount_minor"], r["tax_rate"]) for r in rows]
    back = await _came_back(conn, root)
    back += await tills.taken_back(
        conn,
        row["identifier_id"],
        [r["sku"] for r in rows if r["qty"] > 0],
        purchase=order.order_id if order else receipt_id,
        bought_at=order.placed_at if order else row["occurred_at"],
    )
    return Purchase(
        root=root,
        order_id=order.order_id if order else None,
        receipt_id=receipt_id,
        number=f"{row['register']}-{row['sequence']}",
        bought_at=row["occurred_at"],
        location_id=row["location_id"],
        identifier_id=row["identifier_id"],
        currency=row["currency"],
        tax_included=row["tax_included"],
        lines=await _left(
            conn, sold, back, row["occurred_at"], bound=await _sold_in_all(conn, row)
        ),
        tenders=_decode_tenders(row["tenders"]),
        order_system=row["order_system"],
        order_ref=row["order_ref"],
    )


async def _left(
    conn: Connection,
    sold: Sequence[SoldRow],
    back: Sequence[Came],
    sold_at: datetime,
    *,
    held: Sequence[Came] = (),
    bound: Mapping[str, int] | None = None,
) -> tuple[Sold, ...]:
    """Lines with what may still come back, of sets with the parts they had when they were sold.
    held: not even out yet."""
    made_of = await sets.made_of_at(conn, [sku for _, sku, _, _, _ in sold], sold_at)
    whole, parts = pieces.of_parts(back, sold, made_of)
    lines = rules.left_of(sold, [*whole, *held], bound=bound)
    if not made_of:
        return lines
    items = await catalog.find_many(conn, list({sku for one in made_of.values() for sku in one}))
    prices = {sku: item.price_minor or 0 for sku, item in items.items()}
    return pieces.with_parts(lines, whole, parts, made_of, prices)


async def _order_of(conn: Connection, receipt: db.Record) -> Order | None:
    if receipt["order_ref"] is None:
        return None
    return await orders.find_by_ref(conn, receipt["order_system"], receipt["order_ref"])


def _receipt_root(receipt: db.Record) -> str:
    if receipt["order_ref"] is not None:
        return _root(receipt["order_system"], receipt["order_ref"])
    day = receipt["business_day"].isoformat()
    place, register, number = receipt["location_id"], receipt["register"], receipt["sequence"]
    # By what is printed on it, so that a corrected receipt is the same purchase.
    return f"receipt:{place}:{day}:{register}:{number}"


async def _sold_in_all(conn: Connection, receipt: db.Record) -> dict[str, int]:
    """Units by sku that tills sold of the receipt's order in all, less what tills took back."""
    if receipt["order_ref"] is None:
        return {}
    rows = await _Q.sold_for_order.all(
        conn, system=receipt["order_system"], order_ref=receipt["order_ref"]
    )
    return {row["sku"]: row["sold"] - row["back"] for row in rows}


async def by_receipt_number(
    conn: Connection,
    *,
    location_id: str,
    register: str,
    sequence: str,
    business_day: date | None,
    now: datetime,
) -> Purchase:
    """By what is printed on the receipt. Raises UnknownPurchase."""
    found = await _Q.receipts_by_number.maybe(
        conn,
        location_id=location_id,
        register=register,
        sequence=sequence,
        business_day=business_day,
        since=(now - LOOK_BACK).date(),
    )
    if found is None:
        raise UnknownPurchase()
    return await by_receipt(conn, found["receipt_id"])


async def by_order_number(conn: Connection, said: str) -> Purchase:
    """By the order number that somebody says, of any system. Raises UnknownPurchase."""
    found = await orders.find_said(conn, said)
    if not found:
        raise UnknownPurchase()
    return await by_order(conn, found[0].order_id)


async def of_customer(
    conn: Connection, identifier_ids: Sequence[int], *, now: datetime
) -> list[Purchase]:
    """The newest purchases of one person of which something may still come back.

    A receipt of one of the orders shown is that order, and not shown twice.
    """
    rows = await _Q.purchases_of.all(
        conn, identifier_ids=list(identifier_ids), since=now - LOOK_BACK, most=PURCHASES_MAX
    )
    found: dict[str, Purchase] = {}
    for row in rows:
        read = by_receipt if row["kind"] == "receipt" else by_order
        one = await read(conn, row["id"])
        before = found.get(one.root)
        # Of another system's order the receipt says what was paid, and how.
        if before is None or (before.receipt_id is None and one.receipt_id is not None):
            found[one.root] = one
    return [one for one in found.values() if any(line.can_return for line in one.lines)]


async def refunded_before(conn: Connection, root: str) -> list[Tendered]:
    """What of a purchase was paid back before, by way of payment."""
    rows = await _Q.refunds_of.all(conn, root=root)
    return [one for row in rows for one in _decode_tenders(row["refunds"])]


async def policy(conn: Connection) -> Policy:
    """The rules of returning, as they stand."""
    return (await policies(conn, most=1))[0]


async def policies(conn: Connection, *, most: int) -> list[Policy]:
    """The rules as they stand, and those before them, newest first."""
    return [Policy(**dict(row)) for row in await _Q.policy.all(conn, most=most)]


def _returned(row: db.Record, lines: Sequence[db.Record]) -> Return:
    values = dict(row) | {
        "tax": _decode_taxes(row["tax"]),
        "refunds": _decode_tenders(row["refunds"]),
    }
    mine = [dict(one) for one in lines if one["return_id"] == row["return_id"]]
    for one in mine:
        del one["return_id"]
    return Return(**values, lines=tuple(Line(**one) for one in mine))


async def get(conn: Connection, return_id: UUID) -> Return:
    """One return with its lines. Raises UnknownReturn."""
    row = await _Q.by_id.maybe(conn, return_id=return_id)
    if row is None:
        raise UnknownReturn(return_id=str(return_id))
    return _returned(row, await _Q.lines_of.all(conn, return_ids=[return_id]))


async def latest_at(
    conn: Connection,
    location_id: str,
    *,
    before: UUID | None = None,
    limit: int = PAGE_MAX,
    oldest_first: bool = False,
) -> list[Return]:
    """Returns taken at a place, newest first, with lines; pages by the last return_id."""
    [last] = (before,) if before else db.end(UUID, largest=not oldest_first)
    rows = await _Q.latest_at.turned(oldest_first).all(
        conn, location_id=location_id, before=last, most=min(limit, PAGE_MAX)
    )
    lines = await _Q.lines_of.all(conn, return_ids=[row["return_id"] for row in rows])
    return [_returned(row, lines) for row in rows]
