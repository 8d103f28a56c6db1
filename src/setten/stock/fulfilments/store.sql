-- name: senders
-- Every place with what is set of it; unless it is set otherwise, warehouses and online shops send,
-- and whatever place a delivery service starts from.
select p.location_id,
       coalesce(
         s.ships,
         p.kind in ('warehouse', 'online')
           or exists (select 1 from stock.delivery_services d where d.origin = p.location_id)
       ) as ships,
       s.max_km,
       s.open_max, coalesce(s.rank, case p.kind when 'shop' then 10 else 0 end)::smallint as rank,
       s.paused_until
  from stock.locations p
  left join stock.sending_places s on s.location_id = p.location_id
 order by p.location_id;

-- name: put_senders
insert into stock.sending_places as s (
  location_id, ships, max_km, open_max, rank, paused_until, set_by, set_at)
select n.location_id, n.ships, n.max_km, n.open_max, n.rank, n.paused_until, :by, :now
  from unnest(:location_ids::text[], :ships::boolean[], :max_kms::float8[], :open_maxs::integer[],
              :ranks::smallint[], :pauses::timestamptz[])
       as n(location_id, ships, max_km, open_max, rank, paused_until)
 order by n.location_id
on conflict (location_id) do update
   set ships = excluded.ships, max_km = excluded.max_km, open_max = excluded.open_max,
       rank = excluded.rank, paused_until = excluded.paused_until, set_by = excluded.set_by,
       set_at = excluded.set_at;

-- name: waiting_at
-- Parcels that wait at each place: few, by the index of the open ones.
select f.location_id, count(*)::integer as parcels
  from stock.fulfilments f
 where f.state in ('routed', 'accepted', 'picked', 'packed') and f.way = 'ship'
   and f.location_id = any(:location_ids::text[])
 group by f.location_id;

-- name: insert
insert into stock.fulfilments (
  fulfilment_id, order_id, location_id, hold_id, way, state, opened_at, changed_at, service_id,
  ships_on, arrives_from, arrives_to, instead_of, excluded)
select f.fulfilment_id, :order_id, f.location_id, f.hold_id, f.way, f.state, :now, :now,
       f.service_id, f.ships_on, f.arrives_from, f.arrives_to, :instead_of, :excluded::text::jsonb
  from unnest(:fulfilment_ids::uuid[], :location_ids::text[], :hold_ids::uuid[], :ways::text[],
              :states::text[], :service_ids::text[], :ships_ons::date[], :arrives_froms::date[],
              :arrives_tos::date[])
       as f(fulfilment_id, location_id, hold_id, way, state, service_id, ships_on, arrives_from,
            arrives_to);

-- name: insert_lines
insert into stock.fulfilment_lines (fulfilment_id, line_no, sku, qty)
select l.fulfilment_id, l.line_no, l.sku, l.qty
  from unnest(:fulfilment_ids::uuid[], :line_nos::smallint[], :skus::text[], :qtys::integer[])
       as l(fulfilment_id, line_no, sku, qty);

-- name: insert_steps
insert into stock.fulfilment_steps (step_id, fulfilment_id, state, reason, made_by, at)
select s.step_id, s.fulfilment_id, s.state, :reason, :by, :now
  from unnest(:step_ids::uuid[], :fulfilment_ids::uuid[], :states::text[])
       as s(step_id, fulfilment_id, state);

-- name: keep_order
insert into stock.order_holds (hold_id, order_id)
select h.hold_id, :order_id from unnest(:hold_ids::uuid[]) as h(hold_id)
on conflict do nothing;

-- name: by_id
select f.fulfilment_id, f.order_id, f.location_id, f.hold_id, f.way, f.state, f.opened_at,
       f.changed_at, f.service_id, f.ships_on, f.arrives_from, f.arrives_to, f.carrier,
       f.carrier_ref, f.reason, f.instead_of, f.told_late_at, f.excluded::text as excluded
  from stock.fulfilments f
 where f.fulfilment_id = any(:fulfilment_ids::uuid[])
 order by f.fulfilment_id;

-- name: lock
select f.fulfilment_id from stock.fulfilments f where f.fulfilment_id = :fulfilment_id for update;

-- name: of_order
select f.fulfilment_id from stock.fulfilments f where f.order_id = :order_id
 order by f.fulfilment_id;

-- name: of_orders
select f.fulfilment_id from stock.fulfilments f where f.order_id = any(:order_ids::uuid[]);

-- name: order_of
select order_id from stock.fulfilments where fulfilment_id = :fulfilment_id;

-- name: queue
-- What a place has to send, the oldest first.
select f.fulfilment_id
  from stock.fulfilments f
 where f.location_id = :location_id and f.state in ('routed', 'accepted', 'picked', 'packed')
   and f.way = 'ship' and f.fulfilment_id > :after
 order by f.fulfilment_id
 limit :most;

-- name: lines_of
select fulfilment_id, line_no, sku, qty
  from stock.fulfilment_lines
 where fulfilment_id = any(:fulfilment_ids::uuid[])
 order by fulfilment_id, line_no;

-- name: steps_of
select s.fulfilment_id, s.state, s.reason, s.made_by, s.at
  from stock.fulfilment_steps s
  join stock.fulfilments f on f.fulfilment_id = s.fulfilment_id
 where f.order_id = :order_id
 order by s.step_id;

-- name: set_state
update stock.fulfilments
   set state = :state, changed_at = :now, reason = coalesce(:reason, reason),
       carrier = coalesce(:carrier, carrier), carrier_ref = coalesce(:carrier_ref, carrier_ref)
 where fulfilment_id = :fulfilment_id;

-- name: late
-- Parts that should have left by now and whose customer was not told: few, by their own index.
select f.fulfilment_id
  from stock.fulfilments f
 where f.state in ('routed', 'accepted', 'picked', 'packed') and f.told_late_at is null
   and f.ships_on < :today
 order by f.ships_on
 limit :most
   for update skip locked;

-- name: mark_late
update stock.fulfilments
   set told_late_at = :now
 where fulfilment_id = any(:fulfilment_ids::uuid[]);

-- name: waiting
select f.fulfilment_id from stock.fulfilments f
 where f.state = 'waiting' and f.fulfilment_id > :after
 order by f.fulfilment_id
 limit :most;

-- name: gone
-- Sent parts whose goods are gone before they left: sold at a till, not on the shelf, run out.
select f.fulfilment_id
  from stock.fulfilments f
  join stock.holds h on h.hold_id = f.hold_id
 where f.state in ('routed', 'accepted', 'picked', 'packed') and f.way = 'ship'
   and (h.state in ('short', 'expired')
        or exists (select 1 from stock.hold_lines l
                    where l.hold_id = h.hold_id and l.state = 'short'))
 order by f.fulfilment_id
 limit :most;
