-- name: add_touches
insert into insight.touches as t (day, channel, slot, n)
select day, channel, slot, n
  from unnest(:days::date[], :channels::text[], :slots::smallint[], :ns::bigint[])
       as u(day, channel, slot, n)
on conflict (day, channel, slot) do update set n = t.n + excluded.n;

-- name: add_events
insert into insight.day_events as e (day, name, n)
select day, name, n from unnest(:days::date[], :names::text[], :ns::bigint[]) as u(day, name, n)
on conflict (day, name) do update set n = e.n + excluded.n;

-- name: add_orders
insert into insight.day_orders as o (day, channel, currency, orders, total_minor)
select day, channel, currency, orders, total_minor
  from unnest(:days::date[], :channels::text[], :currencies::text[], :orders::bigint[],
              :totals::bigint[]) as u(day, channel, currency, orders, total_minor)
on conflict (day, channel, currency) do update
   set orders = o.orders + excluded.orders, total_minor = o.total_minor + excluded.total_minor;

-- name: touches
select day, channel, slot, n from insight.touches
 where day = any(:days::date[])
 order by day, channel, slot
 limit :most;

-- name: events
select name, sum(n)::bigint as n from insight.day_events
 where day between :first_day and :last_day
 group by name;

-- name: orders
select day, channel, currency, orders, total_minor from insight.day_orders
 where day = any(:days::date[])
 order by day, orders desc, channel
 limit :most;

-- name: keep_newest
-- What came last stands first. Who comes in the order of the key waits for nobody in a circle.
insert into insight.newest as n (name, channel, location_id, xids, positions)
select u.name, u.channel, u.location_id,
       array_agg(u.xid::xid8 order by u.xid::xid8 desc, u.position desc),
       array_agg(u.position order by u.xid::xid8 desc, u.position desc)
  from unnest(:names::text::text[], :channels::text::text[], :location_ids::text::text[],
              :xids::text::text[], :positions::text::bigint[])
       as u(name, channel, location_id, xid, position)
 group by u.name, u.channel, u.location_id
 order by u.name, u.channel, u.location_id
on conflict (name, channel, location_id) do update
   set xids = (excluded.xids || n.xids)[1:(:most)],
       positions = (excluded.positions || n.positions)[1:(:most)];

-- name: latest
-- The newest of some events: what the reader has not passed yet, from the end of the log, and behind
-- it what it keeps, each looked up by its place. Never at the price of reading what lies between.
with here as materialized (
  select c.xid, c.position from log.cursors c where c.reader = :reader
), fresh as (
  select e.event_id, e.name, e.occurred_at, e.channel, e.location_id, e.xid, e.position, e.body
    from log.events e
   where e.arrived_on >= :since
     and (e.xid, e.position) > (coalesce((select h.xid from here h), '0'::xid8),
                                coalesce((select h.position from here h), 0))
   order by e.xid desc, e.position desc
   limit :fresh
), kept as (
  select k.xid, k.position
    from insight.newest n
   cross join lateral unnest(n.xids, n.positions) as k(xid, position)
   where n.name = any(:names::text[]) and n.location_id = :placed
     and (:channels::text[] is null or lower(n.channel) = any(:channels::text[]))
   order by k.xid desc, k.position desc
   limit :kept
), found as (
  select f.event_id, f.name, f.occurred_at, f.channel, f.location_id, f.xid, f.position, f.body
    from fresh f
   union all
  select e.event_id, e.name, e.occurred_at, e.channel, e.location_id, e.xid, e.position, e.body
    from kept k
   cross join lateral (
         select v.event_id, v.name, v.occurred_at, v.channel, v.location_id, v.xid, v.position,
                v.body
           from log.events v
          where v.arrived_on >= :since and v.xid = k.xid and v.position = k.position
          limit 1) as e
)
select f.event_id, f.name, f.occurred_at, f.channel, f.location_id,
       case when f.name = 'custom.event' then f.body end as own_body
  from found f
 where f.name = any(:names::text[]) and f.occurred_at >= :begin and f.occurred_at < :until
   and (:channels::text[] is null or lower(f.channel) = any(:channels::text[]))
   and (:location_id::text is null or f.location_id = :location_id)
 order by f.xid desc, f.position desc
 limit :most;

-- name: reached
select xid::text::bigint as xid, position, arrived_on from log.cursors where reader = :reader;

-- name: goal
-- As far as the live reader has come; locked, it stays there until the swap.
select xid::text::bigint as xid, position, arrived_on
  from log.cursors
 where reader = :reader
   for update;

-- name: clear
truncate insight.touches, insight.day_events, insight.day_orders, insight.newest;
