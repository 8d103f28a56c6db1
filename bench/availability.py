"""Where is it near me: p95 under 10 ms at 2,000 questions a second, open loop.

    python bench/availability.py [--rate 2000] [--seconds 10] [--connections 8] [--large]
                                 [--explain]

500 places over Japan; most skus lie in 20 of them, one in a hundred in all 500; 30 % of questions
are for the latter, one in ten asks three skus at once. --large is 25 million balances (four minutes
to load, 5 GB). "near" is the verb, a query for each question; "gathered" is how the server API asks
it: the questions of one moment in one query. Beside ours, the limit: one row of a balance by its
key on the same connections.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time

import uvloop

import honesty
from setten.api import availability as availability_api
from setten.platform import clock, db
from setten.stock import availability
from setten.stock.availability import Nearby
from setten.stock.locations import Directory

PLACES = 500
SMALL, LARGE = (99_000, 1_000), (990_000, 10_000)  # skus in 20 places, skus in all
LIMIT, RADIUS_KM = 10, 100.0
SEED = """
insert into stock.locations (location_id, name_ja, name_en, kind, lat, lon, timezone, updated_at)
select 'p' || i, 'p' || i, 'p' || i, 'shop', 31 + random() * 12, 130 + random() * 12,
       'Asia/Tokyo', now()
  from generate_series(1, 500) as i;
"""
# Every answer says when a place opens and closes.
OPEN = """
update stock.locations
   set hours = (select json_object_agg(day, '[["10:00", "20:00"]]'::json)
                  from unnest('{mon,tue,wed,thu,fri,sat,sun}'::text[]) as day);
update stock.locations_version set version = version + 1;
"""
WITHOUT_INDEXES = """
alter table stock.balances drop constraint balances_pkey;
drop index stock.balances_location;
"""
WITH_INDEXES = """
alter table stock.balances add primary key (sku, location_id);
create index balances_location on stock.balances (location_id, sku);
"""
ROW_BY_KEY = "select on_hand from stock.balances where sku = $1 and location_id = $2"
SIZES = """
select pg_size_pretty(pg_relation_size('stock.balances')),
       pg_size_pretty(pg_relation_size('stock.balances_pkey')),
       pg_size_pretty(pg_relation_size('stock.balances_location'))
"""
ROWS = """
insert into stock.balances (sku, location_id, on_hand)
select 'S' || lpad(s::text, 8, '0'),
       'p' || case when $3 = 500 then k else 1 + (s * 7 + k * 23) % 500 end,
       1 + (s + k) % 30
  from generate_series($1::int, $2::int) as s, generate_series(1, $3::int) as k
"""


async def seed(conn: db.Connection, few: int, many: int) -> None:
    """Lay everything down, then build the indexes: half the time of keeping them up to date."""
    begun = time.perf_counter()
    await conn.execute("set statement_timeout = 0")
    await conn.execute(SEED)
    await conn.execute(OPEN)
    await conn.execute(WITHOUT_INDEXES)
    for start in range(1, few + 1, 10_000):
        await conn.execute(ROWS, start, min(few, start + 9_999), 20)
    for start in range(few + 1, few + many + 1, 400):
        await conn.execute(ROWS, start, min(few + many, start + 399), PLACES)
    await conn.execute(WITH_INDEXES)
    await conn.execute("vacuum (analyze, freeze) stock.balances")
    await conn.execute("vacuum analyze")
    sizes = await conn.fetchrow(SIZES)
    took_s = time.perf_counter() - begun
    print(f"loaded        in {took_s:.0f} s: table {sizes[0]}, key {sizes[1]}, by place {sizes[2]}")


def skus(few: int, many: int) -> list[str]:
    count = 3 if random.random() < 0.1 else 1
    return [
        f"S{few + random.randrange(many) + 1:08d}"
        if random.random() < 0.3
        else f"S{random.randrange(few) + 1:08d}"
        for _ in range(count)
    ]


async def measure(args: argparse.Namespace) -> bool:
    few, many = LARGE if args.large else SMALL
    with honesty.database(None) as (dsn, folder):
        conn = await db.connect(dsn)
        await db.apply_migrations(conn)
        await seed(conn, few, many)
        await honesty.conditions(
            conn,
            folder=folder,
            data=f"{few * 20 + many * PLACES:,} balances, {few + many:,} skus, {PLACES} places",
            connections=args.connections,
            loop=f"open, {args.rate:,}/s for {args.seconds:.0f} s",
        )
        if args.explain:
            await explain(conn, few, many)
        await conn.close()
        pool = await db.open_pool(dsn, size=args.connections)
        await warm(pool, args.connections)
        fits = await run(pool, args, few, many)
        pool.terminate()
    return fits


async def warm(pool: db.Pool, connections: int) -> None:
    async def one() -> None:
        async with pool.acquire() as conn:
            await conn.fetchval("select pg_sleep(0.1)")

    await asyncio.gather(*(one() for _ in range(connections)))


async def run(pool: db.Pool, args: argparse.Namespace, few: int, many: int) -> bool:
    """The limit, our verb by itself, and as the server API asks it; says whether that fits."""
    directory = Directory()
    gatherer = availability_api.gatherer(pool, directory)
    found = 0

    async def limit(index: int) -> None:
        async with pool.acquire() as conn:
            await conn.fetchrow(ROW_BY_KEY, f"S{random.randrange(few) + 1:08d}", "p1")

    async def alone(index: int) -> None:
        async with pool.acquire() as conn:
            await availability.near_many(conn, directory, [question(few, many)], now=clock.now())

    async def gathered(index: int) -> None:
        nonlocal found
        _, rows = await gatherer.ask(availability_api.Asked(question(few, many)))
        found += len(rows)

    for name, work in (("one row", limit), ("near", alone), ("gathered", gathered)):
        await honesty.open_loop(work, rate=args.rate / 4, seconds=1)  # plans and connections
        found, begun, cpu = 0, time.perf_counter(), time.process_time()
        samples, failures = await honesty.open_loop(work, rate=args.rate, seconds=args.seconds)
        rate = len(samples) / (time.perf_counter() - begun)
        cpu_ms = (time.process_time() - cpu) / len(samples) * 1000
        print(f"{name:<13} {rate:,.0f}/s  {honesty.percentiles(samples)}  failed {failures}  "
              f"processor time of the caller {cpu_ms:.2f} ms each")  # fmt: skip
    print(f"answers       {found / max(1, len(samples)):.1f} places a question, "
          f"{gatherer.asked / gatherer.batches:.1f} questions a query")  # fmt: skip
    return sorted(samples)[int(len(samples) * 0.95)] < 0.010 and not failures


def question(few: int, many: int) -> Nearby:
    return Nearby(
        skus=skus(few, many),
        lat=31 + random.random() * 12,
        lon=130 + random.random() * 12,
        radius_km=RADIUS_KM,
        limit=LIMIT,
    )


async def explain(conn: db.Connection, few: int, many: int) -> None:
    """The plan that is kept (the general one), for a sku that lies in all places."""
    query = db.load(availability.__file__).free
    given = {
        "skus": ["{" + f"S{few + 1:08d}" + "}"],
        "location_ids": ["{" + ",".join(f"p{i}" for i in range(1, 41)) + "}"],
        "now": clock.now(),
    }
    await conn.execute("set plan_cache_mode = force_generic_plan")
    for _ in range(2):  # the second with warm pages
        rows = await conn.fetch(
            "explain (analyze, buffers, costs off) " + query.sql, *query.args(given)
        )
    print(*(row[0] for row in rows), sep="\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=2_000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--explain", action="store_true")
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    return 0 if asyncio.run(measure(parser.parse_args())) else 1


if __name__ == "__main__":
    sys.exit(main())
