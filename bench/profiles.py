"""Profile reads: p95 under 10 ms at 500/s, open loop, at the verb and over HTTP with a key.

    .venv/bin/python bench/reads.py profile [--people 100000] [--events 400000] [--rate 500]

Every person has a cookie, a login, a card and a mail address, and four sealed traits. Each read
opens all of it: identifiers, traits, counters, purchases, last views, and is audited. Beside ours
the limit: one row by its key and one bare row of audit, at the same rate through the same pool.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import json
import os
import random
import socket
import sys
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).parent))

import psutil
import uvloop

import honesty
from holds_callers import Load, late
from holds_callers import over_http as over_wire
from setten.api import customers as customers_api
from setten.api.customers import Sought
from setten.customers import profiles
from setten.platform import audit, auth, clock, db
from setten.platform.auth import Actor
from setten.platform.vault import Trait, Vault, normalise

KEY = bytes(range(32))
ACTOR = Actor(kind="key", id="bench", name="bench", scope="server")
CONNECTIONS = 8
HTTP_CONNECTIONS = 64
WARM_S = 3.0  # connections, plans, and what every process does when it starts
SETTLE_S = 2.0  # readers and jobs have looked at what is there
KEY_READ = "select customer_id from customers.customers where customer_id = $1"
BARE_AUDIT = """
insert into audit.entries (at, actor, action, customer_id)
values (now(), 'bench', 'customer.viewed', $1)
"""
BUSIEST = """
select identifier_id from customers.identifiers where customer_id = md5('p0')::uuid
"""
Work = Callable[[int], Awaitable[object]]
KINDS = ("user_id", "anonymous_id", "loyalty_card", "email")


def identifiers(person: int) -> list[tuple[str, str]]:
    values = (f"u{person}", f"anon-{person}", f"C{person:08d}", f"p{person}@example.jp")
    return list(zip(KINDS, values, strict=True))


async def people(pool: db.Pool, vault: Vault, count: int) -> list[list[int]]:
    """Make identifiers and sealed traits; numbers per person, in the order of KINDS."""
    found = []
    at = clock.now()
    for start in range(0, count, 500):
        block = range(start, min(start + 500, count))
        wanted = [[normalise(*one) for one in identifiers(person)] for person in block]
        async with db.transaction(pool) as conn:
            numbers = await vault.identify(conn, [one for four in wanted for one in four])
            block_numbers = [[numbers[one] for one in four] for four in wanted]
            traits = [
                Trait(four[0], field, f"{field} {person}", at)
                for person, four in zip(block, block_numbers, strict=True)
                for field in ("last_name", "first_name", "phone", "address_line")
            ]
            await vault.put_traits(conn, traits)
        found += block_numbers
    return found


# Who the people are and what they have done, as the readers of the log would have left it. The
# history is skewed as histories are: one event in five belongs to one person in a hundred.
SEED = """
insert into customers.customers (customer_id, created_at)
select md5('p' || p)::uuid, now() - interval '90 days' from generate_series(0, $1::int - 1) as p;

insert into customers.identifiers (identifier_id, kind, customer_id, born_as, first_at)
select b.identifier_id, v.kind, md5('p' || b.person)::uuid, md5('p' || b.person)::uuid,
       now() - interval '90 days'
  from bench_people b
  join vault.identifiers v using (identifier_id);

insert into customers.timeline (identifier_id, occurred_at, position, xid, arrived_on, event_id,
                                name, channel, location_id, purchase_key, summary)
select b.identifier_id, now() - (e.far * interval '90 days'), e.i, 1, current_date, 'b' || e.i,
       e.name, case when e.name = 'receipt.recorded' then 'shop' else 'web' end,
       case when e.name = 'receipt.recorded' then 'kobe' end,
       case when e.name = 'receipt.recorded' then 'receipt:' || e.i end,
       case e.name
            when 'receipt.recorded' then '{"sku": "MUG", "total_minor": 1680, "currency": "JPY"}'
            when 'product.viewed' then json_build_object('sku', 'SKU-' || e.i % 5000, 'item',
                 'ソファ', 'variant', '青', 'product_id', 'P' || e.i % 900, 'price_minor', 89800)
            else json_build_object('title', 'top', 'path', '/p/' || e.i) end::json
  from (select i, random() as far,
               case when i % 10 = 0 then 'receipt.recorded'
                    when i % 10 < 5 then 'product.viewed' else 'page.viewed' end as name,
               (case when i % 5 = 0 then floor(random() * $1 / 100) * 100
                     else floor(random() * $1) end)::int as person,
               -- Till receipts come under the card, the rest under the cookie or the login.
               case when i % 10 = 0 then 2 else (i / 10 % 2)::int end as which
          from generate_series(1::bigint, $2::bigint) as i) as e
  join bench_people b using (person, which);

insert into customers.counters (identifier_id, name, channel, day, n)
select identifier_id, name, channel, (occurred_at at time zone 'UTC')::date, count(*)
  from customers.timeline group by 1, 2, 3, 4;

insert into customers.purchases (purchase_key, identifier_id, rank, event_id, occurred_at, channel,
                                 location_id, total_minor, currency)
select purchase_key, identifier_id, 2, event_id, occurred_at, channel, location_id, 1680, 'JPY'
  from customers.timeline where purchase_key is not null;

insert into customers.traits (identifier_id, field, value, occurred_at)
select identifier_id, f.field, to_json(f.value), now()
  from bench_people, (values ('tier', 'gold'), ('size', 'M')) as f(field, value)
 where which = 0
"""


async def seed(pool: db.Pool, numbers: list[list[int]], events: int) -> None:
    """Everything about the people but their sealed words, in a few statements."""
    async with db.transaction(pool) as conn:
        await conn.execute("create temp table bench_people "
                           "(identifier_id bigint primary key, person int, which int)")  # fmt: skip
        await conn.copy_records_to_table(
            "bench_people",
            records=[(n, p, w) for p, four in enumerate(numbers) for w, n in enumerate(four)],
        )
        await conn.execute("create index on bench_people (person, which); analyze bench_people")
        for statement in SEED.split(";\n"):
            given = [len(numbers), events][: 2 if "$2" in statement else "$1" in statement]
            await conn.execute(statement, *given)


async def at_the_verb(
    pool: db.Pool, vault: Vault, customers: list[uuid.UUID], rate: float, seconds: float
) -> None:
    """`profiles.get` and its audit, each read in a transaction of its own."""
    chance = random.Random(2)

    async def one(_: int) -> None:
        async with db.transaction(pool) as conn:
            found = await profiles.get(conn, vault, chance.choice(customers))
            await audit.note(
                conn, ACTOR, "customer.viewed", at=clock.now(), customer_id=found.customer_id,
                fields=sorted(found.traits),
            )  # fmt: skip

    await timed("profile       at the verb, one by one", one, rate, seconds)


async def gathered(
    pool: db.Pool, vault: Vault, customers: list[uuid.UUID], rate: float, seconds: float
) -> None:
    """The same as the server API does it: what is asked in one moment is read together."""
    chance = random.Random(2)
    gatherer = customers_api.gatherer(pool, vault, ZoneInfo("Asia/Tokyo"))

    async def one(_: int) -> None:
        await gatherer.ask(Sought(by=ACTOR, customer_id=chance.choice(customers)))

    await timed("profile       at the verb, gathered", one, rate, seconds)
    print(f"              {gatherer.asked / gatherer.batches:.1f} reads a transaction")


async def timed(name: str, one: Work, rate: float, seconds: float) -> None:
    await honesty.open_loop(one, rate=rate, seconds=1)  # plans and connections
    cpu = time.process_time()
    samples, failures = await honesty.open_loop(one, rate=rate, seconds=seconds)
    cpu_ms = (time.process_time() - cpu) / len(samples) * 1000
    print(f"{name}, {rate:.0f}/s: {honesty.percentiles(samples)}, failed {failures}, "
          f"processor time of the caller {cpu_ms:.2f} ms each")  # fmt: skip


async def floor(pool: db.Pool, customers: list[uuid.UUID], rate: float, seconds: float) -> None:
    """The limit: one row by its key and one row of audit, as bare as PostgreSQL does them."""
    chance = random.Random(3)

    async def one(_: int) -> None:
        async with db.transaction(pool) as conn:
            found = await conn.fetchval(KEY_READ, chance.choice(customers))
            await conn.execute(BARE_AUDIT, found)

    await timed("limit         one row by key and one of audit", one, rate, seconds)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def over_http(dsn: str, folder: Path, pool: db.Pool, options: argparse.Namespace) -> None:
    """`setten serve` with one worker against the same database, asked by mail address."""
    async with db.transaction(pool) as conn:
        key = await auth.create_key(conn, scope="server", name="bench", now=clock.now())
    port = free_port()
    environment = {
        **os.environ,
        "SETTEN_DATABASE_URL": dsn,
        "SETTEN_MASTER_KEY": base64.b64encode(KEY).decode(),
        "SETTEN_DATA_DIR": str(folder / "serve"),
    }
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "setten.cli", "serve", "--port", str(port), "--workers", "1",
        env=environment, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    load = Load(kind="lookup", callers=HTTP_CONNECTIONS, seconds=options.seconds,
                rate=options.rate, start=0.0, warm_s=WARM_S)  # fmt: skip
    try:
        await _until_ready(port)
        await asyncio.sleep(SETTLE_S)
        database = psutil.Process(await pool.fetchval("select pg_backend_pid()")).ppid()
        watched = {"server": server.pid, "database": database}
        before = {who: honesty.used_s(pid) for who, pid in watched.items()}
        said = await over_wire(port, load, _requests(key, options.people))
        used = {who: honesty.used_s(pid) - before[who] for who, pid in watched.items()}
    finally:
        server.terminate()
        await server.wait()
    used["callers"] = said.processor_s
    count = len(said.samples) + len(said.early)
    each = ", ".join(f"{who} {s * 1e6 / max(1, count):.0f}" for who, s in used.items())
    print(f"lookup        HTTP with key and audit, {options.rate:.0f}/s: "
          f"{honesty.percentiles(said.samples)}, statuses {said.statuses}, not answered "
          f"{said.missed}")  # fmt: skip
    print(
        f"              the {WARM_S:.0f} seconds before, apart: {honesty.percentiles(said.early)}"
    )
    print(f"              µs of processor each: {each}; machine idle {said.idle:.0%}")
    print(f"              {late([said])}")


async def _until_ready(port: int) -> None:
    for _ in range(600):
        with contextlib.suppress(OSError, EOFError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            writer.close()
            if head.startswith(b"HTTP/1.1 200"):
                return
        await asyncio.sleep(0.1)
    raise SystemExit("the server did not come up")


def _requests(key: str, count: int) -> Iterator[bytes]:
    chance = random.Random(4)
    head = (
        f"POST /api/v1/customers/lookup HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
        "Content-Type: application/json\r\nContent-Length: "
    ).encode()
    while True:
        kind, value = identifiers(chance.randrange(count))[3]
        body = json.dumps({"identifiers": [{"kind": kind, "value": value}]}).encode()
        yield head + b"%d\r\n\r\n%b" % (len(body), body)


async def explain(conn: db.Connection) -> None:
    """The plan of the widest query as it is kept (the general one), for somebody with a history."""
    query = db.load(str(Path(profiles.__file__).with_name("store.py"))).overview
    numbers = [row["identifier_id"] for row in await conn.fetch(BUSIEST)]
    given = {"owners": [0] * len(numbers), "identifier_ids": numbers, "viewed_most": 40,
             "home_fields": ["home_location_id"]}  # fmt: skip
    sql = f"with {query.sql} select overview from profiles_overview"
    await conn.execute("set plan_cache_mode = force_generic_plan")
    for _ in range(2):  # the second with warm pages
        rows = await conn.fetch("explain (analyze, buffers, costs off) " + sql, *query.args(given))
    print(*(row[0] for row in rows), sep="\n")
    await conn.execute("reset plan_cache_mode")


def lay_down(dsn: str, options: argparse.Namespace) -> None:
    """Fill a database."""

    async def work() -> None:
        pool = await db.open_pool(dsn, size=CONNECTIONS, statement_timeout="0")
        vault = Vault(KEY)
        async with pool.acquire() as conn:
            await db.apply_migrations(conn)
        async with db.transaction(pool) as conn:
            await vault.prove(conn)
        numbers = await people(pool, vault, options.people)
        await seed(pool, numbers, options.events)
        async with pool.acquire() as conn:
            await conn.execute("vacuum analyze")
        pool.terminate()

    asyncio.run(work())


async def run(options: argparse.Namespace, dsn: str, folder: Path) -> None:
    """Measure in a filled database."""
    pool = await db.open_pool(dsn, size=CONNECTIONS, statement_timeout="0")
    vault = Vault(KEY)
    async with pool.acquire() as conn:
        rows = await conn.fetch("select customer_id from customers.customers")
        customers = [row["customer_id"] for row in rows]
        await honesty.conditions(
            conn, folder=folder, connections=CONNECTIONS,
            data=f"{options.people:,} people with 4 identifiers and 4 sealed traits each, "
                 f"{options.events:,} lines of timeline; laid down before, database started anew",
            loop=f"open, {options.rate:.0f}/s for {options.seconds:.0f} s; over HTTP "
                 f"{HTTP_CONNECTIONS} connections",
        )  # fmt: skip
    if options.explain:
        async with pool.acquire() as conn:
            await explain(conn)
    await floor(pool, customers, options.rate, options.seconds)
    if not options.only_http:
        await at_the_verb(pool, vault, customers, options.rate, options.seconds)
        await gathered(pool, vault, customers, options.rate, options.seconds)
    try:
        await over_http(dsn, folder, pool, options)
    finally:
        pool.terminate()


def main() -> None:
    """Run the benchmark with the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=400_000)
    parser.add_argument("--rate", type=float, default=500)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--kept", help="a folder: laid down there once, each run has a copy")
    parser.add_argument("--only-http", action="store_true", help="the limit and HTTP alone")
    parser.add_argument("--explain", action="store_true")
    parser.add_argument("--database-url", help="an empty database; absent: a fresh embedded one")
    options = parser.parse_args()
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    with (
        tempfile.TemporaryDirectory(prefix="setten-bench-") as name,
        honesty.database(
            options.database_url,
            (lambda dsn, _: lay_down(dsn, options)) if options.database_url else None,
            kept=options.kept or name,
            lay_down=lambda dsn, _: lay_down(dsn, options),
        ) as (dsn, folder),
    ):
        asyncio.run(run(options, dsn, folder))


if __name__ == "__main__":
    main()
