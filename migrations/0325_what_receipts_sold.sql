-- What each receipt sold and took back, goods by goods; of a set, the parts that it had then. Sums by
-- day are made from it and taken back by it, so the two cannot come to differ.
create view stock.receipt_sales as
select r.receipt_id, r.location_id, r.business_day as day, coalesce(p.part_sku, l.sku) as sku,
       sum(greatest(l.qty, 0) * coalesce(p.qty, 1)) as sold,
       sum(greatest(-l.qty, 0) * coalesce(p.qty, 1)) as returned
  from stock.receipts r
  join stock.receipt_lines l on l.receipt_id = r.receipt_id and not l.is_unknown and l.qty <> 0
  left join lateral (
         select e.key as part_sku, e.value::integer as qty
           from (select h.parts
                   from stock.set_history h
                  where h.set_sku = l.sku and h.from_at <= least(r.occurred_at, r.recorded_at)
                  order by h.from_at desc
                  limit 1) as made
          cross join lateral jsonb_each_text(made.parts) as e) as p on true
 group by r.receipt_id, r.location_id, r.business_day, coalesce(p.part_sku, l.sku);
comment on view stock.receipt_sales is 'units by receipt and sku, parts instead of sets';
