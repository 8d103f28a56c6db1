-- name: prepare
-- Beside the old ones, with the same keys and indexes; those of the lines come when the lines are
-- there. An interrupted rebuild begins anew.
do $$
begin
  drop table if exists customers.timeline_new, customers.counters_new, customers.purchases_new,
    customers.traits_new;
  create table customers.timeline_new (like customers.timeline including all excluding indexes);
  create table customers.counters_new (like customers.counters including all)
    with (fillfactor = 80);
  create table customers.purchases_new (like customers.purchases including all);
  create table customers.traits_new (like customers.traits including all) with (fillfactor = 80);
end $$;

-- name: goal
-- As far as the live reader has come; locked, it stays there until the swap.
select xid::text::bigint as xid, position, arrived_on
  from log.cursors
 where reader = :reader
   for update;

-- name: reached
select xid::text::bigint as xid, position, arrived_on from log.cursors where reader = :reader;

-- name: read
-- Events of people between two places of the log. Everything up to the goal is settled already.
select xid::text::bigint as xid, position, arrived_on, event_id, name, occurred_at, received_at,
       source_id, channel, location_id, identifiers, sealed_id, body::text as body
  from log.events
 where (xid, position) > (:xid::text::xid8, :position)
   and (xid, position) <= (:goal_xid::text::xid8, :goal_position)
   and arrived_on >= :since
 order by events.xid, position
 limit :most;

-- name: copied
-- The same of what makes a line, for COPY: columns that are never null and always as long first.
select arrived_on, position, occurred_at, xid::text::bigint as xid, identifiers[1] as identifier_id,
       event_id, name, channel, location_id, body
  from log.events
 where (events.xid, position) > (:xid::text::xid8, :position)
   and (events.xid, position) <= (:goal_xid::text::xid8, :goal_position)
   and arrived_on >= :since
   and cardinality(identifiers) > 0
   and name <> all(:hidden::text[])
 order by events.xid, position
 limit :most;

-- name: unhurried
-- For this connection, until `hurried`. An index that is made concurrently waits for whoever reads
-- since before, a backup for instance, and nobody waits for it.
set statement_timeout = 0;
set lock_timeout = 0;
set maintenance_work_mem = '512MB';

-- name: hurried
-- As the pool gave it: a swap that waited without end would keep all readers waiting behind it.
reset statement_timeout;
reset lock_timeout;
reset maintenance_work_mem;

-- name: indexes
-- As statements that make the timeline's on the new lines: sorted once they cost a fraction of what
-- a page somewhere in them costs each line. Concurrently, since the log's readers wait for every
-- transaction that writes.
select replace(replace(pg_get_indexdef(i.indexrelid),
                       ' INDEX ' || quote_ident(c.relname) || ' ',
                       ' INDEX CONCURRENTLY ' || quote_ident(c.relname || '_new') || ' '),
               ' ON customers.timeline ', ' ON customers.timeline_new ') as statement
  from pg_index i
  join pg_class c on c.oid = i.indexrelid
 where i.indrelid = 'customers.timeline'::regclass
 order by not i.indisprimary, c.relname;

-- name: analyze
analyze customers.timeline_new;

-- name: count_lines
-- Of a piece of all identifiers, in the order of the counters' own key, so that their index only
-- grows at its end.
insert into customers.counters_new (identifier_id, name, channel, day, n)
select identifier_id, name, channel, (occurred_at at time zone 'UTC')::date as day, count(*)
  from customers.timeline_new
 where identifier_id > :above and identifier_id <= :upto
 group by 1, 2, 3, 4
 order by 1, 2, 3, 4;

-- name: count
-- From the log itself, not from the lines: for what came while the rest was counted.
insert into customers.counters_new as c (identifier_id, name, channel, day, n)
select identifiers[1], name, channel, (occurred_at at time zone 'UTC')::date, count(*)
  from log.events
 where (xid, position) > (:xid::text::xid8, :position)
   and (xid, position) <= (:last_xid::text::xid8, :last_position)
   and arrived_on >= :since
   and cardinality(identifiers) > 0
   and name <> all(:hidden::text[])
 group by 1, 2, 3, 4
on conflict (identifier_id, name, channel, day) do update set n = c.n + excluded.n;

-- name: put_purchases
-- Orders and receipts as stock states them, read by the database; the guards pass over a body that
-- is not what its name promises, as the reader does.
with told as (
  select identifiers[1] as identifier_id, name, event_id, occurred_at, channel, location_id, body
    from log.events
   where (xid, position) > (:xid::text::xid8, :position)
     and (xid, position) <= (:last_xid::text::xid8, :last_position)
     and arrived_on >= :since
     and cardinality(identifiers) > 0
     and name in ('order.placed', 'order.cancelled', 'receipt.recorded', 'return.recorded',
                  'return.matched')
), purchases as (
  select 'order:' || (body ->> 'system') || ':' || (body ->> 'order_ref') as purchase_key,
         1 as rank, coalesce((body ->> 'total_minor')::bigint, 0) as total_minor,
         coalesce(body ->> 'currency', '') as currency, t.*
    from told t
   where name = 'order.placed' and json_typeof(body -> 'system') = 'string'
     and json_typeof(body -> 'order_ref') = 'string'
     and coalesce(json_typeof(body -> 'total_minor'), 'null') in ('number', 'null')
  union all
  select case when body ->> 'order_ref' is not null
              then 'order:' || coalesce(body ->> 'order_system', '') || ':' || (body ->> 'order_ref')
              else 'receipt:' || (body ->> 'receipt_id') end,
         2, (body ->> 'total_minor')::bigint, body ->> 'currency', t.*
    from told t
   where name = 'receipt.recorded' and json_typeof(body -> 'total_minor') = 'number'
     and json_typeof(body -> 'currency') = 'string'
     and json_typeof(body -> 'receipt_id') = 'string'
  union all
  select 'return:' || (body ->> 'return_id'), 2, (body ->> 'total_minor')::bigint,
         body ->> 'currency', t.*
    from told t
   where name in ('return.recorded', 'return.matched')
     and json_typeof(body -> 'total_minor') = 'number'
     and json_typeof(body -> 'currency') = 'string'
     and json_typeof(body -> 'return_id') = 'string'
  union all
  select 'receipt:' || (body ->> 'replaces'), :rank_void, 0, body ->> 'currency', t.*
    from told t
   where name = 'receipt.recorded' and json_typeof(body -> 'replaces') = 'string'
     and json_typeof(body -> 'total_minor') = 'number'
     and json_typeof(body -> 'currency') = 'string'
     and json_typeof(body -> 'receipt_id') = 'string'
  union all
  select 'order:' || (body ->> 'system') || ':' || (body ->> 'order_ref'), :rank_void, 0,
         coalesce(body ->> 'currency', ''), t.*
    from told t
   where name = 'order.cancelled' and json_typeof(body -> 'system') = 'string'
     and json_typeof(body -> 'order_ref') = 'string'
     and (body -> 'is_whole')::text = 'true'
), best as (
  select distinct on (purchase_key) *
    from purchases
   order by purchase_key, rank desc, occurred_at, event_id
)
insert into customers.purchases_new as p (purchase_key, identifier_id, rank, event_id, occurred_at,
                                          channel, location_id, total_minor, currency)
select purchase_key, identifier_id, rank, event_id, occurred_at, channel, location_id, total_minor,
       currency
  from best
on conflict (purchase_key) do update
   set identifier_id = excluded.identifier_id, rank = excluded.rank, event_id = excluded.event_id,
       occurred_at = excluded.occurred_at, channel = excluded.channel,
       location_id = excluded.location_id, total_minor = excluded.total_minor,
       currency = excluded.currency
 where (p.rank, excluded.occurred_at, excluded.event_id)
     < (excluded.rank, p.occurred_at, p.event_id);

-- name: lower_purchases
-- Orders of which a part was cancelled, after all that was told of purchases up to there.
update customers.purchases_new p
   set total_minor = least(p.total_minor, c.due)
  from (select 'order:' || (body ->> 'system') || ':' || (body ->> 'order_ref') as purchase_key,
               min((body ->> 'due_minor')::bigint) as due
          from log.events
         where (xid, position) > (:xid::text::xid8, :position)
           and (xid, position) <= (:last_xid::text::xid8, :last_position)
           and arrived_on >= :since
           and cardinality(identifiers) > 0
           and name = 'order.cancelled' and json_typeof(body -> 'system') = 'string'
           and json_typeof(body -> 'order_ref') = 'string'
           and json_typeof(body -> 'due_minor') = 'number'
           and coalesce((body -> 'is_whole')::text, 'false') = 'false'
         group by 1) as c
 where p.purchase_key = c.purchase_key and p.rank = :rank_order;

-- name: put_traits
insert into customers.traits_new as t (identifier_id, field, value, occurred_at)
select identifier_id, field, value::json, occurred_at
  from unnest(:identifier_ids::bigint[], :fields::text[], :values::text[],
              :occurred_ats::timestamptz[]) as n(identifier_id, field, value, occurred_at)
on conflict (identifier_id, field) do update
   set value = excluded.value, occurred_at = excluded.occurred_at
 where t.occurred_at <= excluded.occurred_at;

-- name: swap
-- Readers of the old tables wait the moment this takes; the live reader waits for its cursor.
do $$
declare
  one record;
begin
  for one in select c.relname as name
               from pg_index i
               join pg_class c on c.oid = i.indexrelid
              where i.indrelid = 'customers.timeline'::regclass and i.indisprimary
  loop
    execute format('alter table customers.timeline_new add primary key using index %I',
                   one.name || '_new');
  end loop;
  drop table customers.timeline, customers.counters, customers.purchases, customers.traits;
  alter table customers.timeline_new rename to timeline;
  alter table customers.counters_new rename to counters;
  alter table customers.purchases_new rename to purchases;
  alter table customers.traits_new rename to traits;
  for one in select c.relname as name
               from pg_index i
               join pg_class c on c.oid = i.indexrelid
              where i.indrelid = 'customers.timeline'::regclass
  loop
    execute format('alter index customers.%I rename to %I', one.name,
                   regexp_replace(one.name, '_new$', ''));
  end loop;
end $$;
