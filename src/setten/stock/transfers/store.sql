-- name: insert
insert into stock.transfers (
  transfer_id, from_location, to_location, state, ref, due_on, created_at, created_by)
values (:transfer_id, :from_location, :to_location, 'planned', :ref, :due_on, :now, :by)
on conflict (ref) where ref is not null do nothing
returning transfer_id;

-- name: insert_lines
insert into stock.transfer_lines (transfer_id, sku, qty)
select :transfer_id, l.sku, l.qty
  from unnest(:skus::text[], :qtys::integer[]) as l(sku, qty)
 order by l.sku;

-- name: by_ref
select transfer_id from stock.transfers where ref = :ref;

-- name: by_ids
select transfer_id, from_location, to_location, state, ref, due_on, created_at, created_by,
       shipped_at, ended_at
  from stock.transfers
 where transfer_id = any(:transfer_ids::uuid[])
 order by transfer_id;

-- name: lock
-- Two who count in the same cage take turns. After the rows of stock, as everywhere.
select transfer_id, from_location, to_location, state, ref, due_on, created_at, created_by,
       shipped_at, ended_at
  from stock.transfers
 where transfer_id = :transfer_id
   for no key update;

-- name: lines_of
select transfer_id, sku, qty, received, damaged, missing, surplus
  from stock.transfer_lines
 where transfer_id = any(:transfer_ids::uuid[])
 order by transfer_id, sku;

-- name: set_lines
update stock.transfer_lines l
   set received = n.received, damaged = n.damaged, missing = n.missing, surplus = n.surplus
  from unnest(:skus::text[], :receiveds::integer[], :damageds::integer[], :missings::integer[],
              :surpluses::integer[]) as n(sku, received, damaged, missing, surplus)
 where l.transfer_id = :transfer_id and l.sku = n.sku;

-- name: set_shipped
update stock.transfers
   set state = 'shipped', shipped_at = :now, shipped_by = :by
 where transfer_id = :transfer_id;

-- name: set_ended
update stock.transfers
   set state = :state, ended_at = :now, ended_by = :by
 where transfer_id = :transfer_id;

-- name: coming
-- Open ones first come first shown; the ended ones of a place are read from the end.
select transfer_id
  from stock.transfers
 where to_location = :location_id and transfer_id /*past*/ > :after
   and state = any(:states::text[])
 order by transfer_id /*way*/ asc
 limit :most;

-- name: going
select transfer_id
  from stock.transfers
 where from_location = :location_id and transfer_id /*past*/ > :after
   and state = any(:states::text[])
 order by transfer_id /*way*/ asc
 limit :most;

-- name: due
-- What is on the road to these places and expected by a day; without a day it promises nothing.
select t.to_location as location_id, l.sku, t.due_on, t.transfer_id, t.ref,
       l.qty - l.received - l.missing as qty
  from stock.transfer_lines l
  join stock.transfers t on t.transfer_id = l.transfer_id
 where l.sku = any(:skus::text[]) and t.to_location = any(:location_ids::text[])
   and t.state = 'shipped' and t.due_on is not null and t.due_on <= :by
   and l.qty > l.received + l.missing
 order by t.due_on, t.transfer_id
 limit :most;
