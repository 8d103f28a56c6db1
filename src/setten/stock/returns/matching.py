"""Of which purchase a till took something back: said by the till, the only one that fits, or
decided by a person. Known, it cannot come back again over any counter, and her sums fall.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from setten.facts.stock import ReturnMatched, SoldLine
from setten.platform import clock, db, ids, log, vault
from setten.platform.db import Connection, Pool
from setten.stock import sets
from setten.stock.returns import reading, rules
from setten.stock.returns.model import (
    TEXT_LENGTH_MAX,
    BadReturn,
    NotThatPurchase,
    Purchase,
    TillReturn,
    UnknownPurchase,
    UnknownTillReturn,
)

_Q = db.load(str(Path(__file__).with_name("matching.py")))
_S = db.load(str(Path(__file__).with_name("store.py")))
PAGE_MAX = 100
COUNTED_MAX = 100  # a page says "99+" of more
LOOKED_AT_ONCE = 100  # a transaction: each reads a handful of purchases
# Sold more often in the time for returning than this, and "the only one that fits" is chance.
OFTEN = 20
CANDIDATES_MAX = 10  # shown to a person, and weighed
# The purchase may come later than its return: tills that were offline tell in the evening, a shop's
# line may be down over a week-end.
LOOK_AGAIN = timedelta(hours=6)
LOOK_FOR = timedelta(days=4)
_SYSTEM = "system:setten"


async def look_all(pool: Pool) -> None:
    """Look for the purchases of all that is due. For a job."""
    looked = LOOKED_AT_ONCE
    while looked == LOOKED_AT_ONCE:
        async with db.transaction(pool) as conn:
            looked = await look(conn, now=clock.now())


async def look(conn: Connection, *, now: datetime, most: int = LOOKED_AT_ONCE) -> int:
    """Look for the purchases of some of what tills took back; how many were looked at.

    States `return.matched` where the purchase was a customer's.
    """
    due = await _Q.due.all(conn, now=now, most=min(most, LOOKED_AT_ONCE))
    for row in due:
        back = await _locked(conn, row["receipt_id"], row["sku"])
        if back.state == "void":
            await _take_back(conn, back, now)
        elif back.state == "open":
            await _look_at(conn, back, now)
    return len(due)


async def _locked(conn: Connection, receipt_id: UUID, sku: str) -> TillReturn:
    row = await _Q.locked.maybe(conn, receipt_id=receipt_id, sku=sku)
    if row is None:
        raise UnknownTillReturn()
    return TillReturn(**dict(row))


async def _look_at(conn: Connection, back: TillReturn, now: datetime) -> None:
    found = await _by_number(conn, back) if back.said_sequence else await _only_one(conn, back)
    if isinstance(found, Purchase):
        how = "said" if back.said_sequence else "only_one"
        try:
            await _match(conn, back, found, how=how, by=_SYSTEM, note=None, now=now)
            return
        except NotThatPurchase as refusal:  # somebody else was faster
            found = str(refusal.facts["why"])
    again = now + LOOK_AGAIN if now - back.at < LOOK_FOR else None
    await _Q.set_waiting.run(
        conn, receipt_id=back.receipt_id, sku=back.sku, why=found, look_at=again
    )


async def _by_number(conn: Connection, back: TillReturn) -> Purchase | str:
    """The purchase of the receipt that the till named, or why it is not that."""
    try:
        found = await reading.by_receipt_number(
            conn,
            location_id=back.said_location or "",
            register=back.said_register or "",
            sequence=back.said_sequence or "",
            business_day=back.said_day,
            now=back.at,
        )
    except UnknownPurchase:
        return "said_unknown"
    return rules.wrong_purchase(back, found) or found


async def _only_one(conn: Connection, back: TillReturn) -> Purchase | str:
    found = await candidates(conn, back)
    return "often" if found is None else rules.only_one(back, found)


async def candidates(conn: Connection, back: TillReturn) -> list[Purchase] | None:
    """Purchases of the same shop that it may have been of, newest first, within the days in which
    goods may come back and at the price given back, or with a set that has it, at any price; None
    where it is sold too often to tell."""
    policy = await reading.policy(conn)
    last = back.at.date() + timedelta(days=1)  # business days end after midnight
    days = [last - timedelta(days=n) for n in range(policy.days + 2)]
    made_of = (await sets.made_of_at(conn, [back.sku], back.at)).get(back.sku)
    within = await sets.that_had(conn, [back.sku])
    rows = await _Q.days_sold.all(
        conn,
        days=days,
        location_id=back.location_id,
        sku=min(made_of) if made_of else back.sku,  # of a set, sums by day are kept by its parts
    )
    if sum(row["sold"] for row in rows) > OFTEN:
        return None
    return await _that_fit(conn, back, [row["day"] for row in rows], sorted(within))


async def _that_fit(
    conn: Connection, back: TillReturn, days: Sequence[date], within: Sequence[str]
) -> list[Purchase]:
    rows = await _Q.receipts_that_fit.all(
        conn,
        days=list(days),
        location_id=back.location_id,
        sku=back.sku,
        qty=back.qty,
        amount=back.amount_minor,
        set_skus=list(within),
        at=back.at,
        most=CANDIDATES_MAX,
    )
    found: dict[str, Purchase] = {}
    for row in rows:
        one = await reading.by_receipt(conn, row["receipt_id"])
        found.setdefault(one.root, one)
    return list(found.values())


async def match(
    conn: Connection,
    receipt_id: UUID,
    sku: str,
    purchase: Purchase,
    *,
    by: str,
    note: str | None = None,
    now: datetime,
) -> TillReturn:
    """A person says of which purchase it was.

    Raises UnknownTillReturn, NotThatPurchase, BadReturn.
    """
    back = await _locked(conn, receipt_id, sku)
    if back.state != "open":
        raise UnknownTillReturn()
    await _match(conn, back, purchase, how="person", by=by, note=_note(note), now=now)
    return await get(conn, receipt_id, sku)


async def _match(
    conn: Connection,
    back: TillReturn,
    purchase: Purchase,
    *,
    how: str,
    by: str,
    note: str | None,
    now: datetime,
) -> None:
    """Take turns with returns of the same purchase, look again, write. Raises NotThatPurchase."""
    await _S.queue_up.all(conn, keys=[rules.lock_key(purchase.root)])
    if purchase.receipt_id is not None:
        purchase = await reading.by_receipt(conn, purchase.receipt_id)
    elif purchase.order_id is not None:
        purchase = await reading.by_order(conn, purchase.order_id)
    why = rules.wrong_purchase(back, purchase)
    if why is not None:
        raise NotThatPurchase(why=why)
    await _Q.set_matched.run(
        conn,
        receipt_id=back.receipt_id,
        sku=back.sku,
        root=purchase.root,
        purchase_id=purchase.order_id or purchase.receipt_id,
        identifier_id=purchase.identifier_id,
        how=how,
        by=by,
        note=note,
        now=now,
    )
    if purchase.identifier_id is not None:
        await log.state_all(conn, [_fact(back, purchase.identifier_id, how, 1, now)])


async def _take_back(conn: Connection, back: TillReturn, now: datetime) -> None:
    """The till corrected its receipt after we had told: her sums rise again by as much."""
    if back.identifier_id is not None:
        entry = _fact(back, back.identifier_id, back.how or "said", -1, now)
        await log.state_all(conn, [entry])
    await _Q.set_waiting.run(conn, receipt_id=back.receipt_id, sku=back.sku, why=None, look_at=None)


def _fact(back: TillReturn, buyer: int, how: str, sign: int, now: datetime) -> log.Entry:
    return log.entry_for(
        ReturnMatched(
            return_id=ids.uuid7(),
            receipt_id=back.receipt_id,
            location_id=back.location_id,
            lines=(SoldLine(back.sku, -sign * back.qty, -sign * back.amount_minor),),
            total_minor=-sign * back.amount_minor,
            currency=back.currency,
            how=how,
        ),
        at=now,
        identifiers=(buyer,),
        channel="store",
        location_id=back.location_id,
    )


async def close(
    conn: Connection, receipt_id: UUID, sku: str, *, by: str, note: str, now: datetime
) -> TillReturn:
    """A person says that nobody can know, and why. Raises UnknownTillReturn, BadReturn."""
    back = await _locked(conn, receipt_id, sku)
    if back.state != "open":
        raise UnknownTillReturn()
    if (said := _note(note)) is None:
        raise BadReturn(why="note")
    await _Q.set_closed.run(conn, receipt_id=receipt_id, sku=sku, by=by, note=said, now=now)
    return await get(conn, receipt_id, sku)


def _note(said: str | None) -> str | None:
    text = (said or "").strip()
    if len(text) > TEXT_LENGTH_MAX or "\x00" in text:
        raise BadReturn(why="note")
    if vault.holds_card_number(text):
        raise BadReturn(why="card_number")
    return text or None


async def get(conn: Connection, receipt_id: UUID, sku: str) -> TillReturn:
    """One. Raises UnknownTillReturn."""
    row = await _Q.one.maybe(conn, receipt_id=receipt_id, sku=sku)
    if row is None:
        raise UnknownTillReturn()
    return TillReturn(**dict(row))


async def open_at(
    conn: Connection,
    location_id: str,
    *,
    after: tuple[datetime, UUID, str] | None = None,
    limit: int = PAGE_MAX,
    oldest_first: bool = False,
) -> list[TillReturn]:
    """What a person is to look at in a place, newest first; pages by the last (at, receipt_id,
    sku)."""
    at, receipt_id, sku = after or db.end(datetime, UUID, str, largest=not oldest_first)
    rows = await _Q.open_at.turned(oldest_first).all(
        conn,
        location_id=location_id,
        before_at=at,
        before_id=receipt_id,
        before_sku=sku,
        most=min(limit, PAGE_MAX + 1),
    )
    return [TillReturn(**dict(row)) for row in rows]


async def count_open(conn: Connection, location_id: str) -> int:
    """How many a person is to look at in a place, up to COUNTED_MAX."""
    count: int = await _Q.count_open.value(conn, location_id=location_id, most=COUNTED_MAX)
    return count
