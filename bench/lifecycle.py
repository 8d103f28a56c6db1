"""The walk over everybody's stage: how long for how many customers, and in how much memory.

    python bench/lifecycle.py [--customers 1000000] [--purchases 2500000]

Purchases are laid down over two years, skewed as histories are. The first walk gives everybody a
stage and states each as a fact; the second finds nothing new. Then a night's learning, sizes and
values. Beside it the limit: one pass of PostgreSQL over the same purchases, summed by customer.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).parent))

import psutil

import honesty
from setten.customers import lifecycle, predictions
from setten.platform import clock, db

ZONE = ZoneInfo("Asia/Tokyo")
LAID = """
insert into customers.customers (customer_id, created_at)
select md5('p' || p)::uuid, now() - interval '2 years' from generate_series(1, $1::bigint) as p;

insert into customers.identifiers (identifier_id, kind, customer_id, born_as, first_at)
select p, 'user_id', md5('p' || p)::uuid, md5('p' || p)::uuid, now() - interval '2 years'
  from generate_series(1, $1::bigint) as p;

insert into customers.purchases (purchase_key, identifier_id, rank, event_id, occurred_at, channel,
                                 total_minor, currency)
select 'receipt:' || i, 1 + floor(power(random(), 2) * $1::bigint)::bigint, 0, 'e' || i,
       now() - random() * interval '730 days', 'store', 500 + i % 9000, 'JPY'
  from generate_series(1, $2::bigint) as i
"""
LIMIT = """
select count(*)
  from (select i.customer_id, min(p.occurred_at), max(p.occurred_at),
               count(distinct (p.occurred_at at time zone 'Asia/Tokyo')::date)
          from customers.purchases p
          join customers.identifiers i using (identifier_id)
         group by i.customer_id) as t
"""


async def lay_down(dsn: str, customers: int, purchases: int) -> None:
    """A business with a past and no stages."""
    conn = await db.connect(dsn, statement_timeout="0")
    try:
        await db.apply_migrations(conn)
        for statement in LAID.split(";\n"):
            given = (customers, purchases) if "$2" in statement else (customers,)
            await conn.execute(statement, *given)
        await conn.execute("vacuum analyze")
    finally:
        await conn.close()


async def timed(name: str, count: int, work: Callable[[], Awaitable[object]]) -> None:
    """Print what a piece of work took: on the wall, of our processor time, and of memory."""
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    found = await work()
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    held = psutil.Process(os.getpid()).memory_info().rss / 1e6
    shown = f"{found:,}" if isinstance(found, int) else "-"
    print(f"{name:<22} {wall:7.1f} s, {count / wall:9,.0f} customers/s, Python {spent:6.1f} s, "
          f"memory now {held:,.0f} MB, most {after.ru_maxrss / 1e3:,.0f} MB; {shown}",
          flush=True)  # fmt: skip


async def measure(dsn: str, folder: Path, args: argparse.Namespace) -> None:
    """Walk twice, then do what each night does."""
    pool = await db.open_pool(dsn, size=4)
    many = args.customers
    async with pool.acquire() as conn:
        await honesty.conditions(
            conn, folder=folder, connections=4, loop="closed, one at a time",
            data=f"{many:,} customers, {args.purchases:,} purchases of two years",
        )  # fmt: skip

        async def limit() -> object:
            return await conn.fetchval(LIMIT, timeout=600)

        await conn.execute("set statement_timeout = 0")
        await timed("limit: one pass", many, limit)

    async def learn() -> object:
        return await predictions.learn(pool)

    async def sizes() -> object:
        return await lifecycle.count_sizes(pool, now=clock.now())

    async def values() -> object:
        return await lifecycle.count_values(pool, now=clock.now())

    async def walk() -> object:
        return await lifecycle.reckon_everybody(pool, zone=ZONE)

    await timed("first walk, changed", many, walk)
    await timed("second walk, changed", many, walk)
    await timed("learning", many, learn)
    await timed("walk after learning", many, walk)
    await timed("sizes", many, sizes)
    await timed("values", many, values)
    await pool.close()


def main() -> None:
    """Lay down, measure, end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--purchases", type=int, default=2_500_000)
    parser.add_argument("--database-url")
    args = parser.parse_args()
    with honesty.database(args.database_url) as (dsn, folder):
        asyncio.run(lay_down(dsn, args.customers, args.purchases))
        asyncio.run(measure(dsn, folder, args))


if __name__ == "__main__":
    main()
