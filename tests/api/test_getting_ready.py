"""Before a process serves, its connections know what every look-up asks."""

import base64
from pathlib import Path

from tests.conftest import MASTER_KEY
from tests.customers.conftest import People

from setten import app
from setten.api import customers as customers_api
from setten.platform import db
from setten.platform import settings as settings_module
from setten.platform.auth.model import SYSTEM
from setten.platform.vault import Vault

KNOWN = "select statement from pg_prepared_statements"


async def known(conn: db.Connection) -> set[str]:
    return {row["statement"] for row in await conn.fetch(KNOWN)} - {KNOWN}


async def test_the_first_look_up_asks_nothing_new_but_to_put_it_on_record(
    dsn: str, pool: db.Pool, vault: Vault, tmp_path: Path
) -> None:
    people = People(pool, vault)
    await people.happens("email:hanako@example.jp")
    await people.read()
    settings = settings_module.load(
        environment={
            "SETTEN_DATABASE_URL": dsn,
            "SETTEN_DATA_DIR": str(tmp_path),
            "SETTEN_MASTER_KEY": base64.b64encode(MASTER_KEY).decode(),
        }
    )
    async with app.resources(settings, size=1) as deps:
        async with deps.pool.acquire() as conn:
            before = await known(conn)
        sought = customers_api.Sought(by=SYSTEM, identifiers=[("email", "hanako@example.jp")])
        found = await deps.combiners[customers_api.COMBINER].ask(sought)
        assert [one.kind for one in found.identifiers] == ["email"]
        async with deps.pool.acquire() as conn:
            [news] = await known(conn) - before
    assert "insert into audit.entries" in news


async def test_every_connection_that_is_kept_open_is_ready(dsn: str) -> None:
    fresh = await db.open_pool(dsn, size=5)
    try:
        await customers_api.get_ready(fresh)
        async with fresh.acquire() as one, fresh.acquire() as other:
            assert await known(one) == await known(other) != set()
    finally:
        fresh.terminate()


async def test_a_database_that_is_away_is_no_reason_not_to_begin(dsn: str) -> None:
    gone = await db.open_pool(dsn, size=2)
    gone.terminate()
    await customers_api.get_ready(gone)
