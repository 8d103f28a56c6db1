-- The list of a place is read from its newest backwards, page by page: one order for all columns.
drop index stock.till_returns_open;
create index till_returns_open on stock.till_returns (location_id, at, receipt_id, sku)
  where state = 'open';
