"""How many holds a second, never oversold: raw PostgreSQL, our verb, and HTTP with a key.

    python bench/holds.py [--seconds 10] [--processes 2] [--callers 200] [--loop both]
                          [--skip-http] [--skip-verb] [--only hot|wide] [--trace]

Before each loop comes a second of the same load, told apart: in it processes connect and plan.
Each of hot (everybody wants one sku) and wide (50,000 skus) runs three ways in one run: the rows of
a hold written bare in batches of 200 (the limit), `holds.place_many` behind a combiner in N
processes, and `POST /api/v1/stock/holds` on a served installation with N workers. The last two in
two loops: open at the rate of the design (5,000/s at the verb, 4,000/s over HTTP), which tells how
long a hold takes at that rate; and closed with every caller asking again at once, which tells how
many there can be and, at hundreds of callers, little else than how long the queue is.
At the end every number is proven: answers = holds = lines = ledger entries = facts, no drift.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
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

import msgspec
import psutil
import uvloop

import holds_callers as callers
import honesty
from holds_callers import HOT, PLACE, WIDE_SKUS, Load, Said, pick
from holds_trace import Trace
from setten.platform import auth, clock, db
from setten.platform.db import embedded
from setten.stock import ledger

BATCH = 200
VERB_RATE, HTTP_RATE = 5_000, 4_000  # DESIGN section 7
REST_S = 3.0  # between two loops, so that one does not pay for the other's
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


def spawn(processes: int, load: Load, *where: object) -> list[Said]:
    """Run callers in processes of their own, all from one moment; what each said."""
    told = msgspec.structs.replace(load, start=time.time() + 3, rate=load.rate / processes)
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, str(number)) for number in range(processes)]
        running = [
            subprocess.Popen(
                [sys.executable, __file__, "--load", msgspec.json.encode(told).decode(),
                 "--into", str(file), *map(str, where)]
            )
            for file in files
        ]  # fmt: skip
        statuses = [one.wait() for one in running]
        if any(statuses):
            raise SystemExit("callers failed")
        return [msgspec.json.decode(file.read_bytes(), type=Said) for file in files]


def measure(
    name: str,
    load: Load,
    processes: int,
    watched: dict[str, int],
    *where: object,
    cluster: Path | None = None,
) -> list[Said]:
    """One loop and its line: rate, times, and processor time a hold by who used it."""
    before = {who: honesty.used_s(pid) for who, pid in watched.items()}
    trace = Trace(watched, cluster) if cluster and load.is_traced else None
    with trace or contextlib.nullcontext():
        said = spawn(processes, load, *where)
    used = {who: honesty.used_s(pid) - before[who] for who, pid in watched.items()}
    used["callers"] = sum(one.processor_s for one in said)
    samples = [one for part in said for one in part.samples]
    missed = sum(one.missed for one in said)
    loop = f"open {load.rate:,.0f}/s" if load.rate else f"closed {load.callers * processes}"
    rate = len(samples) / max(one.wall_s for one in said)
    print(f"{name:<10} {loop:<13} {rate:>7,.0f} holds/s  {honesty.percentiles(samples)}"
          f"{f'  NOT ANSWERED {missed}' if missed else ''}")  # fmt: skip
    early = [one for part in said for one in part.early]
    holds = max(1, len(samples) + len(early))
    each = "  ".join(f"{who} {s * 1e6 / holds:.0f}" for who, s in used.items())
    print(f"{'':<24} the second before, apart: {honesty.percentiles(early)}")
    idle = sum(one.idle for one in said) / len(said)
    print(f"{'':<24} µs of processor a hold: {each}; machine idle {idle:.0%}")
    print(f"{'':<24} {callers.late(said)}", flush=True)
    if trace:
        print(*trace.lines(said), sep="\n", flush=True)
    time.sleep(REST_S)
    return said


def loads(args: argparse.Namespace, kind: str, callers_each: int, rate: int) -> Iterator[Load]:
    """The loops asked for, the open one first: it is the gentler."""
    load = Load(kind=kind, callers=callers_each, seconds=args.seconds, rate=0.0, start=0.0,
                is_traced=args.trace)  # fmt: skip
    if args.loop in ("open", "both"):
        yield msgspec.structs.replace(load, rate=float(args.rate or rate))
    if args.loop in ("closed", "both"):
        yield load


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
                if listening(port) >= workers:  # else all callers meet at the first one up
                    break
            if child.poll() is not None:
                raise SystemExit("the product did not start; its last line says why")
            time.sleep(0.1)
        yield port
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(60)


def listening(port: int) -> int:
    """How many sockets wait for callers at a port: one for each web process."""
    return sum(
        one.status == psutil.CONN_LISTEN and one.laddr.port == port
        for one in psutil.net_connections("tcp4")
    )


async def prepare(dsn: str, folder: Path, args: argparse.Namespace) -> tuple[str, int]:
    """Seed, print the conditions, make a key; (key, process id of the database)."""
    conn = await db.connect(dsn)
    await db.apply_migrations(conn)
    await seed(conn)
    await honesty.conditions(
        conn,
        folder=folder,
        data=f"{WIDE_SKUS + 1:,} balances at one place",
        connections=args.processes * args.callers,
        loop=f"as each line says, {args.processes} processes, {args.seconds:g} s each",
    )
    async with conn.transaction():
        key = await auth.create_key(conn, scope="server", name="bench", now=clock.now())
    database = psutil.Process(await conn.fetchval("select pg_backend_pid()")).ppid()
    await conn.close()
    return key, database


def run_verb(args: argparse.Namespace) -> bool:
    with honesty.database(None) as (dsn, folder):
        _, database = asyncio.run(prepare(dsn, folder, args))
        answered = 0
        for kind in args.kinds:
            print(f"raw {kind:<20} {asyncio.run(raw(dsn, kind, args.seconds)):>7,.0f} holds/s")
            for load in loads(args, kind, args.callers, VERB_RATE):
                said = measure(f"verb {kind}", load, args.processes, {"database": database},
                               "--dsn", dsn)  # fmt: skip
                answered += sum(len(one.samples) + len(one.early) for one in said)
        return asyncio.run(prove(dsn, answered))


def run_http(args: argparse.Namespace) -> bool:
    with tempfile.TemporaryDirectory(prefix="setten-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        with served(folder, args.processes) as port:
            dsn = str(embedded.attach(folder))
            key, _ = asyncio.run(prepare(dsn, folder, args))
            pids = json.loads((folder / "supervisor.json").read_bytes())
            pids.pop("supervisor")
            [cluster] = folder.rglob("pg_wal")
            cluster = cluster.parent
            answered = 0
            for kind in args.kinds:
                for load in loads(args, kind, args.callers * args.processes, HTTP_RATE):
                    [said] = measure(f"http {kind}", load, 1, pids, "--port", port, "--key", key,
                                     cluster=cluster)  # fmt: skip
                    if said.statuses.keys() != {"201"}:
                        print(f"{'':<24} statuses {said.statuses}")
                    answered += said.statuses.get("201", 0)
            return asyncio.run(prove(dsn, answered))


def work(args: argparse.Namespace) -> None:
    """Be one process of callers."""
    load = msgspec.json.decode(args.load, type=Load)
    doing = (
        callers.at_verb(args.dsn, load)
        if args.dsn
        else callers.over_http(int(args.port), load, callers.requests(args.key, load.kind))
    )
    Path(args.into).write_bytes(msgspec.json.encode(asyncio.run(doing)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--callers", type=int, default=200)
    parser.add_argument("--loop", choices=("open", "closed", "both"), default="both")
    parser.add_argument("--rate", type=int, help="of the open loop, instead of the design's")
    parser.add_argument("--only", choices=("hot", "wide"))
    parser.add_argument("--skip-http", action="store_true")
    parser.add_argument("--skip-verb", action="store_true")
    parser.add_argument("--trace", action="store_true", help="what happened in each tenth of one")
    for hidden in ("--load", "--into", "--dsn", "--port", "--key"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    args = parser.parse_args()
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    if args.load:
        work(args)
        return 0
    args.kinds = [args.only] if args.only else ["hot", "wide"]
    verb = args.skip_verb or run_verb(args)
    http = args.skip_http or run_http(args)
    return 0 if verb and http else 1


if __name__ == "__main__":
    sys.exit(main())
