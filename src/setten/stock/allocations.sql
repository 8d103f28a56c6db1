-- name: put
-- Set to 0 it is taken back.
insert into stock.allocations as a (sku, location_id, channel, qty, until, updated_at)
select n.sku, n.location_id, n.channel, n.qty, n.until, :now
  from unnest(:skus::text[], :location_ids::text[], :channels::text[], :qtys::integer[],
              :untils::timestamptz[]) as n(sku, location_id, channel, qty, until)
 order by n.sku collate "C", n.location_id collate "C", n.channel
on conflict (sku, location_id, channel) do update
   set qty = excluded.qty, until = excluded.until, updated_at = excluded.updated_at;

-- name: forget_empty
delete from stock.allocations
 where qty = 0 and (sku, location_id) in (
         select k.sku, k.location_id from unnest(:skus::text[], :location_ids::text[])
           as k(sku, location_id));

-- name: sum_up
-- The row of stock carries the sum, so that whoever locks it knows.
update stock.balances b
   set allocated = coalesce((select sum(a.qty) from stock.allocations a
                              where a.sku = b.sku and a.location_id = b.location_id), 0)
 where (b.sku, b.location_id) in (
         select k.sku, k.location_id from unnest(:skus::text[], :location_ids::text[])
           as k(sku, location_id));

-- name: left
select a.sku, a.location_id, a.channel, a.qty, a.until
  from stock.allocations a
 where (a.sku, a.location_id) in (
         select k.sku, k.location_id from unnest(:skus::text[], :location_ids::text[])
           as k(sku, location_id))
 order by a.sku, a.location_id, a.channel;

-- name: take
-- On rows of stock that the caller has locked.
with taken as (
  update stock.allocations a
     set qty = a.qty - t.qty
    from unnest(:skus::text[], :location_ids::text[], :channels::text[], :qtys::integer[])
         as t(sku, location_id, channel, qty)
   where a.sku = t.sku and a.location_id = t.location_id and a.channel = t.channel
  returning a.sku, a.location_id, t.qty
)
update stock.balances b
   set allocated = b.allocated - x.qty
  from (select sku, location_id, sum(qty)::integer as qty from taken group by sku, location_id) as x
 where b.sku = x.sku and b.location_id = x.location_id;

-- name: give_back
-- Only where the channel still has something set aside: else the units are everybody's.
with back as (
  update stock.allocations a
     set qty = a.qty + g.qty
    from (select n.sku, n.location_id, h.channel, sum(n.qty)::integer as qty
            from unnest(:hold_ids::uuid[], :skus::text[], :location_ids::text[], :qtys::integer[])
                 as n(hold_id, sku, location_id, qty)
            join stock.holds h on h.hold_id = n.hold_id
           group by n.sku, n.location_id, h.channel) as g
   where a.sku = g.sku and a.location_id = g.location_id and a.channel = g.channel
  returning a.sku, a.location_id, g.qty
)
update stock.balances b
   set allocated = b.allocated + x.qty
  from (select sku, location_id, sum(qty)::integer as qty from back group by sku, location_id) as x
 where b.sku = x.sku and b.location_id = x.location_id;

-- name: run_out
select a.sku, a.location_id, a.channel
  from stock.allocations a
 where a.until <= :now
 order by a.until
 limit :most;

-- name: at
select a.sku, a.location_id, a.channel, a.qty, a.until
  from stock.allocations a
 where a.location_id = :location_id
   and (a.sku, a.channel) /*past*/ > (:after_sku::text, :after_channel::text)
 order by a.sku /*way*/ asc, a.channel /*way*/ asc
 limit :most;
