"""Profile reads: p95 under 10 ms at 500/s, open loop, at the verb and over HTTP with a key.

    .venv/bin/python bench/reads.py profile [--people 100000] [--events 400000] [--rate 500]

Every person has a cookie, a login, a card and a mail address, and four sealed traits. Each read
opens all of it: identifiers, traits, counters, purchases, last views, and is audited. Beside ours:
the floor, one row by key through the same pool.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import random
import socket
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import honesty
from setten.customers import identity, profiles, timeline
from setten.platform import audit, auth, clock, db, log
from setten.platform.auth import Actor
from setten.platform.vault import Trait, Vault, normalise

KEY = bytes(range(32))
ACTOR = Actor(kind="key", id="bench", name="bench", scope="server")
CONNECTIONS = 8
KINDS = ("user_id", "anonymous_id", "loyalty_card", "email")
BATCH = 2_000


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


def event(index: int, numbers: tuple[int, ...], chance: random.Random) -> log.Entry:
    at = datetime.now(UTC) - timedelta(seconds=chance.randrange(90 * 86_400))
    kind = chance.random()
    channel = "web"
    if kind < 0.1:
        name, channel = "receipt.recorded", "shop"
        body = {
            "receipt_id": str(uuid.UUID(int=chance.getrandbits(128))),
            "location_id": "kobe",
            "register": "1",
            "sequence": str(index),
            "business_day": "2026-11-01",
            "lines": [{"sku": "MUG", "qty": 1}],
            "total_minor": 1_680,
            "currency": "JPY",
        }
    elif kind < 0.5:
        name = "product.viewed"
        item = {"sku": f"SKU-{chance.randrange(5_000)}", "name": "ソファ", "price_minor": 89_800}
        body = {"type": "track", "currency": "JPY", "item": item}
    else:
        name, body = "page.viewed", {"type": "page", "path": f"/p/{index}", "title": "top"}
    return log.Entry(
        event_id=f"b{index}", day=at.date(), name=name, occurred_at=at, received_at=clock.now(),
        channel=channel, identifiers=numbers, body=json.dumps(body),
    )  # fmt: skip


async def events(pool: db.Pool, numbers: list[list[int]], count: int) -> None:
    """First one event that links each person's identifiers, then a history."""
    chance = random.Random(1)
    total = len(numbers) + count
    for start in range(0, total, BATCH):
        entries = []
        for index in range(start, min(start + BATCH, total)):
            linking = index < len(numbers)
            four = numbers[index] if linking else chance.choice(numbers)
            user, cookie, card, mail = four
            some = (user, card, mail, cookie) if linking else chance.choice(
                ((cookie,), (user, cookie), (card,)))  # fmt: skip
            entries.append(event(index, some, chance))
        async with db.transaction(pool) as conn:
            await log.append(conn, entries)


async def read_log(pool: db.Pool) -> None:
    """Let the readers pass everything, and say how fast."""
    for reader in (*identity.readers(), *timeline.readers()):
        begun, passed = time.perf_counter(), 0
        while step := await reader.step(pool):
            passed += step
        rate = passed / (time.perf_counter() - begun)
        print(
            f"reader        {reader.name}: {passed:,} events, {rate:,.0f}/s (batches of {BATCH:,})"
        )


async def at_the_verb(
    pool: db.Pool, vault: Vault, customers: list[uuid.UUID], rate: float, seconds: float
) -> None:
    chance = random.Random(2)

    async def one(_: int) -> None:
        async with db.transaction(pool) as conn:
            found = await profiles.get(conn, vault, chance.choice(customers))
            fields = sorted(found.traits)
            await audit.note(
                conn, ACTOR, "customer.viewed", at=clock.now(), customer_id=found.customer_id,
                fields=fields,
            )  # fmt: skip

    cpu = time.process_time()
    samples, failures = await honesty.open_loop(one, rate=rate, seconds=seconds)
    cpu_ms = (time.process_time() - cpu) / len(samples) * 1000
    print(f"profile       at the verb, {rate:.0f}/s: {honesty.percentiles(samples)}, "
          f"failed {failures}, our processor time {cpu_ms:.2f} ms each")  # fmt: skip


async def floor(pool: db.Pool, customers: list[uuid.UUID], rate: float, seconds: float) -> None:
    chance = random.Random(3)

    async def one(_: int) -> None:
        async with pool.acquire() as conn:
            await identity.current(conn, chance.choice(customers))

    samples, failures = await honesty.open_loop(one, rate=rate, seconds=seconds)
    print(f"floor         one row by key, {rate:.0f}/s: {honesty.percentiles(samples)}, "
          f"failed {failures}")  # fmt: skip


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
    try:
        await _until_ready(port)
        await _drive(port, key, options.people, options.rate / 4, 3.0)  # warm
        samples, failures = await _drive(port, key, options.people, options.rate, options.seconds)
    finally:
        server.terminate()
        await server.wait()
    said = honesty.percentiles(samples)
    print(f"lookup        HTTP with key and audit, {options.rate:.0f}/s: {said}, failed {failures}")


async def _until_ready(port: int) -> None:
    for _ in range(600):
        try:
            head, _ = await Wire(port).ask(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
            if head.startswith(b"HTTP/1.1 200"):
                return
        except (OSError, asyncio.IncompleteReadError):
            pass
        await asyncio.sleep(0.1)
    raise SystemExit("the server did not come up")


class Wire:
    """One HTTP/1.1 connection, kept open: a client that costs little beside what it measures."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> tuple[bytes, bytes]:
        """(head, body) of the answer."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        return head, await reader.readexactly(length)


async def _drive(
    port: int, key: str, count: int, rate: float, seconds: float
) -> tuple[list[float], int]:
    chance = random.Random(4)
    idle = [Wire(port) for _ in range(64)]

    async def one(_: int) -> None:
        kind, value = identifiers(chance.randrange(count))[3]
        body = json.dumps({"identifiers": [{"kind": kind, "value": value}]}).encode()
        wire = idle.pop() if idle else Wire(port)
        head, _ = await wire.ask(
            b"POST /api/v1/customers/lookup HTTP/1.1\r\nHost: x\r\n"
            b"Content-Type: application/json\r\nAuthorization: Bearer %b\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (key.encode(), len(body), body)
        )
        idle.append(wire)
        assert head.startswith(b"HTTP/1.1 200"), head

    return await honesty.open_loop(one, rate=rate, seconds=seconds)


async def run(options: argparse.Namespace, dsn: str, folder: Path) -> None:
    """Fill a database and measure."""
    pool = await db.open_pool(dsn, size=CONNECTIONS, statement_timeout="0")
    vault = Vault(KEY)
    async with pool.acquire() as conn:
        await db.apply_migrations(conn)
    async with db.transaction(pool) as conn:
        await vault.prove(conn)
    numbers = await people(pool, vault, options.people)
    await events(pool, numbers, options.events)
    await read_log(pool)
    async with pool.acquire() as conn:
        await conn.execute("vacuum analyze")
        rows = await conn.fetch("select customer_id from customers.customers")
        customers = [row["customer_id"] for row in rows]
        await honesty.conditions(
            conn, folder=folder, connections=CONNECTIONS,
            data=f"{options.people:,} people with 4 identifiers and 4 sealed traits each, "
                 f"{options.people + options.events:,} events",
            loop=f"open, {options.rate:.0f}/s for {options.seconds:.0f} s",
        )  # fmt: skip
    await floor(pool, customers, options.rate, options.seconds)
    await at_the_verb(pool, vault, customers, options.rate, options.seconds)
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
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--database-url", help="an empty database; absent: a fresh embedded one")
    options = parser.parse_args()
    with honesty.database(options.database_url) as (dsn, folder):
        asyncio.run(run(options, dsn, folder))


if __name__ == "__main__":
    main()
