-- name: clear
-- A stage that was interrupted begins anew.
truncate customers.counters, customers.purchases, insight.touches, insight.day_events,
         insight.day_orders, insight.newest, ingest.counters, stock.receipt_totals, stock.sales_days,
         stock.order_evidence cascade;

-- name: analyze
analyze customers.timeline;

-- name: counters
-- Of a piece of all identifiers, as a rebuild of the timeline counts them.
insert into customers.counters (identifier_id, name, channel, day, n)
select identifier_id, name, channel, (occurred_at at time zone 'UTC')::date as day, count(*)
  from customers.timeline
 where identifier_id > :above and identifier_id <= :upto
 group by 1, 2, 3, 4;

-- name: purchases
-- What somebody ordered, or bought at a till showing a card.
insert into customers.purchases (purchase_key, identifier_id, rank, event_id, occurred_at, channel,
                                 location_id, total_minor, currency)
select 'order:' || system || ':' || order_ref, identifier_id, 1, event_id, placed_at, channel, null,
       total_minor, currency
  from stock.orders
union all
select 'receipt:' || receipt_id, identifier_id, 2, event_id, occurred_at, channel, location_id,
       total_minor, currency
  from stock.receipts
 where identifier_id is not null;

-- name: receipt_totals
insert into stock.receipt_totals (location_id, business_day, currency, receipts, lines, total_minor)
select location_id, business_day, currency, count(*), sum(line_count), sum(total_minor)
  from stock.receipts
 group by 1, 2, 3;

-- name: sales_days
insert into stock.sales_days (location_id, day, sku, sold, returned)
select r.location_id, r.business_day, l.sku, sum(l.qty), 0
  from stock.receipts r
  join stock.receipt_lines l using (receipt_id)
 group by 1, 2, 3;

-- name: events_of_day
-- Of a day of arrival: it reaches into two days of the business.
insert into insight.day_events as d (day, name, n)
select (occurred_at at time zone :zone)::date, name, count(*)
  from log.events
 where arrived_on = :day
 group by 1, 2
on conflict (day, name) do update set n = d.n + excluded.n;

-- name: touches_of_day
insert into insight.touches as t (day, channel, slot, n)
select (occurred_at at time zone :zone)::date, channel,
       (extract(hour from occurred_at at time zone :zone) * 4
        + floor(extract(minute from occurred_at at time zone :zone) / 15))::smallint, count(*)
  from log.events
 where arrived_on = :day and name = any(:touches::text[])
 group by 1, 2, 3
on conflict (day, channel, slot) do update set n = t.n + excluded.n;

-- name: newest_of_day
-- Of each name and channel where the last of it stand, of some also by place; days come in order.
insert into insight.newest as n (name, channel, location_id, xids, positions)
select r.name, r.channel, r.location_id, array_agg(r.xid order by r.nth),
       array_agg(r.position order by r.nth)
  from (select p.name, p.channel, p.location_id, p.xid, p.position,
               row_number() over (partition by p.name, p.channel, p.location_id
                                      order by p.xid desc, p.position desc) as nth
          from (select name, channel, '' as location_id, xid, position
                  from log.events
                 where arrived_on = :day
                 union all
                select name, channel, location_id, xid, position
                  from log.events
                 where arrived_on = :day and name = any(:placed::text[])
                   and location_id is not null) as p) as r
 where r.nth <= :most
 group by r.name, r.channel, r.location_id
on conflict (name, channel, location_id) do update
   set xids = (excluded.xids || n.xids)[1:(:most)],
       positions = (excluded.positions || n.positions)[1:(:most)];

-- name: orders_of_day
insert into insight.day_orders as o (day, channel, currency, orders, total_minor)
select (placed_at at time zone :zone)::date, channel, currency, count(*), sum(total_minor)
  from stock.orders
 group by 1, 2, 3;

-- name: counters_of_day
insert into ingest.counters as c (source_id, hour_at, name, events, last_at)
select source_id, date_trunc('hour', received_at), name, count(*), max(received_at)
  from log.events
 where arrived_on = :day and source_id is not null
 group by 1, 2, 3
on conflict (source_id, hour_at, name) do update
   set events = c.events + excluded.events, last_at = greatest(c.last_at, excluded.last_at);

-- name: level
-- The readers of the log stand at its end: what they would have made of it is there.
insert into log.cursors (reader, xid, position, arrived_on)
select r.reader, e.xid, e.position, e.arrived_on
  from unnest(:readers::text[]) as r(reader),
       (select xid, position, arrived_on
          from log.events
         where arrived_on >= :since
         order by events.xid desc, position desc
         limit 1) as e
on conflict (reader) do update
   set xid = excluded.xid, position = excluded.position, arrived_on = excluded.arrived_on;
