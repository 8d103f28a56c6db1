"""How long making the timeline anew takes, beside the live readers and a shop that goes on.

    .venv/bin/python bench/rebuild.py [--events 5000000] [--customers 1000000] [--rate 200]

Lays down a log of so many events, then rebuilds lines, counters, purchases and traits from it while
the background readers run and events keep coming. At the end lines and counters are counted against
the log. Beside ours the limit: the same log read once by the database and grouped into counters.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from base64 import b64encode
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import uvloop

import honesty
import people
from projections import PARTS, ask, child, counts_of
from projections_load import Shop
from setten import background
from setten.customers import timeline
from setten.platform import db, settings
from setten.platform.vault import Vault

KEY = bytes(range(32))
PART = 50_000
SAYINGS = "create temp table sayings (i int primary key, name text not null, body json not null)"
EVENTS = """
insert into log.events (arrived_on, event_id, name, occurred_at, received_at, source_id, channel,
                        identifiers, body)
select current_date, 'e' || n, s.name, now() - random() * interval '90 days', now(), 1, 'web',
       array[pg_temp.number('c', 1 + floor(power(random(), 2) * $3)::bigint)], s.body
  from generate_series($1::bigint, $2::bigint) as n
  join sayings s on s.i = n % $4
"""
LEVEL = """
insert into log.cursors (reader, xid, position, arrived_on)
select reader, e.xid, e.position, e.arrived_on
  from unnest($1::text[]) as r(reader),
       (select xid, position, arrived_on from log.events
         order by xid desc, position desc limit 1) as e
on conflict (reader) do update
   set xid = excluded.xid, position = excluded.position, arrived_on = excluded.arrived_on
"""
GROUPED = """
select count(*) from (select identifiers[1], name, channel, occurred_at::date, count(*)
                        from log.events group by 1, 2, 3, 4) as counted
"""
PROOF = """
select (select count(*) from log.events
         where cardinality(identifiers) > 0 and not name = any($1::text[])
           and (xid, position) <= (select c.xid, c.position from log.cursors c
                                    where reader = 'timeline')) as events,
       (select count(*) from customers.timeline) as lines,
       (select sum(n) from customers.counters) as counted
"""


async def prepare(dsn: str, folder: Path, args: argparse.Namespace) -> None:
    """Migrate and lay down the log; the readers stand at its end."""
    conn = await db.connect(dsn, statement_timeout="0", idle_in_transaction_session_timeout="0")
    await db.apply_migrations(conn)
    async with conn.transaction():
        await Vault(KEY).prove(conn)
    await conn.execute(people.NUMBER)
    await conn.execute(people.SPARE, people.SPARES)
    await conn.execute(SAYINGS)
    sayings = Shop(args.customers, 0).sayings
    await conn.copy_records_to_table(
        "sayings", records=[(i, name, body) for i, (name, body) in enumerate(sayings)]
    )
    for first in range(1, args.events + 1, PART):
        last = min(first + PART - 1, args.events)
        await conn.execute(EVENTS, first, last, args.customers, len(sayings))
    # All of them: one that begins at the beginning would read the whole log beside the rebuild.
    await conn.execute(LEVEL, await names(dsn, folder))
    await conn.execute("vacuum analyze log.events")
    size = await conn.fetchval("select pg_size_pretty(pg_database_size(current_database()))")
    await honesty.conditions(
        conn,
        folder=folder,
        data=f"{args.events:,} events of {args.customers:,} customers in the log, {size}",
        connections=1,
        loop=f"open, {args.rate:.0f} events/s beside the rebuild",
    )
    begun = time.perf_counter()
    groups = await conn.fetchval(GROUPED)
    print(f"limit         {args.events / (time.perf_counter() - begun):,.0f} events/s read and "
          f"grouped into {groups:,} counters, nothing written")  # fmt: skip
    await conn.close()


async def names(dsn: str, folder: Path) -> list[str]:
    """What the readers of the background process are called."""
    found = settings.load(
        environment={
            "SETTEN_MASTER_KEY": b64encode(KEY).decode(),
            "SETTEN_DATABASE_URL": dsn,
            "SETTEN_DATA_DIR": str(folder / "data"),
        }
    )
    async with background.resources(found, size=1) as means:
        found = [*background.readers(means), *background.segment_readers(means)]
        return [one.name for one in found]


def tell(done: int, begun: float) -> None:
    """A line for every million."""
    if done % 1_000_000 < 5_000:
        rate = done / (time.perf_counter() - begun)
        print(f"              {done:>12,} read, {rate:,.0f} events/s", flush=True)


async def drive(dsn: str, folder: Path, args: argparse.Namespace) -> bool:
    """Rebuild while the shop goes on; whether the result holds against the log."""
    load = child("load", dsn, folder, args)
    workers = [child("worker", dsn, folder, args, part) for part in PARTS]
    pool = await db.open_pool(dsn, size=2, statement_timeout="0")
    try:
        await counts_of(workers)
        offering = asyncio.create_task(
            asyncio.to_thread(ask, load, f"{args.rate} {args.seconds_beside}")
        )
        begun, used = time.perf_counter(), time.process_time()
        done = await timeline.rebuild(pool, progress=lambda n: tell(n, begun))
        took, used = time.perf_counter() - begun, time.process_time() - used
        offered = await offering
        print(f"rebuilt       {done:,} events in {took:.1f} s: {done / took:,.0f} events/s, "
              f"{used * 1e6 / done:.1f} µs of Python an event; beside it {offered['events']:,} "
              f"events were acknowledged in {honesty.percentiles(offered['took'])}")  # fmt: skip
        await asyncio.sleep(2)
        row = await pool.fetchrow(PROOF, sorted(timeline.HIDDEN))
        print(f"proof         {json.dumps({key: int(value) for key, value in row.items()})}")
        return bool(row["events"] == row["lines"] == row["counted"])
    finally:
        for process in (load, *workers):
            process.kill()
            process.wait()
        pool.terminate()


def main() -> int:
    """Run the benchmark with the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--rate", type=float, default=200, help="events a second beside")
    parser.add_argument("--seconds-beside", type=float, default=60, help="for how long")
    parser.add_argument("--database", help="an empty one instead of a fresh embedded one")
    args = parser.parse_args()
    args.fresh = 0.05
    with honesty.database(args.database) as (dsn, folder):
        asyncio.run(prepare(dsn, folder, args))
        return 0 if uvloop.run(drive(dsn, folder, args)) else 1


if __name__ == "__main__":
    sys.exit(main())
