"""How many events a second come in, durable, deduplicated and sealed, over HTTP.

    python bench/ingest.py [--seconds 15] [--workers 2] [--connections 8] [--singles]
                           [--preload 50000000] [--people 100000] [--sealed 0.5] [--fresh 0.05]
                           [--readers] [--varied]

One run on a fresh data directory: first raw PostgreSQL (the same rows into one table with a unique
key, batches of 100, the limit), then ours: batches of 100 over HTTP from a client process of its
own, closed loop. At the end the log is compared with what was acknowledged.

What the client sends is written beforehand as 50,000 events about 20,000 goods, each with its one
price and page, a quarter of them half of the time; ids, times and new visitors are put in as it
sends. So pages and goods come again, as they do in a shop; with --varied none ever does.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import psutil
import uvloop

import honesty
from ingest_bodies import WRITE_KEY, Bodies, event
from setten.customers import ingest
from setten.platform import clock, db
from setten.platform.vault import Vault, normalise

BEHIND = "setten.background"  # what runs beside the web
BATCH = 100
MASTER_KEY = bytes(range(32))
RAW_TABLE = """
create table public.raw_limit (
  event_id uuid primary key, name text not null, occurred_at timestamptz not null,
  received_at timestamptz not null default now(), identifiers bigint[] not null, body json not null)
"""
RAW = """
insert into public.raw_limit (event_id, name, occurred_at, identifiers, body)
select e, n, o, i::bigint[], b::json
  from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::text[]) as r(e, n, o, i, b)
on conflict do nothing
"""
# Without its key the table takes rows in order and the key is built at once: a fifth of the time.
PRELOAD_BEGIN = "alter table log.seen drop constraint seen_pkey"
PRELOAD = """
insert into log.seen (day, hash, position, arrived_on)
select current_date - (i % 30)::integer, gen_random_uuid(), 0, current_date
  from generate_series($1::bigint, $2::bigint) as s(i)
"""
PRELOAD_END = "alter table log.seen add constraint seen_pkey primary key (day, hash)"
PRELOAD_LANES = 2


async def client(args: argparse.Namespace) -> None:
    """Closed loop: each connection sends its next request when the last was answered."""
    size = 1 if args.singles else BATCH
    bodies = Bodies(
        os.getpid(), size=size, people=args.people, sealed=args.sealed, fresh=args.fresh,
        is_varied=args.varied,
    )  # fmt: skip
    latencies: list[float] = []
    bad: dict[str, int] = {}
    await asyncio.sleep(max(0.0, args.start - time.time()))
    spent_s = time.process_time()
    stop = time.perf_counter() + args.seconds

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", args.client)
        while time.perf_counter() < stop:
            body, is_browser = bodies.make()
            origin = b"Origin: https://shop.example\r\n" if is_browser else b""
            path = _path(body) if args.singles else b"/v1/batch"
            begun = time.perf_counter()
            writer.write(b"POST %b HTTP/1.1\r\nHost: x\r\n%bContent-Length: %d\r\n\r\n%b"
                         % (path, origin, len(body), body))  # fmt: skip
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            status = head[9:12].decode()
            if status == "200":
                latencies.append(time.perf_counter() - begun)
            else:
                bad[status] = bad.get(status, 0) + 1
        writer.close()

    begun = time.perf_counter()
    await asyncio.gather(*(connection() for _ in range(args.connections)))
    wall_s = time.perf_counter() - begun
    print(json.dumps({
        "events": len(latencies) * size, "wall_s": wall_s, "bad": bad,
        "latency": honesty.percentiles(latencies), "cpu_s": time.process_time() - spent_s,
    }))  # fmt: skip


def _path(body: bytes) -> bytes:
    for name in (b"track", b"page", b"identify"):
        if b'"type": "%b"' % name in body:
            return b"/v1/" + name
    raise AssertionError("the bench makes no other")


async def raw(dsn: str, seconds: float) -> float:
    """Rows a second into one table with a unique key: what PostgreSQL gives here at most."""
    pool = await db.open_pool(dsn, size=3)
    await pool.execute(RAW_TABLE)
    rng = random.Random(1)
    texts = [json.dumps(event(rng, people=1_000, is_browser=i % 2 == 0)) for i in range(BATCH)]
    stop, done = time.perf_counter() + seconds, 0

    async def lane() -> None:
        nonlocal done
        while time.perf_counter() < stop:
            now = datetime.now(UTC)
            await pool.execute(
                RAW, [uuid.uuid4() for _ in texts], ["product.viewed"] * BATCH, [now] * BATCH,
                ["{1,2}"] * BATCH, texts,
            )  # fmt: skip
            done += BATCH

    await asyncio.gather(*(lane() for _ in range(3)))
    await pool.execute("drop table public.raw_limit")
    await pool.close()
    return done / seconds


@contextlib.contextmanager
def served(dsn: str, folder: Path, workers: int, *, readers: bool) -> Iterator[int]:
    """Web processes with a socket each on one port, as the supervisor runs them; the port."""
    listeners: list[socket.socket] = []
    for _ in range(workers):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(("127.0.0.1", listeners[0].getsockname()[1] if listeners else 0))
        listeners.append(listener)
    for listener in listeners:
        listener.listen(1024)
        listener.setblocking(False)
    port = listeners[0].getsockname()[1]
    environment = os.environ | {
        "SETTEN_MASTER_KEY": b64encode(MASTER_KEY).decode(), "SETTEN_DATABASE_URL": dsn,
        "SETTEN_DATA_DIR": str(folder), "SETTEN_PORT": str(port), "SETTEN_WORKERS": str(workers),
        "SETTEN_LOG_LEVEL": "warning",
    }  # fmt: skip
    web = [sys.executable, "-m", "setten.platform.supervisor.web", "setten.app:create_web"]
    children = [
        subprocess.Popen([*web, str(one.fileno())], pass_fds=[one.fileno()], env=environment)
        for one in listeners
    ]
    for listener in listeners:
        listener.close()
    behind = [[sys.executable, "-m", BEHIND, part] for part in ("readers", "segments", "jobs")]
    children += [subprocess.Popen(one, env=environment) for one in behind if readers]
    try:
        wait_ready(port)
        yield port
    finally:
        for child in children:
            child.send_signal(signal.SIGTERM)
        for child in children:
            child.wait(60)


def wait_ready(port: int) -> None:
    """Until a worker answers."""
    for _ in range(300):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).read()
            return
        time.sleep(0.1)
    raise SystemExit("the web processes did not start")


async def meet(conn: db.Connection, people: int) -> None:
    """Let the vault know everybody, as it does on an ordinary day."""
    vault = Vault(MASTER_KEY)
    async with conn.transaction():
        await vault.prove(conn)
    everyone = [normalise("anonymous_id", f"{person:032x}") for person in range(1, people + 1)]
    everyone += [normalise("user_id", f"customer-{person}") for person in range(1, people + 1)]
    for begin in range(0, len(everyone), 5_000):
        async with conn.transaction():
            await vault.identify(conn, everyone[begin : begin + 5_000])


async def preload(dsn: str, count: int) -> None:
    """Let `log.seen` have `count` keys of the last 30 days, as if so many events had come."""
    begun = time.perf_counter()
    pool = await asyncpg.create_pool(
        dsn, min_size=PRELOAD_LANES, max_size=PRELOAD_LANES, init=_give_way,
        server_settings={"statement_timeout": "0", "maintenance_work_mem": "1GB"},
    )  # fmt: skip
    await pool.execute(PRELOAD_BEGIN)
    pieces = iter(range(0, count, 1_000_000))

    async def lane() -> None:
        for begin in pieces:
            await pool.execute(PRELOAD, begin + 1, min(count, begin + 1_000_000))

    await asyncio.gather(*(lane() for _ in range(PRELOAD_LANES)))
    laid_s = time.perf_counter() - begun
    await pool.execute(PRELOAD_END)
    await pool.execute("vacuum (analyze) log.seen")
    await pool.close()
    print(f"preload       {count:,} keys in {laid_s:.0f} s, "
          f"with their index in {time.perf_counter() - begun:.0f} s")  # fmt: skip


async def _give_way(conn: db.Connection) -> None:
    """Let other work on this machine go first, where the database is ours."""
    with contextlib.suppress(psutil.Error, OSError):
        psutil.Process(await conn.fetchval("select pg_backend_pid()")).nice(10)


async def prepare(dsn: str, args: argparse.Namespace) -> None:
    """Migrate, make the source, preload keys."""
    conn = await db.connect(dsn, statement_timeout="0")
    await db.apply_migrations(conn)
    async with conn.transaction():
        await ingest.sources.create(
            conn, name="bench", channel="web", write_key=WRITE_KEY, now=clock.now(),
            rate_per_s=ingest.sources.RATE_PER_S_MAX,
        )  # fmt: skip
    await meet(conn, args.people)
    if args.preload:
        await preload(dsn, args.preload)
    await conn.close()


async def tell(dsn: str, folder: Path, args: argparse.Namespace) -> None:
    """Print the conditions."""
    conn = await db.connect(dsn, statement_timeout="0")
    await honesty.conditions(
        conn,
        folder=folder,
        data=f"{args.preload:,} keys in log.seen; {2 * args.people:,} known identifiers; "
        f"{args.fresh:.0%} of visitors are new; {args.sealed:.0%} of events have sealed values; "
        f"{'nothing said comes again' if args.varied else '20,000 goods and pages come again'}",
        connections=args.connections,
        loop=f"closed, {'single events' if args.singles else f'batches of {BATCH}'}; "
        f"{args.workers} workers; readers {'run too' if args.readers else 'not running'}",
    )
    await conn.close()


async def prove(dsn: str, acknowledged: int) -> bool:
    """Whether the log has exactly what was acknowledged (a cut connection may have more)."""
    conn = await db.connect(dsn, statement_timeout="0")
    logged = await conn.fetchval("select count(*) from log.events where source_id is not null")
    letters = await conn.fetchval("select count(*) from log.dead_letters")
    sealed = await conn.fetchval("select count(*) from vault.envelopes")
    known = await conn.fetchval("select count(*) from vault.identifiers")
    await conn.close()
    print(f"proof         {acknowledged:,} acknowledged, {logged:,} in the log, {letters} dead "
          f"letters, {sealed:,} envelopes, {known:,} identifiers")  # fmt: skip
    return logged == acknowledged and letters == 0


def measure(port: int, args: argparse.Namespace, seconds: float) -> dict[str, object]:
    """One client process for `seconds`; what it said."""
    words = ["--client", str(port), "--seconds", str(seconds), "--start", str(time.time() + 4)]
    words += ["--connections", str(args.connections), "--sealed", str(args.sealed)]
    words += ["--people", str(args.people), "--fresh", str(args.fresh)]
    words += [word for word in ("--singles", "--varied") if getattr(args, word[2:])]
    done = subprocess.run(
        [sys.executable, __file__, *words], stdout=subprocess.PIPE, check=True, text=True
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


def work() -> dict[str, float]:
    """Seconds of processor that web processes, database and readers have used so far.

    Under other load the rate says little; the work an event costs says what idle cores would do.
    """
    used = {"web": 0.0, "database": 0.0, "readers": 0.0}
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            times = child.cpu_times()
            name = "database" if "postgres" in child.name() else "web"
            if BEHIND in child.cmdline():
                name = "readers"
            used[name] += times.user + times.system
    return used


def run(args: argparse.Namespace) -> bool:
    def lay_down(dsn: str, _: Path) -> None:
        asyncio.run(prepare(dsn, args))

    with honesty.database(args.database, lay_down) as (dsn, folder):
        asyncio.run(tell(dsn, folder, args))
        limit = uvloop.run(raw(dsn, min(5.0, args.seconds)))
        print(f"raw limit     {limit:,.0f} rows/s (one table, one key, nothing sealed)")
        with served(dsn, folder, args.workers, readers=args.readers) as port:
            warm = measure(port, args, 3)
            before = work()
            said = measure(port, args, args.seconds)
            after = work()
        rate = said["events"] / said["wall_s"]  # type: ignore[operator]
        print(f"ours          {rate:,.0f} events/s   {said['latency']}   refused {said['bad']}")
        each = 1e6 / max(1, int(said["events"]))  # type: ignore[call-overload]
        print("work          " + ", ".join(
            f"{name} {(after[name] - before[name]) * each:.0f} µs" for name in after
        ) + f", client {said['cpu_s'] * each:.0f} µs of processor an event")  # type: ignore[operator]  # fmt: skip
        target = 4_000 if args.singles else 25_000
        print(f"target        {target:,} events/s {'reached' if rate >= target else 'NOT reached'}")
        sent = int(warm["events"]) + int(said["events"])  # type: ignore[call-overload]
        return asyncio.run(prove(dsn, sent))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--singles", action="store_true", help="single events, not batches")
    parser.add_argument("--preload", type=int, default=0, help="keys in log.seen beforehand")
    parser.add_argument("--people", type=int, default=100_000, help="people known beforehand")
    parser.add_argument("--sealed", type=float, default=0.5, help="share of events sealed in part")
    parser.add_argument("--fresh", type=float, default=0.05, help="share of visitors never seen")
    parser.add_argument("--varied", action="store_true", help="nothing said comes again")
    parser.add_argument("--readers", action="store_true", help="run the readers of the log too")
    parser.add_argument("--database", help="measure this one instead of a fresh embedded one")
    parser.add_argument("--client", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--start", type=float, default=0, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.client:
        uvloop.run(client(args))
        return 0
    return 0 if run(args) else 1


if __name__ == "__main__":
    sys.exit(main())
