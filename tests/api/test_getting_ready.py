"""Before a process serves, its connections know what every look-up asks."""

from tests.customers.conftest import People

from setten.api import customers as customers_api
from setten.platform import db
from setten.platform.auth.model import SYSTEM
from setten.platform.vault import Vault

KNOWN = "select statement from pg_prepared_statements"


async def known(conn: db.Connection) -> set[str]:
    return {row["statement"] for row in await conn.fetch(KNOWN)} - {KNOWN}


async def test_the_first_look_up_asks_nothing_new_but_to_put_it_on_record(
    dsn: str, pool: db.Pool, vault: Vault
) -> None:
    people = People(pool, vault)
    await people.happens("email:hanako@example.jp")
    await people.read()
    fresh = await db.open_pool(dsn, size=1)
    try:
        await customers_api.get_ready(fresh)
        async with fresh.acquire() as conn:
            before = await known(conn)
        sought = customers_api.Sought(by=SYSTEM, identifiers=[("email", "hanako@example.jp")])
        found = await customers_api.gatherer(fresh, vault).ask(sought)
        assert [one.kind for one in found.identifiers] == ["email"]
        async with fresh.acquire() as conn:
            [news] = await known(conn) - before
        assert "insert into audit.entries" in news
    finally:
        fresh.terminate()


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
