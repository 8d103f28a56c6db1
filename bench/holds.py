"""How many holds a second, never oversold: raw PostgreSQL, our verb, and HTTP with a key.

    python bench/holds.py [--seconds 10] [--processes 2] [--callers 200] [--skip-http]

Each of hot (everybody wants one sku) and wide (50,000 skus) runs three ways in one run: the rows of
a hold written bare in batches of 200 (the limit), `holds.place_many` behind a combiner in N
processes (closed loop), and `POST /api/v1/stock/holds` on a served installation with N workers.
At the end every number is proven: answers = holds = lines = ledger entries = facts, no drift.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import uvloop

import honesty
from setten.facts.stock import GoodsLine
from setten.platform import auth, clock, combine, db, ids
from setten.platform.combine import Claim, Combiner
from setten.platform.db import embedded
from setten.stock import holds, ledger
from setten.stock.holds import Ask, Placed

HOT, WIDE_SKUS = "SOFA", 50_000
PLACE = "ginza"
BATCH = 200
RAW = """
with b as (
  update stock.balances set on_hand = on_hand - d.qty, held = held + d.qty
    from unnest($2::text[], $3::int[]) as d(sku, qty)
   where balances.sku = d.sku and balances.location_id = 'ginza'
), h as (
  insert into stock.holds (hold_id, location_id, code, purpose, channel, placed_at, expires_at,
                           placed_by)
  select u.hold_id, 'ginza', u.code, 'pickup', 'raw', now(), now() + interval '1 day', 'raw'
    from unnest($1::uuid[], $4::text[]) as u(hold_id, code)
), l as (
  insert into stock.ledger (at, sku, location_id, from_account, to_account, qty, cause, cause_id)
  select now(), u.sku, 'ginza', 2, 3, 1, 'hold', u.hold_id
    from unnest($1::uuid[], $5::text[]) as u(hold_id, sku)
), e as (
  insert into log.events (arrived_on, event_id, name, occurred_at, received_at, channel,
                          identifiers, body)
  select current_date, u.hold_id::text, 'raw', now(), now(), 'raw', '{}', '{"a": 1}'
    from unnest($1::uuid[]) as u(hold_id)
)
insert into stock.hold_lines (hold_id, sku, location_id, qty)
select u.hold_id, u.sku, 'ginza', 1 from unnest($1::uuid[], $5::text[]) as u(hold_id, sku)
"""


async def seed(conn: db.Connection) -> None:
    """Items with more units than can be held in the time."""
    await conn.execute("set statement_timeout = 0")
    await conn.execute(
        "insert into stock.locations (location_id, name_ja, name_en, kind, timezone, updated_at)"
        " values ($1, '銀座店', 'Ginza', 'shop', 'Asia/Tokyo', now()) on conflict do nothing",
        PLACE,
    )
    skus = [HOT, *(f"S{i:06d}" for i in range(WIDE_SKUS))]
    await conn.execute(
        "insert into stock.items (sku, name_ja, name_en, updated_at)"
        " select s, s, s, now() from unnest($1::text[]) s on conflict do nothing",
        skus,
    )
    keys = [(sku, PLACE) for sku in skus]
    for start in range(0, len(keys), 5_000):
        part = keys[start : start + 5_000]
        async with conn.transaction():
            await ledger.ensure(conn, part)
            rows = await ledger.lock(conn, part)
            entries = [
                ledger.Entry(
                    sku=sku,
                    location_id=place,
                    source=ledger.Account.opening,
                    target=ledger.Account.on_hand,
                    qty=100_000_000 if sku == HOT else 1_000_000,
                    cause="bench",
                    cause_id=uuid.uuid4(),
                )
                for sku, place in part
            ]
            await ledger.post(conn, entries, balances=rows, now=clock.now())
    await conn.execute("analyze stock.balances; analyze stock.items")


def pick(kind: str) -> str:
    return HOT if kind == "hot" else f"S{random.randrange(WIDE_SKUS):06d}"


async def raw(dsn: str, kind: str, seconds: float) -> float:
    """The rows of a hold and nothing else, in batches, on two connections. Rolled back at the end
    of the run by being a database of its own."""
    done = 0
    end = time.perf_counter() + seconds

    async def lane(number: int) -> None:
        nonlocal done
        conn = await db.connect(dsn)
        code = number * 100_000_000 + (kind == "hot") * 50_000_000
        while time.perf_counter() < end:
            skus = sorted(pick(kind) for _ in range(BATCH))
            demand: dict[str, int] = {}
            for sku in skus:
                demand[sku] = demand.get(sku, 0) + 1
            codes = [f"{code + i:09d}" for i in range(BATCH)]
            code += BATCH
            await conn.execute(RAW, [uuid.uuid4() for _ in skus], list(demand),
                               list(demand.values()), codes, skus)  # fmt: skip
            done += BATCH
        await conn.close()

    begun = time.perf_counter()
    await asyncio.gather(lane(1), lane(2))
    return done / (time.perf_counter() - begun)


async def verb_worker(dsn: str, kind: str, callers: int, seconds: float, start: float) -> None:
    """One process of callers; prints its count and latencies as JSON."""
    pool = await db.open_pool(dsn, size=4)

    async def decide(conn, asks):
        return await holds.place_many(conn, asks, now=clock.now())

    combiner: Combiner[Ask, Placed] = Combiner(pool, decide, lanes=2)
    samples: list[float] = []
    await asyncio.sleep(max(0.0, start - time.time()))
    end = time.perf_counter() + seconds

    async def caller() -> None:
        while (begun := time.perf_counter()) < end:
            key = combine.key_hash("bench", "holds", secrets.token_hex(8))
            ask = Ask(
                lines=(GoodsLine(pick(kind), PLACE, 1),),
                by="bench",
                ttl_s=86_400,
                identifier_id=ids.number(),
                claim=Claim(key, key),
            )
            await combiner.ask(ask)
            samples.append(time.perf_counter() - begun)

    await asyncio.gather(*(caller() for _ in range(callers)))
    pool.terminate()
    print(json.dumps({"batches": combiner.batches, "samples": samples}))


async def http_worker(
    port: int, key: str, kind: str, callers: int, seconds: float, start: float
) -> None:
    """One process of HTTP callers on kept-alive connections; prints its answers as JSON."""
    samples: list[float] = []
    statuses: dict[str, int] = {}
    await asyncio.sleep(max(0.0, start - time.time()))
    end = time.perf_counter() + seconds

    async def caller() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (begun := time.perf_counter()) < end:
            line = {"sku": pick(kind), "location_id": PLACE, "qty": 1}
            body = json.dumps({"lines": [line], "ttl_s": 86_400}).encode()
            writer.write(
                b"POST /api/v1/stock/holds HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer "
                + key.encode()
                + b"\r\nContent-Type: application/json\r\nIdempotency-Key: "
                + secrets.token_hex(8).encode()
                + f"\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            head = await reader.readuntil(b"\r\n\r\n")
            status = head[9:12].decode()
            length = next(
                int(one.split(b":")[1])
                for one in head.lower().split(b"\r\n")
                if one.startswith(b"content-length")
            )
            await reader.readexactly(length)
            samples.append(time.perf_counter() - begun)
            statuses[status] = statuses.get(status, 0) + 1
        writer.close()

    await asyncio.gather(*(caller() for _ in range(callers)))
    print(json.dumps({"statuses": statuses, "samples": samples}))


def spawn(processes: int, *args: object) -> tuple[list[dict], float]:
    """Run this program's workers at once; (what each printed, wall seconds from their start)."""
    start = time.time() + 3
    words = [str(one) for one in args]
    running = [
        subprocess.Popen(
            [sys.executable, __file__, *words, "--start", str(start)], stdout=subprocess.PIPE
        )
        for _ in range(processes)
    ]
    said = [json.loads(one.communicate()[0]) for one in running]
    return said, time.time() - start


def report(name: str, said: list[dict], wall_s: float, target: int) -> int:
    samples = [one for part in said for one in part["samples"]]
    rate = len(samples) / wall_s
    print(f"{name:<12} {rate:>9,.0f} holds/s  {honesty.percentiles(samples)}   (bar {target:,})")
    return len(samples)


async def prove(dsn: str, answered: int) -> bool:
    """Answers, holds, lines, ledger and facts agree, and no balance drifts."""
    conn = await db.connect(dsn, statement_timeout="0")
    counts = {
        "answers": answered,
        "holds": "select count(*) from stock.holds where channel <> 'raw'",
        "lines": "select count(*) from stock.hold_lines join stock.holds using (hold_id)"
        " where channel <> 'raw'",
        "ledger": "select count(*) from stock.ledger join stock.holds on hold_id = cause_id"
        " where cause = 'hold' and channel <> 'raw'",
        "facts": "select count(*) from log.events where name = 'stock.held'",
    }
    found = {
        name: what if isinstance(what, int) else await conn.fetchval(what)
        for name, what in counts.items()
    }
    proof = await ledger.reconcile(conn)
    await conn.close()
    fits = len(set(found.values())) == 1 and proof.is_clean
    print(f"proof        {found}, drifts {len(proof.drifts)}: {'agrees' if fits else 'DIFFERS'}")
    return fits


@contextlib.contextmanager
def served(folder: Path, workers: int) -> Iterator[int]:
    """An installation served by its own supervisor; the port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    child = subprocess.Popen(
        [sys.executable, "-m", "setten.cli", "serve", "--port", str(port), "--data-dir",
         str(folder), "--workers", str(workers)],
        env=os.environ | {"SETTEN_MASTER_KEY": b64encode(bytes(range(32))).decode()},
    )  # fmt: skip
    try:
        for _ in range(600):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).close()
                break
            time.sleep(0.1)
        yield port
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(60)


async def prepare(dsn: str, folder: Path, args: argparse.Namespace, loop: str) -> str:
    """Seed, print the conditions, and make a key."""
    conn = await db.connect(dsn)
    await db.apply_migrations(conn)
    await seed(conn)
    await honesty.conditions(
        conn,
        folder=folder,
        data=f"{WIDE_SKUS + 1:,} balances at one place",
        connections=args.processes * args.callers,
        loop=loop,
    )
    async with conn.transaction():
        key = await auth.create_key(conn, scope="server", name="bench", now=clock.now())
    await conn.close()
    return key


def run_verb(args: argparse.Namespace) -> bool:
    with honesty.database(None) as (dsn, folder):
        loop = f"closed, {args.processes} processes x {args.callers} callers"
        asyncio.run(prepare(dsn, folder, args, loop))
        answered = 0
        for kind in ("hot", "wide"):
            print(f"raw {kind:<8} {asyncio.run(raw(dsn, kind, args.seconds)):>9,.0f} holds/s")
            said, wall_s = spawn(
                args.processes, "--worker", "verb", "--dsn", dsn, "--kind", kind, "--callers",
                args.callers, "--seconds", args.seconds,
            )  # fmt: skip
            answered += report(f"verb {kind}", said, wall_s, 5_000)
        return asyncio.run(prove(dsn, answered))


def run_http(args: argparse.Namespace) -> bool:
    with tempfile.TemporaryDirectory(prefix="setten-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        with served(folder, args.processes) as port:
            dsn = embedded.attach(folder)
            assert dsn is not None
            loop = f"closed, {args.processes} workers, {args.callers} connections, with a key"
            key = asyncio.run(prepare(str(dsn), folder, args, loop))
            answered = 0
            for kind in ("hot", "wide"):
                said, wall_s = spawn(
                    1, "--worker", "http", "--port", port, "--key", key, "--kind", kind,
                    "--callers", args.callers, "--seconds", args.seconds,
                )  # fmt: skip
                report(f"http {kind}", said, wall_s, 4_000)
                print(f"             statuses {said[0]['statuses']}")
                answered += said[0]["statuses"].get("201", 0)
            return asyncio.run(prove(str(dsn), answered))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--callers", type=int, default=200)
    parser.add_argument("--skip-http", action="store_true")
    parser.add_argument("--skip-verb", action="store_true")
    for hidden in ("--worker", "--dsn", "--kind", "--port", "--key", "--start"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    args = parser.parse_args()
    start = float(args.start or 0)
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    if args.worker == "verb":
        asyncio.run(verb_worker(args.dsn, args.kind, args.callers, args.seconds, start))
        return 0
    if args.worker == "http":
        asyncio.run(
            http_worker(int(args.port), args.key, args.kind, args.callers, args.seconds, start)
        )
        return 0
    verb = args.skip_verb or run_verb(args)
    http = args.skip_http or run_http(args)
    return 0 if verb and http else 1


if __name__ == "__main__":
    sys.exit(main())
