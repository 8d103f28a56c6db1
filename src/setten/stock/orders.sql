-- name: insert
insert into stock.orders (
  order_id, system, order_ref, identifier_id, channel, total_minor, currency, placed_at, event_id)
select o.order_id, o.system, o.order_ref, o.identifier_id, o.channel, o.total_minor, o.currency,
       o.placed_at, o.event_id
  from unnest(:order_ids::uuid[], :systems::text[], :order_refs::text[], :identifier_ids::bigint[],
              :channels::text[], :totals::bigint[], :currencies::text[],
              :placed_ats::timestamptz[], :event_ids::text[])
       as o(order_id, system, order_ref, identifier_id, channel, total_minor, currency, placed_at,
            event_id)
on conflict (system, order_ref) do nothing
returning order_id;

-- name: insert_lines
insert into stock.order_lines (order_id, line_no, sku, qty, amount_minor)
select l.order_id, l.line_no, l.sku, l.qty, l.amount_minor
  from unnest(:order_ids::uuid[], :line_nos::smallint[], :skus::text[], :qtys::integer[],
              :amounts::bigint[]) as l(order_id, line_no, sku, qty, amount_minor);

-- name: insert_evidence
insert into stock.order_evidence (event_id, system, order_ref, kind, channel, occurred_at)
select e.event_id, e.system, e.order_ref, e.kind, e.channel, e.occurred_at
  from unnest(:event_ids::text[], :systems::text[], :order_refs::text[], :kinds::text[],
              :channels::text[], :occurred_ats::timestamptz[])
       as e(event_id, system, order_ref, kind, channel, occurred_at)
on conflict do nothing;

-- name: by_id
select order_id, system, order_ref, identifier_id, channel, total_minor, currency, placed_at,
       event_id
  from stock.orders
 where order_id = :order_id;

-- name: lines_of
select sku, qty, amount_minor
  from stock.order_lines
 where order_id = :order_id
 order by line_no;

-- name: of_identifiers
select order_id, system, order_ref, identifier_id, channel, total_minor, currency, placed_at,
       event_id
  from stock.orders
 where identifier_id = any(:identifier_ids::bigint[])
 order by placed_at desc
 limit :most;

-- name: evidence_of
select event_id, system, order_ref, kind, channel, occurred_at
  from stock.order_evidence
 where order_ref = :order_ref
 order by occurred_at, event_id
 limit :most;
