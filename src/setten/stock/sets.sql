-- name: parts_of
select set_sku, part_sku, qty
  from stock.set_parts
 where set_sku = any(:skus::text::text[])
 order by set_sku, part_sku;

-- name: inside
-- `parts_of` within a statement that reads more; nearly always there is none.
sets_inside as (
  select coalesce(json_agg(s), '[]')::text as parts
    from (select set_sku, part_sku, qty
            from stock.set_parts
           where set_sku = any((select :skus::text::text[])::text[])
           order by set_sku, part_sku) as s
)

-- name: lock
-- What sets are made of is looked at and changed by one at a time: it is rare, and small.
select pg_advisory_xact_lock(hashtextextended('stock.sets', 271));

-- name: forget
delete from stock.set_parts where set_sku = any(:skus::text[]);

-- name: put
insert into stock.set_parts (set_sku, part_sku, qty)
select p.set_sku, p.part_sku, p.qty
  from unnest(:set_skus::text[], :part_skus::text[], :qtys::integer[]) as p(set_sku, part_sku, qty)
 order by p.set_sku, p.part_sku;

-- name: sets_with
-- Sets that have one of these as a part: a set of sets would have no end.
select distinct set_sku, part_sku from stock.set_parts where part_sku = any(:skus::text[]);

-- name: has_stock
-- What lies somewhere under its own name cannot become a set.
select distinct sku
  from stock.balances
 where sku = any(:skus::text[])
   and (on_hand <> 0 or held <> 0 or in_transit <> 0 or quarantine <> 0);

-- name: note_parts
-- What is said of a set first holds for all that was sold before: no clock here is older.
insert into stock.set_history as o (set_sku, from_at, parts)
select n.sku,
       -- Who waited for the lock says a moment from before it: the later change stands later.
       coalesce((select greatest(:now::timestamptz, max(h.from_at) + interval '1 microsecond')
                   from stock.set_history h where h.set_sku = n.sku
                 having count(*) > 0),
                '1970-01-01 00:00:00+00'),
       n.parts::jsonb
  from unnest(:skus::text[], :parts::text[]) as n(sku, parts)
 order by n.sku
on conflict (set_sku, from_at) do update set parts = excluded.parts;

-- name: made_of
-- What sets were made of between two moments: what held at the first, and each change after it.
select h.set_sku, h.from_at, h.parts::text as parts
  from stock.set_history h
 where h.set_sku = any(:skus::text[]) and h.from_at <= :until
   and h.from_at >= coalesce((select max(e.from_at)
                                from stock.set_history e
                               where e.set_sku = h.set_sku and e.from_at <= :since), '-infinity')
 order by h.set_sku, h.from_at;

-- name: sets_that_had
-- Sets that have, or had, one of these as a part.
select distinct h.set_sku from stock.set_history h where h.parts ?| :skus::text[];
