"""What hot verbs read does not grow with the tables, also by plans made while these were small.

A process keeps its plans for hours. One made on the first morning, when reading all of a table was
cheapest, is still used in the evening: so each verb here is used until its plans are kept, tables
then grow to 5,000 rows that nobody has counted (no autovacuum, no analyze), and PostgreSQL's own
counters tell how many rows the verb touched in each. The log's partitions are not looked at: who
follows the log reads by its order, and a new partition is counted within seconds.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal

import pytest

from setten.customers import identity
from setten.platform import db
from setten.platform.vault import Vault
from setten.stock import holds, receipts
from setten.stock.carts import Add
from setten.stock.receipts import Receipt, ReceiptLine, Tender
from tests.customers.conftest import People
from tests.operations.conftest import Till
from tests.stock.conftest import NOW

ROWS = 5_000
USED_BEFORE = 12
"""Uses of a verb on small tables: PostgreSQL weighs keeping a plan at the sixth."""

ROWS_TOUCHED_MAX = 100
"""Of one table by one use: what it needs is a handful, what grows with the table is thousands."""

UNCOUNTED = """
do $$ declare t regclass; begin
  for t in select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema')
  loop execute format('alter table %s set (autovacuum_enabled = false)', t); end loop;
end $$
"""
TOUCHED = """
select schemaname || '.' || relname as name, seq_tup_read + coalesce(idx_tup_fetch, 0) as rows
  from pg_stat_user_tables
 where schemaname <> 'log'
"""
# Events lie behind every reader's cursor, so that none has them to read.
GROWTH = (
    "insert into stock.items (sku, name_ja, name_en, gtin, updated_at)"
    " select 'big' || n, 'x', 'x', lpad(n::text, 14, '0'), now() from {many}",
    "insert into stock.balances (sku, location_id, on_hand)"
    " select 'big' || n, 'ginza', 5 from {many}",
    "insert into stock.balances (sku, location_id, on_hand)"
    " select 'mug', 'far' || n, 5 from {many}",
    "insert into stock.holds (hold_id, location_id, state, code, channel, purpose, placed_by,"
    " placed_at, expires_at, ended_at, identifier_id) select gen_random_uuid(), 'ginza',"
    " case when n % 2 = 0 then 'held' else 'collected' end, (200000000 + n)::text, 'web',"
    " 'pickup', 'test', now(), now() + interval '9 days', case when n % 2 = 1 then now() end,"
    " 3000000 + n from {many}",
    "insert into stock.hold_lines (hold_id, sku, location_id, qty, state)"
    " select hold_id, 'mug', 'ginza', 1, state from stock.holds"
    " where identifier_id > 3000000",
    "insert into stock.ledger (at, sku, location_id, from_account, to_account, qty, cause,"
    " cause_id) select now(), 'mug', 'ginza', 1, 2, 1, 'receive', gen_random_uuid() from {many}",
    "insert into stock.receipts (receipt_id, location_id, register, sequence, business_day,"
    " occurred_at, recorded_at, mode, total_minor, currency, line_count, content_hash,"
    " moved_stock, event_id) select gen_random_uuid(), 'ginza', '1', 'big' || n, current_date,"
    " now(), now(), 'tell', 1, 'JPY', 1, gen_random_uuid(), true, 'big' || n from {many}",
    "insert into stock.receipt_lines (receipt_id, line_no, sku, qty, amount_minor)"
    " select gen_random_uuid(), 1, 'mug', 1, 1 from {many}",
    "insert into stock.carts (cart_id, identifier_id, channel, opened_at, touched_at)"
    " select gen_random_uuid(), 1000000 + n, 'web', now(), now() from {many}",
    "insert into stock.cart_lines (cart_id, sku, qty, method, channel, added_at, touched_at)"
    " select cart_id, 'mug', 1, 'ship', 'web', now(), now() from stock.carts"
    " where identifier_id > 1000000",
    "insert into stock.tasks (task_id, kind, location_id, sku, opened_at)"
    " select gen_random_uuid(), 'count_shelf', 'ginza', 'mug', now() from {many}",
    "insert into combine.claims (key_hash, request_hash)"
    " select gen_random_uuid(), gen_random_uuid() from {many}",
    "insert into log.seen (day, hash, position, arrived_on)"
    " select '2026-11-01', gen_random_uuid(), -n, current_date from {many}",
    "insert into log.events (arrived_on, xid, position, event_id, name, occurred_at, received_at,"
    " channel, identifiers, body) select current_date, '3', -n, 'big' || n, 'page.viewed', now(),"
    " now(), 'web', array[1000000 + n], '{}' from {many}",
    "insert into customers.customers (customer_id, created_at)"
    " select ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, now() from {many}",
    "insert into customers.identifiers (identifier_id, kind, customer_id, born_as, first_at)"
    " select 1000000 + n, 'user_id', ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid,"
    " gen_random_uuid(), now() from {many}",
    "insert into customers.links (a, b, kind, event_id, occurred_at)"
    " select 1000000 + n, 2000000 + n, 'event', 'big' || n, now() from {many}",
    "insert into customers.timeline (identifier_id, occurred_at, position, xid, arrived_on,"
    " event_id, name, channel, summary) select 1000000 + n, now(), -n, 3, current_date, 'big' || n,"
    " 'page.viewed', 'web', '{}' from {many}",
    "insert into vault.identifiers (identifier_id, kind, token, wrapped_key, generation, sealed)"
    " select 1000000 + n, 'user_id', gen_random_uuid(), '', generation, ''"
    "   from (select min(generation) as generation from vault.master_keys) g, {many}",
)  # fmt: skip

Use = Callable[[], Awaitable[object]]


@pytest.fixture
async def pool(dsn: str) -> AsyncIterator[db.Pool]:
    """One connection, so that each use meets the plans of those before."""
    opened = await db.open_pool(dsn, size=1)
    yield opened
    opened.terminate()


async def touched(pool: db.Pool) -> dict[str, int]:
    async with pool.acquire() as conn:
        await conn.execute("select pg_stat_force_next_flush()")
        return {row["name"]: row["rows"] for row in await conn.fetch(TOUCHED)}


async def grow(dsn: str) -> None:
    """By another connection: what the first one has planned is kept."""
    conn = await db.connect(dsn, statement_timeout="0")
    try:
        for insert in GROWTH:
            await conn.execute(insert.replace("{many}", f"generate_series(1, {ROWS}) n"))
    finally:
        await conn.close()


def uses(till: Till, people: People) -> dict[str, Use]:
    """Each hot verb once, on goods and people of its own."""

    async def held() -> holds.Placed:
        return await till.hold(("mug", "ginza", 1))

    async def hold_found_and_handed_over() -> None:
        placed = await held()
        async with db.transaction(till.pool) as conn:
            [found] = await holds.find_by_code(conn, placed.code, now=NOW, location_id="ginza")
            await holds.pick(conn, found.hold_id, now=NOW)
            await holds.hand_over(conn, found.hold_id, by="test", now=NOW)

    async def hold_released() -> None:
        placed = await held()
        async with db.transaction(till.pool) as conn:
            await holds.release(conn, placed.hold_id, by="test", now=NOW)

    async def looked_at() -> None:
        async with till.pool.acquire() as conn:
            await holds.queue(conn, "ginza", now=NOW, state="held", limit=5)
            await holds.collected(conn, "ginza", now=NOW, limit=5)
            await holds.waiting_for(conn, "ginza", ["rug", "lamp"], now=NOW)
            await holds.find_by_identifiers(conn, [7], now=NOW)

    async def receipt() -> None:
        line = ReceiptLine(sku="mug", qty=1, amount_minor=1080, tax_rate=Decimal("0.08"))
        told = Receipt(
            location_id="ginza", register="7", sequence=uuid.uuid4().hex[:12],
            business_day=NOW.date(), at=NOW, currency="JPY", lines=(line,),
            tenders=(Tender("cash", 1080),),
        )  # fmt: skip
        async with db.transaction(till.pool) as conn:
            await receipts.book(conn, [told], by="test", now=NOW)

    async def cart_and_order() -> None:
        who = uuid.uuid4().int % 10**6
        cart = await till.change(Add(sku="mug", method="pickup", location_id="ginza"), who=who)
        await till.buy(cart, who=who)

    async def event_of_somebody() -> None:
        word = uuid.uuid4().hex[:8]
        await people.happens(f"user_id:{word}", f"anonymous_id:{word}")
        await people.read()
        number = await people.number(f"user_id:{word}")
        async with people.pool.acquire() as conn:
            assert await identity.customers_for(conn, [number])

    return {
        "hold, found by its code, handed over": hold_found_and_handed_over,
        "hold, released": hold_released,
        "the queue and its look-ups": looked_at,
        "a receipt": receipt,
        "a cart and its order": cart_and_order,
        "an event, its claim, and whose it is": event_of_somebody,
    }


async def test_what_a_verb_touches_does_not_grow_with_the_tables(
    dsn: str, pool: db.Pool, till: Till, vault: Vault
) -> None:
    people = People(pool, vault)
    async with pool.acquire() as conn:
        await conn.execute(UNCOUNTED)
    await till.receive("mug", 1_000)
    verbs = uses(till, people)
    for verb in verbs.values():
        for _ in range(USED_BEFORE):
            await verb()
    await grow(dsn)

    grown: dict[str, dict[str, int]] = {}
    for name, verb in verbs.items():
        before = await touched(pool)
        await verb()
        after = await touched(pool)
        large = {table: rows - before.get(table, 0) for table, rows in after.items()}
        grown[name] = {table: n for table, n in large.items() if n > ROWS_TOUCHED_MAX}
    assert {name: tables for name, tables in grown.items() if tables} == {}
