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
 where l.sku = :sku and l.location_id = :location_id and l.entry_id < :before
 order by l.entry_id desc
 limit :most;

-- name: take_time
select set_config('statement_timeout', '0', true);

-- name: drifts
-- The ledger's sums and the open lines, beside the balances that claim to say the same.
-- Only the sides that a balance has, and as they are kept: a sum of bigint is a sum of numeric.
with sides as (
  select sku, location_id, to_account as account, qty from stock.ledger
   where to_account in (2, 3, 4, 5)
  union all
  select sku, location_id, from_account, -qty from stock.ledger
   where from_account in (2, 3, 4, 5)
), proven as (
  select sku, location_id,
         coalesce(sum(qty) filter (where account = 2), 0) as on_hand,
         coalesce(sum(qty) filter (where account = 3), 0) as held,
         coalesce(sum(qty) filter (where account = 4), 0) as in_transit,
         coalesce(sum(qty) filter (where account = 5), 0) as quarantine
    from sides
   group by sku, location_id
), lines as (
  select sku, location_id, sum(qty) as qty
    from stock.hold_lines
   where state in ('held', 'picked')
   group by sku, location_id
), set_aside as (
  select sku, location_id, sum(qty) as qty
    from stock.allocations
   group by sku, location_id
), both_sides as (
  select coalesce(b.sku, p.sku, l.sku) as sku,
         coalesce(b.location_id, p.location_id, l.location_id) as location_id,
         b.on_hand, b.held, b.in_transit, b.quarantine,
         p.on_hand as p_on_hand, p.held as p_held, p.in_transit as p_in_transit,
         p.quarantine as p_quarantine, l.qty as open_lines, b.allocated, a.qty as set_aside
    from stock.balances b
    full join proven p on p.sku = b.sku and p.location_id = b.location_id
    full join lines l on l.sku = coalesce(b.sku, p.sku)
                     and l.location_id = coalesce(b.location_id, p.location_id)
    left join set_aside a on a.sku = b.sku and a.location_id = b.location_id
)
select s.sku, s.location_id, c.what, coalesce(c.balance, 0)::bigint as balance,
       coalesce(c.proven, 0)::bigint as proven
  from both_sides s
 cross join lateral (values
       ('on_hand', s.on_hand::bigint, s.p_on_hand), ('held', s.held, s.p_held),
       ('in_transit', s.in_transit, s.p_in_transit), ('quarantine', s.quarantine, s.p_quarantine),
       ('open_lines', s.held, s.open_lines), ('allocated', s.allocated, s.set_aside)) as c(what, balance, proven)
 where coalesce(c.balance, 0) <> coalesce(c.proven, 0)
 order by s.sku, s.location_id, c.what
 limit :most;

-- name: sums
-- What each account holds by the ledger alone; together always zero.
select a.name, coalesce(sum(s.qty), 0)::bigint as qty
  from stock.accounts a
  left join (
         select to_account as account, sum(qty) as qty from stock.ledger group by to_account
         union all
         select from_account, -sum(qty) from stock.ledger group by from_account
       ) as s on s.account = a.account
 group by a.name, a.account
 order by a.account;

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
 where b.location_id = :location_id and b.sku > :after and b.display > 0
 order by b.sku
 limit :most;
