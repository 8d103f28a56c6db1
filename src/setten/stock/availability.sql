-- name: free
-- Only rows with something to promise, for some questions at once: `n` counts them from 1, and each
-- has its skus and places as the text of an array. `due` is nearly always empty: one look at an
-- index, which only its order names surely (a plan is kept from when the table was small). Its lines
-- are looked up from there (lateral, offset 0) and never by sku: a sku that everybody wants has very
-- many lines. Arrays behind a sub-select look the same to the planner every time: so the general
-- plan is kept, instead of one made anew for twice the time of running.
with asked as materialized (
  select q.n, q.skus::text[] as skus, q.location_ids::text[] as location_ids
    from unnest((select :skus::text[]), (select :location_ids::text[]))
         with ordinality as q(skus, location_ids, n)
), due as materialized (
  select h.hold_id
    from stock.holds h
   where h.ended_at is null and h.expires_at <= :now
   order by h.expires_at
), back as materialized (
  select l.sku, l.location_id, sum(l.qty)::integer as qty
    from due d
   cross join lateral (
           select x.sku, x.location_id, x.qty
             from stock.hold_lines x
            where x.hold_id = d.hold_id and x.state in ('held', 'picked')
           offset 0) as l
   group by l.sku, l.location_id
)
select a.n, b.sku, b.location_id, b.free + coalesce(k.qty, 0) as available, b.shelf
  from asked a
 cross join lateral (
         select x.sku, x.location_id, x.on_hand - x.safety - x.display - x.allocated as free,
                x.shelf
           from stock.balances x
          where x.sku = any(a.skus) and x.location_id = any(a.location_ids)
         offset 0) as b
  left join back k on k.sku = b.sku and k.location_id = b.location_id
 where b.free + coalesce(k.qty, 0) > 0;

-- name: known
select sku from stock.items where sku = any(:skus::text[]);

-- name: places_with
with due as materialized (
  select h.hold_id
    from stock.holds h
   where h.ended_at is null and h.expires_at <= :now
   order by h.expires_at
), back as materialized (
  select l.location_id, sum(l.qty)::integer as qty
    from due d
   cross join lateral (
           select x.sku, x.location_id, x.qty
             from stock.hold_lines x
            where x.hold_id = d.hold_id and x.state in ('held', 'picked')
           offset 0) as l
   where l.sku = :sku
   group by l.location_id
)
select b.location_id
  from stock.balances b
  join stock.locations p on p.location_id = b.location_id
  left join back k on k.location_id = b.location_id
 where b.sku = :sku and b.location_id <> :location_id and p.kind <> 'warehouse'
   and b.on_hand - b.safety - b.display - b.allocated + coalesce(k.qty, 0) >= :qty
 order by b.location_id
 limit :most;

-- name: asked_for
-- All that a channel may be promised at some places, now and by a day, with the parts of the sum;
-- rows without anything too. Goods on the road or ordered count from the day they are due.
with asked as materialized (
  select k.sku, p.location_id
    from unnest(:skus::text[]) as k(sku)
   cross join unnest(:location_ids::text[]) as p(location_id)
), due as materialized (
  select h.hold_id
    from stock.holds h
   where h.ended_at is null and h.expires_at <= :now
   order by h.expires_at
), back as materialized (
  select l.sku, l.location_id, sum(l.qty)::integer as qty
    from due d
   cross join lateral (
           select x.sku, x.location_id, x.qty
             from stock.hold_lines x
            where x.hold_id = d.hold_id and x.state in ('held', 'picked')
           offset 0) as l
   group by l.sku, l.location_id
), coming as (
  select i.sku, i.location_id, sum(greatest(least(i.cap, i.qty - i.received) - i.promised, 0)) as qty
    from stock.inbound i
   where :by::date is not null and i.is_open and i.due_on <= :by
     and i.sku = any(:skus::text[]) and i.location_id = any(:location_ids::text[])
   group by i.sku, i.location_id
), on_the_road as (
  select l.sku, t.to_location as location_id, sum(l.qty - l.received - l.missing) as qty
    from stock.transfer_lines l
    join stock.transfers t on t.transfer_id = l.transfer_id
   where :by::date is not null and t.state = 'shipped' and t.due_on <= :by
     and l.sku = any(:skus::text[]) and t.to_location = any(:location_ids::text[])
   group by l.sku, t.to_location
)
select a.sku, a.location_id, b.shelf,
       coalesce(b.on_hand - b.safety - b.display - b.allocated, 0)
         + coalesce(k.qty, 0) + coalesce(o.qty, 0) as available,
       (coalesce(c.qty, 0) + coalesce(r.qty, 0))::integer as due
  from asked a
  left join stock.balances b on b.sku = a.sku and b.location_id = a.location_id
  left join back k on k.sku = a.sku and k.location_id = a.location_id
  left join stock.allocations o
    on o.sku = a.sku and o.location_id = a.location_id and o.channel = :channel
  left join coming c on c.sku = a.sku and c.location_id = a.location_id
  left join on_the_road r on r.sku = a.sku and r.location_id = a.location_id;
