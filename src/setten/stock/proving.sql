-- name: told
-- Differences that somebody was told of and has not seen to.
select t.sku, t.location_id
  from stock.tasks t
 where t.kind = 'stock_drifts' and t.done_at is null;
