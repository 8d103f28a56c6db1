"""Making lines and people anew from the log changes no column of any table about customers."""

from __future__ import annotations

from tests.customers.segments.conftest import Shop, did
from tests.customers.timeline.test_rebuild import a_month

from setten.customers import identity, timeline
from setten.platform import db

# Whoever writes who is whom leaves a new token there, so that nobody goes by what he remembers.
TABLES = """
select quote_ident(c.relname) as name
  from pg_class c
 where c.relnamespace = 'customers'::regnamespace and c.relkind in ('r', 'p')
   and c.relname <> 'identity_turn'
 order by 1
"""
WHOLE = """
select count(*) as rows, md5(coalesce(string_agg(x::text, '\n' order by x::text), '')) as hash
  from customers.{table} as x
"""


async def everything(pool: db.Pool) -> dict[str, tuple[int, str]]:
    """Of each table its rows, and a hash over all their columns."""
    async with pool.acquire() as conn:
        names = [row["name"] for row in await conn.fetch(TABLES)]
        found = [await conn.fetchrow(WHOLE.format(table=name)) for name in names]
    return {name: (row["rows"], row["hash"]) for name, row in zip(names, found, strict=True)}


async def test_rebuilds_change_no_column_of_any_table(shop: Shop, people, pool, monkeypatch):
    monkeypatch.setattr("setten.customers.timeline.rebuilding.CHUNK", 40)
    monkeypatch.setattr("setten.customers.timeline.rebuilding.LAST_CHUNK_MAX", 10)
    await shop.define("buyers", did("purchase"))
    await a_month(people)
    shop.minute = 20_000
    await shop.lives("user_id:u1", 35.68, 139.76, minute=10)
    await shop.read()
    await shop.fill()
    before = await everything(pool)
    for name in ("timeline", "counters", "purchases", "traits", "identifiers", "links", "stages",
                 "segment_members", "homes"):  # fmt: skip
        assert before[name][0], f"the history has nothing in {name}"
    await timeline.rebuild(pool)
    assert await everything(pool) == before
    assert await identity.rebuild(pool) == 0
    assert await everything(pool) == before
