-- name: take_time
-- A sku that sold for years has more entries than a page may wait for. One core is enough: others
-- work beside the proof.
select set_config('statement_timeout', '0', true),
       set_config('max_parallel_workers_per_gather', '0', true);

-- name: guessed
-- About how many balances there are, as the last vacuum counted them; below zero before the first.
select greatest(c.reltuples, 0)::bigint from pg_class c where c.oid = 'stock.balances'::regclass;

-- name: piece_end
-- The sku up to which a piece goes that begins behind another: no table has more than `most` rows
-- in it, but for those of one sku. Null when nothing is left.
select least(
         (select max(p.sku) from (select b.sku from stock.balances b where b.sku > :after
                                   order by b.sku limit :most) p),
         (select max(p.sku) from (select l.sku from stock.ledger l where l.sku > :after
                                   order by l.sku limit :most) p),
         (select max(p.sku) from (select h.sku from stock.hold_lines h
                                   where h.sku > :after and h.state in ('held', 'picked')
                                   order by h.sku limit :most) p));

-- name: prove
-- The ledger's sums and the open lines of a piece, beside the balances that claim to say the same;
-- and what each account holds by the ledger, and how many rows that were (sku null). One statement,
-- so one moment: what is booked meanwhile is in all of it or in none.
-- Only few rows differ, so only those are looked at number by number.
with proven as materialized (
  select sku, location_id,
         sum(case 1 when to_account then qty when from_account then -qty else 0 end) as supplier,
         sum(case 2 when to_account then qty when from_account then -qty else 0 end) as on_hand,
         sum(case 3 when to_account then qty when from_account then -qty else 0 end) as held,
         sum(case 4 when to_account then qty when from_account then -qty else 0 end) as in_transit,
         sum(case 5 when to_account then qty when from_account then -qty else 0 end) as quarantine,
         sum(case 6 when to_account then qty when from_account then -qty else 0 end) as sold,
         sum(case 7 when to_account then qty when from_account then -qty else 0 end) as returned,
         sum(case 8 when to_account then qty when from_account then -qty else 0 end) as shrinkage,
         sum(case 9 when to_account then qty when from_account then -qty else 0 end) as opening
    from stock.ledger
   where sku > :after and sku <= :upto
   group by sku, location_id
), lines as (
  select sku, location_id, sum(qty) as qty
    from stock.hold_lines
   where state in ('held', 'picked') and sku > :after and sku <= :upto
   group by sku, location_id
), set_aside as (
  select sku, location_id, sum(qty) as qty
    from stock.allocations
   where sku > :after and sku <= :upto
   group by sku, location_id
), kept as (
  select sku, location_id, on_hand, held, in_transit, quarantine, allocated
    from stock.balances
   where sku > :after and sku <= :upto
), both_sides as (
  select coalesce(b.sku, p.sku, l.sku) as sku,
         coalesce(b.location_id, p.location_id, l.location_id) as location_id,
         coalesce(b.on_hand, 0) as on_hand, coalesce(p.on_hand, 0) as p_on_hand,
         coalesce(b.held, 0) as held, coalesce(p.held, 0) as p_held,
         coalesce(b.in_transit, 0) as in_transit, coalesce(p.in_transit, 0) as p_in_transit,
         coalesce(b.quarantine, 0) as quarantine, coalesce(p.quarantine, 0) as p_quarantine,
         coalesce(l.qty, 0) as open_lines,
         coalesce(b.allocated, 0) as allocated, coalesce(a.qty, 0) as set_aside
    from kept b
    full join proven p on p.sku = b.sku and p.location_id = b.location_id
    full join lines l on l.sku = coalesce(b.sku, p.sku)
                     and l.location_id = coalesce(b.location_id, p.location_id)
    left join set_aside a on a.sku = b.sku and a.location_id = b.location_id
), drifts as (
  select s.sku, s.location_id, c.what, c.balance, c.proven
    from both_sides s
   cross join lateral (values
         ('on_hand', s.on_hand::bigint, s.p_on_hand), ('held', s.held, s.p_held),
         ('in_transit', s.in_transit, s.p_in_transit),
         ('quarantine', s.quarantine, s.p_quarantine), ('open_lines', s.held, s.open_lines),
         ('allocated', s.allocated, s.set_aside)) as c(what, balance, proven)
   where (s.on_hand <> s.p_on_hand or s.held <> s.p_held or s.in_transit <> s.p_in_transit
          or s.quarantine <> s.p_quarantine or s.held <> s.open_lines
          or s.allocated <> s.set_aside)
     and c.balance <> c.proven
   order by s.sku, s.location_id, c.what
   limit :most
), sums as (
  select sum(supplier) as supplier, sum(on_hand) as on_hand, sum(held) as held,
         sum(in_transit) as in_transit, sum(quarantine) as quarantine, sum(sold) as sold,
         sum(returned) as returned, sum(shrinkage) as shrinkage, sum(opening) as opening,
         count(*) as rows
    from proven
)
select d.sku, d.location_id, d.what, d.balance, d.proven from drifts d
union all
select null, null, c.name, coalesce(c.qty, 0)::bigint, 0
  from sums s
 cross join lateral (values
       ('supplier', s.supplier), ('on_hand', s.on_hand), ('held', s.held),
       ('in_transit', s.in_transit), ('quarantine', s.quarantine), ('sold', s.sold),
       ('returned', s.returned), ('shrinkage', s.shrinkage), ('opening', s.opening),
       ('rows', s.rows)) as c(name, qty);
