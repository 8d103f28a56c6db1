-- name: lock
-- All that is due of some rows, soonest first, in one order for everybody; after the rows of stock.
select inbound_id, ref, sku, location_id, qty, received, due_on, cap, promised
  from stock.inbound
 where is_open and (sku, location_id) in (
         select k.sku, k.location_id from unnest(:skus::text[], :location_ids::text[])
           as k(sku, location_id))
 order by sku collate "C", location_id collate "C", due_on, inbound_id
   for update;

-- name: lock_refs
select inbound_id, ref, sku, location_id, qty, received, due_on, cap, promised
  from stock.inbound
 where (ref, sku, location_id) in (
         select k.ref, k.sku, k.location_id
           from unnest(:refs::text[], :skus::text[], :location_ids::text[])
             as k(ref, sku, location_id))
 order by sku collate "C", location_id collate "C", due_on, inbound_id
   for update;

-- name: insert
insert into stock.inbound (inbound_id, ref, sku, location_id, qty, due_on, cap, told_at)
select n.inbound_id, n.ref, n.sku, n.location_id, n.qty, n.due_on, n.cap, :now
  from unnest(:inbound_ids::uuid[], :refs::text[], :skus::text[], :location_ids::text[],
              :qtys::integer[], :due_ons::date[], :caps::integer[])
       as n(inbound_id, ref, sku, location_id, qty, due_on, cap)
 order by n.sku collate "C", n.location_id collate "C", n.ref
on conflict (ref, sku, location_id) do nothing;

-- name: write
update stock.inbound i
   set qty = n.qty, received = n.received, due_on = n.due_on, cap = n.cap, promised = n.promised,
       is_open = n.qty > n.received, told_at = :now
  from unnest(:inbound_ids::uuid[], :qtys::integer[], :receiveds::integer[], :due_ons::date[],
              :caps::integer[], :promiseds::integer[])
       as n(inbound_id, qty, received, due_on, cap, promised)
 where i.inbound_id = n.inbound_id;

-- name: waiting
-- Oldest first: who came first is kept first.
select preorder_id, inbound_id, identifier_id, sku, location_id, qty, channel, state, due_on,
       placed_at, placed_by, hold_id, ended_at
  from stock.preorders
 where inbound_id = any(:inbound_ids::uuid[]) and state = 'waiting'
 order by preorder_id
 limit :most;

-- name: insert_preorder
insert into stock.preorders (
  preorder_id, inbound_id, identifier_id, sku, location_id, qty, channel, due_on, placed_at,
  placed_by)
values (:preorder_id, :inbound_id, :identifier_id, :sku, :location_id, :qty, :channel, :due_on,
        :now, :by);

-- name: split
-- A part of it has come: that part goes its own way, the rest waits on.
with rest as (
  update stock.preorders p
     set qty = p.qty - :units
   where p.preorder_id = :preorder_id
  returning p.inbound_id, p.identifier_id, p.sku, p.location_id, p.channel, p.due_on, p.placed_at,
            p.placed_by
)
insert into stock.preorders (
  preorder_id, inbound_id, identifier_id, sku, location_id, qty, channel, due_on, placed_at,
  placed_by)
select :part_id, r.inbound_id, r.identifier_id, r.sku, r.location_id, :units, r.channel, r.due_on,
       r.placed_at, r.placed_by
  from rest r;

-- name: move
update stock.preorders p
   set inbound_id = m.inbound_id, due_on = m.due_on
  from unnest(:preorder_ids::uuid[], :inbound_ids::uuid[], :due_ons::date[])
       as m(preorder_id, inbound_id, due_on)
 where p.preorder_id = m.preorder_id;

-- name: finish
update stock.preorders p
   set state = e.state, hold_id = e.hold_id, ended_at = :now
  from unnest(:preorder_ids::uuid[], :states::text[], :hold_ids::uuid[])
       as e(preorder_id, state, hold_id)
 where p.preorder_id = e.preorder_id and p.state = 'waiting';

-- name: by_id
select preorder_id, inbound_id, identifier_id, sku, location_id, qty, channel, state, due_on,
       placed_at, placed_by, hold_id, ended_at
  from stock.preorders
 where preorder_id = :preorder_id;

-- name: of_identifiers
select preorder_id, inbound_id, identifier_id, sku, location_id, qty, channel, state, due_on,
       placed_at, placed_by, hold_id, ended_at
  from stock.preorders
 where identifier_id = any(:identifier_ids::bigint[])
 order by preorder_id desc
 limit :most;

-- name: due
-- For reading: nothing is locked. `by` null: whenever it comes.
select inbound_id, ref, sku, location_id, qty, received, due_on, cap, promised
  from stock.inbound
 where is_open and sku = any(:skus::text[]) and location_id = any(:location_ids::text[])
   and (:by::date is null or due_on <= :by)
 order by due_on, inbound_id
 limit :most;

-- name: open_at
select inbound_id, ref, sku, location_id, qty, received, due_on, cap, promised
  from stock.inbound
 where is_open and location_id = :location_id
   and (due_on, inbound_id) /*past*/ > (:after_day::date, :after::uuid)
 order by due_on /*way*/ asc, inbound_id /*way*/ asc
 limit :most;

-- name: waiting_of_item
-- Who waits for an item, wherever; oldest first.
select preorder_id, inbound_id, identifier_id, sku, location_id, qty, channel, state, due_on,
       placed_at, placed_by, hold_id, ended_at
  from stock.preorders
 where sku = :sku and state = 'waiting'
   and preorder_id /*past*/ > :after
 order by preorder_id /*way*/ asc
 limit :most;

-- name: waiting_at
-- Who waits at a place, whatever for; oldest first.
select preorder_id, inbound_id, identifier_id, sku, location_id, qty, channel, state, due_on,
       placed_at, placed_by, hold_id, ended_at
  from stock.preorders
 where location_id = :location_id and state = 'waiting'
   and preorder_id /*past*/ > :after
 order by preorder_id /*way*/ asc
 limit :most;

-- name: waiting_of_row
-- Who waits for an item at a place; oldest first.
select preorder_id, inbound_id, identifier_id, sku, location_id, qty, channel, state, due_on,
       placed_at, placed_by, hold_id, ended_at
  from stock.preorders
 where sku = :sku and location_id = :location_id and state = 'waiting'
   and preorder_id /*past*/ > :after
 order by preorder_id /*way*/ asc
 limit :most;
