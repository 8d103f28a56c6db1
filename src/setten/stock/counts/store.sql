-- name: insert
insert into stock.counts (count_id, location_id, shelf, opened_at, opened_by, is_chosen)
values (:count_id, :location_id, :shelf, :now, :by, :is_chosen);

-- name: fill
-- What should lie there; a row that has nothing and no shelf is no work for anybody.
insert into stock.count_lines (count_id, sku, shelf)
select :count_id, b.sku, b.shelf
  from stock.balances b
 where b.location_id = :location_id
   and (:shelf::text is null or starts_with(b.shelf, :shelf))
   and (b.on_hand <> 0 or b.held <> 0 or b.shelf is not null)
 order by b.shelf nulls last, b.sku
 limit :most;

-- name: add
insert into stock.count_lines (count_id, sku, shelf)
select :count_id, k.sku, b.shelf
  from unnest(:skus::text[]) as k(sku)
  left join stock.balances b on b.sku = k.sku and b.location_id = :location_id
 order by k.sku
on conflict do nothing;

-- name: by_ids
select count_id, location_id, shelf, state, opened_at, opened_by, submitted_at, submitted_by,
       ended_at, ended_by, is_chosen
  from stock.counts
 where count_id = any(:count_ids::uuid[])
 order by count_id;

-- name: lock
-- After the rows of stock, as everywhere.
select count_id, location_id, shelf, state, opened_at, opened_by, submitted_at, submitted_by,
       ended_at, ended_by, is_chosen
  from stock.counts
 where count_id = :count_id
   for no key update;

-- name: lines_of
select count_id, sku, shelf, counted, expected, counted_at, counted_by, is_again, late, booked
  from stock.count_lines
 where count_id = any(:count_ids::uuid[])
 order by count_id, shelf nulls last, sku;

-- name: counts_at
select count_id
  from stock.counts
 where location_id = :location_id and count_id /*past*/ < :before
 order by count_id /*way*/ desc
 limit :most;

-- name: waiting_at
-- Among the last of a place: one that waits is never old.
select count(*)::integer
  from (select state
          from stock.counts
         where location_id = :location_id
         order by count_id desc
         limit :most) as last
 where state = 'waiting';

-- name: in_bags
-- Picked goods lie in bags with a name on them, not on the shelf that is counted.
select l.sku, sum(l.qty)::integer as qty
  from stock.hold_lines l
 where l.sku = any(:skus::text[]) and l.location_id = :location_id and l.state = 'picked'
 group by l.sku;

-- name: give
update stock.count_lines l
   set counted = g.counted, expected = g.expected, counted_at = :now, counted_by = :by
  from unnest(:skus::text[], :counteds::integer[], :expecteds::integer[])
       as g(sku, counted, expected)
 where l.count_id = :count_id and l.sku = g.sku;

-- name: late
-- Units that left (or came back) before a line was counted, told by a till after it: the book did
-- not know yet. A till that was offline tells within days.
select l.sku, sum(rl.qty * coalesce(p.qty, 1))::integer as qty
  from stock.count_lines l
  join stock.counts c on c.count_id = l.count_id
  join stock.receipts r
    on r.location_id = c.location_id and r.replaced_by is null and r.moved_stock
   and r.business_day >= (l.counted_at - interval '3 days')::date
   and r.recorded_at > l.counted_at and r.occurred_at <= l.counted_at
  join stock.receipt_lines rl on rl.receipt_id = r.receipt_id and not rl.is_unknown
  left join stock.set_parts p on p.set_sku = rl.sku
 where coalesce(p.part_sku, rl.sku) = l.sku
   and l.count_id = :count_id and l.counted is not null
 group by l.sku;

-- name: set_late
update stock.count_lines l
   set late = coalesce(n.late, 0)
  from unnest(:skus::text[], :lates::integer[]) as n(sku, late)
 where l.count_id = :count_id and l.sku = n.sku;

-- name: set_booked
update stock.count_lines l
   set booked = n.booked
  from unnest(:skus::text[], :bookeds::integer[]) as n(sku, booked)
 where l.count_id = :count_id and l.sku = n.sku;

-- name: submit
update stock.counts
   set state = 'waiting', submitted_at = :now, submitted_by = :by
 where count_id = :count_id;

-- name: reopen
update stock.counts
   set state = 'open', submitted_at = null, submitted_by = null
 where count_id = :count_id;

-- name: count_again
update stock.count_lines
   set counted = null, expected = null, counted_at = null, counted_by = null, is_again = true,
       late = 0
 where count_id = :count_id and sku = any(:skus::text[]);

-- name: set_ended
update stock.counts
   set state = :state, ended_at = :now, ended_by = :by
 where count_id = :count_id;

-- name: booked_since
select count_id from stock.counts where state = 'booked' and ended_at > :since order by ended_at;
