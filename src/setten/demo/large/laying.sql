-- name: is_empty
-- Nothing was ever in here.
select not exists (select 1 from stock.locations) and not exists (select 1 from log.events);

-- name: vacuum
-- So that indexes alone can answer, and plans know what there is.
vacuum (analyze, parallel 2);
