-- name: clear
-- A stage that was interrupted begins anew.
truncate stock.items, stock.balances, stock.ledger, stock.counts cascade;

-- name: opening_counts
-- By which all that lies in a place came into the ledger.
insert into stock.counts (count_id, location_id, state, opened_at, opened_by, submitted_at,
                          submitted_by, ended_at, ended_by)
select count_id, location_id, 'booked', :at::timestamptz, :by::text, :at::timestamptz, :by::text,
       :at::timestamptz, :by::text
  from unnest(:count_ids::uuid[], :location_ids::text[]) as c(count_id, location_id);

-- name: balances
-- Of some goods: each in `places_each` places, spread over all of them.
insert into stock.balances (sku, location_id, on_hand)
select 'L' || lpad(s::text, 7, '0'), (:location_ids::text[])[1 + (s * 7 + k * 23) % :places::int],
       1 + (s + k) % 30
  from generate_series(:first::int, :last::int) as s,
       generate_series(1, :places_each::int) as k;

-- name: entries
-- The other side of the same: from nowhere (9, opening) to the shelf (2, on hand).
insert into stock.ledger (at, sku, location_id, from_account, to_account, qty, cause, cause_id)
select :at::timestamptz, b.sku, b.location_id, 9, 2, b.on_hand, 'count', c.count_id
  from stock.balances b
  join unnest(:count_ids::uuid[], :location_ids::text[]) as c(count_id, location_id)
    using (location_id);
