"""One process of racing callers: `python -m tests.stock.racing DSN CALLERS SKU LOCATION START`.

Waits until START (Unix seconds), lets its callers go at once through a combiner of its own, and
prints how many won.
"""

from __future__ import annotations

import asyncio
import sys
import time

from setten.facts.stock import GoodsLine
from setten.platform import clock, db
from setten.platform.combine import Combiner
from setten.stock import holds
from setten.stock.holds import Ask, NotEnoughStock, Placed


async def race(dsn: str, callers: int, sku: str, place: str, start: float) -> int:
    pool = await db.open_pool(dsn, size=4)

    async def decide(conn, asks):
        return await holds.place_many(conn, asks, now=clock.now())

    combiner: Combiner[Ask, Placed] = Combiner(pool, decide, lanes=2, batch_max=20)
    ask = Ask(lines=(GoodsLine(sku, place, 1),), by="race")

    async def call() -> bool:
        try:
            await combiner.ask(ask)
        except NotEnoughStock:
            return False
        return True

    await asyncio.sleep(max(0.0, start - time.time()))
    won = sum(await asyncio.gather(*(call() for _ in range(callers))))
    pool.terminate()
    return won


if __name__ == "__main__":
    _, dsn, callers, sku, place, start = sys.argv
    print(asyncio.run(race(dsn, int(callers), sku, place, float(start))))  # noqa: T201 - its answer
