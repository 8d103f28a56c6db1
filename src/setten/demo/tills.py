"""The receipts of the demo's past, booked as history: their goods left before the first count."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import msgspec

from setten.demo.world import JAPAN, Person, World, counted, moment
from setten.platform.auth.model import SYSTEM
from setten.platform.db import Connection
from setten.platform.vault import Identifier, Vault, normalise
from setten.stock import receipts
from setten.stock.receipts import Receipt, ReceiptLine, Tax, Tender

TAX_RATE = Decimal("0.10")
REGISTER = "03"  # a till of its own beside those of the chain: no number meets another
OPENS, RECEIPTS_AN_HOUR = 10, 3


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
    told = _numbered(sorted(told, key=lambda one: one.at))
    results = await receipts.book(conn, told, by=SYSTEM.label, now=now)
    assert all(one.status == "booked" for one in results), results


def _numbered(told: list[Receipt]) -> list[Receipt]:
    """Each with the number that its till had come to at that time of the day, none given twice."""
    given: set[tuple[str, date, int]] = set()
    found = []
    for one in told:
        at = one.at.astimezone(JAPAN)
        number = max(1, (at.hour - OPENS) * RECEIPTS_AN_HOUR + at.minute // 20)
        while (one.location_id, one.business_day, number) in given:
            number += 1
        given.add((one.location_id, one.business_day, number))
        found.append(msgspec.structs.replace(one, sequence=f"{number:04d}"))
    return found


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
        register=REGISTER,
        sequence="",  # numbered when all are there
        business_day=at.date(),
        at=at,
        currency="JPY",
        lines=lines,
        tenders=(Tender("card", total),),
        tax=(Tax(TAX_RATE, tax),),
        identifier_id=numbers[card] if card else None,
        moves_stock=False,
    )
