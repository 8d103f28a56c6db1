-- name: free
-- Only rows with something to promise. `due` is nearly always empty: one look at an index. Its
-- lines are looked up from there (lateral, offset 0) and never by sku: a sku that everybody wants
-- has very many lines.
with due as materialized (
  select h.hold_id
    from stock.holds h
   where h.ended_at is null and h.expires_at <= :now
), back as materialized (
  select l.sku, l.location_id, sum(l.qty)::integer as qty
    from due d
   cross join lateral (
           select x.sku, x.location_id, x.qty
             from stock.hold_lines x
            where x.hold_id = d.hold_id and x.state in ('held', 'picked')
           offset 0) as l
   where l.sku = any(:skus::text[])
   group by l.sku, l.location_id
)
select b.sku, b.location_id, b.on_hand - b.safety + coalesce(k.qty, 0) as available, b.shelf
  from stock.balances b
  left join back k on k.sku = b.sku and k.location_id = b.location_id
 where b.sku = any(:skus::text[]) and b.location_id = any(:location_ids::text[])
   and b.on_hand - b.safety + coalesce(k.qty, 0) > 0;

-- name: known
select sku from stock.items where sku = any(:skus::text[]);

-- name: places_with
with due as materialized (
  select h.hold_id
    from stock.holds h
   where h.ended_at is null and h.expires_at <= :now
), back as materialized (
  select l.location_id, sum(l.qty)::integer as qty
    from due d
   cross join lateral (
           select x.sku, x.location_id, x.qty
             from stock.hold_lines x
            where x.hold_id = d.hold_id and x.state in ('held', 'picked')
           offset 0) as l
   where l.sku = :sku
   group by l.location_id
)
select b.location_id
  from stock.balances b
  join stock.locations p on p.location_id = b.location_id
  left join back k on k.location_id = b.location_id
 where b.sku = :sku and b.location_id <> :location_id and p.kind <> 'warehouse'
   and b.on_hand - b.safety + coalesce(k.qty, 0) >= :qty
 order by b.location_id
 limit :most;
