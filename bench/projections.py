"""From acknowledged to visible: the background readers over many customers, at a stated rate.

    .venv/bin/python bench/projections.py [--customers 1000000] [--lines 3000000]
                                          [--segments 100] [--rate 2000] [--seconds 30]
                                          [--kept DIR] [--append]

Lays down customers and their history, then offers events at a fixed rate (open loop, batches of
100, over HTTP to two web processes, which read, deduplicate and seal them; with `--append` without
all that, into the log) while all readers of the log run as their process runs them, and the jobs
and the lake in theirs. What is sent was written before. Each reader has a connection of its own
here, so that the database's work can be told apart too. Visible is when another connection first
sees the reader's cursor beyond the events. With `--kept`, what was laid down stays in DIR, and each
run works on a copy of it. Beside ours the limit: bare lines, one table with one key, in the same
run.
"""

from __future__ import annotations

import argparse
import asyncio
import bisect
import contextlib
import json
import os
import subprocess
import sys
import time
from base64 import b64encode
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import psutil
import uvloop

import honesty
import hundred
import people
from ingest import served
from ingest_bodies import WRITE_KEY
from projections_told import tell, tell_stretches
from setten.customers import ingest
from setten.platform import clock, db, log, settings
from setten.platform.vault import Vault

KEY = bytes(range(32))
HERE = Path(__file__).parent
WARM_S = 5  # plans, caches, the first full pages after a checkpoint
LEVEL_S_MAX = 120  # readers that are not level by then are told as they are
# A look of the watch costs the machine as much as two events: where every processor is needed
# there are fewer, and delays are told as up to so much longer.
POLL_S = 0.005
POLL_FULL_S = 0.02
FULL_RATE = 4_000
PARTS = ("readers", "segments")  # processes of readers, as the product has them
MEMBERSHIPS = "segments"  # the reader whose delay is promised
WEB_PROCESSES = 2
WEB = "setten.platform.supervisor.web"
RAW_TABLE = """
create table public.raw_limit (
  identifier_id bigint not null, occurred_at timestamptz not null, position bigint not null,
  name text not null, summary json not null, primary key (identifier_id, occurred_at, position))
"""
RAW = """
insert into public.raw_limit
select (random() * 1e18)::bigint, now(), i, 'product.viewed', '{"sku": "S-1", "item": "sofa"}'
  from generate_series(1, 2000) as i
"""
PLACES = """
select hash, position, xid::text::bigint as xid
  from log.seen where day = any($1::date[]) and hash = any($2::uuid[])
"""
KNOWN_KEY = "select 1 from ingest.write_keys where write_key = $1"
# The lake's reader is a job of every twenty seconds.
CURSORS = (
    "select reader, xid::text::bigint as xid, position from log.cursors where reader <> 'lake'"
)


# What a new installation or an upgrade does once, by and by, over everybody: not the steady state.
ONCE = (
    "delete from customers.roster_walks",
    "update customers.segments set is_past_told = true",
)


async def prepare(dsn: str, folder: Path, args: argparse.Namespace) -> None:
    """Migrate, lay people down, print the conditions."""
    conn = await db.connect(dsn, statement_timeout="0", idle_in_transaction_session_timeout="0")
    await db.apply_migrations(conn)
    async with conn.transaction():
        await Vault(KEY).prove(conn)
    begun = time.perf_counter()
    await people.lay_down(conn, args.customers, args.lines)
    await hundred.define(conn, args.segments)
    members = await hundred.belong(conn, settings.load().zone)
    took = time.perf_counter() - begun
    size = await conn.fetchval("select pg_size_pretty(pg_database_size(current_database()))")
    await honesty.conditions(
        conn,
        folder=folder,
        data=f"{args.customers:,} customers with {args.lines:,} lines of history, {size}, laid "
        f"down in {took:.0f} s; {args.segments} live segments with {members:,} memberships; "
        f"{args.fresh:.0%} of visitors are new",
        connections=8,
        loop=f"open, {args.rate:.0f} events/s in batches of 100, "
        + ("into the log" if args.append else f"over HTTP, {WEB_PROCESSES} web processes, sealed"),
    )
    await conn.close()


async def ready(dsn: str) -> None:
    """What was laid down some time ago may be of an older version, and without a source."""
    conn = await db.connect(dsn, statement_timeout="0")
    await db.apply_migrations(conn)
    if not await conn.fetchval(KNOWN_KEY, WRITE_KEY):
        async with conn.transaction():
            await ingest.sources.create(
                conn, name="bench", channel="web", write_key=WRITE_KEY, now=clock.now(),
                rate_per_s=ingest.sources.RATE_PER_S_MAX,
            )  # fmt: skip
    for one in ONCE:
        await conn.execute(one)
    await conn.close()


async def raw(dsn: str, seconds: float) -> float:
    """Rows a second, 2,000 to a commit, into one table with one key: what lines cost at least."""
    conn = await db.connect(dsn)
    await conn.execute(RAW_TABLE)
    begun, done = time.perf_counter(), 0
    while time.perf_counter() < begun + seconds:
        await conn.execute(RAW)
        done += 2_000
    rate = done / (time.perf_counter() - begun)
    await conn.execute("drop table public.raw_limit")
    await conn.close()
    return rate


class Watch:
    """When each reader's cursor was first seen where."""

    def __init__(self, rate: float) -> None:
        self.seen: dict[str, tuple[list[tuple[int, int]], list[float]]] = {}
        self._pause_s = POLL_S if rate <= FULL_RATE else POLL_FULL_S

    async def run(self, dsn: str, stop: asyncio.Event) -> None:
        conn = await db.connect(dsn)
        while not stop.is_set():
            rows = await conn.fetch(CURSORS)
            at = time.time()
            for name, xid, position in rows:
                places, times = self.seen.setdefault(name, ([], []))
                if not places or places[-1] != (xid, position):
                    places.append((xid, position))
                    times.append(at)
            await asyncio.sleep(self._pause_s)
        await conn.close()

    def lags(self, name: str, told: list[tuple[tuple[int, int], float]]) -> list[float]:
        """Seconds from acknowledgement to visible of each batch; endless for those never seen."""
        places, times = self.seen[name]
        found = []
        for place, acknowledged in told:
            index = bisect.bisect_left(places, place)
            found.append(times[index] - acknowledged if index < len(times) else float("inf"))
        return [max(0.0, lag) for lag in found]


async def level(dsn: str) -> float:
    """Wait until every reader has passed what was offered; the seconds that took."""
    conn = await db.connect(dsn)
    begun = time.perf_counter()
    goal = await conn.fetchrow("select xid::text::bigint, position from log.events "
                               "where source_id is not null order by xid desc, position desc "
                               "limit 1")  # fmt: skip
    while time.perf_counter() < begun + LEVEL_S_MAX:
        rows = await conn.fetch(CURSORS)
        if rows and min((row["xid"], row["position"]) for row in rows) >= tuple(goal):
            break
        await asyncio.sleep(0.02)
    await conn.close()
    return time.perf_counter() - begun


async def counted(dsn: str) -> dict[str, float]:
    """WAL, log and processor time so far."""
    conn = await db.connect(dsn)
    wal = await conn.fetchval("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
    events = await conn.fetchval("select last_value from log.position")
    helpers = await conn.fetch(
        "select backend_type, pid from pg_stat_activity where backend_type <> 'client backend'"
    )
    server = psutil.Process(await conn.fetchval("select pg_backend_pid()")).parent()
    await conn.close()
    found = {"wal": float(wal), "events": float(events), "idle": honesty.idle_s()}
    found |= {"database in all": whole_s(server), "web": web_s()}
    for row in helpers:
        kind = "autovacuum" if row["backend_type"].startswith("autovacuum") else row["backend_type"]
        found[kind] = found.get(kind, 0.0) + processor_s(row["pid"])
    return found


def whole_s(server: psutil.Process | None) -> float:
    """Seconds of processor of a process and of its children, those that have ended too."""
    assert server is not None
    times = server.cpu_times()
    used = times.user + times.system + times.children_user + times.children_system
    return float(used + sum(processor_s(one.pid) for one in server.children()))


def web_s() -> float:
    """The same of the web processes of this run."""
    return sum(processor_s(one.pid) for one in psutil.Process().children() if WEB in one.cmdline())


def processor_s(pid: int) -> float:
    """Seconds of processor that a process has used so far; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def environment(dsn: str, folder: Path) -> dict[str, str]:
    """What a process of the run is told."""
    return os.environ | {
        "SETTEN_MASTER_KEY": b64encode(KEY).decode(), "SETTEN_DATABASE_URL": dsn,
        "SETTEN_DATA_DIR": str(folder / "data"), "SETTEN_LOG_LEVEL": "warning",
    }  # fmt: skip


def child(
    part: str, dsn: str, folder: Path, args: argparse.Namespace, *more: str
) -> subprocess.Popen[str]:
    """A process of the run, which talks in lines of JSON."""
    words = [sys.executable, str(HERE / f"projections_{part}.py"), json.dumps(vars(args)), *more]
    return subprocess.Popen(
        words, env=environment(dsn, folder), text=True, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )  # fmt: skip


def jobs(dsn: str, folder: Path) -> subprocess.Popen[bytes]:
    """The process of the jobs, as the product runs it."""
    words = [sys.executable, "-m", "setten.background", "jobs"]
    return subprocess.Popen(words, env=environment(dsn, folder), stdin=subprocess.DEVNULL)


def ask(process: subprocess.Popen[str], word: str) -> Any:
    """Say a word to a process of the run and read its answer."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(word + "\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


async def drive(dsn: str, folder: Path, args: argparse.Namespace, port: int | None) -> None:
    """Readers, segments, jobs and the offering in processes of their own, the watch here."""
    if port is None:
        load = child("load", dsn, folder, args)
    else:
        load = child("site", dsn, folder, args, str(port), b64encode(KEY).decode())
    workers = [child("worker", dsn, folder, args, part) for part in PARTS]
    clock_work = jobs(dsn, folder)
    try:
        watch, stop = Watch(args.rate), asyncio.Event()
        say = asyncio.to_thread
        await counts_of(workers)
        await say(ask, load, f"{args.rate} {WARM_S}")
        await say(ask, load, "0 0")
        await say(ask, load, f"{args.rate} {args.seconds}")
        await level(dsn)
        before, readers = await counted(dsn), await counts_of(workers)
        before["jobs (python)"] = processor_s(clock_work.pid)
        watching = asyncio.create_task(watch.run(dsn, stop))
        offered = await say(ask, load, "0 0")
        offered_at = time.perf_counter()
        behind = await level(dsn)
        took = args.seconds + time.perf_counter() - offered_at
        stop.set()
        await watching
        after, done = await counted(dsn), await counts_of(workers)
        after["jobs (python)"] = processor_s(clock_work.pid)
        told = await places(dsn, offered["told"])
        tell(args, offered, readers, done, before, after)
        print(f"level         {behind:.2f} s after the last was acknowledged: "
              f"{len(told) * 100 / took:,.0f} events/s sustained")  # fmt: skip
        for name in sorted(watch.seen):
            print(f"lag           {name:<16} {honesty.percentiles(watch.lags(name, told))}")
        tell_stretches(MEMBERSHIPS, watch.lags(MEMBERSHIPS, told))
    finally:
        for process in (load, *workers, clock_work):
            process.kill()
            process.wait()


async def counts_of(workers: list[subprocess.Popen[str]]) -> dict[str, Any]:
    """What all readers have used so far; of each process by the name of its part."""
    found: dict[str, Any] = {"readers": {}, "slowest": {}, "process_s": {}, "stalls": {}}
    for part, worker in zip(PARTS, workers, strict=True):
        answer = await asyncio.to_thread(ask, worker, "count")
        found["readers"] |= answer["readers"]
        found["slowest"] |= answer["slowest"]
        found["process_s"][part] = answer["process_s"]
        found["stalls"][part] = answer["stalls"]
    return found


async def places(dsn: str, told: list[tuple[str, float]]) -> list[tuple[tuple[int, int], float]]:
    """((xid, position), when acknowledged) of the last event of each batch."""
    conn = await db.connect(dsn, statement_timeout="0")
    today = clock.now().date()
    days = [today - timedelta(days=1), today]
    rows = await conn.fetch(PLACES, days, [log.hash_id(event_id) for event_id, _ in told])
    found = {row["hash"]: (row["xid"], row["position"]) for row in rows}
    await conn.close()
    return [(found[log.hash_id(event_id)], at) for event_id, at in told]


def main() -> None:
    """Run the benchmark with the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--lines", type=int, default=3_000_000, help="of history beforehand")
    parser.add_argument("--segments", type=int, default=100, help="live ones")
    parser.add_argument("--rate", type=float, default=2_000)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--fresh", type=float, default=0.05, help="share of visitors never seen")
    parser.add_argument("--append", action="store_true", help="without HTTP and vault")
    parser.add_argument("--statements", type=int, default=12, help="how many to tell of")
    parser.add_argument("--database", help="measure this one instead of a fresh embedded one")
    parser.add_argument("--keep", action="store_true", help="the people are there already")
    parser.add_argument("--kept", help="where what was laid down stays; each run copies it")
    args = parser.parse_args()

    def lay_down(dsn: str, folder: Path) -> None:
        asyncio.run(prepare(dsn, folder, args))

    with honesty.database(args.database, kept=args.kept, lay_down=lay_down) as (dsn, folder):
        if not args.keep and not args.kept:
            lay_down(dsn, folder)
        asyncio.run(ready(dsn))
        print(f"raw limit     {asyncio.run(raw(dsn, 3)):,.0f} lines/s (one table, one key)")
        print(f"begun         {clock.now():%H:%M:%S} UTC")
        with contextlib.ExitStack() as stack:
            port = None
            if not args.append:
                (folder / "data").mkdir(exist_ok=True)
                web = served(dsn, folder / "data", WEB_PROCESSES, readers=False)
                port = stack.enter_context(web)
            uvloop.run(drive(dsn, folder, args, port))


if __name__ == "__main__":
    main()
