"""Who is still about keeps what was held for her for a short while: holds and deeds meet here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from setten.customers import identity, timeline
from setten.facts import commerce, reported
from setten.platform import clock, db
from setten.platform.db import Connection, Pool
from setten.stock import holds
from setten.stock.holds import LOOKED_AT_MAX, Hold, Place

# What a person does with her own hands. What we or other systems do about her (a message, a stage,
# a receipt) says nothing of whether she still decides.
DEEDS = tuple(
    fact.event_name
    for fact in (
        reported.PageViewed,
        reported.ScreenViewed,
        commerce.ProductViewed,
        commerce.ProductClicked,
        commerce.ProductsListed,
        commerce.ProductsSearched,
        commerce.ProductWished,
        commerce.ProductShared,
        commerce.PromotionReported,
        commerce.CouponReported,
        commerce.CheckoutReported,
        commerce.CartReported,
        commerce.CartChanged,
    )
)


async def keep_held(conn: Connection, found: Sequence[Hold], *, now: datetime) -> int:
    """Extend those of these holds whose customers did something since they began; how many.

    A customer is all her identifiers: what she holds by her card lasts while she reads in her
    browser. A device that several share counts for what was held under itself alone.
    """
    theirs = await _identifiers(conn, found)
    since: dict[int, datetime] = {}
    for hold in found:
        for number in theirs[hold.hold_id]:
            start = holds.active_since(hold)
            since[number] = min(since.get(number, start), start)
    did = await timeline.last_done(conn, since, names=DEEDS, until=now)
    active = {
        hold.hold_id: max(did[number] for number in numbers if number in did)
        for hold in found
        if (numbers := theirs[hold.hold_id]) & did.keys()
    }
    return await holds.last_while_active(conn, active, now=now) if active else 0


async def _identifiers(conn: Connection, found: Sequence[Hold]) -> dict[UUID, set[int]]:
    """The identifiers of the person behind each hold."""
    under = {hold.hold_id: hold.identifier_id for hold in found if hold.identifier_id is not None}
    whose = await identity.customers_for(conn, set(under.values()))
    people = await identity.people(conn, set(whose.values()))
    every: dict[UUID, set[int]] = {}
    for hold_id, number in under.items():
        person = people.get(whose[number]) if number in whose else None
        nodes = person.nodes if person else ()
        every[hold_id] = {number} | {one.identifier_id for one in nodes if not one.is_shared}
    return every


async def keep_held_all(pool: Pool) -> None:
    """Look at every hold that runs out within a minute, some hundreds a transaction. For a job."""
    after: Place | None = None
    while True:
        async with db.transaction(pool) as conn:
            now = clock.now()
            found = await holds.soon_over(conn, now=now, after=after)
            await keep_held(conn, [hold for hold in found if holds.latest(hold)], now=now)
        if len(found) < LOOKED_AT_MAX:
            return
        after = Place(found[-1].expires_at, found[-1].hold_id)
