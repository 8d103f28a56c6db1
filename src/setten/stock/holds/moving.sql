-- name: less_lines
-- What moves away: lines that give all are gone, the others are as much smaller.
with given as (
  select m.sku, m.location_id, sum(m.qty)::integer as qty
    from unnest(:skus::text[], :location_ids::text[], :qtys::integer[]) as m(sku, location_id, qty)
   group by m.sku, m.location_id
), gone as (
  delete from stock.hold_lines l
   using given g
   where l.hold_id = :hold_id and l.sku = g.sku and l.location_id = g.location_id and l.qty = g.qty
)
update stock.hold_lines l
   set qty = l.qty - g.qty, allocated = greatest(l.allocated - g.qty, 0)
  from given g
 where l.hold_id = :hold_id and l.sku = g.sku and l.location_id = g.location_id and l.qty > g.qty;

-- name: more_lines
-- The caller knows that a line that is there already is still open.
insert into stock.hold_lines as l (hold_id, sku, location_id, qty, is_elsewhere)
select h.hold_id, m.sku, m.location_id, sum(m.qty)::integer, m.location_id <> h.location_id
  from unnest(:skus::text[], :location_ids::text[], :qtys::integer[]) as m(sku, location_id, qty)
  join stock.holds h on h.hold_id = :hold_id
 group by h.hold_id, h.location_id, m.sku, m.location_id
on conflict (hold_id, sku, location_id) do update set qty = l.qty + excluded.qty;

-- name: pin
update stock.holds set location_id = :location_id, code = :code where hold_id = :hold_id;

-- name: is_code_taken
select exists (select 1 from stock.holds h
                where h.code = :code and h.location_id = :location_id and h.ended_at is null
                  and h.hold_id <> :hold_id);

-- name: set_elsewhere
update stock.hold_lines l
   set is_elsewhere = l.location_id <> :location_id
 where l.hold_id = :hold_id;

-- name: movable
-- Units on a row that nobody has routed yet: they may as well lie in another place of their region.
select l.hold_id, l.qty, r.location_ids
  from stock.hold_lines l
  join stock.regional_holds r on r.hold_id = l.hold_id
  join stock.holds h on h.hold_id = l.hold_id
 where l.sku = :sku and l.location_id = :location_id and l.state = 'held'
   and r.routed_at is null and h.ended_at is null and h.expires_at > :now
 order by h.placed_at desc, l.hold_id desc
 limit :most;

-- name: room_elsewhere
-- Whoever holds one row must not wait for another out of turn: what somebody else has locked in
-- this moment is passed over.
select b.sku, b.location_id, b.on_hand, b.held, b.in_transit, b.quarantine, b.safety, b.display,
       b.allocated, b.shelf
  from stock.balances b
 where b.sku = :sku and b.location_id = any(:location_ids::text[])
   and b.on_hand - b.safety - b.display - b.allocated >= :qty
   and not exists (select 1 from stock.hold_lines l
                    where l.hold_id = :hold_id and l.sku = b.sku and l.location_id = b.location_id)
 order by b.on_hand - b.safety - b.display - b.allocated desc, b.location_id
 limit 1
   for no key update skip locked;

-- name: settle
-- Whoever picks a hold has decided where its goods come from.
update stock.regional_holds set routed_at = :now where hold_id = :hold_id and routed_at is null;

-- name: shares_of
select sku, location_id, allocated
  from stock.hold_lines
 where hold_id = :hold_id and allocated > 0;
