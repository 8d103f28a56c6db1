"""What tills took in the chain, as receipts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal

from setten.demo.chain import Deed, Kind
from setten.platform.auth.model import SYSTEM
from setten.platform.db import Connection
from setten.stock import receipts, returns
from setten.stock.receipts import Printed, Receipt, ReceiptLine, Tax, Tender

PRINTED = frozenset({Kind.sale, Kind.till_refund})
TAX_PERCENT = 10
TAX_RATE = Decimal("0.10")
_REPORTED = timedelta(seconds=47)  # after the last receipt of those told together


async def sell(
    conn: Connection, deeds: Sequence[Deed], card_of: Callable[[Deed], int | None]
) -> None:
    """Book receipts together, at a moment after the last of them."""
    if not deeds:
        return
    told = [receipt_of(deed, card_of(deed)) for deed in deeds]
    results = await receipts.book(conn, told, by=SYSTEM.label, now=deeds[-1].at + _REPORTED)
    assert all(one.status != "refused" for one in results), results


def receipt_of(deed: Deed, card: int | None) -> Receipt:
    """What a till printed, as its receipt; what came back may name the one it was bought on."""
    total = sum(line.amount for line in deed.lines)
    return Receipt(
        location_id=deed.place,
        register=deed.register,
        sequence=str(deed.said["sequence"]),
        business_day=deed.at.date(),
        at=deed.at,
        currency="JPY",
        lines=tuple(
            ReceiptLine(
                sku=line.sku, qty=line.qty, amount_minor=line.amount,
                discount_minor=line.discount, coupon_minor=line.coupon, tax_rate=TAX_RATE,
            )
            for line in deed.lines
        ),
        tenders=tuple(Tender(kind, amount) for kind, amount in paid(deed)),
        tax=(Tax(TAX_RATE, tax_in(total)),),
        coupons=(deed.coupon,) if deed.coupon else (),
        identifier_id=card,
        returned_from=_named(deed),
    )  # fmt: skip


def paid(deed: Deed) -> list[tuple[str, int]]:
    """How it was paid: points first, where some were used, and the rest."""
    total = sum(line.amount for line in deed.lines)
    points = [("points", deed.points)] if deed.points else []
    return [*points, (deed.tender, total - deed.points)]


def _named(deed: Deed) -> Printed | None:
    named = deed.said.get("named")
    if not isinstance(named, dict):
        return None
    return Printed(
        location_id=deed.place, register=named["register"], sequence=named["sequence"],
        business_day=date.fromisoformat(named["day"]),
    )  # fmt: skip


def tax_in(total: int) -> int:
    """The tax within a sum in yen, cut to whole yen; of money given back it is below zero."""
    tax = abs(total) * TAX_PERCENT // (100 + TAX_PERCENT)
    return tax if total >= 0 else -tax


async def take_back(conn: Connection, deed: Deed) -> None:
    """Take one unit back at the desk, found by the number on its receipt."""
    purchase = await returns.by_receipt_number(
        conn,
        location_id=deed.place,
        register=str(deed.said["register"]),
        sequence=str(deed.said["sequence"]),
        business_day=date.fromisoformat(str(deed.said["day"])),
        now=deed.at,
    )
    line_no = next(
        (one.line_no for one in purchase.lines if one.sku == deed.lines[0].sku and one.can_return),
        None,
    )
    if line_no is None:  # told before
        return
    back = returns.Back(qty=1, condition=str(deed.said["condition"]), line_no=line_no)
    new = returns.NewReturn(
        location_id=deed.place, lines=(back,), reason=deed.cause, by=SYSTEM.label,
        purchase=purchase,
    )  # fmt: skip
    await returns.take(conn, new, may_decide=False, now=deed.at)
