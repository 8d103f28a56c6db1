-- name: count
-- kinds: which of the names, channels and days, from 1.
with kinds as (
  select kind, name, channel, day
    from unnest(:names::text[], :channels::text[], :days::text::date[]) with ordinality
         as k(name, channel, day, kind)
)
insert into customers.counters as c (identifier_id, name, channel, day, n)
select u.identifier_id, k.name, k.channel, k.day, u.n
  from unnest(:identifier_ids::text::bigint[], :kinds::text::integer[], :ns::text::integer[])
       as u(identifier_id, kind, n)
  join kinds k using (kind)
on conflict (identifier_id, name, channel, day) do update set n = c.n + excluded.n;

-- name: put_purchases
-- The best teller's figures stand, whoever comes first; of two equal ones the earlier event.
-- Answers the purchases that this takes from one identifier to another.
with was as (
  select purchase_key, identifier_id
    from customers.purchases
   where purchase_key = any(:purchase_keys::text[])
), put as (
  insert into customers.purchases as p (purchase_key, identifier_id, rank, event_id, occurred_at,
                                        channel, location_id, total_minor, currency)
  select purchase_key, identifier_id, rank, event_id, occurred_at, channel, location_id,
         total_minor, currency
    from unnest(:purchase_keys::text[], :identifier_ids::bigint[], :ranks::smallint[],
                :event_ids::text[], :occurred_ats::timestamptz[], :channels::text[],
                :location_ids::text[], :totals_minor::bigint[], :currencies::text[])
         as n(purchase_key, identifier_id, rank, event_id, occurred_at, channel, location_id,
              total_minor, currency)
  on conflict (purchase_key) do update
     set identifier_id = excluded.identifier_id, rank = excluded.rank,
         event_id = excluded.event_id, occurred_at = excluded.occurred_at,
         channel = excluded.channel, location_id = excluded.location_id,
         total_minor = excluded.total_minor, currency = excluded.currency
   where (p.rank, excluded.occurred_at, excluded.event_id)
       < (excluded.rank, p.occurred_at, p.event_id)
  returning purchase_key, identifier_id
)
select put.purchase_key, was.identifier_id as was, put.identifier_id as now
  from put
  join was using (purchase_key)
 where was.identifier_id <> put.identifier_id
 order by put.purchase_key;

-- name: lower_purchases
-- What an order told of itself becomes what is due after a part was cancelled: the least of all.
update customers.purchases p
   set total_minor = least(p.total_minor, n.due)
  from unnest(:purchase_keys::text[], :dues::bigint[]) as n(purchase_key, due)
 where p.purchase_key = n.purchase_key and p.rank = :rank_order;

-- name: put_traits
insert into customers.traits as t (identifier_id, field, value, occurred_at)
select identifier_id, field, value::json, occurred_at
  from unnest(:identifier_ids::bigint[], :fields::text[], :values::text[],
              :occurred_ats::timestamptz[]) as n(identifier_id, field, value, occurred_at)
on conflict (identifier_id, field) do update
   set value = excluded.value, occurred_at = excluded.occurred_at
 where t.occurred_at <= excluded.occurred_at;

-- name: page
-- A page from each identifier, then the newest of all: no identifier is read past its page.
-- A report of a purchase that stock has stated is folded into that: see `copies`.
select t.event_id, t.name, t.occurred_at, t.channel, t.location_id, t.identifier_id, t.position,
       t.purchase_key, t.summary::text as summary
  from unnest(:identifier_ids::bigint[]) as i(identifier_id)
 cross join lateral (
       select event_id, name, occurred_at, channel, location_id, identifier_id, position,
              purchase_key, summary
         from customers.timeline l
        where l.identifier_id = i.identifier_id
          and (l.occurred_at, l.position) < (:before_at, :before_position)
          and (:channel::text is null or l.channel = :channel)
          and (:name::text is null or l.name = :name)
          and not (l.name = 'order.reported'
                   and exists (select 1
                                 from customers.purchases p
                                where p.purchase_key = l.purchase_key))
        order by l.occurred_at desc, l.position desc
        limit :most
       ) as t
 order by t.occurred_at desc, t.position desc
 limit :most;

-- name: last_done
-- When each of these identifiers last did one of some things after a moment of its own.
select i.identifier_id, t.occurred_at
  from unnest(:identifier_ids::bigint[], :sinces::timestamptz[]) as i(identifier_id, since)
 cross join lateral (
       select l.occurred_at
         from customers.timeline l
        where l.identifier_id = i.identifier_id
          and l.occurred_at > i.since and l.occurred_at <= :until
          and l.name = any(:names::text[])
        order by l.occurred_at desc, l.position desc
        limit 1
       ) as t;

-- name: since
-- What has come into the timeline after a place of the log, oldest first: for a page that is open.
-- It reads through her lines; an index for it would cost every event a page somewhere in it.
select t.event_id, t.name, t.occurred_at, t.channel, t.location_id, t.identifier_id, t.position,
       t.purchase_key, t.summary::text as summary, t.xid
  from customers.timeline t
 where t.identifier_id = any(:identifier_ids::bigint[])
   and (t.xid, t.position) > (:xid, :position)
   and (:channel::text is null or t.channel = :channel)
   and not (t.name = 'order.reported'
            and exists (select 1 from customers.purchases p where p.purchase_key = t.purchase_key))
 order by t.xid, t.position
 limit :most;

-- name: copies
-- All that told of some purchases, of each the one that counts first.
select t.event_id, t.name, t.occurred_at, t.channel, t.location_id, t.identifier_id, t.position,
       t.purchase_key, t.summary
  from (select event_id, name, occurred_at, channel, location_id, identifier_id, position,
               purchase_key, summary::text as summary,
               row_number() over (partition by purchase_key
                                  order by counts desc, occurred_at, position) as place
          from (select c.event_id, c.name, c.occurred_at, c.channel, c.location_id,
                       c.identifier_id, c.position, c.purchase_key, c.summary,
                       exists (select from customers.purchases p
                                where p.purchase_key = c.purchase_key
                                  and p.event_id = c.event_id) as counts
                  from customers.timeline c
                 where c.identifier_id = any(:identifier_ids::bigint[])
                   and c.purchase_key = any(:purchase_keys::text[])) as told) as t
 where t.place <= :most
 order by t.purchase_key, t.place;

-- name: is_line
-- Whether an event of the log made a line.
select 1 from customers.timeline
 where identifier_id = :identifier_id and occurred_at = :occurred_at and position = :position;

-- name: counts
select channel, sum(n)::bigint as n
  from customers.counters
 where identifier_id = any(:identifier_ids::bigint[])
 group by channel
 order by n desc, channel;

-- name: purchases
select purchase_key, event_id, occurred_at, channel, location_id, total_minor, currency
  from customers.purchases
 where identifier_id = any(:identifier_ids::bigint[]) and rank < 9
   and (occurred_at, event_id) /*past*/ < (:before_at, :before_event_id)
 order by occurred_at /*way*/ desc, event_id /*way*/ desc
 limit :most;

-- name: reader_place
select xid::text::bigint as xid, position from log.cursors where reader = :reader;
