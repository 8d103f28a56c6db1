"""How many events a second come in, durable, deduplicated and sealed, over HTTP.

    python bench/ingest.py [--seconds 15] [--workers 2] [--connections 8] [--singles]
                           [--preload 50000000] [--people 100000] [--sealed 0.5] [--fresh 0.05]
                           [--readers]

One run on a fresh data directory: first raw PostgreSQL (the same rows into one table with a unique
key, batches of 100, the limit), then ours: batches of 100 over HTTP from a client process of its
own, closed loop. At the end the log is compared with what was acknowledged.
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

import psutil
import uvloop

import honesty
from setten.customers import ingest
from setten.platform import clock, db
from setten.platform.vault import Vault, normalise

BATCH = 100
TEMPLATES = 200
MASTER_KEY = bytes(range(32))
WRITE_KEY = "bench-write-key"
NAMES = {
    "Product Viewed": 25, "Product Added": 5, "Cart Viewed": 8, "Checkout Started": 3,
    "Order Completed": 2, "Products Searched": 8, "Coupon Applied": 2, "Store Visited": 3,
    "Message Opened": 5, "Message Clicked": 3, "Chat Started": 1,
}  # fmt: skip
AGENT = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko)"
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
PRELOAD = """
insert into log.seen (day, hash, position, arrived_on)
select current_date - (i % 30)::integer, gen_random_uuid(), 0, current_date
  from generate_series($1::bigint, $2::bigint) as s(i)
"""


def event(rng: random.Random, *, people: int, is_browser: bool) -> dict[str, object]:
    """A plausible event; `@@` marks what is new in each sending."""
    person = 1 + rng.randrange(people)
    goods = rng.randrange(20_000)
    said: dict[str, object] = {
        "messageId": "@@ID",
        "timestamp": "@@AT",
        "anonymousId": f"@@WHO{person:032x}",
    }
    if rng.random() < 0.33:
        said["userId"] = f"customer-{person}"
    context: dict[str, object] = {"library": {"name": "analytics.js", "version": "next-1.84.3"}}
    if is_browser:
        url = f"https://shop.example/items/{goods}?utm_source=line&utm_campaign=spring"
        context |= {
            "userAgent": AGENT,
            "locale": "ja-JP",
            "timezone": "Asia/Tokyo",
            "page": {"path": f"/items/{goods}", "title": "ベルベットソファ", "url": url},
        }
    if rng.random() < 0.02:
        traits = {"email": f"customer-{person}@example.jp", "plan": "gold"}
        return said | {"type": "identify", "traits": traits, "context": context}
    if rng.random() < 0.3:
        return said | {"type": "page", "name": "Item", "properties": {}, "context": context}
    [name] = rng.choices(list(NAMES), list(NAMES.values()))
    properties: dict[str, object] = {
        "product_id": f"P{goods}", "sku": f"S-{goods:06d}", "name": "velvet sofa",
        "category": "sofa", "price": rng.randint(1, 90) * 1000, "currency": "JPY", "quantity": 1,
    }  # fmt: skip
    if name == "Order Completed":
        properties["order_id"] = f"O-{rng.getrandbits(40):010x}"
    return said | {"type": "track", "event": name, "properties": properties, "context": context}


class Bodies:
    """Request bodies: rendered once, then only ids, times and new visitors are put in."""

    def __init__(self, seed: int, *, size: int, people: int, sealed: float, fresh: float) -> None:
        self._rng = random.Random(seed)
        self._people = people
        self._fresh = fresh
        self._size = size
        self._templates = [self._template(i < sealed * TEMPLATES) for i in range(TEMPLATES)]

    def _template(self, is_browser: bool) -> tuple[list[str], bool]:
        events = [
            event(self._rng, people=self._people, is_browser=is_browser) for _ in range(self._size)
        ]
        whole: object = events[0] | {"writeKey": WRITE_KEY, "sentAt": "@@AT"}
        if self._size > 1:
            whole = {"batch": events, "writeKey": WRITE_KEY, "sentAt": "@@AT"}
        return json.dumps(whole, ensure_ascii=False).split("@@ID"), is_browser

    def make(self) -> tuple[bytes, bool]:
        """(body, whether a browser sends it)."""
        parts, is_browser = self._rng.choice(self._templates)
        base = uuid.uuid4().hex
        lead = f"{base[:8]}-{base[8:12]}-{base[12:16]}-{base[16:20]}-{base[20:24]}"
        text = parts[0] + "".join(
            f"{lead}{index:08x}{part}" for index, part in enumerate(parts[1:])
        )
        text = text.replace("@@AT", datetime.now(UTC).isoformat())
        pieces = text.split("@@WHO")
        for index in range(1, len(pieces)):
            if self._rng.random() < self._fresh:
                pieces[index] = f"{self._rng.getrandbits(128):032x}{pieces[index][32:]}"
        return "".join(pieces).encode(), is_browser


async def client(args: argparse.Namespace) -> None:
    """Closed loop: each connection sends its next request when the last was answered."""
    size = 1 if args.singles else BATCH
    bodies = Bodies(
        os.getpid(), size=size, people=args.people, sealed=args.sealed, fresh=args.fresh
    )
    latencies: list[float] = []
    bad: dict[str, int] = {}
    await asyncio.sleep(max(0.0, args.start - time.time()))
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
        "latency": honesty.percentiles(latencies), "cpu_s": time.process_time(),
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
    if readers:
        children.append(
            subprocess.Popen([sys.executable, "-m", "setten.cli", "worker"], env=environment)
        )
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


async def prepare(dsn: str, folder: Path, args: argparse.Namespace) -> None:
    """Migrate, make the source, preload keys, print the conditions."""
    conn = await db.connect(dsn, statement_timeout="0")
    await db.apply_migrations(conn)
    async with conn.transaction():
        await ingest.sources.create(
            conn, name="bench", channel="web", write_key=WRITE_KEY, now=clock.now(),
            rate_per_s=ingest.sources.RATE_PER_S_MAX,
        )  # fmt: skip
    await meet(conn, args.people)
    for begin in range(0, args.preload, 1_000_000):
        await conn.execute(PRELOAD, begin + 1, min(args.preload, begin + 1_000_000))
    if args.preload:
        await conn.execute("checkpoint")
    await honesty.conditions(
        conn,
        folder=folder,
        data=f"{args.preload:,} keys in log.seen; {2 * args.people:,} known identifiers; "
        f"{args.fresh:.0%} of visitors are new; {args.sealed:.0%} of events have sealed values",
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
    words = ["--client", str(port), "--seconds", str(seconds), "--start", str(time.time() + 2)]
    words += ["--connections", str(args.connections), "--sealed", str(args.sealed)]
    words += ["--people", str(args.people)]
    words += ["--fresh", str(args.fresh), *(["--singles"] if args.singles else [])]
    done = subprocess.run(
        [sys.executable, __file__, *words], stdout=subprocess.PIPE, check=True, text=True
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


def work() -> dict[str, float]:
    """Seconds of processor that our web processes and the database have used so far.

    Under other load the rate says little; the work an event costs says what idle cores would do.
    """
    used = {"web": 0.0, "database": 0.0}
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            times = child.cpu_times()
            name = "database" if "postgres" in child.name() else "web"
            used[name] += times.user + times.system
    return used


def run(args: argparse.Namespace) -> bool:
    with honesty.database(args.database) as (dsn, folder):
        asyncio.run(prepare(dsn, folder, args))
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
