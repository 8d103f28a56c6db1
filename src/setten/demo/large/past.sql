-- name: clear
-- A stage that was interrupted begins anew. The days of the past get their partitions first.
do $$ begin
  truncate log.events, log.seen, customers.timeline, stock.orders, stock.order_lines,
           stock.receipts, stock.receipt_lines cascade;
end $$;

-- name: partitions
select log.ensure_partitions(:first, :days);

-- name: transaction
select pg_current_xact_id()::text::bigint;
