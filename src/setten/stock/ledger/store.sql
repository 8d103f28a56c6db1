-- name: lock
-- One order for everybody: racing callers queue and never wait in a circle. Not `for update`:
-- readers with foreign keys need not wait.
select b.sku, b.location_id, b.on_hand, b.held, b.in_transit, b.quarantine, b.safety,
       b.display, b.allocated, b.shelf
  from stock.balances b
 where (b.sku, b.location_id) in (
         select k.sku, k.location_id from unnest(:skus::text::text[], :location_ids::text::text[])
           as k(sku, location_id))
 order by b.sku collate "C", b.location_id collate "C"
   for no key update;

-- name: ensure
insert into stock.balances (sku, location_id)
select k.sku, k.location_id
  from unnest(:skus::text[], :location_ids::text[]) as k(sku, location_id)
 order by k.sku collate "C", k.location_id collate "C"
on conflict do nothing;

-- name: untouched
select k.sku, k.location_id
  from unnest(:skus::text[], :location_ids::text[]) as k(sku, location_id)
 where not exists (select 1 from stock.ledger l
                    where l.sku = k.sku and l.location_id = k.location_id);

-- name: balances_at
select b.sku, b.location_id, b.on_hand, b.held, b.in_transit, b.quarantine, b.safety,
       b.display, b.allocated, b.shelf
  from stock.balances b
 where b.location_id = :location_id and b.sku > :after
 order by b.sku
 limit :most;

-- name: posted
-- Balances and entries, within a statement that may write more of the same deed.
ledger_moved as (
  update stock.balances b
     set on_hand = b.on_hand + d.on_hand,
         held = b.held + d.held,
         in_transit = b.in_transit + d.in_transit,
         quarantine = b.quarantine + d.quarantine
    from unnest(:skus::text::text[], :location_ids::text::text[], :on_hands::text::integer[],
                :helds::text::integer[], :in_transits::text::integer[],
                :quarantines::text::integer[])
         as d(sku, location_id, on_hand, held, in_transit, quarantine)
   where b.sku = d.sku and b.location_id = d.location_id
  returning 1
), ledger_written as (
  insert into stock.ledger (at, sku, location_id, from_account, to_account, qty, cause, cause_id)
  select :at, e.sku, e.location_id, e.from_account, e.to_account, e.qty, e.cause, e.cause_id
    from unnest(:entry_skus::text::text[], :entry_location_ids::text::text[],
                :froms::text::smallint[], :tos::text::smallint[], :qtys::text::integer[],
                :causes::text::text[], :cause_ids::text::uuid[])
         as e(sku, location_id, from_account, to_account, qty, cause, cause_id)
)

-- name: rows_moved
select count(*) as rows from ledger_moved;

-- name: put_shelves
-- How much is kept back, and where it lies: no units move.
update stock.balances b
   set safety = coalesce(s.safety, b.safety), display = coalesce(s.display, b.display),
       shelf = coalesce(s.shelf, b.shelf)
  from unnest(:skus::text[], :location_ids::text[], :safeties::integer[], :displays::integer[],
              :shelves::text[]) as s(sku, location_id, safety, display, shelf)
 where b.sku = s.sku and b.location_id = s.location_id;

-- name: entries_of
select l.entry_id, l.at, f.name as source, t.name as target, l.qty, l.cause, l.cause_id
  from stock.ledger l
  join stock.accounts f on f.account = l.from_account
  join stock.accounts t on t.account = l.to_account
 where l.sku = :sku and l.location_id = :location_id and l.entry_id /*past*/ < :before
 order by l.entry_id /*way*/ desc
 limit :most;

-- name: balances_of
-- Reading only: pages show these numbers, and each opens into its entries.
select sku, location_id, on_hand, held, in_transit, quarantine, safety, display, allocated, shelf
  from stock.balances
 where sku = any(:skus::text[])
 order by sku, location_id
 limit :most;

-- name: balances_among
-- Of some places only: a sheet shows ten of five hundred.
select sku, location_id, on_hand, held, in_transit, quarantine, safety, display, allocated, shelf
  from stock.balances
 where sku = any(:skus::text[]) and location_id = any(:location_ids::text[])
 order by sku, location_id;

-- name: by_place
-- The same by place, a row for each sku: a file of five thousand skus in five hundred places is two
-- million numbers, and a row for each costs the reader ten times as much as an array of them.
select sku, array_agg(location_id) as location_ids,
       array_agg(greatest(on_hand - safety - display - allocated, 0)) as promisable
  from stock.balances
 where sku = any(:skus::text[])
 group by sku;

-- name: totals_of
-- What can be promised of each sku at all places together; a place that owes gives none.
select sku, sum(greatest(on_hand - safety - display - allocated, 0))::bigint as promisable
  from stock.balances
 where sku = any(:skus::text[])
 group by sku;

-- name: displayed_at
-- By the small index of what stands on show.
select b.sku, b.location_id, b.on_hand, b.held, b.in_transit, b.quarantine, b.safety,
       b.display, b.allocated, b.shelf
  from stock.balances b
 where b.location_id = :location_id and b.sku /*past*/ > :after and b.display > 0
 order by b.sku /*way*/ asc
 limit :most;
