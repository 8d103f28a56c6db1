-- name: of_buyer
-- What a buyer bought of some goods since a purchase, and what tills took back from them without
-- saying of which. A receipt of an order is that order.
select r.receipt_id as id, r.occurred_at as at, l.sku, sum(greatest(l.qty, 0))::integer as bought,
       sum(greatest(-l.qty, 0))::integer as back
  from stock.receipts r
  join stock.receipt_lines l on l.receipt_id = r.receipt_id
 where r.identifier_id = :identifier_id and r.occurred_at >= :since and r.replaced_by is null
   and r.order_ref is null and l.sku = any(:skus::text[])
   -- Where the till named the receipt, it is known by that.
   and not exists (select 1 from stock.till_returns t
                    where t.receipt_id = l.receipt_id and t.sku = l.sku)
 group by r.receipt_id, r.occurred_at, l.sku
union all
select o.order_id, o.placed_at, l.sku, sum(l.qty - l.cancelled_qty)::integer, 0
  from stock.orders o
  join stock.order_lines l on l.order_id = o.order_id
 where o.identifier_id = :identifier_id and o.placed_at >= :since and l.sku = any(:skus::text[])
 group by o.order_id, o.placed_at, l.sku
 order by at, id
 limit :most;

-- name: over_counters
-- What of these purchases came back over our own counters.
select coalesce(t.order_id, t.receipt_id) as id, l.sku, sum(l.qty)::integer as qty
  from stock.returns t
  join stock.return_lines l on l.return_id = t.return_id
 where t.identifier_id = :identifier_id and t.at >= :since and l.sku = any(:skus::text[])
   and coalesce(t.order_id, t.receipt_id) is not null
 group by coalesce(t.order_id, t.receipt_id), l.sku;
