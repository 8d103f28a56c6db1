"""Taking goods back: stock, money and what is taken instead, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec

from setten.facts.stock import ReturnRecorded, SoldLine
from setten.platform import db, ids, log
from setten.platform.db import Connection
from setten.platform.errors import Unavailable
from setten.stock import catalog, holds, ledger, locations, orders, payments, pricing, sets
from setten.stock.catalog import Item
from setten.stock.holds import Ask, Placed
from setten.stock.ledger import Account, Entry
from setten.stock.returns import reading, rules
from setten.stock.returns.model import (
    BadReturn,
    Line,
    NewReturn,
    Policy,
    PolicyChanged,
    Purchase,
    Return,
    Taken,
    Tendered,
)

_Q = db.load(str(Path(__file__).with_name("store.py")))
_NUMBER_ROUNDS = 8
_DIGITS = 8
EXCHANGE_TTL_S = 3600  # what is taken instead is paid for at the till in this visit


async def take(conn: Connection, new: NewReturn, *, may_decide: bool, now: datetime) -> Taken:
    """Take goods back: they are in stock (or set aside) at once, the money goes back as it came.

    may_decide: whether who takes them may decide beyond the rules; then `override_reason` says why.
    States `return.recorded`. Raises BadReturn, UnknownPurchase, UnknownLocation, MoreThanSold,
    ReturnTooLate, TooManyReturns, ProofNeeded, MayNotDecide, NotEnoughStock (of what is taken
    instead).
    """
    wrong = rules.check(new)
    if wrong is not None:
        raise wrong
    await locations.get(conn, new.location_id)
    await _take_turns(conn, new)
    if new.purchase is not None:  # as it stands now that nobody else returns of it
        new = msgspec.structs.replace(new, purchase=await _again(conn, new.purchase))
    lines, currency = await _lines(conn, new)
    is_included = new.purchase.tax_included if new.purchase else True
    tax = rules.tax_of(lines, is_included=is_included)
    value = sum(one.amount_minor for one in tax)
    await _judge(conn, new, value, may_decide, now)
    return_id = ids.uuid7()
    price = await _price(conn, new)
    refunds = await _refund(conn, new, max(0, value - price), return_id, now)
    await _lock(conn, new, lines, now)
    placed = await _exchange(conn, new, now)
    await _book(conn, new, return_id, lines, now)
    done = Return(
        return_id=return_id,
        return_no="",
        location_id=new.location_id,
        at=now,
        taken_by=new.by,
        order_id=new.purchase.order_id if new.purchase else None,
        receipt_id=new.purchase.receipt_id if new.purchase else None,
        identifier_id=_whose(new),
        reason=new.reason,
        currency=currency,
        total_minor=value,
        tax=tax,
        refunds=refunds,
        override_reason=new.override_reason,
        exchange_hold_id=placed.hold_id if placed else None,
        exchange_minor=price,
        event_id="",
        lines=tuple(lines),
    )
    return Taken(done=await _write(conn, new, done, now), exchange=placed)


def _whose(new: NewReturn) -> int | None:
    """Who bought it; else who brings it."""
    bought_by = new.purchase.identifier_id if new.purchase else None
    return new.identifier_id if bought_by is None else bought_by


async def _take_turns(conn: Connection, new: NewReturn) -> None:
    names = [new.purchase.root] if new.purchase else []
    owners = new.owner_ids | ({new.identifier_id} if new.identifier_id else frozenset())
    names += [f"of {min(owners)}"] if owners else []
    await _Q.queue_up.all(conn, keys=[rules.lock_key(one) for one in names])


async def _again(conn: Connection, purchase: Purchase) -> Purchase:
    if purchase.order_id is not None:
        await orders.lock(conn, purchase.order_id)  # against a cancellation at the same moment
    if purchase.receipt_id is not None:
        return await reading.by_receipt(conn, purchase.receipt_id)
    assert purchase.order_id is not None
    return await reading.by_order(conn, purchase.order_id)


async def _lines(conn: Connection, new: NewReturn) -> tuple[list[Line], str]:
    """The lines with their money, and its currency."""
    if new.purchase is not None:
        return rules.lines_of(new, new.purchase), new.purchase.currency
    # Without proof the price of today is all that can be known.
    items = await catalog.find_many(conn, [one.sku or "" for one in new.lines])
    found = []
    for number, back in enumerate(new.lines, start=1):
        item = items.get(back.sku or "")
        if item is None or item.price_minor is None:
            raise BadReturn(why="unknown_item")
        found.append(
            Line(line_no=number, sold_line=None, sku=item.sku, qty=back.qty,
                 condition=back.condition, amount_minor=_today(item) * back.qty,
                 tax_rate=item.tax_rate)
        )  # fmt: skip
    currencies = {items[one.sku].currency or "JPY" for one in found}
    if len(currencies) > 1:
        raise BadReturn(why="currencies")
    return found, currencies.pop()


def _today(item: Item) -> int:
    rate = item.tax_rate or pricing.STANDARD_RATE
    return pricing.with_tax(item.price_minor or 0, rate, is_included=item.tax_included)


async def _judge(
    conn: Connection, new: NewReturn, value: int, may_decide: bool, now: datetime
) -> None:
    rule = await reading.policy(conn)
    broken = rules.refusal(
        new, rule, value_minor=value, returns_before=await _before(conn, new, rule, now), now=now
    )
    rules.judge(new, broken, may_decide=may_decide)


async def _before(conn: Connection, new: NewReturn, rule: Policy, now: datetime) -> int:
    whose = _whose(new)
    owners = new.owner_ids | ({whose} if whose is not None else frozenset())
    if not owners:
        return 0
    count: int = await _Q.count_of_customer.value(
        conn, identifier_ids=sorted(owners), since=now - timedelta(days=rule.per_customer_days)
    )
    return count


async def _price(conn: Connection, new: NewReturn) -> int:
    """What the goods taken instead cost today, minor units."""
    items = await catalog.find_many(conn, [line.sku for line in new.exchange])
    price = 0
    for line in new.exchange:
        item = items.get(line.sku)
        if item is None or item.price_minor is None:
            raise BadReturn(why="unknown_item")
        price += line.qty * _today(item)
    return price


async def _lock(conn: Connection, new: NewReturn, lines: Sequence[Line], now: datetime) -> None:
    """All rows of stock at once, in the one order: what comes back, and what is taken instead."""
    pieces = await _pieces(conn, new, lines, now)
    keys = {(sku, new.location_id) for parts in pieces.values() for sku in parts}
    await ledger.ensure(conn, keys)
    instead = sets.exploded(
        new.exchange, await sets.parts_of(conn, [one.sku for one in new.exchange])
    )
    await ledger.lock(conn, keys | {(one.sku, one.location_id) for one in instead})


async def _pieces(
    conn: Connection, new: NewReturn, lines: Sequence[Line], now: datetime
) -> dict[str, Mapping[str, int]]:
    """What one unit of each sku is made of, units by sku: itself, or the parts that the set had
    when it was sold; without proof, those of today."""
    known = await catalog.known(conn, [one.sku for one in lines])
    parts = await sets.made_of_at(conn, known, new.purchase.bought_at if new.purchase else now)
    return {sku: parts.get(sku, {sku: 1}) for sku in known}


async def _exchange(conn: Connection, new: NewReturn, now: datetime) -> Placed | None:
    """Hold what is taken instead: its code is told to the till, which sells it."""
    if not new.exchange:
        return None
    ask = Ask(
        lines=new.exchange,
        by=new.by,
        ttl_s=EXCHANGE_TTL_S,
        purpose="exchange",
        channel=new.channel,
        identifier_id=_whose(new),
    )
    return await holds.place(conn, ask, now=now)


async def _refund(
    conn: Connection, new: NewReturn, amount: int, return_id: UUID, now: datetime
) -> tuple[Tendered, ...]:
    """Give money back the way it came. Of an order never more than was paid for it."""
    purchase = new.purchase
    if amount == 0:
        return ()
    if purchase is None:
        return (Tendered(rules.CREDIT, amount),)
    if purchase.receipt_id is None and purchase.order_id is not None:
        return await _refund_order(conn, new, purchase.order_id, amount, return_id, now)
    before = await reading.refunded_before(conn, purchase.root)
    return rules.refunds(purchase.tenders, before, amount)


async def _refund_order(
    conn: Connection, new: NewReturn, order_id: UUID, amount: int, return_id: UUID, now: datetime
) -> tuple[Tendered, ...]:
    paid = await payments.lock_of_order(conn, order_id)
    amount = min(amount, sum(one.kept_minor for one in paid))
    if amount == 0:
        return ()
    before = {one.payment_id: one.refunded_minor for one in paid}
    reference = f"return {return_id}"
    ways: dict[str, int] = {}
    for step in await payments.refund(
        conn, order_id, amount, by=new.by, now=now, reference=reference
    ):
        part = step.payment.refunded_minor - before[step.payment.payment_id]
        ways[step.payment.method] = ways.get(step.payment.method, 0) + part
    return tuple(Tendered(kind, part) for kind, part in sorted(ways.items()))


async def _book(
    conn: Connection, new: NewReturn, return_id: UUID, lines: Sequence[Line], now: datetime
) -> None:
    """Units to where their condition sends them: of a set, its parts. Goods that we do not know
    move no stock."""
    pieces = await _pieces(conn, new, lines, now)
    entries = [
        Entry(
            sku=sku,
            location_id=new.location_id,
            source=Account.returned,
            target=rules.TARGETS[one.condition],
            qty=one.qty * units,
            cause="return",
            cause_id=return_id,
        )
        for one in lines
        for sku, units in pieces.get(one.sku, {}).items()
    ]
    keys = {(one.sku, one.location_id) for one in entries}
    await ledger.post(conn, entries, balances=await ledger.lock(conn, keys), now=now)


async def _write(conn: Connection, new: NewReturn, done: Return, now: datetime) -> Return:
    entry = _fact(new, done, now)
    done = msgspec.structs.replace(done, event_id=entry.event_id)
    numbered = await _insert(conn, new, done, now)
    # The number is drawn while it is written; the fact carries the id, which stood before.
    await log.state_all(conn, [entry])
    return numbered


def _fact(new: NewReturn, done: Return, now: datetime) -> log.Entry:
    whose = done.identifier_id
    return log.entry_for(
        ReturnRecorded(
            return_id=done.return_id,
            location_id=done.location_id,
            lines=tuple(SoldLine(x.sku, -x.qty, -x.amount_minor) for x in done.lines),
            conditions=tuple(x.condition for x in done.lines),
            total_minor=-done.total_minor,
            currency=done.currency,
            refunded_minor=sum(one.amount_minor for one in done.refunds),
            reason=done.reason,
            order_system=new.purchase.order_system if new.purchase else None,
            order_ref=new.purchase.order_ref if new.purchase else None,
            receipt_id=done.receipt_id,
            exchange_hold_id=done.exchange_hold_id,
        ),
        at=now,
        identifiers=() if whose is None else (whose,),
        channel=new.channel,
        location_id=done.location_id,
    )


async def _insert(conn: Connection, new: NewReturn, done: Return, now: datetime) -> Return:
    for _ in range(_NUMBER_ROUNDS):
        digits = ids.code(_DIGITS)
        number = f"R{digits}{ids.check_digit(digits)}"
        written = await _Q.insert.maybe(
            conn,
            return_id=done.return_id,
            return_no=number,
            location_id=done.location_id,
            now=now,
            by=done.taken_by,
            root=new.purchase.root if new.purchase else None,
            order_id=done.order_id,
            receipt_id=done.receipt_id,
            identifier_id=done.identifier_id,
            reason=done.reason,
            currency=done.currency,
            total=done.total_minor,
            tax=msgspec.json.encode(done.tax).decode(),
            refunds=msgspec.json.encode(done.refunds).decode(),
            override_reason=done.override_reason,
            exchange_hold_id=done.exchange_hold_id,
            exchange_minor=done.exchange_minor,
            event_id=done.event_id,
        )
        if written is not None:
            await _insert_lines(conn, new, done)
            return msgspec.structs.replace(done, return_no=number)
    raise Unavailable()


async def _insert_lines(conn: Connection, new: NewReturn, done: Return) -> None:
    await _Q.insert_lines.run(
        conn,
        return_id=done.return_id,
        root=new.purchase.root if new.purchase else None,
        line_nos=[one.line_no for one in done.lines],
        sold_lines=[one.sold_line for one in done.lines],
        skus=[one.sku for one in done.lines],
        qtys=[one.qty for one in done.lines],
        conditions=[one.condition for one in done.lines],
        amounts=[one.amount_minor for one in done.lines],
        tax_rates=[one.tax_rate for one in done.lines],
    )


async def set_policy(conn: Connection, policy: Policy, *, by: str, now: datetime) -> Policy:
    """Make these the rules of returning from now on. Raises BadPolicy, PolicyChanged.

    A policy with a version is made from the one that had it, and is refused when another came.
    """
    wrong = rules.check_policy(policy)
    if wrong is not None:
        raise wrong
    await _Q.lock_policy.value(conn)
    if policy.version and (await reading.policy(conn)).version != policy.version:
        raise PolicyChanged()
    await _Q.set_policy.run(
        conn,
        days=policy.days,
        per_customer_max=policy.per_customer_max,
        per_customer_days=policy.per_customer_days,
        unproven_max_minor=policy.unproven_max_minor,
        by=by,
        now=now,
        reason=policy.reason,
    )
    return await reading.policy(conn)
