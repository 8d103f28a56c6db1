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

-- name: of_product
select sku, name_ja, name_en, gtin, gtin_written, product_id, attributes::text as attributes,
       price_minor, currency, tax_rate, tax_included
  from stock.items
 where product_id = :product_id
 order by sku
 limit :most;

-- name: search
-- By the short pieces of what was said, then by the text itself; or by GTIN.
select sku, name_ja, name_en, gtin, gtin_written, product_id, attributes::text as attributes,
       price_minor, currency, tax_rate, tax_included
  from stock.items
 where sku /*past*/ > :after
   and ((stock.search_keys(search_text) @> case
           when length(stock.search_form(:said)) = 1 then array[stock.search_form(:said)]
           else stock.letter_groups(stock.search_form(:said)) end
         and position(stock.search_form(:said) in search_text) > 0)
        or gtin = :gtin)
 order by sku /*way*/ asc
 limit :most;

-- name: search_ahead
-- The next items by sku that have it. What many items have fills a page here, and it need not be
-- found everywhere to be put in order.
select i.sku, i.name_ja, i.name_en, i.gtin, i.gtin_written, i.product_id,
       i.attributes::text as attributes, i.price_minor, i.currency, i.tax_rate, i.tax_included
  from (select n.sku, n.name_ja, n.name_en, n.gtin, n.gtin_written, n.product_id, n.attributes,
               n.price_minor, n.currency, n.tax_rate, n.tax_included, n.search_text
          from stock.items n
         where n.sku /*past*/ > :after
         order by n.sku /*way*/ asc
         limit :ahead) as i
 where position(stock.search_form(:said) in i.search_text) > 0 or i.gtin = :gtin
 order by i.sku /*way*/ asc
 limit :most;
