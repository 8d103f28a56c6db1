"""The receipts of the demo's past, booked as history: their goods left before the first count."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from setten.demo.world import Person, World, counted, moment
from setten.platform.auth.model import SYSTEM
from setten.platform.db import Connection
from setten.platform.vault import Identifier, Vault, normalise
from setten.stock import receipts
from setten.stock.receipts import Receipt, ReceiptLine, Tax, Tender

TAX_RATE = Decimal("0.10")


async def record(conn: Connection, vault: Vault, world: World, *, now: datetime) -> None:
    """Book every receipt of the demo's people, oldest first."""
    cards = {
        person.key: normalise("loyalty_card", person.loyalty_card)
        for person in world.people
        if person.loyalty_card
    }
    numbers = await vault.identify(conn, cards.values())
    told = [
        _receipt(world, person, number, cards, numbers, now)
        for person in world.people
        for number, deed in enumerate(person.deeds)
        if deed[2] == "receipt"
    ]
    told.sort(key=lambda one: one.at)
    results = await receipts.book(conn, told, by=SYSTEM.label, now=now)
    assert all(one.status == "booked" for one in results), results


def _receipt(
    world: World,
    person: Person,
    number: int,
    cards: dict[str, Identifier],
    numbers: dict[Identifier, int],
    now: datetime,
) -> Receipt:
    when, where, _, about = person.deeds[number]
    at = moment(when, now)
    lines = tuple(
        ReceiptLine(
            sku=sku,
            qty=qty,
            amount_minor=world.goods(sku).price_minor * qty,
            tax_rate=TAX_RATE,
        )
        for sku, qty in counted(about)
    )
    total = sum(line.amount_minor for line in lines)
    tax = int(total * TAX_RATE / (1 + TAX_RATE))
    card = cards.get(person.key)
    return Receipt(
        location_id=where,
        register="1",
        sequence=f"{person.key}-{number}",
        business_day=at.date(),
        at=at,
        currency="JPY",
        lines=lines,
        tenders=(Tender("card", total),),
        tax=(Tax(TAX_RATE, tax),),
        identifier_id=numbers[card] if card else None,
        moves_stock=False,
    )
