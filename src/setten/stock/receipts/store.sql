-- name: queue_up
-- Two tellings of one receipt take turns, in one order.
select pg_advisory_xact_lock(k.key)
  from (select distinct u.key from unnest(:keys::bigint[]) as u(key) order by u.key) as k;

-- name: standing
-- One after the other by its key: together, a plan made on a small table would read all of it.
select distinct r.receipt_id, r.location_id, r.business_day, r.register, r.sequence,
       r.content_hash, r.moved_stock, r.event_id
  from unnest(:location_ids::text[], :business_days::date[], :registers::text[],
              :sequences::text[]) as k(location_id, business_day, register, sequence)
 cross join lateral (
       select x.receipt_id, x.location_id, x.business_day, x.register, x.sequence, x.content_hash,
              x.moved_stock, x.event_id
         from stock.receipts x
        where x.location_id = k.location_id and x.business_day = k.business_day
          and x.register = k.register and x.sequence = k.sequence and x.replaced_by is null
       offset 0) as r;

-- name: replace
-- First the old ones step aside, so that their key is free.
update stock.receipts r
   set replaced_by = n.replaced_by
  from unnest(:receipt_ids::uuid[], :replaced_bys::uuid[]) as n(receipt_id, replaced_by)
 where r.receipt_id = n.receipt_id and r.replaced_by is null;

-- name: moved_lines
-- What a receipt that is corrected had moved.
select l.receipt_id, r.location_id, l.sku, sum(greatest(l.qty, 0))::integer as sold,
       sum(greatest(-l.qty, 0))::integer as returned,
       least(r.occurred_at, r.recorded_at) as sold_at
  from stock.receipt_lines l
  join stock.receipts r on r.receipt_id = l.receipt_id
 where l.receipt_id = any(:receipt_ids::uuid[]) and r.moved_stock and not l.is_unknown
 group by l.receipt_id, r.location_id, l.sku, r.occurred_at, r.recorded_at;

-- name: insert
insert into stock.receipts (
  receipt_id, location_id, register, sequence, business_day, occurred_at, recorded_at, mode,
  channel, identifier_id, total_minor, currency, tax_included, line_count, tenders, tax, coupons,
  order_system, order_ref, content_hash, moved_stock, event_id)
select r.receipt_id, r.location_id, r.register, r.sequence, r.business_day, r.occurred_at, :now,
       r.mode, r.channel, r.identifier_id, r.total_minor, r.currency, r.tax_included,
       r.line_count, r.tenders::jsonb, r.tax::jsonb, r.coupons::text[], r.order_system,
       r.order_ref, r.content_hash, r.moved_stock, r.event_id
  from unnest(:receipt_ids::uuid[], :location_ids::text[], :registers::text[], :sequences::text[],
              :business_days::date[], :occurred_ats::timestamptz[], :modes::text[],
              :channels::text[], :identifier_ids::bigint[], :totals::bigint[], :currencies::text[],
              :tax_includeds::boolean[], :line_counts::integer[], :tenders::text[], :taxes::text[],
              :coupons::text[], :order_systems::text[], :order_refs::text[],
              :content_hashes::uuid[], :moved_stocks::boolean[], :event_ids::text[])
       as r(receipt_id, location_id, register, sequence, business_day, occurred_at, mode, channel,
            identifier_id, total_minor, currency, tax_included, line_count, tenders, tax, coupons,
            order_system, order_ref, content_hash, moved_stock, event_id);

-- name: insert_lines
insert into stock.receipt_lines (
  receipt_id, line_no, sku, qty, amount_minor, discount_minor, coupon_minor, tax_rate, is_unknown)
select l.receipt_id, l.line_no, l.sku, l.qty, l.amount_minor, l.discount_minor, l.coupon_minor,
       l.tax_rate, l.is_unknown
  from unnest(:receipt_ids::uuid[], :line_nos::smallint[], :skus::text[], :qtys::integer[],
              :amounts::bigint[], :discounts::bigint[], :coupons::bigint[], :tax_rates::numeric[],
              :unknowns::boolean[])
       as l(receipt_id, line_no, sku, qty, amount_minor, discount_minor, coupon_minor, tax_rate,
            is_unknown);

-- name: note_taken_back
insert into stock.till_returns (
  receipt_id, sku, location_id, at, qty, amount_minor, currency, tender, said_location,
  said_register, said_sequence, said_day, look_at)
select t.receipt_id, t.sku, t.location_id, t.at, t.qty, t.amount_minor, t.currency, t.tender,
       t.said_location, t.said_register, t.said_sequence, t.said_day, :now
  from unnest(:receipt_ids::uuid[], :skus::text[], :location_ids::text[], :ats::timestamptz[],
              :qtys::integer[], :amounts::bigint[], :currencies::text[], :tenders::text[],
              :said_locations::text[], :said_registers::text[], :said_sequences::text[],
              :said_days::date[])
       as t(receipt_id, sku, location_id, at, qty, amount_minor, currency, tender, said_location,
            said_register, said_sequence, said_day);

-- name: void_taken_back
-- The till corrected it: what was found of its purchase no longer counts. One whose customer was
-- told is looked at once more, so that her sums come right.
update stock.till_returns t
   set look_at = case when t.state = 'matched' and t.identifier_id is not null then t.at end,
       state = 'void'
 where t.receipt_id = any(:receipt_ids::uuid[]);

-- name: add_totals
insert into stock.receipt_totals as t (
  location_id, business_day, currency, receipts, lines, total_minor)
select r.location_id, r.business_day, r.currency, count(*), sum(r.line_count), sum(r.total_minor)
  from stock.receipts r
 where r.receipt_id = any(:receipt_ids::uuid[])
 group by r.location_id, r.business_day, r.currency
 order by r.location_id, r.business_day, r.currency
on conflict (location_id, business_day, currency) do update
   set receipts = t.receipts + excluded.receipts, lines = t.lines + excluded.lines,
       total_minor = t.total_minor + excluded.total_minor;

-- name: add_sales
-- Sums by day of what was sold where; of a set, the parts that it had then.
insert into stock.sales_days as d (location_id, day, sku, sold, returned)
select s.location_id, s.day, s.sku, sum(s.sold), sum(s.returned)
  from stock.receipt_sales s
 where s.receipt_id = any(:receipt_ids::uuid[])
 group by s.location_id, s.day, s.sku
 order by 1, 2, 3
on conflict (location_id, day, sku) do update
   set sold = d.sold + excluded.sold, returned = d.returned + excluded.returned;

-- name: take_sales
-- A corrected receipt no longer counts.
update stock.sales_days d
   set sold = d.sold - o.sold, returned = d.returned - o.returned
  from (select s.location_id, s.day, s.sku, sum(s.sold) as sold, sum(s.returned) as returned
          from stock.receipt_sales s
         where s.receipt_id = any(:receipt_ids::uuid[])
         group by s.location_id, s.day, s.sku) as o
 where d.location_id = o.location_id and d.day = o.day and d.sku = o.sku;

-- name: take_totals
-- A corrected receipt no longer counts.
update stock.receipt_totals t
   set receipts = t.receipts - o.receipts, lines = t.lines - o.lines,
       total_minor = t.total_minor - o.total_minor
  from (select r.location_id, r.business_day, r.currency, count(*) as receipts,
               sum(r.line_count) as lines, sum(r.total_minor) as total_minor
          from stock.receipts r
         where r.receipt_id = any(:receipt_ids::uuid[])
         group by r.location_id, r.business_day, r.currency) as o
 where t.location_id = o.location_id and t.business_day = o.business_day
   and t.currency = o.currency;

-- name: by_id
select r.receipt_id, r.location_id, r.register, r.sequence, r.business_day, r.occurred_at, r.mode,
       r.channel, r.identifier_id, r.total_minor, r.currency, r.tax_included, r.line_count,
       r.coupons, r.order_system, r.order_ref, r.event_id, r.replaced_by
  from stock.receipts r
 where r.receipt_id = :receipt_id;

-- name: lines_of
select l.sku, l.qty, l.amount_minor, l.discount_minor, l.coupon_minor, l.tax_rate
  from stock.receipt_lines l
 where l.receipt_id = :receipt_id
 order by l.line_no;

-- name: of_identifiers
select r.receipt_id, r.location_id, r.register, r.sequence, r.business_day, r.occurred_at, r.mode,
       r.channel, r.identifier_id, r.total_minor, r.currency, r.tax_included, r.line_count,
       r.coupons, r.order_system, r.order_ref, r.event_id, r.replaced_by
  from stock.receipts r
 where r.identifier_id = any(:identifier_ids::bigint[]) and r.replaced_by is null
   and r.occurred_at < :before
 order by r.occurred_at desc
 limit :most;

-- name: by_number
-- By the number printed on it, and the register's when it was said; of the place asked from first.
select r.receipt_id, r.location_id, r.register, r.sequence, r.business_day, r.occurred_at, r.mode,
       r.channel, r.identifier_id, r.total_minor, r.currency, r.tax_included, r.line_count,
       r.coupons, r.order_system, r.order_ref, r.event_id, r.replaced_by
  from stock.receipts r
 where r.sequence = any(:sequences::text[]) and r.business_day >= :since and r.replaced_by is null
   and (:register::text is null or r.register = :register)
 order by (r.location_id = :near) desc nulls last, r.business_day desc, r.receipt_id desc
 limit :most;

-- name: totals
select t.currency, sum(t.receipts)::bigint as receipts, sum(t.lines)::bigint as lines,
       sum(t.total_minor)::bigint as total_minor, count(distinct t.location_id) as locations,
       min(t.business_day) as first_day, max(t.business_day) as last_day
  from stock.receipt_totals t
 where (:location_id::text is null or t.location_id = :location_id)
 group by t.currency
 order by t.currency;

-- name: by_day
select location_id, business_day, currency, receipts, lines, total_minor
  from stock.receipt_totals
 where business_day = any(:days::date[])
   and (:location_id::text is null or location_id = :location_id)
 order by location_id, business_day, currency
 limit :most;

-- name: next_place
-- Where tills stand, one place after the other; null behind the last.
select least(
         (select r.location_id from stock.receipts r
           where r.replaced_by is null and r.location_id > :after
           order by r.location_id limit 1),
         (select t.location_id from stock.receipt_totals t
           where t.location_id > :after order by t.location_id limit 1));

-- name: prove_place
-- The kept sums of a place that differ from its receipts themselves, both read at one moment.
with kept as (
  select currency, sum(receipts)::bigint as receipts, sum(total_minor)::bigint as total_minor
    from stock.receipt_totals
   where location_id = :location_id
   group by currency
), proven as (
  select currency, count(*) as receipts, sum(total_minor)::bigint as total_minor
    from stock.receipts
   where location_id = :location_id and replaced_by is null
   group by currency
)
select c.what, c.balance, c.proven
  from kept k
  full join proven p using (currency)
 cross join lateral (values
       ('receipts ' || currency, coalesce(k.total_minor, 0), coalesce(p.total_minor, 0)),
       ('number of receipts ' || currency, coalesce(k.receipts, 0), coalesce(p.receipts, 0)))
       as c(what, balance, proven)
 where c.balance <> c.proven
 order by c.what;
