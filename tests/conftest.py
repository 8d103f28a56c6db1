"""Real PostgreSQL for every test: one server a run, a migrated template, a clone each (0.03 s)."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from hypothesis import HealthCheck, settings

from setten.platform import db
from setten.platform.db import embedded, migrate
from setten.platform.lake import Lake
from setten.platform.vault import Vault

MASTER_KEY = bytes(range(32))
# A clone is 900 small files. In memory one costs 0.03 s of processor; on a disk ten times that, and
# more with each that was dropped in the last minute (ext4 looks for room among deleted files).
MEMORY = Path("/dev/shm")
FORGOTTEN_AFTER_S = 600  # a run that was killed leaves its server's files, and they are memory
MEMORY_BYTES_MIN = 4 * 1024**3  # a server of these tests was never seen to fill a quarter of it


# A busy machine is slow, not wrong: no example of Hypothesis has a time of its own. (Where `CI` is
# set its own profile says so, and draws the same examples each time; elsewhere new ones.)
settings.register_profile(
    "any_machine",
    settings(),
    deadline=None,
    suppress_health_check={HealthCheck.too_slow, *settings().suppress_health_check},
)
settings.load_profile("any_machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the long form of heavy proofs")


def pytest_configure(config: pytest.Config) -> None:
    """In CI a failure is told at once: a run that is cut short later must not take it along."""
    if os.environ.get("CI") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_TellAtOnce(config))


# What takes minutes begins first, so that at the end no process waits for another.
LONGEST_FIRST = (
    "test_kills", "test_published_api", "test_identity_kills", "test_no_personal_data_leaks",
    "test_race_suite", "test_links",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, each whole and in its own order."""
    rank = {name: n for n, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))


class _TellAtOnce:
    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        terminal = self.config.pluginmanager.get_plugin("terminalreporter")
        if report.failed and terminal is not None:
            terminal.write_line(f"\n{report.nodeid} ({report.when})\n{report.longreprtext}")


@pytest.fixture(scope="session")
def is_long(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--long"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The dsn of a server: SETTEN_TEST_DATABASE_URL, or an embedded one for this run."""
    if given := os.environ.get("SETTEN_TEST_DATABASE_URL"):
        yield given
        return
    _sweep_memory()
    with tempfile.TemporaryDirectory(
        prefix="setten-test-", dir=_memory(), ignore_cleanup_errors=True
    ) as folder:
        Path(folder).chmod(0o755)
        server = embedded.start(Path(folder))
        try:
            yield server.dsn
        finally:
            server.stop(limit_s=5)


def _memory() -> Path | None:
    """Where files are memory, if there is much of it; what must survive is tested on a disk."""
    try:
        room = os.statvfs(MEMORY)
    except OSError:
        return None
    return MEMORY if room.f_frsize * room.f_bavail >= MEMORY_BYTES_MIN else None


def _sweep_memory() -> None:
    """Remove what killed runs left: nobody holds the lock of such a server any more."""
    for folder in MEMORY.glob("setten-test-*"):
        with suppress(OSError), (folder / "lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if folder.stat().st_mtime < time.time() - FORGOTTEN_AFTER_S:
                shutil.rmtree(folder, ignore_errors=True)


def in_database(dsn: str, name: str) -> str:
    parts = urlsplit(dsn)
    return urlunsplit(parts._replace(path=f"/{name}"))


@pytest.fixture(scope="session")
def template(postgres: str) -> str:
    """The name of a migrated database to clone."""
    digest = hashlib.sha256(b"".join(p.read_bytes() for p in migrate.files())).hexdigest()[:12]
    name = f"template_{digest}"

    async def make() -> None:
        conn = await db.connect(postgres, statement_timeout="0", lock_timeout="0")
        try:
            if not await conn.fetchval("select 1 from pg_database where datname = $1", name):
                await conn.execute(f"create database {name}_new")
                inner = await db.connect(in_database(postgres, f"{name}_new"))
                try:
                    await db.apply_migrations(inner)
                finally:
                    await inner.close()
                await conn.execute(f"alter database {name}_new rename to {name}")
        finally:
            await conn.close()

    asyncio.run(make())
    return name


def clone(postgres: str, template: str) -> str:
    """The dsn of a fresh clone of the template."""
    name = f"test_{uuid.uuid4().hex[:12]}"

    async def make() -> None:
        conn = await db.connect(postgres, statement_timeout="0", lock_timeout="0")
        try:
            # On a disk through the log: copying would force two checkpoints and sync 900 files.
            strategy = "wal_log" if _memory() is None else "file_copy"
            await conn.execute(f"create database {name} template {template} strategy {strategy}")
        finally:
            await conn.close()

    asyncio.run(make())
    return in_database(postgres, name)


def drop(postgres: str, dsn: str) -> None:
    name = urlsplit(dsn).path.lstrip("/")

    async def go() -> None:
        conn = await db.connect(postgres, statement_timeout="0")
        try:
            for _ in range(50):
                # An autovacuum worker may be at work there; it is not ours to end, and soon done.
                with suppress(asyncpg.InsufficientPrivilegeError, asyncpg.ObjectInUseError):
                    await conn.execute(f"drop database if exists {name} with (force)")
                    break
                await asyncio.sleep(0.1)
        finally:
            await conn.close()

    asyncio.run(go())


@pytest.fixture
def dsn(postgres: str, template: str) -> Iterator[str]:
    """A migrated database of this test's own."""
    own = clone(postgres, template)
    yield own
    drop(postgres, own)


@pytest.fixture
async def pool(dsn: str) -> AsyncIterator[db.Pool]:
    # A busy machine is slow, not wrong.
    opened = await db.open_pool(dsn, size=8, idle_in_transaction_session_timeout=db.UNHURRIED)
    yield opened
    opened.terminate()


@pytest.fixture
async def conn(pool: db.Pool) -> AsyncIterator[db.Connection]:
    """One connection in autocommit; open `conn.transaction()` where a verb needs one."""
    async with pool.acquire() as one:
        yield one


def no_lake() -> Lake:
    """A lake that nobody asks in this test."""
    return Lake(Path(tempfile.gettempdir()) / "no-lake", (), lambda row: ())


@pytest.fixture
def master_key() -> bytes:
    return MASTER_KEY


@pytest.fixture
async def vault(pool: db.Pool, master_key: bytes) -> Vault:
    made = Vault(master_key)
    async with db.transaction(pool) as conn:
        await made.prove(conn)
    return made
