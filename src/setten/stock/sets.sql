-- name: parts_of
select set_sku, part_sku, qty
  from stock.set_parts
 where set_sku = any(:skus::text::text[])
 order by set_sku, part_sku;

-- name: inside
-- `parts_of` within a statement that reads more; nearly always there is none.
sets_inside as (
  select coalesce(json_agg(s), '[]')::text as parts
    from (select set_sku, part_sku, qty
            from stock.set_parts
           where set_sku = any((select :skus::text::text[])::text[])
           order by set_sku, part_sku) as s
)

-- name: forget
delete from stock.set_parts where set_sku = any(:skus::text[]);

-- name: put
insert into stock.set_parts (set_sku, part_sku, qty)
select p.set_sku, p.part_sku, p.qty
  from unnest(:set_skus::text[], :part_skus::text[], :qtys::integer[]) as p(set_sku, part_sku, qty)
 order by p.set_sku, p.part_sku;

-- name: sets_with
-- Sets that have one of these as a part: a set of sets would have no end.
select distinct set_sku, part_sku from stock.set_parts where part_sku = any(:skus::text[]);

-- name: has_stock
-- What lies somewhere under its own name cannot become a set.
select distinct sku
  from stock.balances
 where sku = any(:skus::text[])
   and (on_hand <> 0 or held <> 0 or in_transit <> 0 or quarantine <> 0);
