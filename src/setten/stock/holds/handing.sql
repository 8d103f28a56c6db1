-- name: unpick
update stock.hold_lines l
   set state = 'held'
  from unnest(:skus::text[], :location_ids::text[]) as p(sku, location_id)
 where l.hold_id = :hold_id and l.sku = p.sku and l.location_id = p.location_id
   and l.state = 'picked';

-- name: set_unready
update stock.holds set state = 'held', ready_at = null where hold_id = :hold_id;

-- name: note_hand_over
insert into stock.hand_overs (hold_id, at, by, to_whom, sealed_id)
values (:hold_id, :now, :by, :to_whom, :sealed_id)
on conflict (hold_id) do update
   set at = excluded.at, by = excluded.by, to_whom = excluded.to_whom,
       sealed_id = excluded.sealed_id;

-- name: hand_over_of
select at, by, to_whom, sealed_id from stock.hand_overs where hold_id = :hold_id;

-- name: shares_of
select sku, location_id, allocated
  from stock.hold_lines
 where hold_id = :hold_id and allocated > 0;

-- name: take_lines
-- Lines of which something is handed over become as large as what was.
update stock.hold_lines l
   set qty = t.qty, state = 'collected'
  from unnest(:skus::text[], :location_ids::text[], :qtys::integer[]) as t(sku, location_id, qty)
 where l.hold_id = :hold_id and l.sku = t.sku and l.location_id = t.location_id;

-- name: release_lines
update stock.hold_lines l
   set state = 'released'
  from unnest(:skus::text[], :location_ids::text[]) as t(sku, location_id)
 where l.hold_id = :hold_id and l.sku = t.sku and l.location_id = t.location_id;

-- name: shrink_lines
update stock.hold_lines l
   set qty = t.qty
  from unnest(:skus::text[], :location_ids::text[], :qtys::integer[]) as t(sku, location_id, qty)
 where l.hold_id = :hold_id and l.sku = t.sku and l.location_id = t.location_id;

-- name: insert_rest
-- After its first part has ended: so the code is free again, and its customer keeps it.
insert into stock.holds (
  hold_id, identifier_id, location_id, code, purpose, channel, state, placed_at, expires_at,
  ready_at, placed_by, rest_of, collector_id)
select :rest_id, h.identifier_id, h.location_id, h.code, h.purpose, h.channel, :state, h.placed_at,
       h.expires_at, case when :state = 'ready' then h.ready_at end, h.placed_by, h.hold_id,
       h.collector_id
  from stock.holds h
 where h.hold_id = :hold_id;

-- name: keep_order
-- The rest keeps the promise of the same order: an order finds its goods by this alone.
insert into stock.order_holds (hold_id, order_id)
select :rest_id, o.order_id from stock.order_holds o where o.hold_id = :hold_id;

-- name: insert_rest_lines
insert into stock.hold_lines (hold_id, sku, location_id, qty, state, is_elsewhere)
select :rest_id, r.sku, r.location_id, r.qty, r.state, r.location_id <> h.location_id
  from unnest(:skus::text[], :location_ids::text[], :qtys::integer[], :states::text[])
       as r(sku, location_id, qty, state)
  join stock.holds h on h.hold_id = :rest_id;

-- name: drop_moved_lines
-- Lines of which nothing was handed over wait under the rest, not here.
delete from stock.hold_lines l
 using unnest(:skus::text[], :location_ids::text[]) as m(sku, location_id)
 where l.hold_id = :hold_id and l.sku = m.sku and l.location_id = m.location_id;

-- name: collected_lines
select l.sku, l.location_id, l.qty, l.receipt_id
  from stock.hold_lines l
 where l.hold_id = :hold_id and l.state = 'collected';

-- name: is_code_taken
select exists (select 1 from stock.holds h
                where h.code = :code and h.location_id = :location_id and h.ended_at is null);

-- name: reopen
update stock.holds
   set state = 'ready', ended_at = null, ended_by = null, ready_at = coalesce(ready_at, :now),
       expires_at = greatest(expires_at, :least_until)
 where hold_id = :hold_id;

-- name: reopen_lines
update stock.hold_lines set state = 'picked' where hold_id = :hold_id and state = 'collected';

-- name: forget_hand_over
delete from stock.hand_overs where hold_id = :hold_id;

-- name: name_collector
update stock.holds set collector_id = :sealed_id where hold_id = :hold_id;

-- name: collectors_of
select hold_id, collector_id
  from stock.holds
 where hold_id = any(:hold_ids::uuid[]) and collector_id is not null;

-- name: ends_soon
-- Ready, untouched for a while, and about to run out: few, found by the index of what is due.
select h.hold_id
  from stock.holds h
 where h.ended_at is null and h.expires_at > :now and h.expires_at <= :before
   and h.state = 'ready' and h.reminded_at is null and h.ready_at <= :ready_before
 order by h.expires_at
 limit :most
   for update skip locked;

-- name: mark_reminded
update stock.holds set reminded_at = :now where hold_id = any(:hold_ids::uuid[]);

-- name: end_line
update stock.hold_lines l
   set state = :state
 where l.hold_id = :hold_id and l.sku = :sku and l.location_id = :location_id;

-- name: add_line
-- More of what the hold has open already joins that line, which then has to be picked again.
insert into stock.hold_lines as l (hold_id, sku, location_id, qty, is_elsewhere)
select h.hold_id, :sku, :location_id, :qty, h.location_id <> :location_id
  from stock.holds h
 where h.hold_id = :hold_id
on conflict (hold_id, sku, location_id) do update
   set qty = l.qty + excluded.qty, state = 'held';

-- name: note_substitution
insert into stock.substitutions (
  hold_id, location_id, was_sku, sku, qty, price_minor, currency, agreed_how, agreed_with, at)
values (:hold_id, :location_id, :was_sku, :sku, :qty, :price_minor, :currency, :agreed_how,
        :agreed_with, :now);

-- name: substitutions_of
select hold_id, location_id, was_sku, sku, qty, price_minor, currency, agreed_how, agreed_with, at
  from stock.substitutions
 where hold_id = any(:hold_ids::uuid[])
 order by hold_id, at;
