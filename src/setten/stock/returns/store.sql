-- name: queue_up
-- Two returns of one purchase take turns; a customer's too, so that their count is true.
select pg_advisory_xact_lock(k.key)
  from (select distinct u.key from unnest(:keys::bigint[]) as u(key) order by u.key) as k;

-- name: receipt_by_id
select r.receipt_id, r.location_id, r.register, r.sequence, r.business_day, r.occurred_at,
       r.identifier_id, r.currency, r.tax_included, r.tenders::text as tenders, r.order_system,
       r.order_ref
  from stock.receipts r
 where r.receipt_id = :receipt_id and r.replaced_by is null;

-- name: receipts_by_number
-- By what is printed on it; without the day the newest of that number.
select r.receipt_id
  from stock.receipts r
 where r.location_id = :location_id and r.register = :register and r.sequence = :sequence
   and r.replaced_by is null
   and (:business_day::date is null or r.business_day = :business_day)
   and r.business_day >= :since
 order by r.business_day desc
 limit 1;

-- name: receipt_lines
select l.line_no, l.sku, l.qty, l.amount_minor, l.tax_rate
  from stock.receipt_lines l
 where l.receipt_id = :receipt_id
 order by l.line_no;

-- name: sold_for_order
-- What tills sold of an order, by sku, less what they took back of it.
select l.sku, sum(greatest(l.qty, 0))::integer as sold, sum(greatest(-l.qty, 0))::integer as back
  from stock.receipts r
  join stock.receipt_lines l on l.receipt_id = r.receipt_id
 where r.order_system = :system and r.order_ref = :order_ref and r.replaced_by is null
 group by l.sku;

-- name: came_back
-- What came back of a purchase before, by line and sku; what tills took back, by sku alone.
select l.sold_line, l.sku, sum(l.qty)::integer as qty, sum(l.amount_minor)::bigint as amount_minor
  from stock.return_lines l
 where l.root = :root
 group by l.sold_line, l.sku
union all
select null, t.sku, sum(t.qty)::integer, sum(t.amount_minor)::bigint
  from stock.till_returns t
 where t.root = :root and t.state = 'matched'
 group by t.sku;

-- name: refunds_of
select r.refunds::text as refunds from stock.returns r where r.root = :root
union all
select jsonb_build_array(
         jsonb_build_object('kind', t.tender, 'amount_minor', t.amount_minor))::text
  from stock.till_returns t
 where t.root = :root and t.state = 'matched';

-- name: count_of_customer
select count(*)
  from stock.returns r
 where r.identifier_id = any(:identifier_ids::bigint[]) and r.at > :since;

-- name: purchases_of
-- The newest purchases of one person: receipts, and orders.
(select 'receipt' as kind, r.receipt_id as id, r.occurred_at as at
   from stock.receipts r
  where r.identifier_id = any(:identifier_ids::bigint[]) and r.replaced_by is null
    and r.total_minor >= 0 and r.occurred_at >= :since
  order by r.occurred_at desc
  limit :most)
union all
(select 'order', o.order_id, o.placed_at
   from stock.orders o
  where o.identifier_id = any(:identifier_ids::bigint[]) and o.placed_at >= :since
  order by o.placed_at desc
  limit :most)
 order by at desc
 limit :most;

-- name: insert
insert into stock.returns (
  return_id, return_no, location_id, at, taken_by, root, order_id, receipt_id, identifier_id,
  reason, currency, total_minor, tax, refunds, override_reason, exchange_hold_id, exchange_minor,
  event_id)
values (:return_id, :return_no, :location_id, :now, :by, :root, :order_id, :receipt_id,
        :identifier_id, :reason, :currency, :total, :tax::text::jsonb, :refunds::text::jsonb,
        :override_reason, :exchange_hold_id, :exchange_minor, :event_id)
on conflict (return_no) do nothing
returning return_no;

-- name: insert_lines
insert into stock.return_lines (
  return_id, line_no, root, sold_line, sku, qty, condition, amount_minor, tax_rate)
select :return_id, l.line_no, :root, l.sold_line, l.sku, l.qty, l.condition, l.amount_minor,
       l.tax_rate
  from unnest(:line_nos::smallint[], :sold_lines::smallint[], :skus::text[], :qtys::integer[],
              :conditions::text[], :amounts::bigint[], :tax_rates::numeric[])
       as l(line_no, sold_line, sku, qty, condition, amount_minor, tax_rate);

-- name: by_id
select return_id, return_no, location_id, at, taken_by, order_id, receipt_id, identifier_id,
       reason, currency, total_minor, tax::text as tax, refunds::text as refunds, override_reason,
       exchange_hold_id, exchange_minor, event_id
  from stock.returns
 where return_id = :return_id;

-- name: latest_at
select return_id, return_no, location_id, at, taken_by, order_id, receipt_id, identifier_id,
       reason, currency, total_minor, tax::text as tax, refunds::text as refunds, override_reason,
       exchange_hold_id, exchange_minor, event_id
  from stock.returns
 where location_id = :location_id and return_id /*past*/ < :before
 order by return_id /*way*/ desc
 limit :most;

-- name: lines_of
select return_id, line_no, sold_line, sku, qty, condition, amount_minor, tax_rate
  from stock.return_lines
 where return_id = any(:return_ids::uuid[])
 order by return_id, line_no;

-- name: policy
-- The newest first: one holds, those before it were the rules until then.
select policy_id as version, days, per_customer_max, per_customer_days, unproven_max_minor,
       set_by, set_at, reason
  from stock.return_policies
 order by policy_id desc
 limit :most;

-- name: lock_policy
-- Who changes comes one after the other, so that each knows what is changed.
select pg_advisory_xact_lock(hashtextextended('stock.return_policies', 291));

-- name: set_policy
insert into stock.return_policies (
  days, per_customer_max, per_customer_days, unproven_max_minor, set_by, set_at, reason)
values (:days, :per_customer_max, :per_customer_days, :unproven_max_minor, :by, :now, :reason);
