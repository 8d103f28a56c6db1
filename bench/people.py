"""A business with many customers, laid down in a few statements as the readers would have left it.

A person has a cookie; three in five also have a login, linked to it. The numbers of both follow
from the person, so that a load process can name them without asking.
"""

from __future__ import annotations

import hashlib

from setten.platform import db

SPARES = 200_000  # visitors whom the vault has met and nobody else: newcomers of a run

NUMBER = """
create function pg_temp.number(kind text, person bigint) returns bigint language sql immutable as
$$ select (('x' || left(md5(kind || person), 16))::bit(64)::bigint & 9223372036854775807) | 1 $$
"""
WHO = """
insert into customers.customers (customer_id, created_at)
select md5('p' || p)::uuid, now() - interval '90 days' from generate_series(1, $1::bigint) as p;

insert into customers.identifiers (identifier_id, kind, customer_id, born_as, first_at)
select pg_temp.number('c', p), 'anonymous_id', md5('p' || p)::uuid, md5('p' || p)::uuid,
       now() - interval '90 days'
  from generate_series(1, $1::bigint) as p
union all
select pg_temp.number('u', p), 'user_id', md5('p' || p)::uuid, md5('u' || p)::uuid,
       now() - interval '80 days'
  from generate_series(1, $1::bigint) as p
 where p % 5 < 3;

insert into customers.links (a, b, kind, event_id, source_id, occurred_at)
select least(c, u), greatest(c, u), 'event', 'seed-' || p, 1, now() - interval '80 days'
  from (select p, pg_temp.number('c', p) as c, pg_temp.number('u', p) as u
          from generate_series(1, $1::bigint) as p
         where p % 5 < 3) as pairs
"""
SPARE = """
insert into vault.identifiers (identifier_id, kind, token, wrapped_key, generation, sealed)
select pg_temp.number('s', s), 'anonymous_id', md5('s' || s)::uuid, '\\x00', 1, '\\x00'
  from generate_series(1, $1::bigint) as s
"""
# Under the login where there is one, as events carry it first; skewed, as histories are.
DEEDS = """
insert into customers.timeline (identifier_id, occurred_at, position, xid, arrived_on, event_id,
                                name, channel, purchase_key, summary)
select number, at, i, 1, current_date - 1, 'h' || i, name, 'web',
       case when name = 'order.placed' then 'order:web:H-' || i end,
       case name
            when 'order.placed' then '{"order_ref": "H-1", "total_minor": 1680, "currency": "JPY"}'
            when 'product.viewed'
            then '{"sku": "S-000042", "item": "velvet sofa", "product_id": "P42", "lines": 1}'
            else '{"title": "ベルベットソファ", "path": "/items/42"}' end::json
  from (select i, now() - interval '1 day' - random() * interval '89 days' as at,
               case when i % 20 = 0 then 'order.placed'
                    when i % 20 < 9 then 'product.viewed' else 'page.viewed' end as name,
               case when p % 5 < 3 and i % 2 = 0 then pg_temp.number('u', p)
                    else pg_temp.number('c', p) end as number
          from (select i, 1 + floor(power(random(), 2) * $1::bigint)::bigint as p
                  from generate_series(1, $2::bigint) as i) as drawn) as told;

insert into customers.counters (identifier_id, name, channel, day, n)
select identifier_id, name, channel, (occurred_at at time zone 'UTC')::date, count(*)
  from customers.timeline group by 1, 2, 3, 4;

insert into customers.purchases (purchase_key, identifier_id, rank, event_id, occurred_at, channel,
                                 total_minor, currency)
select purchase_key, identifier_id, 1, event_id, occurred_at, channel, 1680, 'JPY'
  from customers.timeline where purchase_key is not null;

insert into customers.traits (identifier_id, field, value, occurred_at)
select pg_temp.number('c', p), 'plan', '"gold"', now() - interval '80 days'
  from generate_series(1, $1::bigint, 5) as p
"""
TABLES = ("customers", "identifiers", "links", "timeline", "counters", "purchases", "traits")
# Rows go in without their indexes, which are then built in one piece each.
INDEXES = """
select format('alter table %s drop constraint %I', conrelid::regclass, conname) as away,
       format('alter table %s add constraint %I %s', conrelid::regclass, conname,
              pg_get_constraintdef(oid)) as again,
       case contype when 'f' then 0 else 1 end as turn
  from pg_constraint
 where contype in ('p', 'u', 'f') and connamespace = 'customers'::regnamespace
   and (conrelid::regclass::text = any($1::text[]) or confrelid::regclass::text = any($1::text[]))
union all
select format('drop index %s', indexrelid::regclass), pg_get_indexdef(indexrelid), 2
  from pg_index
 where indrelid::regclass::text = any($1::text[])
   and not exists (select 1 from pg_constraint where conindid = indexrelid)
 order by turn
"""


def number(kind: str, person: int) -> int:
    """The number of somebody's cookie ("c") or login ("u"), or of a spare visitor ("s")."""
    head = hashlib.md5(f"{kind}{person}".encode(), usedforsecurity=False).digest()[:8]
    return int.from_bytes(head) & (1 << 63) - 1 | 1


def has_login(person: int) -> bool:
    return person % 5 < 3


async def lay_down(conn: db.Connection, people: int, lines: int) -> None:
    """Customers, identifiers, links and a history of `lines`, in a database without people."""
    await conn.execute(NUMBER)
    indexes = await conn.fetch(INDEXES, [f"customers.{table}" for table in TABLES])
    for index in indexes:
        await conn.execute(index["away"])
    for statement in (WHO + ";\n" + DEEDS).split(";\n"):
        await conn.execute(statement, *((people, lines) if "$2" in statement else
                                        (people,) if "$1" in statement else ()))  # fmt: skip
    for index in sorted(indexes, key=lambda one: -one["turn"]):
        await conn.execute(index["again"])
    await conn.execute(SPARE, SPARES)
    await conn.execute("vacuum analyze")
