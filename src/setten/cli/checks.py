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

from setten import __version__
from setten.operations import checkup
from setten.operations.checkup import Check
from setten.platform import clock, db
from setten.platform.db import embedded
from setten.platform.db.embedded import config
from setten.platform.db.embedded.cluster import installed_binaries
from setten.platform.errors import SettenError
from setten.platform.settings import DEMO_KEY_FILE, Settings

SYNC_ROUNDS = 50
# A sync slower than this is a network disk or a broken one: every commit waits for it.
SYNC_US_MAX = 50_000


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
        return checkup.judged(name, *work(settings))
    except (OSError, LookupError, SettenError) as failure:
        return Check(name, "bad", f"{type(failure).__name__}: {failure}")


def _version(_: Settings) -> tuple[bool, str]:
    return True, f"setten {__version__}, Python {platform.python_version()}"


def _memory(_: Settings) -> tuple[bool, str]:
    megabytes = config.memory_mb()
    return megabytes >= 1024, f"{megabytes} MB"


def _folder(settings: Settings) -> tuple[bool, str]:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return os.access(settings.data_dir, os.W_OK), str(settings.data_dir)


def _disk(settings: Settings) -> tuple[bool, str]:
    seen = checkup.disk(settings)
    return seen.is_fine, seen.found


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
        return [Check("database", "fine", "at rest" if made else "not made yet")]
    try:
        return asyncio.run(_ask(settings, dsn))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as failure:
        return [Check("database", "bad", f"does not answer ({type(failure).__name__})")]


async def _ask(settings: Settings, dsn: str) -> list[Check]:
    conn = await db.connect(dsn)
    try:
        found = await checkup.version(conn)
        if not all(check.is_fine for check in found):
            return found
        return found + await checkup.inside(conn, settings, now=clock.now())
    finally:
        await conn.close()
