-- name: places
select location_id from stock.locations order by location_id;

-- name: reckon
-- The next rows of a place, by sku: those that have or sold something are kept, the pace from sums by
-- day. What is as it was last night is not written, and what has and sold nothing any more goes. All
-- parts read the skus of this page alone. Answers the last sku of a full page.
with page as materialized (
  select b.sku, b.on_hand - b.safety - b.display - b.allocated as promisable,
         b.on_hand + b.held as physical, b.on_hand <> 0 or b.held <> 0 as is_there
    from stock.balances b
   where b.location_id = :location_id and b.sku > :after
   order by b.sku
   limit :most
), seen as materialized (
  select case when count(*) = :most then max(p.sku) end as last from page p
), sold as (
  select d.sku,
         coalesce(sum(d.sold - d.returned) filter (where d.day > :pace_from), 0) as sold_28,
         max(d.day) filter (where d.sold > 0) as last_sold_on
    from seen
    join stock.sales_days d on seen.last is null or d.sku <= seen.last
   where d.location_id = :location_id and d.day > :dead_from and d.day <= :today
     and d.sku > :after
   group by d.sku
), here as materialized (
  select p.sku, p.promisable, p.physical,
         least(greatest(coalesce(s.sold_28, 0), 0), 1000000000)::integer as sold_28,
         s.last_sold_on
    from page p
    left join sold s on s.sku = p.sku
   where p.is_there or s.sku is not null
), want as materialized (
  select h.sku, h.promisable, h.sold_28, h.last_sold_on,
         case when h.sold_28 > 0
              then greatest(h.promisable, 0) * :pace_days::float8 / h.sold_28 end as days,
         h.physical > 0 and h.last_sold_on is null
           and not exists (select 1 from stock.movements m
                            where m.sku = h.sku and m.location_id = :location_id
                              and m.kind in ('receive', 'transfer_in') and m.at > :dead_since)
           -- What was sent or moved away is not dead, if no till sold it: a warehouse has none.
           and coalesce((select e.at
                           from stock.ledger e
                          where e.sku = h.sku and e.location_id = :location_id
                            and e.to_account in (4, 6)
                          order by e.entry_id desc
                          limit 1), '-infinity') <= :dead_since as is_dead
    from here h
), put as (
insert into stock.cover as c (
  location_id, sku, promisable, sold_28, last_sold_on, days, is_dead)
select :location_id, w.sku, w.promisable, w.sold_28, w.last_sold_on, w.days, w.is_dead
  from want w
 -- A conflict that changes nothing would still lock its row, which is a write.
 where not exists (select 1 from stock.cover k
                    where k.location_id = :location_id and k.sku = w.sku and k.sku > :after
                      and (k.promisable, k.sold_28, k.last_sold_on, k.days, k.is_dead)
                          is not distinct from
                          (w.promisable, w.sold_28, w.last_sold_on, w.days, w.is_dead))
 order by w.sku
on conflict (location_id, sku) do update
   set promisable = excluded.promisable, sold_28 = excluded.sold_28,
       last_sold_on = excluded.last_sold_on, days = excluded.days, is_dead = excluded.is_dead
), gone as (
delete from stock.cover c
 using seen
 where c.location_id = :location_id and c.sku > :after and (seen.last is null or c.sku <= seen.last)
   and not exists (select 1 from here h where h.sku = c.sku)
)
select seen.last from seen;

-- name: set_night
insert into stock.cover_nights as n (location_id, reckoned_at)
values (:location_id, :now)
on conflict (location_id) do update set reckoned_at = excluded.reckoned_at;

-- name: short_at
select c.location_id, c.sku, c.promisable, c.sold_28, c.last_sold_on, c.days, c.is_dead,
       n.reckoned_at
  from stock.cover c
  join stock.cover_nights n on n.location_id = c.location_id
 where c.location_id = :location_id and c.days < 7
   and (c.days, c.sku) /*past*/ > (:after_days::double precision, :after_sku::text)
 order by c.days /*way*/ asc, c.sku /*way*/ asc
 limit :most;

-- name: dead_at
select c.location_id, c.sku, c.promisable, c.sold_28, c.last_sold_on, c.days, c.is_dead,
       n.reckoned_at
  from stock.cover c
  join stock.cover_nights n on n.location_id = c.location_id
 where c.location_id = :location_id and c.is_dead
   and c.promisable /*past*/ <= :after_units::bigint
   and (c.promisable /*past*/ < :after_units::bigint or c.sku /*past*/ > :after_sku::text)
 order by c.promisable /*way*/ desc, c.sku /*way*/ asc
 limit :most;

-- name: of_skus
select c.location_id, c.sku, c.promisable, c.sold_28, c.last_sold_on, c.days, c.is_dead,
       n.reckoned_at
  from stock.cover c
  join stock.cover_nights n on n.location_id = c.location_id
 where c.sku = any(:skus::text[])
 order by c.sku, c.location_id
 limit :most;
