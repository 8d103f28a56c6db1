"""How long a list of people takes to be brought in, and in how much memory.

    python bench/lists.py [--rows 1000000] [--people 100000]

So many people are known by their mail address; every second row of the list is of one of them, the
others of somebody whom nobody knows yet, who then waits in the vault. Beside it the limit: the file
read and made even, with nobody looked for.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import BinaryIO, cast

sys.path.insert(0, str(Path(__file__).parent))

import psutil

import honesty
from setten.customers import segments
from setten.customers.segments import reading
from setten.platform import clock, db
from setten.platform.auth import Actor
from setten.platform.vault import Identifier, Vault

BENCH = Actor(kind="system", id="bench", name="bench")
_MET = """
insert into customers.customers (customer_id, created_at)
select md5('p' || n)::uuid, now() from unnest($1::bigint[]) as n;

insert into customers.identifiers (identifier_id, kind, customer_id, born_as, first_at)
select n, 'email', md5('p' || n)::uuid, md5('p' || n)::uuid, now() from unnest($1::bigint[]) as n
"""


def write(rows: int, people: int) -> BinaryIO:
    """A file of two columns; every second row is of somebody new."""
    file = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115 - the reading closes it
    file.write("お名前,メールアドレス\n".encode())
    for row in range(rows):
        who = f"known{row % people}" if row % 2 else f"new{row}"
        file.write(f"お客様 {row},{who}@example.jp\n".encode())
    return file


async def know(pool: db.Pool, vault: Vault, people: int) -> None:
    """People whom we know by their addresses."""
    for start in range(0, people, 5_000):
        some = [Identifier("email", f"known{n}@example.jp") for n in range(start, start + 5_000)]
        async with db.transaction(pool) as conn:
            numbers = list((await vault.identify(conn, some)).values())
            for statement in _MET.split(";\n"):
                await conn.execute(statement, numbers)


async def timed(name: str, rows: int, work: Callable[[], Awaitable[object]]) -> None:
    """Print what a piece of work took: on the wall, of our processor time, and of memory."""
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    held = psutil.Process(os.getpid()).memory_info().rss / 1e6
    found = await work()
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{name:<12} {wall:7.1f} s, {rows / wall:9,.0f} rows/s, Python {spent:6.1f} s, "
          f"memory before {held:,.0f} MB, most {after.ru_maxrss / 1e3:,.0f} MB; {found}",
          flush=True)  # fmt: skip


async def measure(dsn: str, folder: Path, rows: int, people: int) -> None:
    """The limit, then a whole list, then one that takes its place."""
    conn = await db.connect(dsn, statement_timeout="0")
    await db.apply_migrations(conn)
    await conn.close()
    pool = await db.open_pool(dsn, size=4)
    vault = Vault(bytes(32))
    async with db.transaction(pool) as conn:
        await vault.prove(conn)
    await know(pool, vault, people)
    async with pool.acquire() as conn:
        await honesty.conditions(
            conn, folder=folder, connections=4, loop="closed, one at a time",
            data=f"{rows:,} rows, {people:,} known people",
        )  # fmt: skip

    async def limit() -> object:
        file = write(rows, people)
        return await asyncio.to_thread(lambda: sum(1 for _ in reading.opened(file).rows))

    async def bring(replaces: bool) -> object:
        file = write(rows, people)
        found = await segments.lists.bring(
            pool, vault, file, name="bench", replaces=replaces, actor=BENCH, now=clock.now()
        )
        return f"{found.list.matched:,} matched, {found.list.unmatched:,} not known"

    await timed("limit: read", rows, limit)
    await timed("brought", rows, lambda: bring(False))
    await timed("replaced", rows, lambda: bring(True))
    await pool.close()


def main() -> None:
    """Know some people, bring a list, replace it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--people", type=int, default=100_000)
    args = parser.parse_args()
    with honesty.database(None) as (dsn, folder):
        asyncio.run(measure(dsn, folder, args.rows, args.people))


if __name__ == "__main__":
    main()
