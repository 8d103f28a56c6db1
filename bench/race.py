"""A race for what is there, recorded and judged: after ACIDRain (SIGMOD 2017).

    python bench/race.py [--seconds 8] [--callers 64] [--workers 2] [--only NAME] [--out DIR]
    python bench/race.py --url https://shop.example --key KEY [--seconds …]
    python bench/race.py --medusa URL --medusa URL --email EMAIL --password PASSWORD [--few 4 8]

Starts the product with N web processes, or races against one that runs already (a server key; it
gets a place "race" and goods of its own). Scenes: one hot sku; 1,000 skus uniform and Zipf; carts
of three overlapping lines in random order; two lines of one sku; holds that run out in mid-run;
asking and telling tills between; and web processes killed in mid-run (only where we started them).
In each, three of ten who get something give it back. The history of every operation is kept as
JSON lines (--out) and judged by `race_history.check`: what was acknowledged must be explainable by
some order of things. Beside it, in the same run, raw PostgreSQL: the same wishes as one transaction
each, an update that wants enough and a row. And with `--medusa` (each address a process of it; see
`race_medusa`) the scenes of one line with as few callers as `--few` says, once ours, once Medusa's.
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
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import asyncpg
import msgspec
import uvloop

import honesty
import race_medusa
from holds import served
from race_history import Op, check
from race_scenes import CANCELS, ONE_LINE, SCENES, Scene, tell
from race_shop import Caller, Wire, prepare, settled, summed
from setten.platform import auth, clock, db
from setten.platform.db import embedded

RAW_CONNECTIONS = 16
TTL_S = 3600
_FIRST_KILL = 0.3  # of the time; the second comes at twice that
RAW = """
create schema bench_race;
create table bench_race.goods (sku text primary key, free integer not null);
create table bench_race.holds (hold_id bigint generated always as identity primary key,
  sku text not null, qty integer not null, placed_at timestamptz not null default now());
"""
RAW_TAKE = "update bench_race.goods set free = free - $2 where sku = $1 and free >= $2"
RAW_HOLD = "insert into bench_race.holds (sku, qty) values ($1, $2)"


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    """What we race against. folder: of the product that we started, else None."""

    url: str
    key: str
    folder: Path | None = None


async def race(
    scene: Scene, shop: Shop, args: argparse.Namespace, run: str, few: int | None = None
) -> bool:
    """One scene, its line, and whether everything can be explained. few: instead of all callers."""
    name = f"{scene.name}-{few}" if few else scene.name
    stock = {f"{run}-{name}-{n:04d}": scene.units for n in range(scene.skus)}
    wire = Wire(shop.url, shop.key)
    await prepare(wire, stock)
    history: list[Op] = []
    callers = [Caller(shop.url, shop.key, history) for _ in range(few or args.callers)]
    shelf = dict(stock)
    begun = time.monotonic()
    until = begun + args.seconds
    killers = [kill(shop, scene, args.seconds)] if scene.kills and shop.folder else []
    await asyncio.gather(
        *(
            act(caller, scene, shelf, until, random.Random(f"{args.seed}-{number}"))
            for number, caller in enumerate(callers)
        ),
        *killers,
    )
    took_s = time.monotonic() - begun
    end = await settled([caller.wire for caller in callers], history, list(stock))
    for caller in callers:
        caller.wire.close()
    wire.close()
    verdict = check(history, stock, end)
    keep(args.out, name, history)
    tell(f"{scene.name}, {len(callers)} callers", history, took_s, verdict)
    return verdict.is_clean


async def sell(caller: Caller, shelf: dict[str, int], sku: str, mode: str) -> None:
    """A till sells what lies there, promised or not: nobody brings it what is not there."""
    shelf[sku] -= 1
    op = await caller.sell(sku, mode)
    if op.is_refused:
        shelf[sku] += 1


async def act(
    caller: Caller,
    scene: Scene,
    shelf: dict[str, int],
    until: float,
    chance: random.Random,
) -> None:
    """One caller: wants something, and sometimes gives it back, again and again.

    shelf: units that truly lie there, by sku.
    """
    skus = list(shelf)
    while time.monotonic() < until:
        if chance.random() < scene.tills:
            sku = chance.choice(skus)
            if shelf[sku] > 0:
                await sell(caller, shelf, sku, chance.choice(("ask", "tell")))
                continue
        ttl_s = chance.randint(1, 2) if chance.random() < scene.short_ttl else TTL_S
        hold = await caller.hold(scene.pick(chance, skus), ttl_s)
        if hold.is_done and chance.random() < CANCELS:
            await asyncio.sleep(chance.random() * 0.05)
            await caller.release(hold)


async def kill(shop: Shop, scene: Scene, seconds: float) -> None:
    """End web processes hard, by the ids that the supervisor writes down."""
    assert shop.folder is not None
    for number in range(scene.kills):
        await asyncio.sleep(seconds * _FIRST_KILL)
        pids = json.loads((shop.folder / "supervisor.json").read_bytes())
        with contextlib.suppress(ProcessLookupError):
            os.kill(pids[f"web-{number % 2 + 1}"], signal.SIGKILL)


def keep(out: Path | None, name: str, history: Sequence[Op]) -> None:
    """Write the history, a line for each operation."""
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / f"{name}.jsonl").write_bytes(msgspec.json.Encoder().encode_lines(history))


async def raw(
    dsn: str, scene: Scene, args: argparse.Namespace, connections: int = RAW_CONNECTIONS
) -> None:
    """The same wishes as bare transactions of PostgreSQL."""
    conn = await db.connect(dsn)
    await conn.execute("drop schema if exists bench_race cascade")
    await conn.execute(RAW)
    skus = [f"{n:04d}" for n in range(scene.skus)]
    await conn.execute("insert into bench_race.goods select unnest($1::text[]), $2", skus,
                       scene.units)  # fmt: skip
    samples: list[float] = []
    begun = time.perf_counter()
    until = begun + args.seconds

    async def caller(number: int) -> None:
        mine = await db.connect(dsn)
        chance = random.Random(f"{args.seed}-{number}")
        while (since := time.perf_counter()) < until:
            await _raw_hold(mine, summed(scene.pick(chance, skus)))
            samples.append(time.perf_counter() - since)
        await mine.close()

    await asyncio.gather(*(caller(n) for n in range(connections)))
    rate = len(samples) / (time.perf_counter() - begun)
    print(f"{'':<10} raw PostgreSQL, {connections} connections: {rate:,.0f}/s  "
          f"{honesty.percentiles(samples)}")  # fmt: skip
    await conn.execute("drop schema bench_race cascade")
    await conn.close()


async def _raw_hold(conn: asyncpg.Connection, lines: Mapping[str, int]) -> None:
    change = conn.transaction()
    await change.start()
    for sku, qty in sorted(lines.items()):
        if await conn.execute(RAW_TAKE, sku, qty) == "UPDATE 0":
            await change.rollback()
            return
        await conn.execute(RAW_HOLD, sku, qty)
    await change.commit()


@contextlib.contextmanager
def shop_of(args: argparse.Namespace) -> Iterator[Shop]:
    """The shop that was named, or a fresh one of ours."""
    if args.url:
        yield Shop(url=args.url, key=args.key)
        return
    with tempfile.TemporaryDirectory(prefix="setten-race-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        with served(folder, args.workers) as port:
            key = asyncio.run(_key(str(embedded.attach(folder)), folder, args))
            yield Shop(url=f"http://127.0.0.1:{port}", key=key, folder=folder)


async def _key(dsn: str, folder: Path, args: argparse.Namespace) -> str:
    conn = await db.connect(dsn)
    await honesty.conditions(
        conn, folder=folder, data="empty but for the goods of each scene",
        connections=args.callers, loop=f"closed, {args.seconds:g} s a scene",
    )  # fmt: skip
    async with conn.transaction():
        key = await auth.create_key(conn, scope="server", name="race", now=clock.now())
    await conn.close()
    return key


async def beside_medusa(scene: Scene, shop: Shop, args: argparse.Namespace, run: str) -> bool:
    """The scene with few callers: ours, then Medusa's. Whether ours can be explained.

    What stands in its line is Medusa's own affair: it says nothing about us.
    """
    token = await race_medusa.log_in(args.medusa[0], args.email, args.password)
    fits = True
    for count in args.few:
        fits &= await race(scene, shop, args, run, count)
        if shop.folder is not None:
            await raw(str(embedded.attach(shop.folder)), scene, args, count)
        how = race_medusa.How(callers=count, seconds=args.seconds, seed=args.seed)
        await race_medusa.race(scene, args.medusa, token, how)
    return fits


async def run(shop: Shop, args: argparse.Namespace) -> bool:
    """All scenes asked for, one after the other."""
    name = f"race-{secrets.token_hex(3)}"
    fits = True
    for scene in SCENES:
        if args.only and scene.name not in args.only:
            continue
        fits &= await race(scene, shop, args, name)
        if args.medusa and scene.name in ONE_LINE:
            fits &= await beside_medusa(scene, shop, args, name)
        if shop.folder is not None and not scene.kills:
            await raw(str(embedded.attach(shop.folder)), scene, args)
    return fits


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="of a shop that runs already; else one is started")
    parser.add_argument("--key", default=os.environ.get("SETTEN_KEY", ""), help="a server key")
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--callers", type=int, default=64)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--out", type=Path, help="where the histories go, as JSON lines")
    parser.add_argument("--only", action="append", choices=[scene.name for scene in SCENES])
    parser.add_argument("--medusa", action="append", help="an address of Medusa, one a process")
    parser.add_argument("--email", default="", help="of a user of Medusa")
    parser.add_argument("--password", default="")
    parser.add_argument("--few", type=int, nargs="+", default=[4, 8], help="callers beside Medusa")
    args = parser.parse_args()
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    print(f"seed          {args.seed}")
    with shop_of(args) as shop:
        return 0 if asyncio.run(run(shop, args)) else 1


if __name__ == "__main__":
    sys.exit(main())
