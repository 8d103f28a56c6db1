"""The offering process of `projections.py` without HTTP and vault: batches of 100 into the log.

Who comes and what they do is drawn before the clock starts.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
import uuid
from typing import Any

import uvloop

import people
from setten.platform import clock, db, log, settings

BATCH = 100
CONNECTIONS = 8
TEMPLATES = 400
INSIDE = 20_000  # how many are in the shop at a time
VISIT = 8  # events of one visit
# Of a thousand events, as a shop's day has them.
NAMES = {"page.viewed": 400, "product.viewed": 330, "cart.reported": 100, "products.searched": 70,
         "coupon.reported": 20, "checkout.reported": 30, "order.reported": 20,
         "customer.identified": 30}  # fmt: skip
PAGE = {"path": "/items/7", "title": "velvet sofa", "url": "https://shop.example/items/7"}
CONTEXT = {"library": {"name": "analytics.js", "version": "next-1.84.3"}, "locale": "ja-JP",
           "timezone": "Asia/Tokyo", "page": PAGE}  # fmt: skip


def body(rng: random.Random, name: str) -> str:
    """What ingest would have written of such an event; `@@` is the number of an order."""
    goods = rng.randrange(20_000)
    item = {"sku": f"S-{goods:06d}", "product_id": f"P{goods}", "name": "ベルベットソファ",
            "price_minor": rng.randint(1, 90) * 1000, "quantity": 1}  # fmt: skip
    said: dict[str, Any] = {"type": "track", "event": name, "system": "web", "context": CONTEXT}
    match name:
        case "page.viewed":
            said |= {"type": "page", "path": f"/items/{goods}", "title": "ベルベットソファ"}
        case "product.viewed":
            said |= {"item": item, "currency": "JPY", "properties": item}
        case "cart.reported":
            said |= {"items": [item], "currency": "JPY", "action": "added", "cart_id": "c-1"}
        case "order.reported":
            said |= {"items": [item] * rng.randint(1, 4), "currency": "JPY", "order_id": "@@",
                     "total_minor": item["price_minor"], "is_record": True}  # fmt: skip
        case "customer.identified":
            said |= {"type": "identify", "traits": {"plan": "gold", "tier": goods % 4}}
    return json.dumps(said, ensure_ascii=False)


Deed = tuple[str, str, tuple[int, ...], str]  # id, name, who, body


class Shop:
    """Plausible events of the people that `people.py` lays down."""

    def __init__(self, customers: int, fresh: float, *, seed: int = 7) -> None:
        self._rng = random.Random(seed)
        self._customers = customers
        self._fresh = fresh
        self._spare = 0
        self._inside: list[tuple[int, ...]] = []
        names = self._rng.choices(list(NAMES), list(NAMES.values()), k=TEMPLATES)
        self.sayings = [(name, body(self._rng, name)) for name in names]

    def _who(self) -> tuple[int, ...]:
        """Somebody of those who are in the shop now; now and then one goes and another comes."""
        if len(self._inside) < INSIDE or self._rng.random() < 1 / VISIT:
            self._comes()
        return self._rng.choice(self._inside)

    def _comes(self) -> None:
        self._inside.append(self._visitor())
        if len(self._inside) > INSIDE:
            place = self._rng.randrange(INSIDE)
            self._inside[place] = self._inside.pop()

    def _visitor(self) -> tuple[int, ...]:
        chance = self._rng.random()
        if chance < self._fresh and self._spare < people.SPARES:
            self._spare += 1
            return (people.number("s", self._spare),)
        person = 1 + self._rng.randrange(self._customers)
        if chance > 0.55 and people.has_login(person):
            return (people.number("u", person), people.number("c", person))
        return (people.number("c", person),)

    def drawn(self) -> list[Deed]:
        """A batch of what is done, without its time."""
        lead = uuid.uuid4().hex[:28]
        found = []
        for index in range(BATCH):
            name, text = self._rng.choice(self.sayings)
            event_id = str(uuid.UUID(hex=f"{lead}{index:04x}"))
            if name == "order.reported":
                text = text.replace("@@", event_id[:28])
            found.append((event_id, name, self._who(), text))
        return found

    def batch(self) -> list[log.Entry]:
        """A batch that is done now."""
        return entries(self.drawn())


def entries(deeds: list[Deed]) -> list[log.Entry]:
    """What ingest would have made of these, now."""
    now = clock.now()
    return [
        log.Entry(
            event_id=event_id,
            day=now.date(),
            name=name,
            occurred_at=now,
            received_at=now,
            channel="web",
            identifiers=identifiers,
            source_id=1,
            body=body,
        )
        for event_id, name, identifiers, body in deeds
    ]


class Offer:
    """An open loop: each batch has its moment, and a late one makes the next no later."""

    def __init__(self, pool: db.Pool, written: list[list[Deed]]) -> None:
        self._pool = pool
        self._written = written
        self.told: list[tuple[str, float]] = []
        self.took: list[float] = []
        self.late_s = 0.0

    async def _one(self, due: float, deeds: list[Deed]) -> None:
        async with self._pool.acquire() as conn, conn.transaction():
            made = entries(deeds)
            wanted = [(one.day, one.event_id) for one in made]
            found = await log.claim(conn, wanted, on=made[0].received_at.date())
            await log.write(conn, made, found)
        self.told.append((deeds[-1][0], time.time()))
        self.took.append(time.perf_counter() - due)

    async def run(self, rate: float) -> None:
        begun = time.perf_counter()
        running = []
        for index, deeds in enumerate(self._written):
            due = begun + index * BATCH / rate
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            self.late_s = max(self.late_s, time.perf_counter() - due)
            running.append(asyncio.create_task(self._one(due, deeds)))
        await asyncio.gather(*running)


async def asked() -> tuple[float, float] | None:
    """(rate, seconds) of what is asked for, or that it is to be sent now; None at the end."""
    line = await asyncio.to_thread(sys.stdin.readline)
    if not line:
        return None
    rate, seconds = map(float, line.split())
    return rate, seconds


async def main() -> None:
    options = json.loads(sys.argv[1])
    pool = await db.open_pool(str(settings.load().database_url), size=CONNECTIONS)
    shop = Shop(options["customers"], options["fresh"], seed=int(options["rate"]))
    while words := await asked():
        rate, seconds = words
        offer = Offer(pool, [shop.drawn() for _ in range(int(rate * seconds / BATCH))])
        print(json.dumps("written"), flush=True)
        await asked()
        own = time.process_time()
        await offer.run(rate)
        print(json.dumps({
            "told": offer.told, "took": offer.took, "late_s": offer.late_s,
            "refused": {}, "events": len(offer.told) * BATCH,
            "process_s": time.process_time() - own,
        }), flush=True)  # fmt: skip


if __name__ == "__main__":
    uvloop.run(main())
