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

-- name: latest
-- The newest of some events, looked for among some rows of the log before a place in it: a channel
-- that is quiet beside a loud one shows fewer, never at the price of reading a whole day. Beside
-- each (or beside nothing) the last row that was looked at, from where the next look goes on.
with looked as materialized (
  select event_id, name, occurred_at, received_at, channel, location_id, xid, position,
         case when name = 'custom.event' then body end as own_body
    from log.events
   where arrived_on >= :since and (xid, position) < (:xid::text::xid8, :position)
   order by events.xid desc, position desc
   limit :looked
)
select edge.xid::text::bigint as xid, edge.position, edge.n, edge.newest_at,
       found.event_id, found.name, found.occurred_at, found.channel, found.location_id, found.own_body
  from (select xid, position, (select count(*) from looked) as n,
               (select max(received_at) from looked) as newest_at
          from looked
         order by looked.xid, position
         limit 1) as edge
  left join lateral (
    select e.event_id, e.name, e.occurred_at, e.channel, e.location_id, e.own_body
      from looked e
     where e.name = any(:names::text[]) and e.occurred_at >= :begin and e.occurred_at < :until
       and (:channels::text[] is null or lower(e.channel) = any(:channels::text[]))
       and (:location_id::text is null or e.location_id = :location_id)
     order by e.xid desc, e.position desc
     limit :most) as found on true;

-- name: reached
select xid::text::bigint as xid, position, arrived_on from log.cursors where reader = :reader;

-- name: goal
-- As far as the live reader has come; locked, it stays there until the swap.
select xid::text::bigint as xid, position, arrived_on
  from log.cursors
 where reader = :reader
   for update;

-- name: clear
truncate insight.touches, insight.day_events, insight.day_orders;
