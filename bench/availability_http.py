"""Where is it near me, over HTTP with a key: 2,000 questions a second, open loop.

    python bench/availability_http.py --data-dir DIR [--rate 2000] [--seconds 10] [--workers 2]
                                      [--connections 64] [--small] [--cold]

The questions of bench/availability.py, asked of a served product (`POST /api/v1/stock/availability`
with a server key; each question's key is looked up). DIR keeps the 25 million balances: they are
laid down when it has none, which takes four to six minutes and 6 GB, and are used again.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import uvloop

import honesty
from availability import LARGE, OPEN, PLACES, SMALL, question, seed
from holds import served
from holds_callers import Load, late, over_http
from setten.platform import auth, clock, db
from setten.platform.db import embedded

LIMIT_MS = 10.0
CHUNK_BYTES = 4 * 1024 * 1024


def lay_down(folder: Path, few: int, many: int) -> None:
    """Make the balances, in a database that nobody serves."""

    async def work(dsn: str) -> None:
        conn = await db.connect(dsn)
        await db.apply_migrations(conn)
        await seed(conn, few, many)
        await conn.close()

    server = embedded.start(folder)
    try:
        asyncio.run(work(server.dsn))
    finally:
        server.stop(limit_s=120)
    (folder / "laid-down").write_text(f"{few} {many}")


def questions(key: str, few: int, many: int) -> Iterator[bytes]:
    """Whole requests, without end."""
    head = (
        f"POST /api/v1/stock/availability HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}"
        "\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    )
    encode = msgspec.json.Encoder().encode
    while True:
        asked = question(few, many)
        body = encode(
            {
                "skus": asked.skus,
                "near": {"lat": asked.lat, "lon": asked.lon},
                "radius_km": asked.radius_km,
                "limit": asked.limit,
            }
        )
        yield (head % len(body)).encode() + body


async def warm(conn: db.Connection, folder: Path) -> None:
    """Read the balances and their key once, as a shop's day would have: the machine may have put
    anything else into its memory meanwhile."""
    read = 0
    for name in ("stock.balances", "stock.balances_pkey"):
        first = folder / "postgres" / await conn.fetchval("select pg_relation_filepath($1)", name)
        for file in (first, *first.parent.glob(f"{first.name}.*")):
            with file.open("rb", buffering=0) as pages:
                while piece := pages.read(CHUNK_BYTES):
                    read += len(piece)
    print(f"warm          {read / 1e9:.1f} GB of balances and their key read once before")


async def prepare(dsn: str, folder: Path, args: argparse.Namespace, rows: int) -> str:
    """Print the conditions and make a key."""
    conn = await db.connect(dsn)
    await conn.execute(OPEN)  # balances kept from before may be of places without hours
    await honesty.conditions(
        conn, folder=folder, data=f"{rows:,} balances, {PLACES} places",
        connections=args.connections,
        loop=f"open, {args.rate:,.0f}/s for {args.seconds:.0f} s, {args.workers} web processes",
    )  # fmt: skip
    if not args.cold:
        await warm(conn, folder)
    async with conn.transaction():
        key = await auth.create_key(conn, scope="server", name="bench", now=clock.now())
    await conn.close()
    return key


def measure(args: argparse.Namespace, folder: Path, few: int, many: int) -> bool:
    """Serve, ask, and say how long it took and what it cost."""
    with served(folder, args.workers) as port:
        dsn = str(embedded.attach(folder))
        key = asyncio.run(prepare(dsn, folder, args, few * 20 + many * PLACES))
        pids = json.loads((folder / "supervisor.json").read_bytes())
        pids.pop("supervisor")
        before = {who: honesty.used_s(pid) for who, pid in pids.items()}
        load = Load(kind="near", callers=args.connections, seconds=args.seconds, rate=args.rate,
                    start=0.0, warm_s=3.0)  # fmt: skip
        said = asyncio.run(over_http(port, load, questions(key, few, many)))
        count = len(said.samples) + len(said.early)
        used = {who: honesty.used_s(pid) - before[who] for who, pid in pids.items()}
        used["callers"] = said.processor_s
    print(f"http near     {len(said.samples) / said.wall_s:,.0f}/s  "
          f"{honesty.percentiles(said.samples)}  statuses {said.statuses}  not answered "
          f"{said.missed}")  # fmt: skip
    print(f"{'':<14}the three seconds before, apart: {honesty.percentiles(said.early)}")
    each = "  ".join(f"{who} {s * 1e6 / max(1, count):.0f}" for who, s in used.items())
    print(f"{'':<14}µs of processor a question: {each}; machine idle {said.idle:.0%}")
    print(f"{'':<14}{late([said])}")
    p95_ms = sorted(said.samples)[int(len(said.samples) * 0.95)] * 1000
    return p95_ms < LIMIT_MS and said.statuses.keys() == {"200"} and not said.missed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--rate", type=float, default=2_000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--small", action="store_true", help="2.5 million balances")
    parser.add_argument("--cold", action="store_true", help="with what is in memory by chance")
    args = parser.parse_args()
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    few, many = SMALL if args.small else LARGE
    args.data_dir.mkdir(parents=True, exist_ok=True)
    args.data_dir.chmod(0o755)
    if not (args.data_dir / "laid-down").exists():
        lay_down(args.data_dir, few, many)
    return 0 if measure(args, args.data_dir, few, many) else 1


if __name__ == "__main__":
    sys.exit(main())
