-- name: put_masters
insert into stock.masters as m (location_id, sku, system, updated_at)
select n.location_id, n.sku, n.system, :now
  from unnest(:location_ids::text[], :skus::text[], :systems::text[])
       as n(location_id, sku, system)
 order by n.location_id, n.sku
on conflict (location_id, sku) do update
   set system = excluded.system, updated_at = excluded.updated_at;

-- name: forget_masters
delete from stock.masters m
 using unnest(:location_ids::text[], :skus::text[]) as n(location_id, sku)
 where m.location_id = n.location_id and m.sku = n.sku;

-- name: masters
select location_id, sku, system from stock.masters order by location_id, sku limit :most;

-- name: masters_of
select m.location_id, m.sku, m.system
  from stock.masters m
 where m.location_id = any(:location_ids::text[]) and (m.sku = '' or m.sku = any(:skus::text[]));

-- name: last_told
-- The rows of stock are locked: nobody tells of them at the same moment.
select l.sku, l.location_id, l.sequence
  from stock.outside_levels l
 where l.system = :system
   and (l.sku, l.location_id) in (
         select k.sku, k.location_id from unnest(:skus::text[], :location_ids::text[])
           as k(sku, location_id));

-- name: keep_told
insert into stock.outside_levels as l (system, sku, location_id, level, sequence, told_at)
select :system, n.sku, n.location_id, n.level, n.sequence, :now
  from unnest(:skus::text[], :location_ids::text[], :levels::integer[], :sequences::bigint[])
       as n(sku, location_id, level, sequence)
 order by n.sku, n.location_id
on conflict (system, sku, location_id) do update
   set level = excluded.level, sequence = excluded.sequence, told_at = excluded.told_at;

-- name: disagree
-- One that stands is brought up to date. A row that was just made has no xmax.
insert into stock.disagreements as d (
  disagreement_id, system, sku, location_id, ours, theirs, first_at, last_at)
select n.disagreement_id, :system, n.sku, n.location_id, n.ours, n.theirs, :now, :now
  from unnest(:disagreement_ids::uuid[], :skus::text[], :location_ids::text[], :ours::integer[],
              :theirs::integer[]) as n(disagreement_id, sku, location_id, ours, theirs)
 order by n.sku, n.location_id
on conflict (system, sku, location_id) where ended_at is null do update
   set ours = excluded.ours, theirs = excluded.theirs, last_at = excluded.last_at
returning d.disagreement_id, d.sku, d.location_id, d.xmax = 0 as is_new;

-- name: agree
update stock.disagreements d
   set ended_at = :now, ended_by = :by, outcome = 'agreed'
  from unnest(:skus::text[], :location_ids::text[]) as k(sku, location_id)
 where d.system = :system and d.sku = k.sku and d.location_id = k.location_id
   and d.ended_at is null
returning d.disagreement_id;

-- name: finish
update stock.disagreements
   set ended_at = :now, ended_by = :by, outcome = :outcome
 where disagreement_id = :disagreement_id and ended_at is null
returning disagreement_id;

-- name: by_id
select disagreement_id, system, sku, location_id, ours, theirs, first_at, last_at, ended_at,
       ended_by, outcome
  from stock.disagreements
 where disagreement_id = :disagreement_id;

-- name: open_at
select disagreement_id, system, sku, location_id, ours, theirs, first_at, last_at, ended_at,
       ended_by, outcome
  from stock.disagreements
 where ended_at is null and (:location_id::text is null or location_id = :location_id)
   and disagreement_id /*past*/ > :after
 order by disagreement_id /*way*/ asc
 limit :most;
