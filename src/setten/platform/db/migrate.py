"""Forward migrations: numbered plain SQL files, each applied once, in one transaction."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

from setten.platform.db.pool import Connection
from setten.platform.errors import Conflict

MIGRATIONS = Path(__file__).parents[4] / "migrations"
# Two processes may start at once; one migrates, the other waits. The number is arbitrary.
_LOCK = 7_310_577


class MigrationChanged(Conflict):
    """A migration that was applied has been edited since. Write a new one instead."""

    code = "migration_changed"


def files() -> list[Path]:
    """The migration files in order."""
    return sorted(MIGRATIONS.glob("[0-9][0-9][0-9][0-9]_*.sql"))


def head() -> str:
    """The name of the newest migration in this version of the product."""
    return files()[-1].stem


async def pending(conn: Connection) -> list[str]:
    """Names of the migrations that this database has not had yet."""
    if await conn.fetchval("select to_regclass('public.migrations')") is None:
        return [path.stem for path in files()]
    done = {row["name"] for row in await conn.fetch("select name from public.migrations")}
    return [path.stem for path in files() if path.stem not in done]


async def apply_migrations(conn: Connection) -> list[str]:
    """Bring the database to `head` and answer the names applied now.

    Raises MigrationChanged when an applied file no longer has its recorded hash.
    """
    await conn.execute("select pg_advisory_lock($1)", _LOCK)
    try:
        await conn.execute(
            "create table if not exists public.migrations ("
            " name text primary key, sha256 text not null,"
            " applied_at timestamptz not null default now())"
        )
        done = {
            row["name"]: row["sha256"]
            for row in await conn.fetch("select name, sha256 from public.migrations")
        }
        return [path.stem for path in files() if await _apply(conn, path, done.get(path.stem))]
    finally:
        await conn.execute("select pg_advisory_unlock($1)", _LOCK)


async def _apply(conn: Connection, path: Path, recorded: str | None) -> bool:
    text = await asyncio.to_thread(path.read_text, encoding="utf-8")
    digest = hashlib.sha256(text.encode()).hexdigest()
    if recorded is not None:
        if recorded != digest:
            raise MigrationChanged(migration=path.stem)
        return False
    async with conn.transaction():
        await conn.execute("set local lock_timeout = '5s'; set local statement_timeout = 0")
        await conn.execute(text)
        await conn.execute(
            "insert into public.migrations (name, sha256) values ($1, $2)", path.stem, digest
        )
    return True
