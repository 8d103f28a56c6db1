-- name: told_before
select m.ref, m.kind, m.sku, m.location_id, m.qty
  from stock.movements m
 where (m.ref, m.kind, m.sku, m.location_id) in (
         select t.ref, t.kind, t.sku, t.location_id
           from unnest(:refs::text[], :kinds::text[], :skus::text[], :location_ids::text[])
             as t(ref, kind, sku, location_id));

-- name: insert
insert into stock.movements (
  movement_id, kind, sku, location_id, qty, reason, reason_code, ref, actor, at)
select m.movement_id, m.kind, m.sku, m.location_id, m.qty, m.reason, m.reason_code, m.ref, :actor,
       :now
  from unnest(:movement_ids::uuid[], :kinds::text[], :skus::text[], :location_ids::text[],
              :qtys::integer[], :reasons::text[], :reason_codes::text[], :refs::text[])
       as m(movement_id, kind, sku, location_id, qty, reason, reason_code, ref);
