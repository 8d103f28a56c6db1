-- name: put
insert into stock.items as i (
  sku, name_ja, name_en, gtin, gtin_written, product_id, attributes, price_minor, currency,
  tax_rate, tax_included, updated_at)
select n.sku, n.name_ja, n.name_en, n.gtin, n.gtin_written, n.product_id, n.attributes::jsonb,
       n.price_minor, n.currency, n.tax_rate, n.tax_included, :now
  from unnest(:skus::text[], :names_ja::text[], :names_en::text[], :gtins::text[],
              :gtins_written::text[], :product_ids::text[], :attributes::text[], :prices::bigint[],
              :currencies::text[], :tax_rates::numeric[], :tax_includeds::boolean[])
       as n(sku, name_ja, name_en, gtin, gtin_written, product_id, attributes, price_minor,
            currency, tax_rate, tax_included)
 order by n.sku
on conflict (sku) do update
   set name_ja = excluded.name_ja, name_en = excluded.name_en, gtin = excluded.gtin,
       gtin_written = excluded.gtin_written, product_id = excluded.product_id,
       attributes = excluded.attributes, price_minor = excluded.price_minor,
       currency = excluded.currency, tax_rate = excluded.tax_rate,
       tax_included = excluded.tax_included, updated_at = excluded.updated_at;

-- name: by_sku
select sku, name_ja, name_en, gtin, gtin_written, product_id, attributes::text as attributes,
       price_minor, currency, tax_rate, tax_included
  from stock.items
 where sku = any(:skus::text[]);

-- name: by_gtin
select distinct on (gtin) gtin, sku
  from stock.items
 where gtin = any(:gtins::text[])
 order by gtin, sku;

-- name: known
select sku from stock.items where sku = any(:skus::text[]);

-- name: search
select sku, name_ja, name_en, gtin, gtin_written, product_id, attributes::text as attributes,
       price_minor, currency, tax_rate, tax_included
  from stock.items
 where sku > :after
   and (sku ilike :like or name_ja ilike :like or name_en ilike :like or product_id ilike :like
        or gtin = :gtin)
 order by sku
 limit :most;
