-- name: open_holds
-- Oldest first, up to a page: the promises that stand on a row.
select l.hold_id, l.qty, l.state, l.allocated, h.channel, h.purpose, h.placed_at, h.expires_at,
       h.expires_at <= :now as has_run_out,
       r.hold_id is not null and r.routed_at is null as is_unrouted
  from stock.hold_lines l
  join stock.holds h on h.hold_id = l.hold_id
  left join stock.regional_holds r on r.hold_id = l.hold_id
 where l.sku = :sku and l.location_id = :location_id and l.state in ('held', 'picked')
 order by l.hold_id
 limit :most;

-- name: unrouted
-- Of the held units those that a region was promised and no place was named for: from the few that
-- wait for routing, never by sku.
with waiting as materialized (
  select r.hold_id from stock.regional_holds r where r.routed_at is null
)
select coalesce(sum(l.qty), 0)::integer
  from waiting w
 cross join lateral (
         select x.qty
           from stock.hold_lines x
          where x.hold_id = w.hold_id and x.sku = :sku and x.location_id = :location_id
            and x.state in ('held', 'picked')
         offset 0) as l;

-- name: run_out
-- Units of holds that have run out and are not booked yet: they count as free.
with due as materialized (
  select h.hold_id
    from stock.holds h
   where h.ended_at is null and h.expires_at <= :now
   order by h.expires_at
)
select coalesce(sum(l.qty), 0)::integer
  from due d
 cross join lateral (
         select x.qty
           from stock.hold_lines x
          where x.hold_id = d.hold_id and x.sku = :sku and x.location_id = :location_id
            and x.state in ('held', 'picked')
         offset 0) as l;
