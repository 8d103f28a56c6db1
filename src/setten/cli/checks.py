"""What `doctor` looks at. Each check answers in one line and breaks nothing."""

from __future__ import annotations

import asyncio
import base64
import os
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg
import msgspec

from setten import __version__
from setten.platform import db, log
from setten.platform.db import embedded
from setten.platform.db.disk import Disk
from setten.platform.db.embedded import config
from setten.platform.db.embedded.cluster import installed_binaries
from setten.platform.errors import SettenError
from setten.platform.settings import DEMO_KEY_FILE, Settings
from setten.platform.vault import Vault

SYNC_ROUNDS = 50
# A sync slower than this is a network disk or a broken one: every commit waits for it.
SYNC_US_MAX = 50_000
POSTGRES_MIN = 160_000


class Check(msgspec.Struct, frozen=True):
    """One thing looked at: whether it is fine, and what was found."""

    name: str
    is_fine: bool
    found: str


def look(settings: Settings) -> list[Check]:
    """Every check, in the order in which things depend on each other."""
    steps: list[tuple[str, Callable[[Settings], tuple[bool, str]]]] = [
        ("version", _version),
        ("memory", _memory),
        ("data directory", _folder),
        ("disk", _disk),
        ("sync", _sync),
        ("master key", _key),
    ]
    if settings.database_url is None:
        steps.append(("postgresql", _binaries))
    found = [_try(name, work, settings) for name, work in steps]
    return found + _database(settings)


def _try(name: str, work: Callable[[Settings], tuple[bool, str]], settings: Settings) -> Check:
    try:
        return Check(name, *work(settings))
    except (OSError, LookupError, SettenError) as failure:
        return Check(name, False, f"{type(failure).__name__}: {failure}")


def _version(_: Settings) -> tuple[bool, str]:
    return True, f"setten {__version__}, Python {platform.python_version()}"


def _memory(_: Settings) -> tuple[bool, str]:
    megabytes = config.memory_mb()
    return megabytes >= 1024, f"{megabytes} MB"


def _folder(settings: Settings) -> tuple[bool, str]:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return os.access(settings.data_dir, os.W_OK), str(settings.data_dir)


def _disk(settings: Settings) -> tuple[bool, str]:
    disk = Disk(settings.data_dir)
    return not disk.is_low(), f"{disk.free_mb()} MB free, {disk.low_water_mb()} MB needed"


def _sync(settings: Settings) -> tuple[bool, str]:
    with tempfile.TemporaryFile(dir=settings.data_dir) as file:
        began = time.perf_counter()
        for _ in range(SYNC_ROUNDS):
            file.write(b"x" * 8192)
            file.flush()
            os.fsync(file.fileno())
        micros = (time.perf_counter() - began) / SYNC_ROUNDS * 1e6
    return micros < SYNC_US_MAX, f"{micros:.0f} µs each"


def _key(settings: Settings) -> tuple[bool, str]:
    if settings.master_key is None:
        return False, "none: set SETTEN_MASTER_KEY"
    own = settings.data_dir / DEMO_KEY_FILE
    is_own = own.exists() and base64.b64decode(own.read_bytes()) == settings.master_key
    return True, "the demo's own" if is_own else "given"


def _binaries(_: Settings) -> tuple[bool, str]:
    return True, str(installed_binaries())


def _database(settings: Settings) -> list[Check]:
    """The database, when it runs; an embedded one that rests is fine as it is."""
    dsn = settings.database_url or embedded.attach(settings.data_dir)
    if dsn is None:
        made = (Path(settings.data_dir) / "postgres" / "PG_VERSION").exists()
        return [Check("database", True, "at rest" if made else "not made yet")]
    try:
        return asyncio.run(_ask(settings, dsn))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as failure:
        return [Check("database", False, f"does not answer ({type(failure).__name__})")]


async def _ask(settings: Settings, dsn: str) -> list[Check]:
    conn = await db.connect(dsn)
    try:
        version = int(await conn.fetchval("show server_version_num"))
        pending = await db.pending(conn)
        found = [
            Check(
                "database",
                version >= POSTGRES_MIN,
                f"PostgreSQL {version // 10_000}.{version % 10_000}",
            ),
            Check("migrations", not pending, ", ".join(pending) or f"at {db.head()}"),
        ]
        return found if pending else found + await _inside(conn, settings)
    finally:
        await conn.close()


async def _key_fits(conn: db.Connection, key: bytes) -> Check:
    looking = conn.transaction()
    await looking.start()
    try:
        await Vault(key).prove(conn)
        return Check("key fits", True, "it opens this database")
    except SettenError as failure:
        return Check("key fits", False, failure.code)
    finally:
        await looking.rollback()  # the first proof binds key and database; we only look


async def _inside(conn: db.Connection, settings: Settings) -> list[Check]:
    found = []
    if settings.master_key is not None:
        found.append(await _key_fits(conn, settings.master_key))
    oldest_s = await log.oldest_writer_s(conn)
    lags = await log.lags(conn)
    worst = max(lags.items(), key=lambda one: one[1], default=("none", 0.0))
    return [
        *found,
        Check("oldest writer", oldest_s < 10, f"{oldest_s:.1f} s"),
        Check(
            "readers", worst[1] < 60, f"{len(lags)}; furthest behind: {worst[0]} {worst[1]:.1f} s"
        ),
    ]
