"""What tills took in the chain, as receipts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal

from setten.demo.chain import Deed, Kind
from setten.platform.auth.model import SYSTEM
from setten.platform.db import Connection
from setten.stock import receipts
from setten.stock.receipts import Receipt, ReceiptLine, Tax, Tender

TAX_PERCENT = 10
TAX_RATE = Decimal("0.10")
KINDS = frozenset({Kind.sale, Kind.refund})
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
    """A sale, or goods that came back, on a receipt."""
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
                discount_minor=line.discount, tax_rate=TAX_RATE,
            )
            for line in deed.lines
        ),
        tenders=(Tender(deed.tender, total),),
        tax=(Tax(TAX_RATE, tax_in(total)),),
        identifier_id=card,
    )  # fmt: skip


def tax_in(total: int) -> int:
    """The tax within a sum in yen, rounded towards zero."""
    part = abs(total) * TAX_PERCENT // (100 + TAX_PERCENT)
    return part if total >= 0 else -part
