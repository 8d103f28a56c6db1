-- name: due
-- What is to be looked at, oldest first; who looks has it to themselves.
select t.receipt_id, t.sku
  from stock.till_returns t
 where t.look_at <= :now
 order by t.look_at
 limit :most
   for update skip locked;

-- name: locked
select t.receipt_id, t.sku, t.location_id, t.at, t.qty, t.amount_minor, t.currency, t.said_location,
       t.said_register, t.said_sequence, t.said_day, t.state, t.why, t.root, t.identifier_id, t.how,
       t.decided_at, t.decided_by, t.note
  from stock.till_returns t
 where t.receipt_id = :receipt_id and t.sku = :sku
   for update;

-- name: one
select t.receipt_id, t.sku, t.location_id, t.at, t.qty, t.amount_minor, t.currency, t.said_location,
       t.said_register, t.said_sequence, t.said_day, t.state, t.why, t.root, t.identifier_id, t.how,
       t.decided_at, t.decided_by, t.note
  from stock.till_returns t
 where t.receipt_id = :receipt_id and t.sku = :sku;

-- name: open_at
-- What a person is to look at, newest first: what was looked at and not found.
select t.receipt_id, t.sku, t.location_id, t.at, t.qty, t.amount_minor, t.currency, t.said_location,
       t.said_register, t.said_sequence, t.said_day, t.state, t.why, t.root, t.identifier_id, t.how,
       t.decided_at, t.decided_by, t.note
  from stock.till_returns t
 where t.location_id = :location_id and t.state = 'open' and t.why is not null
   and (t.at, t.receipt_id, t.sku)
       /*past*/ < (:before_at::timestamptz, :before_id::uuid, :before_sku::text)
 order by t.at /*way*/ desc, t.receipt_id /*way*/ desc, t.sku /*way*/ desc
 limit :most;

-- name: count_open
-- Bounded: a page says "99+" as well.
select count(*)
  from (select 1
          from stock.till_returns t
         where t.location_id = :location_id and t.state = 'open' and t.why is not null
         limit :most) as t;

-- name: days_sold
-- On which days a place sold it, and how often: sums that receipts keep. One row a day.
select d.day, d.sold
  from unnest(:days::date[]) as w(day)
  join stock.sales_days d
    on d.location_id = :location_id and d.day = w.day and d.sku = :sku and d.sold > 0;

-- name: receipts_that_fit
-- Receipts of a few days of a place on which it was sold at that price, or in a set, newest first.
select r.receipt_id
  from unnest(:days::date[]) as w(day)
  join stock.receipts r on r.location_id = :location_id and r.business_day = w.day
 where r.replaced_by is null and r.occurred_at <= :at
   and exists (select 1
                 from stock.receipt_lines l
                where l.receipt_id = r.receipt_id and l.qty > 0
                  and ((l.sku = :sku and l.amount_minor * :qty = :amount * l.qty)
                       or l.sku = any(:set_skus::text[])))
 order by r.occurred_at desc, r.receipt_id
 limit :most;

-- name: set_matched
update stock.till_returns t
   set state = 'matched', root = :root, purchase_id = :purchase_id, identifier_id = :identifier_id,
       how = :how, why = null, look_at = null, decided_at = :now, decided_by = :by, note = :note
 where t.receipt_id = :receipt_id and t.sku = :sku;

-- name: set_waiting
update stock.till_returns t
   set why = :why, look_at = :look_at
 where t.receipt_id = :receipt_id and t.sku = :sku;

-- name: set_closed
update stock.till_returns t
   set state = 'closed', look_at = null, decided_at = :now, decided_by = :by, note = :note
 where t.receipt_id = :receipt_id and t.sku = :sku;
