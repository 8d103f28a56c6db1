-- name: places
select location_id from stock.locations order by location_id;

-- name: reckon
-- The next rows of a place, by sku, that have or sold something; the pace from sums by day. Answers
-- the last sku of a full page.
with sold as (
  select d.sku,
         coalesce(sum(d.sold - d.returned) filter (where d.day > :pace_from), 0) as sold_28,
         max(d.day) filter (where d.sold > 0) as last_sold_on
    from stock.sales_days d
   where d.location_id = :location_id and d.day > :dead_from and d.day <= :today
     and d.sku > :after
   group by d.sku
), here as (
  select b.sku, b.on_hand - b.safety - b.display - b.allocated as promisable,
         b.on_hand + b.held as physical,
         least(greatest(coalesce(s.sold_28, 0), 0), 1000000000)::integer as sold_28,
         s.last_sold_on
    from stock.balances b
    left join sold s on s.sku = b.sku
   where b.location_id = :location_id and b.sku > :after
     and (b.on_hand <> 0 or b.held <> 0 or s.sku is not null)
   order by b.sku
   limit :most
), put as (
insert into stock.cover (
  location_id, sku, promisable, sold_28, last_sold_on, days, is_dead, reckoned_at)
select :location_id, h.sku, h.promisable, h.sold_28, h.last_sold_on,
       case when h.sold_28 > 0
            then greatest(h.promisable, 0) * :pace_days::float8 / h.sold_28 end,
       h.physical > 0 and h.last_sold_on is null
         and not exists (select 1 from stock.movements m
                          where m.sku = h.sku and m.location_id = :location_id
                            and m.kind in ('receive', 'transfer_in') and m.at > :dead_since),
       :now
  from here h
 order by h.sku
on conflict (location_id, sku) do update
   set promisable = excluded.promisable, sold_28 = excluded.sold_28,
       last_sold_on = excluded.last_sold_on, days = excluded.days, is_dead = excluded.is_dead,
       reckoned_at = excluded.reckoned_at
)
select case when count(*) = :most then max(h.sku) end as last from here h;

-- name: forget
delete from stock.cover where location_id = :location_id and reckoned_at < :now;

-- name: short_at
select location_id, sku, promisable, sold_28, last_sold_on, days, is_dead, reckoned_at
  from stock.cover
 where location_id = :location_id and days < 7
   and (days, sku) > (:after_days::double precision, :after_sku::text)
 order by days, sku
 limit :most;

-- name: dead_at
select location_id, sku, promisable, sold_28, last_sold_on, days, is_dead, reckoned_at
  from stock.cover
 where location_id = :location_id and is_dead
   and (promisable < :after_units::integer
        or (promisable = :after_units::integer and sku > :after_sku::text))
 order by promisable desc, sku
 limit :most;

-- name: one
select location_id, sku, promisable, sold_28, last_sold_on, days, is_dead, reckoned_at
  from stock.cover
 where location_id = :location_id and sku = :sku;

-- name: of_skus
select location_id, sku, promisable, sold_28, last_sold_on, days, is_dead, reckoned_at
  from stock.cover
 where sku = any(:skus::text[])
 order by sku, location_id
 limit :most;
